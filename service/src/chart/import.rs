//! Importing the chart of accounts: queued by a person, run in the tenant's turn, every page or nothing.

use super::look;
use super::rows::{self, Source};
use crate::access::Caller;
use crate::cursor::{Cursors, Page, PageQuery};
use crate::error::Error;
use crate::list_import::{self, Imports};
use crate::posting::Turn;
use crate::{Service, alert, audit, bell, connection, problem};
use chrono::{DateTime, Utc};
use entity::account_import;
use entity::id::{AccountImportId, TenantId};
use entity::store::TenantTx;
use quickbooks::{Failure, PAGE_ROWS_MAX};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::{ColumnTrait, QueryFilter};
use serde::Serialize;
use utoipa::ToSchema;

/// One import of the chart of accounts.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AccountImport {
    /// Its id.
    pub id: AccountImportId,
    /// `queued`, `running`, `done` or `failed`.
    #[schema(example = "done")]
    pub state: String,
    /// Accounts read so far.
    pub accounts_read: i32,
    /// Why it failed, or what it waits for.
    pub problem: Option<String>,
    /// Who asked for it: a key's id, or `tillpost` itself.
    pub requested_by: String,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
}

impl AccountImport {
    fn of(row: account_import::Model, in_the_way: Option<String>) -> Self {
        Self {
            id: row.id,
            state: row.state,
            accounts_read: row.accounts_read,
            problem: in_the_way.or(row.problem_detail),
            requested_by: row.requested_by,
            requested_at: row.requested_at,
            finished_at: row.finished_at,
        }
    }
}

/// Queues an import of the whole chart, active and inactive; a worker runs it at once. Where one waits for its turn already, it
/// is that one.
///
/// # Errors
/// `not_connected`.
pub async fn import(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
) -> Result<AccountImport, Error> {
    let tx = service.tenant(tenant).await?;
    let company = connection::company(&tx).await?;
    if company.state == "disconnected" {
        return Err(Error::conflict(
            "not_connected",
            "the QuickBooks company is disconnected; connect it again first",
        ));
    }
    let joined = list_import::waiting(&tx, Imports::Accounts, &company.company_id).await?;
    let (id, happened) = match joined {
        Some(id) => (AccountImportId(id), "account_import.joined"),
        None => {
            let id = queue_import(&tx, &company.company_id, caller.actor()).await?;
            (id, "account_import.created")
        }
    };
    let (subject, nothing) = (id.to_string(), serde_json::json!({}));
    audit::record(&tx, caller.actor(), happened, &subject, nothing).await?;
    bell::wake(&tx).await?;
    let import = told(&tx, id).await?;
    tx.commit().await?;
    service.ring(tenant).await;
    Ok(import)
}

/// Where an import stands.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn read_import(
    service: &Service,
    tenant: TenantId,
    id: AccountImportId,
) -> Result<AccountImport, Error> {
    let tx = service.tenant(tenant).await?;
    told(&tx, id).await
}

/// The imports of the tenant's charts, newest first.
///
/// # Errors
/// `invalid_cursor`, `invalid_limit`.
pub async fn list_imports(
    service: &Service,
    tenant: TenantId,
    query: &PageQuery,
) -> Result<Page<AccountImport>, Error> {
    let tx = service.tenant(tenant).await?;
    let cursors = Cursors::of(service, tenant, "account imports");
    let (at, id) = (
        account_import::Column::RequestedAt,
        account_import::Column::Id,
    );
    let read = tx.find::<account_import::Entity>();
    let rows = tx.all(query.newest_first(cursors, read, at, id)?).await?;
    let page = query.page(cursors, rows, |row| (row.requested_at, row.id.0), |row| row);
    let mut items = Vec::with_capacity(page.items.len());
    for row in page.items {
        items.push(view(&tx, row).await?);
    }
    Ok(Page {
        items,
        next_cursor: page.next_cursor,
    })
}

async fn told(tx: &TenantTx, id: AccountImportId) -> Result<AccountImport, Error> {
    let find = tx
        .find::<account_import::Entity>()
        .filter(account_import::Column::Id.eq(id));
    let row = tx.one(find).await?.ok_or(Error::NotFound)?;
    view(tx, row).await
}

async fn view(tx: &TenantTx, row: account_import::Model) -> Result<AccountImport, Error> {
    let in_the_way = list_import::in_the_way(tx, &row.company_id, &row.state).await?;
    Ok(AccountImport::of(row, in_the_way))
}

