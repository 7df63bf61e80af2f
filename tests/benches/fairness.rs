//! What a small tenant feels of the others: figure 7 of the quality figures.
//!
//! One tenant has 100,000 events waiting. 99 others take in 10 events each, all at once; how long each waits for its last
//! entry is compared with its time alone, in the same run. Then the same beside companies that do not answer, and beside
//! throttled ones. One process has API, worker and the simulated QuickBooks with its own throttle and an answer's usual time;
//! PostgreSQL waits for the disk. Run with `cargo bench -p tests --bench fairness`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    dead_code,
    reason = "a measurement that breaks says where, and needs not every verb of the stories"
)]
#![allow(clippy::float_arithmetic, reason = "ratios of times")]

#[path = "../stories/contract.rs"]
mod contract;
#[path = "../stories/lab.rs"]
mod lab;
#[path = "../stories/world.rs"]
mod world;

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;
use lab::Lab;
use reqwest::Method;
use sandbox::quickbooks::{FaultPlan, Outcome, ThrottleLimits};
use serde_json::json;
use service::settings::Posting;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use world::{Shape, Tenant, World, ticket_at};

const WAITING: usize = 100_000;
const SMALL: usize = 99;
/// How many of the small ones are measured alone.
const ALONE: usize = 11;
const EVENTS: usize = 10;
const TROUBLED: usize = 50;

#[tokio::main]
async fn main() {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    println!(
        "machine: {cores} cores, {}-{}",
        std::env::consts::ARCH,
        std::env::consts::OS
    );
    if cfg!(debug_assertions) {
        println!("this is not an optimised build: the figures mean little");
    }
    let lab = Lab::apart().await;
    let bell = worker::RedisBell::new(&lab.redis_url(), "bench").unwrap();
    let shape = Shape {
        bell: Arc::new(bell),
        posting: Posting::default(),
        ..Shape::default()
    };
    let world = World::on(lab, shape).await;
    let town = Town::settle(&world).await;
    let stop = CancellationToken::new();
    let work = tokio::spawn(worker::run(
        world.service.clone(),
        worker::Options::new(&lab.redis_url(), "bench"),
        stop.clone(),
    ));
    town.tell().await;
    stop.cancel();
    world.quickbooks().clear_plans();
    // Calls that hang are given up with the process.
    let _ = tokio::time::timeout(Duration::from_secs(1), work).await;
}

/// A tenant and the company its events go to.
struct Store<'w> {
    tenant: Tenant<'w>,
    realm: String,
}

struct Town<'w> {
    world: &'w World,
    big: Store<'w>,
    small: Vec<Store<'w>>,
    hanging: Vec<Store<'w>>,
    throttled: Vec<Store<'w>>,
}

impl<'w> Town<'w> {
    async fn settle(world: &'w World) -> Self {
        eprintln!("connecting {} tenants", 1 + SMALL + 2 * TROUBLED);
        let mut town = Self {
            world,
            big: store(world, "Big").await,
            small: Vec::new(),
            hanging: Vec::new(),
            throttled: Vec::new(),
        };
        for _ in 0..SMALL {
            town.small.push(store(world, "Small").await);
        }
        for _ in 0..TROUBLED {
            town.hanging.push(store(world, "Hanging").await);
            town.throttled.push(store(world, "Throttled").await);
        }
        world.quickbooks().set_limits(ThrottleLimits::default());
        town
    }

    async fn tell(&self) {
        self.plan(0, 0);
        let alone = self.alone().await;
        println!(
            "a small tenant alone: {:.2} s for {EVENTS} events (median of {ALONE}; {:.2} to {:.2})",
            middle(&alone),
            alone[0],
            alone[alone.len() - 1]
        );
        let alone = middle(&alone);
        self.together(alone, "99 small ones, nobody else").await;
        eprintln!("{WAITING} events for the big one");
        for batch in 0..WAITING / 1000 {
            self.send(&self.big, &format!("big-{batch}"), 1000).await;
        }
        self.together(alone, "beside one of 100,000").await;
        for (count, what) in [(16, "and 16 that hang"), (TROUBLED, "and 50 that hang")] {
            self.plan(count, 0);
            self.send_all(&self.hanging[..count], what).await;
            // At the same time, when it is worst; then again, when the product has got to know them.
            self.together(alone, what).await;
            self.together(alone, &format!("{what}, a moment later"))
                .await;
        }
        self.plan(TROUBLED, TROUBLED);
        self.send_all(&self.throttled, "throttled").await;
        self.together(alone, "and 50 more that are throttled").await;
    }

