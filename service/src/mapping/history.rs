//! Who mapped what, and when: written with each change, never changed.

use super::input::named;
use crate::Service;
use crate::cursor::{Cursors, Page, PageQuery};
use crate::error::Error;
use chrono::{DateTime, Utc};
use entity::account;
use entity::id::{AccountId, MappingChangeId, TenantId};
use entity::mapping_change::{ActiveModel, Column, Entity, Model};
use entity::store::TenantTx;
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::{ColumnTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use utoipa::{IntoParams, ToSchema};

/// How a change came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MappingWay)]
pub enum Way {
    /// Somebody chose the account.
    ByHand,
    /// Somebody took a suggestion.
    Suggestion,
    /// Somebody had the account created for it.
    Creation,
}

impl Way {
    fn as_str(self) -> &'static str {
        match self {
            Self::ByHand => "by_hand",
            Self::Suggestion => "suggestion",
            Self::Creation => "creation",
        }
    }

    fn read(text: &str) -> Self {
        match text {
            "suggestion" => Self::Suggestion,
            "creation" => Self::Creation,
            _ => Self::ByHand,
        }
    }
}

/// A change of the mapping.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MappingChange {
    /// Its id.
    pub id: MappingChangeId,
    /// When.
    pub changed_at: DateTime<Utc>,
    /// Who: a key's id.
    pub changed_by: String,
    /// By hand, by taking a suggestion, or by creating the account for it.
    pub way: Way,
    /// The slot.
    #[schema(value_type = accounting::Slot)]
    pub slot: String,
    /// The key it was set for; none: the slot's default.
    pub key: Option<String>,
    /// The location it was set for; none: every location.
    pub location: Option<String>,
    /// The account before; none: it was not mapped.
    pub from_account: Option<ChangedAccount>,
    /// The account after; none: it was cleared.
    pub to_account: Option<ChangedAccount>,
}

/// An account, as a change names it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ChangedAccount {
    /// Its id.
    pub id: AccountId,
    /// Its number and name.
    #[schema(example = "4000 Sales Apparel")]
    pub name: String,
}

/// Which changes.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MappingChangeQuery {
    /// Only of this slot.
    #[param(value_type = Option<accounting::Slot>)]
    pub slot: Option<String>,
    /// Only of this key.
    pub key: Option<String>,
    /// `next_cursor` of the page before; left out: the first page.
    pub cursor: Option<String>,
    /// Rows in the page, 1 to 200; left out: 50.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u64>,
}

/// One change, before it is written.
pub(crate) struct Change<'c> {
    pub(crate) company_id: &'c str,
    pub(crate) actor: &'c str,
    pub(crate) way: Way,
    pub(crate) slot: &'c str,
    pub(crate) key: &'c str,
    pub(crate) location: &'c str,
    pub(crate) from: Option<AccountId>,
    pub(crate) to: Option<AccountId>,
}

pub(crate) async fn record(tx: &TenantTx, change: Change<'_>) -> Result<(), Error> {
    tx.insert(ActiveModel {
        tenant_id: Set(tx.tenant()),
        id: Set(MappingChangeId::new()),
        company_id: Set(change.company_id.to_owned()),
        changed_at: NotSet,
        changed_by: Set(change.actor.to_owned()),
        way: Set(change.way.as_str().to_owned()),
        slot: Set(change.slot.to_owned()),
        key: Set(change.key.to_owned()),
        location: Set(change.location.to_owned()),
        from_account_id: Set(change.from),
        to_account_id: Set(change.to),
    })
    .await?;
    Ok(())
}

/// The changes of the mapping, newest first, of every company the tenant was connected to.
///
/// # Errors
/// `unknown_slot`, `invalid_cursor`, `invalid_limit`.
pub async fn list(
    service: &Service,
    tenant: TenantId,
    query: &MappingChangeQuery,
) -> Result<Page<MappingChange>, Error> {
    let page = PageQuery {
        cursor: query.cursor.clone(),
        limit: query.limit,
    };
    let tx = service.tenant(tenant).await?;
    let mut read = tx.find::<Entity>();
    if let Some(slot) = &query.slot {
        read = read.filter(Column::Slot.eq(super::input::slot(slot)?.as_str()));
    }
    if let Some(key) = &query.key {
        read = read.filter(Column::Key.eq(key));
    }
    let cursors = Cursors::of(service, tenant, "mapping changes");
    let rows = tx
        .all(page.newest_first(cursors, read, Column::ChangedAt, Column::Id)?)
        .await?;
    let named_in: Vec<AccountId> = rows
        .iter()
        .flat_map(|row| [row.from_account_id, row.to_account_id])
        .flatten()
        .collect();
    let accounts: HashMap<AccountId, account::Model> = tx
        .among(tx.find::<account::Entity>(), account::Column::Id, named_in)
        .await?
        .into_iter()
        .map(|row| (row.id, row))
        .collect();
    Ok(page.page(
        cursors,
        rows,
        |row| (row.changed_at, row.id.0),
        |row| view(row, &accounts),
    ))
}

fn view(row: Model, accounts: &HashMap<AccountId, account::Model>) -> MappingChange {
    let some = |text: String| (!text.is_empty()).then_some(text);
    let account = |id: Option<AccountId>| {
        let account = accounts.get(&id?)?;
        Some(ChangedAccount {
            id: account.id,
            name: named(account),
        })
    };
    MappingChange {
        id: row.id,
        changed_at: row.changed_at,
        changed_by: row.changed_by,
        way: Way::read(&row.way),
        slot: row.slot,
        key: some(row.key),
        location: some(row.location),
        from_account: account(row.from_account_id),
        to_account: account(row.to_account_id),
    }
}
