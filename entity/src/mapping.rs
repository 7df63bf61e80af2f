//! A row of the mapping: which account plays a slot, by default or for one key or location. Columns are explained where they are made, in the migration.
#![allow(missing_docs)]

use crate::id::{AccountId, MappingId, TenantId};
use crate::store::TenantOwned;
use sea_orm::entity::prelude::*;

/// A row of the mapping: which account plays a slot, by default or for one key or location.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mapping")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MappingId,
    pub company_id: String,
    pub slot: String,
    pub key: String,
    pub location: String,
    pub account_id: AccountId,
    pub set_by: String,
    pub set_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const TENANT: Column = Column::TenantId;
}
