//! A finding as it is shown.

use crate::Service;
use crate::error::Error;
use crate::event::entry_link;
use accounting::reconciliation::{Difference, Kind};
use chrono::{DateTime, NaiveDate, Utc};
use entity::finding::Model;
use entity::id::{EventId, FindingId, ReconciliationId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Something in the books that is not as it was posted.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Finding {
    /// Its id.
    pub id: FindingId,
    /// What.
    pub kind: FindingKind,
    /// Whether it is still so.
    pub state: FindingState,
    /// What it is, in plain words.
    pub detail: String,
    /// The number of the entry that it is about.
    #[schema(example = "104233")]
    pub number: Option<String>,
    /// The day that it counts for: of ours, the one it was posted for.
    pub accounting_date: NaiveDate,
    /// The id of the entry in QuickBooks.
    #[schema(example = "228")]
    pub qbo_id: String,
    /// Where a person looks at it in QuickBooks.
    #[schema(example = "https://qbo.intuit.com/app/journal?txnId=228")]
    pub qbo_link: Option<String>,
    /// The event whose entry it is, or passes for.
    pub event_id: Option<EventId>,
    /// The id of our entry in QuickBooks, where another one is meant: it stands in its place, or beside it.
    pub our_qbo_id: Option<String>,
    /// The mark at the end of our entry's note. An entry that is entered again by hand counts as ours with it.
    pub mark: Option<String>,
    /// What it says and what it said. Of an entry that is gone: its lines.
    pub differences: Vec<FindingDifference>,
    /// The reconciliation that saw it last.
    pub reconciliation_id: ReconciliationId,
    /// When it was found.
    pub found_at: DateTime<Utc>,
    /// When it was seen last.
    pub seen_at: DateTime<Utc>,
    /// When somebody accepted it as it is.
    pub accepted_at: Option<DateTime<Utc>>,
    /// Who.
    pub accepted_by: Option<String>,
    /// When it was found to be gone.
    pub gone_at: Option<DateTime<Utc>>,
}

/// What a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// Ours is not in QuickBooks any more, and QuickBooks does not tell of a deletion.
    Missing,
    /// Ours was deleted in QuickBooks.
    Deleted,
    /// An entry carries the mark of an event that has one.
    Duplicated,
    /// Ours says something else than it was posted with.
    Edited,
    /// An entry passes for ours.
    Foreign,
}

/// Whether a finding is still so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FindingState {
    /// It is, and nobody has accepted it.
    Open,
    /// It is, and somebody has said that it is well so.
    Accepted,
    /// It is not.
    Gone,
}

/// One thing that an entry says otherwise than it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FindingDifference {
    /// What differs.
    pub field: DifferenceField,
    /// Of an amount: the account, as the chart names it.
    #[serde(default)]
    #[schema(example = "4000 Sales Apparel")]
    pub account: Option<String>,
    /// Of an amount: the account's id in QuickBooks.
    #[serde(default)]
    #[schema(example = "79")]
    pub account_qbo_id: Option<String>,
    /// Of an amount: `debit` or `credit`.
    #[serde(default)]
    #[schema(example = "credit")]
    pub side: Option<String>,
    /// As it was posted; none where there was none.
    #[serde(default)]
    #[schema(example = "50.00")]
    pub was: Option<String>,
    /// As it is; none where there is none.
    #[serde(default)]
    #[schema(example = "60.00")]
    pub is: Option<String>,
}

/// What may differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceField {
    /// The document number.
    Number,
    /// The date.
    Date,
    /// An amount on a side of an account.
    Amount,
    /// The mark in the note by which the entry is known to be ours.
    Mark,
}

impl FindingDifference {
    /// As it is shown; `name` names an account by its id in QuickBooks.
    pub(super) fn of(difference: &Difference, name: impl Fn(&str) -> String) -> Self {
        let plain = |field, was, is| Self {
            field,
            account: None,
            account_qbo_id: None,
            side: None,
            was,
            is,
        };
        match difference {
            Difference::Number { was, is } => {
                plain(DifferenceField::Number, was.clone(), is.clone())
            }
            Difference::Date { was, is } => plain(
                DifferenceField::Date,
                Some(was.to_string()),
                Some(is.to_string()),
            ),
            Difference::Line {
                account,
                side,
                was,
                is,
            } => Self {
                account: Some(name(account)),
                account_qbo_id: Some(account.to_string()),
                side: Some(side.as_str().to_owned()),
                ..plain(DifferenceField::Amount, was.clone(), is.clone())
            },
            Difference::Mark => plain(DifferenceField::Mark, None, None),
        }
    }
}

impl From<Kind> for FindingKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Missing => Self::Missing,
            Kind::Deleted => Self::Deleted,
            Kind::Duplicated => Self::Duplicated,
            Kind::Edited => Self::Edited,
            Kind::Foreign => Self::Foreign,
        }
    }
}

impl FindingKind {
    /// As it is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Deleted => "deleted",
            Self::Duplicated => "duplicated",
            Self::Edited => "edited",
            Self::Foreign => "foreign",
        }
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        Kind::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .map(Self::from)
    }
}

impl FindingState {
    /// As it is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Accepted => "accepted",
            Self::Gone => "gone",
        }
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        [Self::Open, Self::Accepted, Self::Gone]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

impl Finding {
    pub(super) fn of(service: &Service, row: Model) -> Result<Self, Error> {
        let strange = |what: &str| Error::internal(format!("finding {} has the {what}", row.id));
        Ok(Self {
            kind: FindingKind::read(&row.kind).ok_or_else(|| strange("kind of another version"))?,
            state: FindingState::read(&row.state)
                .ok_or_else(|| strange("state of another version"))?,
            differences: serde_json::from_value(row.differences).map_err(Error::internal)?,
            qbo_link: entry_link(service, &row.qbo_id),
            id: row.id,
            detail: row.detail,
            number: row.number,
            accounting_date: row.accounting_date,
            our_qbo_id: row.our_qbo_id.filter(|ours| *ours != row.qbo_id),
            qbo_id: row.qbo_id,
            event_id: row.event_id,
            mark: row.mark,
            reconciliation_id: row.reconciliation_id,
            found_at: row.found_at,
            seen_at: row.seen_at,
            accepted_at: row.accepted_at,
            accepted_by: row.accepted_by,
            gone_at: row.gone_at,
        })
    }
}
