//! Reconciliation: what stands in the books is compared with what was posted, and what is not as it was left is told. Nothing
//! is mended here, and no event changes its status: a person decides.
//!
//! A run is a row. It goes through the turns of its tenant, behind all posting, a metered read at a time: first what changed
//! of late (change data capture), then, of its window, the days that this does not reach. `run` takes one step.

mod compare;
mod daily;
mod find;
mod finding;
mod notes;
mod plan;
mod record;
mod run;
mod words;

pub use daily::daily;
pub use find::{FindingQuery, accept, csv, list as list_findings, read as read_finding};
pub use finding::{DifferenceField, Finding, FindingDifference, FindingKind, FindingState};
pub(crate) use run::{Step, run};

use crate::access::Caller;
use crate::bell::{self, Urgency};
use crate::cursor::{Cursors, Page, PageQuery};
use crate::error::Error;
use crate::{Service, audit, connection, list_import};
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use entity::connection::Model as Connection;
use entity::id::{ReconciliationId, TenantId};
use entity::reconciliation::{Column, Entity, Model};
use entity::store::TenantTx;
use sea_orm::{ColumnTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Reads a run may use in a day where nobody says otherwise.
pub const READS_PER_DAY: u32 = 100;
/// Reads that all runs of a tenant may use in a day: reads are metered over all tenants together.
pub const READS_PER_DAY_MAX: u32 = 1000;

/// A reconciliation to be made.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateReconciliation {
    /// The first accounting date of the window; it belongs to it.
    #[schema(example = "2026-11-01")]
    pub from_date: NaiveDate,
    /// The last accounting date of the window; it belongs to it.
    #[schema(example = "2026-11-15")]
    pub to_date: NaiveDate,
    /// Metered reads of QuickBooks that it may use in a day, 1 to 1000; left out: 100. When they are spent it goes on the
    /// next day.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1000, example = 100)]
    pub reads_per_day: Option<u32>,
}

/// A comparison of the books with what was posted, and how far it is.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Reconciliation {
    /// Its id.
    pub id: ReconciliationId,
    /// The first accounting date of its window; none where it looks only at what changed since the last look.
    pub from_date: Option<NaiveDate>,
    /// The last accounting date of its window.
    pub to_date: Option<NaiveDate>,
    /// Where it stands.
    pub state: State,
    /// The next accounting date it reads, where days are still to be read.
    pub next_date: Option<NaiveDate>,
    /// Metered reads it may use in a day.
    #[schema(example = 100)]
    pub reads_per_day: i32,
    /// Metered reads it has used.
    #[schema(example = 4)]
    pub reads_used: i32,
    /// Entries it has read in QuickBooks.
    #[schema(example = 3021)]
    pub entries_read: i64,
    /// What it found and nobody has accepted.
    pub findings: FindingCounts,
    /// Findings that it saw again although somebody has accepted them.
    pub accepted: i32,
    /// Why it waits or failed.
    pub problem: Option<String>,
    /// Who asked for it; `tillpost` for the daily look.
    pub requested_by: String,
    /// When.
    pub requested_at: DateTime<Utc>,
    /// When it goes on, where it waits.
    pub due_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
}

/// How many findings of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct FindingCounts {
    /// Ours that QuickBooks does not hold any more, without telling of a deletion.
    pub missing: i32,
    /// Ours that were deleted in QuickBooks.
    pub deleted: i32,
    /// Entries that carry the mark of an event that has one.
    pub duplicated: i32,
    /// Ours that say something else than they were posted with.
    pub edited: i32,
    /// Entries that pass for ours.
    pub foreign: i32,
}

impl FindingCounts {
    /// All of them.
    #[must_use]
    pub fn sum(self) -> i32 {
        self.missing + self.deleted + self.duplicated + self.edited + self.foreign
    }
}

/// Where a reconciliation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReconciliationState)]
pub enum State {
    /// It waits for its turn.
    Queued,
    /// It reads and compares.
    Running,
    /// The reads of its day are spent; it goes on by itself.
    Paused,
    /// It has compared everything.
    Finished,
    /// It could not be done.
    Failed,
}

impl From<Model> for Reconciliation {
    fn from(row: Model) -> Self {
        let state = match row.state.as_str() {
            "queued" => State::Queued,
            "running" => State::Running,
            "paused" => State::Paused,
            "finished" => State::Finished,
            _ => State::Failed,
        };
        Self {
            id: row.id,
            from_date: row.from_date,
            to_date: row.to_date,
            state,
            next_date: row.next_date.filter(|_| row.finished_at.is_none()),
            reads_per_day: row.reads_per_day,
            reads_used: row.reads_used,
            entries_read: row.entries_read,
            findings: FindingCounts {
                missing: row.missing,
                deleted: row.deleted,
                duplicated: row.duplicated,
                edited: row.edited,
                foreign: row.strange,
            },
            accepted: row.accepted,
            problem: row.problem_detail,
            requested_by: row.requested_by,
            requested_at: row.requested_at,
            due_at: row.due_at,
            finished_at: row.finished_at,
        }
    }
}

