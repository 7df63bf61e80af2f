//! The queue's next slice: due events become entries, or fail and are skipped with the reason.
//!
//! An entry's bytes are fixed when it is kept. Where its number is looked up before it is sent, that is here; elsewhere it is kept
//! with its intent, which saves a version of its row and a transaction: until then nobody but this turn knows of it, and whoever
//! claims its event next makes another.

use super::drive::Told;
use super::entry::{self, Sealed};
use super::{Turn, change, identity, lease};
use crate::error::Error;
use crate::event::Happened;
use crate::event::history::{self, Change};
use crate::fail_point::{FailPoint, reach};
use crate::problem::{Code, Finding, Names};
use crate::{alert, books, connection, sync, webhook};
use accounting::posting::{
    BatchName, Candidate, Claimed, EntryChange, EntryState, EventChange, Heard, Known,
};
use accounting::{Books, Journalized};
use chrono::{NaiveDate, TimeDelta};
use entity::event::Model as EventRow;
use entity::id::{EventId, JournalEntryId};
use entity::journal_entry::Model as EntryRow;
use entity::store::TenantTx;
use std::collections::{BTreeMap, HashMap};

/// How long a closing date is believed where something is dated by it.
const CLOSED_BELIEVED: TimeDelta = TimeDelta::minutes(5);

/// An entry that may be sent.
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
    /// The name it was intended under, where that was as an item of a batch.
    pub(crate) batch: Option<BatchName>,
    /// Whether a past sync queued the event.
    pub(crate) past: bool,
    /// The generation it is to be kept as, with its intent; none where it is kept.
    pub(crate) unkept: Option<i32>,
}

impl Ready {
    fn candidate(&self) -> Candidate<JournalEntryId> {
        Candidate {
            key: self.id,
            request_id: self.request_id.clone(),
            attempts: u32::try_from(self.attempts).unwrap_or_default(),
            batch: self.batch.clone(),
            past: self.past,
        }
    }
}

/// Takes the next slice of the queue, live events before past ones, in the order they occurred.
pub(super) async fn slice(turn: &mut Turn<'_>, most: usize) -> Result<Told, Error> {
    let nothing = |taken| {
        Heard::Claimed(Claimed {
            taken,
            ready: Vec::new(),
            guards_numbers: true,
        })
    };
    let tx = turn.tx().await?;
    let sync = sync::row(&tx).await?;
    if !lease::holds(&tx, turn.lease).await? || !sync.running {
        return Ok(Heard::Lost);
    }
    if let Some(until) = turn.connection.held_until
        && until > tx.now().await?
    {
        return Ok(nothing(0));
    }
    // A company that did not answer well, or refused us or every entry, gets one, to see whether it takes it now.
    let on_trial = sync.waiting_code.as_deref() == Some(sync::UNAVAILABLE)
        || turn.connection.held_code.is_some();
    turn.on_trial = on_trial;
    let most = if on_trial { 1 } else { most };
    let events = due(&tx, turn, most).await?;
    if events.is_empty() {
        return Ok(nothing(0));
    }
    reach(FailPoint::ClaimRead);
    // What the events are journalized with is read after them: whoever retried one first mended what it needs.
    let connection = connection::company(&tx).await?;
    if connection.preferences_stale || connection.company_id != turn.lease.company_id {
        return Ok(nothing(events.len()));
    }
    let books = books::read(&tx, &connection).await?;
    // What a closing date does to an entry is for good, so it is believed only for a moment: the books may be open again.
    let is_closed = |event: &EventRow| Some(event.business_date) <= books.closing_date;
    if events.iter().any(is_closed)
        && connection.preferences_read_at + CLOSED_BELIEVED < tx.now().await?
    {
        connection::doubt_preferences(&tx, connection.id).await?;
        tx.commit().await?;
        return Ok(nothing(events.len()));
    }
    let mut entries = latest_entries(&tx, turn, &events).await?;
    let names = Names::of_unusable(&tx, &turn.lease.company_id, &books).await?;
    let taken = events.len();
    let mut ready = Vec::with_capacity(taken);
    let mut ended = Vec::new();
    let mut generations = Vec::new();
    for event in events {
        let known = entries.remove(&event.id);
        match one(&tx, turn, &books, &names, &event, known).await? {
            Made::Nothing => {}
            Made::Ended(ending, finding) => ended.push((event.id, ending, *finding)),
            Made::Again(entry) => ready.push(entry),
            Made::New(entry, generation) => {
                generations.push((ready.len(), generation));
                ready.push(entry);
            }
        }
    }
    if turn.connection.guards_numbers {
        for (place, generation) in generations {
            if let Some(entry) = ready.get_mut(place) {
                entry.unkept = Some(generation);
            }
        }
    } else {
        let new: Vec<New<'_>> = generations
            .into_iter()
            .filter_map(|(place, generation)| Some((ready.get(place)?, generation, None)))
            .collect();
        keep(&tx, turn, EntryState::Sealed, &new).await?;
    }
    end_together(&tx, &ended).await?;
    reach(FailPoint::SealBeforeCommit);
    tx.commit().await?;
    reach(FailPoint::SealCommitted);
    let claimed = Claimed {
        taken,
        ready: ready.iter().map(Ready::candidate).collect(),
        guards_numbers: turn.connection.guards_numbers,
    };
    turn.claimed(ready);
    Ok(Heard::Claimed(claimed))
}

