//! What measurements of posting share: a private PostgreSQL and Redis, the API and the simulated QuickBooks in this process,
//! and workers in processes of their own, which are this very program begun again.

pub mod cpu;

use crate::lab::Lab;
use crate::world::{PLATFORM_KEY, Shape, Tenant, World};
use chrono::{DateTime, Utc};
use reqwest::Method;
use secrecy::SecretString;
use serde_json::{Value, json};
use service::Service;
use service::settings::{Environment, Limits, Posting, Settings, Webhooks};
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Tells a process begun again what it is to work on.
const JOB: &str = "TILLPOST_BENCH_WORKER";

/// Says on which machine, how it was built and how busy everything is.
pub fn introduce() {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    println!(
        "machine: {cores} cores, {}-{}, load average {}",
        std::env::consts::ARCH,
        std::env::consts::OS,
        load()
    );
    if cfg!(debug_assertions) {
        println!("this is not an optimised build: the figures mean little");
    }
}

/// The load averages of one, five and fifteen minutes.
pub fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// The value of `--name`.
pub fn argument(name: &str, default: u64) -> u64 {
    let mut arguments = std::env::args();
    arguments
        .find(|argument| argument == name)
        .and_then(|_| arguments.next()?.parse().ok())
        .unwrap_or(default)
}

/// Servers, API and QuickBooks, without a worker.
pub async fn plant(posting: Posting) -> (World, &'static Lab) {
    let lab = Lab::apart().await;
    let bell = worker::RedisBell::new(&lab.redis_url(), "bench").unwrap();
    let shape = Shape {
        bell: Arc::new(bell),
        posting,
        ..Shape::default()
    };
    let world = World::on(lab, shape).await;
    world.sql(CLOCK).await;
    (world, lab)
}

// The clock as it is delivered. That of the stories reads a table, a dozen times an entry.
const CLOCK: &str = "CREATE OR REPLACE FUNCTION tillpost_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT statement_timestamp() $$";

/// A worker in a process of its own; it ends with this.
pub struct Worker(Child);

impl Worker {
    pub fn start(world: &World, lab: &Lab, lifted: bool) -> Self {
        let job = json!({
            "application": world.database_url(migration::roles::APPLICATION),
            "platform": world.database_url(migration::roles::PLATFORM),
            "redis": lab.redis_url(),
            "base": world.base,
            "quickbooks": world.simulator.base_url(),
            "client_id": world.simulator.client_id(),
            "client_secret": world.simulator.client_secret(),
            "lifted": lifted,
        });
        let worker = Command::new(std::env::current_exe().unwrap())
            .env(JOB, job.to_string())
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        Self(worker)
    }

    pub fn process(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Where this process was begun as a worker: works until its parent lets go. True when it has.
pub async fn was_worker() -> bool {
    let Ok(job) = std::env::var(JOB) else {
        return false;
    };
    let job: Value = serde_json::from_str(&job).unwrap();
    let text = |name: &str| job[name].as_str().unwrap().to_owned();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let posting = posting(job["lifted"].as_bool().unwrap());
    let store = entity::store::Store::connect(&text("application"), &text("platform"), 24)
        .await
        .unwrap();
    let bell = worker::RedisBell::new(&text("redis"), "bench").unwrap();
    let pace = worker::RedisBudget::new(&text("redis"), "bench").unwrap();
    let settings = settings(&text, posting);
    let service = Service::sharing(store, Arc::new(bell), Arc::new(pace), settings).unwrap();
    let stop = CancellationToken::new();
    let options = worker::Options::new(&text("redis"), "bench");
    let working = tokio::spawn(worker::run(service, options, stop.clone()));
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()))
        .await
        .unwrap()
        .unwrap();
    stop.cancel();
    let _ = tokio::time::timeout(Duration::from_secs(10), working).await;
    true
}

