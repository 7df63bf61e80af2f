//! How many requests a key, a tenant with all its keys, an address or a link may make in a while.
//!
//! Each has a measure that fills evenly and is full after its window: a burst may empty it, and goes on at the pace at which
//! it fills. All processes share the measures ([`Counter`], on Redis where there is one). While nobody can be asked, a
//! process counts by itself: the limit is then each process's, and nobody is turned away for a Redis that is away.

use crate::settings::{Limit, Limits};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Whose requests are counted, and against what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Names the limit, as [`Whose::name`].
    pub name: &'static str,
    /// Whose it is.
    pub id: String,
    /// The limit.
    pub limit: Limit,
}

/// Whose request it is. Each has a measure of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// Of a key, or of a person.
    Key(String),
    /// Of a tenant.
    Tenant(String),
    /// From an address, or a network that is one's.
    Address(String),
    /// For a link, by a name that does not open it.
    Link(String),
}

impl Whose {
    /// As the limit is called.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Key(_) => "key",
            Self::Tenant(_) => "tenant",
            Self::Address(_) => "address",
            Self::Link(_) => "link",
        }
    }

    fn account(&self, limits: &Limits) -> Account {
        let (id, limit) = match self {
            Self::Key(id) => (id, limits.key),
            Self::Tenant(id) => (id, limits.tenant),
            Self::Address(id) => (id, limits.address),
            Self::Link(id) => (id, limits.link),
        };
        Account {
            name: self.name(),
            id: id.clone(),
            limit,
        }
    }
}

/// What became of one request: whether it may be met, and how far each account is used up, as the time until it is full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// Whether every account had room; then each has one less.
    pub granted: bool,
    /// In the order of the accounts.
    pub used: Vec<Duration>,
}

/// The memory that processes share.
#[async_trait::async_trait]
pub trait Counter: Send + Sync {
    /// Counts one request against all of these, or against none where one has no room. `None`: nobody knows now.
    async fn count(&self, accounts: &[Account]) -> Option<Count>;
}

/// Nobody shares: for one process alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct Alone;

#[async_trait::async_trait]
impl Counter for Alone {
    async fn count(&self, _accounts: &[Account]) -> Option<Count> {
        None
    }
}

/// How an account stands after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Names the limit.
    pub name: &'static str,
    /// The limit.
    pub limit: Limit,
    /// Requests that may still be made at once.
    pub remaining: u32,
    /// How long it is until all may.
    pub full_in: Duration,
}

/// What a caller is told of its limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// How the accounts stand.
    pub standings: Vec<Standing>,
    /// The request is not to be met, and may come again after so long.
    pub wait: Option<Duration>,
}

/// Accounts that are remembered here before full ones are forgotten.
const REMEMBERED_MAX: usize = 10_000;

/// One process's door to the measures.
pub struct Limiter {
    limits: Limits,
    shared: Arc<dyn Counter>,
    // When each account is full again, from `since`.
    own: Mutex<HashMap<String, Duration>>,
    since: Instant,
}

impl Limiter {
    /// A door with these limits.
    #[must_use]
    pub fn new(limits: &Limits, shared: Arc<dyn Counter>) -> Self {
        Self {
            limits: limits.clone(),
            shared,
            own: Mutex::default(),
            since: Instant::now(),
        }
    }

    /// Counts a request of all of these, or of none where one has no room.
    pub async fn ask(&self, whose: &[Whose]) -> Told {
        let accounts = self.accounts(whose);
        if accounts.is_empty() {
            return Told {
                standings: Vec::new(),
                wait: None,
            };
        }
        let count = match self.shared.count(&accounts).await {
            Some(count) => count,
            None => self.count_here(self.since.elapsed(), &accounts),
        };
        tell(&accounts, &count)
    }

    // Those that have a limit.
    fn accounts(&self, whose: &[Whose]) -> Vec<Account> {
        whose
            .iter()
            .map(|whose| whose.account(&self.limits))
            .filter(|account| account.limit.requests > 0)
            .collect()
    }

