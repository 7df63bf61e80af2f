//! Events as they stand: listed, read with their entry and attempts, and previewed without posting.

pub(crate) mod counts;
mod export;
mod filter;
mod find;
pub(crate) mod history;
mod link;
mod list;
mod position;
mod preview;
mod read;

use crate::Service;
use crate::error::Error;
use crate::problem::Problem;
use chrono::{DateTime, NaiveDate, Utc};
pub use counts::{COUNTS, EventCounts, ProblemCount, StatusCount, counts};
use entity::event::{Column, Entity, Model};
use entity::id::{EventId, PastSyncId, TenantId};
use entity::store::TenantTx;
pub use export::{Export, HEADER, export};
pub use filter::EventFilter;
pub use history::{Happened, HistoryRecord};
pub use list::{Sql, list, statements};
pub use preview::{Preview, PreviewedEntry, PreviewedLine, preview};
pub use read::{Attempt, EventDetail, JournalEntry, read};
use sea_orm::{ColumnTrait, FromQueryResult, QueryFilter};
use serde::Serialize;
use utoipa::ToSchema;

/// The statuses of an event.
pub const STATUSES: [&str; 6] = [
    "never_synced",
    "not_synced",
    "processing",
    "synced",
    "failed",
    "skipped",
];

/// A financial event, and where it stands.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// The source's own id.
    #[schema(example = "tkt_1001")]
    pub external_id: String,
    /// Its kind of transaction.
    #[serde(rename = "type")]
    #[schema(example = "ticket")]
    pub kind: String,
    /// Its number, which is its journal entry's too.
    #[schema(example = "100001")]
    pub number: String,
    /// How often its body was replaced, from 1.
    pub version: i32,
    /// When it occurred.
    pub occurred_at: DateTime<Utc>,
    /// The accounting date.
    pub business_date: NaiveDate,
    /// The store that made it.
    #[schema(example = "boston")]
    pub location: Option<String>,
    /// Where it stands: `never_synced`, `not_synced`, `processing`, `synced`, `failed` or `skipped`.
    #[schema(example = "synced")]
    pub status: String,
    /// What is wrong, or why there was nothing to post.
    pub problem: Option<Problem>,
    /// The past sync that queued it.
    pub past_sync_id: Option<PastSyncId>,
    /// When it was taken in.
    pub taken_in_at: DateTime<Utc>,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
    /// When its entry was in the books.
    pub synced_at: Option<DateTime<Utc>>,
}

/// What is read of an event where many are: everything but its body.
#[derive(Debug, FromQueryResult)]
struct Row {
    tenant_id: TenantId,
    id: EventId,
    external_id: String,
    r#type: String,
    number: String,
    version: i32,
    occurred_at: DateTime<Utc>,
    business_date: NaiveDate,
    location: Option<String>,
    status: String,
    problem_code: Option<String>,
    problem_detail: Option<String>,
    problem_facts: Option<serde_json::Value>,
    past_sync_id: Option<PastSyncId>,
    taken_in_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    synced_at: Option<DateTime<Utc>>,
}

/// The columns of [`Row`].
const COLUMNS: &str = "e.tenant_id, e.id, e.external_id, e.type, e.number, e.version, e.occurred_at, e.business_date, e.location, e.status,
  e.problem_code, e.problem_detail, e.problem_facts, e.past_sync_id, e.taken_in_at, e.updated_at, e.synced_at";

impl From<Row> for Event {
    fn from(row: Row) -> Self {
        let problem = Problem::stored(
            row.tenant_id,
            row.id,
            row.problem_code.as_deref(),
            row.problem_detail.as_deref(),
            row.problem_facts,
        );
        Self {
            id: row.id,
            external_id: row.external_id,
            kind: row.r#type,
            number: row.number,
            version: row.version,
            occurred_at: row.occurred_at,
            business_date: row.business_date,
            location: row.location,
            status: row.status,
            problem,
            past_sync_id: row.past_sync_id,
            taken_in_at: row.taken_in_at,
            updated_at: row.updated_at,
            synced_at: row.synced_at,
        }
    }
}

impl From<Model> for Event {
    fn from(row: Model) -> Self {
        Row {
            tenant_id: row.tenant_id,
            id: row.id,
            external_id: row.external_id,
            r#type: row.r#type,
            number: row.number,
            version: row.version,
            occurred_at: row.occurred_at,
            business_date: row.business_date,
            location: row.location,
            status: row.status,
            problem_code: row.problem_code,
            problem_detail: row.problem_detail,
            problem_facts: row.problem_facts,
            past_sync_id: row.past_sync_id,
            taken_in_at: row.taken_in_at,
            updated_at: row.updated_at,
            synced_at: row.synced_at,
        }
        .into()
    }
}

/// Where a person looks at an entry in QuickBooks.
pub(crate) fn entry_link(service: &Service, qbo_id: &str) -> Option<String> {
    link::to_entry(&service.settings().quickbooks_app_url, qbo_id)
}

pub(crate) async fn row(tx: &TenantTx, id: EventId) -> Result<Model, Error> {
    tx.one(tx.find::<Entity>().filter(Column::Id.eq(id)))
        .await?
        .ok_or(Error::NotFound)
}
