//! The course of one holder's turn at a company: what is done next, and what follows from what came of it.
//!
//! ```text
//! take over ── errands ── doubts ─ ask ─ settle ── claim ── share ─ ask ─ settle ── intend ── send ──┐
//!                 ▲                                                                                  │
//!                 └───────────────────────────── again, or refresh ──────────────────────────────────┤
//!                                                                    wait · halt · hold ── give back ◀┘
//! ```
//!
//! Every step is one transaction or one call, so a holder may die between any two and within each. Nothing that a step
//! needs is only in the course: the next holder begins anew from the rows.

use super::decision::{
    Found, Outcome, Settlement, UNWELL_WAIT, Waits, abandoned, after_look_up, before_first_send,
};
use super::gate::Gate;
use super::mutant::{Mutant, acts};
use super::request::{Candidate, Request, Shares, Wanted, plan};
use super::state::EventChange;
use super::wave::{Effect, Then, Wave, after_wave};
use std::time::Duration;

/// Without a share of the company's pace that fits, it is left alone for so long.
const NO_SHARE_WAIT: Duration = Duration::from_secs(1);

/// How a turn is taken.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// The protocol's waits.
    pub waits: Waits,
    /// How long after its intent a request may still begin to leave.
    pub send_window: Duration,
    /// Events claimed at once.
    pub slice: usize,
    /// Entries looked up by one query.
    pub look_up_most: usize,
    /// Items in a batch; 0 or 1: what was never sent goes singly.
    pub batch_items: usize,
}

/// An entry whose outcome is unknown, and whose time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doubt<K> {
    /// Which.
    pub key: K,
    /// Look-ups that found nothing so far.
    pub absences: u32,
}

/// What was taken from the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed<K> {
    /// Events taken, whatever became of them.
    pub taken: usize,
    /// Entries that may be sent, in the order to be sent.
    pub ready: Vec<Candidate<K>>,
    /// Whether the company refuses a number that is taken. Where it does not, numbers are looked up before the first request.
    pub guards_numbers: bool,
}

/// Why a company is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It limits requests.
    Throttled,
    /// It does not answer well.
    Unwell,
    /// Our own pace.
    Pace,
}

/// Why nothing more is tried in this turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halt {
    /// A token that was just given is refused: only a person can help.
    TokenRefused,
    /// The company refuses, as its last answer says: it is asked again, with one request, when
    /// [`refused_wait`](super::refused_wait) is over.
    CompanyRefuses,
}

/// What the holder is to do next. Every write is under the fence: where the lease was lost, it is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<K> {
    /// Whatever is being sent in this company was left by a holder who is gone: [`Abandon`](super::EntryChange::Abandon) it all.
    /// Answered by `Done` or `Lost`.
    TakeOver {
        /// From the end of each send window to the first look-up.
        after: Duration,
    },
    /// Whatever else there is to do at the company comes before its queue. Answered by `Errands` or `Trouble`.
    Errands,
    /// Reads unknown outcomes whose time has come. Answered by `Doubts`.
    Doubts {
        /// So many at the most.
        most: usize,
    },
    /// Looks the numbers of these entries up, with one query. Answered by `Found`, `Trouble` or `NotNow`.
    Ask {
        /// Which.
        keys: Vec<K>,
    },
    /// Settles these, in this order and one transaction. Answered by `Done` or `Lost`.
    Settle {
        /// Each entry and what becomes of it.
        settlements: Vec<(K, Settlement)>,
    },
    /// Takes the next slice of the queue: live before past, in order of occurrence. Answered by `Claimed` or `Lost`.
    Claim {
        /// So many at the most.
        most: usize,
    },
    /// Takes shares of the company's pace. Answered by `Shares` or `NoShare`.
    Share(Wanted),
    /// Commits the intents, in one transaction: while the sync runs; of each entry that is still sealed, or was not kept until now
    /// and is sealed with it, and whose event is still queued in the version the entry was made of; with the name it goes out under. Answered by `Intended` with what is left of the
    /// requests, or `Lost`.
    Intend {
        /// What is to be sent.
        requests: Vec<Request<K>>,
    },
    /// Sends each request once, while the wave's gate is open, and settles each entry as its answer comes, in a transaction
    /// of its own. Answered by `Sent` with an effect of every entry.
    Send(Wave<K>),
    /// Gets a fresh access token. Answered by `Done`, or `Errands(Over)` where there is none.
    Refresh,
    /// Leaves the company alone. Answered by `Done` or `Lost`.
    Wait {
        /// Why.
        why: Why,
        /// For how long.
        wait: Duration,
    },
    /// Nothing more is tried, until a person acts or a pause is over. Answered by `Done`.
    Halt(Halt),
    /// The queue is held: every entry of the wave was refused for what the company lacks. Answered by `Done` or `Lost`.
    Hold,
    /// The turn is over: gives the lease back and writes when the next turn is due.
    GiveBack,
}

