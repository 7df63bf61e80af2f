//! A journal entry: what it holds and how the API shows it.

pub(crate) mod check;
pub(crate) mod write;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::amount::Amount;
use super::company::{Company, metadata};
use super::name_list::NameKind;

/// The side of an entry a line stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PostingType {
    /// The left side.
    Debit,
    /// The right side.
    Credit,
}

impl PostingType {
    /// The side's name in the API.
    pub(crate) fn wire(self) -> &'static str {
        match self {
            Self::Debit => "Debit",
            Self::Credit => "Credit",
        }
    }
}

/// What a line does to an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Posting {
    pub(crate) posting_type: PostingType,
    pub(crate) account_id: u64,
    pub(crate) department: Option<u64>,
    pub(crate) class: Option<u64>,
    pub(crate) entity: Option<(NameKind, u64)>,
}

/// One line; without a posting it only describes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) id: u64,
    pub(crate) amount: Amount,
    pub(crate) description: Option<String>,
    pub(crate) posting: Option<Posting>,
}

/// What an entry says, apart from its identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) doc_number: Option<String>,
    pub(crate) txn_date: NaiveDate,
    pub(crate) private_note: Option<String>,
    pub(crate) adjustment: bool,
    pub(crate) lines: Vec<Line>,
}

/// A posted entry.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) id: u64,
    pub(crate) sync_token: u64,
    pub(crate) created: DateTime<Utc>,
    pub(crate) updated: DateTime<Utc>,
    pub(crate) statement: Statement,
}

/// The `JournalEntry` object as the API answers it; `total_amount` adds the always-zero `TotalAmt`.
pub(crate) fn object(company: &Company, entry: &Entry, total_amount: bool) -> Value {
    let statement = &entry.statement;
    let mut object = json!({
        "Adjustment": statement.adjustment, "domain": "QBO", "sparse": false,
        "Id": entry.id.to_string(), "SyncToken": entry.sync_token.to_string(),
        "MetaData": metadata(entry.created, entry.updated),
        "TxnDate": statement.txn_date.to_string(), "CurrencyRef": company.currency_ref(),
        "Line": statement.lines.iter().map(|line| line_object(company, line)).collect::<Vec<_>>(),
        "TxnTaxDetail": {},
    });
    if let Some(number) = &statement.doc_number {
        object["DocNumber"] = json!(number);
    }
    if let Some(note) = &statement.private_note {
        object["PrivateNote"] = json!(note);
    }
    if total_amount {
        object["TotalAmt"] = json!(0);
    }
    object
}

fn line_object(company: &Company, line: &Line) -> Value {
    let mut object = json!({ "Id": line.id.to_string(), "Amount": line.amount.to_json() });
    if let Some(description) = &line.description {
        object["Description"] = json!(description);
    }
    match &line.posting {
        Some(posting) => {
            object["DetailType"] = json!("JournalEntryLineDetail");
            object["JournalEntryLineDetail"] = posting_object(company, posting);
        }
        None => {
            object["DetailType"] = json!("DescriptionOnly");
            object["DescriptionLineDetail"] = json!({});
        }
    }
    object
}

fn posting_object(company: &Company, posting: &Posting) -> Value {
    let account = company
        .accounts
        .get(posting.account_id)
        .map(|account| company.accounts.full_name(account));
    let mut object = json!({
        "PostingType": posting.posting_type.wire(),
        "AccountRef": { "value": posting.account_id.to_string(), "name": account },
    });
    let name = |kind: NameKind, id: u64| {
        let id = id.to_string();
        let shown = company.names.find(kind, &id).map(|name| name.shown());
        json!({ "value": id, "name": shown })
    };
    if let Some(id) = posting.department {
        object["DepartmentRef"] = name(NameKind::Department, id);
    }
    if let Some(id) = posting.class {
        object["ClassRef"] = name(NameKind::Class, id);
    }
    if let Some((kind, id)) = posting.entity {
        object["Entity"] = json!({ "Type": kind.entity(), "EntityRef": name(kind, id) });
    }
    object
}
