//! How fast the event list, its counts, one event and the export are read over HTTP, beside the very same statements sent
//! straight to PostgreSQL as the application's role: figure 9 of the quality figures.
//!
//! One private PostgreSQL reached through its socket; one machine, one run. The two ways take turns, request by request, and
//! their percentiles are compared; it fails where one is read more than twice as slowly. Events in the books have their entry
//! with its attempt, and what failed has its history. Run with `cargo bench -p tests --bench reads`, or with
//! `-- --events 10000000`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a measurement that breaks says where"
)]
#![allow(clippy::float_arithmetic, reason = "ratios of times")]

#[path = "reads/filling.rs"]
mod filling;

use entity::id::{PastSyncId, TenantId};
use entity::store::Store;
use migration::roles;
use reqwest::Client;
use sandbox::servers::{Options, Servers};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Value as Bound};
use secrecy::SecretString;
use serde_json::{Value, json};
use service::Service;
use service::bell::Silent;
use service::cursor::PageQuery;
use service::event::{COUNTS, EventFilter, Sql, statements};
use service::settings::{Environment, Limits, Posting, Settings, Webhooks};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use url::Url;

const PLATFORM_KEY: &str = "9e7d1c8a5f3e0d6b2794a1f8e6c3d0b5";
/// Requests of each kind and way: ten are slower than the 99th percentile.
const SAMPLES: usize = 1_000;
/// Exports of each way.
const EXPORTS: usize = 5;
/// How many times the SQL's time a read over HTTP may take, at the 99th percentile.
const RATIO_MAX: f64 = 2.0;
/// Requests before those that count: connections are opened, statements prepared, pages read into memory.
const WARM_UP: usize = 30;