/// What became of the errands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errands {
    /// Nothing is in the way of the queue.
    Nothing,
    /// Something was done; there may be more.
    Again,
    /// The turn is to end: its time is over, or nothing can be done at this company now.
    Over,
}

/// What came of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard<K> {
    /// It is committed.
    Done,
    /// The lease was lost, or the sync was stopped: nothing was written.
    Lost,
    /// Of the errands.
    Errands(Errands),
    /// The unknown outcomes that are due.
    Doubts(Vec<Doubt<K>>),
    /// What each look-up found.
    Found(Vec<(K, Found)>),
    /// A read was not answered well.
    Trouble(Outcome),
    /// The company's pace does not allow a read now.
    NotNow,
    /// What was taken from the queue.
    Claimed(Claimed<K>),
    /// How many requests may leave.
    Shares(Shares),
    /// None may leave for so long.
    NoShare(Duration),
    /// The requests whose intents are committed.
    Intended(Vec<Request<K>>),
    /// The effect of each entry of the wave.
    Sent(Vec<Effect>),
}

#[derive(Clone, Debug)]
enum At<K> {
    TakingOver,
    OnErrands,
    ReadingDoubts,
    AskingDoubts(Vec<Doubt<K>>),
    SettlingDoubts,
    Claiming,
    Sharing(Claimed<K>),
    AskingFirst(Vec<Request<K>>),
    SettlingFirst(Vec<Request<K>>),
    Intending(Gate),
    Sending,
    Refreshing,
    Ending,
}

/// One holder's turn. Make it with [`begin`](Self::begin), do what it says, and tell it with [`heard`](Self::heard) until it
/// says [`Step::GiveBack`].
#[derive(Clone, Debug)]
pub struct Course<K> {
    policy: Policy,
    at: At<K>,
    refreshed: bool,
}

impl<K: Copy + Eq> Course<K> {
    /// Begins the turn of a holder who has just taken the lease.
    #[must_use]
    pub fn begin(policy: Policy) -> (Self, Step<K>) {
        let mut course = Self {
            policy,
            at: At::TakingOver,
            refreshed: false,
        };
        if acts(Mutant::NoTakeOver) {
            let step = course.again();
            return (course, step);
        }
        let after = abandoned(&course.policy.waits);
        (course, Step::TakeOver { after })
    }

