//! Retrying: failed events go back into the queue, where their entries are built anew with the mapping as it is then.

use crate::access::Caller;
use crate::error::Error;
use crate::event::history::{self, Change};
use crate::event::{self, Event, Happened};
use crate::{Service, audit, bell};
use entity::id::{EventId, TenantId};
use entity::store::TenantTx;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which failed events are retried.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryFailed {
    /// Only those with this problem; left out: all.
    #[schema(example = "missing_mappings")]
    pub problem_code: Option<String>,
}

/// How many events went back into the queue.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Retried {
    /// Events queued again.
    pub queued: u64,
}

const QUEUE_AGAIN: &str =
    "UPDATE event SET status = 'not_synced', due_at = tillpost_now(), retried_code = problem_code, problem_code = NULL,
   problem_detail = NULL, tries = 0, updated_at = tillpost_now()
  WHERE {mine} AND status = ";

/// Queues one event again: a failed or skipped one, or one that was never synced.
///
/// # Errors
/// [`Error::NotFound`]; `event_not_failed` where it is queued, under way or posted already.
pub async fn one(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    id: EventId,
) -> Result<Event, Error> {
    let tx = service.tenant(tenant).await?;
    let row = event::row(&tx, id).await?;
    if !matches!(row.status.as_str(), "failed" | "skipped" | "never_synced") {
        return Err(Error::conflict(
            "event_not_failed",
            format!("event {id} is {}: there is nothing to retry", row.status),
        ));
    }
    history::update(
        &tx,
        &format!("{QUEUE_AGAIN}$3 AND id = $2"),
        vec![id.into(), row.status.into()],
        Change::by(caller.actor(), Happened::Retried),
    )
    .await?;
    doubt_preferences(&tx, row.problem_code.as_deref()).await?;
    bell::wake(&tx).await?;
    audit::record(
        &tx,
        caller.actor(),
        "event.retried",
        &id.to_string(),
        serde_json::json!({}),
    )
    .await?;
    let row = event::row(&tx, id).await?;
    tx.commit().await?;
    service.ring(tenant).await;
    Ok(row.into())
}

/// Queues all failed events again, or those with one problem.
///
/// # Errors
/// The database does not answer.
pub async fn failed(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    request: RetryFailed,
) -> Result<Retried, Error> {
    let tx = service.tenant(tenant).await?;
    let queued = history::update(
        &tx,
        &format!("{QUEUE_AGAIN}'failed' AND ($2::text IS NULL OR problem_code = $2)"),
        vec![request.problem_code.clone().into()],
        Change::by(caller.actor(), Happened::Retried),
    )
    .await?;
    doubt_preferences(&tx, request.problem_code.as_deref().or(Some(CLOSED))).await?;
    bell::wake(&tx).await?;
    audit::record(
        &tx,
        caller.actor(),
        "event.failed_retried",
        &tenant.to_string(),
        serde_json::json!({ "problem_code": request.problem_code, "queued": queued }),
    )
    .await?;
    tx.commit().await?;
    service.ring(tenant).await;
    Ok(Retried { queued })
}

const CLOSED: &str = "closed_period";

// Somebody who retries after a closed period says that it was reopened: the closing date we hold is read again first.
async fn doubt_preferences(tx: &TenantTx, problem_code: Option<&str>) -> Result<(), Error> {
    if problem_code == Some(CLOSED) {
        tx.execute(
            "UPDATE connection SET preferences_stale = true WHERE {mine} AND is_current",
            vec![],
        )
        .await?;
    }
    Ok(())
}
