//! Everything that may be set. Read once at the start, checked there, and never again.

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
}

/// The pace of posting. The defaults are those of the protocol; tests shorten what a turn may take, never what makes it safe.
#[derive(Debug, Clone)]
pub struct Posting {
    /// Events claimed at once.
    pub slice: u64,
    /// Requests on their way to one company at once (QuickBooks allows 10).
    pub concurrency: usize,
    /// Single requests a second to one company, besides a burst of two (QuickBooks allows 10, and 500 a minute).
    pub requests_per_second: u32,
    /// Single requests a minute to one company, besides a burst of an eighth of them.
    pub requests_per_minute: u32,
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
            concurrency: 8,
            requests_per_second: 7,
            requests_per_minute: 420,
            turn: Duration::from_secs(2),
            lease: Duration::from_secs(60),
            send_window: Duration::from_secs(10),
            call_timeout: Duration::from_secs(130),
            quiet_period: Duration::from_secs(180),
            absence_gap: Duration::from_secs(30),
        }
    }
}
