//! A connection to a QuickBooks company; the current one, and those before it. Columns are explained where they are made, in the migration.
#![allow(missing_docs)]

use crate::id::{ConnectionId, TenantId};
use crate::store::TenantOwned;
use sea_orm::entity::prelude::*;

/// A connection to a QuickBooks company; the current one, and those before it.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "connection")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ConnectionId,
    pub company_id: String,
    pub company_name: String,
    pub country: Option<String>,
    pub home_currency: String,
    pub closing_date: Option<Date>,
    pub guards_numbers: bool,
    pub preferences_read_at: DateTimeUtc,
    pub preferences_stale: bool,
    pub state: String,
    pub problem_code: Option<String>,
    pub is_current: bool,
    pub connected_at: DateTimeUtc,
    pub disconnected_at: Option<DateTimeUtc>,
    pub last_success_at: Option<DateTimeUtc>,
    pub mapping_version: i64,
    pub closed_through_refused: Option<Date>,
    pub held_code: Option<String>,
    pub held_until: Option<DateTimeUtc>,
    pub held_times: i16,
    pub lists_known_through: Option<DateTimeUtc>,
    pub lists_due_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const TENANT: Column = Column::TenantId;
}
