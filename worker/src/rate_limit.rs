//! How many requests callers make, counted on Redis for all processes: one script a request, on that server's own clock.
//! While it is away nobody waits for it: each process counts by itself.

use crate::away::{self, Away, micros};
use redis::aio::ConnectionManager;
use redis::{RedisResult, Script};
use service::rate_limit::{Account, Count, Counter};
use std::time::Duration;
use tokio::time::timeout;

/// A request waits no longer for the answer: then Redis is away.
const PATIENCE: Duration = Duration::from_millis(100);

/// The measures on Redis.
pub struct RedisCounter {
    connection: ConnectionManager,
    prefix: String,
    count: Script,
    away: Away,
}

impl RedisCounter {
    /// A counter on `redis_url`, which need not be there. To be called within a tokio runtime.
    ///
    /// # Errors
    /// `redis_url` cannot be read.
    pub fn new(redis_url: &str, prefix: &str) -> anyhow::Result<Self> {
        Ok(Self {
            connection: away::connection(redis_url, PATIENCE)?,
            prefix: prefix.to_owned(),
            count: Script::new(include_str!("rate_limit/count.lua")),
            away: Away::new("requests are counted"),
        })
    }

    async fn told(&self, accounts: &[Account]) -> RedisResult<Vec<u64>> {
        let mut script = self.count.prepare_invoke();
        for account in accounts {
            script.key(format!(
                "{}:rate:{}:{}",
                self.prefix, account.name, account.id
            ));
            script.arg(micros(account.limit.window));
            script.arg(micros(account.limit.spacing()));
        }
        script.invoke_async(&mut self.connection.clone()).await
    }
}

#[async_trait::async_trait]
impl Counter for RedisCounter {
    async fn count(&self, accounts: &[Account]) -> Option<Count> {
        if self.away.is_away() {
            return None;
        }
        let told = timeout(PATIENCE, self.told(accounts)).await;
        let told = told.ok().and_then(Result::ok);
        self.away.note(told.is_some());
        let (granted, used) = told.as_deref()?.split_first()?;
        Some(Count {
            granted: *granted == 1,
            used: used.iter().copied().map(Duration::from_micros).collect(),
        })
    }
}

#[cfg(test)]
mod tests;
