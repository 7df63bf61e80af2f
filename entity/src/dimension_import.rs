//! One import of the company's Locations and Classes. Columns are explained where they are made, in the migration.
#![allow(missing_docs)]

use crate::id::{DimensionImportId, TenantId};
use crate::store::TenantOwned;
use sea_orm::entity::prelude::*;

/// One import of the company's Locations and Classes.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "dimension_import")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DimensionImportId,
    pub company_id: String,
    pub state: String,
    pub locations_read: i32,
    pub classes_read: i32,
    pub problem_code: Option<String>,
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
