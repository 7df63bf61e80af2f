//! The daily look: whoever has entries in the books and a connection is looked after once a day, by what changed since, which
//! is one metered read.

use super::queue;
use crate::bell::Urgency;
use crate::error::Error;
use crate::{Service, audit, connection};
use entity::id::TenantId;
use sea_orm::FromQueryResult;

/// Tenants looked after at once; the rest is found by the next look.
const MOST: i64 = 200;
/// Reads a daily look may use in a day, should more have changed than can be told.
const READS: u32 = 25;

/// Queues the daily look of every tenant whose time has come; tells how many were queued.
///
/// # Errors
/// The database does not answer.
pub async fn daily(service: &Service) -> Result<usize, Error> {
    #[derive(FromQueryResult)]
    struct Due {
        tenant_id: TenantId,
    }
    let tx = service.store().platform().await?;
    let due = tx
        .query_as::<Due>(
            "UPDATE turn SET reconcile_at = tillpost_now() + interval '1 day' WHERE tenant_id IN (
               SELECT tenant_id FROM turn WHERE reconcile_at <= tillpost_now() ORDER BY reconcile_at LIMIT $1
                FOR UPDATE SKIP LOCKED)
             RETURNING tenant_id",
            vec![MOST.into()],
        )
        .await?;
    tx.commit().await?;
    let mut queued = 0;
    for tenant in due {
        if look_after(service, tenant.tenant_id).await? {
            service.ring_for(tenant.tenant_id, Urgency::Past).await;
            queued += 1;
        }
    }
    Ok(queued)
}

// Nothing is read where nothing of ours can be there, and no second look waits behind another.
async fn look_after(service: &Service, tenant: TenantId) -> Result<bool, Error> {
    let tx = service.tenant(tenant).await?;
    let connected = connection::current(&tx)
        .await?
        .filter(|row| row.state == "connected");
    let Some(connection) = connected else {
        return Ok(false);
    };
    let wanted = tx
        .query(
            "SELECT 1 WHERE EXISTS (SELECT 1 FROM journal_entry j WHERE {mine:j} AND j.company_id = $2 AND j.state = 'posted')
                AND NOT EXISTS (SELECT 1 FROM reconciliation r
                  WHERE {mine:r} AND r.company_id = $2 AND r.from_date IS NULL AND r.state IN ('queued', 'running', 'paused'))",
            vec![connection.company_id.clone().into()],
        )
        .await?;
    if wanted.is_empty() {
        return Ok(false);
    }
    queue(&tx, &connection.company_id, None, READS, audit::OURSELVES).await?;
    tx.commit().await?;
    Ok(true)
}