    fn count_here(&self, now: Duration, accounts: &[Account]) -> Count {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if own.len() >= REMEMBERED_MAX {
            own.retain(|_, full| *full > now);
        }
        let mut full: Vec<_> = accounts
            .iter()
            .map(|account| own.get(&account.id).copied().unwrap_or_default())
            .collect();
        let limits: Vec<_> = accounts.iter().map(|account| account.limit).collect();
        let granted = take(now, &limits, &mut full);
        for (account, full) in accounts.iter().zip(&full) {
            own.insert(account.id.clone(), *full);
        }
        Count {
            granted,
            used: full.iter().map(|full| full.saturating_sub(now)).collect(),
        }
    }
}

// One request, of all accounts or of none. The script on Redis does the same.
fn take(now: Duration, limits: &[Limit], full: &mut [Duration]) -> bool {
    let fits = limits
        .iter()
        .zip(full.iter())
        .all(|(limit, full)| (*full).max(now) + limit.spacing() <= now + limit.window);
    if fits {
        for (limit, full) in limits.iter().zip(full) {
            *full = (*full).max(now) + limit.spacing();
        }
    }
    fits
}

fn tell(accounts: &[Account], count: &Count) -> Told {
    let standings: Vec<_> = accounts
        .iter()
        .zip(&count.used)
        .map(|(account, used)| Standing {
            name: account.name,
            limit: account.limit,
            remaining: room(account.limit, *used),
            full_in: *used,
        })
        .collect();
    let wait = accounts
        .iter()
        .zip(&count.used)
        .map(|(account, used)| {
            (*used + account.limit.spacing()).saturating_sub(account.limit.window)
        })
        .max()
        .filter(|_| !count.granted);
    Told { standings, wait }
}

fn room(limit: Limit, used: Duration) -> u32 {
    let left = limit.window.saturating_sub(used).as_micros();
    let spacing = limit.spacing().as_micros().max(1);
    u32::try_from(left / spacing)
        .unwrap_or(u32::MAX)
        .min(limit.requests)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(key: u32, tenant: u32) -> Limiter {
        let limit = |requests| Limit {
            requests,
            window: Duration::from_secs(60),
        };
        let limits = Limits {
            key: limit(key),
            tenant: limit(tenant),
            ..Limits::default()
        };
        Limiter::new(&limits, Arc::new(Alone))
    }

    fn of(key: &str, tenant: Option<&str>) -> Vec<Whose> {
        let tenant = tenant.map(|tenant| Whose::Tenant(tenant.to_owned()));
        [Some(Whose::Key(key.to_owned())), tenant]
            .into_iter()
            .flatten()
            .collect()
    }

    fn ask(limiter: &Limiter, second: u64, key: &str, tenant: Option<&str>) -> Told {
        let accounts = limiter.accounts(&of(key, tenant));
        let count = limiter.count_here(Duration::from_secs(second), &accounts);
        tell(&accounts, &count)
    }

    #[test]
    fn a_burst_empties_the_measure_and_it_fills_evenly() {
        let limiter = limiter(6, 0);
        for left in (0..6).rev() {
            let told = ask(&limiter, 7, "key_1", Some("ten_1"));
            assert_eq!((told.standings[0].remaining, told.wait), (left, None));
        }
        let told = ask(&limiter, 7, "key_1", Some("ten_1"));
        assert_eq!(told.wait, Some(Duration::from_secs(10)));
        assert_eq!(told.standings[0].full_in, Duration::from_secs(60));
        assert_eq!(ask(&limiter, 17, "key_1", None).wait, None);
        assert!(ask(&limiter, 17, "key_1", None).wait.is_some());
        assert_eq!(ask(&limiter, 17, "key_2", None).wait, None);
        assert_eq!(ask(&limiter, 700, "key_1", None).standings[0].remaining, 5);
    }

    #[test]
    fn a_tenants_keys_share_its_limit_and_a_refusal_takes_nothing() {
        let limiter = limiter(10, 3);
        for key in ["key_1", "key_2", "key_3"] {
            assert_eq!(ask(&limiter, 0, key, Some("ten_1")).wait, None);
        }
        let told = ask(&limiter, 0, "key_4", Some("ten_1"));
        assert_eq!(told.wait, Some(Duration::from_secs(20)));
        assert_eq!(
            told.standings[0].remaining, 10,
            "the key keeps what it was not given"
        );
        assert_eq!(ask(&limiter, 0, "key_1", Some("ten_2")).wait, None);
    }

    #[test]
    fn without_limits_nobody_is_counted() {
        assert!(
            limiter(0, 0)
                .accounts(&of("key_1", Some("ten_1")))
                .is_empty()
        );
    }
}
