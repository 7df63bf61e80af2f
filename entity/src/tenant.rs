//! A tenant: one retailer, and the policies of its books. Columns are explained where they are made, in the migration.
#![allow(missing_docs)]

use crate::id::TenantId;
use crate::store::TenantOwned;
use sea_orm::entity::prelude::*;

/// A tenant: one retailer, and the policies of its books.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tenant")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    pub name: String,
    pub status: String,
    pub rounding_tolerance_milli: i32,
    pub net_lines: bool,
    pub closed_period: String,
    pub batches: bool,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub deleted_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const TENANT: Column = Column::TenantId;
}
