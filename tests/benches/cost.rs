//! What an entry costs: CPU of worker, PostgreSQL and Redis, singly and in batches, and metered reads with and without
//! doubtful outcomes: figure 5 of the posting figures.
//!
//! The worker is a process of its own, the throttle is lifted, and the quiet period is short so that doubts end. Run with
//! `cargo bench -p tests --bench cost -- --entries 6000`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    dead_code,
    reason = "a measurement that breaks says where, and needs not every verb of the stories"
)]
#![allow(clippy::float_arithmetic, reason = "ratios")]

#[path = "../stories/contract.rs"]
mod contract;
#[path = "../stories/lab.rs"]
mod lab;
#[path = "plant/plant.rs"]
mod plant;
#[path = "../stories/world.rs"]
mod world;

use plant::cpu::Cpu;
use sandbox::quickbooks::{FaultPlan, Operation, Outcome};
use serde_json::json;
use std::time::{Duration, Instant};

/// Entries that are not counted: they open connections, plan statements and fill tables.
const WARM: usize = 2_000;

/// How one run differs.
struct Run {
    what: &'static str,
    batches: bool,
    guards_numbers: bool,
    /// Of a thousand entries, how many have a doubtful outcome: half of them arrived.
    doubtful: u16,
}

#[tokio::main]
async fn main() {
    if plant::was_worker().await {
        return;
    }
    plant::introduce();
    let entries = usize::try_from(plant::argument("--entries", 6_000)).unwrap();
    let run = |what, batches, guards_numbers, doubtful| Run {
        what,
        batches,
        guards_numbers,
        doubtful,
    };
    for run in [
        run("in batches", true, true, 0),
        run("singly", false, true, 0),
        run("in batches, numbers looked up first", true, false, 0),
        run("in batches, 1 % doubtful", true, true, 10),
        run("in batches, looked up first, 1 % doubtful", true, false, 10),
    ] {
        measure(&run, entries).await;
    }
    println!("load average at the end: {}", plant::load());
}

async fn measure(run: &Run, entries: usize) {
    let (world, lab) = plant::plant(plant::posting(true)).await;
    let (store, realm) = plant::store(&world, run.guards_numbers).await;
    let quickbooks = world.quickbooks();
    store
        .patch_settings(json!({ "batches": run.batches }))
        .await;
    // What warms connections, statements and caches up is not counted.
    let worker = plant::Worker::start(&world, lab, true);
    plant::backlog(&store, "warm", WARM).await;
    assert!(plant::entries(&world, &realm, WARM, Duration::from_secs(120)).await);
    // As the database does by itself within its first minutes: until then its plans are for tables that are empty.
    world.sql("ANALYZE").await;
    // What goes out before the sync is stopped is not counted either.
    plant::backlog(&store, "past", entries).await;
    store.post("/sync/stop", json!({})).await;
    if run.doubtful > 0 {
        for commit in [true, false] {
            quickbooks.plan(FaultPlan {
                operation: Some(Operation::CreateJournalEntry),
                per_mille: Some(run.doubtful / 2),
                outcome: Outcome::WaitAFewMinutes,
                commit,
                ..FaultPlan::default()
            });
        }
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    let all = WARM + entries;
    let entries = all - quickbooks.entry_count(&realm).unwrap();
    let (before, reads, began) = (
        Cpu::now(worker.process()),
        quickbooks.counters().core_plus,
        Instant::now(),
    );
    store.post("/sync/start", json!({})).await;
    assert!(
        plant::entries(&world, &realm, all, Duration::from_secs(600)).await,
        "{}: {} of {entries}",
        run.what,
        quickbooks.entry_count(&realm).unwrap()
    );
    let seconds = began.elapsed().as_secs_f64();
    // The last turn ends.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let cost = Cpu::now(worker.process()).since(before);
    let reads = quickbooks.counters().core_plus - reads;
    let each = |micros: u64| micros as f64 / entries as f64;
    println!(
        "{:42} {:6.0} µs an entry: worker {:.0}, postgres {:.0}, redis {:.0}; {:.4} reads an entry; {entries} in {seconds:.1} s",
        run.what,
        each(cost.all()),
        each(cost.worker),
        each(cost.postgres),
        each(cost.redis),
        reads as f64 / entries as f64,
    );
    assert_eq!(quickbooks.entry_count(&realm).unwrap(), all, "exactly once");
    drop(worker);
}
