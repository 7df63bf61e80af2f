//! A private Redis, and work that does what a story says.

use entity::id::TenantId;
use futures::future::BoxFuture;
use redis::aio::MultiplexedConnection;
use sandbox::servers::Servers;
use service::bell::{Bell, Urgency};
use service::error::Error;
use service::posting::TurnEnd;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use worker::{Options, RedisBell, Work};

/// How long a ring is believed to be on its way.
const RUNG: Duration = Duration::from_secs(2);

pub struct House {
    servers: Servers,
}

impl House {
    pub async fn open() -> Self {
        let servers = tokio::task::spawn_blocking(|| {
            let redis_only = sandbox::servers::Options {
                postgres: false,
                ..Default::default()
            };
            Servers::start(redis_only, &|_| ())
        });
        Self {
            servers: servers.await.unwrap().unwrap(),
        }
    }

    pub fn options(&self) -> Options {
        Options::new(&self.servers.redis_url().unwrap(), "test")
    }

    pub fn bell(&self) -> RedisBell {
        RedisBell::new(&self.servers.redis_url().unwrap(), "test").unwrap()
    }

    pub async fn redis(&self) -> MultiplexedConnection {
        let config = redis::AsyncConnectionConfig::new().set_response_timeout(None);
        redis::Client::open(self.servers.redis_url().unwrap())
            .unwrap()
            .get_multiplexed_async_connection_with_config(&config)
            .await
            .unwrap()
    }

    /// Sends Redis a command.
    pub async fn ask<T: redis::FromRedisValue>(&self, command: &[&str]) -> T {
        let mut ask = redis::cmd(command[0]);
        ask.arg(&command[1..]);
        ask.query_async(&mut self.redis().await).await.unwrap()
    }

    /// The names of the workers on the live line, once there are so many.
    pub async fn workers(&self, count: usize) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        until("workers are registered", async || {
            names = self.ask(&["ZRANGE", "test:turns:workers", "0", "-1"]).await;
            names.len() == count
        })
        .await;
        names
    }

    pub fn work(&self, work: &Arc<Played>, options: Options) -> Working {
        let stop = CancellationToken::new();
        let work: Arc<dyn Work> = work.clone();
        let task = tokio::spawn(worker::run_on(work, options, stop.clone()));
        Working { stop, task }
    }
}

/// A worker that runs.
pub struct Working {
    pub stop: CancellationToken,
    task: JoinHandle<anyhow::Result<()>>,
}

impl Working {
    /// Asks it to end, and waits until it has.
    pub async fn end(self) {
        self.stop.cancel();
        let ended = tokio::time::timeout(Duration::from_secs(60), self.task);
        ended.await.unwrap().unwrap().unwrap();
    }
}

/// What happens in a tenant's turn, by how many it has had.
pub type Turn = dyn Fn(TenantId, usize) -> BoxFuture<'static, TurnEnd> + Send + Sync;

/// Who is due, kept in memory, and turns as a story plays them.
pub struct Played {
    turn: Box<Turn>,
    pub allowance: Duration,
    due: Mutex<BTreeMap<TenantId, Option<Instant>>>,
    given: Mutex<HashMap<TenantId, usize>>,
    under_way: Mutex<HashSet<TenantId>>,
    twice_at_once: AtomicBool,
}

impl Played {
    pub fn new(
        turn: impl Fn(TenantId, usize) -> BoxFuture<'static, TurnEnd> + Send + Sync + 'static,
    ) -> Self {
        Self {
            turn: Box::new(turn),
            allowance: Duration::from_secs(3600),
            due: Mutex::default(),
            given: Mutex::default(),
            under_way: Mutex::default(),
            twice_at_once: AtomicBool::new(false),
        }
    }

    /// Turns with nothing to do.
    pub fn idle() -> Self {
        Self::new(|_, _| Box::pin(async { TurnEnd::Idle }))
    }

    /// Turns that stand until somebody lets go.
    pub fn standing(go: &CancellationToken) -> Self {
        let go = go.clone();
        Self::new(move |_, _| {
            let go = go.clone();
            Box::pin(async move {
                go.cancelled().await;
                TurnEnd::Idle
            })
        })
    }

    /// On record as due: the sweep finds them.
    pub fn make_due(&self, tenants: &[TenantId]) {
        lock(&self.due).extend(tenants.iter().map(|tenant| (*tenant, None)));
    }

    /// How many turns a tenant has had.
    pub fn turns_of(&self, tenant: TenantId) -> usize {
        lock(&self.given).get(&tenant).copied().unwrap_or_default()
    }

    /// How many tenants have had a turn.
    pub fn served(&self) -> usize {
        lock(&self.given).len()
    }

    pub fn under_way(&self) -> usize {
        lock(&self.under_way).len()
    }

    pub fn ever_twice_at_once(&self) -> bool {
        self.twice_at_once.load(Ordering::SeqCst)
    }
}

#[async_trait::async_trait]
impl Work for Played {
    async fn turn(&self, tenant: TenantId, _: &CancellationToken) -> Result<TurnEnd, Error> {
        let time = {
            let mut given = lock(&self.given);
            let times = given.entry(tenant).or_default();
            *times += 1;
            *times
        };
        if !lock(&self.under_way).insert(tenant) {
            self.twice_at_once.store(true, Ordering::SeqCst);
        }
        // Taken out of the set even where the turn panics.
        let _leaves = Leaves(self, tenant);
        let end = (self.turn)(tenant, time).await;
        if end == TurnEnd::Idle {
            lock(&self.due).remove(&tenant);
        }
        Ok(end)
    }

    fn allowance(&self) -> Duration {
        self.allowance
    }

    async fn due(&self, urgency: Urgency, most: u32) -> Result<Vec<TenantId>, Error> {
        if urgency == Urgency::Past {
            return Ok(Vec::new());
        }
        let now = Instant::now();
        let mut due = lock(&self.due);
        let found = due
            .iter_mut()
            .filter(|(_, rung_until)| rung_until.is_none_or(|until| until <= now))
            .take(most as usize);
        Ok(found
            .map(|(tenant, rung_until)| {
                *rung_until = Some(now + RUNG);
                *tenant
            })
            .collect())
    }

    async fn again(&self, _: TenantId) -> Result<Option<Urgency>, Error> {
        Ok(Some(Urgency::Live))
    }

    async fn overdue(&self) -> Result<usize, Error> {
        Ok(0)
    }

    async fn grants(&self, _: &CancellationToken) -> Result<(), Error> {
        Ok(())
    }

    async fn books(&self) -> Result<usize, Error> {
        Ok(0)
    }
}

struct Leaves<'a>(&'a Played, TenantId);

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        lock(&self.0.under_way).remove(&self.1);
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap()
}

pub fn tenants(count: usize) -> Vec<TenantId> {
    (0..count).map(|_| TenantId::new()).collect()
}

pub async fn ring(bell: &RedisBell, tenants: &[TenantId]) {
    for tenant in tenants {
        bell.ring(*tenant, Urgency::Live).await;
    }
}

/// Waits until something holds. Where it never does, the story fails rather than hang.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let given_up = Instant::now() + Duration::from_secs(120);
    while !holds().await {
        assert!(Instant::now() < given_up, "it never came to this: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
