#![doc = include_str!("../README.md")]

mod answers;
mod away;
mod bell;
mod books;
mod budget;
mod ear;
mod grants;
mod jobs;
mod keys;
mod lane;
mod line;
mod order;
mod posts;
mod rate_limit;
mod sweep;
mod tidy;
mod turns;
mod wake;
mod watch;
mod witness;
mod work;

pub use bell::RedisBell;
pub use budget::RedisBudget;
pub use rate_limit::RedisCounter;
pub use work::Work;

use anyhow::Context;
use line::Line;
use service::Service;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use work::Posting;

/// Where the bell rings, and how much is done at once.
#[derive(Debug, Clone)]
pub struct Options {
    /// The Redis of the bell, as the `redis` crate reads it.
    pub redis_url: String,
    /// Begins every key and channel, so that several installations share a Redis.
    pub prefix: String,
    /// Names this process among the holders of companies: unique in the world, and new with every start.
    pub holder: String,
    /// Turns at work at once in this process. A turn waits for its company and for the database most of the time, so these
    /// are many more than there are cores; what they hold meanwhile is a little memory.
    pub turns_max: usize,
    /// Webhook endpoints that this process sends to at once.
    pub lanes_max: usize,
}

impl Options {
    /// With a holder's name of its own and the usual number of turns.
    #[must_use]
    pub fn new(redis_url: &str, prefix: &str) -> Self {
        Self {
            redis_url: redis_url.to_owned(),
            prefix: prefix.to_owned(),
            holder: name_of_process(),
            turns_max: 256,
            lanes_max: 512,
        }
    }
}

/// Gives turns until `stop`: hears the bell, sweeps, keeps Redis small. After `stop` no turn begins, those under way come to
/// their next safe place and end, and then this returns. Without Redis it goes on with the sweep alone.
///
/// # Errors
/// `redis_url` cannot be read.
pub async fn run(
    service: Service,
    options: Options,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    // Messages to the outside need no Redis, and end with the turns, however those end.
    let until = stop.child_token();
    let posts = tokio::spawn(posts::run(
        service.clone(),
        options.holder.clone(),
        options.lanes_max,
        until.clone(),
    ));
    let work = Posting::new(service, options.holder.clone());
    let ended = run_on(Arc::new(work), options, stop).await;
    until.cancel();
    posts.await.context("messages to the outside ended badly")?;
    ended
}

/// [`run`] on other work than the product's.
///
/// # Errors
/// As [`run`].
pub async fn run_on(
    work: Arc<dyn Work>,
    options: Options,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let line = Line::new(&options.redis_url, &options.prefix)?;
    tracing::info!(holder = %options.holder, "worker {} gives turns", options.holder);
    jobs::run(work, line, &options, stop).await;
    tracing::info!("worker {} has ended", options.holder);
    Ok(())
}

/// Whether Redis answers, within two seconds: for readiness.
///
/// # Errors
/// It does not, or `redis_url` cannot be read.
pub async fn ping(redis_url: &str) -> anyhow::Result<()> {
    let answers = async {
        let client = redis::Client::open(redis_url)?;
        let mut connection = client.get_multiplexed_async_connection().await?;
        redis::cmd("PING").exec_async(&mut connection).await
    };
    tokio::time::timeout(Duration::from_secs(2), answers)
        .await
        .context("redis did not answer within 2 s")?
        .context("redis does not answer")
}

// Host and process tell an operator where; the rest is never the same twice.
fn name_of_process() -> String {
    let host = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    format!(
        "{host}-{}-{}",
        std::process::id(),
        uuid::Uuid::new_v4().simple()
    )
}
