//! Importing Locations and Classes: queued by a person, run in the tenant's turn, every page or nothing.

use super::{Kept, Kind, row};
use crate::access::Caller;
use crate::cursor::{Cursors, Page, PageQuery};
use crate::error::Error;
use crate::list_import::{self, Imports};
use crate::posting::Turn;
use crate::{Service, alert, audit, bell, connection};
use chrono::{DateTime, TimeDelta, Utc};
use entity::dimension_import::{Column, Entity, Model};
use entity::id::{DimensionImportId, TenantId};
use entity::store::TenantTx;
use quickbooks::{Cause, Failure, PAGE_ROWS_MAX};
use sea_orm::{ColumnTrait, QueryFilter};
use serde::Serialize;
use utoipa::ToSchema;

/// Where an import of Locations and Classes stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DimensionImportState)]
pub enum ImportState {
    /// It waits for its turn.
    Queued,
    /// QuickBooks is being read.
    Running,
    /// Both lists were read to their ends.
    Done,
    /// It ended without; the message says why.
    Failed,
}

/// One import of the company's Locations and Classes.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DimensionImport {
    /// Its id.
    pub id: DimensionImportId,
    /// Where it stands.
    pub state: ImportState,
    /// Locations read so far.
    pub locations_read: i32,
    /// Classes read so far.
    pub classes_read: i32,
    /// The same in plain words, and what to do where there is something to do.
    #[schema(example = "2 Locations and 1 Class were imported.")]
    pub message: String,
    /// A stable code of why it failed.
    #[schema(example = "plan_lacks_feature")]
    pub problem_code: Option<String>,
    /// Who asked for it: a key's id, or `tillpost` itself.
    pub requested_by: String,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
}

impl DimensionImport {
    fn of(row: Model, in_the_way: Option<String>) -> Self {
        let state = match row.state.as_str() {
            "running" => ImportState::Running,
            "done" => ImportState::Done,
            "failed" => ImportState::Failed,
            _ => ImportState::Queued,
        };
        Self {
            id: row.id,
            state,
            message: in_the_way.unwrap_or_else(|| message(state, &row)),
            locations_read: row.locations_read,
            classes_read: row.classes_read,
            problem_code: row.problem_code,
            requested_by: row.requested_by,
            requested_at: row.requested_at,
            finished_at: row.finished_at,
        }
    }
}

const NONE: &str = "This company has no Locations and no Classes in QuickBooks. Turn location tracking on there (Account and \
     settings, Advanced, Categories), add them (All lists, Locations), and import again. Until then entries are posted \
     without a Location, and nothing fails for it.";

const PLAN: &str = "The company's QuickBooks plan has no Locations and Classes: they come with QuickBooks Online Plus and \
     Advanced. Change the plan and import again, or do without: entries are posted without a Location, and nothing fails \
     for it.";

fn message(state: ImportState, row: &Model) -> String {
    let read = format!(
        "{} and {}",
        counted(row.locations_read, "Location", "Locations"),
        counted(row.classes_read, "Class", "Classes")
    );
    let total = row.locations_read + row.classes_read;
    let why = row.problem_detail.as_deref();
    match (state, why) {
        (ImportState::Failed, Some(why)) => why.to_owned(),
        (ImportState::Failed, None) => "The import failed; ask for another.".to_owned(),
        (ImportState::Queued, Some(why)) => format!("It is tried again by itself: {why}"),
        (ImportState::Queued, None) => "It waits for its turn.".to_owned(),
        (ImportState::Running, _) => format!("QuickBooks is being read: {read} so far."),
        (ImportState::Done, _) if total == 0 => NONE.to_owned(),
        (ImportState::Done, _) => {
            let were = if total == 1 { "was" } else { "were" };
            format!("{read} {were} imported.")
        }
    }
}

