//! A storm of any length: an API and workers as processes, stores that sell all the while, and chaos; then calm, and the
//! ledger tells.

use crate::chaos::Chaos;
use crate::house::House;
use crate::judge::judge;
use crate::store::{Store, serving};
use crate::tills::Till;
use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;
use sandbox::quickbooks::{Operation, ThrottleLimits, Violation};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// What is let loose.
#[derive(Debug, Clone)]
pub struct Run {
    pub seed: u64,
    /// How long it rages, in the world's time.
    pub rages: Duration,
    /// How many times faster the product's clock runs. What a process measures itself (its time-outs, its send window, the
    /// pauses between its sweeps) runs as ever.
    pub faster: u32,
    pub workers: usize,
    pub tenants: usize,
}

impl Run {
    /// Less than a minute, drain and all.
    pub fn short(seed: u64) -> Self {
        Self {
            seed,
            rages: Duration::from_secs(15),
            faster: FASTER_MAX,
            workers: 2,
            tenants: 2,
        }
    }
}

/// A clock faster than this would make what a process measures itself (the ten seconds of a send window, above all) longer
/// than the product's waits allow for.
pub const FASTER_MAX: u32 = 12;

/// The longest an entry may wait once the storm is over: its send window, the longest call, the quiet period, the gap between
/// two look-ups, and a little for leases, throttles and turns.
const DRAINED_WITHIN: Duration = Duration::from_secs(10 + 130 + 180 + 30 + 130);

/// What a process measures itself beside that, where the product's clock runs faster than the world's: its pauses between two
/// looks for what is due, and what it does in them.
const BY_ITSELF: Duration = Duration::from_secs(40);

/// The product's time, told without asking its database.
pub struct Clock {
    began: DateTime<Utc>,
    since: Instant,
    faster: u32,
}

impl Clock {
    pub fn now(&self) -> DateTime<Utc> {
        self.began + TimeDelta::from_std(self.since.elapsed() * self.faster).unwrap()
    }

