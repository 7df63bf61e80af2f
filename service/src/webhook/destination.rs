//! Where messages may go: what an endpoint's address must look like, whoever its name leads to.

use super::address::is_public;
use std::net::IpAddr;
use url::{Host, Url};

/// Names that mean something inside a network, never on the internet.
const INSIDE: &[&str] = &[
    "localhost",
    "local",
    "localdomain",
    "internal",
    "intranet",
    "private",
    "corp",
    "home",
    "lan",
    "arpa",
    "test",
    "invalid",
    "example",
    "onion",
];

/// Which destinations an installation allows.
#[derive(Debug, Clone)]
pub struct Rules {
    /// This machine's own addresses are allowed, with plain HTTP and at any port: in development only.
    pub loopback: bool,
    /// The ports that are allowed elsewhere.
    pub ports: Vec<u16>,
    /// Our own names: messages to ourselves would come in circles.
    pub own_hosts: Vec<String>,
}

/// Why an address is no destination, in words for whoever gave it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

impl Rules {
    /// Reads an address and judges it.
    ///
    /// # Errors
    /// Why it is no destination.
    pub fn read(&self, text: &str) -> Result<Url, Refused> {
        let url = Url::parse(text).map_err(|error| {
            Refused(format!(
                "it is no address ({error}); write it as in https://example.com/tillpost"
            ))
        })?;
        self.check(&url)?;
        Ok(url)
    }

    /// Judges an address by what it says. What its name leads to is judged when it is resolved, each time.
    ///
    /// # Errors
    /// Why it is no destination.
    pub fn check(&self, url: &Url) -> Result<(), Refused> {
        let refused = |why: &str| Err(Refused(why.to_owned()));
        let Some(host) = url.host() else {
            return refused("it has no host; write it as in https://example.com/tillpost");
        };
        let here = self.loopback && is_here(&host);
        match url.scheme() {
            "https" => {}
            "http" if here => {}
            _ => return refused("messages go over https only; begin it with https://"),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refused(
                "it holds a user or a password; messages are signed instead, leave it out",
            );
        }
        if url.fragment().is_some() {
            return refused("it ends with a fragment (#…), which is never sent; leave it out");
        }
        let port = url.port_or_known_default().unwrap_or(0);
        if !here && !self.ports.contains(&port) {
            return Err(Refused(format!(
                "port {port} is not allowed; use {}",
                self.ports
                    .iter()
                    .map(u16::to_string)
                    .collect::<Vec<_>>()
                    .join(" or ")
            )));
        }
        match host {
            Host::Ipv4(address) => self.check_address(address.into()),
            Host::Ipv6(address) => self.check_address(address.into()),
            Host::Domain(_) if here => Ok(()),
            Host::Domain(name) => self.check_name(name),
        }
    }

    /// Judges one address that would be connected to.
    ///
    /// # Errors
    /// It is not public.
    pub fn check_address(&self, address: IpAddr) -> Result<(), Refused> {
        if is_public(address) || (self.loopback && address.is_loopback()) {
            Ok(())
        } else {
            Err(Refused(format!(
                "{address} is not an address of the public internet"
            )))
        }
    }

    fn check_name(&self, name: &str) -> Result<(), Refused> {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let labels: Vec<&str> = name.split('.').collect();
        let inside = labels.len() < 2
            || labels.last().is_some_and(|last| INSIDE.contains(last))
            || labels.first().is_some_and(|first| *first == "metadata");
        if inside {
            return Err(Refused(format!(
                "`{name}` is a name inside a network; use one of the public internet"
            )));
        }
        if self.own_hosts.contains(&name) {
            return Err(Refused(
                "it is our own address; messages to ourselves would come in circles".to_owned(),
            ));
        }
        Ok(())
    }
}

fn is_here(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => name.trim_end_matches('.').eq_ignore_ascii_case("localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        Rules {
            loopback: false,
            ports: vec![443],
            own_hosts: vec!["api.tillpost.shop".to_owned()],
        }
    }

    fn why(text: &str) -> String {
        rules().read(text).unwrap_err().to_string()
    }

    #[test]
    fn an_https_address_of_the_internet_is_a_destination() {
        for text in [
            "https://example.com/tillpost",
            "https://hooks.example.com:443/a?b=c",
            "https://8.8.8.8/",
            "https://[2606:4700::1111]/",
            "https://xn--bcher-kva.example.net/",
        ] {
            assert!(rules().read(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_is_none_is_told_why() {
        assert!(why("example.com").contains("no address"));
        assert!(why("http://example.com/").contains("https"));
        assert!(why("ftp://example.com/").contains("https"));
        assert!(why("https://user:word@example.com/").contains("password"));
        assert!(why("https://example.com/#part").contains("fragment"));
        assert!(why("https://example.com:22/").contains("port 22"));
        assert!(why("https://API.tillpost.shop./").contains("our own"));
        for name in [
            "localhost",
            "a.localhost",
            "intranet",
            "db.internal",
            "printer.local",
            "metadata.google.com",
            "1.0.0.127.in-addr.arpa",
            "shop.test",
        ] {
            assert!(
                why(&format!("https://{name}/")).contains("inside a network"),
                "{name}"
            );
        }
    }

    #[test]
    fn development_may_allow_this_machine_and_nothing_more() {
        let rules = Rules {
            loopback: true,
            ..rules()
        };
        for text in [
            "http://127.0.0.1:8080/",
            "http://localhost:3000/x",
            "http://[::1]:1/",
            "https://127.9.9.9/",
        ] {
            assert!(rules.read(text).is_ok(), "{text}");
        }
        for text in [
            "http://10.0.0.1/",
            "http://example.com/",
            "https://169.254.169.254/",
            "http://[::ffff:127.0.0.1]/",
        ] {
            assert!(rules.read(text).is_err(), "{text}");
        }
    }
}
