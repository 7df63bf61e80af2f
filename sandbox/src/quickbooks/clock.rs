//! The simulator's own clock: real time plus an offset, or standing still.

use chrono::{DateTime, FixedOffset, NaiveDate, TimeDelta, Utc};

/// Tells the time of the simulated service. Tokens, throttles, retention and dates all read it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clock {
    offset: TimeDelta,
    standing_at: Option<DateTime<Utc>>,
}

impl Clock {
    /// The instant it is now.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.standing_at
            .unwrap_or_else(|| real_time() + self.offset)
    }

    /// Makes it `at` now; it stands or runs on as before.
    pub(crate) fn set(&mut self, at: DateTime<Utc>) {
        self.offset = at - real_time();
        if self.standing_at.is_some() {
            self.standing_at = Some(at);
        }
    }

    /// Moves it by `by`, backwards when negative. Out of the calendar it does not move.
    pub(crate) fn advance(&mut self, by: TimeDelta) {
        if let Some(at) = self.now().checked_add_signed(by) {
            self.set(at);
        }
    }

    /// Stops it where it is.
    pub(crate) fn stand(&mut self) {
        self.standing_at = Some(self.now());
    }

    /// Lets it run on from where it stood.
    pub(crate) fn run(&mut self) {
        if let Some(at) = self.standing_at.take() {
            self.set(at);
        }
    }

    /// Whether it stands still.
    pub(crate) fn is_standing(&self) -> bool {
        self.standing_at.is_some()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the simulated service has a clock of its own, and no database"
)]
fn real_time() -> DateTime<Utc> {
    Utc::now()
}

/// The same instant in the service's zone. Always −08:00 here; the real service also shows −07:00
/// in summer, which names the same instants.
fn pacific(at: DateTime<Utc>) -> DateTime<FixedOffset> {
    let zone = FixedOffset::west_opt(8 * 3600).expect("eight hours is a valid offset");
    at.with_timezone(&zone)
}

/// `2026-11-21T12:45:32.183-08:00`, as an answer's envelope states its time.
pub(crate) fn envelope_time(at: DateTime<Utc>) -> String {
    pacific(at).format("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string()
}

/// `2026-11-21T12:45:32-08:00`, as `MetaData` states times.
pub(crate) fn metadata_time(at: DateTime<Utc>) -> String {
    pacific(at).format("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// The server's date, which a transaction without `TxnDate` gets (assumed: Pacific).
pub(crate) fn server_date(at: DateTime<Utc>) -> NaiveDate {
    pacific(at).date_naive()
}
