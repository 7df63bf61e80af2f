//! The states of an entry and of its event, and every way from one to another: one table, which statements take their
//! conditions and values from, and a simulator its rows.

use super::mutant::{Mutant, acts};
use std::time::Duration;

/// Where a sealed entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryState {
    /// Its bytes are fixed; definitely not executed so far.
    Sealed,
    /// Its intent is committed: a request may be under way.
    Sending,
    /// It may be in the books, or not, or not yet.
    Unknown,
    /// It is in the books.
    Posted,
    /// Definitely refused: this generation is over.
    Rejected,
    /// Never sent, and never will be: its event was replaced or taken out of the queue.
    Withdrawn,
}

impl EntryState {
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::Sealed,
        Self::Sending,
        Self::Unknown,
        Self::Posted,
        Self::Rejected,
        Self::Withdrawn,
    ];

    /// Its name in tables and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sealed => "sealed",
            Self::Sending => "sending",
            Self::Unknown => "unknown",
            Self::Posted => "posted",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The state of that name.
    #[must_use]
    pub fn read(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Whether an entry in it may be in the books or come to be there, which keeps its event from being replaced or taken out
    /// of the queue. One that was in doubt stays so although it was proven absent: where the company shows or commits it later
    /// than that proof allows for, its name still protects, and a successor would go out under another.
    #[must_use]
    pub fn may_be_booked(self, was_in_doubt: bool) -> bool {
        match self {
            Self::Sending | Self::Unknown | Self::Posted => true,
            Self::Sealed => was_in_doubt && !acts(Mutant::WithdrawDoubted),
            Self::Rejected | Self::Withdrawn => false,
        }
    }
}

/// What a change does to the count of look-ups that found nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absences {
    /// Counting begins anew.
    Reset,
    /// One more.
    Count,
}

/// A way of an entry from one state to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryChange {
    /// The intent of a request: one attempt more.
    Intend,
    /// The answer says that it is in the books.
    Post,
    /// A look-up found it in the books.
    Find,
    /// Definitely not executed: the same bytes go out again under the same name.
    Return,
    /// Definitely refused.
    Reject,
    /// A look-up found that another entry has its number.
    GiveWay,
    /// What came of it is not known; it is looked up not sooner than this from now.
    Doubt {
        /// How long.
        after: Duration,
    },
    /// Its holder is gone; it is looked up not sooner than this after the end of its send window.
    Abandon {
        /// How long.
        after: Duration,
    },
    /// A look-up did not find it; the next comes after a while.
    Miss {
        /// How long.
        after: Duration,
    },
    /// Proven absent: the same bytes may go out again.
    Clear,
    /// Its event goes on without it.
    Withdraw,
}

impl EntryChange {
    /// The states it leads from: elsewhere it changes nothing, and what was to go with it is not done either.
    #[must_use]
    pub const fn from(self) -> &'static [EntryState] {
        use EntryState::{Sealed, Sending, Unknown};
        match self {
            Self::Intend | Self::Withdraw => &[Sealed],
            Self::Post
            | Self::Return
            | Self::Reject
            | Self::Doubt { .. }
            | Self::Abandon { .. } => &[Sending],
            // Sealed, where the number is looked up before the first request.
            Self::Find | Self::GiveWay => &[Unknown, Sealed],
            Self::Miss { .. } | Self::Clear => &[Unknown],
        }
    }

    /// The state it leads to.
    #[must_use]
    pub const fn to(self) -> EntryState {
        match self {
            Self::Intend => EntryState::Sending,
            Self::Post | Self::Find => EntryState::Posted,
            Self::Return | Self::Clear => EntryState::Sealed,
            Self::Reject | Self::GiveWay => EntryState::Rejected,
            Self::Doubt { .. } | Self::Abandon { .. } | Self::Miss { .. } => EntryState::Unknown,
            Self::Withdraw => EntryState::Withdrawn,
        }
    }

    /// Until the next look-up: from now, except for [`Abandon`](Self::Abandon), from the end of the send window.
    #[must_use]
    pub const fn due_after(self) -> Option<Duration> {
        match self {
            Self::Doubt { after } | Self::Abandon { after } | Self::Miss { after } => Some(after),
            _ => None,
        }
    }

    /// What becomes of the count of look-ups in vain.
    #[must_use]
    pub fn absences(self) -> Absences {
        match self {
            Self::Miss { .. } if acts(Mutant::AbsencesForgotten) => Absences::Reset,
            Self::Miss { .. } => Absences::Count,
            _ => Absences::Reset,
        }
    }

    /// Attempts that it adds.
    #[must_use]
    pub const fn attempts(self) -> u32 {
        match self {
            Self::Intend => 1,
            _ => 0,
        }
    }

    /// Whether it is the end of this generation.
    #[must_use]
    pub const fn settles(self) -> bool {
        matches!(
            self.to(),
            EntryState::Posted | EntryState::Rejected | EntryState::Withdrawn
        )
    }
}

