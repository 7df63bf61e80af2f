//! An account to be opened.

use serde::Serialize;

/// An account to be opened. QuickBooks refuses a name of more than 100 characters, one with `"` or `:`,
/// and one that an active account has ([`Cause::NameTaken`](crate::Cause::NameTaken)).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct NewAccount {
    /// The name alone, without its parents'.
    pub name: String,
    /// The number people give it; at most 7 characters in most countries, 20 in some.
    #[serde(rename = "AcctNum", skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Such as `Other Current Liability`.
    pub account_type: String,
    /// Such as `SalesTaxPayable`; the type's own default when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_sub_type: Option<String>,
    /// The id of the account it becomes a part of.
    #[serde(skip)]
    pub parent_id: Option<String>,
}

#[derive(Serialize)]
struct Wire<'a> {
    #[serde(flatten)]
    account: &'a NewAccount,
    #[serde(rename = "SubAccount", skip_serializing_if = "Option::is_none")]
    is_part: Option<bool>,
    #[serde(rename = "ParentRef", skip_serializing_if = "Option::is_none")]
    parent: Option<Parent<'a>>,
}

#[derive(Serialize)]
struct Parent<'a> {
    value: &'a str,
}

impl NewAccount {
    /// The request's body: the same account gives the same bytes.
    pub(crate) fn to_body(&self) -> Vec<u8> {
        let wire = Wire {
            account: self,
            is_part: self.parent_id.as_ref().map(|_| true),
            parent: self.parent_id.as_deref().map(|value| Parent { value }),
        };
        serde_json::to_vec(&wire).expect("texts into memory cannot fail")
    }
}
