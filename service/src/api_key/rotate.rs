//! Rotating a key: a successor takes its place, and for a stated time the two live side by side, so that whoever uses the key
//! changes over whenever it suits. When each was used last tells whether the old one still is.

use super::{ApiKey, Made, NewApiKey, check_expiry, insert, known, row};
use crate::access::Caller;
use crate::error::Error;
use crate::{Service, audit};
use chrono::{DateTime, Utc};
use entity::api_key;
use entity::id::{ApiKeyId, TenantId};
use entity::store::TenantTx;
use sea_orm::{ColumnTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How long the old key lives on, where nothing else is said,
const OVERLAP_HOURS: u32 = 24;
/// and at most.
const OVERLAP_HOURS_MAX: u32 = 168;

/// How a key is rotated.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateApiKey {
    /// How many hours the old key lives on: 0 to 168; left out: 24. With 0 it ends at once, and its tokens with it.
    #[schema(minimum = 0, maximum = 168, example = 24)]
    pub overlap_hours: Option<u32>,
    /// When the new key stops working; left out: when the old one would have.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A key and the one whose place it took.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RotatedApiKey {
    /// The new key with its secret, which is shown this once.
    pub new_key: NewApiKey,
    /// The old key, with the time at which it ends.
    pub old_key: ApiKey,
}

/// Makes a successor of the same name and scopes, and lets the old key end after the overlap.
///
/// # Errors
/// `invalid_overlap`, `invalid_expiry`, `scope_beyond_own`; `key_ended`, `key_rotated` and `overlap_running` where the key is not
/// one that can be rotated now; [`Error::NotFound`].
pub async fn rotate(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    id: ApiKeyId,
    request: RotateApiKey,
) -> Result<RotatedApiKey, Error> {
    let hours = request.overlap_hours.unwrap_or(OVERLAP_HOURS);
    if hours > OVERLAP_HOURS_MAX {
        return Err(Error::invalid(
            "invalid_overlap",
            "overlap_hours",
            format!("{hours} hours: the old key may live on for 0 to {OVERLAP_HOURS_MAX} hours"),
        ));
    }
    let tx = service.tenant(tenant).await?;
    // Whoever else rotates or revokes it waits, and then sees what was done.
    tx.execute(
        "SELECT 1 FROM api_key WHERE {mine} AND id = $2 FOR UPDATE",
        vec![id.into()],
    )
    .await?;
    let old = row(&tx, id).await?;
    can_be_rotated(&tx, &old).await?;
    // The new secret would give its reader what the old key may.
    if let Some(beyond) = caller.lacks(&known(&old.scopes)) {
        return Err(Error::conflict(
            "scope_beyond_own",
            format!(
                "the key has `{}`, which you do not have yourself: whoever has it rotates the key",
                beyond.as_str()
            ),
        ));
    }
    check_expiry(&tx, request.expires_at).await?;
    let made = Made {
        name: old.name.clone(),
        scopes: old.scopes.clone(),
        expires_at: request.expires_at.or(old.expires_at),
        replaces: Some(id),
    };
    let (new, secret) = insert(service, &tx, caller, made).await?;
    tx.execute(
        "UPDATE api_key SET expires_at = least(expires_at, tillpost_now() + make_interval(hours => $3))
          WHERE {mine} AND id = $2",
        vec![id.into(), i32::try_from(hours).unwrap_or_default().into()],
    )
    .await?;
    audit::record(
        &tx,
        caller.actor(),
        "api_key.rotated",
        &id.to_string(),
        serde_json::json!({ "replaced_by": new, "overlap_hours": hours }),
    )
    .await?;
    let (key, old_key) = (row(&tx, new).await?.into(), row(&tx, id).await?.into());
    tx.commit().await?;
    service.forget_recent_keys();
    Ok(RotatedApiKey {
        new_key: NewApiKey { key, secret },
        old_key,
    })
}

async fn can_be_rotated(tx: &TenantTx, old: &api_key::Model) -> Result<(), Error> {
    let now = tx.now().await?;
    let lives =
        |key: &api_key::Model| key.revoked_at.is_none() && key.expires_at.is_none_or(|at| at > now);
    if !lives(old) {
        return Err(Error::conflict(
            "key_ended",
            "the key was revoked or has expired: make a new one instead",
        ));
    }
    let of = |condition| tx.one(tx.find::<api_key::Entity>().filter(condition));
    if let Some(successor) = of(api_key::Column::Replaces.eq(old.id)).await? {
        return Err(Error::conflict(
            "key_rotated",
            format!(
                "{} took this key's place already: rotate that one",
                successor.id
            ),
        ));
    }
    // Two at once, and no more: a chain of old keys would be what rotating is to end.
    if let Some(before) = old.replaces
        && let Some(before) = of(api_key::Column::Id.eq(before)).await?
        && lives(&before)
    {
        return Err(Error::conflict(
            "overlap_running",
            format!(
                "{}, whose place this key took, still lives: revoke it, or wait until it has ended",
                before.id
            ),
        ));
    }
    Ok(())
}
