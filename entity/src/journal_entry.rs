//! The sealed journal entry of an event in a company. Columns are explained where they are made, in the migration.
#![allow(missing_docs)]

use crate::id::{EventId, JournalEntryId, TenantId};
use crate::store::TenantOwned;
use sea_orm::entity::prelude::*;

/// The sealed journal entry of an event in a company.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "journal_entry")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: JournalEntryId,
    pub event_id: EventId,
    pub event_version: i32,
    pub company_id: String,
    pub generation: i32,
    pub request_id: String,
    pub number: String,
    pub accounting_date: Date,
    pub body: Vec<u8>,
    pub content_hash: String,
    pub state: String,
    pub absences: i16,
    pub due_at: Option<DateTimeUtc>,
    pub attempts: i32,
    pub batch_request_id: Option<String>,
    pub batch_item_id: Option<String>,
    pub qbo_id: Option<String>,
    pub sealed_at: DateTimeUtc,
    pub settled_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const TENANT: Column = Column::TenantId;
}
