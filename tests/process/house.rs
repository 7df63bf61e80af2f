//! Everything around the processes: PostgreSQL, Redis, a simulated QuickBooks, and the one clock.

use crate::running::{Environment, Running, run};
use chrono::{DateTime, TimeDelta, Utc};
use sandbox::quickbooks::{Control, Simulator, Switches, ThrottleLimits};
use sandbox::servers::{Options, Server, Servers};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, QueryResult, Statement};
use std::sync::Arc;

/// Where the outside reaches the API: a name that the tests' client resolves to the process's port.
pub const PUBLIC_HOST: &str = "tillpost.test";
/// The platform's credential.
pub const PLATFORM_KEY: &str = "7d0c5b8e2f9a4163b8d7e0f1c2a39485";

const DATABASE: &str = "postgres";

/// A place to run the product in.
pub struct House {
    pub environment: Environment,
    pub simulator: Simulator,
    /// The superuser, for the clock and for looking.
    pub database: DatabaseConnection,
    servers: Arc<Servers>,
    logs: tempfile::TempDir,
}

impl House {
    /// A house whose database is migrated, by the binary itself, and whose clock can be set.
    pub async fn built() -> Self {
        Self::ready(Self::empty().await).await
    }

    /// The same on servers that keep what they have committed, whatever happens to them.
    pub async fn built_durably() -> Self {
        let durable = Options {
            durable: true,
            ..Options::default()
        };
        Self::ready(Self::on(durable).await).await
    }

    async fn ready(house: Self) -> Self {
        house.migrate().await;
        house.sql(SETTABLE_CLOCK).await;
        house
    }

    /// A house whose database is as PostgreSQL made it.
    pub async fn empty() -> Self {
        Self::on(Options::default()).await
    }

    async fn on(options: Options) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let servers =
            tokio::task::spawn_blocking(|| Servers::start(options, &|line| eprintln!("{line}")))
                .await
                .unwrap()
                .unwrap();
        let simulator = Simulator::start(sandbox::quickbooks::Options {
            redirect_uris: vec![format!("http://{PUBLIC_HOST}/v1/oauth/callback")],
            // Restarted workers may burst; what a 429 does is told elsewhere.
            throttle: ThrottleLimits::lifted(),
            switches: Switches::of_environment().unwrap(),
            ..sandbox::quickbooks::Options::default()
        })
        .await
        .unwrap();
        let superuser = servers.database_url("postgres", DATABASE).unwrap();
        Self {
            environment: environment(&servers, &simulator),
            simulator,
            database: Database::connect(superuser).await.unwrap(),
            servers: Arc::new(servers),
            logs: tempfile::tempdir().unwrap(),
        }
    }

    /// Runs `tillpost migrate` as a superuser; tells what it said.
    pub async fn migrate(&self) -> String {
        let done = run("migrate", &self.environment).await;
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        assert!(
            done.status.success(),
            "{said} {}",
            String::from_utf8_lossy(&done.stderr)
        );
        said
    }

    pub fn start(&self, command: &'static str) -> Running {
        Running::start(command, &self.environment, self.logs.path())
    }

    /// The same, told to die at a fail point: `name*n`.
    pub fn start_armed(&self, command: &'static str, point: Option<String>) -> Running {
        let mut environment = self.environment.clone();
        environment.extend(point.map(|point| ("TILLPOST_FAIL_POINT", point)));
        Running::start(command, &environment, self.logs.path())
    }

    /// Stops a server as a crash would (PostgreSQL's immediate stop, kill -9 of Redis) and starts it again.
    pub async fn crash(&self, server: Server) {
        let servers = Arc::clone(&self.servers);
        let crashed = tokio::task::spawn_blocking(move || servers.crash(server)).await;
        crashed.unwrap().unwrap();
    }

    pub fn quickbooks(&self) -> &Control {
        self.simulator.control()
    }

    /// Runs SQL as the superuser.
    pub async fn sql(&self, sql: &str) {
        self.database.execute_unprepared(sql).await.unwrap();
    }

    /// The rows of a query as the superuser.
    pub async fn rows(&self, sql: &str) -> Vec<QueryResult> {
        self.database
            .query_all_raw(Statement::from_string(DbBackend::Postgres, sql))
            .await
            .unwrap()
    }

    /// The one number that a query gives.
    pub async fn number(&self, sql: &str) -> i64 {
        self.rows(sql).await[0].try_get_by_index(0).unwrap()
    }

    /// The product's time.
    pub async fn now(&self) -> DateTime<Utc> {
        self.rows("SELECT tillpost_now()").await[0]
            .try_get_by_index(0)
            .unwrap()
    }

    /// Sets the product's clock and QuickBooks'.
    pub async fn set_clock(&self, at: DateTime<Utc>) {
        self.sql(&format!(
            "UPDATE test_clock SET ahead = '{}' - statement_timestamp()",
            at.to_rfc3339()
        ))
        .await;
        self.quickbooks().set_clock(at);
    }

    /// Lets the product's clock run so many times faster than the world's, from now on; QuickBooks' is set by
    /// [`House::set_clock`].
    pub async fn hurry(&self, faster: u32) {
        self.sql(&format!(
            "UPDATE test_clock SET began = statement_timestamp(), faster = {faster}"
        ))
        .await;
    }

    /// Sets both clocks ahead.
    pub async fn advance(&self, by: TimeDelta) {
        let milliseconds = by.num_milliseconds();
        self.sql(&format!(
            "UPDATE test_clock SET ahead = ahead + interval '{milliseconds} milliseconds'"
        ))
        .await;
        self.quickbooks().advance_clock(by);
    }

    /// Sends Redis a command of one or two words.
    pub async fn redis(&self, words: &str) -> redis::RedisResult<redis::Value> {
        let client = redis::Client::open(self.servers.redis_url().unwrap()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await?;
        let mut command = redis::Cmd::new();
        for word in words.split(' ') {
            command.arg(word);
        }
        command.query_async(&mut connection).await
    }
}

