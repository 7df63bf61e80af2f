//! The audit log: who did what, recorded in the transaction of what was done, and never changed.

use crate::Service;
use crate::cursor::{Page, PageQuery};
use crate::error::Error;
use chrono::{DateTime, Utc};
use entity::audit_record::{ActiveModel, Column, Entity, Model};
use entity::id::{AuditRecordId, TenantId};
use entity::store::TenantTx;
use sea_orm::ActiveValue::{NotSet, Set};
use serde::Serialize;
use utoipa::ToSchema;

/// A record of the audit log.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AuditRecord {
    /// Its id.
    pub id: AuditRecordId,
    /// When.
    pub recorded_at: DateTime<Utc>,
    /// Who: a key's id, `platform`, or `tillpost` itself.
    #[schema(example = "platform")]
    pub actor: String,
    /// What was done.
    #[schema(example = "event.replaced")]
    pub action: String,
    /// To what: the id of a resource.
    pub subject: String,
    /// What else is worth knowing.
    #[schema(value_type = Object)]
    pub detail: serde_json::Value,
}

impl From<Model> for AuditRecord {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            recorded_at: row.recorded_at,
            actor: row.actor,
            action: row.action,
            subject: row.subject,
            detail: row.detail,
        }
    }
}

/// The product itself, where no person or key asked.
pub const OURSELVES: &str = "tillpost";

/// Records what a transaction does.
///
/// # Errors
/// The database's.
pub async fn record(
    tx: &TenantTx,
    actor: &str,
    action: &str,
    subject: &str,
    detail: serde_json::Value,
) -> Result<(), Error> {
    tx.insert(ActiveModel {
        tenant_id: Set(tx.tenant()),
        id: Set(AuditRecordId::new()),
        recorded_at: NotSet,
        actor: Set(actor.to_owned()),
        action: Set(action.to_owned()),
        subject: Set(subject.to_owned()),
        detail: Set(detail),
    })
    .await?;
    Ok(())
}

/// The audit log, newest first.
///
/// # Errors
/// `invalid_cursor`, `invalid_limit`.
pub async fn list(
    service: &Service,
    tenant: TenantId,
    query: &PageQuery,
) -> Result<Page<AuditRecord>, Error> {
    let tx = service.tenant(tenant).await?;
    let read = query.newest_first(tx.find::<Entity>(), Column::RecordedAt, Column::Id)?;
    let rows = tx.all(read).await?;
    Ok(query.page(rows, |row| (row.recorded_at, row.id.0), AuditRecord::from))
}
