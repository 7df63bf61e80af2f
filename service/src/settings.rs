//! Everything that may be set. Read once at the start, checked there, and never again.

use crate::webhook::destination::Rules;
use ipnet::IpNet;
use secrecy::SecretString;
use std::time::Duration;
use url::Url;

/// Which world the keys and the companies belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// Real retailers and their books.
    Live,
    /// Development and tests: plain HTTP and loopback addresses are allowed.
    Test,
}

impl Environment {
    /// As it stands in an API key.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Test => "test",
        }
    }
}

/// The settings of the product's use-cases.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Which world this is.
    pub environment: Environment,
    /// Keys the hashes of API keys; at least 32 characters. Changing it revokes every key.
    pub pepper: SecretString,
    /// Wraps the tenants' data keys: 32 bytes in base 64.
    pub key_encryption_key: SecretString,
    /// Keys that wrapped data keys before, until none of theirs is left.
    pub previous_key_encryption_keys: Vec<SecretString>,
    /// The platform's own credential: at least 32 characters.
    pub platform_key: SecretString,
    /// Where the outside reaches the API; the OAuth callback is below it.
    pub public_url: Url,
    /// Where a browser may be sent after connecting: an address must begin with one of these.
    pub return_urls: Vec<Url>,
    /// How QuickBooks is reached.
    pub quickbooks: quickbooks::Settings,
    /// QuickBooks' own web app, which a person looks at entries in.
    pub quickbooks_app_url: Url,
    /// The pace of posting.
    pub posting: Posting,
    /// Where messages to the outside may go.
    pub webhooks: Webhooks,
    /// What is asked of the API at most.
    pub limits: Limits,
    /// Tokens: ours, and those of the vendor's identity provider.
    pub access: Access,
    /// The verifier token of the app at Intuit, which its notifications are signed with; without it none is taken.
    pub webhook_verifier: Option<SecretString>,
    /// The vendor's software, as a retailer knows it: to whom a company is connected.
    pub vendor_name: String,
}

/// Tokens: ours, and those of the vendor's identity provider.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// What our tokens are signed with, each 32 bytes in base 64: the first signs, all are published and believed. Empty: one key
    /// that follows from the pepper.
    pub token_keys: Vec<SecretString>,
    /// Who says who people are; without it there are keys only.
    pub identity_provider: Option<IdentityProvider>,
    /// Whose pages may call the API from a browser: origins, as browsers write them.
    pub origins: Vec<String>,
}

/// The vendor's own identity provider.
#[derive(Debug, Clone)]
pub struct IdentityProvider {
    /// `iss` of its tokens, to the letter.
    pub issuer: String,
    /// What `aud` of its tokens must name.
    pub audience: String,
    /// Where its public keys are.
    pub jwks_url: Url,
    /// What its tokens are signed by, and nothing else.
    pub algorithm: TokenAlgorithm,
    /// How often its keys are looked at.
    pub pace: KeyPace,
}

/// How often an identity provider's keys are looked at.
#[derive(Debug, Clone, Copy)]
pub struct KeyPace {
    /// Keys are fetched anew after so long: a key that was withdrawn is believed no longer.
    pub fresh: Duration,
    /// While the provider does not answer, its keys are believed so long.
    pub kept: Duration,
    /// Between two fetches, whatever tokens name: a stranger's tokens do not become a flood of requests.
    pub between: Duration,
}

impl Default for KeyPace {
    fn default() -> Self {
        Self {
            fresh: Duration::from_secs(10 * 60),
            kept: Duration::from_secs(60 * 60),
            between: Duration::from_secs(20),
        }
    }
}

/// What a token may be signed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl TokenAlgorithm {
    /// Every algorithm, by the name that tokens call it.
    pub const NAMES: &'static [(&'static str, Self)] = &[
        ("RS256", Self::Rs256),
        ("PS256", Self::Ps256),
        ("ES256", Self::Es256),
        ("EdDSA", Self::EdDsa),
    ];
}

impl Settings {
    /// `iss` and `aud` of our own tokens: where we are.
    #[must_use]
    pub fn issuer(&self) -> String {
        self.public_url.as_str().trim_end_matches('/').to_owned()
    }

    /// Which destinations messages may have: loopback only in a test environment that says so too.
    #[must_use]
    pub fn webhook_rules(&self) -> Rules {
        Rules {
            loopback: self.environment == Environment::Test && self.webhooks.loopback,
            ports: self.webhooks.ports.clone(),
            own_hosts: self
                .public_url
                .host_str()
                .map(|host| host.trim_end_matches('.').to_ascii_lowercase())
                .into_iter()
                .collect(),
        }
    }
}

/// Where messages to the outside may go, besides the rules that are always kept.
#[derive(Debug, Clone)]
pub struct Webhooks {
    /// To this machine's own addresses too, and there over plain HTTP: for development, in a test environment only.
    pub loopback: bool,
    /// The ports of the internet that are allowed.
    pub ports: Vec<u16>,
}

