//! What the stories share: one private PostgreSQL and Redis for the process, and a migrated template database.

use migration::roles::{self, Login};
use sandbox::servers::{Options, Server, Servers};
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::OnceCell;

/// The servers, and the database every world's is a copy of.
pub struct Lab {
    servers: Servers,
    worlds: AtomicU32,
}

static LAB: OnceCell<Lab> = OnceCell::const_new();

const TEMPLATE: &str = "template_of_worlds";

/// The lab, started by the first story that needs it; its servers end with this process, however it ends.
pub async fn lab() -> &'static Lab {
    LAB.get_or_init(|| Lab::start(Options::default())).await
}

impl Lab {
    /// A lab of a story that does to its servers what others must not feel. What is committed there outlives a crash.
    pub async fn apart() -> &'static Self {
        let options = Options {
            durable: true,
            ..Options::default()
        };
        Box::leak(Box::new(Self::start(options).await))
    }

    async fn start(options: Options) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let servers =
            tokio::task::spawn_blocking(|| Servers::start(options, &|line| eprintln!("{line}")))
                .await
                .unwrap()
                .unwrap();
        let lab = Self {
            servers,
            worlds: AtomicU32::new(0),
        };
        lab.make_template().await;
        lab
    }

    /// Stops PostgreSQL as a crash would, and waits until it is back.
    pub async fn crash_database(&'static self) {
        tokio::task::spawn_blocking(|| self.servers.crash(Server::Postgres))
            .await
            .unwrap()
            .unwrap();
    }

    async fn make_template(&self) {
        let administrator = self.url("postgres", "postgres");
        let logins = [roles::OWNER, roles::APPLICATION, roles::PLATFORM].map(|role| Login {
            role,
            password: None,
        });
        roles::ensure(&administrator, &logins).await.unwrap();
        roles::create_database(&administrator, TEMPLATE, None)
            .await
            .unwrap();
        let owner = self.url(roles::OWNER, TEMPLATE);
        migration::up(&owner).await.unwrap();
        let database = sea_orm::Database::connect(&owner).await.unwrap();
        sea_orm::ConnectionTrait::execute_unprepared(&database, SET_CLOCK)
            .await
            .unwrap();
        database.close().await.unwrap();
    }

    /// A database of a new world, and its name.
    pub async fn database(&self) -> String {
        let name = format!("world_{}", self.worlds.fetch_add(1, Ordering::Relaxed));
        roles::create_database(&self.url("postgres", "postgres"), &name, Some(TEMPLATE))
            .await
            .unwrap();
        name
    }

    /// Where Redis is; each story keeps to a prefix of its own.
    pub fn redis_url(&self) -> String {
        self.servers.redis_url().unwrap()
    }

    /// How a role reaches a database.
    pub fn url(&self, role: &str, database: &str) -> String {
        self.servers.database_url(role, database).unwrap()
    }
}

// The product's only clock reads an offset, so that a story sets the time.
const SET_CLOCK: &str = "
    CREATE TABLE test_clock (offset_seconds double precision NOT NULL);
    INSERT INTO test_clock VALUES (0);
    GRANT SELECT ON test_clock TO tillpost_app, tillpost_platform;
    CREATE OR REPLACE FUNCTION tillpost_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
      AS $$ SELECT statement_timestamp() + make_interval(secs => (SELECT offset_seconds FROM test_clock)) $$;";
