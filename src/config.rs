//! The environment, read once and judged as a whole: everything that is missing or wrong is told together.

mod identity_provider;
mod requests;

use crate::secrets;
use quickbooks::{Endpoints, Timeouts};
use secrecy::SecretString;
use service::settings::{Access, Environment, Posting, Settings, Webhooks};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use url::Url;

/// What a process that serves or works needs.
#[derive(Debug)]
pub(crate) struct Config {
    /// The application's login.
    pub(crate) database_url: String,
    /// The platform's login.
    pub(crate) platform_database_url: String,
    /// The bell.
    pub(crate) redis_url: String,
    /// Begins every key on Redis.
    pub(crate) redis_prefix: String,
    /// Where the API listens.
    pub(crate) listen: SocketAddr,
    /// The settings of the use-cases.
    pub(crate) settings: Settings,
}

/// Intuit's own addresses: the API, the discovery document, and the web app.
struct Intuit {
    api: &'static str,
    discovery: &'static str,
    app: &'static str,
}

const PRODUCTION: Intuit = Intuit {
    api: "https://quickbooks.api.intuit.com/",
    discovery: "https://developer.api.intuit.com/.well-known/openid_configuration",
    app: "https://qbo.intuit.com/",
};
const SANDBOX: Intuit = Intuit {
    api: "https://sandbox-quickbooks.api.intuit.com/",
    discovery: "https://developer.api.intuit.com/.well-known/openid_sandbox_configuration",
    app: "https://sandbox.qbo.intuit.com/",
};

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    /// Something is missing or wrong; the message names all of it, and what each is for.
    pub(crate) fn read() -> anyhow::Result<Self> {
        Self::from(std::env::vars().collect())
    }

    fn from(variables: BTreeMap<String, String>) -> anyhow::Result<Self> {
        let mut reader = Reader {
            variables,
            complaints: Vec::new(),
        };
        let environment = match reader.or("TILLPOST_ENVIRONMENT", "live").as_str() {
            "live" => Environment::Live,
            "test" => Environment::Test,
            other => {
                reader.complain(
                    "TILLPOST_ENVIRONMENT",
                    &format!("is `{other}`; use `live` or `test`"),
                );
                Environment::Live
            }
        };
        let public_url = reader.public_url(
            "TILLPOST_PUBLIC_URL",
            "where the outside reaches the API, as in https://tillpost.example.com/",
            environment,
        );
        let intuit = reader.intuit();
        let config = Self {
            database_url: reader.server(
                "DATABASE_URL",
                "the database, as the role tillpost_app",
                environment,
            ),
            platform_database_url: reader.server(
                "PLATFORM_DATABASE_URL",
                "the database, as the role tillpost_platform",
                environment,
            ),
            redis_url: reader.server(
                "REDIS_URL",
                "the Redis of the bell, as in redis://127.0.0.1:6379",
                environment,
            ),
            redis_prefix: reader.or("REDIS_PREFIX", "tillpost"),
            listen: reader.listen(),
            settings: Settings {
                environment,
                pepper: reader.secret(
                    "TILLPOST_PEPPER",
                    "keys the hashes of API keys: 32 random characters or more",
                ),
                key_encryption_key: reader.secret(
                    "TILLPOST_KEY_ENCRYPTION_KEY",
                    "wraps the tenants' data keys: 32 random bytes in base 64, as `openssl rand -base64 32` makes them",
                ),
                previous_key_encryption_keys: reader.secrets("TILLPOST_PREVIOUS_KEY_ENCRYPTION_KEYS"),
                platform_key: reader.secret(
                    "TILLPOST_PLATFORM_KEY",
                    "the platform's own credential: 32 random characters or more",
                ),
                return_urls: reader.return_urls(environment),
                quickbooks: reader.quickbooks(environment, &public_url, &intuit),
                quickbooks_app_url: reader.app_url(&intuit),
                public_url,
                posting: Posting::default(),
                webhooks: reader.webhooks(environment),
                limits: reader.limits(),
                access: Access {
                    token_keys: reader.secrets("TILLPOST_TOKEN_KEYS"),
                    identity_provider: reader.identity_provider(environment),
                    origins: reader.origins(environment),
                },
                webhook_verifier: reader.given("QUICKBOOKS_WEBHOOK_VERIFIER").map(Into::into),
                vendor_name: reader.or("TILLPOST_VENDOR_NAME", "Tillpost"),
            },
        };
        if reader.complaints.is_empty() {
            return Ok(config);
        }
        anyhow::bail!(
            "the environment is not complete:\n  {}",
            reader.complaints.join("\n  ")
        )
    }
}

