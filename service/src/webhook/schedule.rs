//! What follows an attempt, as pure decisions: when a message is tried again, when its endpoint is left alone for a while, and
//! when it is given up.

use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;

const SECOND: u64 = 1;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

/// Seconds from one failed attempt to the next: eleven attempts over a little more than three days.
const WAITS: [u64; 10] = [
    5 * SECOND,
    MINUTE,
    5 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
    14 * HOUR,
    20 * HOUR,
    24 * HOUR,
];

/// An endpoint may ask to be left alone for so long; more is not heeded.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * HOUR);

/// The breaker looks at attempts within so long of the first failure,
const WINDOW: TimeDelta = TimeDelta::minutes(5);
/// opens where at least so many were made
const WINDOW_TRIES: i32 = 10;
/// and at least so many of a hundred failed,
const WINDOW_FAILED_PERCENT: i32 = 70;
/// and stays open for so long; then one attempt tells whether it closes.
const OPEN: TimeDelta = TimeDelta::seconds(60);

/// Nothing reached it for so long: people are told, and told again,
const WARNINGS: [TimeDelta; 2] = [TimeDelta::days(1), TimeDelta::days(3)];
/// and then it is disabled,
const GIVE_UP: TimeDelta = TimeDelta::days(5);
/// unless so few attempts failed that they prove nothing.
const GIVE_UP_FAILURES: i32 = 12;

/// What an endpoint made of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It took the message (2xx).
    Taken,
    /// It says that it wants no more (410).
    Gone,
    /// Anything else, or nothing; it may ask to be left alone for a while.
    Failed {
        /// The time of `Retry-After`, where it was given.
        retry_after: Option<Duration>,
        /// It said that it has too much to do (429, 502, 503, 504).
        busy: bool,
    },
}

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It arrived.
    Delivered,
    /// It is tried again.
    Again {
        /// From now.
        after: Duration,
    },
    /// It was tried often enough: it is kept, and goes out again when somebody asks.
    Dead,
}

/// What becomes of a message after an attempt, of which `failed_before` had failed in this round. `chance` is anything from 0
/// to 999 and moves the time by up to a fifth, so that what failed together is not tried together.
#[must_use]
pub fn next(answer: Answer, failed_before: u32, chance: u32) -> Next {
    let retry_after = match answer {
        Answer::Taken => return Next::Delivered,
        Answer::Gone => None,
        Answer::Failed { retry_after, .. } => retry_after,
    };
    let Some(&seconds) = WAITS.get(failed_before as usize) else {
        return Next::Dead;
    };
    // 80 % and up to 40 % more.
    let millis = seconds * 1000 * (8000 + 4 * u64::from(chance.min(999))) / 10_000;
    let asked = retry_after.unwrap_or_default().min(RETRY_AFTER_MAX);
    Next::Again {
        after: Duration::from_millis(millis).max(asked),
    }
}

/// How an endpoint has fared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// When it took a message last.
    pub last_success_at: Option<DateTime<Utc>>,
    /// When an attempt failed last.
    pub last_failure_at: Option<DateTime<Utc>>,
    /// When the first attempt after the last success failed.
    pub failing_since: Option<DateTime<Utc>>,
    /// Attempts that failed since the last success.
    pub failures: i32,
    /// The breaker's window: its beginning, its attempts, and those that failed.
    pub window_at: Option<DateTime<Utc>>,
    /// Attempts in the window.
    pub window_tries: i32,
    /// Of those, how many failed.
    pub window_failures: i32,
    /// Nothing is sent before: the breaker is open, or it asked for it.
    pub open_until: Option<DateTime<Utc>>,
}

/// Why an endpoint gets nothing any more until somebody enables it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GivenUp {
    /// It said so itself.
    Gone,
    /// Nothing reached it for days.
    Failing,
}