pub(crate) async fn queue_import(
    tx: &TenantTx,
    company_id: &str,
    actor: &str,
) -> Result<AccountImportId, Error> {
    let id = AccountImportId::new();
    tx.insert(account_import::ActiveModel {
        tenant_id: Set(tx.tenant()),
        id: Set(id),
        company_id: Set(company_id.to_owned()),
        requested_by: Set(actor.to_owned()),
        state: NotSet,
        accounts_read: NotSet,
        problem_code: NotSet,
        problem_detail: NotSet,
        requested_at: NotSet,
        due_at: NotSet,
        finished_at: NotSet,
    })
    .await?;
    Ok(id)
}

/// What became of an import that a turn took up.
pub(crate) enum Imported {
    Nothing,
    Done,
    /// The pace of the company does not allow it now; the import stays due.
    Later,
    /// QuickBooks would not answer; the failure decides when to try again.
    Failed(AccountImportId, Failure),
}

/// Runs the import that has waited longest, reading every page; the chart changes only when all were read.
pub(crate) async fn run_import(turn: &Turn<'_>) -> Result<Imported, Error> {
    let company_id = &turn.lease.company_id;
    let tx = turn.tx().await?;
    let waiting = tx
        .query_as::<account_import::Model>(
            "UPDATE account_import SET state = 'running' WHERE {mine} AND id = (
               SELECT id FROM account_import WHERE {mine} AND company_id = $2 AND state IN ('queued', 'running')
                  AND due_at <= tillpost_now() ORDER BY due_at LIMIT 1)
             RETURNING *",
            vec![company_id.clone().into()],
        )
        .await?
        .pop();
    let Some(import) = waiting else {
        return Ok(Imported::Nothing);
    };
    tx.commit().await?;
    let mut accounts = Vec::new();
    loop {
        let start = u32::try_from(accounts.len() + 1).map_err(Error::internal)?;
        if !turn.may_ask().await {
            return Ok(Imported::Later);
        }
        match turn.company().accounts(start).await {
            Ok(page) => {
                let rows = page.value.len();
                accounts.extend(page.value);
                progress(turn, import.id, accounts.len()).await?;
                if rows < PAGE_ROWS_MAX {
                    break;
                }
            }
            Err(failure) => return Ok(Imported::Failed(import.id, failure)),
        }
    }
    let tx = turn.tx().await?;
    rows::write(&tx, company_id, &accounts, Source::Import).await?;
    look::begin(&tx, company_id).await?;
    problem::tell(&tx, company_id).await?;
    tx.execute(
        "UPDATE account_import SET state = 'done', accounts_read = $3, due_at = NULL, problem_detail = NULL, finished_at = tillpost_now()
          WHERE {mine} AND id = $2",
        vec![import.id.into(), i32::try_from(accounts.len()).unwrap_or(i32::MAX).into()],
    )
    .await?;
    alert::review(&tx).await?;
    tx.commit().await?;
    tracing::info!(tenant.id = %turn.tenant, "imported {} accounts", accounts.len());
    Ok(Imported::Done)
}

async fn progress(turn: &Turn<'_>, id: AccountImportId, accounts: usize) -> Result<(), Error> {
    let tx = turn.tx().await?;
    tx.execute(
        "UPDATE account_import SET accounts_read = $3 WHERE {mine} AND id = $2",
        vec![
            id.into(),
            i32::try_from(accounts).unwrap_or(i32::MAX).into(),
        ],
    )
    .await?;
    tx.commit().await?;
    Ok(())
}

/// Puts a failed import off, or ends it for good with the reason.
pub(crate) async fn put_off(
    tx: &TenantTx,
    id: AccountImportId,
    retry_in: Option<chrono::TimeDelta>,
    why: &str,
) -> Result<(), Error> {
    match retry_in {
        Some(wait) => {
            tx.execute(
                "UPDATE account_import SET state = 'queued', due_at = tillpost_now() + make_interval(secs => $3), problem_detail = $4
                  WHERE {mine} AND id = $2",
                vec![id.into(), (wait.num_seconds() as f64).into(), why.into()],
            )
            .await?
        }
        None => {
            tx.execute(
                "UPDATE account_import SET state = 'failed', due_at = NULL, finished_at = tillpost_now(), problem_detail = $3
                  WHERE {mine} AND id = $2",
                vec![id.into(), why.into()],
            )
            .await?
        }
    };
    Ok(())
}
