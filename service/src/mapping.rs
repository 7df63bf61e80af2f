//! The mapping: which account plays which slot, by default, for one key, or at one location.

use crate::access::Caller;
use crate::error::Error;
use crate::{Service, audit, chart, connection};
use accounting::Slot;
use chrono::{DateTime, Utc};
use entity::id::{AccountId, MappingId, TenantId};
use entity::mapping::{Column, Entity, Model};
use entity::store::TenantTx;
use entity::{account, connection as connection_row};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use utoipa::ToSchema;

/// The longest mapping that is set at once.
pub const BULK_MAX: usize = 1000;

/// Gives a slot an account.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetMapping {
    /// The role, as the accounting contract names it.
    #[schema(example = "revenue")]
    pub slot: String,
    /// The key it is set for: an item class, a payment type, a reason, …; left out: the slot's default.
    #[schema(example = "apparel")]
    pub key: Option<String>,
    /// The location it is set for; left out: every location.
    #[schema(example = "boston")]
    pub location: Option<String>,
    /// The account that plays the role.
    pub account_id: AccountId,
}

/// A row of the mapping.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Mapping {
    /// Its id.
    pub id: MappingId,
    /// The role.
    #[schema(example = "revenue")]
    pub slot: String,
    /// The key it is set for; none: the slot's default.
    #[schema(example = "apparel")]
    pub key: Option<String>,
    /// The location it is set for; none: every location.
    pub location: Option<String>,
    /// The account that plays the role.
    pub account_id: AccountId,
    /// Its name.
    #[schema(example = "Sales Apparel")]
    pub account_name: String,
    /// Its number.
    #[schema(example = "4000")]
    pub account_number: Option<String>,
    /// Why entries cannot use it: the account is inactive in QuickBooks, or deleted here.
    pub broken: Option<String>,
    /// What is unusual about it.
    pub warning: Option<String>,
    /// Who set it.
    pub set_by: String,
    /// When.
    pub set_at: DateTime<Utc>,
}

/// What became of one row of a bulk.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MappingResult {
    /// Its place in the request, from 0.
    pub index: usize,
    /// The row, where it was set.
    pub mapping: Option<Mapping>,
    /// Why it was not.
    pub problem: Option<MappingProblem>,
}

/// Why one row of a bulk was not set.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MappingProblem {
    /// Stable.
    #[schema(example = "account_type_refused")]
    pub code: String,
    /// What is wrong and how to mend it.
    pub detail: String,
    /// The field that is wrong.
    pub field: Option<String>,
}

/// The tenant's mapping for its present company, in the order of the slots.
///
/// # Errors
/// `not_connected`.
pub async fn list(service: &Service, tenant: TenantId) -> Result<Vec<Mapping>, Error> {
    let tx = service.tenant(tenant).await?;
    let company = connection::company(&tx).await?;
    let rows = rows(&tx, &company.company_id).await?;
    let accounts = accounts(&tx, &company.company_id).await?;
    let mut mappings: Vec<_> = rows
        .into_iter()
        .filter_map(|row| view(row, &accounts))
        .collect();
    let place = |slot: &str| Slot::ALL.iter().position(|known| known.as_str() == slot);
    mappings.sort_by(|a, b| {
        (place(&a.slot), &a.key, &a.location).cmp(&(place(&b.slot), &b.key, &b.location))
    });
    Ok(mappings)
}

/// Sets one row; setting it again replaces its account. Entries already posted stay as they are.
///
/// # Errors
/// `not_connected`, `unknown_slot`, `unexpected_key`, `invalid_key`, `unknown_account`, `inactive_account`,
/// `account_type_refused`.
pub async fn set(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    request: SetMapping,
) -> Result<Mapping, Error> {
    let tx = service.tenant(tenant).await?;
    let company = connection::company(&tx).await?;
    let mapping = set_one(&tx, &company, caller, &request).await?;
    tx.commit().await?;
    Ok(mapping)
}

/// Sets many rows, each on its own: what is sound is set, what is not says why.
///
/// # Errors
/// `not_connected`, `too_many_mappings`.
pub async fn set_many(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    requests: Vec<SetMapping>,
) -> Result<Vec<MappingResult>, Error> {
    if requests.is_empty() || requests.len() > BULK_MAX {
        return Err(Error::invalid(
            "too_many_mappings",
            "mappings",
            format!("{} mappings at once: send 1 to {BULK_MAX}", requests.len()),
        ));
    }
    let tx = service.tenant(tenant).await?;
    let company = connection::company(&tx).await?;
    let mut results = Vec::with_capacity(requests.len());
    for (index, request) in requests.iter().enumerate() {
        let (mapping, problem) = match set_one(&tx, &company, caller, request).await {
            Ok(mapping) => (Some(mapping), None),
            Err(Error::Invalid {
                code,
                detail,
                field,
            }) => (
                None,
                Some(MappingProblem {
                    code: code.to_owned(),
                    detail,
                    field,
                }),
            ),
            Err(error) => return Err(error),
        };
        results.push(MappingResult {
            index,
            mapping,
            problem,
        });
    }
    tx.commit().await?;
    Ok(results)
}

/// Clears one row; what it was set for is unmapped, or falls back to the default.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn clear(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    id: MappingId,
) -> Result<(), Error> {
    let tx = service.tenant(tenant).await?;
    let done = tx
        .execute(
            "DELETE FROM mapping WHERE {mine} AND id = $2",
            vec![id.into()],
        )
        .await?;
    if done.rows_affected() == 0 {
        return Err(Error::NotFound);
    }
    audit::record(
        &tx,
        caller.actor(),
        "mapping.cleared",
        &id.to_string(),
        serde_json::json!({}),
    )
    .await?;
    tx.commit().await?;
    Ok(())
}

