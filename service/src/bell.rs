//! The bell that wakes a worker, and the turns it announces. PostgreSQL remembers who is due; the bell only saves waiting.

use crate::Service;
use crate::error::Error;
use crate::fail_point::{FailPoint, reach};
use chrono::{DateTime, Utc};
use entity::id::TenantId;
use entity::store::TenantTx;
use sea_orm::FromQueryResult;

/// What a turn is for. Live work of any tenant goes ahead of other tenants' past syncs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Urgency {
    /// Something that happened just now, or that a person waits for.
    Live,
    /// Events of a past sync, and nothing else.
    Past,
}

impl Urgency {
    /// Both, the first to be served first.
    pub const ALL: [Self; 2] = [Self::Live, Self::Past];

    fn of(past: bool) -> Self {
        if past { Self::Past } else { Self::Live }
    }
}

/// Tells a worker, somewhere, that a tenant has work. It may lose a ring and may ring twice.
#[async_trait::async_trait]
pub trait Bell: Send + Sync {
    /// Rings for one tenant; trouble is logged, not returned, since the sweep finds what was lost.
    async fn ring(&self, tenant: TenantId, urgency: Urgency);
}

/// A bell nobody hears: for commands that only prepare, and tests that take turns by hand.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

#[async_trait::async_trait]
impl Bell for Silent {
    async fn ring(&self, _tenant: TenantId, _urgency: Urgency) {}
}

/// Writes the wake-up with the fact it announces, in one transaction; ring the bell after the commit.
///
/// # Errors
/// The database's.
pub async fn wake(tx: &TenantTx) -> Result<(), Error> {
    wake_for(tx, Urgency::Live).await
}

/// [`wake`] for work of this urgency. A tenant that live work waits for stays in the line of that.
///
/// # Errors
/// The database's.
pub async fn wake_for(tx: &TenantTx, urgency: Urgency) -> Result<(), Error> {
    tx.execute(
        "UPDATE turn SET bell = bell + 1, due_at = least(coalesce(due_at, tillpost_now()), tillpost_now()),
           past = $2 AND (past OR due_at IS NULL) WHERE {mine}",
        vec![(urgency == Urgency::Past).into()],
    )
    .await?;
    Ok(())
}

/// How long a ring is believed to be on its way before the sweep rings again.
const RING_SECONDS: f64 = 10.0;
/// How long a turn that began is believed to be under way. A lease is as long, so nobody could begin another before.
const TURN_SECONDS: f64 = 60.0;

/// The tenants whose turn of this urgency is due and for whom nobody rang lately, oldest first; each is marked as rung.
///
/// # Errors
/// The database does not answer.
pub async fn sweep(service: &Service, urgency: Urgency, most: u32) -> Result<Vec<TenantId>, Error> {
    #[derive(FromQueryResult)]
    struct Due {
        tenant_id: TenantId,
    }
    reach(FailPoint::SweepBegun);
    let tx = service.store().platform().await?;
    let due = tx
        .query_as::<Due>(
            "UPDATE turn SET rung_until = tillpost_now() + make_interval(secs => $2)
              WHERE tenant_id IN (
                SELECT tenant_id FROM turn
                 WHERE due_at <= tillpost_now() AND (rung_until IS NULL OR rung_until <= tillpost_now()) AND past = $3
                 ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED)
              RETURNING tenant_id",
            vec![
                i64::from(most).into(),
                RING_SECONDS.into(),
                (urgency == Urgency::Past).into(),
            ],
        )
        .await?;
    // A sweep that found nobody has no step to die between.
    let found = !due.is_empty();
    if found {
        reach(FailPoint::SweepBeforeCommit);
    }
    tx.commit().await?;
    if found {
        reach(FailPoint::SweepCommitted);
    }
    Ok(due.into_iter().map(|row| row.tenant_id).collect())
}

/// Marks a tenant as rung and tells for what, where its turn is due now: for whoever ended one turn and is to ring for the
/// next.
///
/// # Errors
/// The database does not answer.
pub async fn again(service: &Service, tenant: TenantId) -> Result<Option<Urgency>, Error> {
    #[derive(FromQueryResult)]
    struct Due {
        past: bool,
    }
    let tx = service.store().platform().await?;
    let due = tx
        .query_as::<Due>(
            "UPDATE turn SET rung_until = tillpost_now() + make_interval(secs => $2)
              WHERE tenant_id = $1 AND due_at <= tillpost_now() RETURNING past",
            vec![tenant.into(), RING_SECONDS.into()],
        )
        .await?
        .pop();
    tx.commit().await?;
    Ok(due.map(|row| Urgency::of(row.past)))
}

/// What a turn saw of the bell when it began.
#[derive(Debug, Clone, Copy, FromQueryResult)]
pub(crate) struct Rung {
    bell: i64,
}

/// Begins a turn: rings from now on are news, and the sweep rings for nobody whose turn is under way.
pub(crate) async fn begin(tx: &TenantTx) -> Result<Option<Rung>, Error> {
    Ok(tx
        .query_as::<Rung>(
            "UPDATE turn SET rung_until = tillpost_now() + make_interval(secs => $2) WHERE {mine} RETURNING bell",
            vec![TURN_SECONDS.into()],
        )
        .await?
        .pop())
}

/// Ends a turn: the next is due at `due_at`, or at once where the bell rang meanwhile. Tells which. What it will be for is
/// seen from the queue; whoever rang meanwhile may have queued what is not seen here, and counts as live.
pub(crate) async fn end(
    tx: &TenantTx,
    rung: Rung,
    due_at: Option<DateTime<Utc>>,
) -> Result<Option<DateTime<Utc>>, Error> {
    #[derive(FromQueryResult)]
    struct Next {
        due_at: Option<DateTime<Utc>>,
    }
    Ok(tx
        .query_as::<Next>(
            "UPDATE turn SET due_at = CASE WHEN bell = $2 THEN $3 ELSE tillpost_now() END, rung_until = NULL,
               past = bell = $2
                 AND NOT EXISTS (SELECT 1 FROM event e WHERE {mine:e} AND e.status = 'not_synced' AND NOT e.past)
                 AND EXISTS (SELECT 1 FROM event e WHERE {mine:e} AND e.status = 'not_synced' AND e.past)
              WHERE {mine} RETURNING due_at",
            vec![rung.bell.into(), due_at.into()],
        )
        .await?
        .pop()
        .and_then(|next| next.due_at))
}
