//! The tenant's switch: posting events as they come, and what a person sees of it.

use crate::access::Caller;
use crate::alert;
use crate::connection::{self, refusal};
use crate::error::Error;
use crate::{Service, audit, bell, event, mapping, readiness, webhook};
use chrono::{DateTime, Utc};
use entity::id::{AlertId, TenantId};
use entity::store::TenantTx;
use entity::sync::{Entity, Model};
use sea_orm::FromQueryResult;
use serde::Serialize;
use utoipa::ToSchema;

/// Where the sync stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SyncState)]
pub enum State {
    /// Off: new events are kept, none is posted.
    Stopped,
    /// On.
    Running,
    /// On, but a person must act before anything is posted.
    ActionRequired,
}

/// The sync of a tenant.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Sync {
    /// Where it stands.
    pub state: State,
    /// What a person reads: "Things are good", or the most important thing to do.
    #[schema(example = "Things are good")]
    pub message: String,
    /// The most important of the open alerts, which the message speaks of where the sync runs.
    pub alert: Option<AlertId>,
    /// How many alerts are open.
    pub alerts: usize,
    /// Why events wait although the sync runs; stable. None while nothing is in the way.
    #[schema(example = "throttled")]
    pub waiting: Option<String>,
    /// When events are tried again, while they wait.
    pub waiting_until: Option<DateTime<Utc>>,
    /// The line of Start Sync: events from before it are not queued by themselves.
    pub started_at: Option<DateTime<Utc>>,
    /// When an entry was posted last.
    pub last_success_at: Option<DateTime<Utc>>,
    /// When the oldest event that waits in the queue occurred.
    pub oldest_waiting_at: Option<DateTime<Utc>>,
    /// Events by status.
    pub events: Counts,
}

/// Events by status.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Counts {
    /// Known, not queued.
    pub never_synced: i64,
    /// Queued.
    pub not_synced: i64,
    /// Under way.
    pub processing: i64,
    /// In the books.
    pub synced: i64,
    /// A person must act.
    pub failed: i64,
    /// Nothing to post.
    pub skipped: i64,
}

/// The sync as it stands.
///
/// # Errors
/// The database does not answer.
pub async fn read(service: &Service, tenant: TenantId) -> Result<Sync, Error> {
    let tx = service.tenant(tenant).await?;
    let sync = view(&tx).await?;
    // Counts may have been folded.
    tx.commit().await?;
    Ok(sync)
}

/// Starts posting: queued events go out, and events that occur from now on are queued as they come. Starting again while it
/// runs changes nothing, except that a company that refused us, or every entry, is tried again.
///
/// # Errors
/// `not_connected`.
pub async fn start(service: &Service, caller: &Caller, tenant: TenantId) -> Result<Sync, Error> {
    let tx = service.tenant(tenant).await?;
    lock(&tx).await?;
    let company = connection::company(&tx).await?;
    if company.state == "disconnected" {
        return Err(Error::conflict(
            "not_connected",
            "the QuickBooks company is disconnected; connect it again first",
        ));
    }
    // The person says that it is mended; whether it is, one request tells.
    tx.execute(
        "UPDATE connection SET held_until = tillpost_now(), held_times = CASE WHEN state = 'action_required' THEN 0 ELSE held_times END
          WHERE {mine} AND id = $2 AND held_until > tillpost_now()",
        vec![company.id.into()],
    )
    .await?;
    let started = tx
        .execute(
            "UPDATE sync SET running = true, started_at = tillpost_now(), stopped_at = NULL WHERE {mine} AND NOT running",
            vec![],
        )
        .await?;
    if started.rows_affected() > 0 {
        webhook::sync_changed(&tx).await?;
        audit::record(
            &tx,
            caller.actor(),
            "sync.started",
            &tenant.to_string(),
            serde_json::json!({}),
        )
        .await?;
    }
    bell::wake(&tx).await?;
    let sync = view(&tx).await?;
    tx.commit().await?;
    service.ring(tenant).await;
    Ok(sync)
}

