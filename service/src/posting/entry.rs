//! Between an entry of the accounting rules and one of QuickBooks: drafting it, and telling whether one found is ours.

use super::identity;
use crate::error::Error;
use accounting::{Amount, Currency, JournalEntry, Line, Side};
use chrono::NaiveDate;
use entity::connection::Model as Connection;
use entity::id::EventId;
use quickbooks::{
    Charset, CompanyInfo, DraftLine, DraftedEntry, JournalEntryDraft, PostedEntry, Posting,
    normalise_amount,
};

/// An entry's bytes, and what its content hashes to.
pub(crate) struct Sealed {
    pub(crate) body: Vec<u8>,
    pub(crate) content_hash: String,
}

/// Fixes the bytes of an entry.
pub(crate) fn seal(event: EventId, number: &str, entry: &JournalEntry, charset: Charset) -> Sealed {
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
        body: draft.to_body(charset),
        content_hash,
    }
}

/// The entry that sealed bytes post, without its note and the words of its lines' meaning: what it does to the books.
///
/// # Errors
/// The bytes are not of an entry that was sealed here.
pub(crate) fn unseal(body: &[u8], currency: Currency) -> Result<JournalEntry, Error> {
    let drafted = DraftedEntry::read(body).map_err(Error::internal)?;
    let lines = drafted
        .lines
        .into_iter()
        .map(|line| {
            Ok(Line {
                account: line.account_id.into(),
                side: match line.posting {
                    Posting::Debit => Side::Debit,
                    Posting::Credit => Side::Credit,
                },
                amount_minor: Amount::parse(&line.amount, currency)
                    .map_err(Error::internal)?
                    .minor,
                description: line.description,
                department: line.department_id.map(Into::into),
                class: line.class_id.map(Into::into),
            })
        })
        .collect::<Result<_, Error>>()?;
    JournalEntry::new(drafted.accounting_date, currency, None, lines).map_err(Error::internal)
}

/// What a company's books can spell: US companies take ISO-8859-1 only.
pub(crate) fn charset(connection: &Connection) -> Charset {
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

#[cfg(test)]
mod tests {
    use super::*;
    use accounting::Ref;

    #[test]
    fn what_was_sealed_unseals_to_the_same_effect_in_any_currency() {
        for code in ["USD", "JPY", "KWD"] {
            let currency: Currency = code.parse().unwrap();
            let line = |account: &str, side| Line {
                account: account.into(),
                side,
                amount_minor: 199_905,
                description: "Sales: apparel".to_owned(),
                department: Some(Ref::from("7")),
                class: None,
            };
            let lines = vec![line("1", Side::Debit), line("2", Side::Credit)];
            let date = "2026-11-20".parse().unwrap();
            let entry = JournalEntry::new(date, currency, None, lines).unwrap();
            let sealed = seal(EventId::new(), "104233", &entry, Charset::Latin1);
            assert_eq!(unseal(&sealed.body, currency).unwrap(), entry, "{code}");
        }
    }
}
