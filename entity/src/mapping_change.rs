//! A change of the mapping: who gave a slot which account, and when. Columns are explained where they are made, in the migration.
#![allow(missing_docs)]

use crate::id::{AccountId, MappingChangeId, TenantId};
use crate::store::TenantOwned;
use sea_orm::entity::prelude::*;

/// A change of the mapping: who gave a slot which account, and when.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mapping_change")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MappingChangeId,
    pub company_id: String,
    pub changed_at: DateTimeUtc,
    pub changed_by: String,
    pub way: String,
    pub slot: String,
    pub key: String,
    pub location: String,
    pub from_account_id: Option<AccountId>,
    pub to_account_id: Option<AccountId>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const TENANT: Column = Column::TenantId;
}
