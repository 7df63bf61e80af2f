//! What follows from each outcome, and how long to wait.

use super::mutant::{self, Mutant};
use super::state::{EntryChange, EventChange};
use std::time::Duration;

/// The waits of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waits {
    /// From a request's last possible instant under way to the first look-up.
    pub quiet_period: Duration,
    /// How long a request may take.
    pub call_timeout: Duration,
    /// Between the two look-ups that must both find nothing.
    pub absence_gap: Duration,
}

/// Look-ups that must find nothing before an entry counts as proven absent.
pub const ABSENCES_NEEDED: u32 = 2;

/// How often a number may be refused, with two look-ups in between that find nobody holding it.
pub const NUMBER_REFUSALS_MAX: u32 = 2;

/// How long a company that does not answer well is left alone.
pub const UNWELL_WAIT: Duration = Duration::from_secs(10);

/// What one request came to for one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The company answered with the entry's id.
    Posted,
    /// Definitely not sent: no connection, or the send window was over.
    NotSent,
    /// Not executed: the company limits requests.
    Throttled {
        /// How long to wait, as the answer says or Intuit's flat minute.
        wait: Duration,
    },
    /// Not executed: the access token was refused.
    Unauthorised,
    /// Not executed: the company as a whole refuses, and only a person can help.
    Halted,
    /// Not executed: this entry is definitely refused.
    Rejected,
    /// The company says that the number is taken: perhaps by this very entry.
    NumberTaken,
    /// Anything else: it may be in the books, or not, or not yet.
    Unknown,
}

/// What becomes of an entry and its event, in one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The entry's way.
    pub entry: EntryChange,
    /// The event's way; `None`: it stays as it is.
    pub event: Option<EventChange>,
}

impl Settlement {
    // Its bytes stay sealed and go out again, under the same name, after a while.
    const fn send_again(entry: EntryChange, after: Duration) -> Self {
        Self {
            entry,
            event: Some(EventChange::QueueAgain { after }),
        }
    }

    // In the books.
    const fn posted(entry: EntryChange) -> Self {
        Self {
            entry,
            event: Some(EventChange::Sync),
        }
    }

    // A person must act; a retry seals the next generation.
    const fn failed(entry: EntryChange) -> Self {
        Self {
            entry,
            event: Some(EventChange::Fail),
        }
    }

    // It is looked up before anything else; meanwhile the event is under way.
    const fn in_doubt(entry: EntryChange) -> Self {
        Self { entry, event: None }
    }
}

/// Decides after a request. `tries` counts the requests of this event that were definitely not executed, this one included.
pub fn after_send(outcome: Outcome, tries: u32, waits: &Waits) -> Settlement {
    if let Some(wrong) = mutant::after_send(outcome) {
        return wrong;
    }
    match outcome {
        Outcome::Posted => Settlement::posted(EntryChange::Post),
        Outcome::NotSent => Settlement::send_again(EntryChange::Return, back_off(tries)),
        Outcome::Throttled { wait } => Settlement::send_again(EntryChange::Return, wait),
        // Until the token is fresh, or a person has helped: the turn knows.
        Outcome::Unauthorised | Outcome::Halted => {
            Settlement::send_again(EntryChange::Return, Duration::ZERO)
        }
        Outcome::Rejected => Settlement::failed(EntryChange::Reject),
        // Nothing was executed now, so there is no quiet period to wait out; what holds the number is there already.
        // Refused for its number again and again, while no look-up finds who holds it: a person must look.
        Outcome::NumberTaken if tries > NUMBER_REFUSALS_MAX => {
            Settlement::failed(EntryChange::Reject)
        }
        Outcome::NumberTaken => Settlement::in_doubt(EntryChange::Doubt {
            after: Duration::ZERO,
        }),
        Outcome::Unknown => Settlement::in_doubt(EntryChange::Doubt {
            after: waits.quiet_period,
        }),
    }
}

/// What an attempt of a dead holder comes to: its request may have left until its window closed, and taken its full time.
pub fn abandoned(waits: &Waits) -> Duration {
    if mutant::acts(Mutant::NoCallTimeout) {
        return waits.quiet_period;
    }
    waits.call_timeout.saturating_add(waits.quiet_period)
}

/// What a look-up by number found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// One entry, and it is ours: marker, date, amounts and lines agree.
    Ours,
    /// An entry that is not ours holds the number.
    Foreign,
    /// No entry has the number.
    Nothing,
}

