//! Who did what, and when. Append-only, and each chained to the one before. Columns are explained where they are made, in the migration.
#![allow(missing_docs)]

use crate::id::{AuditRecordId, TenantId};
use crate::store::TenantOwned;
use sea_orm::entity::prelude::*;

/// Who did what, and when. Append-only.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_record")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AuditRecordId,
    pub recorded_at: DateTimeUtc,
    pub actor: String,
    pub action: String,
    pub subject: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub detail: Json,
    // The chain's; set by the database when a record is inserted.
    pub sequence: i64,
    pub previous_hash: Vec<u8>,
    pub hash: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const TENANT: Column = Column::TenantId;
}
