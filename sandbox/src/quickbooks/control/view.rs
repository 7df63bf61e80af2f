//! What the controls take and show.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::quickbooks::account::Account;
use crate::quickbooks::amount::Amount;
use crate::quickbooks::company::Company;
use crate::quickbooks::journal_entry::{Entry, Line, PostingType};
use crate::quickbooks::name_list::NameKind;

/// A company to found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewCompany {
    /// Its name.
    pub name: String,
    /// Its country, as two letters; books of `US` hold ISO-8859-1 only.
    #[serde(default = "united_states")]
    pub country: String,
    /// Its home currency.
    #[serde(default = "dollar")]
    pub home_currency: String,
    /// Its chart of accounts.
    #[serde(default)]
    pub accounts: Vec<NewAccount>,
    /// Its locations.
    #[serde(default)]
    pub departments: Vec<String>,
    /// Its classes.
    #[serde(default)]
    pub classes: Vec<String>,
    /// Its customers.
    #[serde(default)]
    pub customers: Vec<String>,
    /// Its vendors.
    #[serde(default)]
    pub vendors: Vec<String>,
}

impl NewCompany {
    /// A US company that keeps its books in dollars, without accounts.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            country: united_states(),
            home_currency: dollar(),
            ..Self::default()
        }
    }
}

fn united_states() -> String {
    "US".to_owned()
}

fn dollar() -> String {
    "USD".to_owned()
}

/// An account to open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// Its name, unique in the company.
    pub name: String,
    /// Its type, such as `Other Current Asset`.
    pub account_type: String,
    /// Its subtype; the type's default when absent.
    #[serde(default)]
    pub account_sub_type: Option<String>,
    /// Its number.
    #[serde(default)]
    pub number: Option<String>,
}

/// A company as the controls show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompanySummary {
    /// Its realm id.
    pub realm_id: String,
    /// Its name.
    pub name: String,
    /// Its country.
    pub country: String,
    /// Its home currency.
    pub home_currency: String,
    /// Up to when its books are closed.
    pub closed_until: Option<NaiveDate>,
    /// Whether its subscription has lapsed.
    pub subscription_lapsed: bool,
    /// How many journal entries it has.
    pub entries: usize,
    /// Its accounts.
    pub accounts: Vec<AccountSummary>,
    /// Its locations, classes, customers and vendors.
    pub names: Vec<SeededName>,
}

/// An account as the controls show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountSummary {
    /// Its id.
    pub id: String,
    /// Its number.
    pub number: Option<String>,
    /// Its name.
    pub name: String,
    /// Its type.
    pub account_type: String,
    /// Its subtype.
    pub account_sub_type: String,
    /// Whether it is active.
    pub active: bool,
}

/// A location, class, customer or vendor as the controls show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeededName {
    /// Which list it stands on.
    pub kind: NameKind,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it is active.
    pub active: bool,
}

impl CompanySummary {
    pub(crate) fn of(company: &Company) -> Self {
        let kinds = [
            NameKind::Department,
            NameKind::Class,
            NameKind::Customer,
            NameKind::Vendor,
        ];
        let names = kinds
            .into_iter()
            .flat_map(|kind| company.names.of_kind(kind))
            .map(|name| SeededName {
                kind: name.kind,
                id: name.id.to_string(),
                name: name.name.clone(),
                active: name.active,
            });
        Self {
            realm_id: company.realm_id.clone(),
            name: company.name.clone(),
            country: company.country.clone(),
            home_currency: company.home_currency.clone(),
            closed_until: company.closing.map(|closing| closing.date),
            subscription_lapsed: company.subscription_lapsed,
            entries: company.ledger.len(),
            accounts: company
                .accounts
                .iter()
                .map(|account| AccountSummary::of(company, account))
                .collect(),
            names: names.collect(),
        }
    }

    /// The id of the account with this number.
    pub fn account_id(&self, number: &str) -> Option<&str> {
        self.accounts
            .iter()
            .find(|account| account.number.as_deref() == Some(number))
            .map(|account| account.id.as_str())
    }

    /// The id of a location, class, customer or vendor of this name.
    pub fn name_id(&self, kind: NameKind, name: &str) -> Option<&str> {
        self.names
            .iter()
            .find(|seeded| seeded.kind == kind && seeded.name == name)
            .map(|seeded| seeded.id.as_str())
    }
}

impl AccountSummary {
    pub(crate) fn of(company: &Company, account: &Account) -> Self {
        Self {
            id: account.id.to_string(),
            number: account.number.clone(),
            name: company.accounts.full_name(account),
            account_type: account.account_type.clone(),
            account_sub_type: account.account_sub_type.clone(),
            active: account.active,
        }
    }
}

/// An entry to post from inside QuickBooks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewEntry {
    /// Its document number.
    #[serde(default)]
    pub doc_number: Option<String>,
    /// Its date.
    pub txn_date: NaiveDate,
    /// Its private note.
    #[serde(default)]
    pub private_note: Option<String>,
    /// Its lines, which balance.
    pub lines: Vec<NewLine>,
}

/// A line of an entry to post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewLine {
    /// The account's id.
    pub account_id: String,
    /// The side.
    pub posting_type: PostingType,
    /// The amount.
    pub amount: Amount,
    /// What it says.
    #[serde(default)]
    pub description: Option<String>,
}

/// A journal entry as the controls show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostedEntry {
    /// Its id.
    pub id: String,
    /// Its sync token.
    pub sync_token: String,
    /// Its document number.
    pub doc_number: Option<String>,
    /// Its date.
    pub txn_date: NaiveDate,
    /// Its private note.
    pub private_note: Option<String>,
    /// When it was posted.
    pub created: DateTime<Utc>,
    /// When it was last changed.
    pub updated: DateTime<Utc>,
    /// Its lines that post.
    pub lines: Vec<PostedLine>,
}

/// A line as the controls show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostedLine {
    /// The account's id.
    pub account_id: String,
    /// The account's number.
    pub account_number: Option<String>,
    /// The account's name.
    pub account_name: String,
    /// The side.
    pub posting_type: PostingType,
    /// The amount.
    pub amount: Amount,
    /// What it says.
    pub description: Option<String>,
    /// The id of its location.
    pub department_id: Option<String>,
    /// The id of its class.
    pub class_id: Option<String>,
}

impl PostedEntry {
    pub(crate) fn of(company: &Company, entry: &Entry) -> Self {
        let statement = &entry.statement;
        Self {
            id: entry.id.to_string(),
            sync_token: entry.sync_token.to_string(),
            doc_number: statement.doc_number.clone(),
            txn_date: statement.txn_date,
            private_note: statement.private_note.clone(),
            created: entry.created,
            updated: entry.updated,
            lines: statement
                .lines
                .iter()
                .filter_map(|line| PostedLine::of(company, line))
                .collect(),
        }
    }

    pub(crate) fn number(&self) -> u64 {
        self.id.parse().expect("entry ids are numbers")
    }
}

impl PostedLine {
    fn of(company: &Company, line: &Line) -> Option<Self> {
        let posting = line.posting.as_ref()?;
        let account = company.accounts.get(posting.account_id)?;
        Some(Self {
            account_id: account.id.to_string(),
            account_number: account.number.clone(),
            account_name: company.accounts.full_name(account),
            posting_type: posting.posting_type,
            amount: line.amount,
            description: line.description.clone(),
            department_id: posting.department.map(|id| id.to_string()),
            class_id: posting.class.map(|id| id.to_string()),
        })
    }
}
