//! Endpoints: made, listed, changed, tested and deleted by whoever receives the messages.

use super::schedule::Health;
use super::{Kind, record_for, secret};
use crate::access::Caller;
use crate::error::Error;
use crate::version::{self, Expected};
use crate::{Service, alert, audit, tenant};
use chrono::{DateTime, Utc};
use entity::id::{TenantId, WebhookEndpointId, WebhookMessageId};
use entity::store::TenantTx;
use entity::webhook_endpoint::{ActiveModel, Column, Entity, Model};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

/// Endpoints of one tenant.
const ENDPOINTS_MAX: usize = 20;
/// How long old secrets count when a new one is made, in hours, where the request does not say; and at the most.
const OVERLAP_HOURS: u16 = 24;
const OVERLAP_HOURS_MAX: u16 = 168;

/// An endpoint to be made.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateEndpoint {
    /// Where messages go: an https address of the public internet.
    #[schema(example = "https://pos.example.com/webhooks/tillpost")]
    pub url: String,
    /// What it is for, in the owner's words; at most 200 characters.
    #[serde(default)]
    #[schema(max_length = 200, example = "point of sale")]
    pub description: String,
    /// The types it wants; left out or empty: every type.
    #[serde(default)]
    #[schema(example = json!(["alert.opened", "alert.closed"]))]
    pub types: Vec<String>,
}

/// What changes of an endpoint; what is left out stays.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateEndpoint {
    /// Where messages go.
    #[schema(example = "https://pos.example.com/webhooks/tillpost")]
    pub url: Option<String>,
    /// What it is for.
    #[schema(max_length = 200, example = "point of sale")]
    pub description: Option<String>,
    /// The types it wants; empty: every type.
    #[schema(example = json!(["alert.opened", "alert.closed"]))]
    pub types: Option<Vec<String>>,
    /// Whether it gets anything. While it is disabled nothing is placed for it; what waits goes on when it is enabled, and
    /// the rest can be replayed.
    pub enabled: Option<bool>,
}

/// How a secret is rotated.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateSecret {
    /// How long the old secret counts too, 0 to 168 hours; left out: 24. 0 is for a secret that somebody else has seen.
    #[schema(minimum = 0, maximum = 168, example = 24)]
    pub overlap_hours: Option<u16>,
}

/// Whether an endpoint gets anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WebhookEndpointState)]
pub enum State {
    /// It does.
    Enabled,
    /// It does not, until somebody enables it.
    Disabled,
}

/// An address that messages go to.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = WebhookEndpoint)]
pub struct Endpoint {
    /// Its id.
    pub id: WebhookEndpointId,
    /// Where messages go.
    #[schema(example = "https://pos.example.com/webhooks/tillpost")]
    pub url: String,
    /// What it is for.
    #[schema(example = "point of sale")]
    pub description: String,
    /// The types it wants; empty: every type.
    #[schema(example = json!(["alert.opened", "alert.closed"]))]
    pub types: Vec<String>,
    /// Whether it gets anything.
    pub state: State,
    /// Why it is disabled: `by_hand`, `gone` (it answered 410) or `failing` (nothing reached it for five days).
    #[schema(example = "failing")]
    pub disabled_reason: Option<String>,
    /// When it was disabled.
    pub disabled_at: Option<DateTime<Utc>>,
    /// The keys to verify the signature `v1a` with, as `whpk_…`, the newest first; two while a rotation lasts.
    #[schema(example = json!(["whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="]))]
    pub public_keys: Vec<String>,
    /// When it took a message last, to some seconds.
    pub last_success_at: Option<DateTime<Utc>>,
    /// When an attempt failed last.
    pub last_failure_at: Option<DateTime<Utc>>,
    /// Since when nothing has reached it.
    pub failing_since: Option<DateTime<Utc>>,
    /// Attempts that failed since a message reached it.
    pub failures: i32,
    /// Nothing is sent before: too many attempts failed in a row, or it asked for it.
    pub paused_until: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Who made it.
    #[schema(example = "key_01jd5zk8x9e3qr0v7m2c4n6p8t")]
    pub created_by: String,
}

