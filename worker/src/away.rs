//! Whether a Redis answers: one that did not is left alone for a second, and both turns are told once.

use redis::Client;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long nobody asks a Redis that was away.
const AWAY: Duration = Duration::from_secs(1);

/// A connection that is made when it is first used, and that nobody waits for longer than `patience`. To be made within a tokio
/// runtime.
///
/// # Errors
/// `redis_url` cannot be read.
pub(crate) fn connection(redis_url: &str, patience: Duration) -> anyhow::Result<ConnectionManager> {
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(patience))
        .set_response_timeout(Some(patience))
        .set_number_of_retries(1)
        .set_max_delay(patience);
    Ok(Client::open(redis_url)?.get_connection_manager_lazy(config)?)
}

/// A duration as the scripts take it.
pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// What one door knows of it.
pub(crate) struct Away {
    /// What is done by each process alone meanwhile, as in "requests are counted".
    what: &'static str,
    until: Mutex<Option<Instant>>,
}

impl Away {
    pub(crate) fn new(what: &'static str) -> Self {
        Self {
            what,
            until: Mutex::default(),
        }
    }

    /// Whether it is left alone now.
    pub(crate) fn is_away(&self) -> bool {
        let until = self.until.lock();
        until
            .unwrap_or_else(PoisonError::into_inner)
            .is_some_and(|until| Instant::now() < until)
    }

    /// Notes whether it answered.
    pub(crate) fn note(&self, answers: bool) {
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        match (answers, until.is_some()) {
            (false, false) => {
                tracing::warn!("{} by each process alone: redis does not answer", self.what);
            }
            (true, true) => tracing::info!("{} together again", self.what),
            _ => {}
        }
        *until = (!answers).then(|| Instant::now() + AWAY);
    }
}
