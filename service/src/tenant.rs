//! Tenants: one retailer each, with the policies of its books. Made and changed by the platform.

mod delete;
mod policy;

pub use delete::delete;
pub use policy::{Settings, UpdateSettings, read_settings, update_settings};

use crate::Service;
use crate::access::Caller;
use crate::cursor::{Cursors, LIMIT_MAX, Page};
use crate::error::Error;
use crate::version::{self, Expected};
use chrono::{DateTime, Utc};
use entity::id::{AuditRecordId, TenantId};
use entity::store::{PlatformTx, TenantTx};
use entity::tenant::Model;
use sea_orm::DbErr;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What becomes of an event dated in a closed accounting period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClosedPeriod {
    /// It fails, and a person decides.
    Fail,
    /// It is dated the day after the closing date, with the original date in the entry's note.
    FirstOpenDay,
}

impl ClosedPeriod {
    fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::FirstOpenDay => "first_open_day",
        }
    }

    pub(crate) fn read(text: &str) -> Self {
        if text == "first_open_day" {
            Self::FirstOpenDay
        } else {
            Self::Fail
        }
    }
}

/// What becomes of the tenant's events in a closed period.
pub(crate) async fn closed_period(tx: &TenantTx) -> Result<ClosedPeriod, Error> {
    let row = tx.one(tx.find::<entity::tenant::Entity>()).await?;
    let row = row.ok_or(Error::NotFound)?;
    Ok(ClosedPeriod::read(&row.closed_period))
}

impl From<accounting::ClosedPeriod> for ClosedPeriod {
    fn from(policy: accounting::ClosedPeriod) -> Self {
        match policy {
            accounting::ClosedPeriod::Fail => Self::Fail,
            accounting::ClosedPeriod::FirstOpenDay => Self::FirstOpenDay,
        }
    }
}

/// A tenant to be made.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateTenant {
    /// The retailer's name; 1 to 200 characters.
    #[schema(example = "Harbour Street Outfitters")]
    pub name: String,
    /// How far payments and lines of a ticket may differ; left out: `0.00`.
    #[schema(example = "0.05")]
    pub rounding_tolerance: Option<String>,
    /// Whether debits and credits of one account are netted in an entry; left out: they are not.
    pub net_lines: Option<bool>,
    /// What becomes of an event dated in a closed period; left out: it fails.
    pub closed_period: Option<ClosedPeriod>,
    /// Whether a backlog is posted in batches of up to 30 entries beside single requests; left out: it is.
    pub batches: Option<bool>,
}

/// Changes of a tenant; what is left out stays.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateTenant {
    /// The retailer's name.
    pub name: Option<String>,
    /// `active`, or `suspended`: its keys stop working and nothing is posted.
    #[schema(example = "active")]
    pub status: Option<SetStatus>,
    /// How far payments and lines of a ticket may differ: `0.00` to `1.00`.
    #[schema(example = "0.05")]
    pub rounding_tolerance: Option<String>,
    /// Whether debits and credits of one account are netted in an entry.
    pub net_lines: Option<bool>,
    /// What becomes of an event dated in a closed period.
    pub closed_period: Option<ClosedPeriod>,
    /// Whether a backlog is posted in batches of up to 30 entries beside single requests.
    pub batches: Option<bool>,
}

/// Whether a tenant is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TenantStatus)]
pub enum Status {
    /// It is.
    Active,
    /// Its keys do not work and nothing is posted; nothing is lost.
    Suspended,
    /// It has ended for good: its keys, its connection and its secrets are gone, its books' history is kept.
    Deleted,
}

/// Whether a tenant is to be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SetTenantStatus)]
pub enum SetStatus {
    /// It is.
    Active,
    /// Its keys do not work and nothing is posted; nothing is lost.
    Suspended,
}

/// A tenant.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// The retailer's name.
    #[schema(example = "Harbour Street Outfitters")]
    pub name: String,
    /// Whether it is served.
    pub status: Status,
    /// How far payments and lines of a ticket may differ.
    #[schema(example = "0.05")]
    pub rounding_tolerance: String,
    /// Whether debits and credits of one account are netted in an entry.
    pub net_lines: bool,
    /// What becomes of an event dated in a closed period.
    pub closed_period: ClosedPeriod,
    /// Whether a backlog is posted in batches of up to 30 entries beside single requests. A live event always goes singly.
    pub batches: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
    /// When it was deleted.
    pub deleted_at: Option<DateTime<Utc>>,
}

impl Tenant {
    /// The tag of this version of it.
    #[must_use]
    pub fn version(&self) -> String {
        version::tag(self)
    }
}

