//! The arithmetic of a company's pace: even spacing, which keeps *sliding* windows by itself.
//!
//! Requests a spacing `s` apart, of which one may come up to `s` early, are at most `2 + (w + j) / s` in any window `w`, where
//! `j` is how much longer one request may be under way to QuickBooks than another. So `s` is chosen such that this stays
//! within every limit; then no window, wherever it begins, ever holds more than QuickBooks allows. Batches have a spacing of
//! their own, by the same rule; they may come one spacing of requests early, so that one that had to wait for the next moment
//! of a request does not hold up those after it.

use crate::settings::Posting;
use std::time::Duration;

/// How much longer one request may be under way than another, seen over a minute.
const JITTER_OF_MINUTE: Duration = Duration::from_millis(750);
/// The same seen over a second.
const JITTER_OF_SECOND: Duration = Duration::from_millis(90);
/// How far ahead a moment may lie that is given away: a caller who must wait longer asks again.
pub const AHEAD: Duration = Duration::from_millis(250);
/// Of the requests at once, those that a backlog leaves to live events and people.
const KEPT_AT_ONCE: u32 = 1;
/// How slow we are with a company, in thousandths of the spacing: this is as fast as it goes.
pub const STRAIN_NONE: u32 = 1_000;
/// The slowest, for one that refuses again and again.
pub const STRAIN_MAX: u32 = 4_000;
/// One refusal makes it as many thousandths of what it was.
pub const STRAIN_STEP: u32 = 1_500;
/// How long it takes to be as fast as before.
pub const RECOVERY: Duration = Duration::from_secs(600);

/// What asks for leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// A live event, or a read that a person waits for.
    First,
    /// A backlog: uses what is left.
    Rest,
}

/// What is to leave. Either is one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One entry, or a read.
    Single,
    /// A batch, which has a limit of its own besides.
    Batch,
}

/// The pace within a company's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Between two requests.
    pub spacing: Duration,
    /// How early one may come that goes first.
    pub tolerance: Duration,
    /// Between two batches.
    pub batch_spacing: Duration,
    /// Requests under way at once.
    pub at_once: u32,
    /// How long a request may be under way.
    pub call_timeout: Duration,
}

impl Pace {
    /// The fastest pace that keeps the limits of `posting`.
    #[must_use]
    pub fn of(posting: &Posting) -> Self {
        let minute = Duration::from_secs(60) + JITTER_OF_MINUTE;
        let second = Duration::from_secs(1) + JITTER_OF_SECOND;
        let (per_minute, per_second) = (posting.requests_per_minute, posting.requests_per_second);
        // Two must fit into every window, or none may be early.
        let early = u32::from(per_minute > 2 && per_second > 2);
        let apart = |window: Duration, limit: u32| {
            window / limit.saturating_sub(early).max(1) + Duration::from_micros(1)
        };
        let spacing = apart(minute, per_minute).max(apart(second, per_second));
        Self {
            spacing,
            tolerance: spacing * early,
            batch_spacing: (minute + spacing) / posting.batches_per_minute.max(1)
                + Duration::from_micros(1),
            at_once: u32::try_from(posting.concurrency)
                .unwrap_or(u32::MAX)
                .max(1),
            call_timeout: posting.call_timeout,
        }
    }

    /// Requests that `priority` may have under way at once, everybody's counted.
    #[must_use]
    pub const fn at_once(&self, priority: Priority) -> u32 {
        match priority {
            Priority::First => self.at_once.saturating_add(KEPT_AT_ONCE),
            Priority::Rest => self.at_once,
        }
    }
}

/// When the next request may leave, and the next batch. On any clock that only goes forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meter {
    next: Duration,
    next_batch: Duration,
    strain: u32,
    strained_at: Duration,
}

impl Meter {
    /// Of a company that nobody has spoken to lately.
    #[must_use]
    pub const fn rested(now: Duration) -> Self {
        Self {
            next: now,
            next_batch: now,
            strain: STRAIN_NONE,
            strained_at: Duration::ZERO,
        }
    }

