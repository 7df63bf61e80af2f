//! Sending a slice: intents are committed, then each POST leaves once, then each outcome is settled by itself.

use super::claim::{self, Ready};
use super::{Round, Turn, doubt, lease, settle};
use crate::error::Error;
use crate::gate::Gate;
use accounting::posting::Outcome;
use futures::StreamExt;
use quickbooks::{Answer, Failure, PostedEntry};
use std::time::Duration;

/// How long a round waits for the company's pace before it gives way to other tenants.
const PATIENCE: Duration = Duration::from_millis(400);

/// Claims, looks up, sends and settles one slice of the queue.
pub(crate) async fn slice(turn: &Turn<'_>) -> Result<Round, Error> {
    let claimed = claim::slice(turn).await?;
    if claimed.taken == 0 {
        return Ok(Round::Done);
    }
    if claimed.ready.is_empty() {
        return Ok(Round::More);
    }
    let ready = match within_pace(turn, claimed.ready).await? {
        Ok(ready) => ready,
        Err(end) => return Ok(end),
    };
    let ready = match doubt::before_first_send(turn, ready).await? {
        Ok(ready) => ready,
        Err(end) => return Ok(end),
    };
    if ready.is_empty() {
        return Ok(Round::More);
    }
    let gate = Gate::open(turn.service.settings().posting.send_window);
    let intended = intend(turn, ready).await?;
    let outcomes: Vec<Result<settle::Effect, Error>> = futures::stream::iter(intended)
        .map(|entry| one(turn, entry, &gate))
        .buffer_unordered(turn.service.settings().posting.concurrency.max(1))
        .collect()
        .await;
    let mut effects = Vec::with_capacity(outcomes.len());
    for outcome in outcomes {
        effects.push(outcome?);
    }
    settle::after_wave(turn, &effects).await
}

// As many as the company's minute has shares for; the rest stays queued. Without any, the company is left alone until it has.
async fn within_pace(
    turn: &Turn<'_>,
    mut ready: Vec<Ready>,
) -> Result<Result<Vec<Ready>, Round>, Error> {
    for place in 0..ready.len() {
        let patience = if place == 0 { PATIENCE } else { Duration::ZERO };
        let share = turn.service.pace().share(&turn.lease.company_id, patience);
        match share.await {
            Ok(()) => {}
            Err(wait) if place == 0 => return doubt::wait(turn, None, wait).await.map(Err),
            Err(_) => {
                ready.truncate(place);
                break;
            }
        }
    }
    Ok(Ok(ready))
}

// The intent: nothing leaves before its attempt, the lease's fence and the end of its send window are committed.
async fn intend(turn: &Turn<'_>, ready: Vec<Ready>) -> Result<Vec<Ready>, Error> {
    let tx = turn.tx().await?;
    if !lease::holds(&tx, turn.lease).await? {
        return Ok(Vec::new());
    }
    // The lock makes Stop Sync wait, or we are too late: after its answer nothing more leaves.
    let running = tx
        .query(
            "SELECT 1 FROM sync WHERE {mine} AND running FOR KEY SHARE",
            vec![],
        )
        .await?;
    if running.is_empty() {
        return Ok(Vec::new());
    }
    let window = turn.service.settings().posting.send_window.as_secs_f64();
    let mut intended = Vec::with_capacity(ready.len());
    for mut entry in ready {
        // The event first, as whoever replaces it does: one that was replaced meanwhile is not sent.
        let queued = tx
            .execute(
                "UPDATE event SET status = 'processing', due_at = NULL, updated_at = tillpost_now()
                  WHERE {mine} AND id = $2 AND status = 'not_synced' AND version = $3",
                vec![entry.event.into(), entry.version.into()],
            )
            .await?;
        if queued.rows_affected() == 0 {
            continue;
        }
        tx.execute(
            "UPDATE journal_entry SET state = 'sending', attempts = attempts + 1 WHERE {mine} AND id = $2 AND state = 'sealed'",
            vec![entry.id.into()],
        )
        .await?;
        entry.attempts += 1;
        tx.execute(
            "INSERT INTO attempt (tenant_id, journal_entry_id, number, fence, send_not_after)
             VALUES ($1, $2, $3, $4, tillpost_now() + make_interval(secs => $5))",
            vec![
                entry.id.into(),
                entry.attempts.into(),
                turn.lease.fence.into(),
                window.into(),
            ],
        )
        .await?;
        intended.push(entry);
    }
    tx.commit().await?;
    Ok(intended)
}

async fn one(turn: &Turn<'_>, entry: Ready, gate: &Gate) -> Result<settle::Effect, Error> {
    turn.service.pace().moment(&turn.lease.company_id).await;
    if !gate.is_open() {
        return settle::one(turn, &entry, Outcome::NotSent, None).await;
    }
    let answer = turn
        .company()
        .create_journal_entry(&entry.request_id, entry.body.clone())
        .await;
    let (outcome, report) = read(turn, &entry, answer);
    settle::one(turn, &entry, outcome, Some(report)).await
}

fn read(
    turn: &Turn<'_>,
    entry: &Ready,
    answer: Result<Answer<PostedEntry>, Failure>,
) -> (Outcome, settle::Report) {
    match answer {
        Ok(answer) => {
            let marker = super::identity::marker(entry.event, &entry.content_hash);
            // An answer that is not this entry's says nothing of this entry.
            let outcome = if answer.value.carries(&marker) {
                Outcome::Posted
            } else {
                Outcome::Unknown
            };
            if outcome == Outcome::Unknown {
                tracing::error!(
                    tenant.id = %turn.tenant, event.id = %entry.event, intuit_tid = answer.intuit_tid,
                    "QuickBooks answered a POST with another entry, {}", answer.value.id
                );
            }
            (outcome, settle::Report::posted(answer))
        }
        Err(failure) => (settle::outcome(&failure), settle::Report::failed(failure)),
    }
}
