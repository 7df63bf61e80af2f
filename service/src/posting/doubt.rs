//! What is in doubt: attempts that a dead holder left behind, outcomes nobody knows, and numbers somebody else may hold.

use super::claim::{self, Ready};
use super::entry::is_ours;
use super::lease::{self, Lease};
use super::{Round, Turn, settle};
use crate::error::Error;
use crate::problem::Finding;
use crate::sync;
use accounting::posting::{self, AfterLookUp, Found, Waits};
use entity::id::EventId;
use entity::journal_entry::Model as EntryRow;
use entity::store::TenantTx;
use quickbooks::PostedEntry;
use std::time::Duration;

/// Entries looked up by one query.
const LOOK_UP_MOST: i64 = 30;

/// A new holder takes over: whatever was being sent has an unknown outcome, to be looked up when it has had its time.
pub(crate) async fn recover(tx: &TenantTx, lease: &Lease, waits: &Waits) -> Result<(), Error> {
    let left = tx
        .execute(
            "UPDATE journal_entry j SET state = 'unknown', absences = 0, due_at = a.send_not_after + make_interval(secs => $3)
               FROM attempt a
              WHERE {mine:j} AND {mine:a} AND a.journal_entry_id = j.id AND a.number = j.attempts
                AND j.company_id = $2 AND j.state = 'sending'",
            vec![lease.company_id.clone().into(), posting::abandoned(waits).as_secs_f64().into()],
        )
        .await?;
    if left.rows_affected() == 0 {
        return Ok(());
    }
    tracing::warn!(tenant.id = %lease.tenant, "{} attempts of a dead holder are to be looked up", left.rows_affected());
    tx.execute(
        "UPDATE attempt a SET finished_at = tillpost_now(), outcome = 'abandoned' FROM journal_entry j
          WHERE {mine:a} AND {mine:j} AND a.journal_entry_id = j.id AND j.company_id = $2 AND j.state = 'unknown'
            AND a.finished_at IS NULL",
        vec![lease.company_id.clone().into()],
    )
    .await?;
    Ok(())
}

/// Looks up the unknown outcomes whose time has come, all with one query.
pub(crate) async fn look_up(turn: &Turn<'_>) -> Result<Round, Error> {
    let tx = turn.tx().await?;
    let due = tx
        .query_as::<EntryRow>(
            "SELECT * FROM journal_entry WHERE {mine} AND company_id = $2 AND state = 'unknown' AND due_at <= tillpost_now()
              ORDER BY due_at LIMIT $3",
            vec![turn.lease.company_id.clone().into(), LOOK_UP_MOST.into()],
        )
        .await?;
    drop(tx);
    if due.is_empty() {
        return Ok(Round::More);
    }
    let numbers: Vec<&str> = due.iter().map(|entry| entry.number.as_str()).collect();
    let found = match query(turn, &numbers).await? {
        Ok(found) => found,
        Err(end) => return Ok(end),
    };
    let tx = turn.tx().await?;
    if !lease::holds(&tx, turn.lease).await? {
        return Ok(Round::Done);
    }
    for entry in failures_last(&due, |entry| {
        compare(&found, entry.event_id, &entry.number, &entry.content_hash).0
    }) {
        let (what, holder) = compare(&found, entry.event_id, &entry.number, &entry.content_hash);
        let absences = u8::try_from(entry.absences).unwrap_or(u8::MAX);
        match posting::after_look_up(what, absences, &turn.waits) {
            AfterLookUp::Settle => {
                let id = holder.map(|holder| holder.id.clone()).unwrap_or_default();
                settle::found(&tx, turn, entry.id, entry.event_id, &id).await?;
            }
            AfterLookUp::NumberTaken => {
                number_taken(&tx, entry.id, entry.event_id, &entry.number, holder).await?
            }
            AfterLookUp::LookAgain { after } => {
                tx.execute(
                    "UPDATE journal_entry SET absences = absences + 1, due_at = tillpost_now() + make_interval(secs => $3)
                      WHERE {mine} AND id = $2",
                    vec![entry.id.into(), after.as_secs_f64().into()],
                )
                .await?;
            }
            AfterLookUp::Send => {
                tx.execute(
                    "UPDATE journal_entry SET state = 'sealed', due_at = NULL, absences = 0 WHERE {mine} AND id = $2",
                    vec![entry.id.into()],
                )
                .await?;
                settle::queue_again(&tx, entry.event_id, Duration::ZERO).await?;
            }
        }
    }
    tx.commit().await?;
    Ok(Round::More)
}

