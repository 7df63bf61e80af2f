//! Settling: what became of an entry that was sent, recorded in one transaction under the lease's fence.

use super::claim::{self, Ready};
use super::outcome::name;
use super::{Turn, change, lease, patience};
use crate::error::Error;
use crate::fail_point::{FailPoint, reach};
use crate::problem::reach::{self, Reach};
use crate::problem::{Code, Finding, Names, Refused};
use crate::{chart, sync};
use accounting::Dimension;
use accounting::posting::{Effect, EventChange, Outcome, Wave};
use entity::id::{EventId, JournalEntryId};
use entity::store::TenantTx;
use quickbooks::{Answer, DraftedEntry, Failure, PostedEntry};

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

/// Settles one entry: attempt, entry, event and what a person sees, in one transaction. A lease that was lost settles
/// nothing; the next holder looks the entry up.
pub(super) async fn one(
    turn: &Turn<'_>,
    wave: &Wave<JournalEntryId>,
    entry: &Ready,
    outcome: Outcome,
    report: Option<Report>,
) -> Result<Settled, Error> {
    let tx = turn.tx().await?;
    let tries = u32::try_from(entry.tries).unwrap_or(u32::MAX);
    let settlement = wave.settle(outcome, tries);
    let qbo_id = report
        .as_ref()
        .and_then(|report| report.entry_id.as_deref())
        .filter(|_| outcome == Outcome::Posted);
    if !lease::holds(&tx, turn.lease).await?
        || !change::entry(&tx, entry.id, settlement.entry, qbo_id).await?
    {
        tracing::warn!(tenant.id = %turn.tenant, event.id = %entry.event, "an outcome came after the lease was lost");
        return Ok(Settled::of(Effect::Lost));
    }
    record(&tx, entry, outcome, report.as_ref()).await?;
    let failure = report.as_ref().and_then(|report| report.failure.as_ref());
    let mut settled = Settled::of(Effect::of(outcome));
    match settlement.event {
        None => {}
        Some(EventChange::Sync) => synced(&tx, turn, entry.event).await?,
        Some(EventChange::Fail) => {
            let finding = refusal(&tx, turn, entry, failure).await?;
            claim::end(&tx, entry.event, EventChange::Fail, &finding).await?;
            settled = remember(&tx, turn, entry, failure, finding.code).await?;
            claim::tell(&tx, entry.event, &finding).await?;
        }
        Some(other) => {
            change::event(&tx, entry.event, other, None).await?;
        }
    }
    if outcome == Outcome::Halted {
        patience::company_refuses(&tx, turn, failure).await?;
    }
    reach(FailPoint::SettleBeforeCommit);
    tx.commit().await?;
    reach(FailPoint::SettleCommitted);
    tracing::info!(
        tenant.id = %turn.tenant, event.id = %entry.event, journal_entry.id = %entry.id,
        intuit_tid = report.as_ref().and_then(|report| report.intuit_tid.as_deref()),
        "journal entry {}: {}", entry.number, name(outcome)
    );
    Ok(settled)
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
            // What we believe of the closing date is wrong, or QuickBooks goes by more than it.
            tx.execute(
                "UPDATE connection SET preferences_stale = true,
                   closed_through_refused = greatest(closed_through_refused, $3) WHERE {mine} AND id = $2",
                vec![turn.connection.id.into(), entry.accounting_date.into()],
            )
            .await?;
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

async fn record(
    tx: &TenantTx,
    entry: &Ready,
    outcome: Outcome,
    report: Option<&Report>,
) -> Result<(), Error> {
    tx.execute(
        "UPDATE attempt SET finished_at = tillpost_now(), outcome = $4, http_status = $5, intuit_tid = $6, detail = $7
          WHERE {mine} AND journal_entry_id = $2 AND number = $3",
        vec![
            entry.id.into(),
            entry.attempts.into(),
            name(outcome).into(),
            report.and_then(|report| report.http_status).into(),
            report.and_then(|report| report.intuit_tid.clone()).into(),
            report.and_then(|report| report.failure.as_ref()).map(ToString::to_string).into(),
        ],
    )
    .await?;
    Ok(())
}

/// The event's entry is in the books: nothing is in the way of the others.
pub(super) async fn synced(tx: &TenantTx, turn: &Turn<'_>, event: EventId) -> Result<(), Error> {
    change::synced(tx, event).await?;
    sync::succeeds(tx).await?;
    tx.execute(
        "UPDATE connection SET last_success_at = tillpost_now(), held_code = NULL, held_until = NULL, held_times = 0
          WHERE {mine} AND id = $2",
        vec![turn.connection.id.into()],
    )
    .await?;
    Ok(())
}
