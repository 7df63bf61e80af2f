//! `demo`: the whole product on a fresh machine, shown through its public API, and gone without a trace.
//!
//! Start reading at `story.rs`, what is shown; `narrator.rs` is how it is told, `client.rs` how the API is called, `books.rs`
//! how the result is judged.

mod aboard;
mod books;
mod client;
mod cure;
mod narrator;
mod story;
mod week;

use crate::commands::serve::{RedisReady, cores};
use crate::stage::{self, House};
use anyhow::Context;
use entity::store::Store;
use narrator::{Interrupted, Narrator};
use sandbox::quickbooks::{CompanySummary, Simulator};
use sandbox::store;
use secrecy::ExposeSecret;
use service::Service;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;
use tokio_util::sync::CancellationToken;
use url::Url;
use worker::{RedisBell, RedisBudget, RedisCounter};

/// Show everything: private servers, a simulated QuickBooks, a store's week, posted and cured. Asks nothing.
#[derive(clap::Args)]
pub(crate) struct Demo {
    /// End after the story instead of staying up; the exit code tells whether everything held.
    #[arg(long)]
    exit: bool,
    /// Which week: the same seed sells the same things.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// How many events the week has, forty or more.
    #[arg(long, default_value_t = store::DEMO_EVENTS as u64, value_parser = clap::value_parser!(u64).range(40..))]
    events: u64,
}

/// What is on the stage while the story is told.
struct Cast {
    house: House,
    simulator: Simulator,
    company: CompanySummary,
}

impl Demo {
    pub(crate) async fn run(self, stop: CancellationToken) -> anyhow::Result<ExitCode> {
        let narrator = Narrator::new(stop.clone());
        narrator.title("Tillpost, a week in a store");
        match self.perform(&narrator, &stop).await {
            Ok(true) => Ok(ExitCode::SUCCESS),
            Ok(false) => Ok(ExitCode::FAILURE),
            Err(error) if error.is::<Interrupted>() => {
                narrator.note("interrupted; nothing is left running");
                Ok(ExitCode::from(130))
            }
            Err(error) => Err(error),
        }
    }

    // Whatever happens to the story, the stage is cleared.
    async fn perform(&self, narrator: &Narrator, stop: &CancellationToken) -> anyhow::Result<bool> {
        let began = Instant::now();
        let house = {
            let starting = narrator.progress();
            narrator
                .wait(
                    "starting private servers",
                    House::start(move |line| starting.say(line)),
                )
                .await?
        };
        narrator.done("a private PostgreSQL and Redis, with the schema and its roles");
        let simulator = Simulator::start(sandbox::quickbooks::Options::default()).await?;
        let company = stage::found_company(&simulator)?;
        let cast = Cast {
            house,
            simulator,
            company,
        };
        let told = self.open_doors(&cast, narrator, stop, began).await;
        cast.clear(narrator).await;
        told
    }

    // The product: both doors in this process, on a port of its own.
    async fn open_doors(
        &self,
        cast: &Cast,
        narrator: &Narrator,
        stop: &CancellationToken,
        began: Instant,
    ) -> anyhow::Result<bool> {
        narrator.done(&format!(
            "a simulated QuickBooks, where {} has {} accounts",
            cast.company.name,
            cast.company.accounts.len()
        ));
        let counter = RedisCounter::new(&cast.house.redis_url(), "tillpost")?;
        let bound = api::bind(api::Options {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            workers: cores(),
            ready: Arc::new(RedisReady {
                redis_url: cast.house.redis_url(),
            }),
            counter: Arc::new(counter),
        })
        .context("no port is free")?;
        let public_url = Url::parse(&format!("http://{}/", bound.address()))?;
        let settings = stage::settings(&cast.simulator, &public_url)?;
        let platform_key = settings.platform_key.expose_secret().to_owned();
        cast.simulator
            .control()
            .register_redirect_uri(settings.quickbooks.redirect_uri.as_str());

        let store = Store::connect(
            &cast.house.database_url(),
            &cast.house.platform_database_url(),
            24,
        )
        .await?;
        let bell = RedisBell::new(&cast.house.redis_url(), "tillpost")?;
        let pace = RedisBudget::new(&cast.house.redis_url(), "tillpost")?;
        let service = Service::sharing(store.clone(), Arc::new(bell), Arc::new(pace), settings)?;
        let end = CancellationToken::new();
        let options = worker::Options::new(&cast.house.redis_url(), "tillpost");
        let working = tokio::spawn(worker::run(service.clone(), options, end.clone()));
        narrator.done(&format!("the API at {public_url} and a worker"));

        let serving = bound.run(service, end.clone());
        let telling = async {
            let told = self
                .tell(cast, narrator, stop, &public_url, &platform_key, began)
                .await;
            end.cancel();
            told
        };
        let (served, told) = tokio::join!(serving, telling);
        let worked = working.await;
        let closed = store.close().await;
        let held = told?;
        served.context("the API failed")?;
        worked?.context("the worker failed")?;
        closed?;
        Ok(held)
    }

    async fn tell(
        &self,
        cast: &Cast,
        narrator: &Narrator,
        stop: &CancellationToken,
        public_url: &Url,
        platform_key: &str,
        began: Instant,
    ) -> anyhow::Result<bool> {
        let api = client::Client::new(public_url.clone(), platform_key)?;
        let week = story::Week {
            seed: self.seed,
            events: usize::try_from(self.events)?,
        };
        let told = story::tell(
            narrator,
            api,
            cast.simulator.control(),
            &cast.company,
            week,
            began,
        )
        .await?;
        if self.exit {
            return Ok(told.held);
        }
        let books = cast
            .simulator
            .base_url()
            .join(&format!("sandbox/books/{}", cast.company.realm_id))?;
        narrator.title("It stays up until Ctrl-C");
        narrator.facts(&[
            ("API", public_url.as_str()),
            ("explorer", public_url.join("explorer/")?.as_str()),
            ("the books", books.as_str()),
            ("tenant", &told.tenant_id),
            ("key", &told.key),
            ("platform key", platform_key),
        ]);
        narrator.note(&format!(
            "try: curl -H 'Authorization: Bearer {}' {}v1/tenants/{}/sync",
            told.key, public_url, told.tenant_id
        ));
        stop.cancelled().await;
        Ok(told.held)
    }
}

impl Cast {
    async fn clear(self, narrator: &Narrator) {
        self.simulator.stop().await;
        self.house.stop().await;
        narrator.note("everything is stopped and removed");
    }
}
