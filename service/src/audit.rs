//! The audit log: who did what, recorded in the transaction of what was done, never changed, and chained, so that whoever holds
//! an export can tell whether it was. What the chain is made of is told in `chain`.

pub mod chain;
mod denial;
mod export;
mod verify;
mod witness;

pub(crate) use denial::Denials;
pub use denial::{Denial, Reason, deny, deny_caller, knock, settle_denials};
pub use export::{Export, export};
pub use verify::{Verified, verify, verify_through};
pub use witness::{Ends, witness, witnessed};

use crate::Service;
use crate::cursor::{Cursors, Page, PageQuery};
use crate::error::Error;
use chain::Anchor;
use chrono::{DateTime, SecondsFormat, Utc};
use data_encoding::HEXLOWER;
use entity::audit_record::{ActiveModel, Column, Entity, Model};
use entity::id::{AuditRecordId, TenantId};
use entity::store::TenantTx;
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::FromQueryResult;
use serde::{Serialize, Serializer};
use serde_json::Value;
use utoipa::ToSchema;

/// A record of the audit log.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AuditRecord {
    /// Whose log it stands in.
    pub tenant_id: TenantId,
    /// Its number in the tenant's log: from 1, without gaps.
    #[schema(minimum = 1, example = 17)]
    pub sequence: i64,
    /// Its id.
    pub id: AuditRecordId,
    /// When, to the microsecond: six digits stand after the point.
    #[serde(serialize_with = "spell_instant")]
    pub recorded_at: DateTime<Utc>,
    /// Who: a key's, a member's or a link's id; `platform`; `operator`, at the command line; `tillpost` itself; or `nobody` who is known.
    #[schema(example = "platform")]
    pub actor: String,
    /// What was done.
    #[schema(example = "event.replaced")]
    pub action: String,
    /// To what: the id of a resource.
    pub subject: String,
    /// What else is worth knowing.
    #[schema(value_type = Object)]
    pub detail: Value,
    /// The hash of the record before; zeros for the first.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub previous_hash: String,
    /// The SHA-256 of the record without this field, in the canonical form of RFC 8785.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub hash: String,
}

impl From<Model> for AuditRecord {
    fn from(row: Model) -> Self {
        Self {
            tenant_id: row.tenant_id,
            sequence: row.sequence,
            id: row.id,
            recorded_at: row.recorded_at,
            actor: row.actor,
            action: row.action,
            subject: row.subject,
            detail: row.detail,
            previous_hash: HEXLOWER.encode(&row.previous_hash),
            hash: HEXLOWER.encode(&row.hash),
        }
    }
}

// The form that the hash was taken over has one spelling of an instant.
fn spell_instant<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&at.to_rfc3339_opts(SecondsFormat::Micros, true))
}

/// Where a tenant's log ends now. Kept elsewhere, it proves later that nothing before it was changed, and nothing cut off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AuditHead {
    /// Whose log.
    pub tenant_id: TenantId,
    /// The number of the last record; 0 where there is none.
    #[schema(minimum = 0, example = 17)]
    pub sequence: i64,
    /// The hash of the last record; zeros where there is none.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub hash: String,
}

impl AuditHead {
    /// As `tillpost audit verify` takes it.
    #[must_use]
    pub fn anchor(&self) -> Anchor {
        Anchor {
            sequence: self.sequence,
            hash: self.hash.clone(),
        }
    }
}

/// The product itself, where no person or key asked.
pub const OURSELVES: &str = "tillpost";
/// Whoever changes keys from the command line.
pub const OPERATOR: &str = "operator";

/// Records what a transaction does; written with its commit, and gone with it.
///
/// # Errors
/// None now; the commit's, when it is written.
pub async fn record(
    tx: &TenantTx,
    actor: &str,
    action: &str,
    subject: &str,
    detail: Value,
) -> Result<(), Error> {
    tx.record(ActiveModel {
        tenant_id: Set(tx.tenant()),
        id: Set(AuditRecordId::new()),
        recorded_at: NotSet,
        actor: Set(actor.to_owned()),
        action: Set(action.to_owned()),
        subject: Set(subject.to_owned()),
        detail: Set(chain::exact(detail)),
        sequence: NotSet,
        previous_hash: NotSet,
        hash: NotSet,
    });
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
    let cursors = Cursors::of(service, tenant, "audit log");
    let read = query.newest_first(cursors, tx.find::<Entity>(), Column::RecordedAt, Column::Id)?;
    let rows = tx.all(read).await?;
    Ok(query.page(
        cursors,
        rows,
        |row| (row.recorded_at, row.id.0),
        AuditRecord::from,
    ))
}

/// Where the audit log ends now.
///
/// # Errors
/// The database does not answer.
pub async fn head(service: &Service, tenant: TenantId) -> Result<AuditHead, Error> {
    read_head(&service.tenant(tenant).await?).await
}

async fn read_head(tx: &TenantTx) -> Result<AuditHead, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        sequence: i64,
        hash: Vec<u8>,
    }
    let rows = tx
        .query_as::<Row>("SELECT sequence, hash FROM audit_head WHERE {mine}", vec![])
        .await?;
    let anchor = rows
        .into_iter()
        .next()
        .map_or_else(Anchor::default, |row| Anchor {
            sequence: row.sequence,
            hash: HEXLOWER.encode(&row.hash),
        });
    Ok(AuditHead {
        tenant_id: tx.tenant(),
        sequence: anchor.sequence,
        hash: anchor.hash,
    })
}
