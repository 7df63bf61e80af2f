//! That a dry run keeps no events: the peak of the bytes that this process allocates during one does not grow with the number of
//! events. And how long it takes.
//!
//! API and simulated QuickBooks are in this process; numbers are looked up and the closing date is read. Fails where 50,000 events
//! need more memory than 5,000. Run with `cargo bench -p tests --bench dry_run`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    dead_code,
    reason = "a measurement that breaks says where, and needs not every verb of the stories"
)]

#[path = "../stories/contract.rs"]
mod contract;
#[path = "../stories/lab.rs"]
mod lab;
#[path = "../stories/world.rs"]
mod world;

use chrono::NaiveDate;
use entity::id::{EventId, TenantId};
use peak_alloc::PeakAlloc;
use sandbox::store::Week;
use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};
use serde_json::{Value, json};
use std::process::ExitCode;
use std::time::Instant;
use world::World;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Different events; a window holds copies of them.
const DIFFERENT: usize = 1_000;

/// What the peaks may differ by, in bytes. A document number alone, kept of each of 45,000 events more, is beyond it.
const LEEWAY: usize = 1 << 20;

#[tokio::main]
async fn main() -> ExitCode {
    if cfg!(debug_assertions) {
        println!("this is not an optimised build: the seconds mean nothing");
    }
    let world = World::new().await;
    // What the first one allocates and leaves to the next: connections, statements, an access token.
    dry_run(&world, 1).await;
    println!("events     seconds   peak of bytes allocated above the start");
    let few = told(&world, 5).await;
    let many = told(&world, 50).await;
    if many > few + LEEWAY {
        println!("the peak GROWS with the number of events");
        return ExitCode::FAILURE;
    }
    println!("the peak does not grow with the number of events");
    ExitCode::SUCCESS
}

/// Runs one and prints what it took; tells its peak.
async fn told(world: &World, copies: usize) -> usize {
    let (seconds, peak) = dry_run(world, copies).await;
    let events = copies * DIFFERENT;
    println!("{events:7}  {seconds:8.2} s   {:6} KiB", peak / 1024);
    peak
}

/// Tries a window of so many copies in a store of its own; tells the seconds and the peak.
async fn dry_run(world: &World, copies: usize) -> (f32, usize) {
    let (store, _) = world.store("Harbour").await;
    insert(world, store.id, copies).await;
    let window = json!({ "from_date": "2026-11-01", "to_date": "2026-11-30" });
    ALLOCATOR.reset_peak_usage();
    let before = ALLOCATOR.current_usage();
    let start = Instant::now();
    let told = store.post("/past-syncs/dry-run", window).await;
    let seconds = start.elapsed().as_secs_f32();
    let peak = ALLOCATOR.peak_usage().saturating_sub(before);
    check(&told, copies * DIFFERENT);
    (seconds, peak)
}

/// Every event was tried, most would post, every number was looked up and the closing date was read.
fn check(told: &Value, events: usize) {
    let counts = &told["events"];
    assert_eq!(counts["total"], events, "{counts:#}");
    let post = usize::try_from(counts["post"].as_u64().unwrap()).unwrap();
    assert!(post > events / 2, "{:#}", told["problems"]);
    let effect = &told["effect"];
    assert_eq!(effect["debits"], effect["credits"], "{effect:#}");
    // A company without entries is counted, and that is all.
    let numbers = &told["numbers"];
    assert_eq!(
        (&numbers["checked"], &numbers["metered_reads"]),
        (&json!(events), &json!(2)),
        "{numbers:#}"
    );
}

/// A month of events that nobody has synced.
async fn insert(world: &World, tenant: TenantId, copies: usize) {
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
    let database = Database::connect(world.database_url("postgres")).await;
    let database = database.unwrap();
    database.execute_raw(statement).await.unwrap();
    database.execute_unprepared("ANALYZE").await.unwrap();
    database.close().await.unwrap();
}