#[tokio::main]
async fn main() -> ExitCode {
    rustls::crypto::ring::default_provider()
        .install_default()
        .unwrap();
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    println!(
        "machine: {cores} cores, {}-{}, load {}",
        std::env::consts::ARCH,
        std::env::consts::OS,
        std::fs::read_to_string("/proc/loadavg")
            .unwrap_or_default()
            .trim()
    );
    if cfg!(debug_assertions) {
        println!("this is not an optimised build: the figures mean nothing");
    }
    let bench = Bench::new(cores).await;
    bench.fill(events()).await;
    println!(
        "\n{:36} {:>8} {:>8}   {:>8} {:>8}   {:>6} {:>6}",
        "milliseconds", "SQL p50", "p99", "HTTP p50", "p99", "p50 ×", "p99 ×"
    );
    let (within, all) = bench.compare_all().await;
    bench.export().await;
    println!("\nno plan looks at every event; {within} of {all} within {RATIO_MAX} × at p99");
    match within == all {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn events() -> u32 {
    let arguments: Vec<String> = std::env::args().collect();
    arguments
        .windows(2)
        .find(|pair| pair[0] == "--events")
        .map_or(1_000_000, |pair| pair[1].parse().unwrap())
}

struct Bench {
    base: Url,
    http: Client,
    database: DatabaseConnection,
    store: Store,
    service: Service,
    tenant: TenantId,
    key: String,
    _servers: Servers,
}

impl Bench {
    async fn new(cores: usize) -> Self {
        let servers = tokio::task::spawn_blocking(|| {
            Servers::start(Options::default(), &|line| eprintln!("{line}"))
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
        let store = Store::connect(&url(roles::APPLICATION), &url(roles::PLATFORM), 8)
            .await
            .unwrap();
        let bound = api::bind(api::Options {
            workers: cores,
            ..api::Options::default()
        })
        .unwrap();
        let base: Url = format!("http://{}/", bound.address()).parse().unwrap();
        let service = Service::new(store, Arc::new(Silent), settings(&base)).unwrap();
        tokio::spawn(bound.run(service.clone(), CancellationToken::new()));
        // A pool of its own, so that neither way waits for the other's connection.
        let store = Store::connect(&url(roles::APPLICATION), &url(roles::PLATFORM), 2)
            .await
            .unwrap();
        let mut bench = Self {
            base,
            http: Client::builder().no_proxy().build().unwrap(),
            database: Database::connect(url("postgres")).await.unwrap(),
            store,
            service,
            tenant: TenantId::new(),
            key: String::new(),
            _servers: servers,
        };
        (bench.tenant, bench.key) = bench.retailer("Harbour Street Outfitters").await;
        bench
    }

    async fn retailer(&self, name: &str) -> (TenantId, String) {
        let made = self.post("v1/tenants", json!({ "name": name })).await;
        let tenant = made["id"].as_str().unwrap();
        let key = self
            .post(
                &format!("v1/tenants/{tenant}/api-keys"),
                json!({ "name": "bench" }),
            )
            .await;
        (
            tenant.parse().unwrap(),
            key["secret"].as_str().unwrap().to_owned(),
        )
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let request = self.http.post(self.base.join(path).unwrap());
        let request = request.bearer_auth(PLATFORM_KEY).json(&body);
        request.send().await.unwrap().json().await.unwrap()
    }

    async fn sql(&self, sql: &str) {
        self.database.execute_unprepared(sql).await.unwrap();
    }

    /// Three years of events: four in five are the measured tenant's, the others its neighbours'.
    async fn fill(&self, events: u32) {
        let start = Instant::now();
        let mut tenants = vec![(self.tenant, events / 5 * 4)];
        for name in ["Hillside", "Corner Books"] {
            tenants.push((self.retailer(name).await.0, events / 10));
        }
        for (tenant, events) in tenants {
            let id = tenant.0;
            self.sql(&format!(
                "INSERT INTO past_sync (tenant_id, id, company_id, from_date, to_date, events, created_by)
                   VALUES ('{id}', '{id}', 'c', '2024-01-01', '2024-01-31', 1, 'bench')"
            ))
            .await;
            for first in (0..events).step_by(100_000) {
                let last = (first + 100_000).min(events) - 1;
                self.sql(&filling::events(&id.to_string(), first, last, events))
                    .await;
            }
            for what in [filling::ENTRIES, filling::ATTEMPTS, filling::CHANGES] {
                self.sql(&what.replace("MINE", &format!("tenant_id = '{id}'")))
                    .await;
            }
        }
        for table in [
            "event",
            "event_count_change",
            "journal_entry",
            "attempt",
            "event_change",
        ] {
            self.sql(&format!("VACUUM (ANALYZE) {table}")).await;
        }
        println!(
            "{events} events of 3 tenants, made in {:.0} s",
            start.elapsed().as_secs_f64()
        );
    }

    // How many were within the ratio, and how many there were.
    async fn compare_all(&self) -> (usize, usize) {
        let middle = self.cursor_at(0.5).await;
        let past_sync = PastSyncId(self.tenant.0).to_string();
        let cases = [
            ("list, first page", ""),
            ("list, first page of 200", "limit=200"),
            ("list, a page in the depth", &format!("cursor={middle}")),
            ("status=failed", "status=failed"),
            ("status=failed,not_synced", "status=failed,not_synced"),
            ("type=cash_paid", "type=cash_paid"),
            ("location", "location=store-3"),
            ("several locations", "location=store-3,store-7,store-12"),
            ("a location or none", "location=store-3,none"),
            ("a week", "from_date=2025-03-03&to_date=2025-03-09"),
            (
                "status, type, location, a month",
                "status=synced,failed&type=ticket&location=store-3&from_date=2025-03-01&to_date=2025-03-31",
            ),
            ("problem", "problem=closed_period"),
            ("number", "number=112345"),
            ("text", "text=tkt_4000"),
            ("text in another case", "text=TKT_4000"),
            ("the entry's id in QuickBooks", "text=400001"),
            ("past_sync_id", &format!("past_sync_id={past_sync}")),
        ];
        let mut within = Vec::new();
        for (name, query) in cases {
            let path = format!("events?{query}");
            let statements = listing(&self.service, self.tenant, query);
            within.push(self.compare(name, &path, statements).await);
        }
        let counts = vec![(COUNTS.to_owned(), vec![])];
        within.push(self.compare("counts", "events/counts", counts).await);
        for (name, number) in [
            ("one event in the books", "512345"),
            ("one event that failed", "512400"),
        ] {
            let (id, reading) = self.one(number).await;
            within.push(self.compare(name, &format!("events/{id}"), reading).await);
        }
        (
            within.iter().filter(|within| **within).count(),
            within.len(),
        )
    }

    // A cursor as far from the beginning as that part of all pages.
    async fn cursor_at(&self, part: f64) -> String {
        let day = chrono::NaiveDate::from_ymd_opt(2024, 1, 1).unwrap()
            + chrono::Days::new((1000.0 * part) as u64);
        let page = self.get(&format!("events?limit=1&to_date={day}")).await;
        let page: Value = serde_json::from_str(&page).unwrap();
        page["next_cursor"].as_str().unwrap().to_owned()
    }

    // An event, and the statements that read it with its entries, attempts and changes.
    async fn one(&self, number: &str) -> (String, Vec<Sql>) {
        let page = self.get(&format!("events?number={number}")).await;
        let page: Value = serde_json::from_str(&page).unwrap();
        let text = page["items"][0]["id"].as_str().unwrap().to_owned();
        let id: entity::id::EventId = text.parse().unwrap();
        let of = |sql: &str| (sql.to_owned(), vec![Bound::from(id.0)]);
        let statements = vec![
            of("SELECT * FROM event WHERE {mine} AND id = $2"),
            of(
                "SELECT * FROM journal_entry WHERE {mine} AND event_id = $2 ORDER BY sealed_at, generation",
            ),
            // An entry has the id of its event here, so that nothing must be read first.
            of(
                "SELECT a.* FROM attempt a WHERE {mine:a} AND a.journal_entry_id = $2 ORDER BY a.number",
            ),
            of(
                "SELECT * FROM event_change WHERE {mine} AND event_id = $2 ORDER BY id DESC LIMIT 200",
            ),
        ];
        (text, statements)
    }

    async fn get(&self, path: &str) -> String {
        let path = format!("v1/tenants/{}/{path}", self.tenant);
        let request = self.http.get(self.base.join(&path).unwrap());
        let answer = request.bearer_auth(&self.key).send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {text}");
        text
    }

    // One transaction of the tenant, as a use-case takes it; the rows are read to the end.
    async fn direct(&self, statements: &[Sql]) -> usize {
        let tx = self.store.tenant(self.tenant).await.unwrap();
        let mut rows = 0;
        for (sql, values) in statements {
            rows += tx.query(sql, values.clone()).await.unwrap().len();
        }
        tx.commit().await.unwrap();
        rows
    }

    async fn compare(&self, name: &str, path: &str, statements: Vec<Sql>) -> bool {
        self.explain(&statements).await;
        let (mut by_sql, mut by_http) = (Vec::new(), Vec::new());
        for sample in 0..WARM_UP + SAMPLES {
            let start = Instant::now();
            self.direct(&statements).await;
            let sql = start.elapsed();
            let start = Instant::now();
            self.get(path).await;
            let http = start.elapsed();
            if sample >= WARM_UP {
                by_sql.push(sql);
                by_http.push(http);
            }
        }
        let [s50, s99] = percentiles(by_sql);
        let [h50, h99] = percentiles(by_http);
        println!(
            "{name:36} {s50:8.2} {s99:8.2}   {h50:8.2} {h99:8.2}   {:6.2} {:6.2}",
            h50 / s50,
            h99 / s99
        );
        h99 / s99 <= RATIO_MAX
    }

    async fn explain(&self, statements: &[Sql]) {
        let tx = self.store.tenant(self.tenant).await.unwrap();
        for (sql, values) in statements {
            let lines = tx
                .query(&format!("EXPLAIN {sql}"), values.clone())
                .await
                .unwrap();
            let plan: Vec<String> = lines
                .iter()
                .map(|line| line.try_get_by_index(0).unwrap())
                .collect();
            let plan = plan.join("\n");
            for line in plan
                .lines()
                .filter(|line| line.contains("Seq Scan on event"))
            {
                // A tenant's few counts fill no page of their own.
                assert!(line.contains("event_count"), "{sql}\n{plan}");
            }
        }
    }

    // The best of some each: a file of a million rows is one sample of nothing.
    async fn export(&self) {
        let sql = "SELECT e.id, e.external_id, e.type, e.number, e.occurred_at, e.business_date, e.location, e.status,
            e.problem_code, e.problem_detail, e.taken_in_at, e.synced_at FROM event e
            WHERE {mine:e} AND e.status = 'synced' ORDER BY e.business_date DESC, e.occurred_at DESC, e.id DESC";
        let (mut by_sql, mut by_http) = (Duration::MAX, Duration::MAX);
        let (mut rows, mut bytes) = (0, 0);
        for _ in 0..EXPORTS {
            let start = Instant::now();
            rows = self.direct(&[(sql.to_owned(), vec![])]).await;
            by_sql = by_sql.min(start.elapsed());
            let start = Instant::now();
            let file = self.get("events/export?status=synced").await;
            by_http = by_http.min(start.elapsed());
            assert_eq!(file.matches("\r\n").count(), rows + 1);
            bytes = file.len();
        }
        let rate = |time: Duration| f64::from(u32::try_from(rows).unwrap()) / time.as_secs_f64();
        println!(
            "\nexport of {rows} rows, {} MB, the best of {EXPORTS}: {:.0} rows a second over HTTP, {:.0} as one SELECT of them all ({:.2} × its time)",
            bytes / 1_000_000,
            rate(by_http),
            rate(by_sql),
            by_http.as_secs_f64() / by_sql.as_secs_f64()
        );
    }
}

// The query of a request as the use-case reads it.
fn listing(service: &Service, tenant: TenantId, query: &str) -> Vec<Sql> {
    let mut filter = EventFilter::default();
    let mut page = PageQuery::default();
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        let value = value.to_owned();
        match name {
            "status" => filter.status = Some(value),
            "type" => filter.kind = Some(value),
            "from_date" => filter.from_date = Some(value.parse().unwrap()),
            "to_date" => filter.to_date = Some(value.parse().unwrap()),
            "location" => filter.location = Some(value),
            "problem" => filter.problem = Some(value),
            "number" => filter.number = Some(value),
            "text" => filter.text = Some(value),
            "past_sync_id" => filter.past_sync_id = Some(value),
            "cursor" => page.cursor = Some(value),
            "limit" => page.limit = Some(value.parse().unwrap()),
            other => panic!("no parameter {other}"),
        }
    }
    statements(service, tenant, &filter, &page).unwrap()
}

fn percentiles(mut times: Vec<Duration>) -> [f64; 2] {
    times.sort_unstable();
    [50, 99].map(|part| times[times.len() * part / 100].as_secs_f64() * 1000.0)
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