    /// Plans how the companies answer: so many hang, so many are throttled, all others take 20 to 100 ms.
    fn plan(&self, hanging: usize, throttled: usize) {
        let quickbooks = self.world.quickbooks();
        quickbooks.clear_plans();
        for store in &self.hanging[..hanging] {
            quickbooks.plan(FaultPlan {
                realm_id: Some(store.realm.clone()),
                outcome: Outcome::Drop,
                delay_before_ms: 600_000,
                ..FaultPlan::default()
            });
        }
        for store in &self.throttled[..throttled] {
            quickbooks.plan(FaultPlan {
                realm_id: Some(store.realm.clone()),
                outcome: Outcome::Throttled,
                ..FaultPlan::default()
            });
        }
        for (per_mille, delay_before_ms) in
            [(200, 20), (250, 40), (333, 60), (500, 80), (1000, 100)]
        {
            quickbooks.plan(FaultPlan {
                per_mille: Some(per_mille),
                delay_before_ms,
                ..FaultPlan::default()
            });
        }
    }

    async fn alone(&self) -> Vec<f64> {
        let mut seconds = Vec::new();
        for (before, store) in self
            .small
            .iter()
            .step_by(SMALL / ALONE)
            .take(ALONE)
            .enumerate()
        {
            self.send(store, "alone", EVENTS).await;
            seconds = self.seconds("alone", before + 1).await;
        }
        seconds.sort_by(f64::total_cmp);
        seconds
    }

    async fn together(&self, alone: f64, what: &str) {
        // The pace of each has come to rest.
        tokio::time::sleep(Duration::from_secs(5)).await;
        self.send_all(&self.small, what).await;
        let mut seconds = self.seconds(what, SMALL).await;
        seconds.sort_by(f64::total_cmp);
        let worst = seconds[seconds.len() - 1];
        println!(
            "{what:35} median {:5.2} s = {:4.2} x alone, the last {worst:5.2} s = {:4.2} x",
            middle(&seconds),
            middle(&seconds) / alone,
            worst / alone
        );
    }

    async fn send_all(&self, stores: &[Store<'w>], what: &str) {
        join_all(stores.iter().map(|store| self.send(store, what, EVENTS))).await;
    }

    async fn send(&self, store: &Store<'w>, what: &str, count: usize) {
        let now: DateTime<Utc> = store.tenant.now().await;
        let events: Vec<_> = (0..count)
            .map(|place| ticket_at(&format!("{what}/{place}"), now + TimeDelta::microseconds(1)))
            .collect();
        let path = store.tenant.path("/events");
        let answer = self
            .world
            .request(Method::POST, &path, &store.tenant.key)
            .json(&json!({ "events": events }))
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
    }

    /// How long each tenant's events took from the first's intake to the last's entry, once so many tenants are done.
    async fn seconds(&self, what: &str, tenants: usize) -> Vec<f64> {
        let names: HashMap<String, ()> = self
            .small
            .iter()
            .map(|store| (store.tenant.id.0.to_string(), ()))
            .collect();
        let sql = format!(
            "SELECT tenant_id || ' ' || extract(epoch FROM max(synced_at) - min(taken_in_at)) FROM event
              WHERE external_id LIKE '{what}/%' GROUP BY tenant_id HAVING count(synced_at) = {EVENTS}"
        );
        for _ in 0..600 {
            let rows = self.world.rows(&sql).await;
            let seconds: Vec<f64> = rows
                .iter()
                .filter_map(|row| row.split_once(' '))
                .filter(|(tenant, _)| names.contains_key(*tenant))
                .map(|(_, seconds)| seconds.parse().unwrap())
                .collect();
            if seconds.len() >= tenants {
                return seconds;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        panic!("{what}: not everybody is done after five minutes");
    }
}

async fn store<'w>(world: &'w World, name: &str) -> Store<'w> {
    let (tenant, company) = world.store(name).await;
    Store {
        tenant,
        realm: company.realm_id,
    }
}

fn middle(sorted: &[f64]) -> f64 {
    sorted[sorted.len() / 2]
}
