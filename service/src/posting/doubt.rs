//! What is in doubt: attempts that a dead holder left behind, outcomes nobody knows, and numbers somebody else may hold.

use super::drive::Told;
use super::entry::is_ours;
use super::lease::{self, Lease};
use super::{Turn, change, claim, patience, settle};
use crate::Service;
use crate::error::Error;
use crate::fail_point::{FailPoint, reach};
use crate::problem::Finding;
use accounting::posting::{Doubt, EntryChange, EntryState, EventChange, Found, Heard, Settlement};
use entity::id::{EventId, JournalEntryId};
use entity::journal_entry::Model as EntryRow;
use entity::store::TenantTx;
use quickbooks::PostedEntry;
use std::time::Duration;

/// What is looked for in the books.
#[derive(Debug, Clone)]
pub(crate) struct Sought {
    pub(crate) event: EventId,
    pub(crate) number: String,
    pub(crate) content_hash: String,
}

// States as they stand in a statement, not as its parameters: a plan that is made once serves all their values, and could then
// not use the index of what is in doubt, but would read every entry there is.
fn listed(states: &[EntryState]) -> String {
    let names: Vec<String> = states
        .iter()
        .map(|state| format!("'{}'", state.as_str()))
        .collect();
    names.join(", ")
}

/// A new holder takes over: whatever was being sent has an unknown outcome, to be looked up when it has had its time.
pub(super) async fn take_over(
    service: &Service,
    lease: &Lease,
    after: Duration,
) -> Result<Told, Error> {
    let change = EntryChange::Abandon { after };
    let tx = service.tenant(lease.tenant).await?;
    if !lease::holds(&tx, lease).await? {
        return Ok(Heard::Lost);
    }
    let left = tx
        .execute(
            &format!(
                "UPDATE journal_entry j SET state = $3, absences = 0, due_at = a.send_not_after + make_interval(secs => $4)
                   FROM attempt a
                  WHERE {{mine:j}} AND {{mine:a}} AND a.journal_entry_id = j.id AND a.number = j.attempts
                    AND j.company_id = $2 AND j.state IN ({})",
                listed(change.from())
            ),
            vec![
                lease.company_id.clone().into(),
                change.to().as_str().into(),
                after.as_secs_f64().into(),
            ],
        )
        .await?
        .rows_affected();
    if left > 0 {
        tracing::warn!(tenant.id = %lease.tenant, "{left} attempts of a dead holder are to be looked up");
        tx.execute(
            &format!(
                "UPDATE attempt a SET finished_at = tillpost_now(), outcome = 'abandoned' FROM journal_entry j
                  WHERE {{mine:a}} AND {{mine:j}} AND a.journal_entry_id = j.id AND j.company_id = $2 AND j.state IN ({})
                    AND a.finished_at IS NULL",
                listed(&[change.to()])
            ),
            vec![lease.company_id.clone().into()],
        )
        .await?;
        reach(FailPoint::TakeOverBeforeCommit);
    }
    tx.commit().await?;
    if left > 0 {
        reach(FailPoint::TakeOverCommitted);
    }
    Ok(Heard::Done)
}

/// Reads the unknown outcomes whose time has come.
pub(super) async fn due(turn: &mut Turn<'_>, most: usize) -> Result<Told, Error> {
    let tx = turn.tx().await?;
    let due = tx
        .query_as::<EntryRow>(
            &format!(
                "SELECT * FROM journal_entry WHERE {{mine}} AND company_id = $2 AND state IN ({}) AND due_at <= tillpost_now()
                  ORDER BY due_at LIMIT $3",
                listed(&[EntryState::Unknown])
            ),
            vec![
                turn.lease.company_id.clone().into(),
                i64::try_from(most).unwrap_or(i64::MAX).into(),
            ],
        )
        .await?;
    let doubts = due
        .iter()
        .map(|entry| Doubt {
            key: entry.id,
            absences: u32::try_from(entry.absences).unwrap_or_default(),
        })
        .collect();
    turn.sought = due
        .into_iter()
        .map(|entry| {
            let sought = Sought {
                event: entry.event_id,
                number: entry.number,
                content_hash: entry.content_hash,
            };
            (entry.id, sought)
        })
        .collect();
    Ok(Heard::Doubts(doubts))
}

