//! What the token endpoint gives.

use std::time::Duration;

use secrecy::SecretString;

/// A grant as the token endpoint gave it. Store it before using it: the refresh token may have
/// changed, and the former one may be dead already.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Opens one company for [`access_expires_in`](Self::access_expires_in). Up to 4096 characters.
    pub access_token: SecretString,
    /// Gets the next grant. Always the newest value, whether or not it changed.
    pub refresh_token: SecretString,
    /// Life of the access token, normally an hour.
    pub access_expires_in: Duration,
    /// Life of the refresh token if it is not used, normally 100 days.
    pub refresh_expires_in: Duration,
    /// What is left of the five years after which the user must consent again whatever we do.
    pub refresh_hard_expires_in: Option<Duration>,
    /// Intuit's id of the exchange.
    pub intuit_tid: Option<String>,
}
