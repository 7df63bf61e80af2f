//! When a grant is refreshed and looked at, and how long is waited after trouble. Whatever is spread is spread by the
//! connection's id, so that every process reckons alike and ten thousand grants do not come due in one minute.

use chrono::{DateTime, TimeDelta, Utc};
use entity::id::ConnectionId;
use std::time::Duration;

/// A grant that ends for want of use is told of so long before.
pub(crate) const IDLE_END_TOLD: TimeDelta = TimeDelta::days(14);
/// A grant that ends whatever happens is told of so long before.
pub(crate) const HARD_END_TOLD: TimeDelta = TimeDelta::days(30);

/// Whoever needs an access token with less than this left refreshes it first.
const REFRESH_BELOW: TimeDelta = TimeDelta::minutes(5);
/// With less than this left it is not used even where it cannot be refreshed: a call may take a while to arrive.
const USE_ABOVE: TimeDelta = TimeDelta::seconds(30);
/// A token in use gets its successor so long before its end, and up to as much as [`AHEAD_SPREAD`] earlier.
const AHEAD: TimeDelta = TimeDelta::minutes(6);
const AHEAD_SPREAD: TimeDelta = TimeDelta::minutes(4);
/// A grant that nobody uses is refreshed after so long, and up to a seventh of it earlier: its hundred days never run down,
/// and one that was revoked is noticed within the week.
const KEEP_ALIVE: TimeDelta = TimeDelta::days(7);
/// Nothing is looked at again sooner than this by itself.
const LOOK_APART: TimeDelta = TimeDelta::hours(1);
/// The first wait after the token endpoint was asked in vain; each further one is twice as long.
const FIRST_WAIT: TimeDelta = TimeDelta::seconds(30);
/// The longest wait of somebody who needs a token.
pub(super) const WAIT_IN_USE: TimeDelta = TimeDelta::minutes(5);
/// The longest wait of a grant that nobody needs now.
pub(super) const WAIT_IDLE: TimeDelta = TimeDelta::hours(1);

/// A connection's place among all: the same in every process.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place(u32);

impl Place {
    pub(super) fn of(connection: ConnectionId) -> Self {
        // The last bytes of an id are random; the first ones are the time it was made.
        let [.., a, b, c, d] = *connection.0.as_bytes();
        Self(u32::from_be_bytes([a, b, c, d]))
    }

    /// Its part of a span: from nothing to nearly all of it.
    fn part(self, span: TimeDelta) -> TimeDelta {
        let part = (i128::from(span.num_milliseconds()) * i128::from(self.0)) >> 32;
        TimeDelta::milliseconds(i64::try_from(part).unwrap_or_default())
    }
}

/// Whether an access token has enough left to be used without a thought.
pub(super) fn is_fresh(ends_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    ends_at > now + REFRESH_BELOW
}

/// Whether an access token can still be used where no other is to be had.
pub(super) fn is_usable(ends_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    ends_at > now + USE_ABOVE
}

/// When a token that is in use gets its successor, so that nobody who needs one waits for it.
pub(super) fn successor(ends_at: DateTime<Utc>, place: Place) -> DateTime<Utc> {
    ends_at - AHEAD - place.part(AHEAD_SPREAD)
}

/// When a grant that nobody uses is looked at next: to keep it alive, or because its hard end is near and a person is told.
pub(super) fn next_look(
    idle_end: DateTime<Utc>,
    hard_end: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
    place: Place,
) -> DateTime<Utc> {
    // A refresh token of a short life is refreshed in its middle.
    let period = KEEP_ALIVE.min((idle_end - now) / 2);
    let kept_alive = now + period - place.part(period / 7);
    let told = hard_end.map(|end| end - HARD_END_TOLD);
    [told, hard_end]
        .into_iter()
        .flatten()
        .filter(|at| *at > now)
        .fold(kept_alive, DateTime::min)
        .max(now + LOOK_APART)
}

