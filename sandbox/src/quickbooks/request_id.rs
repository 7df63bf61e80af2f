//! What the service remembers about request ids of one company.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::oneshot;

use super::reply::Reply;
use super::switches::{ConcurrentRequestId, RepeatedRequestId, Switches};

/// The longest request id; in a batch the second figure.
pub(crate) const REQUEST_ID_MAX: usize = 50;
/// The longest request id of a batch.
pub(crate) const BATCH_REQUEST_ID_MAX: usize = 36;
/// The longest `bId` of an item in a batch that has a request id.
pub(crate) const BATCH_ITEM_ID_MAX: usize = 10;

#[derive(Debug)]
enum State {
    Running(Vec<oneshot::Sender<()>>),
    Answered(Reply),
}

#[derive(Debug)]
struct Kept {
    fingerprint: u64,
    at: DateTime<Utc>,
    state: State,
}

/// What a request with an id may do.
#[derive(Debug)]
pub(crate) enum Claim {
    /// It is the first: do it, then [`RequestIds::settle`].
    First,
    /// It was done: this is the first answer. `changed` when the body is not the first one's.
    Repeat { reply: Reply, changed: bool },
    /// It was done, and the service refuses rather than repeats.
    Duplicate { changed: bool },
    /// It was done, and the service says that it cannot tell.
    Unwell { changed: bool },
    /// The first is still running: wait for this, then claim again.
    Wait(oneshot::Receiver<()>),
    /// The first is still running, and the service does not wait.
    Busy,
}

impl Claim {
    /// Whether the id was used before, for another body.
    pub(crate) fn is_changed(&self) -> bool {
        matches!(
            self,
            Self::Repeat { changed: true, .. }
                | Self::Duplicate { changed: true }
                | Self::Unwell { changed: true }
        )
    }
}

/// The kept request ids.
#[derive(Debug, Default)]
pub(crate) struct RequestIds {
    kept: HashMap<String, Kept>,
}

impl RequestIds {
    /// Claims an id for a request whose body has this fingerprint; `repeated` is what a repeat of it gets.
    pub(crate) fn claim(
        &mut self,
        id: &str,
        fingerprint: u64,
        now: DateTime<Utc>,
        repeated: RepeatedRequestId,
        switches: &Switches,
    ) -> Claim {
        if !switches.honour_request_ids {
            return Claim::First;
        }
        if let Some(kept) = self.kept.get_mut(id) {
            let changed = kept.fingerprint != fingerprint;
            match &mut kept.state {
                State::Running(waiters) => {
                    return match switches.concurrent_request_id {
                        ConcurrentRequestId::Refuse => Claim::Busy,
                        ConcurrentRequestId::Wait => {
                            let (wake, woken) = oneshot::channel();
                            waiters.push(wake);
                            Claim::Wait(woken)
                        }
                    };
                }
                State::Answered(reply) if !is_over(kept.at, now, switches) => {
                    let rule = if changed {
                        switches.changed_body
                    } else {
                        repeated
                    };
                    return match rule {
                        RepeatedRequestId::FirstAnswer => Claim::Repeat {
                            reply: reply.clone(),
                            changed,
                        },
                        RepeatedRequestId::DuplicateFault => Claim::Duplicate { changed },
                        RepeatedRequestId::WaitAFewMinutes => Claim::Unwell { changed },
                    };
                }
                State::Answered(_) => {}
            }
        }
        self.kept.insert(
            id.to_owned(),
            Kept {
                fingerprint,
                at: now,
                state: State::Running(Vec::new()),
            },
        );
        Claim::First
    }

    /// Ends a claim: keeps the answer for repeats, or forgets the id.
    pub(crate) fn settle(&mut self, id: &str, keep: Option<Reply>) {
        let Some(mut kept) = self.kept.remove(id) else {
            return;
        };
        if let State::Running(waiters) =
            std::mem::replace(&mut kept.state, State::Running(Vec::new()))
        {
            for waiter in waiters {
                // A waiter whose task is gone needs no waking.
                let _ = waiter.send(());
            }
        }
        if let Some(reply) = keep {
            kept.state = State::Answered(reply);
            self.kept.insert(id.to_owned(), kept);
        }
    }

    /// Forgets every answer.
    pub(crate) fn forget(&mut self) {
        self.kept
            .retain(|_, kept| matches!(kept.state, State::Running(_)));
    }
}

fn is_over(at: DateTime<Utc>, now: DateTime<Utc>, switches: &Switches) -> bool {
    switches
        .request_id_retention_seconds
        .is_some_and(|seconds| now - at >= TimeDelta::seconds(seconds.into()))
}
