//! What a location of the tenant's is in the company's books. Columns are explained where they are made, in the migration.
#![allow(missing_docs)]

use crate::id::{DimensionId, LocationMappingId, TenantId};
use crate::store::TenantOwned;
use sea_orm::entity::prelude::*;

/// What a location of the tenant's is in the company's books.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "location_mapping")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: LocationMappingId,
    pub company_id: String,
    pub location: String,
    pub dimension_location_id: Option<DimensionId>,
    pub dimension_class_id: Option<DimensionId>,
    pub set_by: String,
    pub set_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const TENANT: Column = Column::TenantId;
}
