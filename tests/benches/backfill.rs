//! How fast one company's backlog goes at QuickBooks' own limits: figure 4 of the posting figures.
//!
//! The simulated QuickBooks throttles as the real one does; workers are processes of their own. Run with
//! `cargo bench -p tests --bench backfill -- --minutes 5 --processes 2`; `--unguarded 1` for a company that does not guard
//! its document numbers, so that they are looked up before they are sent.
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

use sandbox::quickbooks::ThrottleLimits;
use std::time::Duration;

/// 40 batches of 30 and 460 single requests a minute.
const CEILING: f64 = 1_660.0;

#[tokio::main]
async fn main() {
    if plant::was_worker().await {
        return;
    }
    plant::introduce();
    let minutes = plant::argument("--minutes", 5);
    let processes = plant::argument("--processes", 1);
    let guards_numbers = plant::argument("--unguarded", 0) == 0;
    let (world, lab) = plant::plant(plant::posting(true)).await;
    let (store, realm) = plant::store(&world, guards_numbers).await;
    let quickbooks = world.quickbooks();
    quickbooks.set_limits(ThrottleLimits::default());
    let count = 1_700 * (usize::try_from(minutes).unwrap() + 1);
    eprintln!("{count} events of the past");
    plant::backlog(&store, "past", count).await;
    let reads = quickbooks.counters().core_plus;
    let workers: Vec<plant::Worker> = (0..processes)
        .map(|_| plant::Worker::start(&world, lab, false))
        .collect();
    // From the first entries on, when the pace has come to be even.
    assert!(plant::entries(&world, &realm, 1, Duration::from_secs(60)).await);
    tokio::time::sleep(Duration::from_secs(15)).await;
    let mut before = quickbooks.entry_count(&realm).unwrap();
    let (first, began) = (before, quickbooks.now());
    for minute in 1..=minutes {
        tokio::time::sleep(Duration::from_secs(60)).await;
        let now = quickbooks.entry_count(&realm).unwrap();
        println!("minute {minute}: {} entries", now - before);
        before = now;
    }
    let seconds = (quickbooks.now() - began).as_seconds_f64();
    let rate = (before - first) as f64 * 60.0 / seconds;
    let calls = quickbooks.calls();
    let throttled = calls.iter().filter(|call| call.status == Some(429)).count();
    let batches = calls.iter().filter(|call| call.items.is_some()).count();
    let items: usize = calls.iter().filter_map(|call| call.items).sum();
    println!(
        "{processes} worker processes, {seconds:.1} s: {rate:.0} entries a minute, {:.1} % of {CEILING}",
        rate / CEILING * 100.0
    );
    println!(
        "429s: {throttled}; {batches} batches of {items} items; violations: {:?}",
        quickbooks.violations()
    );
    pauses(&calls);
    println!(
        "reads an entry: {:.4} (the company {} its numbers)",
        (quickbooks.counters().core_plus - reads) as f64 / before as f64,
        if guards_numbers {
            "guards"
        } else {
            "does not guard"
        }
    );
    println!("load average at the end: {}", plant::load());
    drop(workers);
}

/// Where the rest of the ceiling is: how long the company was left alone beyond an even pace.
fn pauses(calls: &[sandbox::quickbooks::CallRecord]) {
    let pace = service::budget::Pace::of(&service::settings::Posting::default());
    for (what, spacing, wanted) in [
        ("requests", pace.spacing, false),
        ("batches", pace.batch_spacing, true),
    ] {
        let moments: Vec<_> = calls
            .iter()
            .filter(|call| !wanted || call.items.is_some())
            .map(|call| call.at)
            .collect();
        let mut over: Vec<f64> = moments
            .windows(2)
            .map(|two| (two[1] - two[0]).as_seconds_f64() - spacing.as_secs_f64())
            .filter(|over| *over > 0.010)
            .collect();
        over.sort_by(f64::total_cmp);
        let at = |share: usize| over.get(over.len() * share / 100).copied().unwrap_or(0.0);
        println!(
            "{what} {spacing:.0?} apart, {} of {} later than that by 10 ms or more: {:.1} s in all, median {:.0} ms, a tenth {:.0} ms or more",
            over.len(),
            moments.len(),
            over.iter().sum::<f64>(),
            at(50) * 1e3,
            at(90) * 1e3,
        );
    }
}
