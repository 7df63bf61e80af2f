//! The turns that this process gives: [`Order`] says whose is next, here they are begun and ended.

use crate::line::Line;
use crate::order::{Arrival, Limits, Order};
use crate::work::Work;
use entity::id::TenantId;
use futures::FutureExt;
use futures::future::BoxFuture;
use service::bell::Urgency;
use service::error::Error;
use service::posting::TurnEnd;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The turns that this process gives.
pub(crate) struct Turns {
    work: Arc<dyn Work>,
    line: Line,
    stop: CancellationToken,
    order: Mutex<Order>,
    room: Notify,
    tasks: TaskTracker,
}

impl Turns {
    pub(crate) fn new(
        work: Arc<dyn Work>,
        line: Line,
        seats: usize,
        stop: CancellationToken,
    ) -> Arc<Self> {
        Arc::new(Self {
            work,
            line,
            stop,
            order: Mutex::new(Order::new(Limits::of(seats))),
            room: Notify::new(),
            tasks: TaskTracker::new(),
        })
    }

    /// Sees to it that a tenant has a turn, and returns when it waits here for its seat: at once unless too many do. A tenant
    /// whose turn is under way has its next when that one ends with more to do. After the stop nothing begins: the sweep of
    /// another process finds the tenant.
    pub(crate) async fn begin(self: &Arc<Self>, tenant: TenantId, urgency: Urgency) {
        loop {
            let mut room = pin!(self.room.notified());
            // From here on a word about room is not missed.
            room.as_mut().enable();
            if self.stop.is_cancelled() {
                return;
            }
            let arrival = self.order().arrive(tenant, urgency);
            match arrival {
                Arrival::Waits => return self.seat(),
                Arrival::Known => return,
                Arrival::Full => {}
            }
            tokio::select! { () = self.stop.cancelled() => return, () = room => {} }
        }
    }

    /// Whether a tenant waits here or its turn is under way.
    pub(crate) fn knows(&self, tenant: TenantId) -> bool {
        self.order().knows(tenant)
    }

    /// Returns when every turn has ended; none begins any more.
    pub(crate) async fn end(&self) {
        self.tasks.close();
        if !self.tasks.is_empty() {
            tracing::info!("waiting for {} turns under way", self.tasks.len());
        }
        self.tasks.wait().await;
    }

    // Begins whatever may begin now.
    fn seat(self: &Arc<Self>) {
        if self.stop.is_cancelled() {
            return;
        }
        loop {
            let next = self.order().next();
            let Some(tenant) = next else { break };
            self.tasks.spawn(Arc::clone(self).give(tenant));
        }
        self.room.notify_waiters();
    }

    // Boxed, since a turn may be followed by another: the type would contain itself.
    fn give(self: Arc<Self>, tenant: TenantId) -> BoxFuture<'static, ()> {
        async move {
            let taken = self.seated(tenant).await;
            self.seat();
            match taken {
                Ok(Ok(TurnEnd::Again)) => self.to_the_end_of_the_line(tenant).await,
                Ok(Ok(TurnEnd::Idle | TurnEnd::Later(_) | TurnEnd::Busy)) => {}
                Ok(Err(error)) => record(tenant, &error),
                Err(_) => tracing::error!(tenant.id = %tenant, "the turn of {tenant} panicked"),
            }
        }
        .boxed()
    }

    // A turn, which loses its seat where its company does not answer in time.
    async fn seated(
        self: &Arc<Self>,
        tenant: TenantId,
    ) -> std::thread::Result<Result<TurnEnd, Error>> {
        let began = Instant::now();
        let mut turn = pin!(AssertUnwindSafe(self.work.turn(tenant, &self.stop)).catch_unwind());
        let taken = match timeout(self.work.allowance(), turn.as_mut()).await {
            Ok(taken) => taken,
            Err(_) => {
                if self.order().park(tenant, began.elapsed()) {
                    self.seat();
                }
                turn.await
            }
        };
        self.order().end(tenant, began.elapsed());
        taken
    }

    // Others have their turns first. Without Redis this process is the line; without the database the sweep finds it.
    async fn to_the_end_of_the_line(self: &Arc<Self>, tenant: TenantId) {
        if self.stop.is_cancelled() {
            return;
        }
        match self.work.again(tenant).await {
            Ok(None) => {}
            Ok(Some(urgency)) => {
                if self.line.join(urgency, &[tenant]).await.is_err() {
                    let turns = Arc::clone(self);
                    self.tasks
                        .spawn(async move { turns.begin(tenant, urgency).await });
                }
            }
            Err(error) => record(tenant, &error),
        }
    }

    fn order(&self) -> MutexGuard<'_, Order> {
        self.order.lock().unwrap_or_else(PoisonError::into_inner)
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
