//! A tenant's data key of one generation, wrapped by a key-encryption key. Columns are explained where they are made, in the migration.
#![allow(missing_docs)]

use crate::id::TenantId;
use crate::store::TenantOwned;
use sea_orm::entity::prelude::*;

/// A tenant's data key of one generation, wrapped by a key-encryption key.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "data_key")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub generation: i32,
    pub wrapped: Vec<u8>,
    pub key_encryption_key: String,
    pub created_at: DateTimeUtc,
    pub retired_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const TENANT: Column = Column::TenantId;
}
