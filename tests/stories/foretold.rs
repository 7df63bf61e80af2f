//! What a dry run tells beside what the ledger shows: the same sums, read from either.

use crate::world::World;
use sandbox::quickbooks::{CompanySummary, PostedEntry, PostingType};
use serde_json::Value;
use std::collections::BTreeMap;

/// The note of an entry that is nobody's but its bookkeeper's.
pub const BY_HAND: &str = "made by hand";

/// Debits and credits, in cents.
pub type Sides = (i64, i64);

/// Debits and credits of each account that has any, by its id in QuickBooks.
pub type Ledger = BTreeMap<String, Sides>;

/// Debits and credits of each Location and Class, by their ids in QuickBooks.
pub type Places = BTreeMap<(Option<String>, Option<String>), Sides>;

pub fn cents(amount: &str) -> i64 {
    amount.replace('.', "").parse().unwrap()
}

pub fn ledger(world: &World, company: &CompanySummary) -> Ledger {
    let balance = world.quickbooks().trial_balance(&company.realm_id).unwrap();
    let rows = balance.accounts.into_iter().map(|row| {
        let sides = (
            cents(&row.debit.to_string()),
            cents(&row.credit.to_string()),
        );
        (row.account_id, sides)
    });
    rows.filter(|(_, sides)| *sides != (0, 0)).collect()
}

/// What one ledger has that the other had not yet.
pub fn change(before: &Ledger, after: &Ledger) -> Ledger {
    let changed = after.iter().map(|(account, (debits, credits))| {
        let (earlier_debits, earlier_credits) = before.get(account).copied().unwrap_or_default();
        let sides = (debits - earlier_debits, credits - earlier_credits);
        (account.clone(), sides)
    });
    changed.filter(|(_, sides)| *sides != (0, 0)).collect()
}

/// The effect on each account as it is told; its places sum up to it.
pub fn told(effect: &Value) -> Ledger {
    let accounts = effect["accounts"].as_array().unwrap().iter();
    accounts
        .map(|row| {
            let sum = |side: &str| cents(row[side].as_str().unwrap());
            assert_eq!(sum("debits") - sum("credits"), sum("net"), "{row:#}");
            let places = row["places"].as_array().unwrap();
            let of_places = |side: &str| -> i64 {
                let each = places.iter().map(|place| place[side].as_str().unwrap());
                each.map(cents).sum()
            };
            for side in ["debits", "credits", "net"] {
                assert_eq!(of_places(side), sum(side), "{row:#}");
            }
            let id = row["qbo_id"].as_str().unwrap().to_owned();
            (id, (sum("debits"), sum("credits")))
        })
        .collect()
}

/// Debits and credits by Location and Class of the entries that no bookkeeper made.
pub fn by_place(world: &World, company: &CompanySummary) -> Places {
    let is_ours = |entry: &PostedEntry| entry.private_note.as_deref() != Some(BY_HAND);
    let entries = world.quickbooks().entries(&company.realm_id).unwrap();
    let mut places = Places::new();
    for line in entries
        .into_iter()
        .filter(is_ours)
        .flat_map(|entry| entry.lines)
    {
        let sides = places
            .entry((line.department_id, line.class_id))
            .or_default();
        let amount = cents(&line.amount.to_string());
        match line.posting_type {
            PostingType::Debit => sides.0 += amount,
            PostingType::Credit => sides.1 += amount,
        }
    }
    places
}

/// The effect on each Location and Class as it is told.
pub fn told_by_place(effect: &Value) -> Places {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let rows = effect["places"].as_array().unwrap();
    rows.iter()
        .map(|row| {
            assert_eq!(
                row["location"].is_string(),
                row["qbo_location_id"].is_string(),
                "a location is named: {row:#}"
            );
            let place = (text(&row["qbo_location_id"]), text(&row["qbo_class_id"]));
            let sum = |side: &str| cents(row[side].as_str().unwrap());
            (place, (sum("debits"), sum("credits")))
        })
        .collect()
}

/// Events by what is wrong with them, of the problems or the skipped ones of a dry run.
pub fn by_code(reasons: &Value) -> BTreeMap<String, u64> {
    let rows = reasons.as_array().unwrap().iter();
    rows.map(|row| {
        let code = row["problem"]["code"].as_str().unwrap().to_owned();
        (code, row["events"].as_u64().unwrap())
    })
    .collect()
}
