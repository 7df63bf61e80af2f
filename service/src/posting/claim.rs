//! The queue's next slice: due events become sealed entries, or fail and are skipped with the reason.

use super::entry::{self, Sealed};
use super::known::Known;
use super::lease;
use super::{Turn, identity};
use crate::error::Error;
use crate::event::Happened;
use crate::event::history::{self, Change};
use crate::problem::{Finding, Names};
use crate::{alert, books, connection, sync};
use accounting::{Books, Journalized};
use chrono::NaiveDate;
use entity::event::Model as EventRow;
use entity::id::{EventId, JournalEntryId};
use entity::journal_entry::Model as EntryRow;
use entity::store::TenantTx;
use sea_orm::ActiveValue::{NotSet, Set};
use std::collections::HashMap;

/// A sealed entry that may be sent.
#[derive(Debug, Clone)]
pub(crate) struct Ready {
    pub(crate) id: JournalEntryId,
    pub(crate) event: EventId,
    pub(crate) number: String,
    pub(crate) request_id: String,
    pub(crate) body: Vec<u8>,
    pub(crate) content_hash: String,
    /// POSTs recorded so far.
    pub(crate) attempts: i32,
    /// Of this event, POSTs that were definitely not executed.
    pub(crate) tries: i32,
    /// The event's version that the entry was made of.
    pub(crate) version: i32,
    pub(crate) accounting_date: NaiveDate,
}

/// What a claim came to.
pub(crate) struct Claimed {
    pub(crate) ready: Vec<Ready>,
    /// Events that were taken from the queue, whatever became of them.
    pub(crate) taken: usize,
}

/// Takes the next slice of the queue, live events before past ones, in the order they occurred.
pub(crate) async fn slice(turn: &Turn<'_>) -> Result<Claimed, Error> {
    let none = Claimed {
        ready: Vec::new(),
        taken: 0,
    };
    let tx = turn.tx().await?;
    let sync = sync::row(&tx).await?;
    if !lease::holds(&tx, turn.lease).await? || !sync.running {
        return Ok(none);
    }
    if let Some(until) = turn.connection.held_until
        && until > tx.now().await?
    {
        return Ok(none);
    }
    // A company that did not answer well, or refused every entry, gets one, to see whether it takes it now.
    let on_trial = sync.waiting_code.as_deref() == Some(sync::UNAVAILABLE)
        || turn.connection.held_code.is_some();
    let slice = match on_trial {
        true => 1,
        false => turn.service.settings().posting.slice,
    };
    let events = tx
        .query_as::<EventRow>(
            "SELECT * FROM event WHERE {mine} AND status = 'not_synced' AND due_at <= tillpost_now()
              ORDER BY past, occurred_at, id LIMIT $2 FOR UPDATE SKIP LOCKED",
            vec![i64::try_from(slice).unwrap_or(i64::MAX).into()],
        )
        .await?;
    if events.is_empty() {
        return Ok(none);
    }
    // What the events are journalized with is read after them: whoever retried one first mended what it needs.
    let connection = connection::company(&tx).await?;
    if connection.preferences_stale || connection.company_id != turn.lease.company_id {
        return Ok(Claimed {
            taken: events.len(),
            ..none
        });
    }
    let books = books::read(&tx, &connection).await?;
    let mut entries = latest_entries(&tx, turn, &events).await?;
    let taken = events.len();
    let mut ready = Vec::with_capacity(taken);
    for event in events {
        let known = entries.remove(&event.id);
        if let Some(entry) = one(&tx, turn, &books, &event, known).await? {
            ready.push(entry);
        }
    }
    tx.commit().await?;
    Ok(Claimed { ready, taken })
}

// The latest generation of each event's entry in this company.
async fn latest_entries(
    tx: &TenantTx,
    turn: &Turn<'_>,
    events: &[EventRow],
) -> Result<HashMap<EventId, EntryRow>, Error> {
    let ids: Vec<uuid::Uuid> = events.iter().map(|event| event.id.0).collect();
    Ok(tx
        .query_as::<EntryRow>(
            "SELECT DISTINCT ON (event_id) * FROM journal_entry WHERE {mine} AND company_id = $2 AND event_id = ANY($3)
              ORDER BY event_id, generation DESC",
            vec![turn.lease.company_id.clone().into(), ids.into()],
        )
        .await?
        .into_iter()
        .map(|entry| (entry.event_id, entry))
        .collect())
}

async fn one(
    tx: &TenantTx,
    turn: &Turn<'_>,
    books: &Books,
    event: &EventRow,
    known: Option<EntryRow>,
) -> Result<Option<Ready>, Error> {
    let generation = match known {
        None => 1,
        Some(entry) => match Known::of(&entry.state, entry.event_version, event.version) {
            Known::Fresh => entry.generation + 1,
            Known::Again => return Ok(Some(again(entry, event))),
            Known::Outdated => {
                withdraw(tx, entry.id).await?;
                entry.generation + 1
            }
            Known::Posted => {
                set_synced(tx, event.id).await?;
                let detail = "its entry is in the books of this company already; nothing was sent";
                let change = Change {
                    detail: Some(detail),
                    ..Change::of_ours(Happened::Synced)
                };
                history::record(tx, event.id, change).await?;
                return Ok(None);
            }
            Known::PostedOtherwise => {
                let finding = Finding::already_posted(entry.event_version, event.version);
                fail(tx, event.id, &finding).await?;
                return Ok(None);
            }
            Known::InDoubt => {
                set_processing(tx, event.id).await?;
                return Ok(None);
            }
        },
    };
    match accounting::journalize_text(&event.body, books) {
        Ok(Journalized::Entry(entry)) => {
            let charset = entry::charset(&turn.connection);
            let sealed = entry::seal(event.id, &event.number, &entry, charset);
            insert(tx, turn, event, generation, entry.date(), sealed)
                .await
                .map(Some)
        }
        Ok(Journalized::Skipped(reason)) => {
            end(tx, event.id, "skipped", &Finding::of_skip(reason)).await?;
            Ok(None)
        }
        Err(refusal) => {
            let names = Names::of_refusal(tx, &turn.lease.company_id, &refusal).await?;
            fail(tx, event.id, &Finding::of_refusal(&refusal, &names)).await?;
            Ok(None)
        }
    }
}