impl From<Model> for Tenant {
    fn from(row: Model) -> Self {
        Self {
            id: row.tenant_id,
            name: row.name,
            status: match row.status.as_str() {
                "deleted" => Status::Deleted,
                "suspended" => Status::Suspended,
                _ => Status::Active,
            },
            rounding_tolerance: spell_tolerance(row.rounding_tolerance_milli),
            net_lines: row.net_lines,
            closed_period: ClosedPeriod::read(&row.closed_period),
            batches: row.batches,
            created_at: row.created_at,
            updated_at: row.updated_at,
            deleted_at: row.deleted_at,
        }
    }
}

/// Makes a tenant.
///
/// # Errors
/// `invalid_name`, `invalid_rounding_tolerance`.
pub async fn create(
    service: &Service,
    caller: &Caller,
    request: CreateTenant,
) -> Result<Tenant, Error> {
    check_name(&request.name)?;
    let tolerance = request
        .rounding_tolerance
        .as_deref()
        .map_or(Ok(0), read_tolerance)?;
    let id = TenantId::new();
    let tx = service.store().platform().await?;
    tx.execute(
        "INSERT INTO tenant (tenant_id, name, rounding_tolerance_milli, net_lines, closed_period, batches)
          VALUES ($1, $2, $3, $4, $5, $6)",
        vec![
            id.into(),
            request.name.into(),
            tolerance.into(),
            request.net_lines.unwrap_or(false).into(),
            request.closed_period.unwrap_or(ClosedPeriod::Fail).as_str().into(),
            request.batches.unwrap_or(true).into(),
        ],
    )
    .await?;
    for table in ["number_series", "sync", "turn"] {
        tx.execute(
            &format!("INSERT INTO {table} (tenant_id) VALUES ($1)"),
            vec![id.into()],
        )
        .await?;
    }
    let row = row(&tx, id).await?;
    record(&tx, id, caller, "tenant.created").await?;
    tx.commit().await?;
    Ok(row.into())
}

/// A tenant.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn read(service: &Service, id: TenantId) -> Result<Tenant, Error> {
    let tx = service.store().platform().await?;
    Ok(row(&tx, id).await?.into())
}

/// The tenants, newest first. `after` is the cursor of the page before; `limit` is 1 to 200.
///
/// # Errors
/// `invalid_limit`, `invalid_cursor`.
pub async fn list(
    service: &Service,
    after: Option<&str>,
    limit: Option<u64>,
) -> Result<Page<Tenant>, Error> {
    let limit = limit.unwrap_or(crate::cursor::LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(Error::invalid(
            "invalid_limit",
            "limit",
            format!("{limit} rows in a page: ask for 1 to {LIMIT_MAX}"),
        ));
    }
    let cursors = Cursors::of(service, TenantId::PLATFORM, "tenants");
    let after = after
        .map(|cursor| {
            Uuid::from_slice(&cursors.read(cursor)?).map_err(|_| crate::cursor::invalid())
        })
        .transpose()?;
    let tx = service.store().platform().await?;
    let mut rows = tx
        .query_as::<Model>(
            "SELECT * FROM tenant WHERE ($1::uuid IS NULL OR tenant_id < $1) AND tenant_id <> $3 ORDER BY tenant_id DESC LIMIT $2",
            vec![
                after.into(),
                i64::try_from(limit + 1).unwrap_or(i64::MAX).into(),
                TenantId::PLATFORM.into(),
            ],
        )
        .await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    Ok(Page {
        next_cursor: rows
            .last()
            .filter(|_| more)
            .map(|row| cursors.sign(row.tenant_id.0.as_bytes())),
        items: rows.into_iter().map(Tenant::from).collect(),
    })
}

/// Changes a tenant.
///
/// # Errors
/// As [`create`]; [`Error::NotFound`]; `tenant_deleted`; `changed_meanwhile` where it is not as the caller expects.
pub async fn update(
    service: &Service,
    caller: &Caller,
    id: TenantId,
    expected: &Expected,
    request: UpdateTenant,
) -> Result<Tenant, Error> {
    if let Some(name) = &request.name {
        check_name(name)?;
    }
    let tolerance = request
        .rounding_tolerance
        .as_deref()
        .map(read_tolerance)
        .transpose()?;
    let tx = service.store().platform().await?;
    tx.execute(
        "SELECT FROM tenant WHERE tenant_id = $1 FOR NO KEY UPDATE",
        vec![id.into()],
    )
    .await?;
    let present = Tenant::from(row(&tx, id).await?);
    version::check(expected, &present.version(), "the tenant")?;
    tx.execute(
        "UPDATE tenant SET name = coalesce($2, name), status = coalesce($3, status),
            rounding_tolerance_milli = coalesce($4, rounding_tolerance_milli), net_lines = coalesce($5, net_lines),
            closed_period = coalesce($6, closed_period), batches = coalesce($7, batches), updated_at = tillpost_now()
          WHERE tenant_id = $1 AND status <> 'deleted'",
        vec![
            id.into(),
            request.name.into(),
            request
                .status
                .map(|status| match status {
                    SetStatus::Active => "active",
                    SetStatus::Suspended => "suspended",
                })
                .into(),
            tolerance.into(),
            request.net_lines.into(),
            request.closed_period.map(ClosedPeriod::as_str).into(),
            request.batches.into(),
        ],
    )
    .await?;
    let row = row(&tx, id).await?;
    if row.status == "deleted" {
        return Err(deleted());
    }
    // A tenant that is served again may have work that waited.
    tx.execute(
        "UPDATE turn SET bell = bell + 1, due_at = tillpost_now() WHERE tenant_id = $1",
        vec![id.into()],
    )
    .await?;
    record(&tx, id, caller, "tenant.updated").await?;
    tx.commit().await?;
    service.forget_recent_keys();
    service.ring(id).await;
    Ok(row.into())
}

