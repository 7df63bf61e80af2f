//! The vendor's own identity provider: it says who a person is, and nothing else. Its keys are fetched from one address of the
//! configuration and kept; a token names one of them and cannot bring its own.

mod keys;

use crate::SetupError;
use crate::error::Error;
use crate::jwt::{self, Algorithm, Audience, Times, Unproven};
use crate::settings::{self, Environment};
use keys::Keys;
use serde::Deserialize;

/// So far apart may the provider's clock and ours be, in seconds.
pub(crate) const LEEWAY_SECONDS: i64 = 30;
/// No subject is longer (OpenID Connect Core, section 2).
const SUBJECT_MAX: usize = 255;

/// A person, as the identity provider proves them to be. Whether the proof holds now, whoever knows the time says.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    pub(crate) times: Times,
}

/// The identity provider of the configuration.
pub(crate) struct IdentityProvider {
    settings: settings::IdentityProvider,
    keys: Keys,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
    sub: String,
    exp: i64,
    nbf: i64,
}

impl IdentityProvider {
    /// # Errors
    /// TLS cannot be set up.
    pub(crate) fn new(
        settings: settings::IdentityProvider,
        environment: Environment,
    ) -> Result<Self, SetupError> {
        Ok(Self {
            keys: Keys::new(&settings, environment)?,
            settings,
        })
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.settings.issuer
    }

    /// Whom a token proves its bearer to be; `None` where it proves nothing.
    ///
    /// # Errors
    /// The provider's keys cannot be had.
    pub(crate) async fn person(
        &self,
        token: &str,
        unproven: &Unproven,
    ) -> Result<Option<Person>, Error> {
        let Some(kid) = &unproven.kid else {
            return Ok(None);
        };
        let Some(key) = self.keys.of(kid).await? else {
            return Ok(None);
        };
        let claims = jwt::prove::<Claims>(token, &key, self.algorithm(), &["JWT", "at+jwt"]);
        Ok(claims
            .filter(|claims| {
                let subject = &claims.sub;
                claims.iss == self.settings.issuer
                    && claims.aud.names(&self.settings.audience)
                    && !subject.is_empty()
                    && subject.len() <= SUBJECT_MAX
                    && !subject.chars().any(char::is_control)
            })
            .map(|claims| Person {
                issuer: claims.iss,
                subject: claims.sub,
                times: Times {
                    exp: claims.exp,
                    nbf: claims.nbf,
                },
            }))
    }

    fn algorithm(&self) -> Algorithm {
        keys::algorithm(self.settings.algorithm)
    }
}
