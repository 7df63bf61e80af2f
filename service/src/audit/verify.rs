//! A tenant's audit log, checked where it lies.

use super::chain::{Anchor, Break, Chain};
use super::{export, read_head, witness};
use crate::Service;
use crate::error::Error;
use entity::id::TenantId;
use serde_json::Value;

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verified {
    /// Every record is as it was written, up to here.
    Whole(Anchor),
    /// The first place where it is not.
    Broken(Break),
}

/// Checks a tenant's audit log, from its first record to the head that the database keeps, through every end of it that the
/// platform's log knows, and through `anchor`, where one was kept elsewhere. Of a tenant that was made, a log without a record is
/// broken: that it was made is the first. Records that are added meanwhile are checked too, or not.
///
/// # Errors
/// The database does not answer.
pub async fn verify(
    service: &Service,
    tenant: TenantId,
    anchor: Option<Anchor>,
) -> Result<Verified, Error> {
    // The head first: what is added while the records are read lies beyond it.
    let head = read_head(&service.tenant(tenant).await?).await?.anchor();
    let witnessed = witness::witnessed(service, tenant).await?;
    let anchors = witnessed.into_iter().chain(anchor).chain([head]).collect();
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
    Ok(match chain.end() {
        Ok(end) if end.sequence == 0 && tenant != TenantId::PLATFORM => {
            Verified::Broken(Break::Empty)
        }
        Ok(end) => Verified::Whole(end),
        Err(broken) => Verified::Broken(broken),
    })
}
