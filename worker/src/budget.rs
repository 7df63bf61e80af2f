//! The pace of every company, on Redis for all processes: one script a request, on that server's own clock.
//!
//! A company's memory is one key that expires by itself. Redis may be lost at any time: while it does not answer, each
//! process goes on by itself, more slowly; one that answers without a memory of its own is careful until what it forgot no
//! longer matters. It must not evict keys by itself.

use crate::away::{self, Away, micros};
use redis::aio::ConnectionManager;
use redis::{RedisResult, Script};
use service::budget::{
    AHEAD, Ask, Kind, Pace, Priority, RECOVERY, STRAIN_MAX, STRAIN_STEP, Said, Shared,
};
use std::time::Duration;
use tokio::time::timeout;

/// A request waits no longer for the answer: then Redis is away.
const PATIENCE: Duration = Duration::from_millis(300);

/// The pace on Redis.
pub struct RedisBudget {
    connection: ConnectionManager,
    prefix: String,
    // Names this process among those that have requests under way.
    process: String,
    ask: Script,
    refused: Script,
    away: Away,
}

impl RedisBudget {
    /// A budget on `redis_url`, which need not be there. To be called within a tokio runtime.
    ///
    /// # Errors
    /// `redis_url` cannot be read.
    pub fn new(redis_url: &str, prefix: &str) -> anyhow::Result<Self> {
        Ok(Self {
            connection: away::connection(redis_url, PATIENCE)?,
            prefix: prefix.to_owned(),
            process: uuid::Uuid::new_v4().simple().to_string(),
            ask: Script::new(include_str!("budget/ask.lua")),
            refused: Script::new(include_str!("budget/refused.lua")),
            away: Away::new("the pace is kept"),
        })
    }

    fn key(&self, company_id: &str) -> String {
        format!("{}:pace:{company_id}", self.prefix)
    }

    // Whether it may leave; after how long, or not before how long; and when, by the server's clock.
    async fn told(&self, ask: Ask<'_>, pace: &Pace) -> RedisResult<(bool, Duration, u64)> {
        let early = match ask.priority {
            Priority::First => pace.tolerance,
            Priority::Rest => Duration::ZERO,
        };
        let mut connection = self.connection.clone();
        let (granted, wait, at): (u8, u64, u64) = self
            .ask
            .key(self.key(ask.company_id))
            .key(format!("{}:pace-since", self.prefix))
            .arg(micros(pace.spacing))
            .arg(micros(pace.batch_spacing))
            .arg(micros(early))
            .arg(pace.at_once(ask.priority))
            .arg(micros(AHEAD))
            .arg(micros(pace.call_timeout))
            .arg(micros(RECOVERY))
            .arg(u8::from(ask.kind == Kind::Batch))
            .arg(ask.under_way)
            .arg(&self.process)
            .invoke_async(&mut connection)
            .await?;
        Ok((granted == 1, Duration::from_micros(wait), at))
    }
}

#[async_trait::async_trait]
impl Shared for RedisBudget {
    async fn ask(&self, ask: Ask<'_>, pace: &Pace) -> Said {
        if self.away.is_away() {
            return Said::Nothing;
        }
        let told = timeout(PATIENCE, self.told(ask, pace)).await;
        let answers = matches!(told, Ok(Ok(_)));
        self.away.note(answers);
        match told {
            Ok(Ok((true, after, _))) => Said::Leave(after),
            Ok(Ok((false, after, _))) => Said::NotYet(after),
            Ok(Err(error)) => {
                tracing::debug!("redis does not say whether a request may leave: {error}");
                Said::Nothing
            }
            Err(_) => Said::Nothing,
        }
    }

    async fn rests(&self, company_id: &str) {
        if self.away.is_away() {
            return;
        }
        let mut connection = self.connection.clone();
        let told = redis::cmd("HDEL")
            .arg(self.key(company_id))
            .arg(format!("p:{}", self.process))
            .exec_async(&mut connection)
            .await;
        // It would be forgotten anyway, when a request can no longer be under way.
        if let Err(error) = told {
            tracing::debug!("redis was not told that a company rests: {error}");
        }
    }

    async fn refused(&self, company_id: &str, wait: Duration) {
        let mut connection = self.connection.clone();
        let told = self
            .refused
            .key(self.key(company_id))
            .arg(micros(wait))
            .arg(STRAIN_STEP)
            .arg(STRAIN_MAX)
            .arg(micros(RECOVERY))
            .invoke_async::<u8>(&mut connection)
            .await;
        if let Err(error) = told {
            tracing::warn!("redis was not told that a company limits requests: {error}");
        }
    }
}

#[cfg(test)]
mod tests;