/// The pace as it is delivered, or without limits.
pub fn posting(lifted: bool) -> Posting {
    if !lifted {
        return Posting::default();
    }
    Posting {
        requests_per_second: 1_000_000,
        requests_per_minute: 60_000_000,
        batches_per_minute: 60_000_000,
        // So that a measurement with doubts has an end.
        quiet_period: Duration::from_secs(5),
        absence_gap: Duration::from_secs(2),
        ..Posting::default()
    }
}

fn settings(text: &impl Fn(&str) -> String, posting: Posting) -> Settings {
    let base: url::Url = text("base").parse().unwrap();
    let quickbooks: url::Url = text("quickbooks").parse().unwrap();
    let discovery = quickbooks.join(".well-known/openid_sandbox_configuration");
    Settings {
        environment: Environment::Test,
        pepper: SecretString::from("pepper-of-the-stories-0123456789-abcdef"),
        key_encryption_key: SecretString::from("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
        previous_key_encryption_keys: Vec::new(),
        webhook_verifier: None,
        vendor_name: "Harbour Point of Sale".to_owned(),
        platform_key: SecretString::from(PLATFORM_KEY),
        public_url: base.clone(),
        return_urls: vec![base.join("done").unwrap()],
        quickbooks: quickbooks::Settings {
            client_id: text("client_id"),
            client_secret: SecretString::from(text("client_secret")),
            redirect_uri: base.join("v1/oauth/callback").unwrap(),
            api_base_url: quickbooks.clone(),
            endpoints: quickbooks::Endpoints::Discovery(discovery.unwrap()),
            minor_version: quickbooks::Settings::MINOR_VERSION,
            timeouts: quickbooks::Timeouts::default(),
        },
        quickbooks_app_url: quickbooks,
        posting,
        webhooks: Webhooks::default(),
        limits: Limits::of_places_only(),
        access: service::settings::Access::default(),
    }
}

/// A tenant that is connected and mapped, and whose sync runs; its company guards its numbers, or does not.
pub async fn store<'w>(world: &'w World, guards_numbers: bool) -> (Tenant<'w>, String) {
    let company = world.company("Harbour");
    let realm = company.realm_id;
    guard_numbers(world, &realm, guards_numbers);
    let tenant = world.tenant("Harbour").await;
    tenant.connect(&realm).await;
    tenant.map_golden().await;
    tenant.post("/sync/start", json!({})).await;
    (tenant, realm)
}

/// Has a company refuse document numbers that are taken, or not.
pub fn guard_numbers(world: &World, realm: &str, guards_numbers: bool) {
    let quickbooks = world.quickbooks();
    let mut preferences = quickbooks.preferences(realm).unwrap();
    preferences.warn_duplicate_journal_number = guards_numbers;
    quickbooks.set_preferences(realm, preferences).unwrap();
}

/// Sends so many tickets that occurred at a time, a thousand a request.
pub async fn send(store: &Tenant<'_>, name: &str, count: usize, at: DateTime<Utc>) {
    for from in (0..count).step_by(1000) {
        let events: Vec<Value> = (from..count.min(from + 1000))
            .map(|place| crate::world::ticket_at(&format!("{name}/{place}"), at))
            .collect();
        let answer = store
            .world
            .request(Method::POST, &store.path("/events"), &store.key)
            .json(&json!({ "events": events }))
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
    }
}

/// So many tickets of October, which a past sync has queued.
pub async fn backlog(store: &Tenant<'_>, name: &str, count: usize) {
    send(store, name, count, "2026-10-05T15:00:00Z".parse().unwrap()).await;
    let window = json!({ "from_date": "2026-10-01", "to_date": "2026-10-31" });
    store.post("/past-syncs", window).await;
}

/// Waits until the ledger holds so many entries; tells when it did.
pub async fn entries(world: &World, realm: &str, count: usize, within: Duration) -> bool {
    let until = tokio::time::Instant::now() + within;
    while world.quickbooks().entry_count(realm).unwrap() < count {
        if tokio::time::Instant::now() > until {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    true
}
