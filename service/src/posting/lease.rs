//! One holder a company: a lease on the database's clock, and a fence that every settle checks.

use crate::Service;
use crate::error::Error;
use accounting::posting::{LeaseChange, LeaseGuard};
use chrono::{DateTime, Utc};
use entity::id::TenantId;
use entity::store::TenantTx;
use sea_orm::FromQueryResult;
use std::future::Future;

/// The right to post to a company, until it expires or somebody else holds a higher fence.
#[derive(Debug, Clone)]
pub(crate) struct Lease {
    pub(crate) tenant: TenantId,
    pub(crate) company_id: String,
    pub(crate) holder: String,
    pub(crate) fence: i64,
}

// What must be true of the row; the fence and its holder are the third and fourth parameter.
fn condition(guard: LeaseGuard) -> &'static str {
    match guard {
        LeaseGuard::Expired => "company_lease.expires_at <= tillpost_now()",
        LeaseGuard::Fence => "fence = $3 AND holder = $4",
    }
}

/// Takes the company's lease with a new fence; `None` while another holder's has not expired.
pub(crate) async fn take(
    tx: &TenantTx,
    service: &Service,
    company_id: &str,
    holder: &str,
) -> Result<Option<Lease>, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        fence: i64,
    }
    // A holder is one turn, not one process: the same process taking it again fences its own stragglers too.
    let holder = format!("{holder}/{}", uuid::Uuid::now_v7());
    let taken = tx
        .query_as::<Row>(
            &format!(
                "INSERT INTO company_lease (tenant_id, company_id, holder, fence, expires_at)
                 VALUES ($1, $2, $3, $5, tillpost_now() + make_interval(secs => $4))
                 ON CONFLICT (tenant_id, company_id) DO UPDATE SET holder = excluded.holder, fence = company_lease.fence + $5,
                   expires_at = excluded.expires_at
                   WHERE {}
                 RETURNING fence",
                condition(LeaseChange::Take.guard())
            ),
            vec![
                company_id.into(),
                holder.clone().into(),
                service.settings().posting.lease.as_secs_f64().into(),
                LeaseChange::Take.raises_fence().into(),
            ],
        )
        .await?
        .pop();
    Ok(taken.map(|row| Lease {
        tenant: tx.tenant(),
        company_id: company_id.to_owned(),
        holder,
        fence: row.fence,
    }))
}

/// Whether the lease still has the highest fence; holds that true until the transaction ends.
pub(crate) async fn holds(tx: &TenantTx, lease: &Lease) -> Result<bool, Error> {
    Ok(!tx
        .query(
            &format!(
                "SELECT 1 FROM company_lease WHERE {{mine}} AND company_id = $2 AND {} FOR SHARE",
                condition(LeaseGuard::Fence)
            ),
            vec![
                lease.company_id.clone().into(),
                lease.fence.into(),
                lease.holder.clone().into(),
            ],
        )
        .await?
        .is_empty())
}

/// Prolongs the lease; false where it was lost.
pub(crate) async fn prolong(
    tx: &TenantTx,
    service: &Service,
    lease: &Lease,
) -> Result<bool, Error> {
    let done = tx
        .execute(
            &format!(
                "UPDATE company_lease SET expires_at = tillpost_now() + make_interval(secs => $5)
                  WHERE {{mine}} AND company_id = $2 AND {}",
                condition(LeaseChange::Prolong.guard())
            ),
            vec![
                lease.company_id.clone().into(),
                lease.fence.into(),
                lease.holder.clone().into(),
                service.settings().posting.lease.as_secs_f64().into(),
            ],
        )
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Runs a turn's work while its lease is prolonged beside it, a quarter of the lease apart.
pub(crate) async fn renewed<T>(
    service: &Service,
    lease: &Lease,
    work: impl Future<Output = T>,
) -> T {
    let every = service.settings().posting.lease / 4;
    let renew = async {
        loop {
            tokio::time::sleep(every).await;
            match renew_once(service, lease).await {
                Ok(true) => {}
                // The fence stops what we would still write; the send gate what we would still send.
                Ok(false) => {
                    tracing::warn!(tenant.id = %lease.tenant, "the company's lease was lost")
                }
                Err(error) => {
                    tracing::warn!(tenant.id = %lease.tenant, "the company's lease was not prolonged: {error}")
                }
            }
        }
    };
    tokio::select! {
        biased;
        done = work => done,
        () = renew => unreachable!("renewing never ends"),
    }
}

async fn renew_once(service: &Service, lease: &Lease) -> Result<bool, Error> {
    let tx = service.tenant(lease.tenant).await?;
    let held = prolong(&tx, service, lease).await?;
    tx.commit().await?;
    Ok(held)
}

/// Gives the company up, for the next turn to take at once; false where it was lost already.
pub(crate) async fn give_back(tx: &TenantTx, lease: &Lease) -> Result<bool, Error> {
    let done = tx
        .execute(
            &format!(
                "UPDATE company_lease SET expires_at = tillpost_now()
                  WHERE {{mine}} AND company_id = $2 AND {}",
                condition(LeaseChange::GiveBack.guard())
            ),
            vec![
                lease.company_id.clone().into(),
                lease.fence.into(),
                lease.holder.clone().into(),
            ],
        )
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Leaves the company alone until then; false where the lease was lost, and nothing is said.
pub(crate) async fn throttle(
    tx: &TenantTx,
    lease: &Lease,
    until: DateTime<Utc>,
) -> Result<bool, Error> {
    let done = tx
        .execute(
            &format!(
                "UPDATE company_lease SET throttled_until = greatest(throttled_until, $5)
                  WHERE {{mine}} AND company_id = $2 AND {}",
                condition(LeaseChange::Throttle.guard())
            ),
            vec![
                lease.company_id.clone().into(),
                lease.fence.into(),
                lease.holder.clone().into(),
                until.into(),
            ],
        )
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Whether the company is to be left alone now.
pub(crate) async fn is_throttled(tx: &TenantTx, lease: &Lease) -> Result<bool, Error> {
    Ok(!tx
        .query(
            "SELECT 1 FROM company_lease WHERE {mine} AND company_id = $2 AND throttled_until > tillpost_now()",
            vec![lease.company_id.clone().into()],
        )
        .await?
        .is_empty())
}
