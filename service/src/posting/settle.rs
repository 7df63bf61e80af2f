//! Settling: what became of a POST or a look-up, recorded in one transaction under the lease's fence.

use super::claim::{self, Ready};
use super::{Round, Turn, doubt, lease};
use crate::alert::Cause as AlertCause;
use crate::error::Error;
use crate::problem::reach::{self, Reach};
use crate::problem::{Code, Finding, Names, Refused};
use crate::sync::UNAVAILABLE;
use crate::{chart, connection, sync};
use accounting::Dimension;
use accounting::posting::{self, AfterSend, Outcome};
use entity::id::{EventId, JournalEntryId};
use entity::store::TenantTx;
use quickbooks::{Answer, Cause, DraftedEntry, Failure, PostedEntry, THROTTLE_WAIT};
use std::time::Duration;

/// How long a company that does not answer well is left alone.
const UNWELL: Duration = Duration::from_secs(10);

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

/// What a failed POST means for exactly once. A cause that is not listed as definite is unknown.
pub(crate) fn outcome(failure: &Failure) -> Outcome {
    match &failure.cause {
        Cause::NotSent => Outcome::NotSent,
        Cause::Throttled => Outcome::Throttled {
            wait: failure.retry_after.unwrap_or(THROTTLE_WAIT),
        },
        Cause::Unauthorised => Outcome::Unauthorised,
        Cause::Forbidden
        | Cause::SubscriptionLapsed
        | Cause::CompanyLocked
        | Cause::CompanyReset => Outcome::Halted,
        Cause::NumberTaken { .. } => Outcome::NumberTaken,
        Cause::PeriodClosed
        | Cause::AccountInactive
        | Cause::ReferenceMissing { .. }
        | Cause::NameRequired { .. }
        | Cause::AccountTypeRefused
        | Cause::CurrencyNotEnabled
        | Cause::PlanLacksFeature
        | Cause::EntryGone
        | Cause::Stale
        | Cause::NameTaken
        | Cause::Refused
        | Cause::Invalid => Outcome::Rejected,
        Cause::CompanyUnderMaintenance | Cause::Unknown => Outcome::Unknown,
    }
}

fn name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Posted => "posted",
        Outcome::NotSent => "not_sent",
        Outcome::Throttled { .. } => "throttled",
        Outcome::Unauthorised => "unauthorised",
        Outcome::Halted => "halted",
        Outcome::Rejected => "rejected",
        Outcome::NumberTaken => "number_taken",
        Outcome::Unknown => "unknown",
    }
}

/// What one POST means for the rest of the turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It is in the books.
    Posted,
    /// It was answered well; what came of it is this event's alone.
    Settled,
    /// It was refused for something that the whole company lacks.
    RefusedByCompany(Code),
    Throttled(Duration),
    Unauthorised,
    Halted,
    Unwell,
}