    /// Gives a moment away, at the most [`AHEAD`] from now.
    ///
    /// # Errors
    /// How long it is until then.
    pub fn take(
        &mut self,
        now: Duration,
        kind: Kind,
        priority: Priority,
        pace: &Pace,
    ) -> Result<Duration, Duration> {
        let wait = self.would(now, kind, priority, pace)?;
        let slowed = self.slowed(now, pace);
        self.next = self.next.max(now + wait) + slowed.spacing;
        if kind == Kind::Batch {
            self.next_batch = self.next_batch.max(now + wait) + slowed.batch_spacing;
        }
        Ok(wait)
    }

    /// What [`Meter::take`] would say. Gives nothing away.
    ///
    /// # Errors
    /// How long it is until a moment may be given away.
    pub fn would(
        &self,
        now: Duration,
        kind: Kind,
        priority: Priority,
        pace: &Pace,
    ) -> Result<Duration, Duration> {
        let early = match priority {
            Priority::First => pace.tolerance,
            Priority::Rest => Duration::ZERO,
        };
        let slot = now.max(self.next.saturating_sub(early));
        let at = match kind {
            Kind::Single => slot,
            Kind::Batch => slot.max(self.next_batch.saturating_sub(pace.spacing)),
        };
        // A batch takes the next moment that is given away: those before a later one would be lost to the others. It asks again
        // when they are given away, too.
        if at > slot {
            return Err(at - slot);
        }
        let wait = at - now;
        if wait > AHEAD { Err(wait) } else { Ok(wait) }
    }

    /// How long it is until a backlog's next request may leave.
    #[must_use]
    pub fn wait(&self, now: Duration) -> Duration {
        self.next.saturating_sub(now)
    }

    /// `pace` as slow as it is now.
    #[must_use]
    pub fn slowed(&self, now: Duration, pace: &Pace) -> Pace {
        let strain = self.strain(now);
        Pace {
            spacing: times(pace.spacing, strain),
            batch_spacing: times(pace.batch_spacing, strain),
            ..*pace
        }
    }

    /// The company refused and is to be left alone for `wait`, which is on record elsewhere. Then it is spoken to more slowly,
    /// and gradually as before.
    pub fn refused(&mut self, now: Duration, wait: Duration) {
        // Several requests that were under way together are refused together: that is one refusal.
        if self.strained_at <= now {
            self.strain = (self.strain(now) * STRAIN_STEP / 1_000).min(STRAIN_MAX);
        }
        self.strained_at = self.strained_at.max(now + wait);
    }

    // It goes back evenly.
    fn strain(&self, now: Duration) -> u32 {
        let left = RECOVERY.saturating_sub(now.saturating_sub(self.strained_at));
        let over = u128::from(self.strain - STRAIN_NONE) * left.as_millis() / RECOVERY.as_millis();
        STRAIN_NONE + u32::try_from(over).unwrap_or_default()
    }
}

