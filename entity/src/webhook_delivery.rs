//! A message on its way to one endpoint. Columns are explained where they are made, in the migration.
#![allow(missing_docs)]

use crate::id::{TenantId, WebhookEndpointId, WebhookMessageId};
use crate::store::TenantOwned;
use sea_orm::entity::prelude::*;

/// A message on its way to one endpoint.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_delivery")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub endpoint_id: WebhookEndpointId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub message_id: WebhookMessageId,
    pub number: i64,
    pub r#type: String,
    pub occurred_at: DateTimeUtc,
    pub placed_at: DateTimeUtc,
    pub state: String,
    pub due_at: Option<DateTimeUtc>,
    pub tries: i32,
    pub attempts: i32,
    pub http_status: Option<i32>,
    pub settled_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const TENANT: Column = Column::TenantId;
}