impl Endpoint {
    /// The tag of this version of it: of what its owner changes, not of how it fares.
    #[must_use]
    pub fn version(&self) -> String {
        version::tag(&(&self.url, &self.description, &self.types, self.state))
    }
}

/// A new endpoint with its secret, which is shown this once.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = NewWebhookEndpoint)]
pub struct NewEndpoint {
    /// The endpoint.
    #[serde(flatten)]
    pub endpoint: Endpoint,
    /// The secret to verify the signature `v1` with. It cannot be shown again.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw…")]
    pub secret: String,
}

/// An endpoint with a new secret, which is shown this once.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = NewWebhookSecret)]
pub struct NewSecret {
    /// The endpoint.
    #[serde(flatten)]
    pub endpoint: Endpoint,
    /// The new secret. It cannot be shown again.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw…")]
    pub secret: String,
    /// Until when the old secret counts too.
    pub old_secrets_count_until: DateTime<Utc>,
}

/// How the endpoint of a row has fared.
pub(super) fn health(row: &Model) -> Health {
    Health {
        last_success_at: row.last_success_at,
        last_failure_at: row.last_failure_at,
        failing_since: row.failing_since,
        failures: row.failures,
        window_at: row.window_at,
        window_tries: row.window_tries,
        window_failures: row.window_failures,
        open_until: row.open_until,
    }
}

/// Makes an endpoint and shows its secret, once. It gets what happens from now on.
///
/// # Errors
/// `invalid_url`, `unknown_type`, `invalid_description`; `too_many_endpoints`.
pub async fn create(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    request: CreateEndpoint,
) -> Result<NewEndpoint, Error> {
    let url = check_url(service, &request.url)?;
    check_description(&request.description)?;
    let types = check_types(tenant, &request.types)?;
    if tenant == TenantId::PLATFORM {
        tenant::ensure_platform(service).await?;
    }
    let tx = service.tenant(tenant).await?;
    // The platform may name any tenant, also one that nobody made. One after another, so that the limit holds.
    let exists = tx
        .query(
            "SELECT 1 FROM tenant WHERE {mine} FOR NO KEY UPDATE",
            vec![],
        )
        .await?;
    if exists.is_empty() {
        return Err(Error::NotFound);
    }
    let present = tx
        .all(tx.find::<Entity>().filter(Column::DeletedAt.is_null()))
        .await?;
    if present.len() >= ENDPOINTS_MAX {
        return Err(Error::conflict(
            "too_many_endpoints",
            format!("there are {ENDPOINTS_MAX} endpoints already; delete one first"),
        ));
    }
    let id = WebhookEndpointId::new();
    tx.insert(ActiveModel {
        tenant_id: Set(tenant),
        id: Set(id),
        url: Set(url),
        description: Set(request.description),
        types: Set(types),
        enabled: Set(true),
        created_by: Set(caller.actor().to_owned()),
        created_at: NotSet,
        ..ActiveModel::default()
    })
    .await?;
    tx.execute(
        "INSERT INTO webhook_lane (tenant_id, endpoint_id) VALUES ($1, $2)",
        vec![id.into()],
    )
    .await?;
    let secret = secret::add(service, &tx, id).await?;
    record_change(
        &tx,
        caller,
        "webhook_endpoint.created",
        id,
        json!({ "url": host(&request.url) }),
    )
    .await?;
    let endpoint = view(&tx, row(&tx, id).await?).await?;
    tx.commit().await?;
    Ok(NewEndpoint {
        endpoint,
        secret: secret.expose_secret().to_owned(),
    })
}

