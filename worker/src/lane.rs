//! The apalis worker that takes tenants off the line. It only takes them: the turns run on our side ([`Turns`]), so that one
//! worker is enough, its heartbeats never starve and its end never waits for a turn.

use crate::ear::Ear;
use crate::line::Line;
use crate::turns::Turns;
use crate::wake::{AnyBytes, Wake};
use apalis::layers::WorkerBuilderExt;
use apalis::prelude::{BackendExt, Data, WorkerBuilder, WorkerError};
use apalis_redis::RedisStorage;
use futures::FutureExt;
use futures::future::BoxFuture;
use service::bell::Urgency;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Tenants waiting for room inside one worker. More than four times the batch would hang its end.
const AT_ONCE: usize = 4;
/// How long the worker's last exchanges with Redis may take after the stop.
const END_WITHIN: Duration = Duration::from_secs(5);
/// How often a worker that lives says so, besides its heartbeats.
const REMEMBER_EVERY: Duration = Duration::from_secs(60);

/// What a worker's tasks reach.
#[derive(Clone)]
struct Place {
    turns: Arc<Turns>,
    urgency: Urgency,
}

/// Takes tenants off the line of this urgency until `stop`. A worker that fails (Redis gone, flushed, stalled) is begun anew,
/// each time under a new name: the old one would be refused, and two of one name would share their tasks.
pub(crate) async fn take(
    line: Line,
    urgency: Urgency,
    turns: Arc<Turns>,
    holder: String,
    stop: CancellationToken,
) {
    let mut wait = Backoff::default();
    let place = Place { turns, urgency };
    while !stop.is_cancelled() {
        let name = format!("{holder}-{}", uuid::Uuid::new_v4().simple());
        let ended = tokio::select! {
            ended = work(&line, &place, &name, &stop) => ended,
            never = remember(&line, urgency, &name) => match never {},
            () = late(&stop) => Err(anyhow::anyhow!("it did not end within {} s", END_WITHIN.as_secs())),
        };
        if let Err(error) = line.forget_worker(urgency, &name).await {
            tracing::debug!("worker {name} could not sign off: {error}");
        }
        if let Err(error) = ended {
            tracing::warn!("a worker on redis failed; the next begins soon: {error:#}");
            tokio::select! { () = sleep(wait.next()) => {}, () = stop.cancelled() => {} }
        }
    }
}

async fn late(stop: &CancellationToken) {
    stop.cancelled().await;
    sleep(END_WITHIN).await;
}

async fn remember(line: &Line, urgency: Urgency, name: &str) -> std::convert::Infallible {
    loop {
        sleep(REMEMBER_EVERY).await;
        // Where it fails, the worker has other troubles, which are told.
        let _ = line.remember_worker(urgency, name).await;
    }
}

async fn work(
    line: &Line,
    place: &Place,
    name: &str,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let connection = line.patient_connection().await?;
    line.cut(place.urgency).await?;
    let storage = RedisStorage::new(connection).with_config(line.config(place.urgency).clone());
    let ear = Ear::new(line.clone(), place.urgency);
    worker(storage, ear, place.clone(), name, stop.clone()).await?;
    Ok(())
}

fn worker(
    storage: RedisStorage<Wake>,
    ear: Ear,
    place: Place,
    name: &str,
    stop: CancellationToken,
) -> BoxFuture<'static, Result<(), WorkerError>> {
    WorkerBuilder::new(name)
        .backend(storage.with_codec(AnyBytes).poll_with_strategy(ear))
        .concurrency(AT_ONCE)
        .catch_panic()
        .data(place)
        .build(begin_turn)
        .run_until(stop.cancelled_owned().map(Ok::<(), WorkerError>))
        .boxed()
}

// Always well: apalis' own retries count nothing of ours, and an error here would be tried again behind our back.
async fn begin_turn(wake: Wake, place: Data<Place>) {
    match wake.0 {
        Some(tenant) => place.turns.begin(tenant, place.urgency).await,
        None => tracing::warn!("a task on the line names no tenant"),
    }
}

/// A quarter of a second, then twice as long each time, up to four.
#[derive(Default)]
struct Backoff {
    times: u32,
}

impl Backoff {
    fn next(&mut self) -> Duration {
        self.times = (self.times + 1).min(5);
        Duration::from_millis(125 << self.times)
    }
}
