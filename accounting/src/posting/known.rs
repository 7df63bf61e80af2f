//! What an event's latest entry in the company means once it is the event's turn: told alike to who posts and who foretells.

use super::mutant::{self, Mutant};
use super::state::EntryState;

/// What follows from the latest entry of an event in a company.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// Nothing of it is alive: a new entry is made, as the next generation.
    Fresh,
    /// Definitely not executed before: the same bytes go out again.
    Again,
    /// Sealed of a body that was replaced while the tenant was at another company: it is withdrawn, and a new one is made.
    Outdated,
    /// Posted before the tenant went to another company and came back: it is in these books already.
    Posted,
    /// Posted of another version than the event has now.
    PostedOtherwise,
    /// Left in doubt before the tenant went and came back: the look-up decides.
    InDoubt,
}

impl Known {
    /// What an entry in `state`, made of `entry_version`, means for an event of `event_version`.
    #[must_use]
    pub fn of(state: EntryState, entry_version: i32, event_version: i32) -> Self {
        let known = match (state, entry_version == event_version) {
            (EntryState::Sealed, true) => Self::Again,
            (EntryState::Sealed, false) => Self::Outdated,
            (EntryState::Posted, true) => Self::Posted,
            (EntryState::Posted, false) => Self::PostedOtherwise,
            (EntryState::Sending | EntryState::Unknown, _) => Self::InDoubt,
            (EntryState::Rejected | EntryState::Withdrawn, _) => Self::Fresh,
        };
        mutant::known(known)
    }

    /// The generation of a new entry after the latest, which may be none.
    #[must_use]
    pub fn next_generation(latest: Option<i32>) -> i32 {
        if mutant::acts(Mutant::SameGeneration) || mutant::acts(Mutant::ResealSameId) {
            return latest.unwrap_or(1);
        }
        latest.map_or(1, |generation| generation.saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_dead_makes_room_for_a_new_entry() {
        for (state, entry_version, known) in [
            (EntryState::Sealed, 2, Known::Again),
            (EntryState::Sealed, 1, Known::Outdated),
            (EntryState::Posted, 2, Known::Posted),
            (EntryState::Posted, 1, Known::PostedOtherwise),
            (EntryState::Sending, 2, Known::InDoubt),
            (EntryState::Unknown, 1, Known::InDoubt),
            (EntryState::Rejected, 2, Known::Fresh),
            (EntryState::Withdrawn, 2, Known::Fresh),
        ] {
            assert_eq!(Known::of(state, entry_version, 2), known, "{state:?}");
        }
        assert_eq!(Known::next_generation(None), 1);
        assert_eq!(Known::next_generation(Some(1)), 2);
    }
}