/// The redirect URI to be registered at Intuit.
pub(crate) fn redirect_uri(public_url: &Url) -> Url {
    public_url
        .join("v1/oauth/callback")
        .unwrap_or_else(|_| public_url.clone())
}

struct Reader {
    variables: BTreeMap<String, String>,
    complaints: Vec<String>,
}

impl Reader {
    fn complain(&mut self, name: &str, what: &str) {
        self.complaints.push(format!("{name} {what}"));
    }

    fn given(&self, name: &str) -> Option<String> {
        self.variables
            .get(name)
            .map(|value| value.trim().to_owned())
            .filter(|value| !value.is_empty())
    }

    fn or(&self, name: &str, usual: &str) -> String {
        self.given(name).unwrap_or_else(|| usual.to_owned())
    }

    fn needed(&mut self, name: &str, purpose: &str) -> String {
        self.given(name).unwrap_or_else(|| {
            self.complain(name, &format!("is missing: {purpose}"));
            String::new()
        })
    }

    // The password in a server's address is a secret too, where there is one.
    fn server(&mut self, name: &str, purpose: &str, environment: Environment) -> String {
        let address = self.needed(name, purpose);
        let password = Url::parse(&address)
            .ok()
            .and_then(|url| url.password().map(str::to_owned));
        if environment == Environment::Live
            && password.is_some_and(|password| secrets::is_example(&password))
        {
            self.complain(
                name,
                "has a password that looks like an example; give the login another",
            );
        }
        address
    }

    fn secret(&mut self, name: &str, purpose: &str) -> SecretString {
        let secret = self.needed(name, purpose);
        if !secret.is_empty()
            && let Some(weakness) = secrets::weakness(&secret)
        {
            self.complain(name, &weakness);
        }
        secret.into()
    }

    // Several, with commas between, or none.
    fn secrets(&mut self, name: &str) -> Vec<SecretString> {
        let given = self.or(name, "");
        let texts = given.split(',').map(str::trim);
        let mut secrets = Vec::new();
        for text in texts.filter(|text| !text.is_empty()) {
            if let Some(weakness) = secrets::weakness(text) {
                self.complain(name, &weakness);
            }
            secrets.push(text.to_owned().into());
        }
        secrets
    }

    // A placeholder keeps the reading going; with a complaint made, it never gets out.
    fn url(&mut self, name: &str, text: &str) -> Url {
        Url::parse(text)
            .ok()
            .filter(Url::has_host)
            .unwrap_or_else(|| {
                if !text.is_empty() {
                    self.complain(
                        name,
                        &format!("is `{text}`, which is no address with a host"),
                    );
                }
                Url::parse("https://unset.invalid/").expect("a sound address")
            })
    }

    fn public_url(&mut self, name: &str, purpose: &str, environment: Environment) -> Url {
        let text = self.needed(name, purpose);
        let mut url = self.url(name, &text);
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        self.check_scheme(name, &url, environment);
        url
    }

    fn check_scheme(&mut self, name: &str, url: &Url, environment: Environment) {
        match (url.scheme(), environment) {
            ("https", _) | ("http", Environment::Test) => {}
            ("http", Environment::Live) => self.complain(
                name,
                "is plain http, which carries secrets in the clear; use https, or TILLPOST_ENVIRONMENT=test for development",
            ),
            (other, _) => self.complain(name, &format!("begins with {other}:, use https")),
        }
    }

