//! What can be asked for, by which properties, and what the rows say.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::quickbooks::account::{self, Account};
use crate::quickbooks::company::Company;
use crate::quickbooks::journal_entry::{self, Entry};
use crate::quickbooks::name_list::{Name, NameKind};
use crate::quickbooks::preferences;
use crate::quickbooks::switches::Switches;

use super::Cell;

/// An entity of the query language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entity {
    Account,
    JournalEntry,
    Name(NameKind),
    CompanyInfo,
    Preferences,
}

/// One object that a statement may answer with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Row<'a> {
    Account(&'a Account),
    Entry(&'a Entry),
    Name(&'a Name),
    CompanyInfo,
    Preferences,
}

impl Entity {
    /// The entity of this name, in any case.
    pub(super) fn find(name: &str) -> Option<Self> {
        let fixed = [
            Self::Account,
            Self::JournalEntry,
            Self::CompanyInfo,
            Self::Preferences,
        ];
        fixed
            .into_iter()
            .find(|entity| entity.name().eq_ignore_ascii_case(name))
            .or_else(|| NameKind::find(name).map(Self::Name))
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Account => "Account",
            Self::JournalEntry => "JournalEntry",
            Self::Name(kind) => kind.entity(),
            Self::CompanyInfo => "CompanyInfo",
            Self::Preferences => "Preferences",
        }
    }

    /// The properties a condition or an order may name.
    pub(super) fn filterable(self) -> &'static [&'static str] {
        match self {
            Self::Account => &[
                "Id",
                "Name",
                "SubAccount",
                "Classification",
                "FullyQualifiedName",
                "AccountType",
                "AccountSubType",
                "CurrentBalance",
                "CurrentBalanceWithSubAccounts",
                "ParentRef",
                "Description",
                "Active",
                "MetaData.CreateTime",
                "MetaData.LastUpdatedTime",
            ],
            Self::JournalEntry => &[
                "Id",
                "DocNumber",
                "TxnDate",
                "MetaData.CreateTime",
                "MetaData.LastUpdatedTime",
            ],
            Self::Name(NameKind::Customer | NameKind::Vendor) => &[
                "Id",
                "DisplayName",
                "Active",
                "MetaData.CreateTime",
                "MetaData.LastUpdatedTime",
            ],
            Self::Name(_) => &[
                "Id",
                "Name",
                "FullyQualifiedName",
                "Active",
                "MetaData.CreateTime",
                "MetaData.LastUpdatedTime",
            ],
            Self::CompanyInfo | Self::Preferences => &["Id"],
        }
    }

    /// Properties that exist and cannot be asked by.
    pub(super) fn shown_only(self) -> &'static [&'static str] {
        match self {
            Self::Account => &["AcctNum", "CurrencyRef", "SyncToken"],
            Self::JournalEntry => &[
                "PrivateNote",
                "Line",
                "Adjustment",
                "CurrencyRef",
                "SyncToken",
                "TotalAmt",
            ],
            Self::Name(_) => &["SyncToken"],
            Self::CompanyInfo => &["CompanyName", "LegalName", "Country"],
            Self::Preferences => &["AccountingInfoPrefs", "OtherPrefs"],
        }
    }

    /// All rows, by id; of journal entries only those of `numbers` when given.
    pub(crate) fn rows<'a>(self, company: &'a Company, numbers: Option<&[String]>) -> Vec<Row<'a>> {
        match self {
            Self::Account => company.accounts.iter().map(Row::Account).collect(),
            Self::JournalEntry => match numbers {
                // The empty number asks for entries without one, which the index does not know.
                Some(numbers) if numbers.iter().all(|number| !number.is_empty()) => {
                    let mut found: Vec<&Entry> = numbers
                        .iter()
                        .flat_map(|number| company.ledger.numbered(number))
                        .collect();
                    found.sort_by_key(|entry| entry.id);
                    found.dedup_by_key(|entry| entry.id);
                    found.into_iter().map(Row::Entry).collect()
                }
                _ => company.ledger.entries().map(Row::Entry).collect(),
            },
            Self::Name(kind) => company.names.of_kind(kind).map(Row::Name).collect(),
            Self::CompanyInfo => vec![Row::CompanyInfo],
            Self::Preferences => vec![Row::Preferences],
        }
    }

    /// The ids of what was deleted, and when.
    pub(crate) fn deleted(self, company: &Company) -> Vec<(u64, DateTime<Utc>)> {
        match self {
            Self::Account => company.accounts.removed().collect(),
            Self::JournalEntry => company.ledger.deleted().to_vec(),
            Self::Name(kind) => company.names.removed(kind).collect(),
            Self::CompanyInfo | Self::Preferences => Vec::new(),
        }
    }
}