    /// Tells what came of the last step, `at` this time since the machine was started, and gets the next. A report that is no
    /// answer to the step ends the turn.
    #[must_use]
    pub fn heard(&mut self, heard: Heard<K>, at: Duration) -> Step<K> {
        let was = std::mem::replace(&mut self.at, At::Ending);
        match (was, heard) {
            (_, Heard::Lost) => self.end(),
            (_, Heard::Trouble(outcome)) => self.trouble(outcome),
            (At::TakingOver | At::Refreshing, Heard::Done)
            | (At::OnErrands, Heard::Errands(Errands::Again)) => self.again(),
            (At::OnErrands, Heard::Errands(Errands::Nothing)) => self.go(
                At::ReadingDoubts,
                Step::Doubts {
                    most: self.policy.look_up_most,
                },
            ),
            (At::ReadingDoubts, Heard::Doubts(due)) if due.is_empty() => self.claim(),
            (At::ReadingDoubts, Heard::Doubts(due)) if acts(Mutant::SkipVerify) => {
                let cleared = after_look_up(Found::Nothing, u32::MAX, &self.policy.waits);
                let settlements = due.iter().map(|doubt| (doubt.key, cleared)).collect();
                self.settle(At::SettlingDoubts, settlements)
            }
            (At::ReadingDoubts, Heard::Doubts(due)) => {
                let keys = due.iter().map(|doubt| doubt.key).collect();
                self.go(At::AskingDoubts(due), Step::Ask { keys })
            }
            (At::AskingDoubts(due), Heard::Found(found)) => self.after_doubts(&due, &found),
            (At::SettlingDoubts, Heard::Done) => self.claim(),
            (At::Claiming, Heard::Claimed(claimed)) if claimed.taken == 0 => self.end(),
            (At::Claiming, Heard::Claimed(claimed)) if claimed.ready.is_empty() => self.again(),
            (At::Claiming, Heard::Claimed(claimed)) => {
                let wanted = Wanted::of(&claimed.ready);
                self.go(At::Sharing(claimed), Step::Share(wanted))
            }
            (At::Sharing(_), Heard::NoShare(wait)) => self.wait(Why::Pace, wait),
            (At::Sharing(claimed), Heard::Shares(shares)) => self.shared(&claimed, shares, at),
            (At::AskingFirst(requests), Heard::Found(found)) => {
                self.after_first(requests, &found, at)
            }
            (At::SettlingFirst(requests), Heard::Done) => self.intend(requests, at),
            (At::Intending(gate), Heard::Intended(requests)) => {
                let gate = match acts(Mutant::GateAfterIntent) {
                    true => Gate::open(at, self.policy.send_window),
                    false => gate,
                };
                self.send(requests, gate)
            }
            (At::Sending, Heard::Sent(effects)) => self.then(after_wave(&effects)),
            // The time is over, the pace is spent, or an end was told.
            _ => self.end(),
        }
    }

    fn go(&mut self, at: At<K>, step: Step<K>) -> Step<K> {
        self.at = at;
        step
    }

    fn again(&mut self) -> Step<K> {
        self.go(At::OnErrands, Step::Errands)
    }

    fn end(&mut self) -> Step<K> {
        self.go(At::Ending, Step::GiveBack)
    }

    fn wait(&mut self, why: Why, wait: Duration) -> Step<K> {
        self.go(At::Ending, Step::Wait { why, wait })
    }

    fn claim(&mut self) -> Step<K> {
        let most = self.policy.slice;
        self.go(At::Claiming, Step::Claim { most })
    }

    // What is not found is not settled: it stays in doubt.
    fn after_doubts(&mut self, due: &[Doubt<K>], found: &[(K, Found)]) -> Step<K> {
        let settlements = due
            .iter()
            .filter_map(|doubt| {
                let found = found_of(found, doubt.key)?;
                let settlement = after_look_up(found, doubt.absences, &self.policy.waits);
                Some((doubt.key, settlement))
            })
            .collect();
        self.settle(At::SettlingDoubts, settlements)
    }

    // Success is written before failure: a failure locks its alert, which everybody locks last.
    fn settle(&mut self, at: At<K>, mut settlements: Vec<(K, Settlement)>) -> Step<K> {
        settlements.sort_by_key(|(_, settlement)| settlement.event == Some(EventChange::Fail));
        self.go(at, Step::Settle { settlements })
    }

    // A number may belong to an entry that was in the books before us.
    fn shared(&mut self, claimed: &Claimed<K>, shares: Shares, at: Duration) -> Step<K> {
        let requests = plan(&claimed.ready, shares, self.policy.batch_items);
        if requests.is_empty() {
            return self.wait(Why::Pace, NO_SHARE_WAIT);
        }
        let planned: Vec<K> = requests.iter().flat_map(Request::keys).collect();
        let keys: Vec<K> = claimed
            .ready
            .iter()
            .filter(|entry| entry.attempts == 0 && planned.contains(&entry.key))
            .map(|entry| entry.key)
            .collect();
        if claimed.guards_numbers || keys.is_empty() || acts(Mutant::NoFirstLook) {
            return self.intend(requests, at);
        }
        self.go(At::AskingFirst(requests), Step::Ask { keys })
    }

    // An entry that was sent before was not asked for, and goes out; one that was asked for does so when nothing was found.
    fn after_first(
        &mut self,
        requests: Vec<Request<K>>,
        found: &[(K, Found)],
        at: Duration,
    ) -> Step<K> {
        let settlements: Vec<(K, Settlement)> = found
            .iter()
            .filter_map(|(key, found)| Some((*key, before_first_send(*found)?)))
            .collect();
        if settlements.is_empty() {
            return self.intend(requests, at);
        }
        let is_settled = |key| settlements.iter().any(|(settled, _)| *settled == key);
        let requests = requests
            .into_iter()
            .filter_map(|request| request.keeping(|key| !is_settled(key)))
            .collect();
        self.settle(At::SettlingFirst(requests), settlements)
    }

