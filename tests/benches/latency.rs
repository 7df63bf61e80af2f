//! How soon a live event leaves for QuickBooks: from the answer of its intake to the arrival of its POST, on a product that
//! does nothing else: figure 6 of the posting figures.
//!
//! API and simulated QuickBooks are in this process, the worker is one of its own. Run with
//! `cargo bench -p tests --bench latency -- --events 500`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    dead_code,
    reason = "a measurement that breaks says where, and needs not every verb of the stories"
)]
#![allow(clippy::float_arithmetic, reason = "milliseconds")]

#[path = "../stories/contract.rs"]
mod contract;
#[path = "../stories/lab.rs"]
mod lab;
#[path = "plant/plant.rs"]
mod plant;
#[path = "../stories/world.rs"]
mod world;

use chrono::{DateTime, Utc};
use serde_json::json;
use std::time::Duration;

#[tokio::main]
async fn main() {
    if plant::was_worker().await {
        return;
    }
    plant::introduce();
    let events = usize::try_from(plant::argument("--events", 500)).unwrap();
    let (world, lab) = plant::plant(plant::posting(false)).await;
    let (store, _) = plant::store(&world, true).await;
    let worker = plant::Worker::start(&world, lab, false);
    tokio::time::sleep(Duration::from_secs(7)).await;
    let mut milliseconds = Vec::with_capacity(events);
    for place in 0..events + 10 {
        let number = format!("99{place:05}");
        let mut event = store.ticket(&number).await;
        event["number"] = json!(number);
        let body = json!({ "events": [event] });
        let path = store.path("/events");
        let request = world
            .request(reqwest::Method::POST, &path, &store.key)
            .json(&body);
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success());
        let answered = world.quickbooks().now();
        let arrived = arrival(&world, &number).await;
        // The first ones warm everything up.
        if place >= 10 {
            milliseconds.push((arrived - answered).as_seconds_f64() * 1000.0);
        }
        // Gaps of different lengths, none so short that one event meets the other.
        tokio::time::sleep(Duration::from_millis(
            250 + 37 * u64::try_from(place % 11).unwrap(),
        ))
        .await;
    }
    milliseconds.sort_by(f64::total_cmp);
    let at = |percent: usize| {
        milliseconds[(milliseconds.len() * percent / 100).min(milliseconds.len() - 1)]
    };
    println!(
        "{events} lone live events: p50 {:.1} ms, p90 {:.1} ms, p99 {:.1} ms, the last {:.1} ms from the intake's answer to the POST's arrival",
        at(50),
        at(90),
        at(99),
        at(100)
    );
    println!("load average at the end: {}", plant::load());
    drop(worker);
}

async fn arrival(world: &world::World, number: &str) -> DateTime<Utc> {
    for _ in 0..10_000 {
        let calls = world.quickbooks().calls();
        let call = calls
            .iter()
            .rev()
            .find(|call| call.doc_number.as_deref() == Some(number));
        if let Some(call) = call {
            return call.at;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    panic!("{number} did not arrive");
}
