//! The apalis worker that takes tenants off the line. It only takes them: the turns run on our side ([`Turns`]), so that one
//! worker is enough, its heartbeats never starve and its end never waits for a turn.

use crate::ear::Ear;
use crate::line::{Line, tenant_of};
use crate::turns::Turns;
use apalis::layers::WorkerBuilderExt;
use apalis::prelude::{BackendExt, Data, WorkerBuilder, WorkerError};
use apalis_redis::RedisStorage;
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Tenants waiting for a free turn inside one worker. More than four times the batch would hang its end.
const AT_ONCE: usize = 4;
/// How long the worker's last exchanges with Redis may take after the stop.
const END_WITHIN: Duration = Duration::from_secs(5);

/// Takes tenants off the line until `stop`. A worker that fails (Redis gone, flushed, stalled) is begun anew, each time under
/// a new name: the old one would be refused, and two of one name would share their tasks.
pub(crate) async fn take(line: Line, turns: Arc<Turns>, holder: String, stop: CancellationToken) {
    let mut wait = Backoff::default();
    while !stop.is_cancelled() {
        let name = format!("{holder}-{}", uuid::Uuid::new_v4().simple());
        let ended = tokio::select! {
            ended = work(&line, &turns, &name, &stop) => ended,
            () = late(&stop) => Err(anyhow::anyhow!("it did not end within {} s", END_WITHIN.as_secs())),
        };
        sign_off(&line, &name).await;
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

async fn work(
    line: &Line,
    turns: &Arc<Turns>,
    name: &str,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let storage =
        RedisStorage::new(line.patient_connection().await?).with_config(line.config().clone());
    worker(
        storage,
        Ear::new(line.clone()),
        Arc::clone(turns),
        name,
        stop.clone(),
    )
    .await?;
    Ok(())
}

fn worker(
    storage: RedisStorage<Value>,
    ear: Ear,
    turns: Arc<Turns>,
    name: &str,
    stop: CancellationToken,
) -> BoxFuture<'static, Result<(), WorkerError>> {
    WorkerBuilder::new(name)
        .backend(storage.poll_with_strategy(ear))
        .concurrency(AT_ONCE)
        .catch_panic()
        .data(turns)
        .build(begin_turn)
        .run_until(stop.cancelled_owned().map(Ok::<(), WorkerError>))
        .boxed()
}

// Always well: apalis' own retries count nothing of ours, and an error here would be tried again behind our back.
async fn begin_turn(args: Value, turns: Data<Arc<Turns>>) {
    match tenant_of(&args) {
        Some(tenant) => turns.begin(tenant).await,
        None => tracing::warn!("a task on the line names no tenant"),
    }
}

// What apalis leaves behind of a worker: its name and what it said of itself.
async fn sign_off(line: &Line, name: &str) {
    let mut connection = line.connection();
    let forgotten = redis::pipe()
        .zrem(line.config().workers_set(), name)
        .del(format!("{}:metadata:{name}", line.config().workers_set()))
        .exec_async(&mut connection)
        .await;
    if let Err(error) = forgotten {
        tracing::debug!("worker {name} could not sign off: {error}");
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
