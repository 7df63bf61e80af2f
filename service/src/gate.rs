//! The send gate: what was meant to leave soon does not leave late.

use accounting::posting;
use std::time::Duration;

/// A window in which something may be sent, on a clock that goes on while the machine is suspended: a process that was
/// stopped or a machine that slept finds it closed.
pub(crate) struct Gate(posting::Gate);

impl Gate {
    /// Open it before the intent is committed, so that it closes before the committed end of the window does.
    pub(crate) fn open(window: Duration) -> Self {
        Self(posting::Gate::open(since_boot(), window))
    }

    pub(crate) fn is_open(&self) -> bool {
        self.0.is_open(since_boot())
    }
}

/// The time since the machine was started, which goes on while it is suspended.
pub(crate) fn since_boot() -> Duration {
    #[cfg(target_os = "linux")]
    const CLOCK: rustix::time::ClockId = rustix::time::ClockId::Boottime;
    #[cfg(not(target_os = "linux"))]
    const CLOCK: rustix::time::ClockId = rustix::time::ClockId::Monotonic;
    let now = rustix::time::clock_gettime(CLOCK);
    Duration::new(
        u64::try_from(now.tv_sec).unwrap_or_default(),
        u32::try_from(now.tv_nsec).unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_whose_window_is_over_is_closed() {
        assert!(Gate::open(Duration::from_secs(3600)).is_open());
        assert!(!Gate::open(Duration::ZERO).is_open());
    }
}
