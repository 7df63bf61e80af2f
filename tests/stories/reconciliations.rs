//! Reconciliation: somebody does something to the books inside QuickBooks, and it is found, told once in plain words, and told
//! to be gone when it is mended; whichever way the books are read, and never about what is only under way.

mod budget;
mod kinds;
pub mod many;
mod quiet;
mod waits;

use crate::world::{Tenant, World};
use chrono::TimeDelta;
use reqwest::Method;
use sandbox::quickbooks::{CompanySummary, NewEntry, NewLine, Operation, PostedEntry};
use serde_json::{Value, json};

/// By which way the books are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// By what changed since the day before, without anybody asking.
    Changes,
    /// By query, a month after QuickBooks has forgotten what changed when.
    Days,
}

/// A store with entries in the books.
struct Shop<'w> {
    world: &'w World,
    store: Tenant<'w>,
    company: CompanySummary,
    /// In the order of the entries.
    events: Vec<String>,
}

impl<'w> Shop<'w> {
    /// A store of which so many tickets were posted.
    async fn with(world: &'w World, entries: usize) -> Self {
        let (store, company) = world.store("Harbour").await;
        let mut tickets = Vec::new();
        for place in 0..entries {
            tickets.push(store.ticket(&format!("t{place}")).await);
        }
        let events = store.send_events(tickets).await;
        store.settle().await;
        let mut numbered = std::collections::BTreeMap::new();
        for event in events {
            let number = store.event(&event).await["number"].clone();
            numbered.insert(number.as_str().unwrap().to_owned(), event);
        }
        let mut shop = Self {
            world,
            store,
            company,
            events: Vec::new(),
        };
        // Several are posted at once: their order in the books is theirs.
        for entry in shop.entries() {
            shop.events
                .push(numbered[&entry.doc_number.unwrap()].clone());
        }
        assert_eq!(shop.events.len(), entries);
        shop
    }

    /// What stands in QuickBooks, oldest first.
    fn entries(&self) -> Vec<PostedEntry> {
        self.world
            .quickbooks()
            .entries(&self.company.realm_id)
            .unwrap()
    }

    /// Somebody changes an entry in QuickBooks.
    fn change(&self, entry: &PostedEntry, change: impl FnOnce(&mut NewEntry)) {
        let mut new = as_new(entry);
        change(&mut new);
        self.world
            .quickbooks()
            .change_entry(&self.company.realm_id, &entry.id, &new)
            .unwrap();
    }

    fn delete(&self, id: &str) {
        self.world
            .quickbooks()
            .delete_entry(&self.company.realm_id, id)
            .unwrap();
    }

    fn copy(&self, id: &str) -> String {
        let quickbooks = self.world.quickbooks();
        quickbooks
            .copy_entry(&self.company.realm_id, id)
            .unwrap()
            .id
    }

    fn insert(&self, entry: &NewEntry) -> String {
        let quickbooks = self.world.quickbooks();
        quickbooks
            .insert_entry(&self.company.realm_id, entry)
            .unwrap()
            .id
    }

    /// The days that anything of a story happens on.
    fn window(&self) -> Value {
        let dates: Vec<_> = self.entries().iter().map(|entry| entry.txn_date).collect();
        let first = dates.iter().min().copied().unwrap_or_default();
        let last = dates.iter().max().copied().unwrap_or_default();
        json!({ "from_date": first - TimeDelta::days(3), "to_date": last + TimeDelta::days(3) })
    }

    /// The books are looked over; tells the reconciliation, which has come to its end.
    async fn look(&self, way: Way) -> Value {
        match way {
            Way::Changes => {
                self.world.advance(TimeDelta::hours(25)).await;
                let queued = service::reconciliation::daily(&self.world.service).await;
                assert_eq!(queued.unwrap(), 1);
            }
            Way::Days => {
                self.world.advance(TimeDelta::days(31)).await;
                self.store.post("/reconciliations", self.window()).await;
            }
        }
        self.store.settle().await;
        self.latest().await
    }

    /// The newest reconciliation; it is finished.
    async fn latest(&self) -> Value {
        let page = self.store.get("/reconciliations?limit=1").await;
        let run = page["items"][0].clone();
        assert_eq!(run["state"], "finished", "{run:#}");
        run
    }

    async fn findings(&self, filter: &str) -> Vec<Value> {
        let page = self.store.get(&format!("/findings?{filter}")).await;
        page["items"].as_array().unwrap().clone()
    }

    async fn accept(&self, finding: &Value) -> Value {
        let id = finding["id"].as_str().unwrap();
        self.store
            .post(&format!("/findings/{id}/accept"), json!({}))
            .await
    }

    /// Metered reads of entries so far: queries and changes.
    fn reads(&self) -> usize {
        let reading = |operation| matches!(operation, Operation::Query | Operation::ReadChanges);
        let calls = self.world.quickbooks().calls();
        calls.iter().filter(|call| reading(call.operation)).count()
    }

    /// Every event is as it was: nothing is mended in silence.
    async fn events_are_as_they_were(&self) {
        for event in &self.events {
            assert_eq!(self.store.status(event).await, "synced");
        }
        let (_, sync) = self.store.send(Method::GET, "/sync", None).await;
        assert_eq!(sync["events"]["synced"], json!(self.events.len()));
    }
}

/// An entry as somebody enters it again.
fn as_new(entry: &PostedEntry) -> NewEntry {
    NewEntry {
        doc_number: entry.doc_number.clone(),
        txn_date: entry.txn_date,
        private_note: entry.private_note.clone(),
        lines: entry
            .lines
            .iter()
            .map(|line| NewLine {
                account_id: line.account_id.clone(),
                posting_type: line.posting_type,
                amount: line.amount,
                description: line.description.clone(),
            })
            .collect(),
    }
}

/// What is found of differences, in short: field, account, side, was, is.
fn differences(finding: &Value) -> Vec<[String; 5]> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    finding["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| ["field", "account", "side", "was", "is"].map(|name| text(&one[name])))
        .collect()
}
