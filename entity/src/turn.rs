//! When the tenant's next turn is due. Columns are explained where they are made, in the migration.
#![allow(missing_docs)]

use crate::id::TenantId;
use crate::store::TenantOwned;
use sea_orm::entity::prelude::*;

/// When the tenant's next turn is due.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "turn")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    pub bell: i64,
    pub due_at: Option<DateTimeUtc>,
    pub rung_until: Option<DateTimeUtc>,
    pub past: bool,
    pub reconcile_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const TENANT: Column = Column::TenantId;
}
