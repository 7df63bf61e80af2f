//! Between an entry of the accounting rules and one of QuickBooks: drafting it, and telling whether one found is ours.

use super::identity;
use accounting::{Amount, JournalEntry, Side};
use chrono::NaiveDate;
use entity::connection::Model as Connection;
use entity::id::EventId;
use quickbooks::{
    Charset, CompanyInfo, DraftLine, JournalEntryDraft, PostedEntry, Posting, normalise_amount,
};

/// An entry's bytes, and what its content hashes to.
pub(crate) struct Sealed {
    pub(crate) body: Vec<u8>,
    pub(crate) content_hash: String,
}

/// Fixes the bytes of an entry.
pub(crate) fn seal(
    event: EventId,
    number: &str,
    entry: &JournalEntry,
    connection: &Connection,
) -> Sealed {
    let lines: Vec<DraftLine> = entry
        .lines()
        .iter()
        .map(|line| DraftLine {
            account_id: line.account.as_str().to_owned(),
            posting: posting(line.side),
            amount: Amount::of_minor(line.amount_minor, entry.currency()).to_string(),
            description: line.description.clone(),
            department_id: line
                .department
                .as_ref()
                .map(|department| department.as_str().to_owned()),
            class_id: line.class.as_ref().map(|class| class.as_str().to_owned()),
        })
        .collect();
    let spelt = lines
        .iter()
        .map(|line| spell(&line.account_id, line.posting, &line.amount))
        .collect();
    let content_hash = hash(number, entry.date(), spelt);
    let draft = JournalEntryDraft {
        document_number: number.to_owned(),
        accounting_date: entry.date(),
        memo: entry.note().unwrap_or_default().to_owned(),
        marker: identity::marker(event, &content_hash),
        currency: None,
        lines,
    };
    Sealed {
        body: draft.to_body(charset(connection)),
        content_hash,
    }
}

// US companies take ISO-8859-1 only.
fn charset(connection: &Connection) -> Charset {
    CompanyInfo {
        name: connection.company_name.clone(),
        legal_name: None,
        country: connection.country.clone(),
    }
    .charset()
}

fn posting(side: Side) -> Posting {
    match side {
        Side::Debit => Posting::Debit,
        Side::Credit => Posting::Credit,
    }
}

fn spell(account_id: &str, posting: Posting, amount: &str) -> String {
    let side = match posting {
        Posting::Debit => "debit",
        Posting::Credit => "credit",
    };
    format!(
        "{account_id} {side} {}",
        normalise_amount(amount).unwrap_or_else(|| amount.to_owned())
    )
}

/// Whether an entry found under the number is the sealed one: its marker names the event and this content, and its number,
/// date and lines still hash to it.
pub(crate) fn is_ours(
    found: &PostedEntry,
    event: EventId,
    number: &str,
    content_hash: &str,
) -> bool {
    found.carries(&identity::marker(event, content_hash))
        && content_of(found, number) == content_hash
}

fn content_of(found: &PostedEntry, number: &str) -> String {
    let spelt = found
        .lines
        .iter()
        .map(|line| spell(&line.account_id, line.posting, &line.amount))
        .collect();
    hash(number, found.accounting_date, spelt)
}

// Sorted: that QuickBooks keeps the order of lines is not promised.
fn hash(number: &str, date: NaiveDate, mut lines: Vec<String>) -> String {
    lines.sort_unstable();
    identity::content_hash(
        [number.to_owned(), date.to_string()]
            .into_iter()
            .chain(lines),
    )
}
