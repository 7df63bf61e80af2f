//! The send gate: until when a request whose intent is committed may still begin to leave.

use super::mutant::{Mutant, acts};
use std::time::Duration;

/// The send window of a wave, on a clock that goes on while the machine is suspended: a process that was stopped or a
/// machine that slept finds it closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate {
    opened_at: Duration,
    window: Duration,
}

impl Gate {
    /// Opens it, `at` being the time since the machine was started. To be opened before the intent is committed, so that it
    /// closes before the time that the intent tells everybody else.
    #[must_use]
    pub const fn open(at: Duration, window: Duration) -> Self {
        Self {
            opened_at: at,
            window,
        }
    }

    /// Whether a request may begin to leave `at` that time.
    #[must_use]
    pub fn is_open(&self, at: Duration) -> bool {
        at.saturating_sub(self.opened_at) < self.window || acts(Mutant::IgnoreGate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_whose_window_is_over_is_closed() {
        let (at, window) = (Duration::from_secs(7), Duration::from_secs(10));
        let gate = Gate::open(at, window);
        assert!(gate.is_open(at));
        assert!(gate.is_open(Duration::from_millis(16_999)));
        assert!(!gate.is_open(Duration::from_secs(17)));
        assert!(!Gate::open(at, Duration::ZERO).is_open(at));
    }
}