impl Row<'_> {
    /// Whether lists show it without being asked for inactive ones.
    pub(super) fn is_active(&self) -> bool {
        match self {
            Self::Account(account) => account.active,
            Self::Name(name) => name.active,
            Self::Entry(_) | Self::CompanyInfo | Self::Preferences => true,
        }
    }

    /// When an entry was posted, for queries that lag behind.
    pub(super) fn appeared_at(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Entry(entry) => Some(entry.created),
            _ => None,
        }
    }

    /// When it was last changed; company information and preferences do not say.
    pub(crate) fn updated_at(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Account(account) => Some(account.updated),
            Self::Entry(entry) => Some(entry.updated),
            Self::Name(name) => Some(name.updated),
            Self::CompanyInfo | Self::Preferences => None,
        }
    }

    /// The value of a filterable property; absent when unset.
    pub(super) fn cell(&self, company: &Company, property: &str) -> Option<Cell> {
        match self {
            Self::Account(account) => account_cell(company, account, property),
            Self::Entry(entry) => match property {
                "Id" => Some(Cell::Text(entry.id.to_string())),
                "DocNumber" => entry.statement.doc_number.clone().map(Cell::Text),
                "TxnDate" => Some(Cell::Day(entry.statement.txn_date)),
                "MetaData.CreateTime" => Some(Cell::Instant(entry.created)),
                _ => Some(Cell::Instant(entry.updated)),
            },
            Self::Name(name) => match property {
                "Id" => Some(Cell::Text(name.id.to_string())),
                "Active" => Some(Cell::Flag(name.active)),
                "MetaData.CreateTime" => Some(Cell::Instant(name.created)),
                "MetaData.LastUpdatedTime" => Some(Cell::Instant(name.updated)),
                _ => Some(Cell::Text(name.shown())),
            },
            Self::CompanyInfo | Self::Preferences => Some(Cell::Text("1".to_owned())),
        }
    }

    /// The object as the API answers it.
    pub(crate) fn object(&self, company: &Company, switches: &Switches) -> Value {
        match self {
            Self::Account(account) => account::object(company, account),
            Self::Entry(entry) => journal_entry::object(company, entry, switches.total_amount),
            Self::Name(name) => name.object(),
            Self::CompanyInfo => company.info(),
            Self::Preferences => preferences::object(company),
        }
    }
}

fn account_cell(company: &Company, account: &Account, property: &str) -> Option<Cell> {
    let text = |text: &str| Some(Cell::Text(text.to_owned()));
    match property {
        "Id" => Some(Cell::Text(account.id.to_string())),
        "Name" => Some(Cell::Text(account.shown_name())),
        "FullyQualifiedName" => Some(Cell::Text(company.accounts.full_name(account))),
        "SubAccount" => Some(Cell::Flag(account.parent.is_some())),
        "Classification" => text(account.classification()),
        "AccountType" => text(&account.account_type),
        "AccountSubType" => text(&account.account_sub_type),
        "CurrentBalance" | "CurrentBalanceWithSubAccounts" => {
            Some(Cell::Number(company.ledger.shown_balance(account)))
        }
        "ParentRef" => account.parent.map(|parent| Cell::Text(parent.to_string())),
        "Description" => account.description.clone().map(Cell::Text),
        "Active" => Some(Cell::Flag(account.active)),
        "MetaData.CreateTime" => Some(Cell::Instant(account.created)),
        _ => Some(Cell::Instant(account.updated)),
    }
}