impl Health {
    /// Takes an attempt that ended at `now` into account; tells whether the endpoint is given up.
    pub fn note(&mut self, answer: Answer, now: DateTime<Utc>) -> Option<GivenUp> {
        match answer {
            Answer::Taken => {
                self.note_success(now);
                None
            }
            Answer::Gone => {
                self.note_failure(now);
                Some(GivenUp::Gone)
            }
            Answer::Failed { retry_after, busy } => {
                self.note_failure(now);
                if let Some(asked) = retry_after.filter(|_| busy) {
                    let asked = TimeDelta::from_std(asked.min(RETRY_AFTER_MAX)).unwrap_or(OPEN);
                    self.open_until = self.open_until.max(Some(now + asked));
                }
                let since = self.failing_since.unwrap_or(now);
                (now - since >= GIVE_UP && self.failures >= GIVE_UP_FAILURES)
                    .then_some(GivenUp::Failing)
            }
        }
    }

    fn note_success(&mut self, now: DateTime<Utc>) {
        self.last_success_at = Some(now);
        self.failing_since = None;
        self.failures = 0;
        // After an open breaker, one success is proof enough.
        if self.open_until.take().is_some() || self.is_past(now) {
            self.window_at = None;
            self.window_tries = 0;
            self.window_failures = 0;
        } else if self.window_at.is_some() {
            self.window_tries = self.window_tries.saturating_add(1);
        }
    }

    fn note_failure(&mut self, now: DateTime<Utc>) {
        self.last_failure_at = Some(now);
        self.failing_since.get_or_insert(now);
        self.failures = self.failures.saturating_add(1);
        let on_trial = self.open_until.is_some();
        if self.window_at.is_none() || (self.is_past(now) && !on_trial) {
            self.window_at = Some(now);
            self.window_tries = 0;
            self.window_failures = 0;
        }
        self.window_tries = self.window_tries.saturating_add(1);
        self.window_failures = self.window_failures.saturating_add(1);
        let trips = self.window_tries >= WINDOW_TRIES
            && i64::from(self.window_failures) * 100
                >= i64::from(self.window_tries) * i64::from(WINDOW_FAILED_PERCENT);
        if on_trial || trips {
            self.open_until = self.open_until.max(Some(now + OPEN));
        }
    }

    fn is_past(&self, now: DateTime<Utc>) -> bool {
        self.window_at.is_some_and(|at| now - at > WINDOW)
    }

    /// How many messages may be on their way to it at once: one while it is not known to take any.
    #[must_use]
    pub fn at_once(&self) -> usize {
        if self.failures == 0 && self.open_until.is_none() {
            AT_ONCE
        } else {
            1
        }
    }

    /// How often people were due to be told, by `now`, that it fails; and when it is given up.
    #[must_use]
    pub fn warnings(&self, now: DateTime<Utc>) -> (usize, Option<DateTime<Utc>>) {
        let Some(since) = self.failing_since else {
            return (0, None);
        };
        let due = WARNINGS
            .iter()
            .filter(|&&after| now - since >= after)
            .count();
        (due, Some(since + GIVE_UP))
    }
}

