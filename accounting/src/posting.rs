//! The posting machine's decisions: what to do after each outcome, and why. Pure, so that the worker and a simulator drive
//! the same code.
//!
//! The promise rests on three of them: what is not definitely known is *unknown*; an unknown outcome is looked up, after
//! the quiet period, before anything is sent again; and what is sent again carries the same request id.

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
pub const ABSENCES_NEEDED: u8 = 2;

/// How often a number may be refused, with two look-ups in between that find nobody holding it.
pub const NUMBER_REFUSALS_MAX: u32 = 2;

/// What one POST came to.
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

/// What becomes of the entry after a POST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterSend {
    /// It is in the books.
    Settle,
    /// Its bytes stay sealed and go out again, with the same request id, after a while.
    SendAgain {
        /// How long.
        after: Duration,
    },
    /// Its bytes stay sealed until a person has helped.
    Hold,
    /// This generation is over; the event fails, and a retry seals a new one.
    Reject,
    /// It is looked up before anything else, not sooner than this after its last possible instant under way.
    LookUp {
        /// How long.
        after: Duration,
    },
}

/// Decides after a POST. `tries` counts the POSTs of this event that were definitely not executed, this one included.
pub fn after_send(outcome: Outcome, tries: u32, waits: &Waits) -> AfterSend {
    match outcome {
        Outcome::Posted => AfterSend::Settle,
        Outcome::NotSent => AfterSend::SendAgain {
            after: back_off(tries),
        },
        Outcome::Throttled { wait } => AfterSend::SendAgain { after: wait },
        Outcome::Unauthorised => AfterSend::SendAgain {
            after: Duration::ZERO,
        },
        Outcome::Halted => AfterSend::Hold,
        Outcome::Rejected => AfterSend::Reject,
        // Nothing was executed now, so there is no quiet period to wait out; what holds the number is there already.
        // Refused for its number again and again, while no look-up finds who holds it: a person must look.
        Outcome::NumberTaken if tries > NUMBER_REFUSALS_MAX => AfterSend::Reject,
        Outcome::NumberTaken => AfterSend::LookUp {
            after: Duration::ZERO,
        },
        Outcome::Unknown => AfterSend::LookUp {
            after: waits.quiet_period,
        },
    }
}

/// What an attempt of a dead holder comes to: its request may have left until its window closed, and taken its full time.
pub fn abandoned(waits: &Waits) -> Duration {
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

/// What becomes of the entry after a look-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterLookUp {
    /// It is in the books.
    Settle,
    /// The number belongs to another entry; the event fails and nothing is posted.
    NumberTaken,
    /// Absent so far; looked up once more after a while.
    LookAgain {
        /// How long.
        after: Duration,
    },
    /// Proven absent: sent, or sent again, with the same request id.
    Send,
}

/// Decides after a look-up of an entry whose outcome is unknown; `absences` counts the look-ups before this one that found
/// nothing.
pub fn after_look_up(found: Found, absences: u8, waits: &Waits) -> AfterLookUp {
    match found {
        Found::Ours => AfterLookUp::Settle,
        Found::Foreign => AfterLookUp::NumberTaken,
        Found::Nothing if absences.saturating_add(1) >= ABSENCES_NEEDED => AfterLookUp::Send,
        Found::Nothing => AfterLookUp::LookAgain {
            after: waits.absence_gap,
        },
    }
}

/// Decides after the look-up that comes before a first POST: nothing was sent, so one absence is enough.
pub fn before_first_send(found: Found) -> AfterLookUp {
    match found {
        Found::Ours => AfterLookUp::Settle,
        Found::Foreign => AfterLookUp::NumberTaken,
        Found::Nothing => AfterLookUp::Send,
    }
}

/// How long to wait after `tries` in vain: a second, doubled each time, five minutes at the most.
pub fn back_off(tries: u32) -> Duration {
    const MAX: Duration = Duration::from_secs(300);
    Duration::from_secs(1)
        .checked_mul(1 << tries.saturating_sub(1).min(16))
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
            AfterSend::LookUp {
                after: WAITS.quiet_period
            }
        );
    }

    #[test]
    fn only_two_absences_after_a_send_allow_another() {
        assert_eq!(
            after_look_up(Found::Nothing, 0, &WAITS),
            AfterLookUp::LookAgain {
                after: WAITS.absence_gap
            }
        );
        assert_eq!(after_look_up(Found::Nothing, 1, &WAITS), AfterLookUp::Send);
        assert_eq!(
            after_look_up(Found::Nothing, u8::MAX, &WAITS),
            AfterLookUp::Send
        );
    }

    #[test]
    fn a_foreign_entry_is_never_taken_for_ours() {
        for absences in 0..=3 {
            assert_eq!(
                after_look_up(Found::Foreign, absences, &WAITS),
                AfterLookUp::NumberTaken
            );
        }
        assert_eq!(before_first_send(Found::Foreign), AfterLookUp::NumberTaken);
    }

    #[test]
    fn a_number_refused_again_and_again_is_left_to_a_person() {
        let after = |tries| after_send(Outcome::NumberTaken, tries, &WAITS);
        assert_eq!(
            after(1),
            AfterSend::LookUp {
                after: Duration::ZERO
            }
        );
        assert_eq!(
            after(2),
            AfterSend::LookUp {
                after: Duration::ZERO
            }
        );
        assert_eq!(after(3), AfterSend::Reject);
    }

    #[test]
    fn waits_grow_and_end_at_five_minutes() {
        let waits: Vec<u64> = (0..12).map(|tries| back_off(tries).as_secs()).collect();
        assert_eq!(waits, [1, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert_eq!(back_off(u32::MAX).as_secs(), 300);
    }

    #[test]
    fn what_a_dead_holder_sent_has_its_full_time_and_the_quiet_period() {
        assert_eq!(abandoned(&WAITS), Duration::from_secs(310));
    }
}
