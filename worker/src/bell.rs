//! The bell as requests ring it: never waited for, and never in the way.

use crate::line::Line;
use entity::id::TenantId;
use service::bell::{Bell, Urgency};
use std::collections::BTreeSet;
use tokio::sync::mpsc;

/// Rings that may wait here while Redis is slow; more are left to the sweep.
const WAITING_MAX: usize = 10_000;
/// Rings that go to Redis together.
const TOGETHER_MAX: usize = 500;

type Ring = (Urgency, TenantId);

/// Rings on Redis. A ring only queues the tenant's name here, so a request never waits for Redis; a task of its own carries
/// what has come together. It reconnects by itself, and what is lost is found by the sweep.
#[derive(Debug, Clone)]
pub struct RedisBell {
    rings: mpsc::Sender<Ring>,
}

impl RedisBell {
    /// A bell on `redis_url`; its task lives until the last clone is dropped. To be called within a tokio runtime. Redis
    /// need not be there.
    ///
    /// # Errors
    /// `redis_url` cannot be read.
    pub fn new(redis_url: &str, prefix: &str) -> anyhow::Result<Self> {
        let line = Line::new(redis_url, prefix)?;
        let (rings, heard) = mpsc::channel(WAITING_MAX);
        tokio::spawn(carry(line, heard));
        Ok(Self { rings })
    }
}

#[async_trait::async_trait]
impl Bell for RedisBell {
    async fn ring(&self, tenant: TenantId, urgency: Urgency) {
        if self.rings.try_send((urgency, tenant)).is_err() {
            tracing::debug!(tenant.id = %tenant, "too many rings wait for redis; {tenant} waits for the sweep");
        }
    }
}

async fn carry(line: Line, mut heard: mpsc::Receiver<Ring>) {
    let mut rings = Vec::new();
    let mut silent = false;
    while heard.recv_many(&mut rings, TOGETHER_MAX).await > 0 {
        let together: BTreeSet<Ring> = rings.drain(..).collect();
        let joined = join(&line, &together).await;
        // Told once when it begins and once when it ends.
        match (&joined, silent) {
            (Err(error), false) => {
                tracing::warn!("the bell does not ring, turns wait for the sweep: {error}")
            }
            (Ok(()), true) => tracing::info!("the bell rings again"),
            _ => {}
        }
        silent = joined.is_err();
    }
}

async fn join(line: &Line, rings: &BTreeSet<Ring>) -> Result<(), apalis_redis::Error> {
    for urgency in Urgency::ALL {
        let tenants: Vec<_> = rings
            .iter()
            .filter(|ring| ring.0 == urgency)
            .map(|ring| ring.1)
            .collect();
        if !tenants.is_empty() {
            line.join(urgency, &tenants).await?;
        }
    }
    Ok(())
}