/// The tenant's endpoints, the newest first.
///
/// # Errors
/// The database's.
pub async fn list(service: &Service, tenant: TenantId) -> Result<Vec<Endpoint>, Error> {
    let tx = service.tenant(tenant).await?;
    let rows = tx
        .all(
            tx.find::<Entity>()
                .filter(Column::DeletedAt.is_null())
                .order_by_desc(Column::Id),
        )
        .await?;
    let keys = secret::public_keys(&tx).await?;
    Ok(rows.into_iter().map(|row| told(row, &keys)).collect())
}

/// An endpoint.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn read(
    service: &Service,
    tenant: TenantId,
    id: WebhookEndpointId,
) -> Result<Endpoint, Error> {
    let tx = service.tenant(tenant).await?;
    view(&tx, row(&tx, id).await?).await
}

/// Changes an endpoint. Enabled again, it gets what waits, and is taken for well until it shows otherwise.
///
/// # Errors
/// [`Error::NotFound`]; those of [`create`]; `changed_meanwhile` where it is not as the caller expects.
pub async fn update(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    id: WebhookEndpointId,
    expected: &Expected,
    request: UpdateEndpoint,
) -> Result<Endpoint, Error> {
    let tx = service.tenant(tenant).await?;
    let present = locked(&tx, id).await?;
    let seen = view(&tx, row(&tx, id).await?).await?.version();
    version::check(expected, &seen, "the endpoint")?;
    let url = match &request.url {
        Some(url) => check_url(service, url)?,
        None => present.url.clone(),
    };
    let is_described = request.description.is_some();
    let description = request.description.unwrap_or(present.description);
    check_description(&description)?;
    let types = match &request.types {
        Some(types) => check_types(tenant, types)?,
        None => present.types,
    };
    let enabled = request.enabled.unwrap_or(present.enabled);
    tx.execute(
        "UPDATE webhook_endpoint SET url = $3, description = $4, types = $5 WHERE {mine} AND id = $2",
        vec![id.into(), url.into(), description.into(), types.into()],
    )
    .await?;
    if enabled && (!present.enabled || request.url.is_some()) {
        begin_anew(&tx, id).await?;
    } else if !enabled && present.enabled {
        disable(&tx, id, "by_hand").await?;
    }
    alert::review(&tx).await?;
    let changed: Vec<&str> = [
        ("url", request.url.is_some()),
        ("description", is_described),
        ("types", request.types.is_some()),
        ("enabled", enabled != present.enabled),
    ]
    .into_iter()
    .filter_map(|(name, changed)| changed.then_some(name))
    .collect();
    let detail = json!({ "changed": changed, "enabled": enabled });
    record_change(&tx, caller, "webhook_endpoint.updated", id, detail).await?;
    let endpoint = view(&tx, row(&tx, id).await?).await?;
    tx.commit().await?;
    Ok(endpoint)
}

/// Ends an endpoint: nothing is sent to it any more, and its secrets are forgotten. What was delivered is still known to the
/// database, and to nobody else.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn delete(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    id: WebhookEndpointId,
) -> Result<Endpoint, Error> {
    let tx = service.tenant(tenant).await?;
    let present = locked(&tx, id).await?;
    if present.enabled {
        disable(&tx, id, "by_hand").await?;
    }
    let endpoint = view(&tx, row(&tx, id).await?).await?;
    tx.execute(
        "UPDATE webhook_endpoint SET deleted_at = tillpost_now() WHERE {mine} AND id = $2",
        vec![id.into()],
    )
    .await?;
    tx.execute(
        "UPDATE webhook_secret SET expires_at = least(expires_at, tillpost_now()), secret = '', signing_key = ''
          WHERE {mine} AND endpoint_id = $2",
        vec![id.into()],
    )
    .await?;
    alert::review(&tx).await?;
    record_change(&tx, caller, "webhook_endpoint.deleted", id, json!({})).await?;
    tx.commit().await?;
    Ok(endpoint)
}

