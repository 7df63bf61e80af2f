//! A tenant's audit log, checked where it lies.

use super::chain::{Anchor, Break, Chain};
use super::{export, read_head, witnessed};
use crate::Service;
use crate::error::Error;
use entity::id::TenantId;
use serde_json::Value;

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verified {
    /// Every record is as it was written.
    Whole {
        /// The last record.
        end: Anchor,
        /// The last record that somebody else knew of: from there back the log is proven to be what it was; what came after it might
        /// have been cut off or written anew, head and all.
        known: i64,
    },
    /// The first place where it is not.
    Broken(Break),
}

impl Verified {
    /// What a chain that runs through `known` comes to at its end.
    #[must_use]
    pub fn of(chain: Chain, known: &[Anchor]) -> Self {
        let known = known.iter().map(|anchor| anchor.sequence).max();
        match chain.end() {
            Ok(end) => Self::Whole {
                end,
                known: known.unwrap_or(0),
            },
            Err(broken) => Self::Broken(broken),
        }
    }
}

/// Checks a tenant's audit log, from its first record to the head that the database keeps, through every end of it that the
/// platform's log knows, and through `anchor`, where one was kept elsewhere. Records that are added meanwhile are checked too, or
/// not.
///
/// # Errors
/// The database does not answer.
pub async fn verify(
    service: &Service,
    tenant: TenantId,
    anchor: Option<Anchor>,
) -> Result<Verified, Error> {
    let mut known = witnessed(service, &[tenant])
        .await?
        .remove(&tenant)
        .unwrap_or_default();
    known.extend(anchor);
    verify_through(service, tenant, known).await
}

/// Checks a tenant's audit log like [`verify`], through ends of it that are known: for whoever checks many. Of a tenant that was made,
/// a log without a record is broken: that it was made is the first.
///
/// # Errors
/// The database does not answer.
pub async fn verify_through(
    service: &Service,
    tenant: TenantId,
    known: Vec<Anchor>,
) -> Result<Verified, Error> {
    // The head first: what is added while the records are read lies beyond it.
    let head = read_head(&service.tenant(tenant).await?).await?.anchor();
    let anchors = known.iter().cloned().chain([head]).collect();
    let mut chain = Chain::after(Anchor::default(), anchors, Some(tenant.to_string()));
    let mut records = export(service, tenant, None)?;
    loop {
        let slice = records.slice().await?;
        if slice.is_empty() {
            break;
        }
        for record in slice {
            let Ok(Value::Object(fields)) = serde_json::to_value(&record) else {
                return Err(Error::internal("a record is no object"));
            };
            if let Err(broken) = chain.record(fields) {
                return Ok(Verified::Broken(broken));
            }
        }
    }
    Ok(match Verified::of(chain, &known) {
        Verified::Whole { end, .. } if end.sequence == 0 && tenant != TenantId::PLATFORM => {
            Verified::Broken(Break::Empty)
        }
        verified => verified,
    })
}
