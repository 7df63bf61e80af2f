//! Who may post to a company, until when, and under which fence. Columns are explained where they are made, in the migration.
#![allow(missing_docs)]

use crate::id::TenantId;
use crate::store::TenantOwned;
use sea_orm::entity::prelude::*;

/// Who may post to a company, until when, and under which fence.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "company_lease")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub company_id: String,
    pub holder: String,
    pub fence: i64,
    pub expires_at: DateTimeUtc,
    pub throttled_until: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const TENANT: Column = Column::TenantId;
}
