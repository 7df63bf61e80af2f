//! What a run has read of the part it is at and not compared yet. It lies in the run's row between two reads, so that
//! nothing is read twice, whoever takes the next turn.

use crate::error::Error;
use crate::posting::markers;
use accounting::Ref;
use accounting::reconciliation::{Content, Mark, PostedLine, Theirs};
use chrono::NaiveDate;
use quickbooks::{PostedEntry, Posting};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The notes of a part.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Notes {
    /// Entries that are there.
    pub(super) there: Vec<Noted>,
    /// Ids that QuickBooks told as deleted.
    pub(super) deleted: BTreeSet<String>,
    /// Ids that were asked for and are not there.
    pub(super) absent: BTreeSet<String>,
    /// Ids that were asked for, one entry at a time.
    pub(super) asked: BTreeSet<String>,
    /// Ids to be asked for.
    pub(super) to_ask: Vec<String>,
    /// Whether the part itself is read; what is left is to ask for single entries.
    pub(super) is_read: bool,
}

/// An entry as it stands in QuickBooks.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Noted {
    pub(super) id: String,
    pub(super) number: Option<String>,
    pub(super) date: NaiveDate,
    /// Of the markers in its note: event, hash.
    marks: Vec<(String, String)>,
    /// Account, whether it is a debit, amount.
    lines: Vec<(String, bool, String)>,
}

impl Notes {
    pub(super) fn read(notes: Option<serde_json::Value>) -> Result<Self, Error> {
        match notes {
            None => Ok(Self::default()),
            Some(notes) => serde_json::from_value(notes).map_err(Error::internal),
        }
    }

    /// Adds what was read; an entry that was read twice, as between two pages, is as it was last.
    pub(super) fn add(&mut self, entries: &[PostedEntry]) {
        let new: BTreeSet<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
        self.there.retain(|entry| !new.contains(entry.id.as_str()));
        self.there.extend(entries.iter().map(Noted::from));
    }

    /// Adds what single entries are like now: those that were asked for and are not there are absent.
    pub(super) fn answer(&mut self, asked: &[String], found: &[PostedEntry]) {
        self.there.retain(|entry| !asked.contains(&entry.id));
        self.add(found);
        for id in asked {
            self.asked.insert(id.clone());
            if !self.there.iter().any(|entry| entry.id == *id) {
                self.absent.insert(id.clone());
            }
        }
        self.to_ask.retain(|id| !asked.contains(id));
    }

    /// Whether it is known of an entry that it is there, or that it is not.
    pub(super) fn knows(&self, id: &str) -> bool {
        self.deleted.contains(id)
            || self.absent.contains(id)
            || self.there.iter().any(|entry| entry.id == id)
    }

    /// The ids of which it is known.
    pub(super) fn known_ids(&self) -> Vec<String> {
        let there = self.there.iter().map(|entry| &entry.id);
        there
            .chain(&self.deleted)
            .chain(&self.absent)
            .cloned()
            .collect()
    }
}

impl From<&PostedEntry> for Noted {
    fn from(entry: &PostedEntry) -> Self {
        let marks = markers(entry.private_note.as_deref().unwrap_or_default());
        Self {
            id: entry.id.clone(),
            number: entry.document_number.clone(),
            date: entry.accounting_date,
            marks: marks
                .into_iter()
                .map(|(event, hash)| (event.to_string(), hash))
                .collect(),
            lines: entry
                .lines
                .iter()
                .map(|line| {
                    let is_debit = line.posting == Posting::Debit;
                    (line.account_id.clone(), is_debit, line.amount.clone())
                })
                .collect(),
        }
    }
}

impl Noted {
    /// The events whose markers it carries.
    pub(super) fn events(&self) -> impl Iterator<Item = &str> {
        self.marks.iter().map(|(event, _)| event.as_str())
    }

    pub(super) fn theirs(&self) -> Theirs {
        Theirs {
            entry: Ref::from(self.id.as_str()),
            content: Content {
                number: self.number.clone(),
                date: self.date,
                lines: self.lines.iter().map(line).collect(),
            },
            marks: self
                .marks
                .iter()
                .map(|(event, hash)| Mark {
                    event: Ref::from(event.as_str()),
                    hash: hash.clone(),
                })
                .collect(),
        }
    }
}

fn line((account, is_debit, amount): &(String, bool, String)) -> PostedLine {
    PostedLine {
        account: Ref::from(account.as_str()),
        side: if *is_debit {
            accounting::Side::Debit
        } else {
            accounting::Side::Credit
        },
        amount: amount.clone(),
    }
}
