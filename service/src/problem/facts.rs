//! What a problem is about, for programs: what the words of its detail say, without reading them.

use crate::dimension::Kind;
use chrono::NaiveDate;
use entity::account;
use entity::id::{AccountId, DimensionId};
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// What a problem is about; only what is known of it is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = EventProblemFacts)]
pub struct Facts {
    /// What has no account.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub missing: Vec<MissingMapping>,
    /// The accounts that it is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub accounts: Vec<NamedAccount>,
    /// All accounts of the entry, where QuickBooks does not say which of them it means and the chart does not tell either.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub suspects: Vec<NamedAccount>,
    /// The Locations and Classes that it is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub dimensions: Vec<NamedDimension>,
    /// All Locations and Classes of the entry, where QuickBooks does not say whether it means one of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub suspect_dimensions: Vec<NamedDimension>,
    /// The number, where it is about that.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "104233")]
    pub number: Option<String>,
    /// The entry that holds the number in QuickBooks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub foreign_entry: Option<ForeignEntry>,
    /// The date that the entry would have in the books.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accounting_date: Option<NaiveDate>,
    /// The last day of the closed accounting periods, as QuickBooks' preferences say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closing_date: Option<NaiveDate>,
    /// The latest date that QuickBooks refused as closed although its preferences do not say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused_through: Option<NaiveDate>,
    /// The event's currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "CAD")]
    pub currency: Option<String>,
    /// The company's home currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "USD")]
    pub home_currency: Option<String>,
    /// The sum of the payments.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "51.00")]
    pub payments: Option<String>,
    /// The sum of the lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "50.00")]
    pub lines: Option<String>,
    /// Payments less lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "1.00")]
    pub difference: Option<String>,
    /// What QuickBooks said, with names for its ids.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quickbooks: Option<Said>,
}

/// A slot that has no account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = EventProblemMissing)]
pub struct MissingMapping {
    /// The slot.
    #[schema(example = "payment")]
    pub slot: String,
    /// The key, where the line has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "paypal")]
    pub key: Option<String>,
    /// The location of the line, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "boston")]
    pub location: Option<String>,
}

/// An account by its names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = EventProblemAccount)]
pub struct NamedAccount {
    /// Its id here; none where the chart of accounts does not hold it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    /// Its id in QuickBooks.
    #[schema(example = "79")]
    pub qbo_id: String,
    /// Its number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "4000")]
    pub number: Option<String>,
    /// Its name, with those above it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "Sales Apparel")]
    pub name: Option<String>,
    /// Its type in QuickBooks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "Income")]
    pub account_type: Option<String>,
}

/// A Location or a Class by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = EventProblemDimension)]
pub struct NamedDimension {
    /// Whether it is a Location or a Class.
    pub kind: Kind,
    /// Its id here; none where it was not imported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimension_id: Option<DimensionId>,
    /// Its id in QuickBooks.
    #[schema(example = "1")]
    pub qbo_id: String,
    /// Its name, with those above it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "Boston")]
    pub name: Option<String>,
}

/// `location Boston`.
impl fmt::Display for NamedDimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind.as_str();
        match &self.name {
            Some(name) => write!(f, "{kind} {name}"),
            None => write!(
                f,
                "a {kind} that was not imported (id {} in QuickBooks)",
                self.qbo_id
            ),
        }
    }
}

/// An entry in QuickBooks that is not ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = EventProblemEntry)]
pub struct ForeignEntry {
    /// Its id in QuickBooks.
    #[schema(example = "145")]
    pub qbo_id: String,
    /// Its date, where it was looked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accounting_date: Option<NaiveDate>,
}

/// What QuickBooks said when it refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = EventProblemQuotation)]
pub struct Said {
    /// The code of its fault.
    #[schema(example = "6210")]
    pub code: String,
    /// Its words.
    pub message: String,
}

impl NamedAccount {
    /// An account that the chart of accounts does not hold.
    pub(super) fn unknown(qbo_id: &str) -> Self {
        Self {
            account_id: None,
            qbo_id: qbo_id.to_owned(),
            number: None,
            name: None,
            account_type: None,
        }
    }
}

impl From<&account::Model> for NamedAccount {
    fn from(row: &account::Model) -> Self {
        // QuickBooks shows an inactive account's name so; it is inactive, not gone.
        let name = row.fully_qualified_name.replace(" (deleted)", "");
        Self {
            account_id: Some(row.id),
            qbo_id: row.qbo_id.clone(),
            number: row.number.clone(),
            name: Some(name),
            account_type: Some(row.account_type.clone()),
        }
    }
}

/// `account 4000 Sales Apparel`.
impl fmt::Display for NamedAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.number, &self.name) {
            (Some(number), Some(name)) => write!(f, "account {number} {name}"),
            (None, Some(name)) => write!(f, "account {name}"),
            (_, None) => write!(
                f,
                "an account that the chart of accounts does not hold (id {} in QuickBooks)",
                self.qbo_id
            ),
        }
    }
}