fn environment(servers: &Servers, simulator: &Simulator) -> Environment {
    let database = |role| servers.database_url(role, DATABASE).unwrap();
    let quickbooks = simulator.base_url();
    let discovery = quickbooks
        .join(".well-known/openid_sandbox_configuration")
        .unwrap();
    Environment::from([
        ("OWNER_DATABASE_URL", database("postgres")),
        ("DATABASE_URL", database(migration::roles::APPLICATION)),
        (
            "PLATFORM_DATABASE_URL",
            database(migration::roles::PLATFORM),
        ),
        ("REDIS_URL", servers.redis_url().unwrap()),
        ("TILLPOST_ENVIRONMENT", "test".into()),
        ("TILLPOST_LISTEN", "127.0.0.1:0".into()),
        ("TILLPOST_WEBHOOK_LOOPBACK", "allow".into()),
        ("TILLPOST_PUBLIC_URL", format!("http://{PUBLIC_HOST}/")),
        ("TILLPOST_RETURN_URLS", format!("http://{PUBLIC_HOST}/done")),
        ("TILLPOST_PEPPER", "3b9f1d70c6e84a25917f0e6d8ab2c354".into()),
        (
            "TILLPOST_KEY_ENCRYPTION_KEY",
            "q83vEjRWeJq83vEjRWeJq83vEjRWeJq83vEjRWeJq80=".into(),
        ),
        ("TILLPOST_PLATFORM_KEY", PLATFORM_KEY.into()),
        ("QUICKBOOKS_ENVIRONMENT", "sandbox".into()),
        ("QUICKBOOKS_CLIENT_ID", simulator.client_id().into()),
        ("QUICKBOOKS_CLIENT_SECRET", simulator.client_secret().into()),
        ("QUICKBOOKS_BASE_URL", quickbooks.to_string()),
        ("QUICKBOOKS_DISCOVERY_URL", discovery.to_string()),
    ])
}

// The product's only clock reads how far it is ahead, and how fast it runs.
pub const SETTABLE_CLOCK: &str = "
    CREATE TABLE test_clock (
      ahead interval NOT NULL DEFAULT '0', began timestamptz NOT NULL DEFAULT now(), faster integer NOT NULL DEFAULT 1);
    INSERT INTO test_clock DEFAULT VALUES;
    GRANT SELECT ON test_clock TO tillpost_app, tillpost_platform;
    CREATE OR REPLACE FUNCTION tillpost_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
      AS $$ SELECT began + (statement_timestamp() - began) * faster + ahead FROM test_clock $$;";
