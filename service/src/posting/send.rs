//! Sending a wave: its share of the company's pace is taken, intents are committed, then each request leaves once, and each
//! outcome is settled by itself.

use super::claim::Ready;
use super::drive::Told;
use super::{Turn, change, lease, outcome, settle};
use crate::error::Error;
use crate::fail_point::{FailPoint, reach};
use crate::gate::since_boot;
use accounting::posting::{
    EntryChange, EventChange, Heard, Outcome, Request, Shares, Wanted, Wave,
};
use entity::id::JournalEntryId;
use futures::StreamExt;
use quickbooks::{Answer, Failure, PostedEntry};
use std::collections::HashSet;
use std::time::Duration;

/// How long a round waits for the company's pace before it gives way to other tenants.
const PATIENCE: Duration = Duration::from_millis(400);

/// Takes as many shares of the company's minute as there are, up to what is wanted.
pub(super) async fn share(turn: &Turn<'_>, wanted: Wanted) -> Result<Told, Error> {
    let mut shares = Shares::default();
    for place in 0..wanted.singles_at_most() {
        let patience = if place == 0 { PATIENCE } else { Duration::ZERO };
        let share = turn.service.pace().share(&turn.lease.company_id, patience);
        match share.await {
            Ok(()) => shares.singles += 1,
            Err(wait) if place == 0 => return Ok(Heard::NoShare(wait)),
            Err(_) => break,
        }
    }
    Ok(Heard::Shares(shares))
}

/// The intent: nothing leaves before its attempt, the lease's fence, the end of its send window and the name it goes out
/// under are committed.
pub(super) async fn intend(
    turn: &mut Turn<'_>,
    requests: Vec<Request<JournalEntryId>>,
) -> Result<Told, Error> {
    let tx = turn.tx().await?;
    if !lease::holds(&tx, turn.lease).await? {
        return Ok(Heard::Lost);
    }
    // The lock makes Stop Sync wait, or we are too late: after its answer nothing more leaves.
    let running = tx
        .query(
            "SELECT 1 FROM sync WHERE {mine} AND running FOR KEY SHARE",
            vec![],
        )
        .await?;
    if running.is_empty() {
        return Ok(Heard::Lost);
    }
    let window = turn.service.settings().posting.send_window.as_secs_f64();
    let mut intended = HashSet::new();
    for request in &requests {
        for (place, key) in request.keys().into_iter().enumerate() {
            let Some(entry) = turn.ready.get_mut(&key) else {
                continue;
            };
            // The event first, as whoever replaces it does: one that was replaced meanwhile is not sent.
            let version = Some(entry.version);
            if !change::event(&tx, entry.event, EventChange::Intend, version).await? {
                continue;
            }
            // Taken out of the queue and put into it again meanwhile: another entry is to be made. Claimed anew.
            if !change::entry(&tx, key, EntryChange::Intend, None).await? {
                return Ok(Heard::Intended(Vec::new()));
            }
            if let Some(name) = request.batch_name(place) {
                change::name(&tx, key, &name).await?;
            }
            entry.attempts += 1;
            tx.execute(
                "INSERT INTO attempt (tenant_id, journal_entry_id, number, fence, send_not_after)
                 VALUES ($1, $2, $3, $4, tillpost_now() + make_interval(secs => $5))",
                vec![
                    key.into(),
                    entry.attempts.into(),
                    turn.lease.fence.into(),
                    window.into(),
                ],
            )
            .await?;
            intended.insert(key);
        }
    }
    reach(FailPoint::IntentBeforeCommit);
    tx.commit().await?;
    reach(FailPoint::IntentCommitted);
    let intended = requests
        .into_iter()
        .filter_map(|request| request.keeping(|key| intended.contains(&key)))
        .collect();
    Ok(Heard::Intended(intended))
}

/// Sends a wave, several requests at once.
pub(super) async fn wave(turn: &mut Turn<'_>, wave: &Wave<JournalEntryId>) -> Result<Told, Error> {
    let at_once = turn.service.settings().posting.concurrency.max(1);
    let sender = &*turn;
    let settled: Vec<Result<Vec<settle::Settled>, Error>> =
        futures::stream::iter(wave.requests.clone())
            .map(|request| one(sender, wave, request))
            .buffer_unordered(at_once)
            .collect()
            .await;
    let mut effects = Vec::with_capacity(settled.len());
    let mut held_up = None;
    for settled in settled {
        for settled in settled? {
            held_up = held_up.or(settled.held_up);
            effects.push(settled.effect);
        }
    }
    turn.held_up = held_up;
    Ok(Heard::Sent(effects))
}

async fn one(
    turn: &Turn<'_>,
    wave: &Wave<JournalEntryId>,
    request: Request<JournalEntryId>,
) -> Result<Vec<settle::Settled>, Error> {
    let mut settled = Vec::new();
    turn.service.pace().moment(&turn.lease.company_id).await;
    for key in request.keys() {
        let Some(entry) = turn.ready.get(&key) else {
            continue;
        };
        // Only single requests are spoken here: a batch is definitely not sent.
        let leaves = matches!(request, Request::Single(_)) && wave.may_leave(since_boot());
        let (outcome, report) = if leaves {
            let body = entry.body.clone();
            reach(FailPoint::SendLeaves);
            let answer = turn
                .company()
                .create_journal_entry(&entry.request_id, body)
                .await;
            reach(FailPoint::SendAnswered);
            let (outcome, report) = read(turn, entry, answer);
            (outcome, Some(report))
        } else {
            (Outcome::NotSent, None)
        };
        settled.push(settle::one(turn, wave, entry, outcome, report).await?);
    }
    Ok(settled)
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
        Err(failure) => (outcome::of(&failure), settle::Report::failed(failure)),
    }
}
