//! What became of an event, beyond what its own row tells. Columns are explained where they are made, in the migration.
#![allow(missing_docs)]

use crate::id::{EventId, PastSyncId, TenantId};
use crate::store::TenantOwned;
use sea_orm::entity::prelude::*;

/// What became of an event, beyond what its own row tells.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "event_change")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: EventId,
    #[sea_orm(primary_key)]
    pub id: i64,
    pub recorded_at: DateTimeUtc,
    pub change: String,
    pub actor: Option<String>,
    pub code: Option<String>,
    pub detail: Option<String>,
    pub past_sync_id: Option<PastSyncId>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const TENANT: Column = Column::TenantId;
}