    // QuickBooks' clock knows no other speed than the world's: it is set again and again.
    async fn keep(&self, house: &House) {
        loop {
            house.quickbooks().set_clock(self.now());
            sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Lets the storm rage, waits until all is settled, prints what happened, and says whether all is well.
pub async fn run(run: Run) -> bool {
    println!(
        "storm: {:.1} minutes, {} workers, {} tenants, a clock {} times as fast, seed {}",
        run.rages.as_secs_f64() / 60.0,
        run.workers,
        run.tenants,
        run.faster,
        run.seed
    );
    let mut house = House::built_durably().await;
    let mut api = house.start("api");
    let address = serving(&mut api).await;
    house
        .environment
        .insert("TILLPOST_LISTEN", address.to_string());
    let house = house;
    let workers: Vec<_> = (0..run.workers).map(|_| house.start("worker")).collect();
    let mut tills = Vec::new();
    for place in 0..run.tenants {
        let store = Store::opened(&house, &mut api).await;
        // An entry is sealed with its intent where the company guards its numbers, and before it elsewhere.
        store.guards_numbers(&house, place.is_multiple_of(2)).await;
        tills.push(Till::of(store, run.seed, place));
    }
    // QuickBooks keeps its own limits from here on.
    house.quickbooks().set_limits(ThrottleLimits::default());
    house.hurry(run.faster).await;
    let clock = Clock {
        began: house.now().await,
        since: Instant::now(),
        faster: run.faster,
    };
    let realms = tills
        .iter()
        .map(|till| till.store.company.realm_id.clone())
        .collect();
    let mut chaos = Chaos::over(&house, api, workers, realms, run.faster, run.seed);
    tokio::select! {
        () = clock.keep(&house) => unreachable!("the clock runs on"),
        () = rage(&clock, &mut tills, &mut chaos, Instant::now() + run.rages) => {}
    }
    let calm = Instant::now();
    let by_itself = if run.faster > 1 {
        BY_ITSELF
    } else {
        Duration::ZERO
    };
    let drained_within = DRAINED_WITHIN / run.faster + by_itself;
    let connected = tokio::select! {
        () = clock.keep(&house) => unreachable!("the clock runs on"),
        connected = drain(&house, &mut tills, calm + drained_within) => connected,
    };
    let drained = calm.elapsed();
    for (what, times) in &chaos.struck {
        println!("storm: {times:4} {what}");
    }
    print_calls(&house).await;
    for till in &tills {
        let events = judge(&house, &till.store, &till.sales.balances()).await;
        assert_eq!(events, till.sales.sold(), "events that were taken in");
    }
    check_manners(&house);
    let told: Vec<_> = tills.iter().map(|till| till.told).collect();
    let sum = |of: fn(&crate::tills::Told) -> usize| told.iter().map(of).sum::<usize>();
    let again: u64 = tills
        .iter()
        .map(|till| till.store.asked_again.load(Ordering::Relaxed))
        .sum();
    println!(
        "storm: {} lists with {} live and {} past events, {} past syncs; {again} requests were not answered well and sent again; {} events were sent twice on purpose, {} were known already",
        sum(|told| told.lists),
        sum(|told| told.live),
        sum(|told| told.past),
        sum(|told| told.past_syncs),
        sum(|told| told.again),
        sum(|told| told.known),
    );
    println!(
        "storm: drained in {:.0} s of the product's time (quiet period 180 s, at most {} s), {connected} companies connected again",
        drained.as_secs_f64() * f64::from(run.faster),
        (drained_within * run.faster).as_secs()
    );
    let sold: usize = tills.iter().map(|till| till.sales.sold()).sum();
    println!(
        "storm: {sold} events, {sold} entries; 0 duplicates, 0 lost; {} trial balances as expected",
        tills.len()
    );
    chaos.stop().await;
    true
}

async fn rage(clock: &Clock, tills: &mut [Till], chaos: &mut Chaos<'_>, until: Instant) {
    let selling = join_all(tills.iter_mut().map(|till| till.sell(clock, until)));
    let raging = async {
        chaos.rage(until).await;
        chaos.end().await;
    };
    tokio::join!(selling, raging);
}

// Waits until nothing waits any more; connects again, as a person would, whoever must be. Tells how many those were.
async fn drain(house: &House, tills: &mut [Till], until: Instant) -> usize {
    let mut connected = 0;
    for till in &mut *tills {
        till.sync_the_past().await;
    }
    loop {
        let mut waiting = BTreeMap::<String, i64>::new();
        for till in &*tills {
            for (status, events) in till.counts().await {
                *waiting.entry(status).or_default() += events;
            }
            let connection = till.store.get("connection").await;
            if connection["state"] != "connected" {
                println!(
                    "storm: a company is connected again: {}",
                    connection["state"]
                );
                till.store.connect(house).await;
                connected += 1;
            }
        }
        let left: i64 = waiting
            .iter()
            .filter(|(status, _)| *status != "synced")
            .map(|(_, events)| events)
            .sum();
        if left == 0 {
            return connected;
        }
        assert!(Instant::now() < until, "it does not drain: {waiting:?}");
        sleep(Duration::from_millis(200)).await;
    }
}

// What QuickBooks heard, and what the product made of its answers.
async fn print_calls(house: &House) {
    let mut calls = BTreeMap::<Operation, usize>::new();
    let (mut faults, mut replayed, mut cut) = (0, 0, 0);
    for call in house.quickbooks().calls_after(0) {
        *calls.entry(call.operation).or_default() += 1;
        faults += usize::from(call.planned_fault.is_some());
        replayed += usize::from(call.replayed);
        cut += usize::from(call.cut);
    }
    let of = |operation| calls.get(&operation).copied().unwrap_or_default();
    println!(
        "storm: QuickBooks heard {} POSTs, {} batches, {} queries and {} refreshes; {faults} calls met a planned fault, {cut} were cut, {replayed} were answered from their request ids",
        of(Operation::CreateJournalEntry),
        of(Operation::Batch),
        of(Operation::Query),
        of(Operation::Refresh),
    );
    let attempts = house
        .rows("SELECT outcome || ' ' || count(*) FROM attempt GROUP BY outcome ORDER BY outcome")
        .await;
    let attempts: Vec<String> = attempts
        .iter()
        .map(|row| row.try_get_by_index(0).unwrap())
        .collect();
    println!("storm: attempts: {}", attempts.join(", "));
}

// A request id stands for one body, whatever happened.
fn check_manners(house: &House) {
    let violations = house.quickbooks().violations();
    let changed: Vec<_> = violations
        .iter()
        .filter(|violation| matches!(violation, Violation::RequestIdReusedWithAnotherBody { .. }))
        .collect();
    assert!(changed.is_empty(), "{changed:?}");
}
