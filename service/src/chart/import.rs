//! Importing the chart of accounts: queued by a person, run in the tenant's turn, every page or nothing.

use crate::access::Caller;
use crate::error::Error;
use crate::posting::Turn;
use crate::{Service, bell, connection, problem};
use chrono::{DateTime, Utc};
use entity::account_import;
use entity::id::{AccountId, AccountImportId, TenantId};
use entity::store::TenantTx;
use quickbooks::{Failure, PAGE_ROWS_MAX};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::{ColumnTrait, QueryFilter, Value};
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
    /// Why it failed.
    pub problem: Option<String>,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
}

impl From<account_import::Model> for AccountImport {
    fn from(row: account_import::Model) -> Self {
        Self {
            id: row.id,
            state: row.state,
            accounts_read: row.accounts_read,
            problem: row.problem_detail,
            requested_at: row.requested_at,
            finished_at: row.finished_at,
        }
    }
}

/// Queues an import of the whole chart, active and inactive; a worker runs it at once.
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
    let id = queue_import(&tx, &company.company_id, caller.actor()).await?;
    bell::wake(&tx).await?;
    let row = import_row(&tx, id).await?;
    tx.commit().await?;
    service.ring(tenant).await;
    Ok(row.into())
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
    Ok(import_row(&tx, id).await?.into())
}

async fn import_row(tx: &TenantTx, id: AccountImportId) -> Result<account_import::Model, Error> {
    tx.one(
        tx.find::<account_import::Entity>()
            .filter(account_import::Column::Id.eq(id)),
    )
    .await?
    .ok_or(Error::NotFound)
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
                if rows < PAGE_ROWS_MAX {
                    break;
                }
            }
            Err(failure) => return Ok(Imported::Failed(import.id, failure)),
        }
    }
    let tx = turn.tx().await?;
    replace(&tx, company_id, &accounts).await?;
    problem::tell(&tx, company_id).await?;
    tx.execute(
        "UPDATE account_import SET state = 'done', accounts_read = $3, due_at = NULL, finished_at = tillpost_now()
          WHERE {mine} AND id = $2",
        vec![import.id.into(), i32::try_from(accounts.len()).unwrap_or(i32::MAX).into()],
    )
    .await?;
    tx.commit().await?;
    tracing::info!(tenant.id = %turn.tenant, "imported {} accounts", accounts.len());
    Ok(Imported::Done)
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

// Accounts keep their ids, and so their mappings; one deleted locally is back; one that is no longer there is inactive.
async fn replace(
    tx: &TenantTx,
    company_id: &str,
    accounts: &[quickbooks::Account],
) -> Result<(), Error> {
    // An array that is bound holds no nulls: what is absent goes as an empty text.
    let texts = |of: fn(&quickbooks::Account) -> Option<String>| -> Value {
        accounts
            .iter()
            .map(|account| of(account).unwrap_or_default())
            .collect::<Vec<String>>()
            .into()
    };
    let ids: Vec<uuid::Uuid> = accounts.iter().map(|_| AccountId::new().0).collect();
    tx.execute(
        "INSERT INTO account (tenant_id, id, company_id, qbo_id, name, fully_qualified_name, number, account_type,
           account_sub_type, classification, currency, active)
         SELECT $1, a.id, $2, a.qbo_id, a.name, a.fully_qualified_name, nullif(a.number, ''), a.account_type,
           nullif(a.account_sub_type, ''), nullif(a.classification, ''), nullif(a.currency, ''), a.active
           FROM unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::bool[])
             AS a(id, qbo_id, name, fully_qualified_name, number, account_type, account_sub_type, classification, currency, active)
         ON CONFLICT (tenant_id, company_id, qbo_id) DO UPDATE SET name = excluded.name,
           fully_qualified_name = excluded.fully_qualified_name, number = excluded.number,
           account_type = excluded.account_type, account_sub_type = excluded.account_sub_type,
           classification = excluded.classification, currency = excluded.currency, active = excluded.active,
           deleted_at = NULL, imported_at = tillpost_now()",
        vec![
            company_id.into(),
            ids.into(),
            texts(|a| Some(a.id.clone())),
            texts(|a| Some(a.name.clone())),
            texts(|a| Some(a.fully_qualified_name.clone())),
            texts(|a| a.number.clone()),
            texts(|a| a.account_type.clone()),
            texts(|a| a.account_sub_type.clone()),
            texts(|a| a.classification.clone()),
            texts(|a| a.currency.clone()),
            accounts.iter().map(|a| a.active).collect::<Vec<bool>>().into(),
        ],
    )
    .await?;
    tx.execute(
        "UPDATE account SET active = false WHERE {mine} AND company_id = $2 AND NOT (qbo_id = ANY($3))",
        vec![company_id.into(), accounts.iter().map(|a| a.id.clone()).collect::<Vec<_>>().into()],
    )
    .await?;
    Ok(())
}
