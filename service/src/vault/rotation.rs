//! Changing keys while they are in use. Both kinds are changed a tenant and a hundred rows at a time, each in a transaction of
//! its own, so that a run may be killed at any place: the next one goes on with what is left.
//!
//! Key-encryption keys: every data key that another key wrapped is wrapped anew. Data keys: a tenant gets the next generation,
//! which seals from then on; whatever older ones sealed is sealed anew; an older one under which nothing is sealed any more is
//! retired, and destroyed ten minutes later, when whoever had read a value before has opened it.

use super::{FIRST, MARK, Place, Vault, Wrapped, data_key_place};
use crate::Service;
use crate::audit::{self, OPERATOR, OURSELVES};
use crate::error::Error;
use chrono::{DateTime, Utc};
use entity::data_key::Model;
use entity::id::TenantId;
use entity::store::TenantTx;
use sea_orm::{FromQueryResult, TryGetable};
use serde_json::json;
use uuid::Uuid;

/// A table with sealed columns. A test compares the list with the database.
struct Sealed {
    table: &'static str,
    row: &'static str,
    columns: &'static [&'static str],
}

const SEALED: &[Sealed] = &[
    Sealed {
        table: "connection_grant",
        row: "connection_id",
        columns: &["access_token", "refresh_token"],
    },
    // Those that have an id: the others are sealed under a key of the pepper's.
    Sealed {
        table: "idempotency_key",
        row: "id",
        columns: &["answer"],
    },
    Sealed {
        table: "webhook_secret",
        row: "id",
        columns: &["secret", "signing_key"],
    },
];

/// Rows sealed anew in one transaction.
const ROWS: i64 = 100;
/// Tenants read at once.
const TENANTS: i64 = 200;
/// How long a data key is kept under which nothing is sealed any more.
const KEPT_MINUTES: i32 = 10;

/// What a run has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changed {
    /// Tenants whose keys were changed.
    pub tenants: u64,
    /// Data keys that were wrapped anew, or values that were sealed anew.
    pub values: u64,
}

/// Each column that holds sealed values, as table and column.
#[must_use]
pub fn sealed_columns() -> Vec<(&'static str, &'static str)> {
    SEALED
        .iter()
        .flat_map(|sealed| sealed.columns.iter().map(|column| (sealed.table, *column)))
        .collect()
}

#[derive(FromQueryResult)]
struct Whose {
    tenant_id: TenantId,
}

/// Wraps every data key anew that another than the current key-encryption key wrapped.
///
/// # Errors
/// The database does not answer; or a data key cannot be unwrapped.
pub async fn rewrap(service: &Service) -> Result<Changed, Error> {
    let vault = service.vault();
    let mut changed = Changed::default();
    loop {
        let tx = service.store().platform().await?;
        let due = tx
            .query_as::<Whose>(
                "SELECT DISTINCT tenant_id FROM data_key WHERE key_encryption_key <> $1 LIMIT $2",
                vec![vault.keys.current().into(), TENANTS.into()],
            )
            .await?;
        drop(tx);
        if due.is_empty() {
            return Ok(changed);
        }
        for tenant in due {
            let values = rewrap_of(service, tenant.tenant_id).await?;
            changed.tenants += u64::from(values > 0);
            changed.values += values;
        }
    }
}

async fn rewrap_of(service: &Service, tenant: TenantId) -> Result<u64, Error> {
    let vault = service.vault();
    let tx = service.tenant(tenant).await?;
    let rows = tx
        .query_as::<Model>(
            "SELECT * FROM data_key WHERE {mine} AND key_encryption_key <> $2 ORDER BY generation FOR NO KEY UPDATE",
            vec![vault.keys.current().into()],
        )
        .await?;
    for row in &rows {
        let place = data_key_place(tenant, row.generation);
        let wrapped = Wrapped {
            key_id: row.key_encryption_key.clone(),
            bytes: row.wrapped.clone(),
        };
        let plain = vault.keys.unwrap(&place, &wrapped).await?;
        let wrapped = vault.keys.wrap(&place, &plain).await?;
        tx.execute(
            "UPDATE data_key SET wrapped = $3, key_encryption_key = $4 WHERE {mine} AND generation = $2",
            vec![
                row.generation.into(),
                wrapped.bytes.into(),
                wrapped.key_id.into(),
            ],
        )
        .await?;
    }
    if !rows.is_empty() {
        let mut from: Vec<_> = rows.iter().map(|row| &row.key_encryption_key).collect();
        from.dedup();
        let detail = json!({ "data_keys": rows.len(), "from": from, "to": vault.keys.current() });
        record(&tx, OPERATOR, "data_key.rewrapped", detail).await?;
    }
    tx.commit().await?;
    Ok(rows.len() as u64)
}

