//! What an event's latest entry in the company means once it is the event's turn: told alike to who posts and who foretells.

/// What follows from the latest entry of an event in a company.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// Nothing of it is alive: a new entry is made, as the next generation.
    Fresh,
    /// Definitely not executed before: the same bytes go out again.
    Again,
    /// Sealed of a body that was replaced while the tenant was at another company: it never left, and never will.
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
    pub(crate) fn of(state: &str, entry_version: i32, event_version: i32) -> Self {
        match (state, entry_version == event_version) {
            ("sealed", true) => Self::Again,
            ("sealed", false) => Self::Outdated,
            ("posted", true) => Self::Posted,
            ("posted", false) => Self::PostedOtherwise,
            ("sending" | "unknown", _) => Self::InDoubt,
            _ => Self::Fresh,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_dead_makes_room_for_a_new_entry() {
        for (state, entry_version, known) in [
            ("sealed", 2, Known::Again),
            ("sealed", 1, Known::Outdated),
            ("posted", 2, Known::Posted),
            ("posted", 1, Known::PostedOtherwise),
            ("sending", 2, Known::InDoubt),
            ("unknown", 1, Known::InDoubt),
            ("rejected", 2, Known::Fresh),
            ("withdrawn", 2, Known::Fresh),
        ] {
            assert_eq!(Known::of(state, entry_version, 2), known, "{state}");
        }
    }
}
