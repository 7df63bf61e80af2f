//! A link that a vendor hands to a retailer. Columns are explained where they are made, in the migration.
#![allow(missing_docs)]

use crate::id::{ConnectionLinkId, TenantId};
use crate::store::TenantOwned;
use sea_orm::entity::prelude::*;

/// A link that a vendor hands to a retailer.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "connection_link")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ConnectionLinkId,
    pub secret_hash: Vec<u8>,
    pub return_url: String,
    pub allow_company_change: bool,
    pub created_by: String,
    pub created_at: DateTimeUtc,
    pub expires_at: DateTimeUtc,
    pub begun: i32,
    pub used_at: Option<DateTimeUtc>,
    pub revoked_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const TENANT: Column = Column::TenantId;
}
