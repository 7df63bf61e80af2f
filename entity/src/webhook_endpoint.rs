//! An address that messages go to. Columns are explained where they are made, in the migration.
#![allow(missing_docs)]

use crate::id::{TenantId, WebhookEndpointId};
use crate::store::TenantOwned;
use sea_orm::entity::prelude::*;

/// An address that messages go to.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_endpoint")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WebhookEndpointId,
    pub url: String,
    pub description: String,
    pub types: Vec<String>,
    pub enabled: bool,
    pub disabled_reason: Option<String>,
    pub disabled_at: Option<DateTimeUtc>,
    pub created_at: DateTimeUtc,
    pub created_by: String,
    pub deleted_at: Option<DateTimeUtc>,
    pub secrets_version: i32,
    pub last_success_at: Option<DateTimeUtc>,
    pub last_failure_at: Option<DateTimeUtc>,
    pub failing_since: Option<DateTimeUtc>,
    pub failures: i32,
    pub window_at: Option<DateTimeUtc>,
    pub window_tries: i32,
    pub window_failures: i32,
    pub open_until: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const TENANT: Column = Column::TenantId;
}
