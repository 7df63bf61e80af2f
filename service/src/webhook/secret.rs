//! An endpoint's secrets: sealed, shown once, and rotated with a time in which the old ones count too.

use super::signature::{Signer, Written};
use crate::Service;
use crate::error::Error;
use crate::vault::Place;
use entity::id::{WebhookEndpointId, WebhookSecretId};
use entity::store::TenantTx;
use sea_orm::FromQueryResult;
use secrecy::SecretString;

fn place(column: &'static str, id: WebhookSecretId) -> Place<'static> {
    Place {
        table: "webhook_secret",
        column,
        row: id.0,
    }
}

/// Makes a new secret and key of an endpoint; tells the secret, which is never told again.
pub(super) async fn add(
    service: &Service,
    tx: &TenantTx,
    endpoint: WebhookEndpointId,
) -> Result<SecretString, Error> {
    let (id, written) = (WebhookSecretId::new(), Written::random());
    let vault = service.vault();
    let secret = vault.seal(tx, place("secret", id), &written.secret).await?;
    let key = vault
        .seal(tx, place("signing_key", id), &written.signing_key)
        .await?;
    tx.execute(
        "INSERT INTO webhook_secret (tenant_id, id, endpoint_id, secret, signing_key, public_key) VALUES ($1, $2, $3, $4, $5, $6)",
        vec![
            id.into(),
            endpoint.into(),
            secret.into(),
            key.into(),
            written.public_key.into(),
        ],
    )
    .await?;
    Ok(written.secret)
}

/// The secrets that an endpoint has count for `hours` more, and no longer.
pub(super) async fn expire(
    tx: &TenantTx,
    endpoint: WebhookEndpointId,
    hours: u16,
) -> Result<(), Error> {
    tx.execute(
        "UPDATE webhook_secret SET expires_at = least(expires_at, tillpost_now() + make_interval(hours => $3))
          WHERE {mine} AND endpoint_id = $2",
        vec![endpoint.into(), i32::from(hours).into()],
    )
    .await?;
    Ok(())
}

/// The public keys that count, of the tenant's endpoints, the newest first.
pub(super) async fn public_keys(tx: &TenantTx) -> Result<Vec<(WebhookEndpointId, String)>, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        endpoint_id: WebhookEndpointId,
        public_key: String,
    }
    Ok(tx
        .query_as::<Row>(
            "SELECT endpoint_id, public_key FROM webhook_secret
              WHERE {mine} AND (expires_at IS NULL OR expires_at > tillpost_now()) ORDER BY created_at DESC, id DESC",
            vec![],
        )
        .await?
        .into_iter()
        .map(|row| (row.endpoint_id, row.public_key))
        .collect())
}

/// Opens the secrets of an endpoint that count, the newest first.
pub(super) async fn signers(
    service: &Service,
    tx: &TenantTx,
    endpoint: WebhookEndpointId,
) -> Result<Vec<Signer>, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        id: WebhookSecretId,
        secret: Vec<u8>,
        signing_key: Vec<u8>,
    }
    let rows = tx
        .query_as::<Row>(
            "SELECT id, secret, signing_key FROM webhook_secret
              WHERE {mine} AND endpoint_id = $2 AND (expires_at IS NULL OR expires_at > tillpost_now())
              ORDER BY created_at DESC, id DESC",
            vec![endpoint.into()],
        )
        .await?;
    let vault = service.vault();
    let mut signers = Vec::with_capacity(rows.len());
    for row in rows {
        let secret = vault.open(tx, place("secret", row.id), &row.secret).await?;
        let key = vault
            .open(tx, place("signing_key", row.id), &row.signing_key)
            .await?;
        signers.push(
            Signer::read(&secret, &key).ok_or_else(|| {
                Error::internal("a webhook secret is not written as it should be")
            })?,
        );
    }
    Ok(signers)
}
