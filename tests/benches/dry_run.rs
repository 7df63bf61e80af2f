//! How long a dry run takes and how much memory it needs, over windows of 50,000 and 200,000 events.
//!
//! One private PostgreSQL reached through its socket; one machine, one run. The use-case is called as the API calls it, without
//! looking numbers up. Run with `cargo bench -p tests --bench dry_run`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a measurement that breaks says where"
)]

use accounting::Slot;
use chrono::NaiveDate;
use entity::id::{EventId, TenantId};
use entity::store::Store;
use migration::roles;
use sandbox::servers::{Options, Servers};
use sandbox::store::Week;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use secrecy::SecretString;
use serde_json::json;
use service::Service;
use service::access::Caller;
use service::bell::Silent;
use service::past_sync::{DryRunPastSync, dry_run};
use service::settings::{Environment, Limits, Posting, Settings, Webhooks};
use std::sync::Arc;
use std::time::Instant;
use url::Url;

/// Different events; a window holds copies of them.
const DIFFERENT: usize = 1_000;

#[tokio::main]
async fn main() {
    rustls::crypto::ring::default_provider()
        .install_default()
        .unwrap();
    if cfg!(debug_assertions) {
        println!("this is not an optimised build: the seconds mean nothing");
    }
    let servers = tokio::task::spawn_blocking(|| {
        Servers::start(Options::default(), &|line| eprintln!("{line}"))
    })
    .await
    .unwrap()
    .unwrap();
    let bench = Bench::new(&servers).await;
    println!("events     seconds   peak memory above the start");
    for copies in [50, 200] {
        bench.run(copies).await;
    }
}

struct Bench {
    service: Service,
    database: DatabaseConnection,
}

impl Bench {
    async fn new(servers: &Servers) -> Self {
        let url = |role| servers.database_url(role, "postgres").unwrap();
        let logins = [roles::OWNER, roles::APPLICATION, roles::PLATFORM].map(|role| roles::Login {
            role,
            password: None,
        });
        roles::ensure(&url("postgres"), &logins).await.unwrap();
        migration::up(&url("postgres")).await.unwrap();
        let store = Store::connect(&url(roles::APPLICATION), &url(roles::PLATFORM), 4)
            .await
            .unwrap();
        Self {
            service: Service::new(store, Arc::new(Silent), settings()).unwrap(),
            database: Database::connect(url("postgres")).await.unwrap(),
        }
    }

    async fn run(&self, copies: usize) {
        let tenant = self.retailer(copies).await;
        let request = DryRunPastSync {
            from_date: "2026-11-01".parse().unwrap(),
            to_date: "2026-11-30".parse().unwrap(),
            check_numbers: Some(false),
            read_closing_date: Some(false),
        };
        let before = reset_peak();
        let start = Instant::now();
        let told = dry_run(&self.service, tenant, request).await.unwrap();
        let seconds = start.elapsed();
        let above = memory_kib("VmHWM").saturating_sub(before);
        assert_eq!(told.events.total, (copies * DIFFERENT) as u64);
        assert!(
            told.events.post > told.events.total / 2,
            "{:?}",
            told.problems
        );
        assert_eq!(told.effect.debits, told.effect.credits);
        println!(
            "{:7}  {:8.2} s   {above:6} KiB",
            told.events.total,
            seconds.as_secs_f32()
        );
    }