fn again(entry: EntryRow, event: &EventRow) -> Ready {
    Ready {
        id: entry.id,
        event: entry.event_id,
        number: entry.number,
        request_id: entry.request_id,
        body: entry.body,
        content_hash: entry.content_hash,
        attempts: entry.attempts,
        tries: event.tries,
        version: event.version,
        accounting_date: entry.accounting_date,
    }
}

async fn insert(
    tx: &TenantTx,
    turn: &Turn<'_>,
    event: &EventRow,
    generation: i32,
    accounting_date: NaiveDate,
    sealed: Sealed,
) -> Result<Ready, Error> {
    let id = JournalEntryId::new();
    let environment = turn.service.settings().environment.as_str();
    let request_id = identity::request_id(
        environment,
        turn.tenant,
        &turn.lease.company_id,
        event.id,
        generation,
    );
    tx.insert(entity::journal_entry::ActiveModel {
        tenant_id: Set(turn.tenant),
        id: Set(id),
        event_id: Set(event.id),
        event_version: Set(event.version),
        company_id: Set(turn.lease.company_id.clone()),
        generation: Set(generation),
        request_id: Set(request_id.clone()),
        number: Set(event.number.clone()),
        accounting_date: Set(accounting_date),
        body: Set(sealed.body.clone()),
        content_hash: Set(sealed.content_hash.clone()),
        state: Set("sealed".to_owned()),
        absences: NotSet,
        due_at: NotSet,
        attempts: NotSet,
        qbo_id: NotSet,
        sealed_at: NotSet,
        settled_at: NotSet,
    })
    .await?;
    Ok(Ready {
        id,
        event: event.id,
        number: event.number.clone(),
        request_id,
        body: sealed.body,
        content_hash: sealed.content_hash,
        attempts: 0,
        tries: event.tries,
        version: event.version,
        accounting_date,
    })
}

async fn withdraw(tx: &TenantTx, entry: JournalEntryId) -> Result<(), Error> {
    tx.execute(
        "UPDATE journal_entry SET state = 'withdrawn', settled_at = tillpost_now() WHERE {mine} AND id = $2",
        vec![entry.into()],
    )
    .await?;
    Ok(())
}

/// A person must act: the event fails, and they are told.
pub(crate) async fn fail(tx: &TenantTx, event: EventId, finding: &Finding) -> Result<(), Error> {
    end(tx, event, "failed", finding).await?;
    tell(tx, event, finding).await
}

/// Ends an event with what was found.
pub(crate) async fn end(
    tx: &TenantTx,
    event: EventId,
    status: &str,
    finding: &Finding,
) -> Result<(), Error> {
    let what = if status == "failed" {
        Happened::Failed
    } else {
        Happened::Skipped
    };
    let facts = serde_json::to_value(&finding.facts).map_err(Error::internal)?;
    history::update(
        tx,
        "UPDATE event SET status = $3, due_at = NULL, problem_code = $4, problem_detail = $5, problem_facts = $6,
           retried_code = NULL, updated_at = tillpost_now()
          WHERE {mine} AND id = $2 AND status IN ('not_synced', 'processing')",
        vec![
            event.into(),
            status.into(),
            finding.code.as_str().into(),
            finding.detail.clone().into(),
            facts.into(),
        ],
        Change {
            code: Some(finding.code.as_str()),
            detail: Some(&finding.detail),
            ..Change::of_ours(what)
        },
    )
    .await?;
    Ok(())
}

/// Tells people of an event that failed. Last in a transaction: whoever opens an alert holds its row.
pub(crate) async fn tell(tx: &TenantTx, event: EventId, finding: &Finding) -> Result<(), Error> {
    alert::happened(tx, finding.code, &finding.detail, event).await
}

/// The event's entry is in the books.
pub(crate) async fn set_synced(tx: &TenantTx, event: EventId) -> Result<(), Error> {
    tx.execute(
        "UPDATE event SET status = 'synced', due_at = NULL, problem_code = NULL, problem_detail = NULL,
           problem_facts = NULL, synced_at = tillpost_now(), retried_code = NULL, updated_at = tillpost_now() WHERE {mine} AND id = $2",
        vec![event.into()],
    )
    .await?;
    Ok(())
}

async fn set_processing(tx: &TenantTx, event: EventId) -> Result<(), Error> {
    tx.execute(
        "UPDATE event SET status = 'processing', due_at = NULL, updated_at = tillpost_now() WHERE {mine} AND id = $2",
        vec![event.into()],
    )
    .await?;
    Ok(())
}
