//! A request for a person's consent at Intuit. Columns are explained where they are made, in the migration.
#![allow(missing_docs)]

use crate::id::{AuthorizationRequestId, ConnectionLinkId, TenantId};
use crate::store::TenantOwned;
use sea_orm::entity::prelude::*;

/// A request for a person's consent at Intuit.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "authorization_request")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AuthorizationRequestId,
    pub start_hash: Vec<u8>,
    pub state_hash: Option<Vec<u8>>,
    pub browser_hash: Option<Vec<u8>>,
    pub return_url: String,
    pub allow_company_change: bool,
    pub requested_by: String,
    pub created_at: DateTimeUtc,
    pub expires_at: DateTimeUtc,
    pub used_at: Option<DateTimeUtc>,
    pub connection_link_id: Option<ConnectionLinkId>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const TENANT: Column = Column::TenantId;
}
