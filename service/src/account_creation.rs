//! Creating an account in QuickBooks that the chart lacks: asked for by a person, done in the tenant's turn.
//!
//! A company holds each account name once, and the request id is derived, so asking again after a lost answer is safe:
//! QuickBooks answers as it did the first time, or says that the name is taken, and then the account of that name is adopted.

mod run;

use crate::access::Caller;
use crate::error::Error;
use crate::mapping::input;
use crate::{Service, audit, bell, connection, list_import};
use accounting::Slot;
use chrono::{DateTime, Utc};
use entity::account_creation::{Column, Entity, Model};
use entity::id::{AccountCreationId, AccountId, TenantId};
use entity::store::TenantTx;
pub(crate) use run::{Created, run};
use sea_orm::{ColumnTrait, FromQueryResult, QueryFilter};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// An account to be created in QuickBooks.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateAccount {
    /// Its name: 1 to 100 characters without `"` and `:`, which no account of the chart has.
    #[schema(example = "Paypal Clearing")]
    pub name: String,
    /// Its number, where the company numbers its accounts: at most 20 characters without `:`.
    #[schema(example = "1320")]
    pub number: Option<String>,
    /// Its type, as QuickBooks spells it.
    #[schema(example = "Other Current Asset")]
    pub account_type: String,
    /// Its type in detail; left out: what QuickBooks takes for the type.
    #[schema(example = "OtherCurrentAssets")]
    pub account_sub_type: Option<String>,
    /// What it is mapped to as soon as it is there.
    pub map_to: Option<MapTo>,
}

/// What a new account is mapped to.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MapTo {
    /// The slot.
    #[schema(value_type = accounting::Slot, example = "payment")]
    pub slot: String,
    /// The key; left out: the slot's default.
    #[schema(example = "paypal")]
    pub key: Option<String>,
}

/// Where a creation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AccountCreationState)]
pub enum State {
    /// QuickBooks is asked as soon as it can be.
    Queued,
    /// The account is there, and in the chart.
    Done,
    /// It was not created; the problem says why.
    Failed,
}

/// An account that somebody asked to create in QuickBooks.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AccountCreation {
    /// Its id.
    pub id: AccountCreationId,
    /// Where it stands.
    pub state: State,
    /// The account's name.
    #[schema(example = "Paypal Clearing")]
    pub name: String,
    /// Its number.
    pub number: Option<String>,
    /// Its type.
    pub account_type: String,
    /// Its type in detail.
    pub account_sub_type: Option<String>,
    /// What it is mapped to as soon as it is there.
    pub map_to: Option<MapTo>,
    /// The account, once it is in the chart.
    pub account_id: Option<AccountId>,
    /// A stable code of why it was not created, or not mapped.
    #[schema(example = "name_taken")]
    pub problem_code: Option<String>,
    /// The same in words; while it is queued, what stands in the way.
    pub problem: Option<String>,
    /// Who asked for it.
    pub requested_by: String,
    /// When.
    pub requested_at: DateTime<Utc>,
    /// When it was done or failed.
    pub finished_at: Option<DateTime<Utc>>,
}

impl AccountCreation {
    fn of(row: Model, in_the_way: Option<String>) -> Self {
        let key = (!row.key.is_empty()).then_some(row.key);
        Self {
            id: row.id,
            state: match row.state.as_str() {
                "done" => State::Done,
                "failed" => State::Failed,
                _ => State::Queued,
            },
            name: row.name,
            number: row.number,
            account_type: row.account_type,
            account_sub_type: row.account_sub_type,
            map_to: row.slot.map(|slot| MapTo { slot, key }),
            account_id: row.account_id,
            problem_code: row.problem_code,
            problem: in_the_way.or(row.problem_detail),
            requested_by: row.requested_by,
            requested_at: row.requested_at,
            finished_at: row.finished_at,
        }
    }
}