fn counted(count: i32, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

/// Queues an import of all Locations and Classes, active and inactive; a worker runs it at once. Where one waits for its turn
/// already, it is that one.
///
/// # Errors
/// `not_connected`.
pub async fn import(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
) -> Result<DimensionImport, Error> {
    let tx = service.tenant(tenant).await?;
    let company = connection::company(&tx).await?;
    if company.state == "disconnected" {
        return Err(Error::conflict(
            "not_connected",
            "the QuickBooks company is disconnected; connect it again first",
        ));
    }
    let joined = list_import::waiting(&tx, Imports::Dimensions, &company.company_id).await?;
    let (row, happened) = match joined {
        Some(id) => {
            let row = import_row(&tx, DimensionImportId(id)).await?;
            (row, "dimension_import.joined")
        }
        None => {
            let row = queue_import(&tx, &company.company_id, caller.actor()).await?;
            (row, "dimension_import.created")
        }
    };
    let (subject, nothing) = (row.id.to_string(), serde_json::json!({}));
    audit::record(&tx, caller.actor(), happened, &subject, nothing).await?;
    bell::wake(&tx).await?;
    let import = told(&tx, row).await?;
    tx.commit().await?;
    service.ring(tenant).await;
    Ok(import)
}

/// Queues an import for whoever asks.
///
/// # Errors
/// The database's.
pub(crate) async fn queue_import(
    tx: &TenantTx,
    company_id: &str,
    actor: &str,
) -> Result<Model, Error> {
    tx.query_as::<Model>(
        "INSERT INTO dimension_import (tenant_id, id, company_id, requested_by) VALUES ($1, $2, $3, $4) RETURNING *",
        vec![
            DimensionImportId::new().into(),
            company_id.into(),
            actor.into(),
        ],
    )
    .await?
    .pop()
    .ok_or(Error::NotFound)
}

/// Where an import stands.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn read_import(
    service: &Service,
    tenant: TenantId,
    id: DimensionImportId,
) -> Result<DimensionImport, Error> {
    let tx = service.tenant(tenant).await?;
    let row = import_row(&tx, id).await?;
    told(&tx, row).await
}

async fn told(tx: &TenantTx, row: Model) -> Result<DimensionImport, Error> {
    let in_the_way = list_import::in_the_way(tx, &row.company_id, &row.state).await?;
    Ok(DimensionImport::of(row, in_the_way))
}

/// The imports of the tenant's Locations and Classes, newest first.
///
/// # Errors
/// `invalid_cursor`, `invalid_limit`.
pub async fn list_imports(
    service: &Service,
    tenant: TenantId,
    query: &PageQuery,
) -> Result<Page<DimensionImport>, Error> {
    let tx = service.tenant(tenant).await?;
    let cursors = Cursors::of(service, tenant, "dimension imports");
    let read = tx.find::<Entity>();
    let read = query.newest_first(cursors, read, Column::RequestedAt, Column::Id)?;
    let rows = tx.all(read).await?;
    let page = query.page(cursors, rows, |row| (row.requested_at, row.id.0), |row| row);
    let mut items = Vec::with_capacity(page.items.len());
    for row in page.items {
        items.push(told(&tx, row).await?);
    }
    Ok(Page {
        items,
        next_cursor: page.next_cursor,
    })
}

async fn import_row(tx: &TenantTx, id: DimensionImportId) -> Result<Model, Error> {
    tx.one(tx.find::<Entity>().filter(Column::Id.eq(id)))
        .await?
        .ok_or(Error::NotFound)
}

/// What became of an import that a turn took up.
pub(crate) enum ImportRun {
    Nothing,
    /// It ended, well or not.
    Ended,
    /// The pace of the company does not allow it now; the import stays due.
    Later,
    /// QuickBooks would not answer; the failure decides when to try again.
    Failed(DimensionImportId, Failure),
}

