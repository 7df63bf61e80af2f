//! A house in which one round follows another: its API, its store, and what a client and an operator do there.

use crate::house::House;
use crate::judge::{self, Sold, Verdict};
use crate::running::Running;
use crate::sales::Sales;
use crate::store::{Store, serving};
use chrono::TimeDelta;
use rand::rngs::StdRng;
use sandbox::quickbooks::Operation;
use serde_json::{Value, json};
use service::bell::{Bell, Urgency};
use service::fail_point::FailPoint;
use std::os::unix::process::ExitStatusExt;
use std::time::Duration;
use worker::RedisBell;

/// Longer than a dead holder's lease, and than a ring is believed to be on its way.
pub const LEASE_OVER: TimeDelta = TimeDelta::seconds(61);
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// How long a round may wait for one thing.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// A house with one store, for rounds.
pub struct Lane {
    pub house: House,
    pub store: Store,
    pub api: Running,
    pub sales: Sales,
    pub dice: StdRng,
    bell: RedisBell,
    /// Of the present round.
    pub sold: Vec<Sold>,
    calls_seen: u64,
}

/// How waiting for rest ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// Nothing waits and nothing is under way.
    Settled,
    /// The worker has ended.
    Died,
    /// A person must connect the company again.
    Disconnected,
}

/// Calls that QuickBooks has had.
#[derive(Debug, Clone, Copy, Default)]
pub struct Calls {
    pub posts: usize,
    /// Look-ups of what is in doubt, and of numbers before they are first used.
    pub queries: usize,
}

impl Lane {
    pub async fn built(seed: u64, dice: StdRng) -> Self {
        let mut house = House::built().await;
        let mut api = house.start("api");
        // Found again under the same address when it is started again.
        let address = serving(&mut api).await;
        house
            .environment
            .insert("TILLPOST_LISTEN", address.to_string());
        let worker = house.start("worker");
        let store = Store::opened(&house, &mut api).await;
        worker.kill().await;
        let bell = RedisBell::new(&house.environment["REDIS_URL"], "tillpost").unwrap();
        Self {
            house,
            store,
            api,
            sales: Sales::of(seed),
            dice,
            bell,
            sold: Vec::new(),
            calls_seen: 0,
        }
    }

    /// A worker, armed or not.
    pub fn worker(&self, armed: Option<(FailPoint, u32)>) -> Running {
        self.house.start_armed("worker", armed.map(spelt))
    }

    /// Another API in the place of the present one, which is killed where it still runs.
    pub async fn restart_api(&mut self, armed: Option<(FailPoint, u32)>) {
        self.api.end().await;
        self.api = self.house.start_armed("api", armed.map(spelt));
        serving(&mut self.api).await;
    }

    /// Sends events as a client does, until it is told that they are taken in.
    pub async fn send(&mut self, events: &[Value]) {
        let answer = self
            .store
            .insist("events", json!({ "events": events }))
            .await;
        self.note(&answer, events.len());
    }

    /// Notes what became of events that were sent.
    pub fn note(&mut self, answer: &Value, events: usize) {
        let results = answer["results"].as_array().unwrap();
        assert_eq!(results.len(), events, "{answer:#}");
        for result in results {
            let text = |name: &str| {
                result[name]
                    .as_str()
                    .unwrap_or_else(|| panic!("{answer:#}"))
            };
            assert!(
                matches!(text("result"), "accepted" | "duplicate"),
                "{answer:#}"
            );
            self.sold.push(Sold {
                id: text("id").to_owned(),
                number: text("number").to_owned(),
            });
        }
    }

    /// Some events of now.
    pub async fn some(&mut self, events: usize) -> Vec<Value> {
        self.sales.at(self.house.now().await, events)
    }

