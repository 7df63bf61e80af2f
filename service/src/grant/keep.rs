//! Grants that are due are looked at: the successor of a token in use is fetched ahead, a grant that nobody uses is kept alive,
//! and a person hears in time of one that ends.

use super::step::{Step, Want, step};
use super::{find, refresh};
use crate::alert::Cause;
use crate::error::Error;
use crate::{Service, connection, posting};
use chrono::{DateTime, Utc};
use entity::id::{ConnectionId, TenantId};
use entity::store::TenantTx;
use futures::StreamExt;
use sea_orm::FromQueryResult;
use tokio_util::sync::CancellationToken;

/// Grants looked at by one look; the rest is found by the next.
const MOST: i64 = 200;
/// Grants refreshed at once: the token endpoint is everybody's.
const AT_ONCE: usize = 8;

#[derive(Debug, FromQueryResult)]
struct Due {
    tenant_id: TenantId,
    connection_id: ConnectionId,
}

/// Looks at the grants that are due, until `stop`; tells how many there were. Several processes may do so at once: a refresh is
/// made by one of them. Grants of tenants that are suspended wait until they are not.
///
/// # Errors
/// The database does not answer. What goes wrong with one grant is logged and does not keep the others.
pub async fn look_after(service: &Service, stop: &CancellationToken) -> Result<usize, Error> {
    let tx = service.store().platform().await?;
    let due = tx
        .query_as::<Due>(
            "SELECT g.tenant_id, g.connection_id FROM connection_grant g JOIN tenant t ON t.tenant_id = g.tenant_id
              WHERE g.due_at <= tillpost_now() AND t.status = 'active' ORDER BY g.due_at LIMIT $1",
            vec![MOST.into()],
        )
        .await?;
    drop(tx);
    let found = due.len();
    futures::stream::iter(due)
        .take_while(|_| std::future::ready(!stop.is_cancelled()))
        .for_each_concurrent(AT_ONCE, |due| async move {
            if let Err(error) = look(service, &due).await {
                tracing::warn!(tenant.id = %due.tenant_id, "a grant that is due could not be looked at: {error}");
            }
        })
        .await;
    Ok(found)
}

async fn look(service: &Service, due: &Due) -> Result<(), Error> {
    let tx = service.tenant(due.tenant_id).await?;
    let Some(row) = find(&tx, due.connection_id).await? else {
        return Ok(());
    };
    if !posting::is_served(&tx).await? {
        return Ok(());
    }
    let step = if is_of_use(&tx, due.connection_id).await? {
        step(&row, Want::Due, tx.now().await?)
    } else {
        Step::Ended
    };
    match step {
        Step::Use | Step::Wait => Ok(()),
        Step::Ended => set_due(tx, due.connection_id, row.version, None).await,
        Step::Later(until) => set_due(tx, due.connection_id, row.version, Some(until)).await,
        Step::Refresh { left_behind } => {
            match refresh::claim(service, tx, &row, left_behind).await? {
                Some(claim) => refresh::run(service, claim).await,
                // Another process has it.
                None => Ok(()),
            }
        }
    }
}

// A person who connects again brings a grant of their own; a lapsed subscription will want this one.
async fn is_of_use(tx: &TenantTx, id: ConnectionId) -> Result<bool, Error> {
    Ok(connection::current(tx).await?.is_some_and(|row| {
        row.id == id
            && row.state != "disconnected"
            && row.problem_code.as_deref() != Some(Cause::AuthenticationLost.code())
    }))
}

async fn set_due(
    tx: TenantTx,
    connection: ConnectionId,
    version: i64,
    due_at: Option<DateTime<Utc>>,
) -> Result<(), Error> {
    tx.execute(
        "UPDATE connection_grant SET due_at = $4
          WHERE {mine} AND connection_id = $2 AND version = $3 AND ended_at IS NULL",
        vec![connection.into(), version.into(), due_at.into()],
    )
    .await?;
    Ok(tx.commit().await?)
}
