//! How fast all of us together speak to one company: within its limits a minute, a second and at once, and within those of
//! batches, with the next moment always left to live events and people.
//!
//! [`Budget`] is one process's door. It asks what all processes share ([`Shared`], on Redis where there is one) and keeps a
//! meter of its own besides: what leaves this process keeps the limits even while nobody can be asked, and then at half the
//! pace, since others may be speaking too.

mod rate;

pub use rate::{AHEAD, Kind, Pace, Priority, RECOVERY, STRAIN_MAX, STRAIN_NONE, STRAIN_STEP};

use crate::settings::Posting;
use rate::Meter;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// One request that asks for leave.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// To which company.
    pub company_id: &'a str,
    /// What.
    pub kind: Kind,
    /// For whom.
    pub priority: Priority,
    /// This process's requests to the company that are under way, this one not counted.
    pub under_way: u32,
}

/// What all processes together know of a company's pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// It may leave after so long: at the most [`AHEAD`].
    Leave(Duration),
    /// Not yet: ask again after so long.
    NotYet(Duration),
    /// Nobody knows now.
    Nothing,
}

/// The memory that processes share. It may lose what it knows at any time, and is then to be careful until that no longer
/// matters.
#[async_trait::async_trait]
pub trait Shared: Send + Sync {
    /// Asks for leave at this pace.
    async fn ask(&self, ask: Ask<'_>, pace: &Pace) -> Said;
    /// Nothing of this process is under way to the company any more.
    async fn rests(&self, company_id: &str);
    /// The company refused a request and asks to be left alone for `wait`.
    async fn refused(&self, company_id: &str, wait: Duration);
}

/// Nobody shares: for one process alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct Alone;

#[async_trait::async_trait]
impl Shared for Alone {
    async fn ask(&self, _ask: Ask<'_>, _pace: &Pace) -> Said {
        Said::Leave(Duration::ZERO)
    }
    async fn rests(&self, _company_id: &str) {}
    async fn refused(&self, _company_id: &str, _wait: Duration) {}
}

/// How many times slower a process is that cannot ask the others.
const IN_THE_DARK: u32 = 2;
/// How long a company's meter is kept after its last request.
const KEPT: Duration = Duration::from_secs(900);
/// How many meters are kept before old ones are looked for.
const COMPANIES_MAX: usize = 1024;
/// A company that stays at rest for so long is told to be.
const REST_AFTER: Duration = Duration::from_millis(300);

/// One process's door to the companies. Cheap to clone.
#[derive(Clone)]
pub struct Budget(Arc<Inner>);

struct Inner {
    pace: Pace,
    shared: Arc<dyn Shared>,
    companies: Mutex<HashMap<String, Company>>,
    since: Instant,
    left: Notify,
}

struct Company {
    meter: Meter,
    under_way: u32,
    // Whether somebody will tell the others that it rests.
    is_watched: bool,
    last: Duration,
}

impl Budget {
    /// A door at the pace of `posting`.
    #[must_use]
    pub fn new(posting: &Posting, shared: Arc<dyn Shared>) -> Self {
        Self(Arc::new(Inner {
            pace: Pace::of(posting),
            shared,
            companies: Mutex::default(),
            since: Instant::now(),
            left: Notify::new(),
        }))
    }

    /// The pace.
    #[must_use]
    pub fn pace(&self) -> &Pace {
        &self.0.pace
    }

    /// How long it is until the next request may leave, as far as this process knows. Takes nothing.
    #[must_use]
    pub fn wait(&self, company_id: &str) -> Duration {
        let now = self.now();
        self.companies()
            .get(company_id)
            .map_or(Duration::ZERO, |company| company.meter.wait(now))
    }

    /// The pace that the company is spoken to at now: slower than the fastest after it refused.
    #[must_use]
    pub fn pace_of(&self, company_id: &str) -> Pace {
        let now = self.now();
        self.companies()
            .get(company_id)
            .map_or(self.0.pace, |company| {
                company.meter.slowed(now, &self.0.pace)
            })
    }

    /// Waits for the moment in which one request may leave; it is under way until the leave is dropped.
    ///
    /// # Errors
    /// That would take longer than `patience`: how long it would be.
    pub async fn leave(
        &self,
        company_id: &str,
        kind: Kind,
        priority: Priority,
        patience: Duration,
    ) -> Result<Leave, Duration> {
        let until = Instant::now() + patience;
        let (leave, under_way) = self.enter(company_id, priority, until).await?;
        let ask = Ask {
            company_id,
            kind,
            priority,
            under_way,
        };
        loop {
            match self.moment(ask).await {
                Ok(wait) => {
                    tokio::time::sleep(wait).await;
                    return Ok(leave);
                }
                Err(wait) if Instant::now() + wait > until => return Err(wait),
                Err(wait) => tokio::time::sleep(wait).await,
            }
        }
    }

    /// The company refused a request, and asks to be left alone for `wait`: everybody does so who can be told. A turn keeps the
    /// wait on record besides, for itself and its successors.
    pub async fn refused(&self, company_id: &str, wait: Duration) {
        let now = self.now();
        self.company(company_id, |company| company.meter.refused(now, wait));
        self.0.shared.refused(company_id, wait).await;
    }

