//! API keys: `tp_test_<key id>_<secret>_<checksum>`. The secret is shown once and stored as a keyed hash.

mod presented;
pub(crate) mod recent;
mod rotate;

pub(crate) use presented::{Stands, authenticate, standing};
pub use rotate::{RotateApiKey, RotatedApiKey, rotate};

use crate::access::{Caller, Role, Scope, read_scopes};
use crate::error::Error;
use crate::{Service, audit, secret};
use chrono::{DateTime, Datelike, Utc};
use entity::api_key;
use entity::id::{ApiKeyId, TenantId};
use entity::store::TenantTx;
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A key to be made.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateApiKey {
    /// What it is for, in the owner's words; 1 to 200 characters.
    #[schema(example = "point of sale")]
    pub name: String,
    /// What it may do, as a role of people; it keeps the scopes that the role has now.
    #[schema(example = "accountant")]
    pub role: Option<Role>,
    /// What it may do, scope by scope. Neither a role nor scopes: everything a tenant's key may.
    #[serde(default)]
    #[schema(example = json!(["events:write", "events:read"]))]
    pub scopes: Vec<String>,
    /// When it stops working; left out: never.
    pub expires_at: Option<DateTime<Utc>>,
}

/// An API key, without its secret.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ApiKey {
    /// Its id, which is also part of the key itself.
    pub id: ApiKeyId,
    /// What it is for.
    #[schema(example = "point of sale")]
    pub name: String,
    /// What it may do.
    #[schema(value_type = Vec<Scope>)]
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Who made it.
    #[schema(example = "platform")]
    pub created_by: String,
    /// When it stops working.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was used last, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// The key whose place it took, where it was made by rotating one.
    pub replaces: Option<ApiKeyId>,
}

/// A new key with its secret, which is shown this once.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NewApiKey {
    /// The key.
    #[serde(flatten)]
    pub key: ApiKey,
    /// Send it as `Authorization: Bearer …`. It cannot be shown again.
    #[schema(example = "tp_test_01jd5zk8x9e3qr0v7m2c4n6p8t_kq3…_9f86d081")]
    pub secret: String,
}

impl From<api_key::Model> for ApiKey {
    fn from(row: api_key::Model) -> Self {
        Self {
            id: row.id,
            name: row.name,
            scopes: row.scopes,
            created_at: row.created_at,
            created_by: row.created_by,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
            revoked_at: row.revoked_at,
            replaces: row.replaces,
        }
    }
}

/// Makes a key and shows its secret, once.
///
/// # Errors
/// `invalid_name`, `unknown_scope`, `role_and_scopes`, `scope_beyond_own`, `invalid_expiry`; [`Error::NotFound`] where there is no such tenant; `tenant_deleted`.
pub async fn create(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    request: CreateApiKey,
) -> Result<NewApiKey, Error> {
    crate::tenant::check_name(&request.name)?;
    let scopes = read_scopes(request.role, &request.scopes)?;
    if let Some(beyond) = caller.lacks(&scopes) {
        return Err(Error::invalid(
            "scope_beyond_own",
            "scopes",
            format!(
                "a key cannot give `{}`, which it does not have itself",
                beyond.as_str()
            ),
        ));
    }
    let tx = service.tenant(tenant).await?;
    is_served(&tx).await?;
    check_expiry(&tx, request.expires_at).await?;
    let made = Made {
        name: request.name,
        scopes: spelt(&scopes),
        expires_at: request.expires_at,
        replaces: None,
    };
    let (id, secret) = insert(service, &tx, caller, made).await?;
    audit::record(
        &tx,
        caller.actor(),
        "api_key.created",
        &id.to_string(),
        serde_json::json!({}),
    )
    .await?;
    let key = row(&tx, id).await?.into();
    tx.commit().await?;
    Ok(NewApiKey { key, secret })
}

/// What is known of a key before it has an id and a secret.
struct Made {
    name: String,
    scopes: Vec<String>,
    expires_at: Option<DateTime<Utc>>,
    replaces: Option<ApiKeyId>,
}

