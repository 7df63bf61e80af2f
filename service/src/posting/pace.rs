//! How fast we speak to one company: under its limits a second and a minute, with some left for people.
//!
//! One holder posts to a company at a time, so the pace is kept in the process. A hand-over between processes may burst
//! once; QuickBooks then answers 429, which the protocol takes as not executed.

use crate::settings::Posting;
use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

type Limiter =
    RateLimiter<NotKeyed, InMemoryState, MonotonicClock, NoOpMiddleware<std::time::Instant>>;

/// The pace of every company this process has spoken to.
pub(crate) struct Pace {
    second: Quota,
    minute: Quota,
    companies: Mutex<HashMap<String, Arc<Limits>>>,
}

struct Limits {
    second: Limiter,
    minute: Limiter,
}

impl Pace {
    pub(crate) fn new(posting: &Posting) -> Self {
        let per_second = NonZeroU32::new(posting.requests_per_second).unwrap_or(NonZeroU32::MIN);
        let per_minute = NonZeroU32::new(posting.requests_per_minute).unwrap_or(NonZeroU32::MIN);
        // A bucket that lets `burst` through at once and then `rate` a second lets, in any second, burst + rate through.
        let two = NonZeroU32::MIN.saturating_add(1);
        let eighth = NonZeroU32::new(per_minute.get() / 8).unwrap_or(NonZeroU32::MIN);
        Self {
            second: Quota::per_second(per_second).allow_burst(two),
            minute: Quota::per_minute(per_minute).allow_burst(eighth),
            companies: Mutex::default(),
        }
    }

    fn limits(&self, company_id: &str) -> Arc<Limits> {
        let mut companies = self
            .companies
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        companies
            .entry(company_id.to_owned())
            .or_insert_with(|| {
                Arc::new(Limits {
                    second: RateLimiter::direct_with_clock(self.second, MonotonicClock),
                    minute: RateLimiter::direct_with_clock(self.minute, MonotonicClock),
                })
            })
            .clone()
    }

    /// Takes leave for one request and waits for its moment; where the minute's share would take longer than `patience`, says
    /// how long it would have been.
    pub(crate) async fn leave(&self, company_id: &str, patience: Duration) -> Result<(), Duration> {
        self.share(company_id, patience).await?;
        self.moment(company_id).await;
        Ok(())
    }

    /// Takes one request's share of the minute, waiting no longer than `patience`.
    pub(crate) async fn share(&self, company_id: &str, patience: Duration) -> Result<(), Duration> {
        wait(&self.limits(company_id).minute, patience).await
    }

    /// Waits for the moment in which a request whose share was taken may leave: seconds at the most.
    pub(crate) async fn moment(&self, company_id: &str) {
        let limits = self.limits(company_id);
        while let Err(not_yet) = limits.second.check() {
            tokio::time::sleep(not_yet.wait_time_from(MonotonicClock.now())).await;
        }
    }
}

async fn wait(limiter: &Limiter, patience: Duration) -> Result<(), Duration> {
    let until = tokio::time::Instant::now() + patience;
    while let Err(not_yet) = limiter.check() {
        let wait = not_yet.wait_time_from(MonotonicClock.now());
        if tokio::time::Instant::now() + wait > until {
            return Err(wait);
        }
        tokio::time::sleep(wait).await;
    }
    Ok(())
}
