//! What became of an event, in order of time. What its row, its entries and their attempts tell is taken from there; what
//! would be lost, since a row only says how things are, is written to `event_change` in the transaction of the fact.

use super::JournalEntry;
use crate::error::Error;
use chrono::{DateTime, Utc};
use entity::event::Model;
use entity::event_change;
use entity::id::{EventId, JournalEntryId, PastSyncId};
use entity::store::TenantTx;
use sea_orm::{ColumnTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Value};
use serde::Serialize;
use utoipa::ToSchema;

/// Records that are told, the latest; the first, that the event was taken in, is always told.
const RECORDS_MAX: usize = 200;

/// What happened to an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Happened {
    /// It came, and was stored.
    TakenIn,
    /// Another body came under its identity.
    Replaced,
    /// It was put into the queue as it came, or by a past sync.
    Queued,
    /// It was put into the queue again.
    Retried,
    /// It was taken out of the queue.
    Unqueued,
    /// Its entry was sent to QuickBooks; `code` is the outcome.
    Attempted,
    /// Its entry is in the books.
    Synced,
    /// A person must act; `code` is the problem's.
    Failed,
    /// There was nothing to post; `code` says why.
    Skipped,
    /// The tenant went to another company, in which the event was still to come.
    CompanyLeft,
}

/// One thing that happened to an event.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HistoryRecord {
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub what: Happened,
    /// Who: a key's id, or `platform`; none where the product did it by itself, or where it was not kept.
    #[schema(example = "key_01jd5zk8x9e3qr0v7m2c4n6p8t")]
    pub by: Option<String>,
    /// The problem's code, or the outcome of an attempt; stable.
    #[schema(example = "posted")]
    pub code: Option<String>,
    /// In words of that time.
    pub detail: Option<String>,
    /// The past sync that put it into the queue, or took it out.
    pub past_sync_id: Option<PastSyncId>,
    /// The entry that was sent or is in the books.
    pub journal_entry_id: Option<JournalEntryId>,
    /// The entry's id in QuickBooks.
    #[schema(example = "228")]
    pub qbo_id: Option<String>,
    /// What QuickBooks answered an attempt with.
    #[schema(example = 200)]
    pub http_status: Option<i32>,
    /// Intuit's id of the exchange, for their support.
    pub intuit_tid: Option<String>,
}

impl HistoryRecord {
    /// Something that happened, and nothing more of it.
    #[must_use]
    pub fn new(at: DateTime<Utc>, what: Happened) -> Self {
        Self {
            at,
            what,
            by: None,
            code: None,
            detail: None,
            past_sync_id: None,
            journal_entry_id: None,
            qbo_id: None,
            http_status: None,
            intuit_tid: None,
        }
    }
}

/// A fact of an event that its row does not keep.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change<'a> {
    pub(crate) what: Happened,
    /// Who; none: the product by itself.
    pub(crate) actor: Option<&'a str>,
    pub(crate) code: Option<&'a str>,
    pub(crate) detail: Option<&'a str>,
    pub(crate) past_sync: Option<PastSyncId>,
}

impl<'a> Change<'a> {
    /// What somebody did.
    pub(crate) fn by(actor: &'a str, what: Happened) -> Self {
        Self {
            actor: Some(actor),
            ..Self::of_ours(what)
        }
    }

    /// What the product did by itself.
    pub(crate) fn of_ours(what: Happened) -> Self {
        Self {
            what,
            actor: None,
            code: None,
            detail: None,
            past_sync: None,
        }
    }
}

/// Runs an `UPDATE event … WHERE {mine} …` and records the same fact of each event it changed; tells how many.
///
/// # Errors
/// The database's.
pub(crate) async fn update(
    tx: &TenantTx,
    update: &str,
    mut values: Vec<Value>,
    change: Change<'_>,
) -> Result<u64, Error> {
    let first = values.len() + 2;
    values.extend(bound(change));
    let sql = format!(
        "WITH changed AS ({update} RETURNING id)
         INSERT INTO event_change (tenant_id, event_id, change, actor, code, detail, past_sync_id)
           SELECT $1, id, ${first}, ${}, ${}, ${}, ${} FROM changed",
        first + 1,
        first + 2,
        first + 3,
        first + 4
    );
    Ok(tx.execute(&sql, values).await?.rows_affected())
}

/// As [`update`], of an `UPDATE event e … WHERE {mine:e} …` that says of each what is wrong with it, which is recorded of each;
/// tells which it changed.
///
/// # Errors
/// The database's.
pub(crate) async fn update_each(
    tx: &TenantTx,
    update: &str,
    mut values: Vec<Value>,
    what: Happened,
) -> Result<Vec<EventId>, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        event_id: EventId,
    }
    let place = values.len() + 2;
    values.push(name(what).into());
    let sql = format!(
        "WITH changed AS ({update} RETURNING e.id, e.problem_code, e.problem_detail)
         INSERT INTO event_change (tenant_id, event_id, change, code, detail)
           SELECT $1, id, ${place}, problem_code, problem_detail FROM changed RETURNING event_id"
    );
    let changed = tx.query_as::<Row>(&sql, values).await?;
    Ok(changed.into_iter().map(|row| row.event_id).collect())
}

/// What was wrong with events that were changed, and how many had it.
#[derive(Debug, FromQueryResult)]
pub(crate) struct Counted {
    pub(crate) code: String,
    pub(crate) events: i64,
}

