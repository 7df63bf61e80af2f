//! An account that is to be created in QuickBooks, because somebody asked for it. Columns are explained where they are made, in the migration.
#![allow(missing_docs)]

use crate::id::{AccountCreationId, AccountId, TenantId};
use crate::store::TenantOwned;
use sea_orm::entity::prelude::*;

/// An account that is to be created in QuickBooks, because somebody asked for it.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account_creation")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AccountCreationId,
    pub company_id: String,
    pub name: String,
    pub number: Option<String>,
    pub account_type: String,
    pub account_sub_type: Option<String>,
    pub slot: Option<String>,
    pub key: String,
    pub state: String,
    pub account_id: Option<AccountId>,
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
