//! An account of the company's chart.

use serde::Deserialize;

use crate::posted::WireRef;

/// An account. Types are open strings because QuickBooks adds new ones.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "WireAccount")]
pub struct Account {
    /// QuickBooks' id, unique in the company.
    pub id: String,
    /// The name alone; an inactive account's may end in ` (deleted)`.
    pub name: String,
    /// The name with its parents', `Parent:Child`.
    pub fully_qualified_name: String,
    /// The number people gave it.
    pub number: Option<String>,
    /// Text for people.
    pub description: Option<String>,
    /// False once it was made inactive, which is QuickBooks' way to delete.
    pub active: bool,
    /// `Asset`, `Equity`, `Expense`, `Liability`, `Revenue`.
    pub classification: Option<String>,
    /// Such as `Other Current Liability`.
    pub account_type: Option<String>,
    /// Such as `SalesTaxPayable`.
    pub account_sub_type: Option<String>,
    /// The account it is a part of.
    pub parent_id: Option<String>,
    /// ISO 4217.
    pub currency: Option<String>,
    /// Counts the account's changes.
    pub sync_token: Option<String>,
}

/// The types of accounts that a company's chart knows, as QuickBooks spells them.
pub const ACCOUNT_TYPES: [&str; 15] = [
    "Bank",
    "Accounts Receivable",
    "Other Current Asset",
    "Fixed Asset",
    "Other Asset",
    "Accounts Payable",
    "Credit Card",
    "Other Current Liability",
    "Long Term Liability",
    "Equity",
    "Income",
    "Other Income",
    "Expense",
    "Other Expense",
    "Cost of Goods Sold",
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireAccount {
    id: String,
    name: String,
    fully_qualified_name: Option<String>,
    acct_num: Option<String>,
    description: Option<String>,
    active: Option<bool>,
    classification: Option<String>,
    account_type: Option<String>,
    account_sub_type: Option<String>,
    parent_ref: Option<WireRef>,
    currency_ref: Option<WireRef>,
    sync_token: Option<String>,
}

impl From<WireAccount> for Account {
    fn from(wire: WireAccount) -> Self {
        Self {
            fully_qualified_name: wire
                .fully_qualified_name
                .unwrap_or_else(|| wire.name.clone()),
            id: wire.id,
            name: wire.name,
            number: wire.acct_num,
            description: wire.description,
            active: wire.active.unwrap_or(true),
            classification: wire.classification,
            account_type: wire.account_type,
            account_sub_type: wire.account_sub_type,
            parent_id: wire.parent_ref.map(|parent| parent.value),
            currency: wire.currency_ref.map(|currency| currency.value),
            sync_token: wire.sync_token,
        }
    }
}
