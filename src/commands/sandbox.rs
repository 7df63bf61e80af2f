//! `sandbox`: a simulated QuickBooks to develop against, and private servers beside it where wanted.

use crate::config::redirect_uri;
use crate::secrets;
use crate::stage::{self, House};
use anyhow::Context;
use sandbox::quickbooks::{Options, Simulator};
use std::net::SocketAddr;
use tokio_util::sync::CancellationToken;
use url::Url;

/// Run a simulated QuickBooks, for development.
#[derive(clap::Args)]
pub(crate) struct Sandbox {
    /// Where the simulated QuickBooks listens; port 0 takes a free one.
    #[arg(long, env = "TILLPOST_LISTEN", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// Where it is reached, when that is not where it listens.
    #[arg(long, env = "SANDBOX_PUBLIC_URL", value_name = "URL")]
    public_url: Option<Url>,
    /// Where the API is reached; consent leads back there.
    #[arg(
        long,
        env = "TILLPOST_PUBLIC_URL",
        default_value = "http://127.0.0.1:8080/",
        value_name = "URL"
    )]
    api: Url,
    /// Also start a private PostgreSQL and Redis, thrown away at the end, and print a whole environment for `serve`.
    #[arg(long)]
    servers: bool,
}

impl Sandbox {
    pub(crate) async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let options = Options {
            bind: self.listen,
            public_url: self.public_url,
            redirect_uris: vec![redirect_uri(&self.api).into()],
            ..with_given_keys(Options::default())
        };
        let simulator = Simulator::start(options)
            .await
            .context("the simulated QuickBooks did not start")?;
        let company = stage::found_company(&simulator)?;
        let mut environment = of_quickbooks(&simulator)?;
        let house = if self.servers {
            let house = House::start(|line| eprintln!("# {line}")).await?;
            environment.extend(of_house(&house, &self.api));
            Some(house)
        } else {
            None
        };
        for (name, value) in environment {
            println!("{name}={value}");
        }
        let books = simulator
            .base_url()
            .join(&format!("sandbox/books/{}", company.realm_id))?;
        eprintln!("# {} keeps its books at {books}", company.name);
        eprintln!(
            "# everything can be broken on purpose at {}",
            simulator.base_url().join("sandbox")?
        );
        eprintln!("# Ctrl-C ends it");
        stop.cancelled().await;
        simulator.stop().await;
        if let Some(house) = house {
            house.stop().await;
        }
        Ok(())
    }
}

// The same keys as the product's, where the environment has them.
fn with_given_keys(mut options: Options) -> Options {
    if let Ok(client_id) = std::env::var("QUICKBOOKS_CLIENT_ID") {
        options.client_id = client_id;
    }
    if let Ok(client_secret) = std::env::var("QUICKBOOKS_CLIENT_SECRET") {
        options.client_secret = client_secret;
    }
    options
}

fn of_quickbooks(simulator: &Simulator) -> anyhow::Result<Vec<(&'static str, String)>> {
    Ok(vec![
        ("QUICKBOOKS_ENVIRONMENT", "sandbox".to_owned()),
        ("QUICKBOOKS_CLIENT_ID", simulator.client_id().to_owned()),
        (
            "QUICKBOOKS_CLIENT_SECRET",
            simulator.client_secret().to_owned(),
        ),
        ("QUICKBOOKS_BASE_URL", simulator.base_url().into()),
        ("QUICKBOOKS_APP_URL", simulator.base_url().into()),
        (
            "QUICKBOOKS_DISCOVERY_URL",
            stage::discovery_url(simulator)?.into(),
        ),
    ])
}

fn of_house(house: &House, api: &Url) -> Vec<(&'static str, String)> {
    vec![
        ("DATABASE_URL", house.database_url()),
        ("PLATFORM_DATABASE_URL", house.platform_database_url()),
        ("OWNER_DATABASE_URL", house.owner_database_url()),
        ("REDIS_URL", house.redis_url()),
        ("TILLPOST_ENVIRONMENT", "test".to_owned()),
        ("TILLPOST_PUBLIC_URL", api.to_string()),
        ("TILLPOST_PEPPER", secrets::random()),
        ("TILLPOST_KEY_ENCRYPTION_KEY", secrets::random_key()),
        ("TILLPOST_PLATFORM_KEY", secrets::random()),
    ]
}