/// How long the token endpoint is left alone after it was asked `failures` times in vain, and was said to be asked after
/// `asked`; never longer than `longest`, but for its own word.
pub(super) fn wait(
    failures: u32,
    asked: Option<Duration>,
    longest: TimeDelta,
    place: Place,
) -> TimeDelta {
    let doubled = FIRST_WAIT * (1 << failures.saturating_sub(1).min(16));
    let wait = doubled.min(longest);
    let wait = wait - place.part(wait / 4);
    let asked = asked.and_then(|asked| TimeDelta::from_std(asked).ok());
    // Its word counts up to a day: what asks for more is a mistake.
    wait.max(asked.unwrap_or_default().min(TimeDelta::days(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EARLY: Place = Place(u32::MAX);
    const LATE: Place = Place(0);

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn now() -> DateTime<Utc> {
        at("2026-11-26T12:00:00Z")
    }

    #[test]
    fn a_connections_place_is_its_own_and_everywhere_the_same() {
        let places: Vec<u32> = (0..1000)
            .map(|_| Place::of(ConnectionId::new()).0)
            .collect();
        for tenth in 0..10 {
            let here = places
                .iter()
                .filter(|place| (u64::from(**place) * 10) >> 32 == tenth)
                .count();
            assert!((40..250).contains(&here), "{here} of 1000 in one tenth");
        }
        let connection = ConnectionId::new();
        assert_eq!(Place::of(connection).0, Place::of(connection).0);
    }

    #[test]
    fn a_token_in_use_has_its_successor_before_anybody_must_fetch_one() {
        let ends_at = now() + TimeDelta::hours(1);
        let (early, late) = (successor(ends_at, EARLY), successor(ends_at, LATE));
        assert_eq!(late, at("2026-11-26T12:54:00Z"));
        assert!(early > at("2026-11-26T12:50:00Z") && early < late);
        assert!(is_fresh(ends_at, late));
        assert!(!is_fresh(ends_at, at("2026-11-26T12:55:00Z")));
        assert!(is_usable(ends_at, at("2026-11-26T12:59:29Z")));
        assert!(!is_usable(ends_at, at("2026-11-26T12:59:30Z")));
    }

    #[test]
    fn an_idle_grant_is_refreshed_within_the_week_and_never_twice_an_hour() {
        let idle_end = now() + TimeDelta::days(100);
        assert_eq!(
            next_look(idle_end, None, now(), LATE),
            now() + TimeDelta::days(7)
        );
        let early = next_look(idle_end, None, now(), EARLY);
        assert!(
            early > now() + TimeDelta::days(6) && early < now() + TimeDelta::days(7),
            "{early}"
        );
        for short in [-5, 0, 1, 60] {
            let ends = now() + TimeDelta::minutes(short);
            assert_eq!(
                next_look(ends, Some(ends), now(), EARLY),
                now() + TimeDelta::hours(1)
            );
        }
        let days = next_look(now() + TimeDelta::days(10), None, now(), LATE);
        assert_eq!(days, now() + TimeDelta::days(5));
    }

    #[test]
    fn a_hard_end_is_looked_at_when_it_is_told_of_and_when_it_comes() {
        let idle_end = now() + TimeDelta::days(100);
        let in_days = |days| Some(now() + TimeDelta::days(days));
        assert_eq!(
            next_look(idle_end, in_days(33), now(), LATE),
            now() + TimeDelta::days(3)
        );
        assert_eq!(
            next_look(idle_end, in_days(30), now(), LATE),
            now() + TimeDelta::days(7)
        );
        assert_eq!(
            next_look(idle_end, in_days(2), now(), LATE),
            now() + TimeDelta::days(2)
        );
    }

    #[test]
    fn waits_grow_to_their_longest_and_heed_the_endpoints_word() {
        let seconds = |failures| wait(failures, None, WAIT_IN_USE, LATE).num_seconds();
        assert_eq!(
            [1, 2, 3, 4, 5, 99].map(seconds),
            [30, 60, 120, 240, 300, 300]
        );
        let hours = wait(99, None, WAIT_IDLE, LATE);
        assert_eq!(hours, TimeDelta::hours(1));
        assert!(wait(1, None, WAIT_IN_USE, EARLY) > TimeDelta::seconds(22));
        let said = |seconds| wait(1, Some(Duration::from_secs(seconds)), WAIT_IN_USE, LATE);
        assert_eq!(said(600), TimeDelta::minutes(10));
        assert_eq!(said(10), TimeDelta::seconds(30));
        assert_eq!(said(u64::MAX), TimeDelta::seconds(30));
        assert_eq!(said(10_000_000), TimeDelta::days(1));
    }
}