    /// A tenant with a company, an account for every slot, and a month of events that nobody has synced.
    async fn retailer(&self, copies: usize) -> TenantId {
        let request = serde_json::from_value(json!({ "name": "Harbour Street Outfitters" }));
        let made = service::tenant::create(&self.service, &Caller::Platform, request.unwrap());
        let tenant = made.await.unwrap().id;
        let company = format!("93414534744844{copies:02}");
        self.sql(&format!(
            "INSERT INTO connection (tenant_id, id, company_id, company_name, home_currency, state, is_current)
             VALUES ('{0}', gen_random_uuid(), '{company}', 'Harbour', 'USD', 'connected', true)",
            tenant.0
        ))
        .await;
        for (place, slot) in Slot::ALL.iter().enumerate() {
            self.sql(&format!(
                "WITH made AS (INSERT INTO account (tenant_id, id, company_id, qbo_id, name, fully_qualified_name, account_type, active)
                   VALUES ('{0}', gen_random_uuid(), '{company}', '{place}', '{slot}', '{slot}', 'Income', true) RETURNING id)
                 INSERT INTO mapping (tenant_id, id, company_id, slot, account_id, set_by)
                   SELECT '{0}', gen_random_uuid(), '{company}', '{slot}', id, 'bench' FROM made",
                tenant.0
            ))
            .await;
        }
        self.events(tenant, copies).await;
        self.sql("ANALYZE").await;
        tenant
    }

    async fn events(&self, tenant: TenantId, copies: usize) {
        let monday: NaiveDate = "2026-11-02".parse().unwrap();
        let week = Week::generate(7, monday, DIFFERENT);
        let events: Vec<accounting::Event> = week.events[..DIFFERENT]
            .iter()
            .map(|event| accounting::Event::parse(event.to_string().as_bytes()).unwrap())
            .collect();
        let text = |of: &dyn Fn(&accounting::Event) -> String| {
            sea_orm::Value::from(events.iter().map(of).collect::<Vec<String>>())
        };
        let dates: Vec<NaiveDate> = events
            .iter()
            .map(accounting::Event::accounting_date)
            .collect();
        let ids: Vec<uuid::Uuid> = events.iter().map(|_| EventId::new().0).collect();
        let statement = Statement::from_sql_and_values(
            DbBackend::Postgres,
            "INSERT INTO event (tenant_id, id, type, external_id, number, body, body_hash, occurred_at, business_date, status)
             SELECT $1, gen_random_uuid(), e.type, e.id || '-' || copy, row_number() OVER (), e.body, '\\x00',
               e.business_date, e.business_date, 'never_synced'
               FROM unnest($2::uuid[], $3::text[], $4::text[], $5::date[]) AS e(id, type, body, business_date),
                 generate_series(1, $6) AS copy",
            vec![
                tenant.0.into(),
                ids.into(),
                text(&|event| event.kind().as_str().to_owned()),
                text(&|event| serde_json::to_string(event).unwrap()),
                dates.into(),
                i32::try_from(copies).unwrap().into(),
            ],
        );
        self.database.execute_raw(statement).await.unwrap();
    }

    async fn sql(&self, sql: &str) {
        self.database.execute_unprepared(sql).await.unwrap();
    }
}

/// Forgets the peak of this process's memory so far and tells what it holds now, where the system lets us.
fn reset_peak() -> u64 {
    std::fs::write("/proc/self/clear_refs", "5").ok();
    memory_kib("VmRSS")
}

fn memory_kib(name: &str) -> u64 {
    std::fs::read_to_string("/proc/self/status")
        .unwrap_or_default()
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .unwrap_or_default()
}

fn settings() -> Settings {
    let base: Url = "http://127.0.0.1:9/".parse().unwrap();
    Settings {
        environment: Environment::Test,
        pepper: SecretString::from("5b0d3c6e8f1a4972b6d0e3f5a8c1d7e9"),
        key_encryption_key: SecretString::from("q83vEjRWeJq83vEjRWeJq83vEjRWeJq83vEjRWeJq80="),
        previous_key_encryption_keys: Vec::new(),
        webhook_verifier: None,
        vendor_name: "Harbour Point of Sale".to_owned(),
        platform_key: SecretString::from("9e7d1c8a5f3e0d6b2794a1f8e6c3d0b5"),
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
        quickbooks_app_url: base,
        posting: Posting::default(),
        webhooks: Webhooks::default(),
        limits: Limits::of_places_only(),
        access: service::settings::Access::default(),
    }
}
