//! The row of an open alert: opened, counted, brought up to date, closed; and told to the outside.

use super::tally::EXAMPLES;
use super::{Cause, kept};
use crate::error::Error;
use crate::problem::Code;
use crate::webhook::{self, Kind};
use chrono::{DateTime, Utc};
use entity::alert::{Column, Entity, Model};
use entity::id::{AlertId, EventId};
use entity::store::TenantTx;
use sea_orm::{ColumnTrait, FromQueryResult, QueryFilter};
use uuid::Uuid;

/// A condition that needs a person, as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition {
    pub(crate) cause: Cause,
    /// Of failed events that share an alert's code: their problem. Empty where the code says all.
    pub(crate) problem_code: String,
    /// What a person reads; empty keeps what an open alert says.
    pub(crate) detail: String,
    /// Sorted, each once.
    pub(crate) subjects: Vec<String>,
    /// Events that it keeps from the books.
    pub(crate) events: i64,
    pub(crate) examples: Vec<Uuid>,
    /// When it happened first and last, where it is less than the open alert says; none: as that says.
    pub(crate) seen: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

impl Condition {
    pub(crate) fn new(cause: Cause, detail: impl Into<String>) -> Self {
        Self {
            cause,
            problem_code: String::new(),
            detail: detail.into(),
            subjects: Vec::new(),
            events: 0,
            examples: Vec::new(),
            seen: None,
        }
    }

    /// The same, about these.
    pub(crate) fn about(self, subjects: Vec<String>) -> Self {
        Self { subjects, ..self }
    }

    /// Whether an open alert is of this condition.
    pub(crate) fn is_of(&self, row: &Model) -> bool {
        row.code == self.cause.code() && row.cause == self.problem_code
    }

    /// Whether an open alert says so already.
    fn is_told_by(&self, row: &Model) -> bool {
        (self.detail.is_empty() || row.detail == self.detail)
            && row.subjects == self.subjects
            && row.events == self.events
            && row.example_events == self.examples
    }
}

// What changes several alerts does so one transaction after another: two at once would wait for each other.
async fn one_at_a_time(tx: &TenantTx) -> Result<(), Error> {
    tx.execute(
        "SELECT pg_advisory_xact_lock(hashtext('alert'), hashtext($1::text)) FROM sync WHERE {mine}",
        vec![],
    )
    .await?;
    Ok(())
}

/// The tenant's open alerts.
pub(crate) async fn open_ones(tx: &TenantTx) -> Result<Vec<Model>, Error> {
    Ok(tx
        .all(tx.find::<Entity>().filter(Column::State.eq("open")))
        .await?)
}

/// A condition of the connection or the company has come up, or once more.
///
/// # Errors
/// The database's.
pub(crate) async fn open(tx: &TenantTx, cause: Cause, detail: &str) -> Result<(), Error> {
    let condition = Condition {
        examples: kept::examples(tx).await?,
        ..Condition::new(cause, detail)
    };
    let again = "occurrences = alert.occurrences + 1, last_seen_at = tillpost_now(), detail = excluded.detail,
           example_events = excluded.example_events";
    let found = upsert(tx, &condition, again, 1).await?;
    tell_opened(tx, found).await
}

/// QuickBooks was asked and did not answer well, or limits requests: where that has an open alert, it happened once more.
///
/// # Errors
/// The database's.
pub(crate) async fn in_vain(tx: &TenantTx) -> Result<(), Error> {
    one_at_a_time(tx).await?;
    let causes = [Cause::QuickbooksUnreachable, Cause::SyncStalled];
    let codes: Vec<String> = causes.map(|cause| cause.code().to_owned()).into();
    tx.execute(
        "UPDATE alert SET occurrences = occurrences + 1, last_seen_at = tillpost_now()
          WHERE {mine} AND state = 'open' AND code = ANY($2)",
        vec![codes.into()],
    )
    .await?;
    Ok(())
}

/// Events have failed with one problem, these one after another: its cause's alert is open, and has counted them.
///
/// # Errors
/// The database's.
pub(crate) async fn happened(
    tx: &TenantTx,
    problem: Code,
    detail: &str,
    events: &[EventId],
) -> Result<(), Error> {
    let (cause, problem_code) = of_problem(problem);
    let latest = events.iter().rev().take(EXAMPLES);
    let condition = Condition {
        problem_code,
        events: i64::try_from(events.len()).unwrap_or(i64::MAX),
        examples: latest.map(|event| event.0).collect(),
        ..Condition::new(cause, detail)
    };
    let found = upsert(
        tx,
        &condition,
        "occurrences = alert.occurrences + excluded.occurrences, last_seen_at = tillpost_now(),
           example_events = (excluded.example_events || ARRAY(
             SELECT known.id FROM unnest(alert.example_events) WITH ORDINALITY AS known(id, place)
              WHERE known.id <> ALL (excluded.example_events) ORDER BY known.place))[1:5]",
        condition.events,
    )
    .await?;
    tell_opened(tx, found).await
}

