//! One POST of a journal entry, recorded before it leaves. Columns are explained where they are made, in the migration.
#![allow(missing_docs)]

use crate::id::{JournalEntryId, TenantId};
use crate::store::TenantOwned;
use sea_orm::entity::prelude::*;

/// One POST of a journal entry, recorded before it leaves.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "attempt")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub journal_entry_id: JournalEntryId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i32,
    pub fence: i64,
    pub started_at: DateTimeUtc,
    pub send_not_after: DateTimeUtc,
    pub finished_at: Option<DateTimeUtc>,
    pub outcome: Option<String>,
    pub http_status: Option<i32>,
    pub intuit_tid: Option<String>,
    pub detail: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const TENANT: Column = Column::TenantId;
}
