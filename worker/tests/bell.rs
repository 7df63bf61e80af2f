//! The time door with a private PostgreSQL and Redis: rings, losses, and the end.
//!
//! A tenant without a connection needs no QuickBooks: its turn finds nothing to do and takes it off the list of who is due,
//! which is how these tests see that it was taken.

#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

use entity::id::TenantId;
use entity::store::Store;
use entity::turn;
use sandbox::servers::{Server, Servers};
use service::Service;
use service::access::Caller;
use service::bell::{Bell, Silent, Urgency};
use service::settings::{Environment, Limits, Posting, Settings, Webhooks};
use service::tenant::{self, CreateTenant};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use worker::{Options, RedisBell};

struct World {
    servers: Servers,
    store: Store,
    service: Service,
}

impl World {
    async fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let servers = tokio::task::spawn_blocking(|| {
            Servers::start(sandbox::servers::Options::default(), &|_| ())
        })
        .await
        .unwrap()
        .unwrap();
        let url = |user, database| servers.database_url(user, database).unwrap();
        let administrator = url("postgres", "postgres");
        let logins = [
            migration::roles::OWNER,
            migration::roles::APPLICATION,
            migration::roles::PLATFORM,
        ]
        .map(|role| migration::roles::Login {
            role,
            password: None,
        });
        migration::roles::ensure(&administrator, &logins)
            .await
            .unwrap();
        migration::roles::create_database(&administrator, "tillpost", None)
            .await
            .unwrap();
        migration::up(&url(migration::roles::OWNER, "tillpost"))
            .await
            .unwrap();
        let store = Store::connect(
            &url(migration::roles::APPLICATION, "tillpost"),
            &url(migration::roles::PLATFORM, "tillpost"),
            8,
        )
        .await
        .unwrap();
        let service = Service::new(store.clone(), Arc::new(Silent), settings()).unwrap();
        Self {
            servers,
            store,
            service,
        }
    }

    fn redis_url(&self) -> String {
        self.servers.redis_url().unwrap()
    }

    fn options(&self) -> Options {
        Options::new(&self.redis_url(), "test")
    }

    fn work(&self, options: Options) -> (CancellationToken, JoinHandle<anyhow::Result<()>>) {
        let stop = CancellationToken::new();
        (
            stop.clone(),
            tokio::spawn(worker::run(self.service.clone(), options, stop)),
        )
    }

    async fn tenant(&self) -> TenantId {
        let request = CreateTenant {
            name: "Corner Store".into(),
            rounding_tolerance: None,
            net_lines: None,
            closed_period: None,
            batches: None,
        };
        tenant::create(&self.service, &Caller::Platform, request)
            .await
            .unwrap()
            .id
    }

    /// Makes a tenant due, without ringing; `hushed` keeps the sweep from ringing too.
    async fn make_due(&self, tenant: TenantId, hushed: bool) {
        let tx = self.store.platform().await.unwrap();
        let rung = if hushed {
            "tillpost_now() + interval '1 day'"
        } else {
            "NULL"
        };
        tx.execute(
            &format!(
                "UPDATE turn SET due_at = tillpost_now(), rung_until = {rung} WHERE tenant_id = $1"
            ),
            vec![tenant.into()],
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
    }

    /// Comes back when the tenant's turn was taken.
    async fn was_taken(&self, tenant: TenantId) {
        loop {
            let tx = self.store.tenant(tenant).await.unwrap();
            let row = tx.one(tx.find::<turn::Entity>()).await.unwrap().unwrap();
            drop(tx);
            if row.due_at.is_none() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn redis(&self) -> redis::aio::MultiplexedConnection {
        redis::Client::open(self.redis_url())
            .unwrap()
            .get_multiplexed_async_connection()
            .await
            .unwrap()
    }

    /// The names of the apalis workers that are registered.
    async fn workers(&self) -> Vec<String> {
        let mut redis = self.redis().await;
        loop {
            let names: Vec<String> = redis::cmd("ZRANGE")
                .arg(&["test:turns:workers", "0", "-1"])
                .query_async(&mut redis)
                .await
                .unwrap();
            if !names.is_empty() {
                return names;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn settings() -> Settings {
    let nowhere: url::Url = "http://127.0.0.1:9/".parse().unwrap();
    Settings {
        environment: Environment::Test,
        pepper: "a pepper that only this test knows of".into(),
        key_encryption_key: "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=".into(),
        previous_key_encryption_keys: Vec::new(),
        webhook_verifier: None,
        vendor_name: "Harbour Point of Sale".to_owned(),
        platform_key: "a platform key that only this test knows".into(),
        public_url: nowhere.clone(),
        return_urls: vec![],
        quickbooks: quickbooks::Settings {
            client_id: "client".into(),
            client_secret: "secret".into(),
            redirect_uri: nowhere.clone(),
            api_base_url: nowhere.clone(),
            endpoints: quickbooks::Endpoints::Discovery(nowhere),
            minor_version: quickbooks::Settings::MINOR_VERSION,
            timeouts: quickbooks::Timeouts::default(),
        },
        quickbooks_app_url: "http://127.0.0.1:9/".parse().unwrap(),
        posting: Posting::default(),
        webhooks: Webhooks::default(),
        limits: Limits::of_places_only(),
        access: service::settings::Access::default(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ring_brings_a_turn_and_a_lost_ring_is_found_by_the_sweep() {
    let world = World::start().await;
    let (stop, working) = world.work(world.options());
    let bell = RedisBell::new(&world.redis_url(), "test").unwrap();
    let (rung, lost) = (world.tenant().await, world.tenant().await);
    world.make_due(rung, true).await;
    bell.ring(rung, Urgency::Live).await;
    world.was_taken(rung).await;
    world.make_due(lost, false).await;
    world.was_taken(lost).await;
    stop.cancel();
    working.await.unwrap().unwrap();
    assert!(worker::ping(&world.redis_url()).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_forgetting_everything_is_survived_under_a_new_name() {
    let world = World::start().await;
    let (stop, working) = world.work(world.options());
    let before = world.workers().await;
    let mut redis = world.redis().await;
    redis::cmd("FLUSHALL").exec_async(&mut redis).await.unwrap();
    let after = world.workers().await;
    assert!(
        after.iter().all(|name| !before.contains(name)),
        "{before:?} {after:?}"
    );
    let bell = RedisBell::new(&world.redis_url(), "test").unwrap();
    let tenant = world.tenant().await;
    world.make_due(tenant, true).await;
    bell.ring(tenant, Urgency::Live).await;
    world.was_taken(tenant).await;
    stop.cancel();
    working.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_crashing_is_survived_and_the_same_bell_rings_again() {
    let world = World::start().await;
    let (stop, working) = world.work(world.options());
    let bell = RedisBell::new(&world.redis_url(), "test").unwrap();
    let before = world.workers().await;
    let World { servers, .. } = &world;
    tokio::task::block_in_place(|| servers.crash(Server::Redis)).unwrap();
    let after = world.workers().await;
    assert!(after.iter().all(|name| !before.contains(name)));
    let tenant = world.tenant().await;
    world.make_due(tenant, true).await;
    // Rung until heard: the first ring may find the bell still reaching for the Redis that is gone.
    tokio::select! {
        () = world.was_taken(tenant) => {}
        () = async { loop { bell.ring(tenant, Urgency::Live).await; tokio::time::sleep(Duration::from_millis(200)).await; } } => {}
    }
    stop.cancel();
    working.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_turns_are_taken_all_the_same() {
    let world = World::start().await;
    let mut options = world.options();
    options.redis_url = format!(
        "redis+unix://{}/nobody.sock",
        world.servers.folder().display()
    );
    assert!(worker::ping(&options.redis_url).await.is_err());
    let (stop, working) = world.work(options);
    let tenants = [
        world.tenant().await,
        world.tenant().await,
        world.tenant().await,
    ];
    for tenant in tenants {
        world.make_due(tenant, false).await;
    }
    for tenant in tenants {
        world.was_taken(tenant).await;
    }
    stop.cancel();
    working.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_waits_for_turns_under_way_and_begins_no_more() {
    let world = World::start().await;
    let mut options = world.options();
    options.turns_max = 6;
    let bell = RedisBell::new(&world.redis_url(), "test").unwrap();
    let mut tenants = Vec::new();
    for _ in 0..20 {
        let tenant = world.tenant().await;
        world.make_due(tenant, true).await;
        tenants.push(tenant);
    }
    // Every turn waits for its row, which is held here.
    let held = world.store.platform().await.unwrap();
    held.execute("UPDATE turn SET bell = bell", vec![])
        .await
        .unwrap();
    let (stop, working) = world.work(options);
    for tenant in &tenants {
        bell.ring(*tenant, Urgency::Live).await;
    }
    waiting_for_locks(&world, 6).await;
    stop.cancel();
    tokio::task::yield_now().await;
    assert!(!working.is_finished());
    held.commit().await.unwrap();
    working.await.unwrap().unwrap();
    let mut taken = 0;
    for tenant in tenants {
        let tx = world.store.tenant(tenant).await.unwrap();
        let row = tx.one(tx.find::<turn::Entity>()).await.unwrap().unwrap();
        taken += usize::from(row.due_at.is_none());
    }
    assert_eq!(taken, 6);
}

async fn waiting_for_locks(world: &World, turns: i64) {
    loop {
        let tx = world.store.platform().await.unwrap();
        let waiting = tx
            .query_as::<sea_orm::JsonValue>(
                "SELECT count(*) AS turns FROM pg_locks WHERE NOT granted",
                vec![],
            )
            .await
            .unwrap();
        if waiting[0]["turns"].as_i64() == Some(turns) {
            return;
        }
        drop(tx);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_does_not_grow_with_the_turns_taken() {
    let world = World::start().await;
    let bell = RedisBell::new(&world.redis_url(), "test").unwrap();
    let mut redis = world.redis().await;
    // Two workers, one after the other: the second tidies, at its start, what the first left.
    let (stop, working) = world.work(world.options());
    for _ in 0..5 {
        let tenant = world.tenant().await;
        world.make_due(tenant, true).await;
        bell.ring(tenant, Urgency::Live).await;
        world.was_taken(tenant).await;
    }
    stop.cancel();
    working.await.unwrap().unwrap();
    let kept: Vec<String> = redis::cmd("KEYS")
        .arg("test:turns:meta:*")
        .query_async(&mut redis)
        .await
        .unwrap();
    assert_eq!(
        kept.len(),
        5,
        "so that the rest of the test shows something: {kept:?}"
    );
    let (stop, working) = world.work(world.options());
    loop {
        let keys: Vec<String> = redis::cmd("KEYS")
            .arg("test:turns:*")
            .query_async(&mut redis)
            .await
            .unwrap();
        if !keys
            .iter()
            .any(|key| key.contains(":meta:") || key.ends_with(":done") || key.ends_with(":data"))
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stop.cancel();
    working.await.unwrap().unwrap();
    let left: Vec<String> = redis::cmd("KEYS")
        .arg("test:turns*")
        .query_async(&mut redis)
        .await
        .unwrap();
    assert!(left.iter().all(|key| key.ends_with(":signal")), "{left:?}");
}
