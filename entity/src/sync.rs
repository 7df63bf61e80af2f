//! The tenant's switch: posting events as they come. Columns are explained where they are made, in the migration.
#![allow(missing_docs)]

use crate::id::TenantId;
use crate::store::TenantOwned;
use sea_orm::entity::prelude::*;

/// The tenant's switch: posting events as they come.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sync")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    pub running: bool,
    pub started_at: Option<DateTimeUtc>,
    pub stopped_at: Option<DateTimeUtc>,
    pub last_success_at: Option<DateTimeUtc>,
    pub waiting_code: Option<String>,
    pub waiting_until: Option<DateTimeUtc>,
    pub waiting_since: Option<DateTimeUtc>,
    pub queue_since: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const TENANT: Column = Column::TenantId;
}
