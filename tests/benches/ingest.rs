//! How fast events are taken in, beside the bare insert of the same rows into the same table: figure 3 of the quality figures.
//!
//! One private PostgreSQL that waits for the disk, reached through its socket; one machine, one run. Rounds take turns, each
//! into an emptied table, and medians are compared. Run with `cargo bench -p tests --bench ingest`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a measurement that breaks says where"
)]
#![allow(clippy::float_arithmetic, reason = "ratios of rates")]

use accounting::Event;
use chrono::{DateTime, NaiveDate, Utc};
use entity::id::{EventId, TenantId};
use entity::store::Store;
use migration::roles;
use reqwest::Client;
use sandbox::servers::{Options, Servers};
use sandbox::store::Week;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement, Value};
use secrecy::SecretString;
use serde_json::json;
use service::Service;
use service::settings::{Environment, Limits, Posting, Settings, Webhooks};
use std::sync::Arc;
use std::time::Instant;
use tokio_util::sync::CancellationToken;
use url::Url;

/// Events in a statement, a request, a batch of lines.
const AT_ONCE: usize = 1000;
/// Events of one writer in a round.
const EVENTS: usize = 20 * AT_ONCE;
const ROUNDS: usize = 5;
const PLATFORM_KEY: &str = "9e7d1c8a5f3e0d6b2794a1f8e6c3d0b5";

#[tokio::main]
async fn main() {
    rustls::crypto::ring::default_provider()
        .install_default()
        .unwrap();
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    println!(
        "machine: {cores} cores, {}-{}",
        std::env::consts::ARCH,
        std::env::consts::OS
    );
    if cfg!(debug_assertions) {
        println!("this is not an optimised build: the figures mean nothing");
    }
    let bench = Bench::new(cores).await;
    println!(
        "a typical event: {} bytes of JSON; {AT_ONCE} a statement and a request; median of {ROUNDS} rounds",
        bench.retailers[0]
            .payload
            .iter()
            .map(String::len)
            .sum::<usize>()
            / EVENTS
    );
    // As many as keep the machine busy, and one alone, whose requests and rows wait for each other.
    for writers in [2 * cores, 1] {
        compare(&bench, &bench.retailers[..writers]).await;
    }
}

async fn compare(bench: &Bench, writers: &[Retailer]) {
    let mut rates = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        for (way, rates) in [Way::Bare, Way::Bulk, Way::Lines]
            .into_iter()
            .zip(&mut rates)
        {
            rates.push(bench.round(way, writers).await);
        }
    }
    let [bare, bulk, lines] = rates.map(median);
    println!("\n{} tenants at once, rows a second:", writers.len());
    println!("  bare INSERT … ON CONFLICT DO NOTHING  {bare:9.0}");
    println!(
        "  HTTP, JSON lists                      {bulk:9.0}   {:3.0} %",
        100.0 * bulk / bare
    );
    println!(
        "  HTTP, NDJSON                          {lines:9.0}   {:3.0} %",
        100.0 * lines / bare
    );
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

/// A way for events to come into the table.
#[derive(Debug, Clone, Copy)]
enum Way {
    Bare,
    Bulk,
    Lines,
}

/// A tenant whose sync is running, and its events.
struct Retailer {
    tenant: TenantId,
    key: String,
    payload: Vec<String>,
}

struct Bench {
    base: Url,
    http: Client,
    database: DatabaseConnection,
    retailers: Vec<Retailer>,
    _servers: Servers,
}

impl Bench {
    async fn new(cores: usize) -> Self {
        let servers = tokio::task::spawn_blocking(|| {
            let options = Options {
                durable: true,
                ..Options::default()
            };
            Servers::start(options, &|line| eprintln!("{line}"))
        })
        .await
        .unwrap()
        .unwrap();
        let url = |role| servers.database_url(role, "postgres").unwrap();
        let logins = [roles::OWNER, roles::APPLICATION, roles::PLATFORM].map(|role| roles::Login {
            role,
            password: None,
        });
        roles::ensure(&url("postgres"), &logins).await.unwrap();
        migration::up(&url("postgres")).await.unwrap();
        let store = Store::connect(&url(roles::APPLICATION), &url(roles::PLATFORM), 24)
            .await
            .unwrap();
        let bell = worker::RedisBell::new(&servers.redis_url().unwrap(), "bench").unwrap();
        let bound = api::bind(api::Options {
            workers: cores,
            ..api::Options::default()
        })
        .unwrap();
        let base: Url = format!("http://{}/", bound.address()).parse().unwrap();
        let service = Service::new(store, Arc::new(bell), settings(&base)).unwrap();
        tokio::spawn(bound.run(service, CancellationToken::new()));
        let mut bench = Self {
            base,
            http: Client::builder().no_proxy().build().unwrap(),
            database: Database::connect(url("postgres")).await.unwrap(),
            retailers: Vec::new(),
            _servers: servers,
        };
        for seed in 0..2 * cores {
            let retailer = bench.retailer(seed).await;
            bench.retailers.push(retailer);
        }
        // A running sync, so that events are queued and the bell is rung, as it is in production.
        bench
            .sql("UPDATE sync SET running = true, started_at = '2026-01-01'")
            .await;
        bench
    }

