//! A journal entry to be posted, and its exact bytes.

mod read;

pub use read::{DraftedEntry, UnreadableBody};

use std::io;

use chrono::NaiveDate;
use serde::Serialize;
use serde_json::ser::Formatter;
use serde_json::value::RawValue;

use crate::amount;
use crate::posted::Posting;
use crate::text::{
    self, Charset, DESCRIPTION_LENGTH_MAX, DOCUMENT_NUMBER_LENGTH_MAX, PRIVATE_NOTE_LENGTH_MAX,
};

/// A journal entry in our words, before it is fitted to what QuickBooks takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalEntryDraft {
    /// At most 21 characters; what a doubtful entry is later looked up by, so it should fit as it is.
    pub document_number: String,
    /// The day it counts for.
    pub accounting_date: NaiveDate,
    /// Text for people; gives way when the note is too long.
    pub memo: String,
    /// What makes the entry recognisably ours; the note ends with it and it is never cut for the memo's sake.
    pub marker: String,
    /// ISO 4217, for a company with several currencies.
    pub currency: Option<String>,
    /// At least a debit and a credit.
    pub lines: Vec<DraftLine>,
}

/// A line of a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftLine {
    /// The account's id.
    pub account_id: String,
    /// Which side.
    pub posting: Posting,
    /// Decimal text without a sign, such as `19.99`; goes out as a number with just these decimals.
    pub amount: String,
    /// Text for people; may be empty.
    pub description: String,
    /// The location's id.
    pub department_id: Option<String>,
    /// The class's id.
    pub class_id: Option<String>,
}

impl JournalEntryDraft {
    /// The request's body: the same draft gives the same bytes, always ASCII (other characters are
    /// escaped, so no server can misread the encoding) and within QuickBooks' lengths.
    ///
    /// An amount that is no plain decimal goes out as text, for QuickBooks to refuse: money is never
    /// guessed here.
    pub fn to_body(&self, charset: Charset) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(256 + 192 * self.lines.len());
        let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, Ascii);
        self.wire(charset)
            .serialize(&mut serializer)
            .expect("strings, a date and checked numbers into memory cannot fail");
        bytes
    }

    /// The note as [`to_body`](Self::to_body) sends it: memo, a space, marker.
    pub fn private_note(&self, charset: Charset) -> String {
        let marker = text::fit(&self.marker, charset, PRIVATE_NOTE_LENGTH_MAX);
        let room = PRIVATE_NOTE_LENGTH_MAX.saturating_sub(text::length(&marker) + 1);
        let memo = text::fit(&self.memo, charset, room);
        match (memo.is_empty(), marker.is_empty()) {
            (true, _) => marker,
            (_, true) => memo,
            _ => format!("{memo} {marker}"),
        }
    }

    fn wire(&self, charset: Charset) -> WireDraft {
        let reference = |id: &String| WireRef {
            value: text::fit(id, charset, usize::MAX),
        };
        let line = |line: &DraftLine| WireLine {
            amount: wire_amount(&line.amount, charset),
            detail_type: "JournalEntryLineDetail",
            description: text::fit(&line.description, charset, DESCRIPTION_LENGTH_MAX),
            journal_entry_line_detail: WireDetail {
                posting_type: line.posting,
                account_ref: reference(&line.account_id),
                class_ref: line.class_id.as_ref().map(reference),
                department_ref: line.department_id.as_ref().map(reference),
            },
        };
        WireDraft {
            doc_number: text::fit(&self.document_number, charset, DOCUMENT_NUMBER_LENGTH_MAX),
            txn_date: self.accounting_date,
            private_note: self.private_note(charset),
            currency_ref: self.currency.as_ref().map(reference),
            line: self.lines.iter().map(line).collect(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct WireDraft {
    #[serde(skip_serializing_if = "String::is_empty")]
    doc_number: String,
    txn_date: NaiveDate,
    #[serde(skip_serializing_if = "String::is_empty")]
    private_note: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency_ref: Option<WireRef>,
    line: Vec<WireLine>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct WireLine {
    amount: WireAmount,
    detail_type: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    journal_entry_line_detail: WireDetail,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct WireDetail {
    posting_type: Posting,
    account_ref: WireRef,
    #[serde(skip_serializing_if = "Option::is_none")]
    class_ref: Option<WireRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    department_ref: Option<WireRef>,
}

#[derive(Serialize)]
struct WireRef {
    value: String,
}

#[derive(Serialize)]
#[serde(untagged)]
enum WireAmount {
    Number(Box<RawValue>),
    Text(String),
}

fn wire_amount(amount: &str, charset: Charset) -> WireAmount {
    if amount::is_plain(amount) {
        RawValue::from_string(amount.to_owned())
            .map(WireAmount::Number)
            .expect("a plain decimal is a JSON number")
    } else {
        WireAmount::Text(text::fit(amount, charset, usize::MAX))
    }
}

/// Compact JSON whose every byte is ASCII.
struct Ascii;

impl Formatter for Ascii {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        for character in fragment.chars() {
            if character.is_ascii() {
                writer.write_all(&[character as u8])?;
                continue;
            }
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
