//! That a worker is there, so that its lanes are free the moment it is not: a lock that the database lets go of when the connection
//! ends, as it does with its process. The lease is for whoever is cut off or stands still and keeps the connection.

use crate::Service;
use crate::error::Error;
use entity::store::PlatformTx;

/// A worker that is there. It keeps one of the platform's connections.
pub struct Presence {
    tx: PlatformTx,
    number: i64,
}

impl Presence {
    /// Shows that somebody is there, from now on.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn show(service: &Service) -> Result<Self, Error> {
        let tx = service.store().platform().await?;
        let number = i64::from(rand::random::<u32>()) << 31 | i64::from(rand::random::<u32>() >> 1);
        // The transaction only holds the lock: it sees nothing, and nothing waits for it.
        tx.execute("SELECT pg_advisory_xact_lock($1)", vec![number.into()])
            .await?;
        Ok(Self { tx, number })
    }

    /// Whether it still shows; where not, another is to be shown.
    pub async fn shows(&self) -> bool {
        self.tx.execute("SELECT 1", Vec::new()).await.is_ok()
    }

    /// What others try to see whether somebody is there.
    #[must_use]
    pub fn number(&self) -> i64 {
        self.number
    }
}

impl std::fmt::Debug for Presence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Presence")
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}
