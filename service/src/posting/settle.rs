//! Settling: what became of an entry that was sent, recorded in one transaction under the lease's fence.

use super::claim::{self, Ready};
use super::outcome::name;
use super::posted::posted;
use super::{Turn, change, lease, patience};
use crate::connection::refusal;
use crate::error::Error;
use crate::fail_point::{FailPoint, reach};
use crate::problem::reach::{self, Reach};
use crate::problem::{Code, Finding, Names, Refused};
use crate::tenant::{self, ClosedPeriod};
use crate::{alert, chart, sync};
use accounting::Dimension;
use accounting::posting::{Effect, EventChange, Outcome, Settlement, Wave};
use entity::id::{EventId, JournalEntryId};
use entity::store::TenantTx;
use quickbooks::{Answer, DraftedEntry, Failure, PostedEntry};
use std::time::Duration;

/// What an answer said, for the attempt's record.
pub(crate) struct Report {
    entry_id: Option<String>,
    http_status: Option<i32>,
    intuit_tid: Option<String>,
    failure: Option<Failure>,
}

impl Report {
    pub(crate) fn posted(answer: Answer<PostedEntry>) -> Self {
        Self {
            entry_id: Some(answer.value.id),
            http_status: Some(200),
            intuit_tid: answer.intuit_tid,
            failure: None,
        }
    }

    pub(crate) fn failed(failure: Failure) -> Self {
        Self {
            entry_id: None,
            http_status: failure.http_status.map(i32::from),
            intuit_tid: failure.intuit_tid.clone(),
            failure: Some(failure),
        }
    }
}

/// What one settled entry means for the rest of the turn.
pub(super) struct Settled {
    pub(super) effect: Effect,
    /// What the whole company lacks, where it was refused for that.
    pub(super) held_up: Option<Code>,
}

impl Settled {
    fn of(effect: Effect) -> Self {
        Self {
            effect,
            held_up: None,
        }
    }
}

/// One entry of a request, and what came of it.
pub(super) struct Sent<'a> {
    pub(super) entry: &'a Ready,
    pub(super) outcome: Outcome,
    pub(super) report: Option<Report>,
}

impl Sent<'_> {
    fn failure(&self) -> Option<&Failure> {
        self.report.as_ref()?.failure.as_ref()
    }

    /// The entry's id in the books; empty where the answer has none.
    pub(super) fn qbo_id(&self) -> String {
        let report = self.report.as_ref();
        let id = report.and_then(|report| report.entry_id.clone());
        id.unwrap_or_default()
    }

    /// The answer's status; 0 where there was none.
    pub(super) fn http_status(&self) -> i32 {
        let report = self.report.as_ref();
        report
            .and_then(|report| report.http_status)
            .unwrap_or_default()
    }

    /// Intuit's id of the exchange; empty where the answer has none.
    pub(super) fn intuit_tid(&self) -> String {
        let report = self.report.as_ref();
        let tid = report.and_then(|report| report.intuit_tid.clone());
        tid.unwrap_or_default()
    }
}

/// Settles the entries of requests, each by itself in meaning: attempts, entries, events and what a person sees, in one
/// transaction. What came to the same is written together. A lease that was lost settles nothing; the next holder looks the
/// entries up.
pub(super) async fn all(
    turn: &Turn<'_>,
    wave: &Wave<JournalEntryId>,
    sent: Vec<Sent<'_>>,
) -> Result<Vec<Settled>, Error> {
    let tx = turn.tx().await?;
    let mut settled = Vec::with_capacity(sent.len());
    let mut last = Vec::new();
    let groups = alike(wave, sent);
    // Success looks at the lease itself.
    let is_mixed = groups
        .iter()
        .any(|(settlement, _)| settlement.event != Some(EventChange::Sync));
    if is_mixed && !lease::holds(&tx, turn.lease).await? {
        let sent = groups.iter().flat_map(|(_, group)| group);
        return Ok(sent.map(|sent| lost(turn, sent)).collect());
    }
    for (settlement, group) in groups {
        if settlement.event == Some(EventChange::Sync) {
            settled.extend(in_the_books(&tx, turn, &group).await?);
            continue;
        }
        // A failure locks its alert, which everybody locks after what a success writes to.
        if settlement.event == Some(EventChange::Fail) {
            last.extend(group.into_iter().map(|sent| (settlement, sent)));
        } else {
            settled.extend(together(&tx, turn, settlement, &group).await?);
        }
    }
    let well = |one: &Settled| matches!(one.effect, Effect::Posted | Effect::Settled);
    let is_mended = turn.asks_again() && (!last.is_empty() || settled.iter().any(well));
    if is_mended {
        refusal::answers(&tx, turn.connection.id).await?;
    }
    for (settlement, sent) in last {
        settled.push(failed(&tx, turn, settlement, &sent).await?);
    }
    if is_mended {
        alert::review(&tx).await?;
    }
    reach(FailPoint::SettleBeforeCommit);
    tx.commit().await?;
    reach(FailPoint::SettleCommitted);
    Ok(settled)
}

