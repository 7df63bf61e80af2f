//! The turns that this process gives: so many at once, and one at a time for each tenant.

use crate::line::Line;
use entity::id::TenantId;
use futures::FutureExt;
use futures::future::BoxFuture;
use service::Service;
use service::error::Error;
use service::posting::{TurnEnd, turn};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The turns that this process gives.
pub(crate) struct Turns {
    service: Service,
    line: Line,
    holder: String,
    stop: CancellationToken,
    free: Arc<Semaphore>,
    under_way: Mutex<HashMap<TenantId, Rung>>,
    tasks: TaskTracker,
}

/// Whether the bell rang for a tenant while its turn was under way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rung {
    No,
    Again,
}

impl Turns {
    pub(crate) fn new(
        service: Service,
        line: Line,
        holder: String,
        most: usize,
        stop: CancellationToken,
    ) -> Arc<Self> {
        Arc::new(Self {
            service,
            line,
            holder,
            stop,
            free: Arc::new(Semaphore::new(most.max(1))),
            under_way: Mutex::default(),
            tasks: TaskTracker::new(),
        })
    }

    /// Begins a tenant's turn as soon as one is free, and returns when it has begun. A tenant whose turn is under way here
    /// is rung for again when it ends. After the stop nothing begins: the sweep of another process finds the tenant.
    pub(crate) async fn begin(self: &Arc<Self>, tenant: TenantId) {
        if self.ring_again(tenant) {
            return;
        }
        let free = tokio::select! {
            biased;
            () = self.stop.cancelled() => return,
            free = Arc::clone(&self.free).acquire_owned() => free.expect("the semaphore is never closed"),
        };
        if !self.stop.is_cancelled() && self.enter(tenant) {
            self.tasks.spawn(Arc::clone(self).give(tenant, free));
        }
    }

    /// Whether a tenant's turn is under way here.
    pub(crate) fn under_way(&self, tenant: TenantId) -> bool {
        self.places().contains_key(&tenant)
    }

    /// Returns when every turn has ended; none begins any more.
    pub(crate) async fn end(&self) {
        self.tasks.close();
        if !self.tasks.is_empty() {
            tracing::info!("waiting for {} turns under way", self.tasks.len());
        }
        self.tasks.wait().await;
    }

    // Boxed, since a turn may be followed by another: the type would contain itself.
    fn give(
        self: Arc<Self>,
        tenant: TenantId,
        free: OwnedSemaphorePermit,
    ) -> BoxFuture<'static, ()> {
        async move {
            let taken = AssertUnwindSafe(self.turn(tenant)).catch_unwind().await;
            let rung = self.leave(tenant);
            // Whoever stands at the front of the line may begin.
            drop(free);
            let more = match taken {
                Ok(Ok(end)) => end == TurnEnd::Again || rung == Rung::Again,
                Ok(Err(error)) => {
                    record(tenant, &error);
                    false
                }
                Err(_) => {
                    tracing::error!(tenant.id = %tenant, "the turn of {tenant} panicked");
                    false
                }
            };
            if more {
                self.to_the_end_of_the_line(tenant).await;
            }
        }
        .boxed()
    }

    fn turn(&self, tenant: TenantId) -> BoxFuture<'_, Result<TurnEnd, Error>> {
        turn(&self.service, tenant, &self.holder, &self.stop).boxed()
    }

    // Others have their turns first. Without Redis this process is the line.
    async fn to_the_end_of_the_line(self: &Arc<Self>, tenant: TenantId) {
        if !self.stop.is_cancelled() && self.line.join(&[tenant]).await.is_err() {
            let turns = Arc::clone(self);
            self.tasks.spawn(async move { turns.begin(tenant).await });
        }
    }

    fn ring_again(&self, tenant: TenantId) -> bool {
        self.places()
            .get_mut(&tenant)
            .map(|rung| *rung = Rung::Again)
            .is_some()
    }

    // False where the tenant's turn is under way already.
    fn enter(&self, tenant: TenantId) -> bool {
        match self.places().entry(tenant) {
            Entry::Vacant(place) => {
                place.insert(Rung::No);
                true
            }
            Entry::Occupied(mut place) => {
                place.insert(Rung::Again);
                false
            }
        }
    }

    fn leave(&self, tenant: TenantId) -> Rung {
        self.places().remove(&tenant).unwrap_or(Rung::No)
    }

    fn places(&self) -> MutexGuard<'_, HashMap<TenantId, Rung>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

// A turn that failed is due again, later, in PostgreSQL: nothing is retried from here.
fn record(tenant: TenantId, error: &Error) {
    match error {
        Error::Unavailable(source) => {
            tracing::warn!(tenant.id = %tenant, "the turn of {tenant} waits for the database: {source}");
        }
        Error::Internal(source) => {
            tracing::error!(tenant.id = %tenant, "the turn of {tenant} failed: {source}")
        }
        error => tracing::error!(tenant.id = %tenant, "the turn of {tenant} failed: {error}"),
    }
}
