//! The app, as Intuit knows it.

use std::sync::Arc;

use secrecy::SecretString;
use tokio::sync::OnceCell;
use url::Url;

use crate::company::Company;
use crate::grant::Grant;
use crate::oauth::{self, OAuthEndpoints};
use crate::oauth_failure::OAuthFailure;
use crate::settings::{Settings, SetupError};
use crate::wire;

/// An app's door to QuickBooks Online. Cheap to clone; clones share connections and the discovered
/// endpoints.
#[derive(Debug, Clone)]
pub struct QuickBooks {
    pub(crate) app: Arc<App>,
}

#[derive(Debug)]
pub(crate) struct App {
    pub(crate) settings: Settings,
    pub(crate) http: wire::Client,
    pub(crate) endpoints: OnceCell<OAuthEndpoints>,
}

impl QuickBooks {
    /// A client for these settings. Sends nothing yet.
    ///
    /// # Errors
    /// See [`SetupError`]; all of them are for the operator.
    pub fn new(settings: Settings) -> Result<Self, SetupError> {
        settings.check()?;
        let http = wire::client(&settings)?;
        Ok(Self {
            app: Arc::new(App {
                settings,
                http,
                endpoints: OnceCell::new(),
            }),
        })
    }

    /// The address at which a person consents to connect a company. `state` comes back with the code.
    ///
    /// # Errors
    /// [`OAuthFailure::NotSent`] when the discovery document cannot be had.
    pub async fn authorization_url(&self, state: &str) -> Result<Url, OAuthFailure> {
        oauth::authorization_url(&self.app, state).await
    }

    /// Turns an authorization code into a grant. A code works once: never send one twice, nor two at
    /// a time.
    ///
    /// # Errors
    /// See [`OAuthFailure`].
    pub async fn exchange_code(&self, code: &str) -> Result<Grant, OAuthFailure> {
        oauth::exchange_code(&self.app, code).await
    }

    /// Turns a refresh token into the next grant. One at a time per connection: a second refresh in
    /// flight can end the grant for good.
    ///
    /// # Errors
    /// See [`OAuthFailure`]; after `Unknown` the token may have changed hands without us.
    pub async fn refresh(&self, refresh_token: &SecretString) -> Result<Grant, OAuthFailure> {
        oauth::refresh(&self.app, refresh_token).await
    }

    /// Gives the grant of a refresh or access token back.
    ///
    /// # Errors
    /// See [`OAuthFailure`]; `GrantEnded` means there is nothing left to give back.
    pub async fn revoke(&self, token: &SecretString) -> Result<(), OAuthFailure> {
        oauth::revoke(&self.app, token).await
    }

    /// One connected company. Sends nothing yet.
    pub fn company(&self, realm_id: &str, access_token: &SecretString) -> Company {
        Company {
            app: Arc::clone(&self.app),
            realm_id: realm_id.to_owned(),
            access_token: access_token.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Endpoints, Timeouts};

    // No test of this binary installs a provider; the wire tests, which do, are another process.
    #[test]
    fn without_a_tls_provider_there_is_an_error_and_no_panic() {
        let url: Url = "https://intuit.example".parse().unwrap();
        let refused = QuickBooks::new(Settings {
            client_id: "id".to_owned(),
            client_secret: "secret".into(),
            redirect_uri: url.clone(),
            api_base_url: url.clone(),
            endpoints: Endpoints::Discovery(url),
            minor_version: Settings::MINOR_VERSION,
            timeouts: Timeouts::default(),
        });
        assert!(matches!(refused, Err(SetupError::NoTlsProvider)));
    }
}