/// Where an event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventStatus {
    /// Known, not queued.
    NeverSynced,
    /// Queued.
    NotSynced,
    /// Under way, or in doubt.
    Processing,
    /// In the books.
    Synced,
    /// A person must act.
    Failed,
    /// Nothing to post.
    Skipped,
}

impl EventStatus {
    /// Every status.
    pub const ALL: [Self; 6] = [
        Self::NeverSynced,
        Self::NotSynced,
        Self::Processing,
        Self::Synced,
        Self::Failed,
        Self::Skipped,
    ];

    /// Its name in tables and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NeverSynced => "never_synced",
            Self::NotSynced => "not_synced",
            Self::Processing => "processing",
            Self::Synced => "synced",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// A way of an event from one status to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventChange {
    /// Its entry's intent is committed. Only in the version that the entry was made of.
    Intend,
    /// Its entry is in doubt from before: nothing is made of it until that is known.
    Await,
    /// Its sealed entry goes out again after a while; one try more.
    QueueAgain {
        /// How long.
        after: Duration,
    },
    /// Its entry is in the books: a fact, whatever was believed of the event.
    Sync,
    /// A person must act.
    Fail,
    /// There is nothing to post.
    Skip,
    /// A person wants it tried again; tries begin anew.
    Retry,
}

impl EventChange {
    /// The statuses it leads from: elsewhere it changes nothing.
    #[must_use]
    pub const fn from(self) -> &'static [EventStatus] {
        use EventStatus::{Failed, NeverSynced, NotSynced, Processing, Skipped};
        match self {
            Self::Intend | Self::Await => &[NotSynced],
            Self::QueueAgain { .. } | Self::Fail | Self::Skip => &[NotSynced, Processing],
            Self::Sync => &EventStatus::ALL,
            Self::Retry => &[Failed, Skipped, NeverSynced],
        }
    }

    /// The status it leads to.
    #[must_use]
    pub const fn to(self) -> EventStatus {
        match self {
            Self::Intend | Self::Await => EventStatus::Processing,
            Self::QueueAgain { .. } | Self::Retry => EventStatus::NotSynced,
            Self::Sync => EventStatus::Synced,
            Self::Fail => EventStatus::Failed,
            Self::Skip => EventStatus::Skipped,
        }
    }

    /// Until it may be tried, where it is queued.
    #[must_use]
    pub const fn due_after(self) -> Option<Duration> {
        match self {
            Self::QueueAgain { after } => Some(after),
            Self::Retry => Some(Duration::ZERO),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AFTER: Duration = Duration::from_secs(1);
    const CHANGES: [EntryChange; 11] = [
        EntryChange::Intend,
        EntryChange::Post,
        EntryChange::Find,
        EntryChange::Return,
        EntryChange::Reject,
        EntryChange::GiveWay,
        EntryChange::Doubt { after: AFTER },
        EntryChange::Abandon { after: AFTER },
        EntryChange::Miss { after: AFTER },
        EntryChange::Clear,
        EntryChange::Withdraw,
    ];

    #[test]
    fn what_is_over_stays_over() {
        for change in CHANGES {
            for state in [
                EntryState::Posted,
                EntryState::Rejected,
                EntryState::Withdrawn,
            ] {
                assert!(!change.from().contains(&state), "{change:?} from {state:?}");
            }
        }
    }

    #[test]
    fn only_an_intent_makes_a_request_and_only_of_a_sealed_entry() {
        for change in CHANGES {
            let sends = change.to() == EntryState::Sending;
            assert_eq!(sends, change == EntryChange::Intend, "{change:?}");
            assert_eq!(sends, change.attempts() == 1, "{change:?}");
        }
        assert_eq!(EntryChange::Intend.from(), [EntryState::Sealed]);
    }

    #[test]
    fn what_is_in_doubt_and_only_that_has_a_time_for_its_look_up() {
        for change in CHANGES {
            let in_doubt = change.to() == EntryState::Unknown;
            assert_eq!(in_doubt, change.due_after().is_some(), "{change:?}");
        }
    }

    #[test]
    fn what_was_under_way_is_never_withdrawn() {
        assert!(EntryState::Sealed.may_be_booked(true));
        assert!(!EntryState::Sealed.may_be_booked(false));
        assert_eq!(EntryChange::Withdraw.from(), [EntryState::Sealed]);
        for name in EntryState::ALL {
            assert_eq!(EntryState::read(name.as_str()), Some(name));
        }
        assert_eq!(EntryState::read("lost"), None);
    }
}
