//! The chart of accounts: listed, and deleted locally; a deleted account comes back with an import.

mod import;
mod look;
mod rows;

pub use import::{AccountImport, import, list_imports, read_import};
pub(crate) use import::{Imported, put_off, queue_import, run_import};
pub(crate) use look::{Looked, Question, is_fresh, known_at, learn, look, look_soon, look_today};

pub use quickbooks::ACCOUNT_TYPES;

use crate::access::Caller;
use crate::cursor::{Cursors, LIMIT_MAX};
use crate::error::Error;
use crate::{Service, alert, audit, connection};
use chrono::{DateTime, Utc};
use entity::account::{Column, Entity, Model};
use entity::id::{AccountId, TenantId};
use entity::store::TenantTx;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// An account of the company's chart.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Account {
    /// Its id, by which mappings name it.
    pub id: AccountId,
    /// Its id in QuickBooks.
    #[schema(example = "79")]
    pub qbo_id: String,
    /// Its number, where the company numbers its accounts.
    #[schema(example = "4000")]
    pub number: Option<String>,
    /// Its name.
    #[schema(example = "Sales Apparel")]
    pub name: String,
    /// Its name with those of its parents.
    #[schema(example = "Sales:Sales Apparel")]
    pub fully_qualified_name: String,
    /// As QuickBooks classifies it.
    #[schema(example = "Income")]
    pub account_type: String,
    /// As QuickBooks classifies it in detail.
    #[schema(example = "SalesOfProductIncome")]
    pub account_sub_type: Option<String>,
    /// False when it was made inactive in QuickBooks, or is gone there.
    pub active: bool,
    /// Since when it is not in QuickBooks any more, as after two accounts were merged; none where it is.
    pub vanished_at: Option<DateTime<Utc>>,
    /// When it was imported last.
    pub imported_at: DateTime<Utc>,
}

impl From<Model> for Account {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            qbo_id: row.qbo_id,
            number: row.number,
            name: row.name,
            fully_qualified_name: row.fully_qualified_name,
            account_type: row.account_type,
            account_sub_type: row.account_sub_type,
            active: row.active,
            vanished_at: row.vanished_at,
            imported_at: row.imported_at,
        }
    }
}

/// Which accounts of the chart.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AccountQuery {
    /// Only of this type, as QuickBooks names it, in any case: `Income`, `Bank`, …
    #[serde(rename = "type")]
    #[param(rename = "type")]
    pub account_type: Option<String>,
    /// Only whose number, full name and type together hold every word of this, in any order and any case; a part of a word is
    /// enough, as in `1200 card`.
    #[param(example = "1200 card")]
    pub search: Option<String>,
    /// Only active or only inactive ones.
    pub active: Option<bool>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Rows in the page, 1 to 200; left out: 200.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u64>,
}

/// The chart by full name; at most 200 a page.
///
/// # Errors
/// `not_connected`, `unknown_account_type`, `invalid_limit`, `invalid_cursor`.
pub async fn list(
    service: &Service,
    tenant: TenantId,
    query: &AccountQuery,
) -> Result<crate::cursor::Page<Account>, Error> {
    let limit = query.limit.unwrap_or(LIMIT_MAX);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(Error::invalid(
            "invalid_limit",
            "limit",
            format!("{limit} rows in a page: ask for 1 to {LIMIT_MAX}"),
        ));
    }
    let tx = service.tenant(tenant).await?;
    let company = connection::company(&tx).await?;
    let mut read = tx
        .find::<Entity>()
        .filter(Column::CompanyId.eq(&company.company_id))
        .filter(Column::DeletedAt.is_null())
        .order_by_asc(Column::FullyQualifiedName)
        .order_by_asc(Column::Id)
        .limit(limit + 1);
    if let Some(account_type) = &query.account_type {
        let account_type = known_type(&tx, &company.company_id, account_type).await?;
        read = read.filter(Column::AccountType.eq(account_type));
    }
    if let Some(active) = query.active {
        read = read.filter(Column::Active.eq(active));
    }
    if let Some(search) = &query.search {
        let texts = [
            Column::Number,
            Column::FullyQualifiedName,
            Column::AccountType,
        ];
        let texts = texts.map(ColumnTrait::into_expr);
        read = read.filter(crate::cursor::holding_words(&texts, search));
    }
    let cursors = Cursors::of(service, tenant, "accounts");
    if let Some(cursor) = &query.cursor {
        let id = Uuid::from_slice(&cursors.read(cursor)?).map_err(|_| crate::cursor::invalid())?;
        let seen = row(&tx, AccountId(id))
            .await
            .map_err(|_| crate::cursor::invalid())?;
        read = read.filter(
            Expr::tuple([
                Column::FullyQualifiedName.into_expr(),
                Column::Id.into_expr(),
            ])
            .gt(Expr::tuple([
                Expr::value(seen.fully_qualified_name),
                Expr::value(seen.id),
            ])),
        );
    }
    let mut rows = tx.all(read).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    Ok(crate::cursor::Page {
        next_cursor: rows
            .last()
            .filter(|_| more)
            .map(|row| cursors.sign(row.id.0.as_bytes())),
        items: rows.into_iter().map(Account::from).collect(),
    })
}

// A type as the chart spells it: one that QuickBooks documents, or one that it gave an account of this chart.
async fn known_type(tx: &TenantTx, company_id: &str, asked: &str) -> Result<String, Error> {
    let mut documented = ACCOUNT_TYPES.into_iter();
    if let Some(known) = documented.find(|known| known.eq_ignore_ascii_case(asked)) {
        return Ok(known.to_owned());
    }
    let of_chart = tx
        .find::<Entity>()
        .filter(Column::CompanyId.eq(company_id))
        .filter(Column::AccountType.eq(asked));
    match tx.one(of_chart).await? {
        Some(account) => Ok(account.account_type),
        None => Err(Error::invalid(
            "unknown_account_type",
            "type",
            format!(
                "`{}` is no type of account; use one of {}",
                crate::mapping::input::clip(asked),
                ACCOUNT_TYPES.join(", ")
            ),
        )),
    }
}

/// An account.
///
/// # Errors
/// [`Error::NotFound`], also for one deleted locally.
pub async fn read(service: &Service, tenant: TenantId, id: AccountId) -> Result<Account, Error> {
    let tx = service.tenant(tenant).await?;
    let row = row(&tx, id).await?;
    if row.deleted_at.is_some() {
        return Err(Error::NotFound);
    }
    Ok(row.into())
}

pub(crate) async fn row(tx: &TenantTx, id: AccountId) -> Result<Model, Error> {
    tx.one(tx.find::<Entity>().filter(Column::Id.eq(id)))
        .await?
        .ok_or(Error::NotFound)
}

/// Deletes an account here, not in QuickBooks. Its mappings rest until an import brings it back.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn delete(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    id: AccountId,
) -> Result<(), Error> {
    let tx = service.tenant(tenant).await?;
    let done = tx
        .execute(
            "UPDATE account SET deleted_at = tillpost_now() WHERE {mine} AND id = $2 AND deleted_at IS NULL",
            vec![id.into()],
        )
        .await?;
    if done.rows_affected() == 0 {
        return Err(Error::NotFound);
    }
    audit::record(
        &tx,
        caller.actor(),
        "account.deleted",
        &id.to_string(),
        serde_json::json!({}),
    )
    .await?;
    alert::review(&tx).await?;
    tx.commit().await?;
    Ok(())
}
