//! What a dry run tells.

use super::{Effect, Lists, Numbers};
use crate::problem::Problem;
use crate::tenant::ClosedPeriod;
use chrono::{DateTime, NaiveDate, Utc};
use entity::id::EventId;
use serde::Serialize;
use utoipa::ToSchema;

/// What a past sync over a window would do, told without doing it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DryRun {
    /// The first business date of the window.
    pub from_date: NaiveDate,
    /// The last business date of the window.
    pub to_date: NaiveDate,
    /// The moment whose events, mapping and settings these are.
    pub as_of: DateTime<Utc>,
    /// How current the accounts, Locations and Classes are that the mapping was looked at against.
    pub lists: Lists,
    /// The never-synced events of the window.
    pub events: DryRunCounts,
    /// The same by type of transaction.
    pub types: Vec<DryRunType>,
    /// What cannot be posted and why, the most frequent first.
    pub problems: Vec<DryRunProblem>,
    /// What has nothing to post and why.
    pub skipped: Vec<DryRunProblem>,
    /// What lies in the closed period.
    pub closed_period: ClosedPeriodHits,
    /// Which numbers are taken in QuickBooks.
    pub numbers: Numbers,
    /// What the entries that can be posted do to the books.
    pub effect: Effect,
}

/// Events by what would become of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct DryRunCounts {
    /// All of them: what the past sync would queue.
    #[schema(example = 4)]
    pub total: u64,
    /// A new entry each.
    #[schema(example = 4)]
    pub post: u64,
    /// Their entry is in QuickBooks already, from before: they become synced without another one.
    #[schema(example = 0)]
    pub already_posted: u64,
    /// An answer to posting them was lost at an earlier time: they are looked up first. Not in the effect.
    #[schema(example = 0)]
    pub in_doubt: u64,
    /// Nothing to post.
    #[schema(example = 0)]
    pub skip: u64,
    /// They would fail: see the problems.
    #[schema(example = 0)]
    pub cannot_post: u64,
}

/// Events of one type by what would become of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DryRunType {
    /// The type of transaction.
    #[serde(rename = "type")]
    #[schema(example = "ticket")]
    pub kind: String,
    /// Its events.
    pub events: DryRunCounts,
}

/// A reason why events would not be posted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DryRunProblem {
    /// How many events have it.
    #[schema(example = 12)]
    pub events: u64,
    /// What it is, in the words of one of the events, and what to do.
    pub problem: Problem,
    /// The causes apart, the most frequent first: each slot and key without an account, each currency, each taken number. An
    /// event that lacks two slots stands under both. Empty where each event is its own case.
    pub causes: Vec<DryRunCause>,
    /// Events whose causes are not told apart here, because there are too many causes.
    #[schema(example = 0)]
    pub events_of_other_causes: u64,
    /// A few of the events.
    pub examples: Vec<EventId>,
}

/// One cause of a problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DryRunCause {
    /// What it is.
    #[schema(example = "payment[paypal]")]
    pub cause: String,
    /// How many events it keeps from the books.
    #[schema(example = 12)]
    pub events: u64,
    /// A few of them.
    pub examples: Vec<EventId>,
}

/// What lies in the closed period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ClosedPeriodHits {
    /// The last day of the closed period; none where nothing is closed.
    pub closing_date: Option<NaiveDate>,
    /// What becomes of an event dated in it.
    pub policy: ClosedPeriod,
    /// Events dated in it that could be posted otherwise.
    #[schema(example = 0)]
    pub events: u64,
    /// The earliest of their dates.
    pub first_date: Option<NaiveDate>,
    /// The latest of their dates.
    pub last_date: Option<NaiveDate>,
    /// The day they would be dated instead; none where they would fail.
    pub dated: Option<NaiveDate>,
    /// What this means, in words; none where no event lies there.
    pub detail: Option<String>,
    /// When the closing date was read from QuickBooks: at this dry run, unless `read_closing_date` was false or QuickBooks could not
    /// be asked.
    pub closing_date_read_at: DateTime<Utc>,
    /// Whether the closing date is in doubt: QuickBooks is asked for it before anything is posted.
    pub closing_date_in_doubt: bool,
}