/// Pauses the queue; what is under way is settled, and nothing is lost. Stopping again changes nothing.
///
/// # Errors
/// The database does not answer.
pub async fn stop(service: &Service, caller: &Caller, tenant: TenantId) -> Result<Sync, Error> {
    let tx = service.tenant(tenant).await?;
    lock(&tx).await?;
    let stopped = tx
        .execute(
            "UPDATE sync SET running = false, stopped_at = tillpost_now() WHERE {mine} AND running",
            vec![],
        )
        .await?;
    if stopped.rows_affected() > 0 {
        webhook::sync_changed(&tx).await?;
        audit::record(
            &tx,
            caller.actor(),
            "sync.stopped",
            &tenant.to_string(),
            serde_json::json!({}),
        )
        .await?;
    }
    let sync = view(&tx).await?;
    tx.commit().await?;
    Ok(sync)
}

/// Makes whoever takes events in, starts, stops or connects wait for this transaction.
pub(crate) async fn lock(tx: &TenantTx) -> Result<(), Error> {
    tx.query("SELECT 1 FROM sync WHERE {mine} FOR UPDATE", vec![])
        .await?;
    Ok(())
}

pub(crate) async fn row(tx: &TenantTx) -> Result<Model, Error> {
    tx.one(tx.find::<Entity>()).await?.ok_or(Error::NotFound)
}

async fn view(tx: &TenantTx) -> Result<Sync, Error> {
    let row = row(tx).await?;
    let connection = connection::current(tx).await?;
    let events = counts(tx).await?;
    let open = alert::open_by_importance(tx).await?;
    let alerts = open.len();
    let alert = open.into_iter().next();
    let in_doubt = in_doubt_until(tx).await?;
    let halted = connection
        .as_ref()
        .filter(|connection| connection.state == "action_required");
    let waiting = halted
        .and_then(|connection| connection.problem_code.clone())
        .or_else(|| row.waiting_code.clone())
        .filter(|_| events.not_synced + events.processing > 0)
        .or_else(|| in_doubt.map(|_| IN_DOUBT.to_owned()));
    let state = match (row.running, halted) {
        (false, _) => State::Stopped,
        (true, Some(_)) => State::ActionRequired,
        (true, None) => State::Running,
    };
    let nothing_mapped = match &connection {
        Some(connection) => !mapping::is_begun(tx, &connection.company_id).await?,
        None => false,
    };
    let message = match (&connection, halted) {
        (None, _) => "Connect QuickBooks to begin.".to_owned(),
        (Some(connection), _) if connection.state == "disconnected" => {
            refusal::in_the_way(connection).unwrap_or_default()
        }
        (_, Some(connection)) => refusal::in_the_way(connection).unwrap_or_default(),
        _ if !row.running => "The sync is stopped: start it to post events.".to_owned(),
        _ if alert.is_some() => alert.as_ref().map(alert::Alert::to_do).unwrap_or_default(),
        _ if events.failed > 0 => format!(
            "{} failed {} and can be retried: the reason is mended.",
            events.failed,
            if events.failed == 1 { "event waits" } else { "events wait" }
        ),
        _ => match waiting.as_deref() {
            Some(IN_DOUBT) => {
                "The answer to a posting was lost; it is looked up in QuickBooks before anything is sent again.".to_owned()
            }
            Some("throttled") => {
                "QuickBooks is limiting requests; posting goes on by itself.".to_owned()
            }
            Some(_) => "QuickBooks does not answer well at the moment; posting goes on by itself."
                .to_owned(),
            None if nothing_mapped => readiness::NOTHING_MAPPED.to_owned(),
            None => "Things are good".to_owned(),
        },
    };
    Ok(Sync {
        state,
        alert: alert.map(|alert| alert.id),
        alerts,
        message,
        waiting_until: match waiting.as_deref() {
            None => None,
            Some(IN_DOUBT) => in_doubt,
            Some(_) => match halted {
                Some(connection) => refusal::asked_again_at(connection),
                None => row.waiting_until,
            },
        },
        waiting,
        started_at: row.started_at,
        last_success_at: row.last_success_at,
        oldest_waiting_at: oldest_waiting(tx).await?,
        events,
    })
}