async fn row(tx: &PlatformTx, id: TenantId) -> Result<Model, Error> {
    // The platform's own place is none of its tenants.
    if id == TenantId::PLATFORM {
        return Err(Error::NotFound);
    }
    tx.query_as::<Model>("SELECT * FROM tenant WHERE tenant_id = $1", vec![id.into()])
        .await?
        .pop()
        .ok_or(Error::NotFound)
}

/// Nothing more is done with a tenant that was deleted.
pub(crate) fn deleted() -> Error {
    Error::conflict(
        "tenant_deleted",
        "the tenant was deleted: its keys, its connection and its secrets are gone for good; make a new tenant",
    )
}

async fn record(tx: &PlatformTx, id: TenantId, caller: &Caller, action: &str) -> Result<(), DbErr> {
    tx.execute(
        "INSERT INTO audit_record (tenant_id, id, actor, action, subject) VALUES ($1, $2, $3, $4, $5)",
        vec![
            id.into(),
            AuditRecordId::new().into(),
            caller.actor().into(),
            action.into(),
            id.to_string().into(),
        ],
    )
    .await
    .map(drop)
}

/// The platform's own place among the tenants: suspended, so that no key of it holds and no turn is taken for it.
pub(crate) async fn ensure_platform(service: &Service) -> Result<(), Error> {
    let tx = service.store().platform().await?;
    give_platform_its_place(&tx).await?;
    tx.commit().await?;
    Ok(())
}

/// [`ensure_platform`] as a part of a transaction.
pub(crate) async fn give_platform_its_place(tx: &PlatformTx) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO tenant (tenant_id, name, status) VALUES ($1, 'The platform itself', 'suspended') ON CONFLICT DO NOTHING",
        vec![TenantId::PLATFORM.into()],
    )
    .await?;
    Ok(())
}

/// Names of tenants and keys: 1 to 200 characters, none of them a control character.
pub(crate) fn check_name(name: &str) -> Result<(), Error> {
    let length = name.chars().count();
    if name.trim().is_empty() || length > 200 || name.chars().any(char::is_control) {
        return Err(Error::invalid(
            "invalid_name",
            "name",
            format!(
                "a name has 1 to 200 characters and no control characters; this one has {length}"
            ),
        ));
    }
    Ok(())
}

// At most three decimals, 0 to 1: the same for every currency.
fn read_tolerance(text: &str) -> Result<i32, Error> {
    let parsed = || -> Option<i32> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        if fraction.len() > 3
            || whole.is_empty()
            || !text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        {
            return None;
        }
        let milli = whole
            .parse::<i32>()
            .ok()?
            .checked_mul(1000)?
            .checked_add(format!("{fraction:0<3}").parse::<i32>().ok()?)?;
        (milli <= 1000).then_some(milli)
    };
    parsed().ok_or_else(|| {
        Error::invalid(
            "invalid_rounding_tolerance",
            "rounding_tolerance",
            "a tolerance is a decimal string from \"0.00\" to \"1.00\"",
        )
    })
}

fn spell_tolerance(milli: i32) -> String {
    let text = format!("{}.{:03}", milli / 1000, milli % 1000);
    text.strip_suffix('0').map(str::to_owned).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tolerance_reads_and_spells() {
        for (text, milli, spelt) in [
            ("0", 0, "0.00"),
            ("0.05", 50, "0.05"),
            ("1.00", 1000, "1.00"),
            ("0.005", 5, "0.005"),
        ] {
            assert_eq!(read_tolerance(text).unwrap(), milli);
            assert_eq!(spell_tolerance(milli), spelt);
        }
        for text in [
            "",
            "2147483.999",
            "1.01",
            "-0.01",
            "0.0001",
            "1e3",
            ".5",
            "1..0",
            "९",
        ] {
            assert!(read_tolerance(text).is_err(), "{text}");
        }
    }
}
