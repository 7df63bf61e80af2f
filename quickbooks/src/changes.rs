//! What changed in a company's lists since a moment (change data capture).

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::account::Account;
use crate::dimension::Dimension;
use crate::list::List;
use crate::query::PAGE_ROWS_MAX;

/// What [`Company::changes`](crate::Company::changes) gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changes {
    /// All of it.
    Complete(Changed),
    /// The answer was full, so something may be missing: read the whole lists instead.
    TooMany,
}

/// Everything that changed, each object as it stands now, and what is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// New, changed and inactivated accounts.
    pub accounts: Vec<Account>,
    /// New, changed and inactivated locations.
    pub departments: Vec<Dimension>,
    /// New, changed and inactivated classes.
    pub classes: Vec<Dimension>,
    /// What no longer exists, as after two accounts were merged.
    pub deleted: Vec<(List, String)>,
    /// QuickBooks' own time of this answer. The next look asks from a little before it.
    pub answered_at: DateTime<Utc>,
}

/// The body of an answer. A list without a change is an empty object, and the order of the lists is
/// not promised.
#[derive(Deserialize)]
pub(crate) struct WireChanges {
    #[serde(rename = "CDCResponse")]
    response: Vec<WireResponse>,
    time: DateTime<chrono::FixedOffset>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireResponse {
    query_response: Vec<WireLists>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireLists {
    #[serde(default)]
    account: Vec<Row<Account>>,
    #[serde(default)]
    department: Vec<Row<Dimension>>,
    #[serde(default)]
    class: Vec<Row<Dimension>>,
    #[serde(rename = "maxResults")]
    rows: Option<usize>,
    #[serde(rename = "totalCount")]
    rows_in_all: Option<usize>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Row<T> {
    Gone {
        #[serde(rename = "status")]
        _status: Deleted,
        #[serde(rename = "Id")]
        id: String,
    },
    There(T),
}

#[derive(Deserialize)]
enum Deleted {
    Deleted,
}

impl From<WireChanges> for Changes {
    fn from(wire: WireChanges) -> Self {
        let mut changed = Changed {
            accounts: Vec::new(),
            departments: Vec::new(),
            classes: Vec::new(),
            deleted: Vec::new(),
            answered_at: wire.time.to_utc(),
        };
        let mut rows = 0;
        let lists = wire.response.into_iter().flat_map(|one| one.query_response);
        for lists in lists {
            rows += lists.account.len() + lists.department.len() + lists.class.len();
            if lists.rows_in_all > lists.rows {
                return Self::TooMany;
            }
            let deleted = &mut changed.deleted;
            sort(
                lists.account,
                List::Accounts,
                &mut changed.accounts,
                deleted,
            );
            sort(
                lists.department,
                List::Departments,
                &mut changed.departments,
                deleted,
            );
            sort(lists.class, List::Classes, &mut changed.classes, deleted);
        }
        if rows >= PAGE_ROWS_MAX {
            return Self::TooMany;
        }
        Self::Complete(changed)
    }
}

fn sort<T>(rows: Vec<Row<T>>, list: List, there: &mut Vec<T>, gone: &mut Vec<(List, String)>) {
    for row in rows {
        match row {
            Row::There(row) => there.push(row),
            Row::Gone { id, .. } => gone.push((list, id)),
        }
    }
}