async fn record(
    tx: &TenantTx,
    actor: &str,
    action: &str,
    detail: serde_json::Value,
) -> Result<(), Error> {
    audit::record(tx, actor, action, &tx.tenant().to_string(), detail).await
}

/// Gives every tenant whose newest data key is from before `before` another, and seals its values anew under it. What an
/// earlier run left half done is done to its end.
///
/// # Errors
/// The database does not answer; or a value does not open.
pub async fn renew(service: &Service, before: DateTime<Utc>) -> Result<Changed, Error> {
    let mut changed = Changed::default();
    let mut after = None;
    loop {
        let tx = service.store().platform().await?;
        let due = tx
            .query_as::<Whose>(
                "SELECT tenant_id FROM data_key WHERE $1::uuid IS NULL OR tenant_id > $1
                  GROUP BY tenant_id HAVING max(created_at) < $2 OR count(*) FILTER (WHERE retired_at IS NULL) > 1
                  ORDER BY tenant_id LIMIT $3",
                vec![after.into(), before.into(), TENANTS.into()],
            )
            .await?;
        drop(tx);
        let Some(last) = due.last() else {
            return Ok(changed);
        };
        after = Some(last.tenant_id);
        for tenant in due {
            changed.values += renew_of(service, tenant.tenant_id, before).await?;
            changed.tenants += 1;
        }
    }
}

async fn renew_of(
    service: &Service,
    tenant: TenantId,
    before: DateTime<Utc>,
) -> Result<u64, Error> {
    begin(service, tenant, before).await?;
    let mut values = 0;
    loop {
        let resealed = reseal(service, tenant).await?;
        values += resealed;
        // Who began to seal under the older key has ended when it can be retired; what they sealed is found by another round.
        if resealed == 0 && retire(service, tenant).await? {
            return Ok(values);
        }
    }
}

async fn begin(service: &Service, tenant: TenantId, before: DateTime<Utc>) -> Result<(), Error> {
    let tx = service.tenant(tenant).await?;
    // Whoever seals is not kept waiting: what they seal meanwhile under the older key is found before it is retired.
    let latest = tx
        .query_as::<Model>(
            "SELECT * FROM data_key WHERE {mine} ORDER BY generation DESC LIMIT 1 FOR NO KEY UPDATE",
            vec![],
        )
        .await?
        .pop();
    if let Some(latest) = latest
        && latest.created_at < before
        // Somebody else may have made the next one while we waited.
        && latest.generation == newest(&tx).await?
    {
        let generation = latest.generation + 1;
        service.vault().make(&tx, generation).await?;
        let detail = json!({ "generation": generation });
        record(&tx, OPERATOR, "data_key.created", detail).await?;
    }
    tx.commit().await?;
    Ok(())
}

async fn newest(tx: &TenantTx) -> Result<i32, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        generation: Option<i32>,
    }
    let row = tx
        .query_as::<Row>(
            "SELECT max(generation) AS generation FROM data_key WHERE {mine}",
            vec![],
        )
        .await?
        .pop();
    Ok(row.and_then(|row| row.generation).unwrap_or(FIRST))
}

// The condition that a value is not of the generation that `$2` begins. One that was destroyed is empty.
fn is_older(sealed: &Sealed) -> String {
    let older = sealed
        .columns
        .iter()
        .map(|column| format!("(length({column}) > 0 AND substring({column} FROM 1 FOR 8) <> $2)"));
    format!(
        "{} IS NOT NULL AND ({})",
        sealed.row,
        older.collect::<Vec<_>>().join(" OR ")
    )
}

fn beginning(generation: i32) -> Vec<u8> {
    [&MARK[..], &generation.to_be_bytes()].concat()
}

/// Seals older values anew; tells how many rows there were.
async fn reseal(service: &Service, tenant: TenantId) -> Result<u64, Error> {
    let mut rows = 0;
    for sealed in SEALED {
        let mut after = Some(Uuid::nil());
        while let Some(place) = after {
            let tx = service.tenant(tenant).await?;
            let (done, last) = reseal_some(service.vault(), &tx, sealed, place).await?;
            tx.commit().await?;
            rows += done;
            after = last;
        }
    }
    Ok(rows)
}

