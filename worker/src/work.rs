//! What the time door opens on: the product's side of its jobs. Tests put their own in its place.

use entity::id::TenantId;
use service::Service;
use service::audit;
use service::bell::{self, Urgency};
use service::error::Error;
use service::grant;
use service::idempotency;
use service::posting::{self, TurnEnd};
use service::reconciliation;
use service::vault::rotation;
use service::watch;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How much longer than its own time a turn may take before its company counts as not answering: its last requests are sent
/// when its time is nearly over.
const GRACE: Duration = Duration::from_secs(1);

/// Turns, the record of who is due, and what else time asks for.
#[async_trait::async_trait]
pub trait Work: Send + Sync + 'static {
    /// Gives a tenant's turn. After `stop` it comes to its next safe place and ends.
    ///
    /// # Errors
    /// The turn failed; when the tenant is due again is on record.
    async fn turn(&self, tenant: TenantId, stop: &CancellationToken) -> Result<TurnEnd, Error>;

    /// How long a turn takes whose company answers. One that takes longer gives up its seat.
    fn allowance(&self) -> Duration;

    /// Who is due and was not rung for lately, oldest first; marks them as rung.
    ///
    /// # Errors
    /// The record cannot be read.
    async fn due(&self, urgency: Urgency, most: u32) -> Result<Vec<TenantId>, Error>;

    /// What a tenant is due for now, if it is; marks it as rung.
    ///
    /// # Errors
    /// The record cannot be read.
    async fn again(&self, tenant: TenantId) -> Result<Option<Urgency>, Error>;

    /// Looks after tenants whose turn is long overdue; tells how many there are.
    ///
    /// # Errors
    /// The record cannot be read.
    async fn overdue(&self) -> Result<usize, Error>;

    /// Looks at the grants that are due.
    ///
    /// # Errors
    /// The record cannot be read.
    async fn grants(&self, stop: &CancellationToken) -> Result<(), Error>;

    /// Queues a look over the books of whoever was not looked after for a day; tells how many were queued.
    ///
    /// # Errors
    /// The record cannot be read.
    async fn books(&self) -> Result<usize, Error>;

    /// Destroys data keys that nothing is sealed under any more; tells how many.
    ///
    /// # Errors
    /// The record cannot be read.
    async fn keys(&self) -> Result<u64, Error> {
        Ok(0)
    }

    /// Forgets the answers to requests that are kept no longer; tells how many there were.
    ///
    /// # Errors
    /// The record cannot be read.
    async fn answers(&self) -> Result<u64, Error> {
        Ok(0)
    }

    /// Writes down where audit logs end; tells of how many.
    ///
    /// # Errors
    /// The record cannot be read.
    async fn witness(&self) -> Result<u64, Error> {
        Ok(0)
    }
}

/// The product's turns.
pub(crate) struct Posting {
    service: Service,
    holder: String,
}

impl Posting {
    pub(crate) fn new(service: Service, holder: String) -> Self {
        Self { service, holder }
    }
}

#[async_trait::async_trait]
impl Work for Posting {
    async fn turn(&self, tenant: TenantId, stop: &CancellationToken) -> Result<TurnEnd, Error> {
        posting::turn(&self.service, tenant, &self.holder, stop).await
    }

    fn allowance(&self) -> Duration {
        self.service.settings().posting.turn + GRACE
    }

    async fn due(&self, urgency: Urgency, most: u32) -> Result<Vec<TenantId>, Error> {
        bell::sweep(&self.service, urgency, most).await
    }

    async fn again(&self, tenant: TenantId) -> Result<Option<Urgency>, Error> {
        bell::again(&self.service, tenant).await
    }

    async fn overdue(&self) -> Result<usize, Error> {
        watch::overdue(&self.service).await
    }

    async fn grants(&self, stop: &CancellationToken) -> Result<(), Error> {
        grant::look_after(&self.service, stop).await.map(drop)
    }

    async fn books(&self) -> Result<usize, Error> {
        reconciliation::daily(&self.service).await
    }

    async fn keys(&self) -> Result<u64, Error> {
        rotation::destroy_retired(&self.service).await
    }

    async fn answers(&self) -> Result<u64, Error> {
        idempotency::forget(&self.service).await
    }

    async fn witness(&self) -> Result<u64, Error> {
        audit::witness(&self.service).await
    }
}