impl Default for Webhooks {
    fn default() -> Self {
        Self {
            loopback: false,
            ports: vec![443],
        }
    }
}

/// The pace of posting. The defaults are those of the protocol; tests shorten what a turn may take, never what makes it safe.
#[derive(Debug, Clone)]
pub struct Posting {
    /// Live events claimed at once: few, so that what is wrong with all of them costs few requests.
    pub slice: u64,
    /// Past events claimed at once: as many as a wave at QuickBooks' pace carries, and a few more.
    pub backlog: u64,
    /// Requests on their way to one company at once, besides one for live events and people (QuickBooks allows 10).
    pub concurrency: usize,
    /// Requests that no second may hold more of, to one company: QuickBooks' own limit. The pace keeps a little below.
    pub requests_per_second: u32,
    /// Requests that no minute may hold more of, to one company.
    pub requests_per_minute: u32,
    /// Batches that no minute may hold more of, to one company. A batch is one request, too.
    pub batches_per_minute: u32,
    /// How long a tenant's turn may go on before others have theirs.
    pub turn: Duration,
    /// How long a holder of a company is believed alive.
    pub lease: Duration,
    /// How long after its intent a request may still start to be sent.
    pub send_window: Duration,
    /// How long a request may take; longer than the 120 s after which QuickBooks cuts it.
    pub call_timeout: Duration,
    /// How long after the last instant a request may have been under way its effect is looked up.
    pub quiet_period: Duration,
    /// Between the two look-ups that must both find nothing.
    pub absence_gap: Duration,
}

impl Default for Posting {
    fn default() -> Self {
        Self {
            slice: 10,
            backlog: 128,
            concurrency: 8,
            requests_per_second: 10,
            requests_per_minute: 500,
            batches_per_minute: 40,
            turn: Duration::from_secs(4),
            lease: Duration::from_secs(60),
            send_window: Duration::from_secs(10),
            call_timeout: Duration::from_secs(130),
            quiet_period: Duration::from_secs(180),
            absence_gap: Duration::from_secs(30),
        }
    }
}

/// What is asked of the API at most.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Requests of one key.
    pub key: Limit,
    /// Requests of one tenant, with all its keys.
    pub tenant: Limit,
    /// Requests from one address that no credential stands behind.
    pub address: Limit,
    /// Requests for one link that was handed out.
    pub link: Limit,
    /// Requests at once, of one process, that take events in.
    pub live: Places,
    /// Requests at once, of one process, of any other kind.
    pub usual: Places,
    /// Requests at once, of one process, that read or build much.
    pub heavy: Places,
    /// Requests at once, of one process, that no credential stands behind.
    pub open: Places,
    /// Requests at once, of one process, that lead a browser through Intuit.
    pub browser: Places,
    /// Whose word is taken for where a request comes from (`X-Forwarded-For`).
    pub trusted_proxies: Vec<IpNet>,
}

impl Limits {
    /// The usual places, and requests of everybody without limit.
    #[must_use]
    pub fn of_places_only() -> Self {
        let mut limits = Self::default();
        for limit in [
            &mut limits.key,
            &mut limits.tenant,
            &mut limits.address,
            &mut limits.link,
        ] {
            limit.requests = 0;
        }
        limits
    }
}

impl Default for Limits {
    /// A hundred requests a second of a key, two hundred of a tenant, fifty from an address. Together all but the live ones hold
    /// five sixths of a process's database connections at the most.
    fn default() -> Self {
        let window = Duration::from_secs(60);
        Self {
            key: Limit {
                requests: 6_000,
                window,
            },
            tenant: Limit {
                requests: 12_000,
                window,
            },
            address: Limit {
                requests: 3_000,
                window,
            },
            link: Limit {
                requests: 60,
                window,
            },
            live: Places {
                at_once: 256,
                waiting: 256,
            },
            usual: Places {
                at_once: 12,
                waiting: 128,
            },
            heavy: Places {
                at_once: 4,
                waiting: 16,
            },
            open: Places {
                at_once: 2,
                waiting: 64,
            },
            browser: Places {
                at_once: 2,
                waiting: 64,
            },
            trusted_proxies: Vec::new(),
        }
    }
}

/// So many requests in a window; none: no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Requests.
    pub requests: u32,
    /// The window.
    pub window: Duration,
}

impl Limit {
    /// How far apart requests are at the pace that never comes to an end.
    #[must_use]
    pub fn spacing(&self) -> Duration {
        self.window / self.requests.max(1)
    }
}

/// How many requests are met at once, and how many wait meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Places {
    /// Met at once.
    pub at_once: usize,
    /// Waiting.
    pub waiting: usize,
}