    // Counts a request in, and tells how many are under way besides.
    async fn enter(
        &self,
        company_id: &str,
        priority: Priority,
        until: Instant,
    ) -> Result<(Leave, u32), Duration> {
        let most = self.0.pace.at_once(priority);
        loop {
            let left = self.0.left.notified();
            let entered = self.company(company_id, |company| {
                let besides = company.under_way;
                (besides < most).then(|| {
                    company.under_way += 1;
                    besides
                })
            });
            if let Some(besides) = entered {
                let leave = Leave {
                    budget: self.clone(),
                    company_id: company_id.to_owned(),
                };
                return Ok((leave, besides));
            }
            if tokio::time::timeout_at(until, left).await.is_err() {
                return Err(AHEAD);
            }
        }
    }

    // How long it is until the moment that is given to a request, or until it may ask again. What this process knows comes
    // first: a moment of everybody's that its own meter then refused would be lost, and with a batch's all until the next.
    async fn moment(&self, ask: Ask<'_>) -> Result<Duration, Duration> {
        let Ask {
            company_id,
            kind,
            priority,
            ..
        } = ask;
        let pace = &self.0.pace;
        let now = self.now();
        self.company(company_id, |company| {
            company.meter.would(now, kind, priority, pace)
        })?;
        match self.0.shared.ask(ask, pace).await {
            Said::NotYet(wait) => Err(wait),
            Said::Leave(shared) => self
                .take(company_id, kind, priority, pace)
                .map(|own| own.max(shared)),
            Said::Nothing => {
                let pace = Pace {
                    spacing: pace.spacing * IN_THE_DARK,
                    batch_spacing: pace.batch_spacing * IN_THE_DARK,
                    ..*pace
                };
                self.take(company_id, kind, priority, &pace)
            }
        }
    }

    fn take(
        &self,
        company_id: &str,
        kind: Kind,
        priority: Priority,
        pace: &Pace,
    ) -> Result<Duration, Duration> {
        let now = self.now();
        self.company(company_id, |company| {
            company.meter.take(now, kind, priority, pace)
        })
    }

    fn company<T>(&self, company_id: &str, act: impl FnOnce(&mut Company) -> T) -> T {
        let now = self.now();
        let mut companies = self.companies();
        if companies.len() >= COMPANIES_MAX {
            companies.retain(|_, company| company.under_way > 0 || now < company.last + KEPT);
        }
        let company = companies
            .entry(company_id.to_owned())
            .or_insert_with(|| Company {
                meter: Meter::rested(now),
                under_way: 0,
                is_watched: false,
                last: now,
            });
        company.last = now;
        act(company)
    }

    fn companies(&self) -> MutexGuard<'_, HashMap<String, Company>> {
        self.0
            .companies
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Duration {
        self.0.since.elapsed()
    }

    // Counts a request out. A company at rest is told of once, when it has been at rest for a little.
    fn leaves(&self, company_id: &str) {
        let is_to_be_watched = self.company(company_id, |company| {
            company.under_way = company.under_way.saturating_sub(1);
            company.under_way == 0 && !std::mem::replace(&mut company.is_watched, true)
        });
        self.0.left.notify_waiters();
        if is_to_be_watched && let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let (budget, company_id) = (self.clone(), company_id.to_owned());
            runtime.spawn(async move { budget.watch(&company_id).await });
        }
    }

    async fn watch(&self, company_id: &str) {
        loop {
            tokio::time::sleep(REST_AFTER).await;
            let now = self.now();
            let rests = |company: &mut Company| {
                let rests = company.under_way == 0 && now >= company.last + REST_AFTER;
                company.is_watched = !rests;
                rests
            };
            match self.companies().get_mut(company_id).map(rests) {
                Some(false) => {}
                Some(true) => break,
                None => return,
            }
        }
        self.0.shared.rests(company_id).await;
    }
}

/// A request that is under way, until this is dropped.
#[must_use]
pub struct Leave {
    budget: Budget,
    company_id: String,
}

impl Drop for Leave {
    fn drop(&mut self) {
        self.budget.leaves(&self.company_id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// Lets everybody leave, and counts them.
    #[derive(Default)]
    struct Generous(AtomicU32);

    #[async_trait::async_trait]
    impl Shared for Generous {
        async fn ask(&self, _ask: Ask<'_>, _pace: &Pace) -> Said {
            self.0.fetch_add(1, Ordering::Relaxed);
            Said::Leave(Duration::ZERO)
        }
        async fn rests(&self, _company_id: &str) {}
        async fn refused(&self, _company_id: &str, _wait: Duration) {}
    }

    #[tokio::test]
    async fn a_moment_of_everybodys_is_not_asked_for_that_its_own_meter_would_refuse() {
        let shared = Arc::new(Generous::default());
        let budget = Budget::new(&Posting::default(), shared.clone());
        let leave = || budget.leave("company", Kind::Batch, Priority::Rest, Duration::ZERO);
        assert!(leave().await.is_ok());
        assert!(leave().await.is_err(), "the next batch is not due yet");
        assert_eq!(shared.0.load(Ordering::Relaxed), 1);
    }
}
