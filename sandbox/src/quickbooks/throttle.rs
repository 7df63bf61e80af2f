//! The throttle: sliding windows per company and per company and app, on the simulator's clock.

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// How many requests the service lets through; an absent limit is lifted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ThrottleLimits {
    /// Requests a minute of one company.
    pub realm_per_minute: Option<u32>,
    /// Requests a second of one app in one company.
    pub app_per_second: Option<u32>,
    /// Requests of one app in one company at the same time.
    pub app_concurrent: Option<u32>,
    /// Batch requests a minute of one app in one company.
    pub app_batches_per_minute: Option<u32>,
    /// Batch requests a minute of one company.
    pub realm_batches_per_minute: Option<u32>,
}

impl Default for ThrottleLimits {
    fn default() -> Self {
        Self {
            realm_per_minute: Some(500),
            app_per_second: Some(10),
            app_concurrent: Some(10),
            app_batches_per_minute: Some(40),
            realm_batches_per_minute: Some(120),
        }
    }
}

impl ThrottleLimits {
    /// No limits at all.
    pub const fn lifted() -> Self {
        Self {
            realm_per_minute: None,
            app_per_second: None,
            app_concurrent: None,
            app_batches_per_minute: None,
            realm_batches_per_minute: None,
        }
    }

    /// Every rate times `factor`, for a clock that runs faster than the limits were meant for.
    #[must_use]
    pub fn scaled(self, factor: u32) -> Self {
        let times = |limit: Option<u32>| limit.map(|requests| requests.saturating_mul(factor));
        Self {
            realm_per_minute: times(self.realm_per_minute),
            app_per_second: times(self.app_per_second),
            app_concurrent: times(self.app_concurrent),
            app_batches_per_minute: times(self.app_batches_per_minute),
            realm_batches_per_minute: times(self.realm_batches_per_minute),
        }
    }
}

/// The instants of the requests let through lately. That windows slide, and that a refused request
/// costs nothing, is assumed.
#[derive(Debug, Default)]
struct Window(VecDeque<DateTime<Utc>>);

impl Window {
    fn has_room(&mut self, limit: Option<u32>, span: TimeDelta, now: DateTime<Utc>) -> bool {
        // A clock set back empties the window rather than blocking for ever.
        self.0.retain(|at| *at > now - span && *at <= now);
        limit.is_none_or(|limit| self.0.len() < limit as usize)
    }

    fn count(&mut self, limit: Option<u32>, now: DateTime<Utc>) {
        if limit.is_some() {
            self.0.push_back(now);
        }
    }
}

#[derive(Debug, Default)]
struct AppBuckets {
    second: Window,
    batches: Window,
    in_flight: u32,
}

/// One company's buckets.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    minute: Window,
    batches: Window,
    apps: HashMap<String, AppBuckets>,
}

impl Throttle {
    /// Lets a request of `app` in, or refuses it. What is let in must [`Throttle::leave`].
    pub(crate) fn enter(
        &mut self,
        app: &str,
        batch: bool,
        limits: &ThrottleLimits,
        now: DateTime<Utc>,
    ) -> bool {
        let (second, minute) = (TimeDelta::seconds(1), TimeDelta::seconds(60));
        let buckets = self.apps.entry(app.to_owned()).or_default();
        let room = self.minute.has_room(limits.realm_per_minute, minute, now)
            && buckets.second.has_room(limits.app_per_second, second, now)
            && limits
                .app_concurrent
                .is_none_or(|limit| buckets.in_flight < limit)
            && (!batch
                || self
                    .batches
                    .has_room(limits.realm_batches_per_minute, minute, now)
                    && buckets
                        .batches
                        .has_room(limits.app_batches_per_minute, minute, now));
        if room {
            self.minute.count(limits.realm_per_minute, now);
            buckets.second.count(limits.app_per_second, now);
            buckets.in_flight += 1;
            if batch {
                self.batches.count(limits.realm_batches_per_minute, now);
                buckets.batches.count(limits.app_batches_per_minute, now);
            }
        }
        room
    }

    /// A request of `app` has been answered.
    pub(crate) fn leave(&mut self, app: &str) {
        if let Some(buckets) = self.apps.get_mut(app) {
            buckets.in_flight = buckets.in_flight.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_800_000_000_000 + milliseconds).unwrap()
    }

    fn let_in(throttle: &mut Throttle, now: DateTime<Utc>) -> bool {
        let inside = throttle.enter("app", false, &ThrottleLimits::default(), now);
        if inside {
            throttle.leave("app");
        }
        inside
    }

    #[test]
    fn ten_a_second_then_refused_until_the_second_has_passed() {
        let mut throttle = Throttle::default();
        assert!((0..10).all(|_| let_in(&mut throttle, at(0))));
        assert!(!let_in(&mut throttle, at(999)));
        assert!(let_in(&mut throttle, at(1000)));
    }

    #[test]
    fn five_hundred_a_minute_of_a_company() {
        let mut throttle = Throttle::default();
        let taken = (0..600)
            .filter(|index| let_in(&mut throttle, at(index * 100)))
            .count();
        assert_eq!(taken, 500);
        assert!(let_in(&mut throttle, at(60_000)));
    }

    #[test]
    fn ten_at_once() {
        let mut throttle = Throttle::default();
        let limits = ThrottleLimits {
            app_per_second: None,
            ..ThrottleLimits::default()
        };
        assert!((0..10).all(|_| throttle.enter("app", false, &limits, at(0))));
        assert!(!throttle.enter("app", false, &limits, at(5000)));
        throttle.leave("app");
        assert!(throttle.enter("app", false, &limits, at(5000)));
    }

    #[test]
    fn forty_batches_a_minute_of_one_app() {
        let mut throttle = Throttle::default();
        let limits = ThrottleLimits {
            app_per_second: None,
            app_concurrent: None,
            ..ThrottleLimits::default()
        };
        let taken = (0..50)
            .filter(|_| throttle.enter("app", true, &limits, at(0)))
            .count();
        assert_eq!(taken, 40);
        assert!(throttle.enter("app", false, &limits, at(0)));
    }
}
