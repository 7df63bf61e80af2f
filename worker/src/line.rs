//! The line of tenants on Redis: an apalis queue for live work and one for past syncs, and the channels that tell workers to
//! look at once.
//!
//! The line is a wake-up and no record: whoever is lost from it is found again by the sweep. So it is kept short on purpose,
//! which also keeps it below the length (about 8,000) from which apalis' scripts can no longer read it.

use crate::wake::{AnyBytes, Wake};
use apalis::prelude::TaskBuilder;
use apalis_core::backend::codec::Codec;
use apalis_redis::{Config, RedisTask};
use entity::id::TenantId;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, RedisResult};
use service::bell::Urgency;
use std::time::Duration;

/// The longest line that tenants are still added to, of each urgency.
const LENGTH_MAX: usize = 2000;
/// A line of this length came about in some other way, and might be too long to be read.
const LENGTH_ABSURD: usize = 2 * LENGTH_MAX;

/// The line, as every process reaches it. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Line {
    client: Client,
    // For short exchanges: gives up soon, since the sweep repairs what was not said.
    connection: ConnectionManager,
    live: Config,
    past: Config,
}

/// How long a worker is remembered that says nothing.
const WORKER_SECONDS: u64 = 300;

impl Line {
    /// Nothing is connected yet, and losing Redis later is no error either.
    pub(crate) fn new(redis_url: &str, prefix: &str) -> RedisResult<Self> {
        let client = Client::open(redis_url)?;
        Ok(Self {
            connection: connection(&client, Duration::from_secs(2))?,
            client,
            live: config(&format!("{prefix}:turns")),
            past: config(&format!("{prefix}:turns-past")),
        })
    }

    /// Puts tenants at the end of the line and tells the workers; says how many there was room for. A full line takes
    /// nobody: it is long enough to keep everybody busy until the next sweep.
    pub(crate) async fn join(
        &self,
        urgency: Urgency,
        tenants: &[TenantId],
    ) -> Result<usize, apalis_redis::Error> {
        let config = self.config(urgency);
        let room = LENGTH_MAX.saturating_sub(self.length(urgency).await?);
        if room < tenants.len() {
            tracing::warn!(
                "the line on redis is full: {} tenants wait for the sweep",
                tenants.len() - room
            );
        }
        let tasks: Vec<RedisTask> = tenants
            .iter()
            .take(room)
            .map(|tenant| task(*tenant))
            .collect();
        if tasks.is_empty() {
            return Ok(0);
        }
        let mut connection = self.connection();
        apalis_redis::queries::push_tasks(&mut connection, config, &tasks).await?;
        redis::cmd("PUBLISH")
            .arg(self.channel(urgency))
            .arg(tasks.len())
            .exec_async(&mut connection)
            .await?;
        Ok(tasks.len())
    }

    async fn length(&self, urgency: Urgency) -> RedisResult<usize> {
        let (waiting, ready): (usize, usize) = redis::pipe()
            .zcard(self.config(urgency).scheduled_jobs_set())
            .llen(self.config(urgency).active_jobs_list())
            .query_async(&mut self.connection())
            .await?;
        Ok(waiting + ready)
    }

    /// Throws a line away that is longer than it could have come to be: reading it might fail for ever, and the sweep makes
    /// it again.
    pub(crate) async fn cut(&self, urgency: Urgency) -> RedisResult<()> {
        let length = self.length(urgency).await?;
        if length < LENGTH_ABSURD {
            return Ok(());
        }
        tracing::warn!("the line on redis has {length} tasks: it is thrown away and made again");
        let config = self.config(urgency);
        let mut connection = self.connection();
        redis::pipe()
            .unlink(config.scheduled_jobs_set())
            .unlink(config.active_jobs_list())
            .unlink(config.job_data_hash())
            .exec_async(&mut connection)
            .await?;
        self.forget_told(urgency).await
    }

