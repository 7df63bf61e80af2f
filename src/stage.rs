//! What the demo and development stand on: a private, prepared database with its Redis, and a simulated QuickBooks where the
//! demo store keeps its books.

use crate::config::redirect_uri;
use crate::schema::{self, Passwords};
use crate::secrets;
use anyhow::Context;
use migration::roles::{APPLICATION, OWNER, PLATFORM, create_database};
use quickbooks::{Endpoints, Timeouts};
use sandbox::quickbooks::{CompanySummary, NewAccount, NewCompany, Simulator};
use sandbox::servers::{Data, Options, Servers};
use sandbox::store;
use service::settings::{Access, Environment, Limits, Posting, Settings, Webhooks};
use url::Url;

/// The database of the product on private servers.
const DATABASE: &str = "tillpost";
/// The company of the demo store.
const COMPANY: &str = "Harbour Street Outfitters";

/// Private servers with the product's database in them. They end with this value, however it ends.
pub(crate) struct House {
    servers: Servers,
}

impl House {
    /// Starts throw-away servers and prepares the database.
    ///
    /// # Errors
    /// A server does not start, or the database cannot be prepared.
    pub(crate) async fn start(progress: impl Fn(&str) + Send + 'static) -> anyhow::Result<Self> {
        let options = Options {
            data: Data::ThrowAway,
            ..Options::default()
        };
        let servers =
            tokio::task::spawn_blocking(move || Servers::start(options, &progress)).await??;
        let house = Self { servers };
        let administrator = house.url("postgres", "postgres");
        schema::ensure_roles(&administrator, &Passwords::default()).await?;
        create_database(&administrator, DATABASE, None).await?;
        schema::bring_up(&house.owner_database_url()).await?;
        Ok(house)
    }

    /// The database, as the application's role.
    pub(crate) fn database_url(&self) -> String {
        self.url(APPLICATION, DATABASE)
    }

    /// The database, as the platform's role.
    pub(crate) fn platform_database_url(&self) -> String {
        self.url(PLATFORM, DATABASE)
    }

    /// The database, as the owner of its tables.
    pub(crate) fn owner_database_url(&self) -> String {
        self.url(OWNER, DATABASE)
    }

    /// Redis.
    pub(crate) fn redis_url(&self) -> String {
        self.servers.redis_url().expect("redis was asked for")
    }

    /// Stops the servers and removes their folder.
    pub(crate) async fn stop(self) {
        let servers = self.servers;
        // A panic in there has been reported by itself.
        tokio::task::spawn_blocking(move || servers.stop())
            .await
            .ok();
    }

    fn url(&self, user: &str, database: &str) -> String {
        self.servers
            .database_url(user, database)
            .expect("PostgreSQL was asked for")
    }
}

/// Founds the demo store's company, with its chart of accounts, in a simulated QuickBooks.
///
/// # Errors
/// The simulator refuses an account.
pub(crate) fn found_company(simulator: &Simulator) -> anyhow::Result<CompanySummary> {
    let accounts = store::chart().iter().map(|account| NewAccount {
        name: account.name.to_owned(),
        account_type: account.account_type.to_owned(),
        account_sub_type: Some(account.account_sub_type.to_owned()),
        number: Some(account.number.to_owned()),
    });
    let company = NewCompany {
        accounts: accounts.collect(),
        ..NewCompany::named(COMPANY)
    };
    simulator
        .control()
        .seed_company(company)
        .context("the simulated company was not founded")
}

/// The settings of a product that posts to a simulated QuickBooks, with secrets of its own.
///
/// # Errors
/// The simulator's address cannot be extended, which cannot be.
pub(crate) fn settings(simulator: &Simulator, public_url: &Url) -> anyhow::Result<Settings> {
    Ok(Settings {
        environment: Environment::Test,
        pepper: secrets::random().into(),
        key_encryption_key: secrets::random_key().into(),
        previous_key_encryption_keys: Vec::new(),
        webhook_verifier: Some(secrets::random().into()),
        vendor_name: "Harbour Point of Sale".to_owned(),
        platform_key: secrets::random().into(),
        public_url: public_url.clone(),
        return_urls: vec![public_url.clone()],
        quickbooks: quickbooks::Settings {
            client_id: simulator.client_id().to_owned(),
            client_secret: simulator.client_secret().into(),
            redirect_uri: redirect_uri(public_url),
            api_base_url: simulator.base_url(),
            endpoints: Endpoints::Discovery(discovery_url(simulator)?),
            minor_version: quickbooks::Settings::MINOR_VERSION,
            timeouts: Timeouts::default(),
        },
        quickbooks_app_url: simulator.base_url(),
        posting: Posting::default(),
        webhooks: Webhooks::default(),
        limits: Limits::default(),
        access: Access::default(),
    })
}

/// The discovery document of a simulated QuickBooks.
///
/// # Errors
/// As [`settings`].
pub(crate) fn discovery_url(simulator: &Simulator) -> anyhow::Result<Url> {
    Ok(simulator
        .base_url()
        .join(".well-known/openid_sandbox_configuration")?)
}
