//! The OAuth grant of a connection, sealed. Columns are explained where they are made, in the migration.
#![allow(missing_docs)]

use crate::id::{ConnectionId, TenantId};
use crate::store::TenantOwned;
use sea_orm::entity::prelude::*;

/// The OAuth grant of a connection, sealed.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "connection_grant")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub connection_id: ConnectionId,
    pub version: i64,
    pub access_token: Vec<u8>,
    pub refresh_token: Vec<u8>,
    pub access_expires_at: DateTimeUtc,
    pub refresh_expires_at: DateTimeUtc,
    pub hard_expires_at: Option<DateTimeUtc>,
    pub refreshed_at: DateTimeUtc,
    pub refresh_started_at: Option<DateTimeUtc>,
    pub claims: i64,
    pub answered: i64,
    pub doubt_since: Option<DateTimeUtc>,
    pub failures: i32,
    pub retry_at: Option<DateTimeUtc>,
    pub ended_at: Option<DateTimeUtc>,
    pub due_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const TENANT: Column = Column::TenantId;
}