    async fn retailer(&self, seed: usize) -> Retailer {
        let tenant = self
            .post(
                "v1/tenants",
                PLATFORM_KEY,
                json!({ "name": "Harbour Street Outfitters" }),
            )
            .await;
        let path = format!("v1/tenants/{}/api-keys", tenant["id"].as_str().unwrap());
        let key = self
            .post(&path, PLATFORM_KEY, json!({ "name": "till" }))
            .await;
        let monday: NaiveDate = "2026-11-02".parse().unwrap();
        let week = Week::generate(seed.try_into().unwrap(), monday, EVENTS);
        Retailer {
            tenant: tenant["id"].as_str().unwrap().parse().unwrap(),
            key: key["secret"].as_str().unwrap().to_owned(),
            payload: week.events[..EVENTS]
                .iter()
                .map(ToString::to_string)
                .collect(),
        }
    }

    async fn post(&self, path: &str, key: &str, body: serde_json::Value) -> serde_json::Value {
        let request = self
            .http
            .post(self.base.join(path).unwrap())
            .bearer_auth(key);
        let answer = request
            .body(body.to_string())
            .header("content-type", "application/json")
            .send()
            .await
            .unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }

    async fn sql(&self, sql: &str) {
        self.database.execute_unprepared(sql).await.unwrap();
    }

    /// Rows a second of all writers together, into an empty table.
    async fn round(&self, way: Way, writers: &[Retailer]) -> f64 {
        self.sql("TRUNCATE event, event_count, event_count_change CASCADE")
            .await;
        self.sql("UPDATE number_series SET next_number = 100001")
            .await;
        self.sql("CHECKPOINT").await;
        // What a writer sends is made before the clock starts.
        let work: Vec<_> = writers
            .iter()
            .map(|retailer| self.prepared(way, retailer))
            .collect();
        let start = Instant::now();
        let writing: Vec<_> = work.into_iter().map(tokio::spawn).collect();
        for writer in writing {
            writer.await.unwrap();
        }
        let seconds = start.elapsed().as_secs_f64();
        let rows = self.rows().await;
        assert_eq!(rows, writers.len() * EVENTS, "{way:?}");
        f64::from(u32::try_from(rows).unwrap()) / seconds
    }

    async fn rows(&self) -> usize {
        let sql = "SELECT count(*) FROM event WHERE status = 'not_synced'";
        let row = self
            .database
            .query_one_raw(Statement::from_string(DbBackend::Postgres, sql))
            .await
            .unwrap();
        usize::try_from(row.unwrap().try_get_by_index::<i64>(0).unwrap()).unwrap()
    }