    fn return_urls(&mut self, environment: Environment) -> Vec<Url> {
        const NAME: &str = "TILLPOST_RETURN_URLS";
        let texts = self.or(NAME, "");
        let mut urls = Vec::new();
        for text in texts
            .split(',')
            .map(str::trim)
            .filter(|text| !text.is_empty())
        {
            let url = self.url(NAME, text);
            self.check_scheme(NAME, &url, environment);
            urls.push(url);
        }
        urls
    }

    fn webhooks(&mut self, environment: Environment) -> Webhooks {
        const LOOPBACK: &str = "TILLPOST_WEBHOOK_LOOPBACK";
        const PORTS: &str = "TILLPOST_WEBHOOK_PORTS";
        let loopback = match self.or(LOOPBACK, "deny").as_str() {
            "deny" => false,
            "allow" if environment == Environment::Test => true,
            "allow" => {
                self.complain(
                    LOOPBACK,
                    "lets messages reach this machine's own services; only TILLPOST_ENVIRONMENT=test may allow it",
                );
                false
            }
            other => {
                self.complain(LOOPBACK, &format!("is `{other}`; use `allow` or `deny`"));
                false
            }
        };
        let texts = self.or(PORTS, "443");
        let ports: Result<Vec<u16>, _> = texts.split(',').map(|text| text.trim().parse()).collect();
        let ports = ports.unwrap_or_else(|_| {
            self.complain(
                PORTS,
                &format!("is `{texts}`; use ports separated by commas, as in 443,8443"),
            );
            Vec::new()
        });
        Webhooks { loopback, ports }
    }

    fn listen(&mut self) -> SocketAddr {
        let text = self.or("TILLPOST_LISTEN", "127.0.0.1:8080");
        text.parse().unwrap_or_else(|_| {
            self.complain(
                "TILLPOST_LISTEN",
                &format!("is `{text}`; use an address and a port, as in 127.0.0.1:8080"),
            );
            SocketAddr::from(([127, 0, 0, 1], 8080))
        })
    }

    fn intuit(&mut self) -> Intuit {
        let environment = self.needed(
            "QUICKBOOKS_ENVIRONMENT",
            "`production`, or `sandbox` for Intuit's development companies",
        );
        match environment.as_str() {
            "production" => PRODUCTION,
            "sandbox" => SANDBOX,
            "" => PRODUCTION,
            other => {
                self.complain(
                    "QUICKBOOKS_ENVIRONMENT",
                    &format!("is `{other}`; use `production` or `sandbox`"),
                );
                PRODUCTION
            }
        }
    }

    fn app_url(&mut self, intuit: &Intuit) -> Url {
        let text = self.or("QUICKBOOKS_APP_URL", intuit.app);
        let mut url = self.url("QUICKBOOKS_APP_URL", &text);
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        url
    }

    fn quickbooks(
        &mut self,
        environment: Environment,
        public_url: &Url,
        intuit: &Intuit,
    ) -> quickbooks::Settings {
        let client_id = self.needed(
            "QUICKBOOKS_CLIENT_ID",
            "the client ID of your app at Intuit",
        );
        let client_secret = self.needed(
            "QUICKBOOKS_CLIENT_SECRET",
            "the client secret of your app at Intuit",
        );
        if environment == Environment::Live && secrets::is_example(&client_secret) {
            self.complain(
                "QUICKBOOKS_CLIENT_SECRET",
                "looks like an example; give it the one that Intuit shows with your app's keys",
            );
        }
        let api = self.or("QUICKBOOKS_BASE_URL", intuit.api);
        let discovery = self.or("QUICKBOOKS_DISCOVERY_URL", intuit.discovery);
        quickbooks::Settings {
            client_id,
            client_secret: client_secret.into(),
            redirect_uri: redirect_uri(public_url),
            api_base_url: self.url("QUICKBOOKS_BASE_URL", &api),
            endpoints: Endpoints::Discovery(self.url("QUICKBOOKS_DISCOVERY_URL", &discovery)),
            minor_version: quickbooks::Settings::MINOR_VERSION,
            timeouts: Timeouts::default(),
        }
    }
}

#[cfg(test)]
mod tests;