/// Runs the import that has waited longest, reading every page of both lists; they change only when all were read.
///
/// # Errors
/// The database's.
pub(crate) async fn run_import(turn: &Turn<'_>) -> Result<ImportRun, Error> {
    let company_id = &turn.lease.company_id;
    let tx = turn.tx().await?;
    let waiting = tx
        .query_as::<Model>(
            "UPDATE dimension_import SET state = 'running', problem_detail = NULL WHERE {mine} AND id = (
               SELECT id FROM dimension_import WHERE {mine} AND company_id = $2 AND state IN ('queued', 'running')
                  AND due_at <= tillpost_now() ORDER BY due_at LIMIT 1)
             RETURNING *",
            vec![company_id.clone().into()],
        )
        .await?
        .pop();
    let Some(import) = waiting else {
        return Ok(ImportRun::Nothing);
    };
    tx.commit().await?;
    let mut lists = [Vec::new(), Vec::new()];
    for place in [0, 1] {
        loop {
            let start = u32::try_from(lists[place].len() + 1).map_err(Error::internal)?;
            if !turn.may_ask().await {
                return Ok(ImportRun::Later);
            }
            let page = match place {
                0 => turn.company().departments(start).await,
                _ => turn.company().classes(start).await,
            };
            match page {
                Ok(page) => {
                    let rows = page.value.len();
                    lists[place].extend(page.value);
                    progress(turn, import.id, lists[0].len(), lists[1].len()).await?;
                    if rows < PAGE_ROWS_MAX {
                        break;
                    }
                }
                Err(failure) if failure.cause == Cause::PlanLacksFeature => {
                    let tx = turn.tx().await?;
                    fail(&tx, import.id, "plan_lacks_feature", PLAN).await?;
                    tx.commit().await?;
                    return Ok(ImportRun::Ended);
                }
                Err(failure) => return Ok(ImportRun::Failed(import.id, failure)),
            }
        }
    }
    let tx = turn.tx().await?;
    let [locations, classes] = &lists;
    row::write(&tx, company_id, Kind::Location, locations, Kept::OnlyThese).await?;
    row::write(&tx, company_id, Kind::Class, classes, Kept::OnlyThese).await?;
    tx.execute(
        "UPDATE dimension_import SET state = 'done', due_at = NULL, finished_at = tillpost_now() WHERE {mine} AND id = $2",
        vec![import.id.into()],
    )
    .await?;
    alert::review(&tx).await?;
    tx.commit().await?;
    tracing::info!(
        tenant.id = %turn.tenant,
        "imported {} locations and {} classes", locations.len(), classes.len()
    );
    Ok(ImportRun::Ended)
}

async fn progress(
    turn: &Turn<'_>,
    id: DimensionImportId,
    locations: usize,
    classes: usize,
) -> Result<(), Error> {
    let count = |rows| i32::try_from(rows).unwrap_or(i32::MAX);
    let tx = turn.tx().await?;
    tx.execute(
        "UPDATE dimension_import SET locations_read = $3, classes_read = $4 WHERE {mine} AND id = $2",
        vec![id.into(), count(locations).into(), count(classes).into()],
    )
    .await?;
    tx.commit().await?;
    Ok(())
}

async fn fail(tx: &TenantTx, id: DimensionImportId, code: &str, why: &str) -> Result<(), Error> {
    tx.execute(
        "UPDATE dimension_import SET state = 'failed', due_at = NULL, finished_at = tillpost_now(), problem_code = $3,
           problem_detail = $4 WHERE {mine} AND id = $2",
        vec![id.into(), code.into(), why.into()],
    )
    .await?;
    Ok(())
}

/// Puts a failed import off, or ends it for good with the reason.
///
/// # Errors
/// The database's.
pub(crate) async fn put_off(
    tx: &TenantTx,
    id: DimensionImportId,
    retry_in: Option<TimeDelta>,
    why: &str,
) -> Result<(), Error> {
    let Some(wait) = retry_in else {
        return fail(
            tx,
            id,
            "rejected",
            &format!("QuickBooks refused to tell: {why}."),
        )
        .await;
    };
    tx.execute(
        "UPDATE dimension_import SET state = 'queued', due_at = tillpost_now() + make_interval(secs => $3), problem_detail = $4
          WHERE {mine} AND id = $2",
        vec![id.into(), (wait.num_seconds() as f64).into(), why.into()],
    )
    .await?;
    Ok(())
}
