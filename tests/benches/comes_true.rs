//! A dry run of everything, and the past sync that makes it come true, compared to the cent.
//!
//! For each policy of closed books, a store at several locations sends events of every type, month upon month into its closed books,
//! and among them every mishap that can be foreseen. All of it is tried; workers in this process then sync it to the simulated
//! QuickBooks; and the ledger, the failures and the summary are held against what was told. Fails where anything differs, or where
//! a dry run of all needs more memory than one of a few days. Run with
//! `cargo bench -p tests --bench comes_true -- --events 50000`; `--falsify 1` has somebody post by hand meanwhile, so that it must fail.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    dead_code,
    reason = "a measurement that breaks says where, and needs not every verb of the stories"
)]

#[path = "../stories/contract.rs"]
mod contract;
#[path = "../stories/foretold.rs"]
mod foretold;
#[path = "../stories/lab.rs"]
mod lab;
#[path = "../stories/mishaps.rs"]
mod mishaps;
#[path = "plant/plant.rs"]
mod plant;
#[path = "comes_true/shop.rs"]
mod shop;
#[path = "comes_true/verdict.rs"]
mod verdict;
#[path = "../stories/world.rs"]
mod world;

use foretold::ledger;
use lab::Lab;
use peak_alloc::PeakAlloc;
use serde_json::{Value, json};
use shop::{Policy, Shop};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use verdict::Verdict;
use world::World;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// What the peaks of two dry runs may differ by, in bytes.
const LEEWAY: usize = 1 << 20;

/// A past sync that settles nothing for so long has stopped.
const PATIENCE: Duration = Duration::from_secs(180);

const POLICIES: [Policy; 2] = [
    Policy {
        closed_period: "fail",
        net_lines: false,
        guards_numbers: true,
    },
    Policy {
        closed_period: "first_open_day",
        net_lines: true,
        guards_numbers: false,
    },
];

#[tokio::main]
async fn main() -> ExitCode {
    plant::introduce();
    println!("the limits of the simulated company are lifted, and so is our own pace");
    let events = usize::try_from(plant::argument("--events", 50_000)).unwrap();
    let falsifies = plant::argument("--falsify", 0) > 0;
    let (world, lab) = plant::plant(plant::posting(true)).await;
    let mut passed = true;
    for policy in POLICIES {
        passed &= comes_true(&world, lab, policy, events, falsifies).await;
    }
    println!("{}", if passed { "PASS" } else { "FAIL" });
    if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The whole story under one policy; whether all of it came true.
async fn comes_true(
    world: &World,
    lab: &Lab,
    policy: Policy,
    events: usize,
    falsifies: bool,
) -> bool {
    println!("\n{policy}");
    let shop = Shop::open(world, policy).await;
    let sent = shop.send(events).await;
    let mut verdict = Verdict::default();
    // What the first one allocates and leaves to the next: connections, statements, an access token.
    dry_run(&shop, "2026-09-01", "2026-09-01").await;
    let (_, few) = dry_run(&shop, "2026-09-07", "2026-09-13").await;
    let (dry, all) = dry_run(&shop, shop::FROM, shop::TO).await;
    verdict.holds(
        all <= few + LEEWAY,
        "the peak does not grow with the events",
    );
    verdict.equal("events tried", &dry["events"]["total"], &json!(sent));
    let before = ledger(world, &shop.company);
    let (run, effect) = shop.sync(lab, falsifies).await;
    let after = ledger(world, &shop.company);
    verdict.accounts(&dry["effect"], &foretold::change(&before, &after));
    verdict.reasons(&dry, &shop.store.get("/events/counts").await);
    let came = [&run["synced"], &run["failed"], &run["skipped"]];
    let foretold = ["post", "cannot_post", "skip"].map(|fate| &dry["events"][fate]);
    verdict.equal("synced, failed, skipped", &json!(foretold), &json!(came));
    verdict.holds(
        effect == dry["effect"],
        "the summary is the effect foretold",
    );
    let places = foretold::by_place(world, &shop.company);
    verdict.holds(
        places == foretold::told_by_place(&dry["effect"]),
        "each Location and Class has what was foretold",
    );
    verdict.holds(
        world.quickbooks().violations().is_empty(),
        "QuickBooks' rules are kept",
    );
    verdict.passed()
}

/// Tries a window; tells what it tells, and the peak of the bytes that this process allocates meanwhile.
async fn dry_run(shop: &Shop<'_>, from: &str, to: &str) -> (Value, usize) {
    let window = json!({ "from_date": from, "to_date": to });
    ALLOCATOR.reset_peak_usage();
    let before = ALLOCATOR.current_usage();
    let start = Instant::now();
    let told = shop.store.post("/past-syncs/dry-run", window).await;
    let seconds = start.elapsed().as_secs_f32();
    let peak = ALLOCATOR.peak_usage().saturating_sub(before);
    let numbers = &told["numbers"];
    println!(
        "dry run of {:6} events: {seconds:6.2} s, peak of bytes allocated above the start {:5} KiB; numbers looked up {}, not {}, \
         metered reads {}",
        told["events"]["total"].as_u64().unwrap(),
        peak / 1024,
        numbers["checked"],
        numbers["unchecked"],
        numbers["metered_reads"],
    );
    (told, peak)
}

impl Shop<'_> {
    /// Syncs all of it, with workers, to the end; tells the past sync and its summary.
    async fn sync(&self, lab: &Lab, falsifies: bool) -> (Value, Value) {
        let stop = CancellationToken::new();
        let work = tokio::spawn(worker::run(
            self.store.world.service.clone(),
            worker::Options::new(&lab.redis_url(), "bench"),
            stop.clone(),
        ));
        let start = Instant::now();
        self.store.post("/sync/start", json!({})).await;
        let window = json!({ "from_date": shop::FROM, "to_date": shop::TO });
        let run = self.store.post("/past-syncs", window).await;
        let path = format!("/past-syncs/{}", run["id"].as_str().unwrap());
        if falsifies {
            self.falsify();
        }
        let run = self.finished(&path).await;
        let seconds = start.elapsed().as_secs();
        println!("the past sync of {} events took {seconds} s", run["events"]);
        stop.cancel();
        let _ = tokio::time::timeout(Duration::from_secs(10), work).await;
        (run, self.store.get(&format!("{path}/effect")).await)
    }

    /// Waits until nothing of it waits.
    async fn finished(&self, path: &str) -> Value {
        let mut moved = (Value::Null, Instant::now());
        loop {
            let run = self.store.get(path).await;
            if run["state"] == "finished" {
                return run;
            }
            if moved.0 != run["waiting"] {
                moved = (run["waiting"].clone(), Instant::now());
            }
            assert!(moved.1.elapsed() < PATIENCE, "nothing moves: {run:#}");
            eprintln!("{} of {} wait", run["waiting"], run["events"]);
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
    }
}