// Live events alone, or past ones alone.
async fn due(tx: &TenantTx, turn: &Turn<'_>, most: usize) -> Result<Vec<EventRow>, Error> {
    let posting = &turn.service.settings().posting;
    let kinds: &[(bool, u64)] = match turn.is_aside {
        true => &[(false, posting.slice)],
        false => &[(false, posting.slice), (true, posting.backlog)],
    };
    for (past, slice) in kinds {
        let most = u64::try_from(most).unwrap_or(u64::MAX).min(*slice);
        let events = tx
            .query_as::<EventRow>(
                "SELECT * FROM event WHERE {mine} AND status = 'not_synced' AND past = $2 AND due_at <= tillpost_now()
                  ORDER BY occurred_at, id LIMIT $3 FOR UPDATE SKIP LOCKED",
                vec![(*past).into(), i64::try_from(most).unwrap_or(i64::MAX).into()],
            )
            .await?;
        if !events.is_empty() {
            return Ok(events);
        }
    }
    Ok(Vec::new())
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

/// What was made of an event.
enum Made {
    /// No entry: it is in the books, or waits.
    Nothing,
    /// No entry: it is to end like this.
    Ended(EventChange, Box<Finding>),
    /// The entry that was sealed before.
    Again(Ready),
    /// An entry of this generation, to be kept.
    New(Ready, i32),
}

async fn one(
    tx: &TenantTx,
    turn: &Turn<'_>,
    books: &Books,
    names: &Names,
    event: &EventRow,
    known: Option<EntryRow>,
) -> Result<Made, Error> {
    let generation = Known::next_generation(known.as_ref().map(|entry| entry.generation));
    if let Some(entry) = known {
        let state = EntryState::read(&entry.state)
            .ok_or_else(|| Error::internal(format!("an entry is {}", entry.state)))?;
        match Known::of(state, entry.event_version, event.version) {
            Known::Fresh => {}
            Known::Again => return Ok(Made::Again(again(entry, event))),
            Known::Outdated => {
                change::entries(tx, &[entry.id], EntryChange::Withdraw, &[]).await?;
            }
            Known::Posted => {
                change::synced(tx, &[event.id]).await?;
                let detail = "its entry is in the books of this company already; nothing was sent";
                let change = Change {
                    detail: Some(detail),
                    ..Change::of_ours(Happened::Synced)
                };
                history::record(tx, event.id, change).await?;
                return Ok(Made::Nothing);
            }
            Known::PostedOtherwise => {
                let finding = Finding::already_posted(entry.event_version, event.version);
                return Ok(Made::Ended(EventChange::Fail, Box::new(finding)));
            }
            Known::InDoubt => {
                change::events(tx, &[event.id], EventChange::Await, None).await?;
                return Ok(Made::Nothing);
            }
        }
    }
    match accounting::journalize_text(&event.body, books) {
        Ok(Journalized::Entry(entry)) => {
            let charset = entry::charset(&turn.connection);
            let sealed = entry::seal(event.id, &event.number, &entry, charset);
            Ok(Made::New(
                sealed_anew(turn, event, generation, entry.date(), sealed),
                generation,
            ))
        }
        Ok(Journalized::Skipped(reason)) => {
            let finding = Finding::of_skip(reason);
            Ok(Made::Ended(EventChange::Skip, Box::new(finding)))
        }
        Err(refusal) => {
            let finding = Finding::of_refusal(&refusal, names);
            Ok(Made::Ended(EventChange::Fail, Box::new(finding)))
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
        batch: batch_name(entry.batch_request_id, entry.batch_item_id),
        past: event.past,
        unkept: None,
    }
}

fn batch_name(request_id: Option<String>, item_id: Option<String>) -> Option<BatchName> {
    Some(BatchName {
        request_id: request_id?,
        item_id: item_id?,
    })
}

fn sealed_anew(
    turn: &Turn<'_>,
    event: &EventRow,
    generation: i32,
    accounting_date: NaiveDate,
    sealed: Sealed,
) -> Ready {
    let environment = turn.service.settings().environment.as_str();
    Ready {
        id: JournalEntryId::new(),
        event: event.id,
        number: event.number.clone(),
        request_id: identity::request_id(
            environment,
            turn.tenant,
            &turn.lease.company_id,
            event.id,
            generation,
        ),
        body: sealed.body,
        content_hash: sealed.content_hash,
        attempts: 0,
        tries: event.tries,
        version: event.version,
        accounting_date,
        batch: None,
        past: event.past,
        unkept: None,
    }
}

/// An entry to be kept: the entry, its generation, and the name it goes out under as an item.
pub(super) type New<'a> = (&'a Ready, i32, Option<BatchName>);

/// Keeps entries, in this state: their bytes are fixed from here on.
pub(super) async fn keep(
    tx: &TenantTx,
    turn: &Turn<'_>,
    state: EntryState,
    new: &[New<'_>],
) -> Result<(), Error> {
    if new.is_empty() {
        return Ok(());
    }
    let texts = |of: fn(&Ready) -> &String| -> Vec<String> {
        new.iter().map(|(entry, ..)| of(entry).clone()).collect()
    };
    let names = |of: fn(&BatchName) -> &String| -> Vec<String> {
        let of = |(_, _, name): &New<'_>| name.as_ref().map(of).cloned().unwrap_or_default();
        new.iter().map(of).collect()
    };
    let numbers = |of: fn(&New<'_>) -> i32| -> Vec<i32> { new.iter().map(of).collect() };
    let dates: Vec<NaiveDate> = new
        .iter()
        .map(|(entry, ..)| entry.accounting_date)
        .collect();
    let bodies: Vec<Vec<u8>> = new.iter().map(|(entry, ..)| entry.body.clone()).collect();
    let attempts = i32::from(state == EntryState::Sending);
    tx.execute(
        "INSERT INTO journal_entry (tenant_id, company_id, state, attempts, id, event_id, event_version, generation, request_id,
           number, accounting_date, body, content_hash, batch_request_id, batch_item_id)
         SELECT $1, $2, $3, $4, n.id, n.event_id, n.event_version, n.generation, n.request_id, n.number, n.accounting_date, n.body,
           n.content_hash, nullif(n.batch_request_id, ''), nullif(n.batch_item_id, '')
           FROM unnest($5::uuid[], $6::uuid[], $7::int[], $8::int[], $9::text[], $10::text[], $11::date[], $12::bytea[],
             $13::text[], $14::text[], $15::text[])
             AS n(id, event_id, event_version, generation, request_id, number, accounting_date, body, content_hash,
               batch_request_id, batch_item_id)",
        vec![
            turn.lease.company_id.clone().into(),
            state.as_str().into(),
            attempts.into(),
            new.iter().map(|(entry, ..)| entry.id.0).collect::<Vec<_>>().into(),
            new.iter().map(|(entry, ..)| entry.event.0).collect::<Vec<_>>().into(),
            numbers(|(entry, ..)| entry.version).into(),
            numbers(|(_, generation, _)| *generation).into(),
            texts(|entry| &entry.request_id).into(),
            texts(|entry| &entry.number).into(),
            dates.into(),
            bodies.into(),
            texts(|entry| &entry.content_hash).into(),
            names(|name| &name.request_id).into(),
            names(|name| &name.item_id).into(),
        ],
    )
    .await?;
    Ok(())
}

/// A person must act: the event fails, and they are told.
pub(crate) async fn fail(tx: &TenantTx, event: EventId, finding: &Finding) -> Result<(), Error> {
    end(tx, event, EventChange::Fail, finding).await?;
    tell(tx, event, finding).await
}

/// Ends an event with what was found.
pub(crate) async fn end(
    tx: &TenantTx,
    event: EventId,
    ending: EventChange,
    finding: &Finding,
) -> Result<(), Error> {
    end_each(tx, ending, &[(event, finding)]).await
}

/// Tells people of an event that failed. Last in a transaction: whoever opens an alert holds its row.
pub(crate) async fn tell(tx: &TenantTx, event: EventId, finding: &Finding) -> Result<(), Error> {
    alert::happened(tx, finding.code, &finding.detail, &[event]).await
}

// Ends events, each with what was found; people are told of those that failed, a problem at a time. A backlog fails by one
// cause, and what it costs must not grow with statements.
async fn end_together(
    tx: &TenantTx,
    ended: &[(EventId, EventChange, Finding)],
) -> Result<(), Error> {
    let of = |wanted: EventChange| -> Vec<(EventId, &Finding)> {
        let those = ended.iter().filter(|(_, ending, _)| *ending == wanted);
        those.map(|(event, _, finding)| (*event, finding)).collect()
    };
    end_each(tx, EventChange::Skip, &of(EventChange::Skip)).await?;
    let failed = of(EventChange::Fail);
    end_each(tx, EventChange::Fail, &failed).await?;
    let mut problems: BTreeMap<Code, (&str, Vec<EventId>)> = BTreeMap::new();
    for (event, finding) in failed {
        let told = problems.entry(finding.code);
        let (_, events) = told.or_insert_with(|| (&finding.detail, Vec::new()));
        events.push(event);
    }
    for (code, (detail, events)) in problems {
        alert::happened(tx, code, detail, &events).await?;
    }
    Ok(())
}

async fn end_each(
    tx: &TenantTx,
    ending: EventChange,
    ended: &[(EventId, &Finding)],
) -> Result<(), Error> {
    if ended.is_empty() {
        return Ok(());
    }
    let what = if ending == EventChange::Fail {
        Happened::Failed
    } else {
        Happened::Skipped
    };
    let facts: Vec<String> = ended
        .iter()
        .map(|(_, finding)| serde_json::to_string(&finding.facts))
        .collect::<Result<_, _>>()
        .map_err(Error::internal)?;
    let texts = |of: fn(&Finding) -> &str| -> Vec<String> {
        ended
            .iter()
            .map(|(_, finding)| of(finding).to_owned())
            .collect()
    };
    let changed = history::update_each(
        tx,
        "UPDATE event e SET status = $2, due_at = NULL, problem_code = c.code, problem_detail = c.detail,
           problem_facts = c.facts::jsonb, retried_code = NULL, updated_at = tillpost_now()
          FROM unnest($3::uuid[], $4::text[], $5::text[], $6::text[]) AS c(id, code, detail, facts)
          WHERE {mine:e} AND e.id = c.id AND array_position($7, e.status) IS NOT NULL",
        vec![
            ending.to().as_str().into(),
            ended.iter().map(|(event, _)| event.0).collect::<Vec<_>>().into(),
            texts(|finding| finding.code.as_str()).into(),
            texts(|finding| &finding.detail).into(),
            facts.into(),
            change::statuses(ending.from()).into(),
        ],
        what,
    )
    .await?;
    webhook::events(tx, &changed).await
}
