//! The line of tenants on Redis: one apalis queue for all of them, and the channel that tells workers to look at once.
//!
//! The line is a wake-up and no record: whoever is lost from it is found again by the sweep. So it is kept short on purpose,
//! which also keeps it below the length (about 8,000) from which apalis' scripts can no longer read it.

use apalis::prelude::TaskBuilder;
use apalis_redis::{Config, RedisTask};
use entity::id::TenantId;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, RedisResult};
use std::time::Duration;

/// The longest line that tenants are still added to.
const LENGTH_MAX: usize = 2000;

/// The line, as every process reaches it. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Line {
    client: Client,
    // For short exchanges: gives up soon, since the sweep repairs what was not said.
    connection: ConnectionManager,
    config: Config,
}

impl Line {
    /// Nothing is connected yet, and losing Redis later is no error either.
    pub(crate) fn new(redis_url: &str, prefix: &str) -> RedisResult<Self> {
        let client = Client::open(redis_url)?;
        Ok(Self {
            connection: connection(&client, Duration::from_secs(2))?,
            client,
            config: config(prefix),
        })
    }

    /// Puts tenants at the end of the line and tells the workers. A full line takes nobody: it is long enough to keep
    /// everybody busy until the next sweep.
    pub(crate) async fn join(&self, tenants: &[TenantId]) -> Result<(), apalis_redis::Error> {
        let mut connection = self.connection.clone();
        let (waiting, ready): (usize, usize) = redis::pipe()
            .zcard(self.config.scheduled_jobs_set())
            .llen(self.config.active_jobs_list())
            .query_async(&mut connection)
            .await?;
        let room = LENGTH_MAX.saturating_sub(waiting + ready);
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
            return Ok(());
        }
        apalis_redis::queries::push_tasks(&mut connection, &self.config, &tasks).await?;
        redis::cmd("PUBLISH")
            .arg(self.channel())
            .arg(tasks.len())
            .exec_async(&mut connection)
            .await?;
        Ok(())
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

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// Where joining is announced.
    pub(crate) fn channel(&self) -> String {
        format!("{}:joined", self.config.queue.as_ref())
    }
}

// Measured: one task at a time and no locks keep heartbeats flowing and the cost independent of the length; results must be
// kept, or nothing is acknowledged.
fn config(prefix: &str) -> Config {
    Config::default()
        .queue(format!("{prefix}:turns"))
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

// A JSON string, so that whatever stands in a task can be decoded: an undecodable one would end the worker.
fn task(tenant: TenantId) -> RedisTask {
    TaskBuilder::new(
        serde_json::Value::from(tenant.to_string())
            .to_string()
            .into_bytes(),
    )
    .build()
}

/// The tenant of a task.
pub(crate) fn tenant_of(args: &serde_json::Value) -> Option<TenantId> {
    args.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_tells_its_tenant_and_nonsense_tells_none() {
        let tenant = TenantId::new();
        let args = serde_json::from_slice(&task(tenant).args).unwrap();
        assert_eq!(tenant_of(&args), Some(tenant));
        for nonsense in [
            serde_json::json!(null),
            serde_json::json!("ten_"),
            serde_json::json!({"tenant": 1}),
        ] {
            assert_eq!(tenant_of(&nonsense), None, "{nonsense}");
        }
    }

    #[tokio::test]
    async fn a_line_that_nobody_serves_stops_growing() {
        let servers = tokio::task::spawn_blocking(|| {
            let redis_only = sandbox::servers::Options {
                postgres: false,
                ..Default::default()
            };
            sandbox::servers::Servers::start(redis_only, &|_| ())
        });
        let servers = servers.await.unwrap().unwrap();
        let line = Line::new(&servers.redis_url().unwrap(), "test").unwrap();
        for _ in 0..5 {
            let tenants: Vec<_> = (0..LENGTH_MAX / 4).map(|_| TenantId::new()).collect();
            line.join(&tenants).await.unwrap();
        }
        let length: usize = redis::cmd("ZCARD")
            .arg(line.config().scheduled_jobs_set())
            .query_async(&mut line.connection())
            .await
            .unwrap();
        assert_eq!(length, LENGTH_MAX);
    }
}
