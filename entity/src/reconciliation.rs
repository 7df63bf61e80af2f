//! A comparison of the books with what was posted. Columns are explained where they are made, in the migration.
#![allow(missing_docs)]

use crate::id::{ReconciliationId, TenantId};
use crate::store::TenantOwned;
use sea_orm::entity::prelude::*;

/// A comparison of the books with what was posted.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "reconciliation")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ReconciliationId,
    pub company_id: String,
    pub from_date: Option<Date>,
    pub to_date: Option<Date>,
    pub reads_per_day: i32,
    pub reads_used: i32,
    pub reads_today: i32,
    pub reads_on: Option<Date>,
    pub state: String,
    pub phase: String,
    pub changes_since: Option<DateTimeUtc>,
    pub changes_through: Option<DateTimeUtc>,
    pub next_date: Option<Date>,
    pub last_date: Option<Date>,
    pub part_to: Option<Date>,
    pub position: i32,
    pub part_began_at: Option<DateTimeUtc>,
    pub notes: Option<Json>,
    pub entries_read: i64,
    pub missing: i32,
    pub deleted: i32,
    pub duplicated: i32,
    pub edited: i32,
    pub strange: i32,
    pub accepted: i32,
    pub problem_detail: Option<String>,
    pub requested_by: String,
    pub requested_at: DateTimeUtc,
    pub due_at: Option<DateTimeUtc>,
    pub finished_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const TENANT: Column = Column::TenantId;
}