/// Messages on their way to one healthy endpoint at once.
const AT_ONCE: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    const FAILED: Answer = Answer::Failed {
        retry_after: None,
        busy: false,
    };

    fn start() -> DateTime<Utc> {
        "2026-11-26T09:00:00Z".parse().unwrap()
    }

    fn busy(seconds: u64) -> Answer {
        Answer::Failed {
            retry_after: Some(Duration::from_secs(seconds)),
            busy: true,
        }
    }

    #[test]
    fn eleven_attempts_go_over_about_three_days_and_then_it_is_kept() {
        for (chance, hours) in [(0, 60..62), (500, 75..77), (999, 90..92)] {
            let mut whole = Duration::ZERO;
            for failed in 0..10 {
                let Next::Again { after } = next(FAILED, failed, chance) else {
                    panic!("given up after {failed}");
                };
                whole += after;
            }
            assert!(
                hours.contains(&(whole.as_secs() / HOUR)),
                "{chance}: {whole:?}"
            );
            assert_eq!(next(FAILED, 10, chance), Next::Dead);
        }
        assert_eq!(next(Answer::Taken, 9, 0), Next::Delivered);
    }

    #[test]
    fn waits_grow_and_are_spread_by_a_fifth_at_the_most() {
        for (failed, seconds) in WAITS.into_iter().enumerate() {
            let after = |chance| match next(FAILED, failed as u32, chance) {
                Next::Again { after } => after.as_millis(),
                other => panic!("{other:?}"),
            };
            assert_eq!(after(0), u128::from(seconds) * 800);
            assert!(
                after(999) < u128::from(seconds) * 1200 && after(999) > u128::from(seconds) * 1199
            );
        }
        assert!(WAITS.is_sorted());
    }

    #[test]
    fn what_it_asks_for_is_heeded_up_to_a_day_and_never_makes_us_faster() {
        let after = |answer| match next(answer, 3, 500) {
            Next::Again { after } => after.as_secs(),
            other => panic!("{other:?}"),
        };
        assert_eq!(after(busy(7200)), 7200);
        assert_eq!(after(busy(1)), 30 * MINUTE);
        assert_eq!(after(busy(9_000_000)), 24 * HOUR);
    }

    #[test]
    fn a_busy_endpoint_gets_nothing_at_all_for_as_long_as_it_asks() {
        let mut health = Health::default();
        assert_eq!(health.note(busy(120), start()), None);
        assert_eq!(health.open_until, Some(start() + TimeDelta::seconds(120)));
        // A refusal of one message says nothing of the others.
        let mut health = Health::default();
        let refused = Answer::Failed {
            retry_after: Some(Duration::from_secs(120)),
            busy: false,
        };
        health.note(refused, start());
        assert_eq!(health.open_until, None);
    }

    #[test]
    fn the_breaker_opens_when_most_of_enough_attempts_fail_and_closes_with_one_that_does_not() {
        let mut health = Health::default();
        for attempt in 0..9 {
            health.note(FAILED, start() + TimeDelta::seconds(attempt));
            assert_eq!(health.open_until, None, "after {attempt}");
        }
        let now = start() + TimeDelta::seconds(9);
        health.note(FAILED, now);
        assert_eq!(health.open_until, Some(now + OPEN));
        assert_eq!(health.at_once(), 1);
        // Half open: one attempt, and it stays open.
        let now = now + OPEN;
        health.note(FAILED, now);
        assert_eq!(health.open_until, Some(now + OPEN));
        // However long it lasts.
        let now = now + TimeDelta::hours(3);
        health.note(FAILED, now);
        assert_eq!(health.open_until, Some(now + OPEN));
        health.note(Answer::Taken, now + OPEN);
        assert_eq!(
            (health.open_until, health.failures, health.window_tries),
            (None, 0, 0)
        );
        assert_eq!(health.at_once(), AT_ONCE);
    }

    #[test]
    fn the_breaker_stays_closed_where_most_arrive_or_failures_are_far_between() {
        let mut health = Health::default();
        for attempt in 0..200 {
            let answer = if attempt % 5 < 3 {
                FAILED
            } else {
                Answer::Taken
            };
            health.note(answer, start() + TimeDelta::seconds(attempt));
            assert_eq!(health.open_until, None, "after {attempt}");
        }
        let mut health = Health::default();
        for attempt in 0..200 {
            health.note(FAILED, start() + TimeDelta::minutes(attempt));
            assert_eq!(health.open_until, None, "after {attempt} minutes");
        }
    }

    #[test]
    fn it_is_given_up_after_five_days_of_failures_and_people_are_told_before() {
        let mut health = Health::default();
        for hour in 0..120 {
            let now = start() + TimeDelta::hours(hour);
            assert_eq!(health.note(FAILED, now), None, "after {hour} hours");
            let due = usize::from(hour >= 24) + usize::from(hour >= 72);
            assert_eq!(health.warnings(now), (due, Some(start() + GIVE_UP)));
        }
        assert_eq!(
            health.note(FAILED, start() + GIVE_UP),
            Some(GivenUp::Failing)
        );
        let mut health = Health::default();
        health.note(FAILED, start());
        assert_eq!(
            health.note(FAILED, start() + TimeDelta::days(9)),
            None,
            "two prove nothing"
        );
        health.note(Answer::Taken, start() + TimeDelta::days(9));
        assert_eq!(health.warnings(start() + TimeDelta::days(10)), (0, None));
    }

    #[test]
    fn gone_is_gone_at_once() {
        assert_eq!(
            Health::default().note(Answer::Gone, start()),
            Some(GivenUp::Gone)
        );
        assert!(
            matches!(next(Answer::Gone, 0, 0), Next::Again { .. }),
            "kept for when it is enabled again"
        );
    }
}
