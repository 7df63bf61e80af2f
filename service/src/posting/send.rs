//! Sending a wave: how much of it fits the company's pace is reckoned, intents are committed, then each request leaves once
//! at its moment, and is settled as soon as it is answered, with whatever else was answered meanwhile.

use super::claim::{self, Ready};
use super::drive::Told;
use super::gather::Gathered;
use super::settle::{Sent, Settled};
use super::{Turn, aside, change, lease, outcome, settle};
use crate::budget::{Kind, Leave, Priority};
use crate::error::Error;
use crate::fail_point::{FailPoint, reach};
use crate::gate::since_boot;
use accounting::posting::{
    BatchName, Effect, EntryChange, EventChange, Heard, Item, Outcome, Request, Shares, Wanted,
    Wave,
};
use entity::id::{EventId, JournalEntryId};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use quickbooks::{Answer, BatchItem, Failure, PostedEntry};
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How long a round waits for the company's pace before it gives way to other tenants.
const PATIENCE: Duration = Duration::from_millis(400);
/// Batches of a wave at QuickBooks' pace: a wave lasts as long as these are apart, and single requests fill it up.
const BATCHES: u32 = 3;
/// Requests of a wave at least, where they fit into the longest.
const REQUESTS_LEAST: u32 = 30;
/// The longest wave.
const WAVE_MAX: Duration = Duration::from_secs(5);
/// Fewer entries than this go singly.
const BATCH_WORTH: usize = 5;

/// How many requests fit into a wave at the company's pace, of what is wanted.
pub(super) fn share(turn: &Turn<'_>, wanted: Wanted) -> Told {
    let budget = turn.service.budget();
    let wait = budget.wait(&turn.lease.company_id);
    if wait > PATIENCE {
        return Heard::NoShare(wait);
    }
    let pace = budget.pace_of(&turn.lease.company_id);
    let fits = |wave: Duration, spacing: Duration| {
        usize::try_from(wave.as_micros() / spacing.as_micros().max(1)).unwrap_or(usize::MAX)
    };
    let wave = (pace.batch_spacing * BATCHES)
        .max(pace.spacing * REQUESTS_LEAST)
        .min(WAVE_MAX);
    let requests = fits(wave, pace.spacing).max(1);
    let batches = if wanted.either < BATCH_WORTH {
        wanted.batches
    } else {
        wanted.batches_at_most(turn.policy.batch_items)
    };
    let batches = batches
        .min(fits(wave, pace.batch_spacing).max(1))
        .min(requests);
    let singles = wanted.singles_at_most().min(requests - batches);
    // Live ones never wait for a batch.
    let batches = if singles == 0 && wanted.singles > 0 {
        0
    } else {
        batches
    };
    Heard::Shares(Shares {
        singles: singles.max(usize::from(batches == 0)),
        batches,
    })
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
    // The lock makes Stop Sync wait, or we are too late: after its answer no intent is made.
    let running = tx
        .query(
            "SELECT 1 FROM sync WHERE {mine} AND running FOR KEY SHARE",
            vec![],
        )
        .await?;
    if running.is_empty() {
        return Ok(Heard::Lost);
    }
    let named: Vec<(&Ready, Option<BatchName>)> = requests
        .iter()
        .flat_map(|request| {
            let name = |(place, key)| Some((turn.ready.get(&key)?, request.batch_name(place)));
            let keys = request.keys().into_iter().enumerate();
            keys.filter_map(name).collect::<Vec<_>>()
        })
        .collect();
    // The event first, as whoever replaces it does: one that was replaced meanwhile is not sent.
    let events: Vec<EventId> = named.iter().map(|(entry, _)| entry.event).collect();
    let versions: Vec<i32> = named.iter().map(|(entry, _)| entry.version).collect();
    let queued = change::events(&tx, &events, EventChange::Intend, Some(&versions)).await?;
    let named = named
        .into_iter()
        .filter(|(entry, _)| queued.contains(&entry.event));
    let mut kept = Vec::new();
    let mut unkept = Vec::new();
    for (entry, name) in named {
        match entry.unkept {
            None => kept.push((entry.id, name)),
            Some(generation) => unkept.push((entry, generation, name)),
        }
    }
    let mut intended = change::intend(&tx, &kept).await?;
    // Taken out of the queue and put into it again meanwhile: another entry is to be made. Claimed anew.
    if intended.len() < kept.len() {
        return Ok(Heard::Intended(Vec::new()));
    }
    claim::keep(&tx, turn, EntryChange::Intend.to(), &unkept).await?;
    intended.extend(unkept.iter().map(|(entry, ..)| entry.id));
    tx.execute(
        "INSERT INTO attempt (tenant_id, journal_entry_id, number, fence, send_not_after)
         SELECT $1, j.id, j.attempts, $3, tillpost_now() + make_interval(secs => $4) FROM journal_entry j
          WHERE {mine:j} AND j.id = ANY($2)",
        vec![
            intended.iter().map(|id| id.0).collect::<Vec<_>>().into(),
            turn.lease.fence.into(),
            turn.service.settings().posting.send_window.as_secs_f64().into(),
        ],
    )
    .await?;
    reach(FailPoint::IntentBeforeCommit);
    tx.commit().await?;
    reach(FailPoint::IntentCommitted);
    for key in &intended {
        if let Some(entry) = turn.ready.get_mut(key) {
            entry.attempts += 1;
            entry.unkept = None;
        }
    }
    let intended = requests
        .into_iter()
        .filter_map(|request| request.keeping(|key| intended.contains(&key)))
        .collect();
    Ok(Heard::Intended(intended))
}