/// Queues the creation of an account; a worker asks QuickBooks at once.
///
/// # Errors
/// `not_connected`, `invalid_name`, `invalid_number`, `unknown_account_type`, `invalid_sub_type`, `account_type_refused`,
/// `unknown_slot`, `unexpected_key`, `invalid_key`; `account_exists` where the chart has the name, or it is asked for already.
pub async fn create(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    request: CreateAccount,
) -> Result<AccountCreation, Error> {
    check(&request)?;
    let tx = service.tenant(tenant).await?;
    let company = connection::company(&tx).await?;
    if company.state == "disconnected" {
        return Err(Error::conflict(
            "not_connected",
            "the QuickBooks company is disconnected; connect it again first",
        ));
    }
    if is_there(&tx, &company.company_id, &request.name).await? {
        return Err(exists(&request.name));
    }
    let (slot, key) = match request.map_to {
        Some(to) => (Some(to.slot), to.key.unwrap_or_default()),
        None => (None, String::new()),
    };
    let row = tx
        .query_as::<Model>(
            "INSERT INTO account_creation (tenant_id, id, company_id, name, number, account_type, account_sub_type, slot, key,
               requested_by)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING RETURNING *",
            vec![
                AccountCreationId::new().into(),
                company.company_id.into(),
                request.name.clone().into(),
                request.number.into(),
                request.account_type.into(),
                request.account_sub_type.into(),
                slot.into(),
                key.into(),
                caller.actor().into(),
            ],
        )
        .await?
        .pop()
        .ok_or_else(|| exists(&request.name))?;
    audit::record(
        &tx,
        caller.actor(),
        "account_creation.requested",
        &row.id.to_string(),
        serde_json::json!({ "name": row.name, "number": row.number, "account_type": row.account_type }),
    )
    .await?;
    bell::wake(&tx).await?;
    let creation = view(&tx, row).await?;
    tx.commit().await?;
    service.ring(tenant).await;
    Ok(creation)
}

/// Where a creation stands.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn read(
    service: &Service,
    tenant: TenantId,
    id: AccountCreationId,
) -> Result<AccountCreation, Error> {
    let tx = service.tenant(tenant).await?;
    let find = tx.find::<Entity>().filter(Column::Id.eq(id));
    let row = tx.one(find).await?.ok_or(Error::NotFound)?;
    view(&tx, row).await
}

async fn view(tx: &TenantTx, row: Model) -> Result<AccountCreation, Error> {
    let in_the_way = list_import::in_the_way(tx, &row.company_id, &row.state).await?;
    Ok(AccountCreation::of(row, in_the_way))
}

fn exists(name: &str) -> Error {
    Error::conflict(
        "account_exists",
        format!(
            "the chart has an account `{}`, or it is being created already: map that one, or choose another name",
            input::clip(name)
        ),
    )
}

async fn is_there(tx: &TenantTx, company_id: &str, name: &str) -> Result<bool, Error> {
    #[derive(FromQueryResult)]
    struct Found {
        found: bool,
    }
    let rows = tx
        .query_as::<Found>(
            "SELECT EXISTS (SELECT 1 FROM account WHERE {mine} AND company_id = $2 AND active AND lower(name) = lower($3)) AS found",
            vec![company_id.into(), name.into()],
        )
        .await?;
    Ok(rows.iter().any(|row| row.found))
}

fn check(request: &CreateAccount) -> Result<(), Error> {
    let unclean = |text: &str, not: &[char]| {
        text.trim() != text || text.chars().any(|c| c.is_control() || not.contains(&c))
    };
    let name = request.name.chars().count();
    if name == 0 || name > 100 || unclean(&request.name, &['"', ':']) {
        return Err(Error::invalid(
            "invalid_name",
            "name",
            "QuickBooks takes names of 1 to 100 characters without `\"`, `:` and spaces around them; write it so",
        ));
    }
    let number = request.number.as_deref().unwrap_or("1");
    if number.is_empty() || number.chars().count() > 20 || unclean(number, &[':']) {
        return Err(Error::invalid(
            "invalid_number",
            "number",
            "QuickBooks takes account numbers of 1 to 20 characters without `:`; write it so, or leave it out",
        ));
    }
    let sub_type = request.account_sub_type.as_deref().unwrap_or("x");
    if sub_type.is_empty()
        || sub_type.len() > 64
        || !sub_type
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_')
    {
        return Err(Error::invalid(
            "invalid_sub_type",
            "account_sub_type",
            "a type in detail is one word as QuickBooks spells it, such as `OtherCurrentAssets`; write it so, or leave it out",
        ));
    }
    let slot = request
        .map_to
        .as_ref()
        .map(|to| input::place(&to.slot, to.key.as_deref()))
        .transpose()?;
    // Accounts Receivable and Payable serve no slot, and no account is created here that cannot serve.
    slot.unwrap_or(Slot::Payment)
        .check(&request.account_type)
        .map_err(|refusal| {
            Error::invalid("account_type_refused", "account_type", refusal.to_string())
        })?;
    let usual: BTreeSet<_> = Slot::ALL
        .into_iter()
        .flat_map(|slot| slot.usual_account_types().iter().copied())
        .collect();
    if !usual.contains(request.account_type.as_str()) {
        return Err(Error::invalid(
            "unknown_account_type",
            "account_type",
            format!(
                "`{}` is no type of account that a slot could use; use one of {}",
                input::clip(&request.account_type),
                usual.into_iter().collect::<Vec<_>>().join(", ")
            ),
        ));
    }
    Ok(())
}
