//! A key or location that events carry, or that was declared beforehand. Columns are explained where they are made, in the migration.
#![allow(missing_docs)]

use crate::id::{EventId, TenantId};
use crate::store::TenantOwned;
use sea_orm::entity::prelude::*;

/// A key or location that events carry, or that was declared beforehand.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "known_key")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    pub source: String,
    pub first_seen_at: DateTimeUtc,
    pub first_event_id: Option<EventId>,
    pub declared_by: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const TENANT: Column = Column::TenantId;
}
