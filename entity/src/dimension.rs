//! A Location or a Class of the company. Columns are explained where they are made, in the migration.
#![allow(missing_docs)]

use crate::id::{DimensionId, TenantId};
use crate::store::TenantOwned;
use sea_orm::entity::prelude::*;

/// A Location or a Class of the company.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "dimension")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DimensionId,
    pub company_id: String,
    pub kind: String,
    pub qbo_id: String,
    pub name: String,
    pub fully_qualified_name: String,
    pub active: bool,
    pub vanished_at: Option<DateTimeUtc>,
    pub imported_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const TENANT: Column = Column::TenantId;
}
