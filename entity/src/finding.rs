//! Something in the books that is not as it was posted. Columns are explained where they are made, in the migration.
#![allow(missing_docs)]

use crate::id::{EventId, FindingId, ReconciliationId, TenantId};
use crate::store::TenantOwned;
use sea_orm::entity::prelude::*;

/// Something in the books that is not as it was posted.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "finding")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: FindingId,
    pub company_id: String,
    pub kind: String,
    pub qbo_id: String,
    pub our_qbo_id: Option<String>,
    pub event_id: Option<EventId>,
    pub mark: Option<String>,
    pub reason: Option<String>,
    pub number: Option<String>,
    pub accounting_date: Date,
    pub differences: Json,
    pub detail: String,
    pub fingerprint: String,
    pub state: String,
    pub stand_in: Option<String>,
    pub reconciliation_id: ReconciliationId,
    pub found_at: DateTimeUtc,
    pub seen_at: DateTimeUtc,
    pub accepted_at: Option<DateTimeUtc>,
    pub accepted_by: Option<String>,
    pub gone_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const TENANT: Column = Column::TenantId;
}