/// A number may belong to an entry that was in the books before us. Where the company does not refuse a taken number
/// itself, each entry is looked up before it is sent for the first time, a slice with one query.
pub(crate) async fn before_first_send(
    turn: &Turn<'_>,
    ready: Vec<Ready>,
) -> Result<Result<Vec<Ready>, Round>, Error> {
    let fresh: Vec<&str> = ready
        .iter()
        .filter(|entry| entry.attempts == 0)
        .map(|entry| entry.number.as_str())
        .collect();
    if turn.connection.guards_numbers || fresh.is_empty() {
        return Ok(Ok(ready));
    }
    let found = match query(turn, &fresh).await? {
        Ok(found) => found,
        Err(end) => return Ok(Err(end)),
    };
    if found.is_empty() {
        return Ok(Ok(ready));
    }
    let tx = turn.tx().await?;
    if !lease::holds(&tx, turn.lease).await? {
        return Ok(Err(Round::Done));
    }
    let mut unsent = Vec::with_capacity(ready.len());
    for entry in failures_last(&ready, |entry| {
        compare(&found, entry.event, &entry.number, &entry.content_hash).0
    }) {
        let (what, holder) = compare(&found, entry.event, &entry.number, &entry.content_hash);
        match posting::before_first_send(what) {
            _ if entry.attempts > 0 => unsent.push(entry.clone()),
            AfterLookUp::Settle => {
                let id = holder.map(|holder| holder.id.clone()).unwrap_or_default();
                settle::found(&tx, turn, entry.id, entry.event, &id).await?;
            }
            AfterLookUp::NumberTaken => {
                number_taken(&tx, entry.id, entry.event, &entry.number, holder).await?
            }
            AfterLookUp::Send | AfterLookUp::LookAgain { .. } => unsent.push(entry.clone()),
        }
    }
    tx.commit().await?;
    Ok(Ok(unsent))
}

async fn query(
    turn: &Turn<'_>,
    numbers: &[&str],
) -> Result<Result<Vec<PostedEntry>, Round>, Error> {
    if !turn.may_ask().await {
        return Ok(Err(Round::Done));
    }
    match turn.company().journal_entries_numbered(numbers).await {
        Ok(answer) => Ok(Ok(answer.value)),
        Err(failure) => Ok(Err(settle::trouble(turn, &failure).await?)),
    }
}

// A failure locks its alert, which everybody locks after the sync and the connection that a success writes to.
fn failures_last<T>(entries: &[T], what: impl Fn(&T) -> Found) -> Vec<&T> {
    let mut ordered: Vec<&T> = entries.iter().collect();
    ordered.sort_by_key(|entry| what(entry) == Found::Foreign);
    ordered
}

// Ours wins over a foreign one with the same number: an entry of ours in the books is a fact, whoever else uses its number.
fn compare<'a>(
    found: &'a [PostedEntry],
    event: EventId,
    number: &str,
    content_hash: &str,
) -> (Found, Option<&'a PostedEntry>) {
    let holders = || {
        found
            .iter()
            .filter(|entry| entry.document_number.as_deref() == Some(number))
    };
    if let Some(ours) = holders().find(|entry| is_ours(entry, event, number, content_hash)) {
        return (Found::Ours, Some(ours));
    }
    match holders().next() {
        Some(foreign) => (Found::Foreign, Some(foreign)),
        None => (Found::Nothing, None),
    }
}

async fn number_taken(
    tx: &TenantTx,
    entry: entity::id::JournalEntryId,
    event: EventId,
    number: &str,
    holder: Option<&PostedEntry>,
) -> Result<(), Error> {
    tx.execute(
        "UPDATE journal_entry SET state = 'rejected', due_at = NULL, settled_at = tillpost_now() WHERE {mine} AND id = $2",
        vec![entry.into()],
    )
    .await?;
    claim::fail(tx, event, &Finding::number_taken(number, holder)).await
}

/// Leaves the company alone for a while, and tells a person why where there is something to tell.
pub(crate) async fn wait(
    turn: &Turn<'_>,
    code: Option<&str>,
    wait: Duration,
) -> Result<Round, Error> {
    let tx = turn.tx().await?;
    let until = tx.now().await?
        + chrono::TimeDelta::from_std(wait).unwrap_or(chrono::TimeDelta::minutes(5));
    if lease::throttle(&tx, turn.lease, until).await? {
        if let Some(code) = code {
            sync::waits(&tx, code, until).await?;
        }
        tx.commit().await?;
    }
    Ok(Round::Done)
}
