//! An account of the imported chart of accounts. Columns are explained where they are made, in the migration.
#![allow(missing_docs)]

use crate::id::{AccountId, TenantId};
use crate::store::TenantOwned;
use sea_orm::entity::prelude::*;

/// An account of the imported chart of accounts.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AccountId,
    pub company_id: String,
    pub qbo_id: String,
    pub name: String,
    pub fully_qualified_name: String,
    pub number: Option<String>,
    pub account_type: String,
    pub account_sub_type: Option<String>,
    pub classification: Option<String>,
    pub currency: Option<String>,
    pub active: bool,
    pub deleted_at: Option<DateTimeUtc>,
    pub imported_at: DateTimeUtc,
    pub vanished_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const TENANT: Column = Column::TenantId;
}