/// Makes a new secret and key pair and shows the secret, once. Until the old ones end, messages carry the signatures of both.
///
/// # Errors
/// [`Error::NotFound`]; `invalid_overlap`.
pub async fn rotate(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    id: WebhookEndpointId,
    request: RotateSecret,
) -> Result<NewSecret, Error> {
    let hours = request.overlap_hours.unwrap_or(OVERLAP_HOURS);
    if hours > OVERLAP_HOURS_MAX {
        return Err(Error::invalid(
            "invalid_overlap",
            "overlap_hours",
            format!(
                "{hours} hours: the old secret may count for 0 to {OVERLAP_HOURS_MAX} hours more"
            ),
        ));
    }
    let tx = service.tenant(tenant).await?;
    row(&tx, id).await?;
    secret::expire(&tx, id, hours).await?;
    let secret = secret::add(service, &tx, id).await?;
    tx.execute(
        "UPDATE webhook_endpoint SET secrets_version = secrets_version + 1 WHERE {mine} AND id = $2",
        vec![id.into()],
    )
    .await?;
    let until = tx.now().await? + chrono::TimeDelta::hours(hours.into());
    record_change(
        &tx,
        caller,
        "webhook_secret.rotated",
        id,
        json!({ "overlap_hours": hours }),
    )
    .await?;
    let endpoint = view(&tx, row(&tx, id).await?).await?;
    tx.commit().await?;
    Ok(NewSecret {
        endpoint,
        secret: secret.expose_secret().to_owned(),
        old_secrets_count_until: until,
    })
}

/// Sends a test to one endpoint, the way every message goes; tells the message's id.
///
/// # Errors
/// [`Error::NotFound`]; `endpoint_disabled`.
pub async fn test(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    id: WebhookEndpointId,
) -> Result<WebhookMessageId, Error> {
    let tx = service.tenant(tenant).await?;
    enabled(&tx, id).await?;
    let data = json!(super::TestNotice {
        endpoint_id: id,
        requested_by: caller.actor().to_owned(),
    });
    let message = record_for(&tx, Kind::Test, data, Some(id)).await?;
    record_change(
        &tx,
        caller,
        "webhook_endpoint.tested",
        id,
        json!({ "message_id": message }),
    )
    .await?;
    tx.commit().await?;
    Ok(message)
}

/// An endpoint that gets messages.
pub(super) async fn enabled(tx: &TenantTx, id: WebhookEndpointId) -> Result<Model, Error> {
    let row = row(tx, id).await?;
    if !row.enabled {
        return Err(Error::conflict(
            "endpoint_disabled",
            "the endpoint is disabled, so nothing is sent to it; enable it first",
        ));
    }
    Ok(row)
}

pub(super) async fn row(tx: &TenantTx, id: WebhookEndpointId) -> Result<Model, Error> {
    tx.one(
        tx.find::<Entity>()
            .filter(Column::Id.eq(id))
            .filter(Column::DeletedAt.is_null()),
    )
    .await?
    .ok_or(Error::NotFound)
}

// First the lane: whoever settles what was sent holds it before the endpoint.
async fn locked(tx: &TenantTx, id: WebhookEndpointId) -> Result<Model, Error> {
    tx.query(
        "SELECT 1 FROM webhook_lane WHERE {mine} AND endpoint_id = $2 FOR UPDATE",
        vec![id.into()],
    )
    .await?;
    row(tx, id).await
}

/// The endpoint gets nothing any more; what waits keeps its place.
pub(super) async fn disable(
    tx: &TenantTx,
    id: WebhookEndpointId,
    reason: &str,
) -> Result<(), Error> {
    tx.execute(
        "UPDATE webhook_endpoint SET enabled = false, disabled_reason = $3, disabled_at = tillpost_now()
          WHERE {mine} AND id = $2 AND enabled",
        vec![id.into(), reason.into()],
    )
    .await?;
    tx.execute(
        "UPDATE webhook_lane SET due_at = NULL, not_before = NULL WHERE {mine} AND endpoint_id = $2",
        vec![id.into()],
    )
    .await?;
    Ok(())
}