/// Adds a key; gives its id, and the secret as it is shown.
async fn insert(
    service: &Service,
    tx: &TenantTx,
    caller: &Caller,
    made: Made,
) -> Result<(ApiKeyId, String), Error> {
    let (id, plain) = (ApiKeyId::new(), secret::random());
    tx.insert(api_key::ActiveModel {
        tenant_id: Set(tx.tenant()),
        id: Set(id),
        name: Set(made.name),
        secret_hash: Set(secret::keyed_hash(
            &service.settings().pepper,
            plain.expose_secret(),
        )),
        scopes: Set(made.scopes),
        created_at: NotSet,
        created_by: Set(caller.actor().to_owned()),
        expires_at: Set(made.expires_at),
        last_used_at: Set(None),
        revoked_at: Set(None),
        replaces: Set(made.replaces),
    })
    .await?;
    Ok((id, presented::spell(service, id, &plain)))
}

async fn check_expiry(tx: &TenantTx, at: Option<DateTime<Utc>>) -> Result<(), Error> {
    match at {
        Some(at) if at <= tx.now().await? || at.year() > 9999 => Err(Error::invalid(
            "invalid_expiry",
            "expires_at",
            "the time is past, or after the year 9999; name another, or leave it out for a key that does not expire",
        )),
        _ => Ok(()),
    }
}

fn spelt(scopes: &[Scope]) -> Vec<String> {
    scopes
        .iter()
        .map(|scope| scope.as_str().to_owned())
        .collect()
}

/// The tenant's keys, newest first.
///
/// # Errors
/// [`Error::NotFound`] where there is no such tenant.
pub async fn list(service: &Service, tenant: TenantId) -> Result<Vec<ApiKey>, Error> {
    let tx = service.tenant(tenant).await?;
    exists(&tx).await?;
    let rows = tx
        .all(
            tx.find::<api_key::Entity>()
                .order_by_desc(api_key::Column::Id),
        )
        .await?;
    Ok(rows.into_iter().map(ApiKey::from).collect())
}

/// Ends a key at once; ending it again changes nothing.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn revoke(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    id: ApiKeyId,
) -> Result<ApiKey, Error> {
    let tx = service.tenant(tenant).await?;
    let done = tx
        .execute(
            "UPDATE api_key SET revoked_at = tillpost_now() WHERE {mine} AND id = $2 AND revoked_at IS NULL",
            vec![id.into()],
        )
        .await?;
    if done.rows_affected() > 0 {
        audit::record(
            &tx,
            caller.actor(),
            "api_key.revoked",
            &id.to_string(),
            serde_json::json!({}),
        )
        .await?;
    }
    let key = row(&tx, id).await?;
    tx.commit().await?;
    service.forget_recent_keys();
    Ok(key.into())
}

// The platform may name any tenant, also one that nobody made.
pub(crate) async fn exists(tx: &TenantTx) -> Result<entity::tenant::Model, Error> {
    tx.one(tx.find::<entity::tenant::Entity>())
        .await?
        .ok_or(Error::NotFound)
}

/// Nobody gets in anew where a tenant was deleted.
pub(crate) async fn is_served(tx: &TenantTx) -> Result<(), Error> {
    match exists(tx).await?.status.as_str() {
        "deleted" => Err(crate::tenant::deleted()),
        _ => Ok(()),
    }
}

async fn row(tx: &TenantTx, id: ApiKeyId) -> Result<api_key::Model, Error> {
    tx.one(
        tx.find::<api_key::Entity>()
            .filter(api_key::Column::Id.eq(id)),
    )
    .await?
    .ok_or(Error::NotFound)
}

fn known(names: &[String]) -> Vec<Scope> {
    let scopes = Scope::ALL.iter().copied();
    scopes
        .filter(|scope| names.iter().any(|name| name == scope.as_str()))
        .collect()
}