/// An outcome is unknown, and is looked up when it has had its time.
const IN_DOUBT: &str = "looking_up";

async fn in_doubt_until(tx: &TenantTx) -> Result<Option<DateTime<Utc>>, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        due_at: Option<DateTime<Utc>>,
    }
    Ok(tx
        .query_as::<Row>(
            "SELECT min(j.due_at) AS due_at FROM journal_entry j JOIN connection c
               ON {mine:c} AND c.is_current AND c.company_id = j.company_id
              WHERE {mine:j} AND j.state = 'unknown'",
            vec![],
        )
        .await?
        .pop()
        .and_then(|row| row.due_at))
}

async fn counts(tx: &TenantTx) -> Result<Counts, Error> {
    let mut counts = Counts::default();
    for row in event::counts::read(tx).await?.statuses {
        match row.status.as_str() {
            "never_synced" => counts.never_synced = row.events,
            "not_synced" => counts.not_synced = row.events,
            "processing" => counts.processing = row.events,
            "synced" => counts.synced = row.events,
            "failed" => counts.failed = row.events,
            _ => counts.skipped = row.events,
        }
    }
    Ok(counts)
}

async fn oldest_waiting(tx: &TenantTx) -> Result<Option<DateTime<Utc>>, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        oldest: Option<DateTime<Utc>>,
    }
    Ok(tx
        .query_as::<Row>(
            // The queue's index holds live events before past ones: its two beginnings are looked at.
            "SELECT min(first.occurred_at) AS oldest FROM (VALUES (false), (true)) AS part(past), LATERAL
               (SELECT e.occurred_at FROM event e WHERE {mine:e} AND e.status = 'not_synced' AND e.past = part.past
                 ORDER BY e.occurred_at, e.id LIMIT 1) AS first",
            vec![],
        )
        .await?
        .pop()
        .and_then(|row| row.oldest))
}

/// What a person is told while QuickBooks does not answer well.
pub(crate) const UNAVAILABLE: &str = "quickbooks_unavailable";

/// Remembers why queued events wait, and since when, for the person who looks.
pub(crate) async fn waits(tx: &TenantTx, code: &str, until: DateTime<Utc>) -> Result<(), Error> {
    tx.execute(
        "UPDATE sync SET waiting_since = CASE WHEN waiting_code = $2 THEN coalesce(waiting_since, tillpost_now()) ELSE tillpost_now() END,
           waiting_code = $2, waiting_until = $3 WHERE {mine}",
        vec![code.into(), until.into()],
    )
    .await?;
    Ok(())
}

/// [`waits`], since QuickBooks did not answer well or limits requests; an alert that is open for it counts once more.
pub(crate) async fn waits_in_vain(
    tx: &TenantTx,
    code: &str,
    until: DateTime<Utc>,
) -> Result<(), Error> {
    waits(tx, code, until).await?;
    alert::in_vain(tx).await
}

/// An entry was posted: nothing is in the way. Where that is known, it is noted once a second: requests that are settled side
/// by side would wait for each other at this row.
pub(crate) async fn succeeds(tx: &TenantTx) -> Result<(), Error> {
    tx.execute(
        "UPDATE sync SET last_success_at = tillpost_now(), waiting_code = NULL, waiting_until = NULL,
           waiting_since = NULL
          WHERE {mine} AND (waiting_code IS NOT NULL OR coalesce(last_success_at < tillpost_now() - interval '1 second', true))",
        vec![],
    )
    .await?;
    Ok(())
}

/// Notes since when the queue has not been empty: a stall is told by it.
pub(crate) async fn note_queue(tx: &TenantTx) -> Result<(), Error> {
    tx.execute(
        "UPDATE sync SET queue_since = CASE WHEN queue.waits THEN coalesce(queue_since, tillpost_now()) END
           FROM (SELECT EXISTS (SELECT FROM event WHERE {mine} AND status IN ('not_synced', 'processing')) AS waits) AS queue
          WHERE {mine} AND (queue_since IS NOT NULL) <> queue.waits",
        vec![],
    )
    .await?;
    Ok(())
}