    /// Waits until all that was sent is settled or the worker has died, with the clocks set ahead to whatever is due next;
    /// with `ring` the bell is rung for it, else it is left to the sweep.
    pub async fn rest(&mut self, worker: &mut Running, ring: bool) -> Rest {
        let since = tokio::time::Instant::now();
        let mut rung = since - PATIENCE;
        while since.elapsed() < PATIENCE {
            if worker.has_ended() {
                return Rest::Died;
            }
            let (waiting, held, due_ms, disconnected) = self.standing(ring).await;
            if held == 0 && (waiting == 0 || disconnected) {
                return if waiting == 0 {
                    Rest::Settled
                } else {
                    Rest::Disconnected
                };
            }
            match due_ms {
                Some(ahead) if ahead > 0 && held == 0 => {
                    self.house.advance(TimeDelta::milliseconds(ahead + 1)).await;
                    rung = since - PATIENCE;
                }
                Some(_) if held == 0 && ring && rung.elapsed() > Duration::from_millis(200) => {
                    let tenant = self.store.tenant.parse().unwrap();
                    self.bell.ring(tenant, Urgency::Live).await;
                    rung = tokio::time::Instant::now();
                }
                _ => {}
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        panic!("no rest: {:?}; {}", self.store.counts().await, worker.log());
    }

    // Events that wait or are under way, leases that are held, the milliseconds until the next turn is due or, where nobody
    // rings, until the sweep may find it, and whether a person must connect again.
    async fn standing(&self, ring: bool) -> (i64, i64, Option<i64>, bool) {
        let due_at = match ring {
            true => "due_at",
            false => "greatest(due_at, rung_until)",
        };
        let rows = self
            .house
            .rows(
                &format!("SELECT (SELECT count(*) FROM event WHERE status IN ('not_synced', 'processing')),
                        (SELECT count(*) FROM company_lease WHERE expires_at > tillpost_now()),
                        (SELECT ceil(extract(epoch FROM min({due_at}) - tillpost_now()) * 1000)::bigint FROM turn),
                        EXISTS (SELECT FROM connection WHERE is_current AND state <> 'connected')"),
            )
            .await;
        let row = &rows[0];
        (
            row.try_get_by_index(0).unwrap(),
            row.try_get_by_index(1).unwrap(),
            row.try_get_by_index(2).unwrap(),
            row.try_get_by_index(3).unwrap(),
        )
    }

    /// What the ledger says of the present round's events; and sees that the books show just all that was ever sold.
    pub async fn judge(&self) -> Verdict {
        let realm_id = &self.store.company.realm_id;
        let verdict = judge::weigh(&self.house, realm_id, &self.sold);
        assert_eq!(verdict, Verdict::CLEAN, "of {:?}", self.sold);
        judge::check_books(
            &self.house,
            realm_id,
            &self.sales.balances(),
            self.sales.sold(),
        );
        let unsettled = self
            .house
            .number("SELECT count(*) FROM event WHERE status <> 'synced'")
            .await;
        assert_eq!(unsettled, 0, "events that are not synced");
        verdict
    }

    /// The calls since the last time it was asked.
    pub fn calls(&mut self) -> Calls {
        let mut calls = Calls::default();
        for call in self.house.quickbooks().calls_after(self.calls_seen) {
            self.calls_seen = call.sequence;
            match call.operation {
                Operation::CreateJournalEntry | Operation::Batch => calls.posts += 1,
                Operation::Query => calls.queries += 1,
                _ => {}
            }
        }
        calls
    }

    /// Asks once, and gives the answer if one came.
    pub async fn ask_once(&self, key: Option<&str>, path: &str, body: &Value) -> Option<Value> {
        let (status, answer) = self.store.attempt_as(key, path, body.clone()).await.ok()?;
        assert!(status.is_success(), "{path}: {status} {answer:#}");
        Some(answer)
    }
}

/// Sees that a process died where it was told to.
pub async fn check_death(process: &mut Running, point: FailPoint) {
    let since = tokio::time::Instant::now();
    while !process.has_ended() {
        assert!(
            since.elapsed() < PATIENCE,
            "it does not die: {}",
            process.log()
        );
        tokio::time::sleep(LOOK_EVERY).await;
    }
    let ended = process.ended_with().unwrap();
    assert_eq!(ended.signal(), Some(ABORTED), "{ended}: {}", process.log());
    let said = format!("fail point {} is reached", point.name());
    assert!(process.log().contains(&said), "{}", process.log());
}

const ABORTED: i32 = 6;

/// As the environment arms a point.
pub fn spelt((point, nth): (FailPoint, u32)) -> String {
    format!("{}*{nth}", point.name())
}
