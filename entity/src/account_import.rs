//! One import of the chart of accounts. Columns are explained where they are made, in the migration.
#![allow(missing_docs)]

use crate::id::{AccountImportId, TenantId};
use crate::store::TenantOwned;
use sea_orm::entity::prelude::*;

/// One import of the chart of accounts.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account_import")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AccountImportId,
    pub company_id: String,
    pub state: String,
    pub accounts_read: i32,
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