    // The gate is opened before the intent is committed, so that it closes before the time that the intent tells others.
    fn intend(&mut self, requests: Vec<Request<K>>, at: Duration) -> Step<K> {
        if requests.is_empty() {
            return self.again();
        }
        let gate = Gate::open(at, self.policy.send_window);
        if acts(Mutant::NoIntent) {
            return self.send(requests, gate);
        }
        self.go(At::Intending(gate), Step::Intend { requests })
    }

    fn send(&mut self, requests: Vec<Request<K>>, gate: Gate) -> Step<K> {
        if requests.is_empty() {
            return self.again();
        }
        let wave = Wave::new(requests, gate, self.policy.waits);
        self.go(At::Sending, Step::Send(wave))
    }

    fn then(&mut self, then: Then) -> Step<K> {
        match then {
            Then::Again => self.again(),
            Then::Stop => self.end(),
            Then::Throttle(wait) => self.wait(Why::Throttled, wait),
            Then::Unwell(wait) => self.wait(Why::Unwell, wait),
            Then::Hold => self.go(At::Ending, Step::Hold),
            // A token is refreshed once in a turn; a company that refuses the fresh one too is looked at by a person.
            Then::Refresh if self.refreshed => self.go(At::Ending, Step::Halt(Halt::TokenRefused)),
            Then::Refresh => {
                self.refreshed = true;
                self.go(At::Refreshing, Step::Refresh)
            }
        }
    }

    // What a read that failed means for the rest of the turn.
    fn trouble(&mut self, outcome: Outcome) -> Step<K> {
        match outcome {
            Outcome::Unauthorised => self.then(Then::Refresh),
            Outcome::Throttled { wait } => self.then(Then::Throttle(wait)),
            Outcome::Halted => self.go(At::Ending, Step::Halt(Halt::CompanyRefuses)),
            Outcome::Posted
            | Outcome::NotSent
            | Outcome::Rejected
            | Outcome::NumberTaken
            | Outcome::Unknown => self.then(Then::Unwell(UNWELL_WAIT)),
        }
    }
}