    fn prepared(&self, way: Way, retailer: &Retailer) -> futures::future::BoxFuture<'static, ()> {
        let request = self
            .http
            .post(
                self.base
                    .join(&format!("v1/tenants/{}/events", retailer.tenant))
                    .unwrap(),
            )
            .bearer_auth(&retailer.key);
        match way {
            Way::Bare => {
                let mut number = 100_000;
                let statements: Vec<Statement> = retailer
                    .payload
                    .chunks(AT_ONCE)
                    .map(|events| bare(retailer.tenant, events, &mut number))
                    .collect();
                let database = self.database.clone();
                Box::pin(async move {
                    for statement in statements {
                        database.execute_raw(statement).await.unwrap();
                    }
                })
            }
            Way::Bulk => {
                let request = request.header("content-type", "application/json");
                let requests: Vec<_> = retailer
                    .payload
                    .chunks(AT_ONCE)
                    .map(|events| {
                        request
                            .try_clone()
                            .unwrap()
                            .body(format!(r#"{{"events":[{}]}}"#, events.join(",")))
                    })
                    .collect();
                Box::pin(async move {
                    for request in requests {
                        let answer = request.send().await.unwrap();
                        let (status, text) = (answer.status(), answer.text().await.unwrap());
                        assert!(
                            status.is_success() && text.contains(r#""accepted":1000"#),
                            "{status} {text}"
                        );
                    }
                })
            }
            Way::Lines => {
                let request = request
                    .header("content-type", "application/x-ndjson")
                    .body(retailer.payload.join("\n"));
                Box::pin(async move {
                    let answer = request.send().await.unwrap();
                    let text = answer.text().await.unwrap();
                    assert_eq!(text.matches(r#""result":"accepted""#).count(), EVENTS);
                })
            }
        }
    }
}

// The same rows as the product writes: the same columns with the same contents, into the same indexes.
fn bare(tenant: TenantId, events: &[String], number: &mut u32) -> Statement {
    let events: Vec<Event> = events
        .iter()
        .map(|text| Event::parse(text.as_bytes()).unwrap())
        .collect();
    let texts = |of: &mut dyn FnMut(&Event) -> String| {
        Value::from(events.iter().map(of).collect::<Vec<String>>())
    };
    let mut next = |_: &Event| {
        *number += 1;
        number.to_string()
    };
    let hashes: Vec<Vec<u8>> = events
        .iter()
        .map(|event| {
            event
                .canonical_json()
                .bytes()
                .cycle()
                .take(32)
                .enumerate()
                .map(|(i, byte)| byte ^ i as u8)
                .collect()
        })
        .collect();
    let ids: Vec<uuid::Uuid> = events.iter().map(|_| EventId::new().0).collect();
    let occurred: Vec<DateTime<Utc>> = events
        .iter()
        .map(|event| event.occurred_at.to_utc())
        .collect();
    let dates: Vec<NaiveDate> = events.iter().map(Event::accounting_date).collect();
    let values = vec![
        Value::from(tenant.0),
        ids.into(),
        texts(&mut |event| event.kind().as_str().to_owned()),
        texts(&mut |event| event.external_id.as_str().to_owned()),
        texts(&mut next),
        texts(&mut |event| serde_json::to_string(event).unwrap()),
        hashes.into(),
        occurred.into(),
        dates.into(),
        texts(&mut |event| {
            event
                .location
                .as_ref()
                .map(|location| location.as_str().to_owned())
                .unwrap_or_default()
        }),
    ];
    Statement::from_sql_and_values(
        DbBackend::Postgres,
        "INSERT INTO event (tenant_id, id, type, external_id, number, body, body_hash, occurred_at, business_date, location,
           status, due_at)
         SELECT $1, e.id, e.type, e.external_id, e.number, e.body, e.body_hash, e.occurred_at, e.business_date, nullif(e.location, ''),
           'not_synced', statement_timestamp()
           FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[], $8::timestamptz[],
             $9::date[], $10::text[])
             AS e(id, type, external_id, number, body, body_hash, occurred_at, business_date, location)
         ON CONFLICT DO NOTHING",
        values,
    )
}

fn settings(base: &Url) -> Settings {
    Settings {
        environment: Environment::Test,
        pepper: SecretString::from("5b0d3c6e8f1a4972b6d0e3f5a8c1d7e9"),
        key_encryption_key: SecretString::from("q83vEjRWeJq83vEjRWeJq83vEjRWeJq83vEjRWeJq80="),
        previous_key_encryption_keys: Vec::new(),
        webhook_verifier: None,
        vendor_name: "Harbour Point of Sale".to_owned(),
        platform_key: SecretString::from(PLATFORM_KEY),
        public_url: base.clone(),
        return_urls: Vec::new(),
        quickbooks: quickbooks::Settings {
            client_id: "bench".to_owned(),
            client_secret: SecretString::from("bench"),
            redirect_uri: base.join("v1/oauth/callback").unwrap(),
            api_base_url: base.clone(),
            endpoints: quickbooks::Endpoints::Discovery(base.clone()),
            minor_version: quickbooks::Settings::MINOR_VERSION,
            timeouts: quickbooks::Timeouts::default(),
        },
        quickbooks_app_url: base.clone(),
        posting: Posting::default(),
        webhooks: Webhooks::default(),
        limits: Limits::of_places_only(),
        access: service::settings::Access::default(),
    }
}