fn times(spacing: Duration, strain: u32) -> Duration {
    spacing * strain / STRAIN_NONE
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);
    const SECOND: Duration = Duration::from_secs(1);

    // The most moments that any window of this length holds.
    fn most(moments: &[Duration], window: Duration) -> usize {
        let mut first = 0;
        let mut most = 0;
        for (last, at) in moments.iter().enumerate() {
            while *at - moments[first] >= window {
                first += 1;
            }
            most = most.max(last + 1 - first);
        }
        most
    }

    // As fast as it goes for three minutes: a live request every so often, a batch whenever one may leave, single ones
    // between.
    fn greedy(pace: &Pace, live_every: Duration) -> (Vec<Duration>, Vec<Duration>) {
        let mut meter = Meter::rested(Duration::ZERO);
        let (mut all, mut batches) = (Vec::new(), Vec::new());
        let mut next_live = Duration::ZERO;
        let mut now = Duration::ZERO;
        while now < MINUTE * 3 {
            if now >= next_live
                && let Ok(wait) = meter.take(now, Kind::Single, Priority::First, pace)
            {
                all.push(now + wait);
                next_live += live_every;
                continue;
            }
            if let Ok(wait) = meter.take(now, Kind::Batch, Priority::Rest, pace) {
                all.push(now + wait);
                batches.push(now + wait);
            }
            match meter.take(now, Kind::Single, Priority::Rest, pace) {
                Ok(wait) => all.push(now + wait),
                Err(_) => now += Duration::from_millis(3),
            }
        }
        all.sort_unstable();
        (all, batches)
    }

    #[test]
    fn no_window_ever_holds_more_than_quickbooks_allows_and_hardly_less() {
        let pace = Pace::of(&Posting::default());
        for live_every in [200, 900, 7_000, 1_000_000].map(Duration::from_millis) {
            let (all, batches) = greedy(&pace, live_every);
            let minute = most(&all, MINUTE + JITTER_OF_MINUTE);
            let second = most(&all, SECOND + JITTER_OF_SECOND);
            assert!(minute <= 500 && second <= 10, "{minute} {second}");
            assert!(most(&batches, MINUTE + JITTER_OF_MINUTE) <= 40);
            let entries = batches.len() * 30 + all.len() - batches.len();
            assert!(entries / 3 > 1_660 * 97 / 100, "{}", entries / 3);
        }
    }

    // As the two lanes of a wave do: each asks for its next when its last has left.
    #[test]
    fn two_lanes_that_ask_one_by_one_waste_nothing() {
        let pace = Pace::of(&Posting::default());
        let mut meter = Meter::rested(Duration::ZERO);
        let (mut singles, mut batches) = (0, 0);
        let (mut next_single, mut next_batch) = (Duration::ZERO, Duration::ZERO);
        let mut now = Duration::ZERO;
        while now < MINUTE * 3 {
            for (kind, next, count) in [
                (Kind::Single, &mut next_single, &mut singles),
                (Kind::Batch, &mut next_batch, &mut batches),
            ] {
                if now < *next {
                    continue;
                }
                match meter.take(now, kind, Priority::Rest, &pace) {
                    Ok(wait) => {
                        *next = now + wait;
                        *count += 1;
                    }
                    Err(wait) => *next = now + wait,
                }
            }
            now += Duration::from_millis(1);
        }
        let entries = (batches * 30 + singles) / 3;
        assert!(
            entries > 1_660 * 97 / 100,
            "{entries}: {batches} batches, {singles} singles"
        );
    }

    #[test]
    fn what_goes_first_goes_at_once_though_a_backlog_has_the_next_moment() {
        let pace = Pace::of(&Posting::default());
        let mut meter = Meter::rested(SECOND);
        let mut take = |priority| meter.take(SECOND, Kind::Single, priority, &pace);
        assert_eq!(take(Priority::Rest), Ok(Duration::ZERO));
        assert_eq!(take(Priority::First), Ok(Duration::ZERO));
        assert_eq!(take(Priority::First), Ok(pace.spacing));
        assert!(take(Priority::Rest).is_err());
    }

    #[test]
    fn a_refusal_slows_down_for_a_while() {
        let pace = Pace::of(&Posting::default());
        let mut meter = Meter::rested(Duration::ZERO);
        for _ in 0..3 {
            meter.refused(Duration::ZERO, MINUTE);
        }
        let mut apart = |at: Duration| {
            meter.take(at, Kind::Single, Priority::Rest, &pace).unwrap();
            meter.next - at
        };
        assert_eq!(apart(MINUTE), times(pace.spacing, STRAIN_STEP));
        let half = apart(MINUTE + RECOVERY / 2);
        assert!(half > pace.spacing && half < times(pace.spacing, STRAIN_STEP));
        assert_eq!(apart(MINUTE + RECOVERY), pace.spacing);
    }

    #[test]
    fn a_limit_of_one_is_kept_too() {
        let posting = Posting {
            requests_per_minute: 1,
            ..Posting::default()
        };
        let (all, _) = greedy(&Pace::of(&posting), SECOND);
        assert_eq!(most(&all, MINUTE), 1);
    }
}
