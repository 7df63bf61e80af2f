//! A journal entry as QuickBooks holds it.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::amount;

/// A journal entry as QuickBooks gave it back. It has no total on purpose: `TotalAmt` is always zero
/// or absent for journal entries, so compare the lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostedEntry {
    /// QuickBooks' id of the entry.
    pub id: String,
    /// Counts the entry's changes, from `0`.
    pub sync_token: String,
    /// `DocNumber`; what [`Company::journal_entries_numbered`](crate::Company::journal_entries_numbered) finds.
    pub document_number: Option<String>,
    /// `TxnDate`.
    pub accounting_date: NaiveDate,
    /// `PrivateNote`: the memo and our marker.
    pub private_note: Option<String>,
    /// ISO 4217; absent in a company with one currency.
    pub currency: Option<String>,
    /// The postings, in the entry's order; lines that are only a description are left out.
    pub lines: Vec<PostedLine>,
}

/// A line of a posted entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostedLine {
    /// The account's id.
    pub account_id: String,
    /// The account's full name, `Parent:Child`.
    pub account_name: Option<String>,
    /// Which side.
    pub posting: Posting,
    /// Never negative; normalised by [`normalise_amount`](crate::normalise_amount).
    pub amount: String,
    /// The line's text.
    pub description: Option<String>,
    /// The location, by QuickBooks' older name.
    pub department_id: Option<String>,
    /// The class.
    pub class_id: Option<String>,
}

/// The side of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Posting {
    /// Left.
    Debit,
    /// Right.
    Credit,
}

impl PostedEntry {
    /// True when the note holds this marker with nothing but blanks beside it, wherever it stands: a
    /// person may have written before or after it since.
    pub fn carries(&self, marker: &str) -> bool {
        let note = self.private_note.as_deref().unwrap_or_default();
        let stands_alone = |(start, found): (usize, &str)| {
            let before = note[..start].chars().next_back();
            let after = note[start + found.len()..].chars().next();
            [before, after]
                .into_iter()
                .flatten()
                .all(char::is_whitespace)
        };
        !marker.is_empty() && note.match_indices(marker).any(stands_alone)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct WireEntry {
    id: String,
    sync_token: String,
    doc_number: Option<String>,
    txn_date: NaiveDate,
    private_note: Option<String>,
    currency_ref: Option<WireRef>,
    line: Vec<WireLine>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireLine {
    amount: Option<Box<RawValue>>,
    description: Option<String>,
    journal_entry_line_detail: Option<WireDetail>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireDetail {
    posting_type: Posting,
    account_ref: WireRef,
    class_ref: Option<WireRef>,
    department_ref: Option<WireRef>,
}

#[derive(Deserialize)]
pub(crate) struct WireRef {
    pub(crate) value: String,
    pub(crate) name: Option<String>,
}

impl TryFrom<WireEntry> for PostedEntry {
    type Error = &'static str;

    /// # Errors
    /// A posting without an amount, or with one that is no decimal.
    fn try_from(wire: WireEntry) -> Result<Self, Self::Error> {
        let lines = wire.line.into_iter().filter_map(posted_line);
        Ok(Self {
            id: wire.id,
            sync_token: wire.sync_token,
            document_number: wire.doc_number,
            accounting_date: wire.txn_date,
            private_note: wire.private_note,
            currency: wire.currency_ref.map(|reference| reference.value),
            lines: lines.collect::<Result<_, _>>()?,
        })
    }
}

/// `None` for a line that posts nothing (`DescriptionOnly`).
fn posted_line(line: WireLine) -> Option<Result<PostedLine, &'static str>> {
    let detail = line.journal_entry_line_detail?;
    let amount = line
        .amount
        .and_then(|raw| amount::normalise(raw.get().trim_matches('"')))
        .ok_or("a line without a decimal amount");
    Some(amount.map(|amount| PostedLine {
        account_id: detail.account_ref.value,
        account_name: detail.account_ref.name,
        posting: detail.posting_type,
        amount,
        description: line.description,
        department_id: detail.department_ref.map(|reference| reference.value),
        class_id: detail.class_ref.map(|reference| reference.value),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(note: Option<&str>) -> PostedEntry {
        PostedEntry {
            id: "1".to_owned(),
            sync_token: "0".to_owned(),
            document_number: None,
            accounting_date: NaiveDate::default(),
            private_note: note.map(str::to_owned),
            currency: None,
            lines: Vec::new(),
        }
    }

    #[test]
    fn a_marker_is_found_alone_and_whole() {
        for note in [
            "[tp 1]",
            "memo [tp 1]",
            "memo [tp 1]\nchecked by Ann",
            "é[tp 1] [tp 1]",
        ] {
            assert!(noted(Some(note)).carries("[tp 1]"), "{note}");
        }
        for note in [
            None,
            Some(""),
            Some("[tp 12]"),
            Some("x[tp 1]"),
            Some("[tp 1]x"),
        ] {
            assert!(!noted(note).carries("[tp 1]"), "{note:?}");
        }
        assert!(!noted(Some("any")).carries(""));
    }
}
