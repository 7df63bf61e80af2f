//! The trace of a schedule: a hash of every step always, and words where somebody wants to read them.

/// What happened, step by step.
pub(crate) struct Story {
    hash: u64,
    lines: Option<Vec<String>>,
}

impl Story {
    pub(crate) fn new(is_told: bool) -> Self {
        Self {
            hash: 0xcbf2_9ce4_8422_2325,
            lines: is_told.then(Vec::new),
        }
    }

    /// One step: what, of whom, and when; words only where they are wanted.
    pub(crate) fn tell(
        &mut self,
        now: u64,
        what: &'static str,
        whom: [u64; 2],
        words: impl FnOnce() -> String,
    ) {
        let mut mix = |value: u64| {
            self.hash = (self.hash ^ value)
                .wrapping_mul(0x0000_0100_0000_01b3)
                .rotate_left(23);
        };
        mix(now);
        mix(what.len() as u64 ^ u64::from(what.as_bytes()[0]) << 8);
        mix(whom[0]);
        mix(whom[1]);
        if let Some(lines) = &mut self.lines {
            let (seconds, rest) = (now / 1000, now % 1000);
            lines.push(format!(
                "{:>3}:{:02}.{rest:03}  {}",
                seconds / 60,
                seconds % 60,
                words()
            ));
        }
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn lines(self) -> Vec<String> {
        self.lines.unwrap_or_default()
    }
}
