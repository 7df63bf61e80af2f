//! Whether a Redis answers: one that did not is left alone for a second, and both turns are told once.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long nobody asks a Redis that was away.
const AWAY: Duration = Duration::from_secs(1);

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
