//! `serve`, `api`, `worker`: the two doors, together or apart.

use crate::config::Config;
use crate::schema;
use anyhow::Context;
use entity::store::Store;
use service::Service;
use service::bell::Bell;
use service::settings::Environment;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use worker::{RedisBell, RedisBudget, RedisCounter};

/// Connections of the application's pool; the platform's has half as many.
const CONNECTIONS_MAX: u32 = 24;

/// A door of the product.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// HTTP.
    Api,
    /// Time.
    Worker,
}

/// Runs some parts until `stop`, or until one fails; then the others end too.
///
/// # Errors
/// The environment or the database is not as it should be; the port is taken.
pub(crate) async fn run(parts: &[Part], stop: CancellationToken) -> anyhow::Result<()> {
    let config = Config::read()?;
    anyhow::ensure!(
        !(service::fail_point::are_built() && config.settings.environment == Environment::Live),
        "this build has fail points, which are for tests: TILLPOST_ENVIRONMENT=live needs a build without them"
    );
    let bell = RedisBell::new(&config.redis_url, &config.redis_prefix).context("REDIS_URL")?;
    let service = open(&config, Arc::new(bell)).await?;
    let ended = run_parts(parts, &config, &service, stop).await;
    service::audit::settle_denials(&service).await;
    service
        .store()
        .clone()
        .close()
        .await
        .context("the database's connections did not close well")?;
    ended
}

/// The product over the configured database, after its schema was looked over.
///
/// # Errors
/// As [`run`].
pub(crate) async fn open(config: &Config, bell: Arc<dyn Bell>) -> anyhow::Result<Service> {
    let store = Store::connect(
        &config.database_url,
        &config.platform_database_url,
        CONNECTIONS_MAX,
    )
    .await
    .context("the database cannot be reached (DATABASE_URL, PLATFORM_DATABASE_URL)")?;
    schema::check(&store).await?;
    let pace = RedisBudget::new(&config.redis_url, &config.redis_prefix).context("REDIS_URL")?;
    let service = Service::sharing(store, bell, Arc::new(pace), config.settings.clone())?;
    service.check().await?;
    Ok(service)
}

async fn run_parts(
    parts: &[Part],
    config: &Config,
    service: &Service,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let api = async {
        if parts.contains(&Part::Api) {
            let counter =
                RedisCounter::new(&config.redis_url, &config.redis_prefix).context("REDIS_URL")?;
            let bound = api::bind(api::Options {
                listen: config.listen,
                workers: cores(),
                ready: Arc::new(RedisReady {
                    redis_url: config.redis_url.clone(),
                }),
                counter: Arc::new(counter),
            })
            .with_context(|| format!("cannot listen on {} (TILLPOST_LISTEN)", config.listen))?;
            bound.run(service.clone(), stop.clone()).await?;
        }
        anyhow::Ok(())
    };
    let worker = async {
        if parts.contains(&Part::Worker) {
            let options = worker::Options::new(&config.redis_url, &config.redis_prefix);
            // On a task of its own: turns never wait for a request, nor a request for a turn.
            tokio::spawn(worker::run(service.clone(), options, stop.clone())).await??;
        }
        anyhow::Ok(())
    };
    let (api, worker) = tokio::join!(or_stop(api, &stop), or_stop(worker, &stop));
    api.and(worker)
}

// A part that failed takes the others with it: half a process looks healthy and is not.
async fn or_stop(
    part: impl Future<Output = anyhow::Result<()>>,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let ended = part.await;
    if ended.is_err() {
        stop.cancel();
    }
    ended
}

pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

/// Readiness asks the bell's Redis too. Without it turns are late by seconds, so traffic may better go elsewhere.
pub(crate) struct RedisReady {
    pub(crate) redis_url: String,
}

#[async_trait::async_trait]
impl api::Ready for RedisReady {
    async fn ready(&self) -> Result<(), String> {
        worker::ping(&self.redis_url).await.map_err(|error| {
            tracing::warn!("not ready: {error:#}");
            "redis does not answer".to_owned()
        })
    }
}
