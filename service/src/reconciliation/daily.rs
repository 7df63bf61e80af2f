//! The daily look at every connected company: over the books, where entries of ours are in them, and at QuickBooks' lists, where
//! nothing was posted that has looked already. Each is one metered read of what changed.

use super::queue;
use crate::bell::{self, Urgency};
use crate::error::Error;
use crate::{Service, audit, chart, connection};
use entity::id::TenantId;
use entity::store::TenantTx;
use sea_orm::FromQueryResult;

/// Tenants looked after at once; the rest is found by the next look.
const MOST: i64 = 200;
/// Reads a daily look may use in a day, should more have changed than can be told.
const READS: u32 = 25;

/// Queues the daily look of every tenant whose time has come; tells over how many books. Tenants' times are spread as they
/// began, and only some are taken at once, so that no two of them wait for each other long.
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
        let looks = look_after(service, tenant.tenant_id).await?;
        if looks.books || looks.lists {
            service.ring_for(tenant.tenant_id, Urgency::Past).await;
        }
        queued += usize::from(looks.books);
    }
    Ok(queued)
}

/// What is looked at.
#[derive(Default)]
struct Looks {
    books: bool,
    lists: bool,
}

async fn look_after(service: &Service, tenant: TenantId) -> Result<Looks, Error> {
    let tx = service.tenant(tenant).await?;
    let connected = connection::current(&tx)
        .await?
        .filter(|row| row.state == "connected");
    let Some(connection) = connected else {
        return Ok(Looks::default());
    };
    let looks = Looks {
        books: is_wanted(&tx, &connection.company_id).await?,
        lists: chart::look_today(&tx, connection.id).await?,
    };
    if looks.books {
        queue(&tx, &connection.company_id, None, READS, audit::OURSELVES).await?;
    }
    if looks.lists {
        bell::wake_for(&tx, Urgency::Past).await?;
    }
    tx.commit().await?;
    Ok(looks)
}

// The books are not read where nothing of ours can be there, and no second look waits behind another.
async fn is_wanted(tx: &TenantTx, company_id: &str) -> Result<bool, Error> {
    let wanted = tx
        .query(
            "SELECT 1 WHERE EXISTS (SELECT 1 FROM journal_entry j WHERE {mine:j} AND j.company_id = $2 AND j.state = 'posted')
                AND NOT EXISTS (SELECT 1 FROM reconciliation r
                  WHERE {mine:r} AND r.company_id = $2 AND r.from_date IS NULL AND r.state IN ('queued', 'running', 'paused'))",
            vec![company_id.into()],
        )
        .await?;
    Ok(!wanted.is_empty())
}