/// As [`update`], of an update that keeps what was wrong as `retried_code`; tells how many by that.
///
/// # Errors
/// The database's.
pub(crate) async fn update_counted(
    tx: &TenantTx,
    update: &str,
    mut values: Vec<Value>,
    change: Change<'_>,
) -> Result<Vec<Counted>, Error> {
    let first = values.len() + 2;
    values.extend(bound(change));
    let sql = format!(
        "WITH changed AS ({update} RETURNING id, retried_code),
         recorded AS (INSERT INTO event_change (tenant_id, event_id, change, actor, code, detail, past_sync_id)
           SELECT $1, id, ${first}, ${}, ${}, ${}, ${} FROM changed)
         SELECT retried_code AS code, count(*) AS events FROM changed GROUP BY retried_code ORDER BY retried_code",
        first + 1,
        first + 2,
        first + 3,
        first + 4
    );
    Ok(tx.query_as(&sql, values).await?)
}

/// Records a fact of one event.
///
/// # Errors
/// The database's.
pub(crate) async fn record(tx: &TenantTx, event: EventId, change: Change<'_>) -> Result<(), Error> {
    let mut values = vec![event.into()];
    values.extend(bound(change));
    tx.execute(
        "INSERT INTO event_change (tenant_id, event_id, change, actor, code, detail, past_sync_id)
           VALUES ($1, $2, $3, $4, $5, $6, $7)",
        values,
    )
    .await?;
    Ok(())
}

fn bound(change: Change<'_>) -> [Value; 5] {
    let text = |text: Option<&str>| text.map(str::to_owned).into();
    [
        name(change.what).into(),
        text(change.actor),
        text(change.code),
        text(change.detail),
        change.past_sync.map(|id| id.0).into(),
    ]
}

// What a change can be has its name in the table.
fn name(what: Happened) -> &'static str {
    match what {
        Happened::TakenIn => "taken_in",
        Happened::Replaced => "replaced",
        Happened::Queued => "queued",
        Happened::Retried => "retried",
        Happened::Unqueued => "unqueued",
        Happened::Attempted => "attempted",
        Happened::Synced => "synced",
        Happened::Failed => "failed",
        Happened::Skipped => "skipped",
        Happened::CompanyLeft => "company_left",
    }
}

/// The history of an event, from what is kept of it.
pub(super) async fn read(
    tx: &TenantTx,
    event: &Model,
    entries: &[JournalEntry],
) -> Result<Vec<HistoryRecord>, Error> {
    let changes = tx
        .all(
            tx.find::<event_change::Entity>()
                .filter(event_change::Column::EventId.eq(event.id))
                .order_by_desc(event_change::Column::Id)
                .limit(RECORDS_MAX as u64),
        )
        .await?;
    Ok(told(event, entries, changes))
}

fn told(
    event: &Model,
    entries: &[JournalEntry],
    changes: Vec<event_change::Model>,
) -> Vec<HistoryRecord> {
    let mut records = Vec::new();
    if event.queued_on_intake {
        records.push(HistoryRecord {
            by: event.taken_in_by.clone(),
            ..HistoryRecord::new(event.taken_in_at, Happened::Queued)
        });
    }
    for entry in entries {
        records.extend(of_entry(entry));
    }
    records.extend(changes.into_iter().rev().filter_map(of_change));
    // What happened at one instant happened in the order of its kinds.
    records.sort_by_key(|record| (record.at, record.what));
    let over = records.len().saturating_sub(RECORDS_MAX - 1);
    records.drain(..over);
    records.insert(
        0,
        HistoryRecord {
            by: event.taken_in_by.clone(),
            ..HistoryRecord::new(event.taken_in_at, Happened::TakenIn)
        },
    );
    records
}

fn of_entry(entry: &JournalEntry) -> impl Iterator<Item = HistoryRecord> {
    let attempts = entry.attempts.iter().map(|attempt| HistoryRecord {
        code: attempt.outcome.clone(),
        detail: attempt.detail.clone(),
        journal_entry_id: Some(entry.id),
        http_status: attempt.http_status,
        intuit_tid: attempt.intuit_tid.clone(),
        ..HistoryRecord::new(attempt.started_at, Happened::Attempted)
    });
    let synced = entry.qbo_id.as_ref().zip(entry.settled_at);
    attempts.chain(synced.map(|(qbo_id, at)| HistoryRecord {
        journal_entry_id: Some(entry.id),
        qbo_id: Some(qbo_id.clone()),
        ..HistoryRecord::new(at, Happened::Synced)
    }))
}

fn of_change(row: event_change::Model) -> Option<HistoryRecord> {
    let what = match row.change.as_str() {
        "queued" => Happened::Queued,
        "retried" => Happened::Retried,
        "unqueued" => Happened::Unqueued,
        "failed" => Happened::Failed,
        "skipped" => Happened::Skipped,
        "replaced" => Happened::Replaced,
        "synced" => Happened::Synced,
        "company_left" => Happened::CompanyLeft,
        _ => return None,
    };
    Some(HistoryRecord {
        by: row.actor,
        code: row.code,
        detail: row.detail,
        past_sync_id: row.past_sync_id,
        ..HistoryRecord::new(row.recorded_at, what)
    })
}
