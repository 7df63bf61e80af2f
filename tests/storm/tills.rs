//! The clients of the storm: each till sells and sends all the while, and asks again whenever it is not answered.

use crate::running::eventually;
use crate::sales::Sales;
use crate::store::Store;
use crate::storm::Clock;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// A store's till.
pub struct Till {
    pub store: Store,
    pub sales: Sales,
    pub told: Told,
    dice: StdRng,
}

/// What a till did.
#[derive(Debug, Clone, Copy, Default)]
pub struct Told {
    pub lists: usize,
    pub live: usize,
    pub past: usize,
    pub past_syncs: usize,
    /// Events that were sent once more although they had been taken in.
    pub again: usize,
    /// Events that the product knew already.
    pub known: usize,
}

impl Till {
    pub fn of(store: Store, seed: u64, place: usize) -> Self {
        Self {
            store,
            sales: Sales::of(1_000_000 * (place as u64 + 1)),
            told: Told::default(),
            dice: StdRng::seed_from_u64(seed.wrapping_add(place as u64 + 1)),
        }
    }

    /// Sells until then.
    pub async fn sell(&mut self, clock: &Clock, until: Instant) {
        while Instant::now() < until {
            match self.dice.random_range(0..10) {
                0..7 => {
                    let events = self.dice.random_range(1..=4);
                    let sold = self.sales.at(clock.now(), events);
                    self.told.live += events;
                    self.send(&sold).await;
                    if self.dice.random_ratio(1, 8) {
                        self.told.again += events;
                        self.send(&sold).await;
                    }
                }
                7 => {
                    let events = self.dice.random_range(2..=30);
                    let sold = self.sales.past(events);
                    self.told.past += events;
                    self.send(&sold).await;
                    self.sync_the_past().await;
                }
                _ => {}
            }
            let pause = Duration::from_millis(self.dice.random_range(100..1500));
            tokio::time::sleep(pause).await;
        }
    }

    /// Queues whatever past events were not yet.
    pub async fn sync_the_past(&mut self) {
        self.store.insist("past-syncs", Sales::past_window()).await;
        self.told.past_syncs += 1;
    }

    /// Events by status.
    pub async fn counts(&self) -> BTreeMap<String, i64> {
        eventually("the sync", async || {
            let answer = self.store.attempt(Method::GET, "sync", None).await;
            let (status, answer) = answer.ok()?;
            status
                .is_success()
                .then(|| serde_json::from_value(answer["events"].clone()).unwrap())
        })
        .await
    }

    async fn send(&mut self, events: &[Value]) {
        self.told.lists += 1;
        let answer = self
            .store
            .insist("events", json!({ "events": events }))
            .await;
        for result in answer["results"].as_array().unwrap() {
            match result["result"].as_str() {
                Some("accepted") => {}
                Some("duplicate") => self.told.known += 1,
                _ => panic!("{result:#}"),
            }
        }
    }
}