// What waits goes out at once, whenever it was due.
async fn begin_anew(tx: &TenantTx, id: WebhookEndpointId) -> Result<(), Error> {
    tx.execute(
        "UPDATE webhook_endpoint SET enabled = true, disabled_reason = NULL, disabled_at = NULL, failing_since = NULL,
           failures = 0, window_at = NULL, window_tries = 0, window_failures = 0, open_until = NULL
          WHERE {mine} AND id = $2",
        vec![id.into()],
    )
    .await?;
    tx.execute(
        "UPDATE webhook_lane SET due_at = tillpost_now(), not_before = NULL WHERE {mine} AND endpoint_id = $2",
        vec![id.into()],
    )
    .await?;
    tx.execute(
        "UPDATE webhook_delivery SET due_at = tillpost_now() WHERE {mine} AND endpoint_id = $2 AND state = 'waiting'",
        vec![id.into()],
    )
    .await?;
    Ok(())
}

async fn view(tx: &TenantTx, row: Model) -> Result<Endpoint, Error> {
    let keys = secret::public_keys(tx).await?;
    Ok(told(row, &keys))
}

fn told(row: Model, keys: &[(WebhookEndpointId, String)]) -> Endpoint {
    Endpoint {
        public_keys: keys
            .iter()
            .filter(|(endpoint, _)| *endpoint == row.id)
            .map(|(_, key)| key.clone())
            .collect(),
        id: row.id,
        url: row.url,
        description: row.description,
        types: row.types,
        state: if row.enabled {
            State::Enabled
        } else {
            State::Disabled
        },
        disabled_reason: row.disabled_reason,
        disabled_at: row.disabled_at,
        last_success_at: row.last_success_at,
        last_failure_at: row.last_failure_at,
        failing_since: row.failing_since,
        failures: row.failures,
        paused_until: row.open_until,
        created_at: row.created_at,
        created_by: row.created_by,
    }
}

fn check_url(service: &Service, url: &str) -> Result<String, Error> {
    let invalid = |why: String| {
        Error::invalid(
            "invalid_url",
            "url",
            format!("this is no address for messages: {why}"),
        )
    };
    if url.len() > 2000 {
        return Err(invalid(
            "it is longer than 2000 bytes; use a shorter one".to_owned(),
        ));
    }
    let read = service
        .webhooks()
        .rules()
        .read(url)
        .map_err(|refused| invalid(refused.0))?;
    Ok(read.into())
}

fn check_description(description: &str) -> Result<(), Error> {
    if description.chars().count() > 200 {
        return Err(Error::invalid(
            "invalid_description",
            "description",
            "the description has more than 200 characters; shorten it",
        ));
    }
    Ok(())
}

fn check_types(tenant: TenantId, types: &[String]) -> Result<Vec<String>, Error> {
    let allowed =
        |kind: &Kind| *kind != Kind::Test && !(kind.is_of_event() && tenant == TenantId::PLATFORM);
    let mut read: Vec<String> = Vec::new();
    for (place, name) in types.iter().enumerate() {
        if Kind::read(name).filter(allowed).is_none() {
            return Err(Error::invalid(
                "unknown_type",
                format!("types[{place}]"),
                format!(
                    "`{name}` is no type of message; use some of {}",
                    Kind::ALL
                        .iter()
                        .filter(|kind| allowed(kind))
                        .map(|kind| kind.as_str())
                        .collect::<Vec<_>>()
                        .join(", ")
                ),
            ));
        }
        if !read.contains(name) {
            read.push(name.clone());
        }
    }
    Ok(read)
}

// An address may hold a token of its owner's: the log names the host only.
fn host(url: &str) -> Option<String> {
    url::Url::parse(url).ok()?.host_str().map(str::to_owned)
}

async fn record_change(
    tx: &TenantTx,
    caller: &Caller,
    action: &str,
    id: WebhookEndpointId,
    detail: serde_json::Value,
) -> Result<(), Error> {
    audit::record(tx, caller.actor(), action, &id.to_string(), detail).await
}