async fn set_one(
    tx: &TenantTx,
    company: &connection_row::Model,
    caller: &Caller,
    request: &SetMapping,
) -> Result<Mapping, Error> {
    let slot = read_slot(&request.slot)?;
    let key = read_key(slot, request.key.as_deref())?;
    let location = read_name("location", request.location.as_deref())?;
    let account = read_account(tx, company, slot, request.account_id).await?;
    let row = tx
        .query_as::<Model>(
            "INSERT INTO mapping (tenant_id, id, company_id, slot, key, location, account_id, set_by)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (tenant_id, company_id, slot, key, location)
               DO UPDATE SET account_id = excluded.account_id, set_by = excluded.set_by, set_at = tillpost_now()
             RETURNING *",
            vec![
                MappingId::new().into(),
                company.company_id.clone().into(),
                slot.as_str().into(),
                key.unwrap_or_default().into(),
                location.unwrap_or_default().into(),
                account.id.into(),
                caller.actor().into(),
            ],
        )
        .await?
        .pop()
        .ok_or(Error::NotFound)?;
    audit::record(
        tx,
        caller.actor(),
        "mapping.set",
        &row.id.to_string(),
        serde_json::json!({ "slot": row.slot, "key": row.key, "location": row.location, "account_id": row.account_id }),
    )
    .await?;
    let accounts = HashMap::from([(account.id, account)]);
    view(row, &accounts).ok_or(Error::NotFound)
}

fn read_slot(text: &str) -> Result<Slot, Error> {
    text.parse().map_err(|_| {
        let slots: Vec<_> = Slot::ALL.iter().map(|slot| slot.as_str()).collect();
        Error::invalid(
            "unknown_slot",
            "slot",
            format!(
                "`{}` is no slot; use one of {}",
                clip(text),
                slots.join(", ")
            ),
        )
    })
}

fn read_key(slot: Slot, key: Option<&str>) -> Result<Option<&str>, Error> {
    if key.is_some() && slot.key().is_none() {
        return Err(Error::invalid(
            "unexpected_key",
            "key",
            format!("slot {slot} has no key: leave it out", slot = slot.as_str()),
        ));
    }
    read_name("key", key)
}

fn read_name<'a>(field: &'static str, name: Option<&'a str>) -> Result<Option<&'a str>, Error> {
    match name {
        Some(text) if accounting::Key::new(text).is_err() => Err(Error::invalid(
            "invalid_key",
            field,
            format!(
                "`{}` cannot be a {field}: use the text that events carry, or leave it out",
                clip(text)
            ),
        )),
        other => Ok(other),
    }
}

fn clip(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(64).collect()
}

async fn read_account(
    tx: &TenantTx,
    company: &connection_row::Model,
    slot: Slot,
    id: AccountId,
) -> Result<account::Model, Error> {
    let account = match chart::row(tx, id).await {
        Ok(account) if account.company_id == company.company_id && account.deleted_at.is_none() => {
            account
        }
        Ok(_) | Err(Error::NotFound) => {
            return Err(Error::invalid(
                "unknown_account",
                "account_id",
                format!(
                    "there is no account {id} in the imported chart; list the accounts, or import the chart again"
                ),
            ));
        }
        Err(error) => return Err(error),
    };
    if !account.active {
        return Err(Error::invalid(
            "inactive_account",
            "account_id",
            format!(
                "account {} is inactive in QuickBooks; make it active there and import the chart again, or choose another",
                named(&account)
            ),
        ));
    }
    slot.check(&account.account_type).map_err(|refusal| {
        Error::invalid(
            "account_type_refused",
            "account_id",
            format!("account {}: {refusal}", named(&account)),
        )
    })?;
    Ok(account)
}

fn named(account: &account::Model) -> String {
    match &account.number {
        Some(number) => format!("{number} {}", account.name),
        None => account.name.clone(),
    }
}

pub(crate) async fn rows(tx: &TenantTx, company_id: &str) -> Result<Vec<Model>, Error> {
    Ok(tx
        .all(
            tx.find::<Entity>()
                .filter(Column::CompanyId.eq(company_id))
                .order_by_asc(Column::Id),
        )
        .await?)
}

pub(crate) async fn accounts(
    tx: &TenantTx,
    company_id: &str,
) -> Result<HashMap<AccountId, account::Model>, Error> {
    Ok(tx
        .all(
            tx.find::<account::Entity>()
                .filter(account::Column::CompanyId.eq(company_id)),
        )
        .await?
        .into_iter()
        .map(|row| (row.id, row))
        .collect())
}

fn view(row: Model, accounts: &HashMap<AccountId, account::Model>) -> Option<Mapping> {
    let account = accounts.get(&row.account_id)?;
    let broken = if account.deleted_at.is_some() {
        Some(format!(
            "account {} was deleted here; import the chart again, or choose another",
            named(account)
        ))
    } else if !account.active {
        Some(format!(
            "account {} is inactive in QuickBooks; make it active there, or choose another",
            named(account)
        ))
    } else {
        None
    };
    let warning = row
        .slot
        .parse::<Slot>()
        .ok()
        .and_then(|slot| slot.check(&account.account_type).ok().flatten())
        .map(|unusual| unusual.to_string());
    let some = |text: String| (!text.is_empty()).then_some(text);
    Some(Mapping {
        id: row.id,
        slot: row.slot,
        key: some(row.key),
        location: some(row.location),
        account_id: row.account_id,
        account_name: account.name.clone(),
        account_number: account.number.clone(),
        broken,
        warning,
        set_by: row.set_by,
        set_at: row.set_at,
    })
}
