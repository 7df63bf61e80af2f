//! What is asked of the API, from where, and by whose pages.

use super::Reader;
use ipnet::IpNet;
use service::settings::{Environment, Limits};
use std::net::IpAddr;

impl Reader {
    pub(super) fn limits(&mut self) -> Limits {
        let mut limits = Limits::default();
        for (name, limit) in [
            ("TILLPOST_KEY_REQUESTS_PER_MINUTE", &mut limits.key),
            ("TILLPOST_TENANT_REQUESTS_PER_MINUTE", &mut limits.tenant),
            ("TILLPOST_ADDRESS_REQUESTS_PER_MINUTE", &mut limits.address),
            ("TILLPOST_LINK_REQUESTS_PER_MINUTE", &mut limits.link),
        ] {
            let text = self.or(name, &limit.requests.to_string());
            match text.parse() {
                Ok(requests) => limit.requests = requests,
                Err(_) => self.complain(
                    name,
                    &format!("is `{text}`; use a whole number, 0 for no limit"),
                ),
            }
        }
        for (name, places) in [
            ("TILLPOST_LIVE_REQUESTS_AT_ONCE", &mut limits.live),
            ("TILLPOST_USUAL_REQUESTS_AT_ONCE", &mut limits.usual),
            ("TILLPOST_HEAVY_REQUESTS_AT_ONCE", &mut limits.heavy),
            ("TILLPOST_OPEN_REQUESTS_AT_ONCE", &mut limits.open),
            ("TILLPOST_BROWSER_REQUESTS_AT_ONCE", &mut limits.browser),
        ] {
            let text = self.or(name, &places.at_once.to_string());
            match text.parse() {
                Ok(at_once @ 1..) => places.at_once = at_once,
                _ => self.complain(name, &format!("is `{text}`; use a whole number from 1 up")),
            }
        }
        limits.trusted_proxies = self.trusted_proxies();
        limits
    }

    fn trusted_proxies(&mut self) -> Vec<IpNet> {
        const NAME: &str = "TILLPOST_TRUSTED_PROXIES";
        let mut proxies = Vec::new();
        for text in self.list(NAME) {
            let address = || text.parse().ok().map(|address: IpAddr| address.into());
            match text.parse().ok().or_else(address) {
                Some(network) => proxies.push(network),
                None => self.complain(
                    NAME,
                    &format!(
                        "names `{text}`; use addresses and networks, as in 10.0.0.0/8,fd00::/8"
                    ),
                ),
            }
        }
        proxies
    }

    pub(super) fn origins(&mut self, environment: Environment) -> Vec<String> {
        const NAME: &str = "TILLPOST_CORS_ORIGINS";
        let mut origins = Vec::new();
        for text in self.list(NAME) {
            let url = self.url(NAME, &text);
            self.check_scheme(NAME, &url, environment);
            // A browser sends it just so, and that is what is compared.
            if url.origin().ascii_serialization() != text {
                self.complain(
                    NAME,
                    &format!("names `{text}`; use origins as browsers write them, as in https://desk.example.com"),
                );
            }
            origins.push(text);
        }
        origins
    }

    fn list(&self, name: &str) -> Vec<String> {
        let given = self.or(name, "");
        let texts = given.split(',').map(str::trim);
        texts
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
            .collect()
    }
}