// Of the rows after this one: how many there were, and the last of them.
async fn reseal_some(
    vault: &Vault,
    tx: &TenantTx,
    sealed: &Sealed,
    after: Uuid,
) -> Result<(u64, Option<Uuid>), Error> {
    let Sealed {
        table,
        row,
        columns,
    } = sealed;
    let sql = format!(
        "SELECT {row} AS row, {} FROM {table} WHERE {{mine}} AND {row} > $4 AND {} ORDER BY {row} LIMIT $3 FOR UPDATE",
        columns.join(", "),
        is_older(sealed)
    );
    let newest = newest(tx).await?;
    let values = vec![beginning(newest).into(), ROWS.into(), after.into()];
    let found = tx.query(&sql, values).await?;
    let mut last = None;
    for result in &found {
        let id = Uuid::try_get(result, "", "row").map_err(sea_orm::DbErr::from)?;
        last = Some(id);
        for column in *columns {
            let place = Place {
                table,
                column,
                row: id,
            };
            let value: Vec<u8> = result.try_get("", column)?;
            if value.is_empty() {
                continue;
            }
            let value = vault.open(tx, place, &value).await?;
            let value = vault.seal(tx, place, &value).await?;
            tx.execute(
                &format!("UPDATE {table} SET {column} = $3 WHERE {{mine}} AND {row} = $2"),
                vec![id.into(), value.into()],
            )
            .await?;
        }
    }
    Ok((found.len() as u64, last))
}

/// Retires the older generations, unless something is still sealed under one.
async fn retire(service: &Service, tenant: TenantId) -> Result<bool, Error> {
    let tx = service.tenant(tenant).await?;
    let newest = newest(&tx).await?;
    // Whoever seals holds the key it seals under; from here on nobody holds an older one.
    tx.query(
        "SELECT 1 FROM data_key WHERE {mine} AND generation < $2 FOR UPDATE",
        vec![newest.into()],
    )
    .await?;
    for sealed in SEALED {
        let sql = format!(
            "SELECT 1 FROM {} WHERE {{mine}} AND {} LIMIT 1",
            sealed.table,
            is_older(sealed)
        );
        if !tx
            .query(&sql, vec![beginning(newest).into()])
            .await?
            .is_empty()
        {
            return Ok(false);
        }
    }
    let retired = tx
        .execute(
            "UPDATE data_key SET retired_at = tillpost_now() WHERE {mine} AND generation < $2 AND retired_at IS NULL",
            vec![newest.into()],
        )
        .await?
        .rows_affected();
    if retired > 0 {
        let detail = json!({ "data_keys": retired, "before_generation": newest });
        record(&tx, OPERATOR, "data_key.retired", detail).await?;
    }
    tx.commit().await?;
    Ok(true)
}

/// Destroys the data keys that were retired ten minutes ago or longer; tells how many.
///
/// # Errors
/// The database does not answer.
pub async fn destroy_retired(service: &Service) -> Result<u64, Error> {
    let tx = service.store().platform().await?;
    let due = tx
        .query_as::<Whose>(
            "SELECT DISTINCT tenant_id FROM data_key WHERE retired_at < tillpost_now() - make_interval(mins => $1) LIMIT $2",
            vec![KEPT_MINUTES.into(), TENANTS.into()],
        )
        .await?;
    drop(tx);
    let mut destroyed = 0;
    for tenant in due {
        let tx = service.tenant(tenant.tenant_id).await?;
        let gone = tx
            .execute(
                "DELETE FROM data_key WHERE {mine} AND retired_at < tillpost_now() - make_interval(mins => $2)",
                vec![KEPT_MINUTES.into()],
            )
            .await?
            .rows_affected();
        if gone > 0 {
            let detail = json!({ "data_keys": gone });
            record(&tx, OURSELVES, "data_key.destroyed", detail).await?;
        }
        tx.commit().await?;
        destroyed += gone;
    }
    Ok(destroyed)
}

/// How many data keys there are of each kind.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct InUse {
    /// The key-encryption key that wrapped them.
    pub key_encryption_key: String,
    /// How many data keys that still seal or open.
    pub data_keys: i64,
    /// The oldest of them.
    pub oldest_at: DateTime<Utc>,
    /// Whether the key is the one that wraps now.
    pub current: bool,
}

/// Which key-encryption keys are in use, and whether one can be taken out of the settings.
///
/// # Errors
/// The database does not answer.
pub async fn in_use(service: &Service) -> Result<Vec<InUse>, Error> {
    let tx = service.store().platform().await?;
    Ok(tx
        .query_as::<InUse>(
            "SELECT key_encryption_key, count(*) AS data_keys, min(created_at) AS oldest_at, key_encryption_key = $1 AS current
               FROM data_key GROUP BY key_encryption_key ORDER BY current DESC, key_encryption_key",
            vec![service.vault().keys.current().into()],
        )
        .await?)
}
