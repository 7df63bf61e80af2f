//! A key as it is presented: read, looked up, and who that makes the caller.

use super::known;
use crate::access::{Caller, Scope};
use crate::audit::{Denial, Reason};
use crate::credential::Presented;
use crate::error::Error;
use crate::{Service, audit, secret};
use chrono::{DateTime, Utc};
use entity::id::{ApiKeyId, TenantId};
use sea_orm::FromQueryResult;
use secrecy::{ExposeSecret, SecretString};

/// Who presents this credential. Where it is a key of ours that does not hold, its tenant's audit log
/// says that it was refused for `operation`. What was looked up holds for half a second (`api_key/recent.rs`).
///
/// # Errors
/// The database does not answer.
pub(crate) async fn authenticate(
    service: &Service,
    presented: &str,
    operation: &'static str,
) -> Result<Presented, Error> {
    let platform_key = service.settings().platform_key.expose_secret();
    // Hashing first makes the lengths equal, so that the comparison tells nothing.
    if secret::equal(&secret::hash(presented), &secret::hash(platform_key)) {
        return Ok(Presented::By(Caller::Platform));
    }
    let Some((id, plain)) = read(service, presented) else {
        return Ok(Presented::Nobodys(Reason::UnknownCredential));
    };
    let hash = secret::keyed_hash(&service.settings().pepper, plain);
    if let Some(caller) = service.recent_keys().find(id, &hash) {
        return Ok(Presented::By(caller));
    }
    let key = match standing(service, id, Some(&hash), operation).await? {
        Stands::Well(key) => key,
        Stands::Refused => return Ok(Presented::Refused),
        Stands::Nowhere => return Ok(Presented::Nobodys(Reason::UnknownCredential)),
    };
    let caller = Caller::OfTenant {
        tenant: key.tenant,
        actor: id.to_string(),
        scopes: key.scopes,
    };
    if !key.expires_soon {
        service.recent_keys().keep(id, hash, &caller);
    }
    Ok(Presented::By(caller))
}

/// How a key stands.
pub(crate) enum Stands {
    /// It holds.
    Well(Standing),
    /// It does not, which its tenant's audit log tells.
    Refused,
    /// There is no such key.
    Nowhere,
}

/// A key as it stands now.
pub(crate) struct Standing {
    pub(crate) tenant: TenantId,
    pub(crate) scopes: Vec<Scope>,
    pub(crate) now: DateTime<Utc>,
    /// Whether it expires within the hour: such a one is looked up each time, so that its end is kept to the moment.
    pub(crate) expires_soon: bool,
}

/// How a key stands, for whoever presents the secret of this hash, or has proven by a token to have had it.
///
/// # Errors
/// The database does not answer.
pub(crate) async fn standing(
    service: &Service,
    id: ApiKeyId,
    presented: Option<&[u8]>,
    operation: &'static str,
) -> Result<Stands, Error> {
    #[derive(FromQueryResult)]
    struct Found {
        tenant_id: TenantId,
        secret_hash: Vec<u8>,
        scopes: Vec<String>,
        now: DateTime<Utc>,
        use_is_news: bool,
        suspended: bool,
        revoked: bool,
        expired: bool,
        expires_soon: bool,
    }
    let tx = service.store().platform().await?;
    let found = tx
        .query_as::<Found>(
            "SELECT k.tenant_id, k.secret_hash, k.scopes, tillpost_now() AS now,
               (k.last_used_at IS NULL OR k.last_used_at < tillpost_now() - interval '1 minute') AS use_is_news,
               t.status <> 'active' AS suspended, k.revoked_at IS NOT NULL AS revoked,
               coalesce(k.expires_at <= tillpost_now(), false) AS expired,
               coalesce(k.expires_at <= tillpost_now() + interval '1 hour', false) AS expires_soon
               FROM api_key k
               JOIN tenant t ON t.tenant_id = k.tenant_id
              WHERE k.id = $1",
            vec![id.into()],
        )
        .await?;
    tx.commit().await?;
    let Some(key) = found.into_iter().next() else {
        return Ok(Stands::Nowhere);
    };
    let is_another = |hash: &[u8]| !secret::equal(&key.secret_hash, hash);
    let refused = [
        (presented.is_some_and(is_another), Reason::WrongSecret),
        (key.suspended, Reason::Suspended),
        (key.revoked, Reason::Revoked),
        (key.expired, Reason::Expired),
    ];
    if let Some((_, reason)) = refused.into_iter().find(|(refused, _)| *refused) {
        let denial = Denial::of(key.tenant_id, &id.to_string(), operation, reason);
        audit::deny(service, denial).await;
        return Ok(Stands::Refused);
    }
    if key.use_is_news {
        used(service, key.tenant_id, id).await?;
    }
    Ok(Stands::Well(Standing {
        tenant: key.tenant_id,
        scopes: known(&key.scopes),
        now: key.now,
        expires_soon: key.expires_soon,
    }))
}

async fn used(service: &Service, tenant: TenantId, id: ApiKeyId) -> Result<(), Error> {
    let tx = service.tenant(tenant).await?;
    tx.execute(
        "UPDATE api_key SET last_used_at = tillpost_now() WHERE {mine} AND id = $2",
        vec![id.into()],
    )
    .await?;
    tx.commit().await?;
    Ok(())
}

pub(super) fn spell(service: &Service, id: ApiKeyId, plain: &SecretString) -> String {
    let id = id.to_string();
    let body = format!(
        "tp_{}_{}_{}",
        service.settings().environment.as_str(),
        id.trim_start_matches("key_"),
        plain.expose_secret()
    );
    format!("{body}_{:08x}", crc32fast::hash(body.as_bytes()))
}

fn read<'a>(service: &Service, presented: &'a str) -> Option<(ApiKeyId, &'a str)> {
    let (body, checksum) = presented.rsplit_once('_')?;
    if checksum != format!("{:08x}", crc32fast::hash(body.as_bytes())) {
        return None;
    }
    let prefix = format!("tp_{}_", service.settings().environment.as_str());
    let (id, plain) = body.strip_prefix(&prefix)?.split_once('_')?;
    Some((format!("key_{id}").parse().ok()?, plain))
}
