//! The end of a tenant: its keys and its connection end, its secrets are destroyed, and its books' history stays.

use super::{Tenant, row};
use crate::access::Caller;
use crate::error::Error;
use crate::{Service, alert, audit, connection, grant, past_sync, sync, vault, webhook};
use entity::id::TenantId;
use secrecy::SecretString;

/// What ends with the tenant, each for good.
const ENDS: &[&str] = &[
    "UPDATE connection SET state = 'disconnected', disconnected_at = tillpost_now() WHERE {mine} AND state <> 'disconnected'",
    "DELETE FROM connection_grant WHERE {mine}",
    // A holder of the company settles nothing any more.
    "UPDATE company_lease SET fence = fence + 1, expires_at = tillpost_now() WHERE {mine}",
    "UPDATE sync SET running = false, stopped_at = coalesce(stopped_at, tillpost_now()), waiting_code = NULL WHERE {mine}",
    "UPDATE api_key SET revoked_at = tillpost_now() WHERE {mine} AND revoked_at IS NULL",
    // Who they were is nobody's business any more; the audit log names them by the ids of their places.
    "DELETE FROM member WHERE {mine}",
    "UPDATE connection_link SET revoked_at = tillpost_now() WHERE {mine} AND used_at IS NULL AND revoked_at IS NULL",
    "UPDATE authorization_request SET used_at = tillpost_now() WHERE {mine} AND used_at IS NULL",
    "UPDATE webhook_endpoint SET enabled = false, disabled_reason = coalesce(disabled_reason, 'by_hand'),
       disabled_at = coalesce(disabled_at, tillpost_now()), deleted_at = coalesce(deleted_at, tillpost_now()) WHERE {mine}",
    "UPDATE webhook_secret SET expires_at = least(expires_at, tillpost_now()), secret = '', signing_key = '' WHERE {mine}",
    "DELETE FROM idempotency_key WHERE {mine}",
    "UPDATE webhook_lane SET due_at = NULL WHERE {mine}",
];

/// What ends last, once its alerts are closed.
const ENDS_LAST: &[&str] = &[
    "UPDATE turn SET due_at = NULL WHERE {mine}",
    "UPDATE tenant SET status = 'deleted', deleted_at = tillpost_now(), updated_at = tillpost_now() WHERE {mine}",
];

/// Deletes a tenant: its keys stop working, its company is disconnected and the grant revoked at Intuit, and its data key is
/// destroyed, so that nothing that was sealed under it can be opened again, out of a backup neither. Its events, what was posted
/// of them and its audit log stay as they are, for whoever must account for them. Deleting again changes nothing.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn delete(service: &Service, caller: &Caller, id: TenantId) -> Result<Tenant, Error> {
    let before = row(&service.store().platform().await?, id).await?;
    if before.status != "deleted" {
        let grant = end(service, caller, id).await?;
        if let Some(token) = grant
            && let Err(failure) = service.quickbooks().revoke(&token).await
        {
            tracing::warn!(tenant.id = %id, "the grant is destroyed here but was not revoked at Intuit: {failure}");
        }
    }
    let after = row(&service.store().platform().await?, id).await?;
    Ok(after.into())
}

async fn end(
    service: &Service,
    caller: &Caller,
    id: TenantId,
) -> Result<Option<SecretString>, Error> {
    let tx = service.tenant(id).await?;
    // First whoever posts, then whoever takes events in or connects: each goes before us or after us.
    tx.query(
        "SELECT 1 FROM company_lease WHERE {mine} FOR UPDATE",
        vec![],
    )
    .await?;
    sync::lock(&tx).await?;
    let gone = tx
        .query(
            "SELECT 1 FROM tenant WHERE {mine} AND status = 'deleted'",
            vec![],
        )
        .await?;
    if !gone.is_empty() {
        return Ok(None);
    }
    let mut token = None;
    if let Some(present) = connection::current(&tx).await? {
        // A grant that does not open cannot be revoked, and keeps nothing from being deleted.
        token = grant::refresh_token(service, &tx, present.id)
            .await
            .inspect_err(|error| {
                tracing::warn!(tenant.id = %id, "the grant of a tenant that is deleted does not open: {error}");
            })
            .ok()
            .flatten();
    }
    past_sync::abandon(&tx, caller.actor()).await?;
    for sql in ENDS {
        tx.execute(sql, vec![]).await?;
    }
    alert::end(&tx).await?;
    for sql in ENDS_LAST {
        tx.execute(sql, vec![]).await?;
    }
    webhook::connection_changed(&tx).await?;
    let keys = vault::destroy(&tx).await?;
    audit::record(
        &tx,
        caller.actor(),
        "tenant.deleted",
        &id.to_string(),
        serde_json::json!({ "data_keys_destroyed": keys }),
    )
    .await?;
    tx.commit().await?;
    service.forget_recent_keys();
    Ok(token)
}
