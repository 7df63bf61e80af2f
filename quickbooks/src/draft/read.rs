//! Reading a draft's own bytes back: what was sealed is what its bytes say, whatever was decided since.

use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::DraftLine;
use crate::posted::{Posting, WireRef};

/// What a request's body posts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftedEntry {
    /// `TxnDate`.
    pub accounting_date: NaiveDate,
    /// The lines, as they were drafted.
    pub lines: Vec<DraftLine>,
}

impl DraftedEntry {
    /// Reads a body that [`JournalEntryDraft::to_body`](super::JournalEntryDraft::to_body) wrote.
    ///
    /// # Errors
    /// It is not such a body; the message names the place and quotes nothing.
    pub fn read(body: &[u8]) -> Result<Self, UnreadableBody> {
        let wire: Wire = serde_json::from_slice(body).map_err(|error| UnreadableBody {
            line: error.line(),
            column: error.column(),
        })?;
        let lines = wire.line.into_iter().map(|line| {
            let detail = line.journal_entry_line_detail;
            DraftLine {
                account_id: detail.account_ref.value,
                posting: detail.posting_type,
                amount: line.amount.get().to_owned(),
                description: line.description,
                department_id: detail.department_ref.map(|reference| reference.value),
                class_id: detail.class_ref.map(|reference| reference.value),
            }
        });
        Ok(Self {
            accounting_date: wire.txn_date,
            lines: lines.collect(),
        })
    }
}

/// Bytes that are no body of a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body of a journal entry is unreadable at line {line} column {column}")]
pub struct UnreadableBody {
    line: usize,
    column: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Wire {
    txn_date: NaiveDate,
    line: Vec<WireLine>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireLine {
    amount: Box<RawValue>,
    #[serde(default)]
    description: String,
    journal_entry_line_detail: WireDetail,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireDetail {
    posting_type: Posting,
    account_ref: WireRef,
    class_ref: Option<WireRef>,
    department_ref: Option<WireRef>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Charset, JournalEntryDraft};

    #[test]
    fn a_body_reads_back_as_it_was_drafted() {
        let line = |account: &str, posting, amount: &str| DraftLine {
            account_id: account.to_owned(),
            posting,
            amount: amount.to_owned(),
            description: "Sales: caf\u{e9}".to_owned(),
            department_id: Some("7".to_owned()),
            class_id: None,
        };
        let draft = JournalEntryDraft {
            document_number: "104233".to_owned(),
            accounting_date: "2026-11-20".parse().unwrap(),
            memo: String::new(),
            marker: "[tp 1]".to_owned(),
            currency: None,
            lines: vec![
                line("1", Posting::Debit, "1999"),
                line("2", Posting::Credit, "1999"),
            ],
        };
        let read = DraftedEntry::read(&draft.to_body(Charset::Unicode)).unwrap();
        assert_eq!(read.accounting_date, draft.accounting_date);
        assert_eq!(read.lines, draft.lines);
    }

    #[test]
    fn other_bytes_are_told_by_their_place() {
        let error = DraftedEntry::read(b"{\"Line\":[]}").unwrap_err();
        assert!(error.to_string().contains("line 1 column"), "{error}");
    }
}
