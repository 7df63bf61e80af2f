//! The bell that wakes a worker, and the turns it announces. PostgreSQL remembers who is due; the bell only saves waiting.

use crate::Service;
use crate::error::Error;
use crate::fail_point::{FailPoint, reach};
use chrono::{DateTime, Utc};
use entity::id::TenantId;
use entity::store::TenantTx;
use sea_orm::FromQueryResult;

/// Tells a worker, somewhere, that a tenant has work. It may lose a ring and may ring twice.
#[async_trait::async_trait]
pub trait Bell: Send + Sync {
    /// Rings for one tenant; trouble is logged, not returned, since the sweep finds what was lost.
    async fn ring(&self, tenant: TenantId);
}

/// A bell nobody hears: for commands that only prepare, and tests that take turns by hand.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

#[async_trait::async_trait]
impl Bell for Silent {
    async fn ring(&self, _tenant: TenantId) {}
}

/// Writes the wake-up with the fact it announces, in one transaction; ring the bell after the commit.
///
/// # Errors
/// The database's.
pub async fn wake(tx: &TenantTx) -> Result<(), Error> {
    tx.execute(
        "UPDATE turn SET bell = bell + 1, due_at = least(coalesce(due_at, tillpost_now()), tillpost_now()) WHERE {mine}",
        vec![],
    )
    .await?;
    Ok(())
}

#[derive(FromQueryResult)]
struct Due {
    tenant_id: TenantId,
}

/// How long a ring is believed to be on its way before the sweep rings again.
const RING_SECONDS: i32 = 10;

/// The tenants whose turn is due and for whom nobody rang lately, oldest first; each is marked as rung.
///
/// # Errors
/// The database does not answer.
pub async fn sweep(service: &Service, most: u32) -> Result<Vec<TenantId>, Error> {
    reach(FailPoint::SweepBegun);
    let tx = service.store().platform().await?;
    let due = tx
        .query_as::<Due>(
            "UPDATE turn SET rung_until = tillpost_now() + make_interval(secs => $2)
              WHERE tenant_id IN (
                SELECT tenant_id FROM turn
                 WHERE due_at <= tillpost_now() AND (rung_until IS NULL OR rung_until <= tillpost_now())
                 ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED)
              RETURNING tenant_id",
            vec![i64::from(most).into(), f64::from(RING_SECONDS).into()],
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

/// What a turn saw of the bell when it began.
#[derive(Debug, Clone, Copy, FromQueryResult)]
pub(crate) struct Rung {
    bell: i64,
}

/// Begins a turn: rings from now on are news.
pub(crate) async fn begin(tx: &TenantTx) -> Result<Option<Rung>, Error> {
    Ok(tx
        .query_as::<Rung>(
            "UPDATE turn SET rung_until = NULL WHERE {mine} RETURNING bell",
            vec![],
        )
        .await?
        .pop())
}

/// Ends a turn: the next is due at `due_at`, or at once where the bell rang meanwhile. Tells which.
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
            "UPDATE turn SET due_at = CASE WHEN bell = $2 THEN $3 ELSE tillpost_now() END
              WHERE {mine} RETURNING due_at",
            vec![rung.bell.into(), due_at.into()],
        )
        .await?
        .pop()
        .and_then(|next| next.due_at))
}