/// Looks up the numbers of these entries with one query.
pub(super) async fn ask(turn: &mut Turn<'_>, keys: &[JournalEntryId]) -> Result<Told, Error> {
    if !turn.may_ask().await {
        return Ok(Heard::NotNow);
    }
    let sought: Vec<(JournalEntryId, &Sought)> = keys
        .iter()
        .filter_map(|key| Some((*key, turn.sought.get(key)?)))
        .collect();
    let numbers: Vec<&str> = sought
        .iter()
        .map(|(_, sought)| sought.number.as_str())
        .collect();
    reach(FailPoint::LookUpLeaves);
    let answer = turn.company().journal_entries_numbered(&numbers).await;
    reach(FailPoint::LookUpAnswered);
    let found = match answer {
        Ok(answer) => answer.value,
        Err(failure) => return Ok(patience::trouble(turn, failure)),
    };
    let told = sought
        .iter()
        .map(|(key, sought)| (*key, compare(&found, sought).0))
        .collect();
    turn.found = found;
    Ok(Heard::Found(told))
}

/// Settles what was looked up, in one transaction.
pub(super) async fn settle(
    turn: &Turn<'_>,
    settlements: &[(JournalEntryId, Settlement)],
) -> Result<Told, Error> {
    let tx = turn.tx().await?;
    if !lease::holds(&tx, turn.lease).await? {
        return Ok(Heard::Lost);
    }
    // As they are ordered: those in the books first, and failures, one by one, last.
    for group in settlements.chunk_by(|(_, one), (_, next)| one == next) {
        let Some((_, settlement)) = group.first() else {
            continue;
        };
        let sought: Vec<(JournalEntryId, &Sought)> = group
            .iter()
            .filter_map(|(key, _)| Some((*key, turn.sought.get(key)?)))
            .collect();
        if settlement.event == Some(EventChange::Fail) {
            for (key, sought) in sought {
                give_way(&tx, turn, key, settlement.entry, sought).await?;
            }
        } else {
            together(&tx, turn, *settlement, &sought).await?;
        }
    }
    reach(FailPoint::LookUpBeforeCommit);
    tx.commit().await?;
    reach(FailPoint::LookUpCommitted);
    Ok(Heard::Done)
}

async fn together(
    tx: &TenantTx,
    turn: &Turn<'_>,
    settlement: Settlement,
    sought: &[(JournalEntryId, &Sought)],
) -> Result<(), Error> {
    let ids: Vec<JournalEntryId> = sought.iter().map(|(key, _)| *key).collect();
    let ours = |sought: &Sought| {
        let (found, holder) = compare(&turn.found, sought);
        let holder = holder.filter(|_| found == Found::Ours);
        holder.map(|holder| holder.id.clone()).unwrap_or_default()
    };
    let qbo_ids: Vec<String> = match settlement.event {
        Some(EventChange::Sync) => sought.iter().map(|(_, sought)| ours(sought)).collect(),
        _ => Vec::new(),
    };
    let changed = change::entries(tx, &ids, settlement.entry, &qbo_ids).await?;
    // Whatever the others are by now, they are not in doubt any more.
    let events: Vec<EventId> = sought
        .iter()
        .filter(|(key, _)| changed.contains(key))
        .map(|(_, sought)| sought.event)
        .collect();
    match settlement.event {
        Some(EventChange::Sync) if !events.is_empty() => settle::synced(tx, turn, &events).await?,
        Some(other) if other != EventChange::Sync => {
            change::events(tx, &events, other, None).await?;
        }
        _ => {}
    }
    Ok(())
}

async fn give_way(
    tx: &TenantTx,
    turn: &Turn<'_>,
    key: JournalEntryId,
    change: EntryChange,
    sought: &Sought,
) -> Result<(), Error> {
    if change::entries(tx, &[key], change, &[]).await?.is_empty() {
        return Ok(());
    }
    let (_, holder) = compare(&turn.found, sought);
    let finding = Finding::number_taken(&sought.number, holder);
    claim::fail(tx, sought.event, &finding).await
}

// Ours wins over a foreign one with the same number: an entry of ours in the books is a fact, whoever else uses its number.
fn compare<'a>(found: &'a [PostedEntry], sought: &Sought) -> (Found, Option<&'a PostedEntry>) {
    let holders = || {
        found
            .iter()
            .filter(|entry| entry.document_number.as_deref() == Some(sought.number.as_str()))
    };
    let ours =
        holders().find(|entry| is_ours(entry, sought.event, &sought.number, &sought.content_hash));
    if let Some(ours) = ours {
        return (Found::Ours, Some(ours));
    }
    match holders().next() {
        Some(foreign) => (Found::Foreign, Some(foreign)),
        None => (Found::Nothing, None),
    }
}
