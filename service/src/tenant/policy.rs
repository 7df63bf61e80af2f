//! The policies of a tenant's books, as its own accountant reads and changes them.

use super::{ClosedPeriod, read_tolerance, spell_tolerance};
use crate::access::Caller;
use crate::error::Error;
use crate::version::{self, Expected};
use crate::{Service, audit};
use chrono::{DateTime, Utc};
use entity::id::TenantId;
use entity::store::TenantTx;
use entity::tenant::{Entity, Model};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How a tenant's events become entries, besides the mapping.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Settings {
    /// What becomes of an event dated in a closed period.
    pub closed_period: ClosedPeriod,
    /// Whether debits and credits of one account are netted in an entry.
    pub net_lines: bool,
    /// How far payments and lines of a ticket may differ.
    #[schema(example = "0.05")]
    pub rounding_tolerance: String,
    /// Whether a backlog is posted in batches of up to 30 entries beside single requests. A live event always goes singly.
    pub batches: bool,
    /// When the tenant was changed last.
    pub updated_at: DateTime<Utc>,
}

/// Changes of the settings; what is left out stays.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateSettings {
    /// What becomes of an event dated in a closed period.
    pub closed_period: Option<ClosedPeriod>,
    /// Whether debits and credits of one account are netted in an entry.
    pub net_lines: Option<bool>,
    /// How far payments and lines of a ticket may differ: `0.00` to `1.00`.
    #[schema(example = "0.05")]
    pub rounding_tolerance: Option<String>,
    /// Whether a backlog is posted in batches of up to 30 entries beside single requests. An entry that was sent in a batch
    /// and is in doubt goes out again as its item, so that QuickBooks recognises it.
    pub batches: Option<bool>,
}

impl Settings {
    /// The tag of this version of them.
    #[must_use]
    pub fn version(&self) -> String {
        version::tag(self)
    }
}

impl From<Model> for Settings {
    fn from(row: Model) -> Self {
        Self {
            closed_period: ClosedPeriod::read(&row.closed_period),
            net_lines: row.net_lines,
            rounding_tolerance: spell_tolerance(row.rounding_tolerance_milli),
            batches: row.batches,
            updated_at: row.updated_at,
        }
    }
}

/// The settings as they are.
///
/// # Errors
/// The database does not answer.
pub async fn read_settings(service: &Service, tenant: TenantId) -> Result<Settings, Error> {
    let tx = service.tenant(tenant).await?;
    Ok(row(&tx).await?.into())
}

/// Changes the settings, for entries that are built from now on: what is sealed or posted stays as it is.
///
/// # Errors
/// `invalid_rounding_tolerance`; `changed_meanwhile` where they are not as the caller expects.
pub async fn update_settings(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    expected: &Expected,
    request: UpdateSettings,
) -> Result<Settings, Error> {
    let tolerance = request
        .rounding_tolerance
        .as_deref()
        .map(read_tolerance)
        .transpose()?;
    let tx = service.tenant(tenant).await?;
    let before = Settings::from(locked(&tx).await?);
    version::check(expected, &before.version(), "the settings")?;
    let changed = tx.execute(
        "UPDATE tenant SET rounding_tolerance_milli = coalesce($2, rounding_tolerance_milli),
            net_lines = coalesce($3, net_lines), closed_period = coalesce($4, closed_period), batches = coalesce($5, batches),
            updated_at = tillpost_now()
          WHERE {mine} AND (rounding_tolerance_milli, net_lines, closed_period, batches)
            IS DISTINCT FROM (coalesce($2, rounding_tolerance_milli), coalesce($3, net_lines), coalesce($4, closed_period),
              coalesce($5, batches))",
        vec![
            tolerance.into(),
            request.net_lines.into(),
            request.closed_period.map(ClosedPeriod::as_str).into(),
            request.batches.into(),
        ],
    )
    .await?;
    // Who asks for what is so already has changed nothing.
    if changed.rows_affected() == 0 {
        return Ok(before);
    }
    let after = Settings::from(row(&tx).await?);
    audit::record(
        &tx,
        caller.actor(),
        "settings.updated",
        &tenant.to_string(),
        serde_json::json!({ "from": spoken(&before), "to": spoken(&after) }),
    )
    .await?;
    tx.commit().await?;
    Ok(after)
}

fn spoken(settings: &Settings) -> serde_json::Value {
    serde_json::json!({
        "batches": settings.batches,
        "closed_period": settings.closed_period,
        "net_lines": settings.net_lines,
        "rounding_tolerance": settings.rounding_tolerance,
    })
}

async fn locked(tx: &TenantTx) -> Result<Model, Error> {
    tx.query_as::<Model>(
        "SELECT * FROM tenant WHERE {mine} FOR NO KEY UPDATE",
        vec![],
    )
    .await?
    .pop()
    .ok_or(Error::NotFound)
}

async fn row(tx: &TenantTx) -> Result<Model, Error> {
    tx.one(tx.find::<Entity>()).await?.ok_or(Error::NotFound)
}
