//! The judge: the simulated company's own ledger, against what was sold.

use crate::house::House;
use crate::store::Store;
use sandbox::quickbooks::{Amount, PostedEntry};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// An event as its sender knows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sold {
    pub id: String,
    pub number: String,
}

/// What the ledger says of events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Entries besides the first of an event.
    pub duplicates: usize,
    /// Events without an entry.
    pub lost: usize,
}

impl Verdict {
    pub const CLEAN: Self = Self {
        duplicates: 0,
        lost: 0,
    };

    pub fn add(&mut self, other: Self) {
        self.duplicates += other.duplicates;
        self.lost += other.lost;
    }
}

/// Looks each event up in the ledger, by its number and by the id in the entry's note.
pub fn weigh(house: &House, realm_id: &str, events: &[Sold]) -> Verdict {
    let mut verdict = Verdict::CLEAN;
    for event in events {
        let numbered = house
            .quickbooks()
            .entries_numbered(realm_id, &event.number)
            .unwrap();
        let marked = numbered.iter().filter(|entry| {
            let note = entry.private_note.as_deref().unwrap_or_default();
            note.contains(&event.id)
        });
        verdict.lost += usize::from(marked.count() == 0);
        verdict.duplicates += numbered.len().saturating_sub(1);
    }
    verdict
}

/// Sees that the books show just these sums (cents by account number) and so many entries.
pub fn check_books(house: &House, realm_id: &str, sums: &BTreeMap<&str, i64>, entries: usize) {
    let books = house.quickbooks().trial_balance(realm_id).unwrap();
    let balances: BTreeMap<&str, Amount> = books
        .accounts
        .iter()
        .filter(|row| row.balance != Amount::ZERO)
        .map(|row| (row.number.as_deref().unwrap(), row.balance))
        .collect();
    let expected: BTreeMap<&str, Amount> = sums
        .iter()
        .map(|(number, cents)| (*number, Amount::cents(*cents)))
        .collect();
    assert_eq!(balances, expected, "the trial balance");
    let count = house.quickbooks().entry_count(realm_id).unwrap();
    assert_eq!(count, entries, "entries in the ledger");
}

// What was sent for an event, and what its company heard: how it came to be in the books twice.
async fn print_story(house: &House, realm_id: &str, number: &str) {
    let attempts = house
        .rows(&format!(
            "SELECT to_jsonb(a)::text FROM attempt a JOIN journal_entry j ON j.tenant_id = a.tenant_id AND j.id = a.journal_entry_id
              WHERE j.company_id = '{realm_id}' AND j.number = '{number}' ORDER BY a.started_at"
        ))
        .await;
    for attempt in attempts {
        let attempt: String = attempt.try_get_by_index(0).unwrap();
        println!("{number}: {attempt}");
    }
    for call in house.quickbooks().calls_after(0) {
        let concerns = match &call.doc_number {
            Some(named) => named == number,
            None => true,
        };
        if concerns && call.realm_id.as_deref() == Some(realm_id) {
            println!("{number}: {call:?}");
        }
    }
}

/// Sees that every event of the store is synced to the one entry that the ledger has of it, that the books show just these
/// sums, and that no attempt is left without an end. Gives the number of events.
pub async fn judge(house: &House, store: &Store, sums: &BTreeMap<&str, i64>) -> usize {
    let realm_id = &store.company.realm_id;
    let mut by_note = BTreeMap::<String, usize>::new();
    let entries = house.quickbooks().entries(realm_id).unwrap();
    for entry in &entries {
        *by_note
            .entry(entry.private_note.clone().unwrap_or_default())
            .or_default() += 1;
    }
    if let Some((note, _)) = by_note.iter().find(|(_, entries)| **entries > 1) {
        let is_copy = |entry: &&PostedEntry| entry.private_note.as_deref() == Some(note);
        let copies: Vec<_> = entries.iter().filter(is_copy).collect();
        let numbers: BTreeSet<_> = copies
            .iter()
            .filter_map(|entry| entry.doc_number.as_deref())
            .collect();
        for number in numbers {
            print_story(house, realm_id, number).await;
        }
        panic!("two entries with one note: {copies:#?}");
    }
    let events = store.events().await;
    for event in &events {
        assert_eq!(event["status"], "synced", "{event:#}");
        let sold = Sold {
            id: event["id"].as_str().unwrap().to_owned(),
            number: event["number"].as_str().unwrap().to_owned(),
        };
        let verdict = weigh(house, realm_id, std::slice::from_ref(&sold));
        assert_eq!(verdict, Verdict::CLEAN, "{event:#}");
        let recorded = store.get(&format!("events/{}", sold.id)).await;
        let alive: Vec<_> = recorded["journal_entries"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|entry| entry["state"] == "posted")
            .collect();
        assert_eq!(alive.len(), 1, "{recorded:#}");
        let entry = &house
            .quickbooks()
            .entries_numbered(realm_id, &sold.number)
            .unwrap()[0];
        assert_eq!(alive[0]["qbo_id"], json!(entry.id), "{recorded:#}");
    }
    check_books(house, realm_id, sums, events.len());
    let open = house
        .number("SELECT count(*) FROM attempt WHERE finished_at IS NULL")
        .await;
    assert_eq!(open, 0, "attempts without an end");
    events.len()
}