/// Settles one POST: attempt, entry, event and what a person sees, in one transaction. A lease that was lost settles
/// nothing; the next holder looks the entry up.
pub(crate) async fn one(
    turn: &Turn<'_>,
    entry: &Ready,
    outcome: Outcome,
    report: Option<Report>,
) -> Result<Effect, Error> {
    let tx = turn.tx().await?;
    if !lease::holds(&tx, turn.lease).await? {
        tracing::warn!(tenant.id = %turn.tenant, event.id = %entry.event, "an outcome came after the lease was lost");
        return Ok(Effect::Unwell);
    }
    record(&tx, entry, outcome, report.as_ref()).await?;
    let tries = u32::try_from(entry.tries + 1).unwrap_or(u32::MAX);
    let failure = report.as_ref().and_then(|report| report.failure.as_ref());
    let effect = match posting::after_send(outcome, tries, &turn.waits) {
        AfterSend::Settle => {
            let id = report
                .as_ref()
                .and_then(|report| report.entry_id.clone())
                .unwrap_or_default();
            found(&tx, turn, entry.id, entry.event, &id).await?;
            Effect::Posted
        }
        AfterSend::SendAgain { after } => {
            set_state(&tx, entry.id, "sealed").await?;
            queue_again(&tx, entry.event, after).await?;
            match outcome {
                Outcome::Throttled { wait } => Effect::Throttled(wait),
                Outcome::Unauthorised => Effect::Unauthorised,
                _ => Effect::Unwell,
            }
        }
        AfterSend::Hold => {
            set_state(&tx, entry.id, "sealed").await?;
            queue_again(&tx, entry.event, Duration::ZERO).await?;
            halt(&tx, turn, failure).await?;
            Effect::Halted
        }
        AfterSend::Reject => {
            set_state(&tx, entry.id, "rejected").await?;
            let finding = refusal(&tx, turn, entry, failure).await?;
            claim::end(&tx, entry.event, "failed", &finding).await?;
            let effect = remember(&tx, turn, entry, failure, finding.code).await?;
            claim::tell(&tx, entry.event, &finding).await?;
            effect
        }
        AfterSend::LookUp { after } => {
            tx.execute(
                "UPDATE journal_entry SET state = 'unknown', absences = 0, due_at = tillpost_now() + make_interval(secs => $3)
                  WHERE {mine} AND id = $2",
                vec![entry.id.into(), after.as_secs_f64().into()],
            )
            .await?;
            if outcome == Outcome::NumberTaken {
                Effect::Settled
            } else {
                Effect::Unwell
            }
        }
    };
    tx.commit().await?;
    tracing::info!(
        tenant.id = %turn.tenant, event.id = %entry.event, journal_entry.id = %entry.id,
        intuit_tid = report.as_ref().and_then(|report| report.intuit_tid.as_deref()),
        "journal entry {}: {}", entry.number, name(outcome)
    );
    Ok(effect)
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
) -> Result<Effect, Error> {
    let Some(failure) = failure else {
        return Ok(Effect::Settled);
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
            Ok(Effect::Settled)
        }
        Reach::Accounts => {
            chart::look_soon(tx, turn.connection.id).await?;
            Ok(Effect::Settled)
        }
        Reach::Company => Ok(Effect::RefusedByCompany(code)),
        Reach::Nothing | Reach::Event | Reach::Connection => Ok(Effect::Settled),
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

async fn set_state(tx: &TenantTx, entry: JournalEntryId, state: &str) -> Result<(), Error> {
    tx.execute(
        "UPDATE journal_entry SET state = $3, settled_at = CASE WHEN $3 = 'sealed' THEN NULL ELSE tillpost_now() END
          WHERE {mine} AND id = $2",
        vec![entry.into(), state.into()],
    )
    .await?;
    Ok(())
}

/// The event goes back into the queue; its sealed bytes go out again later.
pub(crate) async fn queue_again(
    tx: &TenantTx,
    event: EventId,
    after: Duration,
) -> Result<(), Error> {
    tx.execute(
        "UPDATE event SET status = 'not_synced', due_at = tillpost_now() + make_interval(secs => $3), tries = tries + 1,
           updated_at = tillpost_now() WHERE {mine} AND id = $2 AND status IN ('not_synced', 'processing')",
        vec![event.into(), after.as_secs_f64().into()],
    )
    .await?;
    Ok(())
}

/// The entry is in the books under this id.
pub(crate) async fn found(
    tx: &TenantTx,
    turn: &Turn<'_>,
    entry: JournalEntryId,
    event: EventId,
    qbo_id: &str,
) -> Result<(), Error> {
    tx.execute(
        "UPDATE journal_entry SET state = 'posted', qbo_id = $3, due_at = NULL, settled_at = tillpost_now() WHERE {mine} AND id = $2",
        vec![entry.into(), qbo_id.into()],
    )
    .await?;
    claim::set_synced(tx, event).await?;
    sync::succeeds(tx).await?;
    tx.execute(
        "UPDATE connection SET last_success_at = tillpost_now(), held_code = NULL, held_until = NULL, held_times = 0
          WHERE {mine} AND id = $2",
        vec![turn.connection.id.into()],
    )
    .await?;
    Ok(())
}

async fn halt(tx: &TenantTx, turn: &Turn<'_>, failure: Option<&Failure>) -> Result<(), Error> {
    let (cause, detail) = match failure.map(|failure| &failure.cause) {
        Some(Cause::SubscriptionLapsed) => (
            AlertCause::SubscriptionLapsed,
            "The company's QuickBooks subscription has lapsed, so QuickBooks takes no entries.",
        ),
        Some(Cause::CompanyLocked) => (
            AlertCause::CompanyRefuses,
            "The company is locked in QuickBooks.",
        ),
        Some(Cause::CompanyReset) => (
            AlertCause::CompanyRefuses,
            "The company was reset in QuickBooks.",
        ),
        _ => (
            AlertCause::CompanyRefuses,
            "QuickBooks says that the company did not authorise us, or that the connecting user lost rights.",
        ),
    };
    connection::halt(tx, turn.connection.id, cause, detail).await
}

/// What a wave's outcomes mean for the rest of the turn.
pub(crate) async fn after_wave(turn: &Turn<'_>, effects: &[Effect]) -> Result<Round, Error> {
    if effects.contains(&Effect::Halted) {
        return Ok(Round::Done);
    }
    let throttled = effects.iter().filter_map(|effect| match effect {
        Effect::Throttled(wait) => Some(*wait),
        _ => None,
    });
    if let Some(wait) = throttled.max() {
        return doubt::wait(turn, Some("throttled"), wait).await;
    }
    if effects.contains(&Effect::Unauthorised) {
        return Ok(Round::Refused);
    }
    let answered = |effect: &Effect| match effect {
        Effect::Posted | Effect::Settled | Effect::RefusedByCompany(_) => true,
        Effect::Throttled(_) | Effect::Unauthorised | Effect::Halted | Effect::Unwell => false,
    };
    // One lost answer is an accident; a wave without a single good one is a company that is not well.
    if effects.contains(&Effect::Unwell) && !effects.iter().any(answered) {
        return doubt::wait(turn, Some(UNAVAILABLE), UNWELL).await;
    }
    // What one entry lacks, another may do without; a wave of which none went through is held up by the company.
    let refused = effects.iter().find_map(|effect| match effect {
        Effect::RefusedByCompany(code) => Some(*code),
        _ => None,
    });
    match refused.filter(|_| !effects.contains(&Effect::Posted)) {
        Some(code) => hold(turn, code).await,
        None => Ok(Round::More),
    }
}

// The queue is left alone until a person acts, or it is tried again.
async fn hold(turn: &Turn<'_>, code: Code) -> Result<Round, Error> {
    let tx = turn.tx().await?;
    if !lease::holds(&tx, turn.lease).await? {
        return Ok(Round::Done);
    }
    let times = turn.connection.held_times.saturating_add(1);
    let wait = chrono::TimeDelta::from_std(reach::hold(times)).map_err(Error::internal)?;
    let until = tx.now().await? + wait;
    sync::waits(&tx, code.as_str(), until).await?;
    tx.execute(
        "UPDATE connection SET held_code = $3, held_until = $4, held_times = $5 WHERE {mine} AND id = $2",
        vec![
            turn.connection.id.into(),
            code.as_str().into(),
            until.into(),
            times.into(),
        ],
    )
    .await?;
    tx.commit().await?;
    tracing::warn!(tenant.id = %turn.tenant, "every entry is refused as {}; the queue is held until {until}", code.as_str());
    Ok(Round::Done)
}

/// What a failed read means for the rest of the turn.
pub(crate) async fn trouble(turn: &Turn<'_>, failure: &Failure) -> Result<Round, Error> {
    tracing::warn!(tenant.id = %turn.tenant, "QuickBooks did not answer a read well: {failure}");
    match outcome(failure) {
        Outcome::Unauthorised => Ok(Round::Refused),
        Outcome::Throttled { wait } => doubt::wait(turn, Some("throttled"), wait).await,
        Outcome::Halted => {
            let tx = turn.tx().await?;
            halt(&tx, turn, Some(failure)).await?;
            tx.commit().await?;
            Ok(Round::Done)
        }
        Outcome::Posted
        | Outcome::NotSent
        | Outcome::Rejected
        | Outcome::NumberTaken
        | Outcome::Unknown => doubt::wait(turn, Some(UNAVAILABLE), UNWELL).await,
    }
}