fn found_of<K: Eq>(found: &[(K, Found)], key: K) -> Option<Found> {
    found
        .iter()
        .find(|(of, _)| *of == key)
        .map(|(_, found)| *found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Policy = Policy {
        waits: Waits {
            quiet_period: Duration::from_secs(180),
            call_timeout: Duration::from_secs(130),
            absence_gap: Duration::from_secs(30),
        },
        send_window: Duration::from_secs(10),
        slice: 10,
        look_up_most: 30,
        batch_items: 0,
    };
    const AT: Duration = Duration::ZERO;

    fn candidate(key: u32, attempts: u32) -> Candidate<u32> {
        Candidate {
            key,
            request_id: format!("r{key}"),
            attempts,
            batch: None,
            past: false,
        }
    }

    // A course that has come to its claim.
    fn claiming() -> Course<u32> {
        let (mut course, first) = Course::begin(POLICY);
        let after = Duration::from_secs(310);
        assert_eq!(first, Step::TakeOver { after });
        assert_eq!(course.heard(Heard::Done, AT), Step::Errands);
        let _ = course.heard(Heard::Errands(Errands::Nothing), AT);
        assert_eq!(
            course.heard(Heard::Doubts(vec![]), AT),
            Step::Claim { most: 10 }
        );
        course
    }

    fn claimed(ready: Vec<Candidate<u32>>, guards_numbers: bool) -> Heard<u32> {
        Heard::Claimed(Claimed {
            taken: ready.len(),
            ready,
            guards_numbers,
        })
    }

    fn shares(singles: usize) -> Heard<u32> {
        Heard::Shares(Shares {
            singles,
            batches: 0,
        })
    }

    #[test]
    fn an_unknown_outcome_is_settled_by_what_its_look_up_finds() {
        let (mut course, _) = Course::begin(POLICY);
        let _ = course.heard(Heard::Done, AT);
        let _ = course.heard(Heard::Errands(Errands::Nothing), AT);
        let due = [(1, 0), (2, 1), (3, 0), (4, 0)].map(|(key, absences)| Doubt { key, absences });
        let asked = course.heard(Heard::Doubts(due.to_vec()), AT);
        assert_eq!(
            asked,
            Step::Ask {
                keys: vec![1, 2, 3, 4]
            }
        );
        let found = vec![(2, Found::Foreign), (1, Found::Ours), (3, Found::Nothing)];
        let Step::Settle { settlements } = course.heard(Heard::Found(found), AT) else {
            panic!("it settles");
        };
        let keys: Vec<u32> = settlements.iter().map(|(key, _)| *key).collect();
        assert_eq!(
            keys,
            [1, 3, 2],
            "the failure last; without an answer nothing"
        );
        assert_eq!(course.heard(Heard::Done, AT), Step::Claim { most: 10 });
    }

    #[test]
    fn numbers_are_looked_up_before_the_first_request_only_where_the_company_does_not_guard_them() {
        for guards_numbers in [true, false] {
            let mut course = claiming();
            let ready = vec![candidate(1, 0), candidate(2, 1), candidate(3, 0)];
            let _ = course.heard(claimed(ready, guards_numbers), AT);
            let next = course.heard(shares(9), AT);
            if guards_numbers {
                assert!(matches!(next, Step::Intend { requests } if requests.len() == 3));
                continue;
            }
            assert_eq!(next, Step::Ask { keys: vec![1, 3] });
            let found = vec![(1, Found::Nothing), (3, Found::Foreign)];
            let settled = course.heard(Heard::Found(found), AT);
            assert!(matches!(settled, Step::Settle { settlements } if settlements.len() == 1));
            let requests = vec![Request::Single(1), Request::Single(2)];
            assert_eq!(course.heard(Heard::Done, AT), Step::Intend { requests });
        }
    }

    #[test]
    fn the_gate_closes_before_the_window_that_the_intent_tells() {
        let mut course = claiming();
        let _ = course.heard(claimed(vec![candidate(1, 0)], true), AT);
        let before_the_intent = Duration::from_secs(100);
        let Step::Intend { requests } = course.heard(shares(1), before_the_intent) else {
            panic!("it intends");
        };
        let committed = Duration::from_secs(107);
        let Step::Send(wave) = course.heard(Heard::Intended(requests), committed) else {
            panic!("it sends");
        };
        assert!(wave.may_leave(committed));
        assert!(!wave.may_leave(Duration::from_secs(110)));
    }

    #[test]
    fn a_lost_lease_ends_the_turn_wherever_it_is() {
        let (mut course, _) = Course::<u32>::begin(POLICY);
        assert_eq!(course.heard(Heard::Lost, AT), Step::GiveBack);
        let mut course = claiming();
        assert_eq!(course.heard(Heard::Lost, AT), Step::GiveBack);
        let mut course = claiming();
        let _ = course.heard(claimed(vec![candidate(1, 0)], true), AT);
        let _ = course.heard(shares(1), AT);
        assert_eq!(course.heard(Heard::Lost, AT), Step::GiveBack);
    }

    #[test]
    fn a_token_is_refreshed_once_in_a_turn() {
        let mut course = claiming();
        let refused = || Heard::Trouble(Outcome::Unauthorised);
        assert_eq!(course.heard(refused(), AT), Step::Refresh);
        assert_eq!(course.heard(Heard::Done, AT), Step::Errands);
        assert_eq!(course.heard(refused(), AT), Step::Halt(Halt::TokenRefused));
        assert_eq!(course.heard(Heard::Done, AT), Step::GiveBack);
    }

    #[test]
    fn without_a_share_that_fits_the_company_is_left_alone() {
        let mut course = claiming();
        let _ = course.heard(claimed(vec![candidate(1, 0)], true), AT);
        let wait = Duration::from_secs(9);
        let pace = |wait| Step::Wait {
            why: Why::Pace,
            wait,
        };
        assert_eq!(course.heard(Heard::NoShare(wait), AT), pace(wait));
        let mut course = claiming();
        let _ = course.heard(claimed(vec![candidate(1, 0)], true), AT);
        assert_eq!(course.heard(shares(0), AT), pace(NO_SHARE_WAIT));
    }
}
