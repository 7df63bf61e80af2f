//! A condition that needs a person. Columns are explained where they are made, in the migration.
#![allow(missing_docs)]

use crate::id::{AlertId, TenantId};
use crate::store::TenantOwned;
use sea_orm::entity::prelude::*;

/// A condition that needs a person.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "alert")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AlertId,
    pub code: String,
    pub cause: String,
    pub state: String,
    pub detail: String,
    pub occurrences: i64,
    pub opened_at: DateTimeUtc,
    pub last_seen_at: DateTimeUtc,
    pub closed_at: Option<DateTimeUtc>,
    pub events: i64,
    pub example_events: Vec<Uuid>,
    pub subjects: Vec<String>,
    pub acknowledged_at: Option<DateTimeUtc>,
    pub acknowledged_by: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const TENANT: Column = Column::TenantId;
}