/// Why what is left of a wave does not leave any more, once that is so.
#[derive(Debug, Default)]
pub(super) struct Ended(Mutex<Option<Outcome>>);

impl Ended {
    /// What each of the rest comes to.
    pub(super) fn why(&self) -> Option<Outcome> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rest does not leave.
    pub(super) fn end(&self, outcome: Outcome) {
        let mut why = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        why.get_or_insert(outcome);
    }

    fn note(&self, effect: Effect) {
        match effect {
            Effect::Throttled(wait) => self.end(Outcome::Throttled { wait }),
            Effect::Unauthorised => self.end(Outcome::Unauthorised),
            Effect::Halted | Effect::Lost => self.end(Outcome::NotSent),
            Effect::Posted | Effect::Settled | Effect::HeldUp | Effect::Unwell => {}
        }
    }
}

/// Sends a wave: single requests and batches beside each other, each at its moment, several under way at once.
pub(super) async fn wave(
    turn: &mut Turn<'_>,
    wave: &Wave<JournalEntryId>,
    ended: &Ended,
) -> Result<Told, Error> {
    let (singles, batches): (Vec<_>, Vec<_>) = wave
        .requests
        .iter()
        .cloned()
        .partition(|request| matches!(request, Request::Single(_)));
    let sender = &*turn;
    let pace = turn.service.budget().pace_of(&turn.lease.company_id);
    let at_once = turn.service.settings().posting.concurrency.max(1);
    let gathered = Gathered::of(wave.requests.len(), at_once, pace.spacing);
    let (singles, batches) = tokio::join!(
        lane(sender, wave, singles, ended, &gathered),
        lane(sender, wave, batches, ended, &gathered)
    );
    let mut effects = Vec::new();
    let mut held_up = None;
    for settled in singles.into_iter().chain(batches) {
        for settled in settled? {
            held_up = held_up.or(settled.held_up);
            effects.push(settled.effect);
        }
    }
    turn.held_up = held_up;
    Ok(Heard::Sent(effects))
}

/// [`wave`], with live events that come meanwhile sent aside.
pub(super) async fn wave_and_aside(
    turn: &mut Turn<'_>,
    sending: &Wave<JournalEntryId>,
    stop: &tokio_util::sync::CancellationToken,
) -> Result<Told, Error> {
    let ended = Ended::default();
    let done = tokio_util::sync::CancellationToken::new();
    let aside = aside::Aside::of(turn, sending);
    let sent = async {
        let _done = done.clone().drop_guard();
        wave(turn, sending, &ended).await
    };
    let (sent, beside) = tokio::join!(sent, aside.beside(&ended, stop, &done));
    beside?;
    sent
}

// One after the other takes leave; what has left is under way beside.
async fn lane<'t>(
    turn: &'t Turn<'_>,
    wave: &Wave<JournalEntryId>,
    requests: Vec<Request<JournalEntryId>>,
    ended: &Ended,
    gathered: &Gathered<'t>,
) -> Vec<Result<Vec<Settled>, Error>> {
    let at_once = turn.service.settings().posting.concurrency.max(1);
    let mut under_way = FuturesUnordered::new();
    let mut settled = Vec::with_capacity(requests.len());
    for request in requests {
        while under_way.len() >= at_once {
            settled.extend(under_way.next().await);
        }
        let leave = {
            let mut leave = pin!(leave(turn, wave, &request, ended));
            loop {
                tokio::select! {
                    biased;
                    leave = &mut leave => break leave,
                    Some(done) = under_way.next(), if !under_way.is_empty() => settled.push(done),
                }
            }
        };
        under_way.push(one(turn, wave, request, leave, ended, gathered));
    }
    settled.extend(under_way.collect::<Vec<_>>().await);
    settled
}

// `None`: it does not leave.
async fn leave(
    turn: &Turn<'_>,
    wave: &Wave<JournalEntryId>,
    request: &Request<JournalEntryId>,
    ended: &Ended,
) -> Option<Leave> {
    if ended.why().is_some() || !wave.may_leave(since_boot()) {
        return None;
    }
    let is_live = |key: &JournalEntryId| turn.ready.get(key).is_some_and(|entry| !entry.past);
    let (kind, priority) = match request {
        Request::Single(key) if is_live(key) => (Kind::Single, Priority::First),
        Request::Single(_) => (Kind::Single, Priority::Rest),
        Request::Batch { .. } => (Kind::Batch, Priority::Rest),
    };
    let window = turn.service.settings().posting.send_window;
    let company = &turn.lease.company_id;
    let leave = turn.service.budget().leave(company, kind, priority, window);
    leave.await.ok()
}

