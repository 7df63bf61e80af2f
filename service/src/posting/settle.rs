//! Settling: what became of a POST or a look-up, recorded in one transaction under the lease's fence.

use super::claim::{self, Ready};
use super::{Round, Turn, doubt, lease};
use crate::alert::Cause as AlertCause;
use crate::error::Error;
use crate::sync::UNAVAILABLE;
use crate::{connection, problem, sync};
use accounting::posting::{self, AfterSend, Outcome};
use entity::id::{EventId, JournalEntryId};
use entity::store::TenantTx;
use quickbooks::{Answer, Cause, Failure, PostedEntry, THROTTLE_WAIT};
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
    Settled,
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
            Effect::Settled
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
            let (code, detail) = failure.map_or(
                ("rejected", "QuickBooks refused the entry".to_owned()),
                problem::of_refusal,
            );
            claim::end(&tx, entry.event, "failed", code, &detail).await?;
            if code == "closed_period" {
                // What we believe of the closing date is wrong.
                tx.execute(
                    "UPDATE connection SET preferences_stale = true WHERE {mine} AND is_current",
                    vec![],
                )
                .await?;
            }
            Effect::Settled
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
        "UPDATE connection SET last_success_at = tillpost_now() WHERE {mine} AND id = $2",
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
    // One lost answer is an accident; a wave without a single good one is a company that is not well.
    if effects.contains(&Effect::Unwell) && !effects.contains(&Effect::Settled) {
        return doubt::wait(turn, Some(UNAVAILABLE), UNWELL).await;
    }
    Ok(Round::More)
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
