//! Looking after tenants nobody has served in time, so that a stall is noticed although no turn ends to tell of it.

use crate::Service;
use crate::error::Error;
use crate::{alert, sync};
use entity::id::TenantId;
use sea_orm::FromQueryResult;

/// A turn may be overdue for so long before somebody looks why.
const OVERDUE_MINUTES: i32 = 5;
/// Tenants looked after at once; the rest is found by the next look.
const MOST: i64 = 500;

/// Brings the alerts of every tenant whose turn is long overdue up to date; tells how many there are.
///
/// # Errors
/// The database does not answer.
pub async fn overdue(service: &Service) -> Result<usize, Error> {
    #[derive(FromQueryResult)]
    struct Overdue {
        tenant_id: TenantId,
    }
    let tx = service.store().platform().await?;
    let tenants = tx
        .query_as::<Overdue>(
            "SELECT tenant_id FROM turn WHERE due_at <= tillpost_now() - make_interval(mins => $1) ORDER BY due_at LIMIT $2",
            vec![OVERDUE_MINUTES.into(), MOST.into()],
        )
        .await?;
    drop(tx);
    for tenant in &tenants {
        let tx = service.tenant(tenant.tenant_id).await?;
        sync::note_queue(&tx).await?;
        alert::review(&tx).await?;
        tx.commit().await?;
    }
    Ok(tenants.len())
}