/// Queues a comparison of the window's days, both ends included; a worker runs it in the tenant's turns, behind all posting.
///
/// # Errors
/// `invalid_window`, `invalid_read_budget`, `not_connected`.
pub async fn create(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    request: CreateReconciliation,
) -> Result<Reconciliation, Error> {
    let (from, to) = window(request.from_date, request.to_date)?;
    let reads = request.reads_per_day.unwrap_or(READS_PER_DAY);
    if !(1..=READS_PER_DAY_MAX).contains(&reads) {
        return Err(Error::invalid(
            "invalid_read_budget",
            "reads_per_day",
            format!("{reads} reads in a day: allow 1 to {READS_PER_DAY_MAX}"),
        ));
    }
    let tx = service.tenant(tenant).await?;
    let company = connection::company(&tx).await?;
    if company.state == "disconnected" {
        return Err(Error::conflict(
            "not_connected",
            "the QuickBooks company is disconnected; connect it again first",
        ));
    }
    let window = Some((from, to));
    let id = queue(&tx, &company.company_id, window, reads, caller.actor()).await?;
    audit::record(
        &tx,
        caller.actor(),
        "reconciliation.created",
        &id.to_string(),
        serde_json::json!({ "from_date": from, "to_date": to, "reads_per_day": reads }),
    )
    .await?;
    let made = row(&tx, id).await?;
    tx.commit().await?;
    service.ring_for(tenant, Urgency::Past).await;
    Ok(view(made, Some(&company)))
}

async fn queue(
    tx: &TenantTx,
    company_id: &str,
    window: Option<(NaiveDate, NaiveDate)>,
    reads: u32,
    actor: &str,
) -> Result<ReconciliationId, Error> {
    let id = ReconciliationId::new();
    let (from, to) = window.unzip();
    tx.execute(
        "INSERT INTO reconciliation (tenant_id, id, company_id, from_date, to_date, reads_per_day, requested_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        vec![
            id.into(),
            company_id.into(),
            from.into(),
            to.into(),
            i32::try_from(reads).unwrap_or(i32::MAX).into(),
            actor.into(),
        ],
    )
    .await?;
    bell::wake_for(tx, Urgency::Past).await?;
    Ok(id)
}

/// A reconciliation.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn read(
    service: &Service,
    tenant: TenantId,
    id: ReconciliationId,
) -> Result<Reconciliation, Error> {
    let tx = service.tenant(tenant).await?;
    let row = row(&tx, id).await?;
    let connection = connection::current(&tx).await?;
    Ok(view(row, connection.as_ref()))
}

// A run says what it waits for: what keeps us from the company comes before what it met there last.
fn view(row: Model, connection: Option<&Connection>) -> Reconciliation {
    let in_the_way = match row.finished_at {
        None => list_import::at(connection, &row.company_id),
        Some(_) => None,
    };
    let run = Reconciliation::from(row);
    Reconciliation {
        problem: in_the_way.or(run.problem),
        ..run
    }
}

async fn row(tx: &TenantTx, id: ReconciliationId) -> Result<Model, Error> {
    tx.one(tx.find::<Entity>().filter(Column::Id.eq(id)))
        .await?
        .ok_or(Error::NotFound)
}

/// The tenant's reconciliations, newest first, the daily looks among them.
///
/// # Errors
/// `invalid_cursor`, `invalid_limit`.
pub async fn list(
    service: &Service,
    tenant: TenantId,
    query: &PageQuery,
) -> Result<Page<Reconciliation>, Error> {
    let tx = service.tenant(tenant).await?;
    let cursors = Cursors::of(service, tenant, "reconciliations");
    let read = query.newest_first(
        cursors,
        tx.find::<Entity>(),
        Column::RequestedAt,
        Column::Id,
    )?;
    let rows = tx.all(read).await?;
    let connection = connection::current(&tx).await?;
    Ok(query.page(
        cursors,
        rows,
        |row| (row.requested_at, row.id.0),
        |row| view(row, connection.as_ref()),
    ))
}

fn window(from: NaiveDate, to: NaiveDate) -> Result<(NaiveDate, NaiveDate), Error> {
    for (field, date) in [("from_date", from), ("to_date", to)] {
        if !(1990..=2100).contains(&date.year()) {
            return Err(Error::invalid(
                "invalid_window",
                field,
                format!("{date} is no accounting date: write a day from 1990 to 2100"),
            ));
        }
    }
    if from > to {
        return Err(Error::invalid(
            "invalid_window",
            "to_date",
            format!("the window ends ({to}) before it begins ({from})"),
        ));
    }
    Ok((from, to))
}