    // What is told of each task, a key for each.
    async fn forget_told(&self, urgency: Urgency) -> RedisResult<()> {
        let pattern = format!("{}:*", self.config(urgency).job_meta_hash());
        let mut connection = self.connection();
        let mut place = 0_u64;
        loop {
            let (next, keys): (u64, Vec<String>) = redis::cmd("SCAN")
                .arg(place)
                .arg("MATCH")
                .arg(&pattern)
                .arg("COUNT")
                .arg(1000)
                .query_async(&mut connection)
                .await?;
            if !keys.is_empty() {
                redis::cmd("UNLINK")
                    .arg(keys)
                    .exec_async(&mut connection)
                    .await?;
            }
            if next == 0 {
                return Ok(());
            }
            place = next;
        }
    }

    /// Forgets a worker that has ended, with whatever it had taken and not done: those tasks are wake-ups only, and one of
    /// them may be what ended it.
    pub(crate) async fn forget_worker(&self, urgency: Urgency, name: &str) -> RedisResult<()> {
        let config = self.config(urgency);
        let held = format!("{}:{name}", config.inflight_jobs_set());
        let mut connection = self.connection();
        let tasks: Vec<String> = redis::cmd("SMEMBERS")
            .arg(&held)
            .query_async(&mut connection)
            .await?;
        let mut forget = redis::pipe();
        for task in tasks {
            forget
                .hdel(config.job_data_hash(), &task)
                .del(format!("{}:{task}", config.job_meta_hash()));
        }
        forget
            .del(held)
            .zrem(config.workers_set(), name)
            .del(told_of(config, name))
            .exec_async(&mut connection)
            .await
    }

    /// Lets what a worker says of itself be forgotten, should it end without a word.
    pub(crate) async fn remember_worker(&self, urgency: Urgency, name: &str) -> RedisResult<()> {
        redis::cmd("EXPIRE")
            .arg(told_of(self.config(urgency), name))
            .arg(WORKER_SECONDS)
            .exec_async(&mut self.connection())
            .await
    }

    /// A connection for a worker, patient with a Redis that stalls: a time-out would end the worker.
    pub(crate) async fn patient_connection(&self) -> RedisResult<ConnectionManager> {
        let mut connection = connection(&self.client, Duration::from_secs(10))?;
        redis::cmd("PING").exec_async(&mut connection).await?;
        Ok(connection)
    }

    pub(crate) fn connection(&self) -> ConnectionManager {
        self.connection.clone()
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn config(&self, urgency: Urgency) -> &Config {
        match urgency {
            Urgency::Live => &self.live,
            Urgency::Past => &self.past,
        }
    }

    /// Where joining is announced.
    pub(crate) fn channel(&self, urgency: Urgency) -> String {
        format!("{}:joined", self.config(urgency).queue.as_ref())
    }
}

fn told_of(config: &Config, worker: &str) -> String {
    format!("{}:metadata:{worker}", config.workers_set())
}

// Measured: one task at a time and no locks keep heartbeats flowing and the cost independent of the length; results must be
// kept, or nothing is acknowledged.
fn config(queue: &str) -> Config {
    Config::default()
        .queue(queue)
        .batch_size(1)
        .heartbeat_interval(Duration::from_secs(5))
        .missed_heartbeats(4)
        .lock_tasks(false)
        .emit_events(false)
        .persist_results(true)
}

fn connection(client: &Client, response_timeout: Duration) -> RedisResult<ConnectionManager> {
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(Duration::from_secs(2)))
        .set_response_timeout(Some(response_timeout))
        .set_number_of_retries(1)
        .set_max_delay(Duration::from_secs(1));
    client.get_connection_manager_lazy(config)
}

fn task(tenant: TenantId) -> RedisTask {
    let Ok(bytes) = AnyBytes.encode(&Wake(Some(tenant)));
    TaskBuilder::new(bytes).build()
}
