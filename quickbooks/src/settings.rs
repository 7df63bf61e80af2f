//! What an app has to say before it can speak to QuickBooks Online.

use std::time::Duration;

use secrecy::SecretString;
use thiserror::Error;
use url::Url;

/// The app's keys, addresses and patience.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The app's client id; it decides between development and production companies.
    pub client_id: String,
    /// The secret of the client id.
    pub client_secret: SecretString,
    /// Where Intuit sends the browser back; must equal a registered one exactly.
    pub redirect_uri: Url,
    /// The Accounting API's host, without `/v3`. Plain `http` is meant for a sandbox on loopback;
    /// with `https` here, nothing ever leaves in the clear.
    pub api_base_url: Url,
    /// Where the OAuth endpoints are.
    pub endpoints: Endpoints,
    /// The API's minor version; everything below 75 is answered as 75 since August 2025.
    pub minor_version: u16,
    /// How long to wait.
    pub timeouts: Timeouts,
}

impl Settings {
    /// The minor version this crate was written against.
    pub const MINOR_VERSION: u16 = 75;
}

/// The OAuth endpoints, known or to be discovered.
#[derive(Debug, Clone)]
pub enum Endpoints {
    /// Stated one by one.
    Configured {
        /// Where the browser asks for consent.
        authorization: Url,
        /// Where codes and refresh tokens become grants.
        token: Url,
        /// Where a grant is given back.
        revocation: Url,
    },
    /// Read from this OpenID discovery document at first use, then kept.
    Discovery(Url),
}

/// How long to wait for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For the connection, TLS included.
    pub connect: Duration,
    /// For a whole call of the Accounting API. Intuit cuts at 120 s, so waiting a little longer sees
    /// most slow successes.
    pub request: Duration,
    /// For a whole call of an OAuth endpoint.
    pub oauth: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            request: Duration::from_secs(130),
            oauth: Duration::from_secs(30),
        }
    }
}

/// Why no client could be made. All of them are for the operator.
#[derive(Debug, Error)]
pub enum SetupError {
    /// No rustls provider was installed in this process.
    #[error("no TLS provider is installed in this process")]
    NoTlsProvider,
    /// The setting is an address the client will not call: neither `http` nor `https`, or plain
    /// `http` beside an API address with `https`.
    #[error("{setting} must be an https address")]
    NotHttps {
        /// Which setting.
        setting: &'static str,
    },
    /// The HTTP client could not be built, for instance for want of root certificates.
    #[error("the HTTP client could not be built")]
    HttpClient(#[source] reqwest::Error),
}

impl Settings {
    /// True when plain `http` is allowed at all.
    pub(crate) fn allows_http(&self) -> bool {
        self.api_base_url.scheme() == "http"
    }

    /// Refuses addresses that would carry a secret in the clear.
    pub(crate) fn check(&self) -> Result<(), SetupError> {
        let mut addresses = vec![("api_base_url", &self.api_base_url)];
        match &self.endpoints {
            Endpoints::Configured {
                authorization,
                token,
                revocation,
            } => addresses.extend([
                ("endpoints.authorization", authorization),
                ("endpoints.token", token),
                ("endpoints.revocation", revocation),
            ]),
            Endpoints::Discovery(url) => addresses.push(("endpoints.discovery", url)),
        }
        let refused = addresses
            .into_iter()
            .find(|(_, url)| !may_call(url, self.allows_http()));
        match refused {
            Some((setting, _)) => Err(SetupError::NotHttps { setting }),
            None => Ok(()),
        }
    }
}

/// True for `https`, and for `http` where that is allowed.
pub(crate) fn may_call(url: &Url, allows_http: bool) -> bool {
    url.scheme() == "https" || (allows_http && url.scheme() == "http")
}