// Entries that came to the same; those in the books first, since success is written before failure.
fn alike<'a>(wave: &Wave<JournalEntryId>, sent: Vec<Sent<'a>>) -> Vec<(Settlement, Vec<Sent<'a>>)> {
    let mut groups: Vec<(Settlement, Vec<Sent<'a>>)> = Vec::new();
    for sent in sent {
        let tries = u32::try_from(sent.entry.tries).unwrap_or(u32::MAX);
        let settlement = wave.settle(sent.outcome, tries);
        let is_alike = |(other, group): &&mut (Settlement, Vec<Sent<'a>>)| {
            *other == settlement
                && group
                    .first()
                    .is_some_and(|first| first.outcome == sent.outcome)
        };
        match groups.iter_mut().find(is_alike) {
            Some((_, group)) => group.push(sent),
            None => groups.push((settlement, vec![sent])),
        }
    }
    groups.sort_by_key(|(settlement, _)| settlement.event != Some(EventChange::Sync));
    groups
}

// Entries of which the answer says that they are in the books.
async fn in_the_books(
    tx: &TenantTx,
    turn: &Turn<'_>,
    group: &[Sent<'_>],
) -> Result<Vec<Settled>, Error> {
    let posted = posted(tx, turn, group).await?;
    let settled = group.iter().map(|sent| {
        if !posted.contains(&sent.entry.id) {
            return lost(turn, sent);
        }
        tell(turn, sent);
        Settled::of(Effect::of(sent.outcome))
    });
    Ok(settled.collect())
}

// One outcome, which is neither that nor a failure.
async fn together(
    tx: &TenantTx,
    turn: &Turn<'_>,
    settlement: Settlement,
    group: &[Sent<'_>],
) -> Result<Vec<Settled>, Error> {
    let ids: Vec<JournalEntryId> = group.iter().map(|sent| sent.entry.id).collect();
    let changed = change::entries(tx, &ids, settlement.entry, &[]).await?;
    let (kept, gone): (Vec<&Sent<'_>>, Vec<&Sent<'_>>) = group
        .iter()
        .partition(|sent| changed.contains(&sent.entry.id));
    let mut settled: Vec<Settled> = gone.into_iter().map(|sent| lost(turn, sent)).collect();
    record(tx, &kept).await?;
    let events: Vec<EventId> = kept.iter().map(|sent| sent.entry.event).collect();
    if let Some(other) = settlement.event {
        change::events(tx, &events, other, None).await?;
    }
    if let Some(refused) = kept.iter().find(|sent| sent.outcome == Outcome::Halted) {
        patience::company_refuses(tx, turn, refused.failure()).await?;
    }
    for sent in kept {
        tell(turn, sent);
        settled.push(Settled::of(Effect::of(sent.outcome)));
    }
    Ok(settled)
}

// One entry that a person must act for.
async fn failed(
    tx: &TenantTx,
    turn: &Turn<'_>,
    settlement: Settlement,
    sent: &Sent<'_>,
) -> Result<Settled, Error> {
    let entry = sent.entry;
    let changed = change::entries(tx, &[entry.id], settlement.entry, &[]).await?;
    if changed.is_empty() {
        return Ok(lost(turn, sent));
    }
    record(tx, &[sent]).await?;
    if sent.failure().is_some_and(is_of_period)
        && tenant::closed_period(tx).await? == ClosedPeriod::FirstOpenDay
    {
        return made_anew(tx, turn, sent).await;
    }
    let finding = refusal(tx, turn, entry, sent.failure()).await?;
    claim::end(tx, entry.event, EventChange::Fail, &finding).await?;
    let settled = remember(tx, turn, entry, sent.failure(), finding.code).await?;
    claim::tell(tx, entry.event, &finding).await?;
    tell(turn, sent);
    Ok(settled)
}

fn is_of_period(failure: &Failure) -> bool {
    reach::reach(&failure.cause) == Reach::Period
}

// Refused for its date, where such are dated anew: the closing date moved since it was read. The event is queued again, the
// closing date is read first, and its next entry goes by that. This ends: a date that was refused although the closing date is as
// it was is refused without being sent.
async fn made_anew(tx: &TenantTx, turn: &Turn<'_>, sent: &Sent<'_>) -> Result<Settled, Error> {
    let entry = sent.entry;
    let after = Duration::ZERO;
    change::events(tx, &[entry.event], EventChange::QueueAgain { after }, None).await?;
    refused_through(tx, turn, entry).await?;
    tell(turn, sent);
    Ok(Settled::of(Effect::Settled))
}

// What we believe of the closing date is wrong, or QuickBooks goes by more than it.
async fn refused_through(tx: &TenantTx, turn: &Turn<'_>, entry: &Ready) -> Result<(), Error> {
    tx.execute(
        "UPDATE connection SET preferences_stale = true,
           closed_through_refused = greatest(closed_through_refused, $3) WHERE {mine} AND id = $2",
        vec![turn.connection.id.into(), entry.accounting_date.into()],
    )
    .await?;
    Ok(())
}

fn lost(turn: &Turn<'_>, sent: &Sent<'_>) -> Settled {
    tracing::warn!(tenant.id = %turn.tenant, event.id = %sent.entry.event, "an outcome came after the lease was lost");
    Settled::of(Effect::Lost)
}

fn tell(turn: &Turn<'_>, sent: &Sent<'_>) {
    let entry = sent.entry;
    tracing::info!(
        tenant.id = %turn.tenant, event.id = %entry.event, journal_entry.id = %entry.id,
        intuit_tid = sent.report.as_ref().and_then(|report| report.intuit_tid.as_deref()),
        "journal entry {}: {}", entry.number, name(sent.outcome)
    );
}

async fn refusal(
    tx: &TenantTx,
    turn: &Turn<'_>,
    entry: &Ready,
    failure: Option<&Failure>,
) -> Result<Finding, Error> {
    let Some(failure) = failure else {
        return Err(Error::internal("an entry was refused without an answer"));
    };
    let drafted = DraftedEntry::read(&entry.body).map_err(Error::internal)?;
    let mut accounts: Vec<String> = Vec::new();
    let mut dimensions: Vec<(Dimension, String)> = Vec::new();
    for line in drafted.lines {
        if !accounts.contains(&line.account_id) {
            accounts.push(line.account_id);
        }
        let carried = [
            (Dimension::Location, line.department_id),
            (Dimension::Class, line.class_id),
        ];
        for (kind, id) in carried {
            let carried = id.map(|id| (kind, id));
            dimensions.extend(carried.filter(|carried| !dimensions.contains(carried)));
        }
    }
    let mut names = Names::read(
        tx,
        &turn.lease.company_id,
        accounts.iter().map(String::as_str),
    )
    .await?;
    if !dimensions.is_empty() {
        names.and_dimensions(tx, &turn.lease.company_id).await?;
    }
    let refused = Refused {
        number: &entry.number,
        accounting_date: entry.accounting_date,
        accounts: &accounts,
        dimensions: &dimensions,
        names: &names,
    };
    Ok(refused.finding(failure))
}

// What the cause says of entries that were not sent yet.
async fn remember(
    tx: &TenantTx,
    turn: &Turn<'_>,
    entry: &Ready,
    failure: Option<&Failure>,
    code: Code,
) -> Result<Settled, Error> {
    let Some(failure) = failure else {
        return Ok(Settled::of(Effect::Settled));
    };
    match reach::reach(&failure.cause) {
        Reach::Period => {
            refused_through(tx, turn, entry).await?;
            Ok(Settled::of(Effect::Settled))
        }
        Reach::Company => Ok(Settled {
            effect: Effect::HeldUp,
            held_up: Some(code),
        }),
        Reach::Accounts => {
            chart::look_soon(tx, turn.connection.id).await?;
            Ok(Settled::of(Effect::Settled))
        }
        Reach::Nothing | Reach::Event | Reach::Connection => Ok(Settled::of(Effect::Settled)),
    }
}

async fn record(tx: &TenantTx, sent: &[&Sent<'_>]) -> Result<(), Error> {
    if sent.is_empty() {
        return Ok(());
    }
    let detail = |sent: &&Sent<'_>| sent.failure().map(ToString::to_string).unwrap_or_default();
    tx.execute(
        "UPDATE attempt a SET finished_at = tillpost_now(), outcome = s.outcome, http_status = nullif(s.http_status, 0),
           intuit_tid = nullif(s.intuit_tid, ''), detail = nullif(s.detail, '')
          FROM unnest($2::uuid[], $3::int[], $4::text[], $5::int[], $6::text[], $7::text[])
            AS s(id, number, outcome, http_status, intuit_tid, detail)
          WHERE {mine:a} AND a.journal_entry_id = s.id AND a.number = s.number",
        vec![
            sent.iter().map(|sent| sent.entry.id.0).collect::<Vec<_>>().into(),
            sent.iter().map(|sent| sent.entry.attempts).collect::<Vec<_>>().into(),
            sent.iter().map(|sent| name(sent.outcome).to_owned()).collect::<Vec<_>>().into(),
            sent.iter().map(|sent| sent.http_status()).collect::<Vec<_>>().into(),
            sent.iter().map(|sent| sent.intuit_tid()).collect::<Vec<_>>().into(),
            sent.iter().map(detail).collect::<Vec<_>>().into(),
        ],
    )
    .await?;
    Ok(())
}

/// The events' entries are in the books: nothing is in the way of the others.
pub(super) async fn synced(
    tx: &TenantTx,
    turn: &Turn<'_>,
    events: &[EventId],
) -> Result<(), Error> {
    change::synced(tx, events).await?;
    sync::succeeds(tx).await?;
    tx.execute(
        "UPDATE connection SET last_success_at = tillpost_now(), held_code = NULL, held_until = NULL, held_times = 0
          WHERE {mine} AND id = $2 AND (held_code IS NOT NULL OR held_until IS NOT NULL OR held_times > 0
            OR coalesce(last_success_at < tillpost_now() - interval '1 second', true))",
        vec![turn.connection.id.into()],
    )
    .await?;
    Ok(())
}
