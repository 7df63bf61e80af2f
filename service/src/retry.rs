//! Retrying: failed events go back into the queue, where their entries are built anew with the mapping as it is then.

use crate::access::Caller;
use crate::error::Error;
use crate::event::history::{self, Change};
use crate::event::{self, Event, Happened};
use crate::fail_point::{FailPoint, reach};
use crate::problem::Code;
use crate::{Service, alert, audit, bell};
use entity::id::{EventId, TenantId};
use entity::store::TenantTx;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which failed events are retried.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryFailed {
    /// Only those with this problem; left out: all.
    #[schema(example = "missing_mappings", value_type = Option<Code>)]
    pub problem_code: Option<String>,
    /// Only those with one of these problems; left out: all.
    #[schema(value_type = Option<Vec<Code>>)]
    pub problem_codes: Option<Vec<String>>,
}

/// How many events went back into the queue.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Retried {
    /// Events queued again.
    pub queued: u64,
    /// The same by what was wrong with them.
    pub by_problem: Vec<RetriedProblem>,
}

/// How many events with one problem went back into the queue.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RetriedProblem {
    /// What was wrong with them.
    pub problem_code: Code,
    /// Events queued again.
    pub queued: u64,
    /// What to know of it: that a retry alone does not help, and what does.
    #[schema(example = "a retry alone does not help: Compare payments and lines at the till.")]
    pub advice: Option<String>,
}

/// An event that was queued again.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RetriedEvent {
    /// The event.
    #[serde(flatten)]
    pub event: Event,
    /// What to know of it: that a retry alone does not help, and what does.
    #[schema(example = "a retry alone does not help: Compare payments and lines at the till.")]
    pub advice: Option<String>,
}

const QUEUE_AGAIN: &str =
    "UPDATE event SET status = 'not_synced', due_at = tillpost_now(), retried_code = problem_code, problem_code = NULL,
   problem_detail = NULL, problem_facts = NULL, tries = 0, updated_at = tillpost_now()
  WHERE {mine} AND status = ";

/// Queues one event again: a failed or skipped one, or one that was never synced. Where a retry does not help by itself the
/// answer says so.
///
/// # Errors
/// [`Error::NotFound`]; `event_not_failed` where it is queued, under way or posted already.
pub async fn one(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    id: EventId,
) -> Result<RetriedEvent, Error> {
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
    let code = row.problem_code.as_deref().and_then(Code::read);
    believe(&tx, code.as_slice()).await?;
    audit::record(
        &tx,
        caller.actor(),
        "event.retried",
        &id.to_string(),
        serde_json::json!({}),
    )
    .await?;
    let row = event::row(&tx, id).await?;
    alert::review(&tx).await?;
    bell::wake(&tx).await?;
    reach(FailPoint::RetryBeforeCommit);
    tx.commit().await?;
    reach(FailPoint::RetryCommitted);
    service.ring(tenant).await;
    Ok(RetriedEvent {
        event: row.into(),
        advice: code.and_then(advice),
    })
}

/// Queues all failed events again, or those with some problems.
///
/// # Errors
/// `unknown_problem_code`, `two_filters`.
pub async fn failed(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    request: RetryFailed,
) -> Result<Retried, Error> {
    let codes = codes(&request)?;
    let names: Vec<String> = codes
        .iter()
        .flatten()
        .map(|code| code.as_str().to_owned())
        .collect();
    let tx = service.tenant(tenant).await?;
    let rows = history::update_counted(
        &tx,
        &format!("{QUEUE_AGAIN}'failed' AND ($3 OR problem_code = ANY($2))"),
        vec![names.clone().into(), codes.is_none().into()],
        Change::by(caller.actor(), Happened::Retried),
    )
    .await?;
    let by_problem: Vec<RetriedProblem> = rows
        .into_iter()
        .map(|row| {
            let code = Code::read(&row.code).unwrap_or(Code::Rejected);
            RetriedProblem {
                problem_code: code,
                queued: row.events.unsigned_abs(),
                advice: advice(code),
            }
        })
        .collect();
    let queued: u64 = by_problem.iter().map(|problem| problem.queued).sum();
    let lists = by_problem.iter().map(|problem| problem.problem_code);
    let retried: Vec<Code> = match codes {
        None => lists.chain([Code::ClosedPeriod]).collect(),
        Some(codes) => codes,
    };
    believe(&tx, &retried).await?;
    audit::record(
        &tx,
        caller.actor(),
        "event.failed_retried",
        &tenant.to_string(),
        serde_json::json!({ "problem_codes": names, "queued": queued }),
    )
    .await?;
    alert::review(&tx).await?;
    bell::wake(&tx).await?;
    reach(FailPoint::RetryBeforeCommit);
    tx.commit().await?;
    reach(FailPoint::RetryCommitted);
    service.ring(tenant).await;
    Ok(Retried { queued, by_problem })
}

// The codes a request asks for; none: every one.
fn codes(request: &RetryFailed) -> Result<Option<Vec<Code>>, Error> {
    let read = |name: &str, field: String| {
        Code::read(name).ok_or_else(|| {
            Error::invalid(
                "unknown_problem_code",
                field,
                format!(
                    "`{}` is no problem code; use one of {}",
                    name.chars().take(64).collect::<String>(),
                    Code::ALL.map(Code::as_str).join(", ")
                ),
            )
        })
    };
    match (&request.problem_code, &request.problem_codes) {
        (None, None) => Ok(None),
        (Some(name), None) => read(name, "problem_code".to_owned()).map(|code| Some(vec![code])),
        (None, Some(names)) => names
            .iter()
            .enumerate()
            .map(|(place, name)| read(name, format!("problem_codes[{place}]")))
            .collect::<Result<_, _>>()
            .map(Some),
        (Some(_), Some(_)) => Err(Error::invalid(
            "two_filters",
            "problem_code",
            "say either problem_code or problem_codes, not both",
        )),
    }
}

// Words for whoever retries what a retry alone does not cure.
fn advice(code: Code) -> Option<String> {
    let first = code.steps().first()?;
    (!code.retry_helps()).then(|| format!("a retry alone does not help: {first}"))
}

// Somebody who retries says that things are mended: what was refused for a cause that reaches further than one event is no
// longer taken as refused, and what changed in the company's lists is looked at first. A queue that is held is tried again at
// once, with one entry.
async fn believe(tx: &TenantTx, retried: &[Code]) -> Result<(), Error> {
    let reopened = retried.contains(&Code::ClosedPeriod);
    let is_of_lists = |code: &Code| matches!(code, Code::ReferenceMissing | Code::AccountInactive);
    tx.execute(
        "UPDATE connection SET held_until = CASE WHEN held_until IS NOT NULL THEN least(held_until, tillpost_now()) END,
           preferences_stale = preferences_stale OR $2,
           closed_through_refused = CASE WHEN NOT $2 THEN closed_through_refused END,
           lists_due_at = CASE WHEN $3 THEN least(lists_due_at, tillpost_now()) ELSE lists_due_at END
          WHERE {mine} AND is_current AND ($2 OR $3 OR held_until IS NOT NULL)",
        vec![
            reopened.into(),
            retried.iter().any(is_of_lists).into(),
        ],
    )
    .await?;
    Ok(())
}
