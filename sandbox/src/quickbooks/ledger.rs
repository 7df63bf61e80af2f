//! The books: entries, the balances they move, and the trial balance.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::account::{Account, Accounts};
use super::amount::Amount;
use super::journal_entry::{Entry, PostingType, Statement};

/// What has been posted to one account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Totals {
    debit: Amount,
    credit: Amount,
}

/// A company's entries. Every change moves the balances with it.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    entries: BTreeMap<u64, Entry>,
    by_number: HashMap<String, BTreeSet<u64>>,
    totals: HashMap<u64, Totals>,
    deleted: Vec<(u64, DateTime<Utc>)>,
    last_id: u64,
}

impl Ledger {
    /// Posts a checked statement and gives the entry's id.
    pub(crate) fn post(&mut self, statement: Statement, now: DateTime<Utc>) -> u64 {
        self.last_id += 1;
        let entry = Entry {
            id: self.last_id,
            sync_token: 0,
            created: now,
            updated: now,
            statement,
        };
        self.put(entry);
        self.last_id
    }

    /// Makes an entry say something else. The same again changes nothing.
    pub(crate) fn replace(&mut self, id: u64, statement: Statement, now: DateTime<Utc>) {
        if self
            .entries
            .get(&id)
            .is_none_or(|entry| entry.statement == statement)
        {
            return;
        }
        if let Some(old) = self.remove(id) {
            self.put(Entry {
                sync_token: old.sync_token + 1,
                updated: now,
                statement,
                ..old
            });
        }
    }

    /// Takes an entry out of the books for good.
    pub(crate) fn delete(&mut self, id: u64, now: DateTime<Utc>) {
        if self.remove(id).is_some() {
            self.deleted.push((id, now));
        }
    }

    /// What was deleted, and when.
    pub(crate) fn deleted(&self) -> &[(u64, DateTime<Utc>)] {
        &self.deleted
    }

    fn remove(&mut self, id: u64) -> Option<Entry> {
        let entry = self.entries.remove(&id)?;
        self.move_balances(&entry.statement, |total, amount| *total -= amount);
        if let Some(number) = &entry.statement.doc_number
            && let Some(ids) = self.by_number.get_mut(number)
        {
            ids.remove(&id);
        }
        Some(entry)
    }

    fn put(&mut self, entry: Entry) {
        self.move_balances(&entry.statement, |total, amount| *total += amount);
        if let Some(number) = &entry.statement.doc_number {
            self.by_number
                .entry(number.clone())
                .or_default()
                .insert(entry.id);
        }
        self.entries.insert(entry.id, entry);
    }

    fn move_balances(&mut self, statement: &Statement, change: impl Fn(&mut Amount, Amount)) {
        for line in &statement.lines {
            let Some(posting) = &line.posting else {
                continue;
            };
            let totals = self.totals.entry(posting.account_id).or_default();
            match posting.posting_type {
                PostingType::Debit => change(&mut totals.debit, line.amount),
                PostingType::Credit => change(&mut totals.credit, line.amount),
            }
        }
    }

    pub(crate) fn get(&self, id: u64) -> Option<&Entry> {
        self.entries.get(&id)
    }

    /// All entries by id.
    pub(crate) fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.values()
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The entries with this document number.
    pub(crate) fn numbered(&self, number: &str) -> impl Iterator<Item = &Entry> {
        self.by_number
            .get(number)
            .into_iter()
            .flatten()
            .filter_map(|id| self.entries.get(id))
    }

    /// Whether any entry has a line on the account.
    pub(crate) fn has_posted_to(&self, account: u64) -> bool {
        self.entries.values().any(|entry| {
            let lines = &entry.statement.lines;
            lines.iter().any(|line| {
                line.posting
                    .as_ref()
                    .is_some_and(|posting| posting.account_id == account)
            })
        })
    }

    fn totals(&self, account: u64) -> Totals {
        self.totals.get(&account).copied().unwrap_or_default()
    }

    /// `CurrentBalance` as the API shows it: debit-signed, and 0 for income and expense accounts.
    pub(crate) fn shown_balance(&self, account: &Account) -> Amount {
        if matches!(account.classification(), "Revenue" | "Expense") {
            return Amount::ZERO;
        }
        let totals = self.totals(account.id);
        totals.debit - totals.credit
    }
}

/// Every account with what was posted to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialBalance {
    /// One row for each account, in the order of their ids.
    pub accounts: Vec<TrialBalanceRow>,
    /// All debits.
    pub debit: Amount,
    /// All credits; equal to the debits, or the books do not balance.
    pub credit: Amount,
}

/// One account of a trial balance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialBalanceRow {
    /// The account's id.
    pub account_id: String,
    /// Its number, if it has one.
    pub number: Option<String>,
    /// Its fully qualified name.
    pub name: String,
    /// Its type.
    pub account_type: String,
    /// What was debited to it.
    pub debit: Amount,
    /// What was credited to it.
    pub credit: Amount,
    /// Debits less credits.
    pub balance: Amount,
}

impl TrialBalance {
    /// The row of an account, by its number.
    pub fn of_number(&self, number: &str) -> Option<&TrialBalanceRow> {
        self.accounts
            .iter()
            .find(|row| row.number.as_deref() == Some(number))
    }
}

/// The trial balance of a ledger over a chart.
pub(crate) fn trial_balance(ledger: &Ledger, accounts: &Accounts) -> TrialBalance {
    let rows: Vec<TrialBalanceRow> = accounts
        .iter()
        .map(|account| {
            let Totals { debit, credit } = ledger.totals(account.id);
            TrialBalanceRow {
                account_id: account.id.to_string(),
                number: account.number.clone(),
                name: accounts.full_name(account),
                account_type: account.account_type.clone(),
                debit,
                credit,
                balance: debit - credit,
            }
        })
        .collect();
    let debit = rows.iter().map(|row| row.debit).sum();
    let credit = rows.iter().map(|row| row.credit).sum();
    TrialBalance {
        accounts: rows,
        debit,
        credit,
    }
}