async fn one<'t>(
    turn: &'t Turn<'_>,
    wave: &Wave<JournalEntryId>,
    request: Request<JournalEntryId>,
    leave: Option<Leave>,
    ended: &Ended,
    gathered: &Gathered<'t>,
) -> Result<Vec<Settled>, Error> {
    let leaves = leave.is_some() && ended.why().is_none() && wave.may_leave(since_boot());
    gathered.leaves();
    let sent = match request {
        request if !leaves => {
            let outcome = ended.why().unwrap_or(Outcome::NotSent);
            let keys = request.keys().into_iter();
            let entries = keys.filter_map(|key| turn.ready.get(&key));
            entries.map(|entry| unsent(entry, outcome)).collect()
        }
        Request::Single(key) => match turn.ready.get(&key) {
            Some(entry) => vec![single(turn, entry).await],
            None => Vec::new(),
        },
        Request::Batch { request_id, items } => batch(turn, wave, &request_id, &items).await,
    };
    drop(leave);
    let throttled = sent.iter().filter_map(|sent| match sent.outcome {
        Outcome::Throttled { wait } if sent.report.is_some() => Some(wait),
        _ => None,
    });
    if let Some(wait) = throttled.max() {
        let company = &turn.lease.company_id;
        turn.service.budget().refused(company, wait).await;
    }
    let settled = gathered.settle(turn, wave, sent).await?;
    for settled in &settled {
        ended.note(settled.effect);
    }
    Ok(settled)
}

fn unsent(entry: &Ready, outcome: Outcome) -> Sent<'_> {
    Sent {
        entry,
        outcome,
        report: None,
    }
}

async fn single<'t>(turn: &Turn<'_>, entry: &'t Ready) -> Sent<'t> {
    let body = entry.body.clone();
    reach(FailPoint::SendLeaves);
    let answer = turn
        .company()
        .create_journal_entry(&entry.request_id, body)
        .await;
    reach(FailPoint::SendAnswered);
    read(turn, entry, answer)
}

// A batch that is definitely refused as a whole did nothing: which of its items it was refused for is found by halves, under
// the same names.
async fn batch<'t>(
    turn: &'t Turn<'_>,
    wave: &Wave<JournalEntryId>,
    request_id: &str,
    items: &[Item<JournalEntryId>],
) -> Vec<Sent<'t>> {
    let entry =
        |item: &Item<JournalEntryId>| Some((turn.ready.get(&item.key)?, item.item_id.clone()));
    let items: Vec<(&Ready, String)> = items.iter().filter_map(entry).collect();
    let mut sent = Vec::with_capacity(items.len());
    let mut parts: Vec<&[(&Ready, String)]> = vec![&items];
    let mut is_first = true;
    while let Some(part) = parts.pop() {
        // The first goes on the leave of the whole.
        let leave = if std::mem::take(&mut is_first) {
            None
        } else {
            let window = turn.service.settings().posting.send_window;
            let budget = turn.service.budget();
            let company = &turn.lease.company_id;
            let leave = budget.leave(company, Kind::Batch, Priority::Rest, window);
            let leave = leave.await.ok();
            if leave.is_none() || !wave.may_leave(since_boot()) {
                sent.extend(
                    part.iter()
                        .map(|(entry, _)| unsent(entry, Outcome::NotSent)),
                );
                continue;
            }
            leave
        };
        let wire: Vec<BatchItem<'_>> = part
            .iter()
            .map(|(entry, item_id)| BatchItem {
                id: item_id,
                body: &entry.body,
            })
            .collect();
        let company = turn.company();
        reach(FailPoint::BatchLeaves);
        let answer = company.create_journal_entries(request_id, &wire).await;
        reach(FailPoint::BatchAnswered);
        drop(leave);
        match answer {
            Ok(answers) => {
                let entries = part.iter().zip(answers);
                sent.extend(entries.map(|((entry, _), answer)| read(turn, entry, answer)));
            }
            Err(failure) if part.len() > 1 && is_refusal(&failure) => {
                let (first, second) = part.split_at(part.len() / 2);
                parts.extend([second, first]);
            }
            Err(failure) => {
                let entries = part.iter();
                sent.extend(entries.map(|(entry, _)| read(turn, entry, Err(failure.clone()))));
            }
        }
    }
    sent
}

fn is_refusal(failure: &Failure) -> bool {
    matches!(
        outcome::of(failure),
        Outcome::Rejected | Outcome::NumberTaken
    )
}

fn read<'t>(
    turn: &Turn<'_>,
    entry: &'t Ready,
    answer: Result<Answer<PostedEntry>, Failure>,
) -> Sent<'t> {
    let (outcome, report) = match answer {
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
    };
    Sent {
        entry,
        outcome,
        report: Some(report),
    }
}