/// The cause that events with this problem are an alert of, and what tells two alerts of its code apart.
pub(crate) fn of_problem(problem: Code) -> (Cause, String) {
    match Cause::of_problem(problem) {
        Cause::EventsFailed => (Cause::EventsFailed, problem.as_str().to_owned()),
        cause => (cause, String::new()),
    }
}

/// The condition holds: its alert is open and says what is so now. Something new takes an acknowledgement back.
pub(crate) async fn holds(
    tx: &TenantTx,
    condition: &Condition,
    row: Option<&Model>,
) -> Result<(), Error> {
    if let Some(row) = row.filter(|row| condition.is_told_by(row)) {
        return match condition.cause.goes_on() {
            true => seen(tx, row.id).await,
            false => Ok(()),
        };
    }
    let found = upsert(
        tx,
        condition,
        "detail = coalesce(nullif(excluded.detail, ''), alert.detail), subjects = excluded.subjects, events = excluded.events,
           example_events = excluded.example_events,
           opened_at = greatest(alert.opened_at, $9),
           last_seen_at = CASE WHEN excluded.subjects <@ alert.subjects THEN coalesce($10, alert.last_seen_at) ELSE tillpost_now() END,
           acknowledged_at = CASE WHEN excluded.subjects <@ alert.subjects THEN alert.acknowledged_at END,
           acknowledged_by = CASE WHEN excluded.subjects <@ alert.subjects THEN alert.acknowledged_by END",
        1,
    )
    .await?;
    tell_opened(tx, found).await
}

// It is still so: noted once a minute.
async fn seen(tx: &TenantTx, id: AlertId) -> Result<(), Error> {
    one_at_a_time(tx).await?;
    tx.execute(
        "UPDATE alert SET last_seen_at = tillpost_now()
          WHERE {mine} AND id = $2 AND state = 'open' AND last_seen_at < tillpost_now() - interval '1 minute'",
        vec![id.into()],
    )
    .await?;
    Ok(())
}

/// The condition is gone.
pub(crate) async fn close(tx: &TenantTx, id: AlertId) -> Result<(), Error> {
    one_at_a_time(tx).await?;
    let closed = tx
        .query_as::<Model>(
            "UPDATE alert SET state = 'closed', closed_at = tillpost_now(), events = 0
              WHERE {mine} AND id = $2 AND state = 'open' RETURNING *",
            vec![id.into()],
        )
        .await?
        .pop();
    match closed {
        Some(row) => tell(tx, Kind::AlertClosed, row).await,
        // Somebody else has closed it, and told.
        None => Ok(()),
    }
}

/// The tenant ends, and nobody is told: all its alerts are closed.
pub(crate) async fn end(tx: &TenantTx) -> Result<(), Error> {
    one_at_a_time(tx).await?;
    tx.execute(
        "UPDATE alert SET state = 'closed', closed_at = tillpost_now() WHERE {mine} AND state = 'open'",
        vec![],
    )
    .await?;
    Ok(())
}

// The row, and whether it was made just now.
async fn upsert(
    tx: &TenantTx,
    condition: &Condition,
    if_open: &str,
    occurrences: i64,
) -> Result<Option<Model>, Error> {
    #[derive(FromQueryResult)]
    struct Found {
        id: AlertId,
        is_new: bool,
    }
    one_at_a_time(tx).await?;
    let found = tx
        .query_as::<Found>(
            &format!(
                "INSERT INTO alert (tenant_id, id, code, cause, detail, subjects, events, example_events, occurrences)
                 SELECT $1, $2, $3, $4, $5, $6, $7, $8, $11::bigint FROM (SELECT $9::timestamptz, $10::timestamptz) AS seen
                 ON CONFLICT (tenant_id, code, cause) WHERE state = 'open' DO UPDATE SET {if_open}
                 RETURNING id, (xmax = 0) AS is_new"
            ),
            vec![
                AlertId::new().into(),
                condition.cause.code().into(),
                condition.problem_code.clone().into(),
                condition.detail.clone().into(),
                condition.subjects.clone().into(),
                condition.events.into(),
                condition.examples.clone().into(),
                condition.seen.map(|(first, _)| first).into(),
                condition.seen.map(|(_, last)| last).into(),
                occurrences.into(),
            ],
        )
        .await?
        .pop();
    match found.filter(|found| found.is_new) {
        Some(found) => Ok(tx
            .one(tx.find::<Entity>().filter(Column::Id.eq(found.id)))
            .await?),
        None => Ok(None),
    }
}

async fn tell_opened(tx: &TenantTx, opened: Option<Model>) -> Result<(), Error> {
    match opened {
        Some(row) => tell(tx, Kind::AlertOpened, row).await,
        None => Ok(()),
    }
}

async fn tell(tx: &TenantTx, kind: Kind, row: Model) -> Result<(), Error> {
    let alert = kept::view_one(tx, row).await?;
    tracing::info!(tenant.id = %tx.tenant(), alert.id = %alert.id, "{}: {}", kind.as_str(), alert.code.code());
    webhook::record(
        tx,
        kind,
        serde_json::to_value(alert).map_err(Error::internal)?,
    )
    .await
}