/// Decides after a look-up of an entry whose outcome is unknown; `absences` counts the look-ups before this one that did not
/// find it. A foreign entry under the number says no more of ours than nothing does: a query may not show it yet.
pub fn after_look_up(found: Found, absences: u32, waits: &Waits) -> Settlement {
    if let Some(wrong) = mutant::after_look_up(found) {
        return wrong;
    }
    let is_proven = absences.saturating_add(1) >= ABSENCES_NEEDED;
    match found {
        Found::Ours => Settlement::posted(EntryChange::Find),
        Found::Foreign if is_proven => Settlement::failed(EntryChange::GiveWay),
        Found::Nothing if is_proven => {
            let cleared = Settlement::send_again(EntryChange::Clear, Duration::ZERO);
            match mutant::acts(Mutant::ClearedIsForgotten) {
                true => Settlement::in_doubt(cleared.entry),
                false => cleared,
            }
        }
        Found::Foreign | Found::Nothing => Settlement::in_doubt(EntryChange::Miss {
            after: waits.absence_gap,
        }),
    }
}

/// Decides after the look-up that comes before a first request; `None`: it may be sent. Nothing was sent, so one absence is
/// enough.
pub fn before_first_send(found: Found) -> Option<Settlement> {
    if found == Found::Foreign && mutant::acts(Mutant::ForeignIsOurs) {
        return Some(Settlement::posted(EntryChange::Find));
    }
    match found {
        Found::Ours => Some(Settlement::posted(EntryChange::Find)),
        Found::Foreign => Some(Settlement::failed(EntryChange::GiveWay)),
        Found::Nothing => None,
    }
}

/// How long to wait after `tries` in vain: a second, doubled each time, five minutes at the most.
pub fn back_off(tries: u32) -> Duration {
    const MAX: Duration = Duration::from_secs(300);
    Duration::from_secs(1)
        .checked_mul(1 << tries.saturating_sub(1).min(16))
        .map_or(MAX, |wait| wait.min(MAX))
}

/// How long a company that refuses us is left alone before it is asked again, by how often it refused in a row: five minutes,
/// doubled each time, four hours at the most.
pub fn refused_wait(times: u32) -> Duration {
    const MAX: Duration = Duration::from_secs(4 * 60 * 60);
    Duration::from_secs(5 * 60)
        .checked_mul(1 << times.saturating_sub(1).min(16))
        .map_or(MAX, |wait| wait.min(MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAITS: Waits = Waits {
        quiet_period: Duration::from_secs(180),
        call_timeout: Duration::from_secs(130),
        absence_gap: Duration::from_secs(30),
    };

    #[test]
    fn an_unknown_outcome_is_looked_up_after_the_quiet_period() {
        assert_eq!(
            after_send(Outcome::Unknown, 0, &WAITS),
            Settlement {
                entry: EntryChange::Doubt {
                    after: WAITS.quiet_period
                },
                event: None
            }
        );
    }

    #[test]
    fn only_two_absences_after_a_send_allow_another() {
        let after = |absences| after_look_up(Found::Nothing, absences, &WAITS);
        assert_eq!(
            after(0),
            Settlement {
                entry: EntryChange::Miss {
                    after: WAITS.absence_gap
                },
                event: None
            }
        );
        let cleared = Settlement::send_again(EntryChange::Clear, Duration::ZERO);
        assert_eq!(after(1), cleared);
        assert_eq!(after(u32::MAX), cleared);
    }

    #[test]
    fn a_foreign_entry_is_never_taken_for_ours() {
        let given_way = Settlement::failed(EntryChange::GiveWay);
        for absences in 1..=3 {
            assert_eq!(after_look_up(Found::Foreign, absences, &WAITS), given_way);
        }
        // Ours may be in the books beside it, and not be shown yet.
        assert_eq!(
            after_look_up(Found::Foreign, 0, &WAITS),
            after_look_up(Found::Nothing, 0, &WAITS)
        );
        assert_eq!(before_first_send(Found::Foreign), Some(given_way));
        assert_eq!(before_first_send(Found::Nothing), None);
    }

    #[test]
    fn a_number_refused_again_and_again_is_left_to_a_person() {
        let after = |tries| after_send(Outcome::NumberTaken, tries, &WAITS);
        let at_once = Settlement::in_doubt(EntryChange::Doubt {
            after: Duration::ZERO,
        });
        assert_eq!(after(1), at_once);
        assert_eq!(after(2), at_once);
        assert_eq!(after(3), Settlement::failed(EntryChange::Reject));
    }

    #[test]
    fn waits_grow_and_end_at_five_minutes() {
        let waits: Vec<u64> = (0..12).map(|tries| back_off(tries).as_secs()).collect();
        assert_eq!(waits, [1, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert_eq!(back_off(u32::MAX).as_secs(), 300);
    }

    #[test]
    fn a_company_that_refuses_is_asked_again_after_minutes_and_then_after_hours() {
        let minutes: Vec<u64> = (0..9)
            .map(|times| refused_wait(times).as_secs() / 60)
            .collect();
        assert_eq!(minutes, [5, 5, 10, 20, 40, 80, 160, 240, 240]);
        assert_eq!(refused_wait(u32::MAX).as_secs(), 4 * 60 * 60);
    }

    #[test]
    fn what_a_dead_holder_sent_has_its_full_time_and_the_quiet_period() {
        assert_eq!(abandoned(&WAITS), Duration::from_secs(310));
    }
}
