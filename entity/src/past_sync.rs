//! A run that queued the events of a date window from before the sync. Columns are explained where they are made, in the migration.
#![allow(missing_docs)]

use crate::id::{PastSyncId, TenantId};
use crate::store::TenantOwned;
use sea_orm::entity::prelude::*;

/// A run that queued the events of a date window from before the sync.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "past_sync")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PastSyncId,
    pub company_id: String,
    pub from_date: Date,
    pub to_date: Date,
    pub events: i64,
    pub created_by: String,
    pub created_at: DateTimeUtc,
    pub cancelled_at: Option<DateTimeUtc>,
    pub cancelled_by: Option<String>,
    pub finished_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const TENANT: Column = Column::TenantId;
}
