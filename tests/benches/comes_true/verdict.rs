//! What was foretold beside what came, printed; and whether they are the same.

use crate::foretold::{Ledger, by_code, told};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Whether all that was held against each other so far is the same.
#[derive(Default)]
pub struct Verdict {
    differs: bool,
}

impl Verdict {
    pub fn passed(&self) -> bool {
        !self.differs
    }

    /// Something that must be so.
    pub fn holds(&mut self, is_so: bool, what: &str) {
        self.differs |= !is_so;
        println!("{} {what}", if is_so { "ok     " } else { "DIFFERS" });
    }

    pub fn equal(&mut self, what: &str, foretold: &Value, came: &Value) {
        self.holds(
            foretold == came,
            &format!("{what}: {foretold}, came {came}"),
        );
    }

    /// Each account's debits and credits, to the cent.
    pub fn accounts(&mut self, effect: &Value, change: &Ledger) {
        let foretold = told(effect);
        let rows = effect["accounts"].as_array().unwrap();
        let name = |id: &str| {
            let row = rows.iter().find(|row| row["qbo_id"] == id);
            row.map_or(format!("({id})"), |row| {
                format!("{} {}", text(&row["number"]), text(&row["name"]))
            })
        };
        println!(
            "        {:34} {:>15} {:>15} {:>15} {:>15}",
            "account", "debits told", "came", "credits told", "came"
        );
        let ids: BTreeSet<&String> = foretold.keys().chain(change.keys()).collect();
        for id in ids {
            let [wanted, came] = [&foretold, change].map(|sums| sums.get(id).copied());
            let (debits, credits) = wanted.unwrap_or_default();
            let (debited, credited) = came.unwrap_or_default();
            let [debits, debited, credits, credited] =
                [debits, debited, credits, credited].map(dollars);
            let row = format!(
                "{:34} {debits:>15} {debited:>15} {credits:>15} {credited:>15}",
                name(id)
            );
            self.holds(wanted == came, &row);
        }
    }

    /// Failures and what was left out, by code.
    pub fn reasons(&mut self, dry_run: &Value, counts: &Value) {
        for (status, reasons) in [("failed", "problems"), ("skipped", "skipped")] {
            let foretold = by_code(&dry_run[reasons]);
            let problems = counts["problems"].as_array().unwrap().iter();
            let came: BTreeMap<String, u64> = problems
                .filter(|row| row["status"] == status)
                .map(|row| {
                    (
                        text(&row["code"]).to_owned(),
                        row["events"].as_u64().unwrap(),
                    )
                })
                .collect();
            let codes: BTreeSet<&String> = foretold.keys().chain(came.keys()).collect();
            for code in codes {
                let [wanted, came] = [&foretold, &came].map(|sums| sums.get(code).copied());
                let [told, counted] = [wanted, came].map(Option::unwrap_or_default);
                self.holds(
                    wanted == came,
                    &format!("{status} {code}: {told} told, {counted} came"),
                );
            }
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn dollars(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents.abs() % 100)
}
