//! A financial event, as it was taken in, and where it stands. Columns are explained where they are made, in the migration.
#![allow(missing_docs)]

use crate::id::{EventId, PastSyncId, TenantId};
use crate::store::TenantOwned;
use sea_orm::entity::prelude::*;

/// A financial event, as it was taken in, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "event")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: EventId,
    pub r#type: String,
    pub external_id: String,
    pub number: String,
    pub version: i32,
    #[sea_orm(column_type = "Text")]
    pub body: String,
    pub body_hash: Vec<u8>,
    pub occurred_at: DateTimeUtc,
    pub business_date: Date,
    pub location: Option<String>,
    pub status: String,
    pub past: bool,
    pub past_sync_id: Option<PastSyncId>,
    pub due_at: Option<DateTimeUtc>,
    pub tries: i32,
    pub problem_code: Option<String>,
    pub problem_detail: Option<String>,
    pub problem_facts: Option<Json>,
    pub taken_in_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub synced_at: Option<DateTimeUtc>,
    pub footprint_id: Option<Uuid>,
    pub taken_in_by: Option<String>,
    pub queued_on_intake: bool,
    pub retried_code: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const TENANT: Column = Column::TenantId;
}
