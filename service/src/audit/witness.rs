//! Where tenants' logs ended, written down in the platform's own log. A tenant's log that was cut off, head and all, is then shorter
//! than it is known to have been; and who keeps the platform's head elsewhere has kept everybody's.

use super::OURSELVES;
use super::chain::Anchor;
use crate::error::Error;
use crate::{Service, tenant};
use data_encoding::HEXLOWER;
use entity::id::{AuditRecordId, TenantId};
use sea_orm::FromQueryResult;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// Heads in one record.
const HEADS: i64 = 200;
/// A log that changes is looked at so often.
const EVERY_HOURS: i32 = 24;
/// Records that are read at once: of each, no more is taken than what is asked for.
const RECORDS: i64 = 100;

/// Where tenants' logs ended at one time and another.
pub type Ends = HashMap<TenantId, Vec<Anchor>>;

/// Writes down where each log ends that has grown since it was looked at, a day ago or longer; tells how many there were.
///
/// # Errors
/// The database does not answer.
pub async fn witness(service: &Service) -> Result<u64, Error> {
    let mut witnessed = 0;
    loop {
        let some = witness_some(service).await?;
        witnessed += some;
        if some < HEADS.unsigned_abs() {
            return Ok(witnessed);
        }
    }
}

async fn witness_some(service: &Service) -> Result<u64, Error> {
    #[derive(FromQueryResult)]
    struct Head {
        tenant_id: TenantId,
        sequence: i64,
        hash: Vec<u8>,
    }
    let tx = service.store().platform().await?;
    // A log that grows at this moment is looked at next time: nobody is waited for.
    let heads = tx
        .query_as::<Head>(
            "UPDATE audit_head h SET witnessed = h.sequence, witnessed_at = tillpost_now() FROM (
               SELECT tenant_id FROM audit_head
                WHERE sequence > witnessed AND tenant_id <> $1
                  AND (witnessed_at IS NULL OR witnessed_at <= tillpost_now() - make_interval(hours => $2))
                ORDER BY tenant_id LIMIT $3 FOR UPDATE SKIP LOCKED) AS due
              WHERE h.tenant_id = due.tenant_id
              RETURNING h.tenant_id, h.sequence, h.hash",
            vec![TenantId::PLATFORM.into(), EVERY_HOURS.into(), HEADS.into()],
        )
        .await?;
    if heads.is_empty() {
        return Ok(0);
    }
    let told: Map<String, Value> = heads
        .iter()
        .map(|head| {
            let anchor = Anchor {
                sequence: head.sequence,
                hash: HEXLOWER.encode(&head.hash),
            };
            (head.tenant_id.to_string(), anchor.to_string().into())
        })
        .collect();
    tenant::give_platform_its_place(&tx).await?;
    tx.execute(
        "INSERT INTO audit_record (tenant_id, id, actor, action, subject, detail)
         VALUES ($1, $2, $3, 'audit_heads.witnessed', $4, $5)",
        vec![
            TenantId::PLATFORM.into(),
            AuditRecordId::new().into(),
            OURSELVES.into(),
            TenantId::PLATFORM.to_string().into(),
            json!({ "heads": told }).into(),
        ],
    )
    .await?;
    tx.commit().await?;
    Ok(heads.len() as u64)
}

/// Every end of these tenants' logs that the platform's log knows: it is read once, a slice at a time, however many they are.
///
/// # Errors
/// The database does not answer.
pub async fn witnessed(service: &Service, whose: &[TenantId]) -> Result<Ends, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        sequence: i64,
        whose: Option<String>,
        head: Option<String>,
    }
    let names: Vec<String> = whose.iter().map(ToString::to_string).collect();
    let (mut ends, mut after) = (Ends::new(), 0);
    loop {
        let tx = service.tenant(TenantId::PLATFORM).await?;
        let rows = tx
            .query_as::<Row>(
                // Each name is looked up in a record; unfolding two hundred to compare them all takes far longer.
                "SELECT r.sequence, n.name AS whose, r.heads ->> n.name AS head FROM (
                   SELECT sequence, detail -> 'heads' AS heads FROM audit_record
                    WHERE {mine} AND action = 'audit_heads.witnessed' AND sequence > $2 ORDER BY sequence LIMIT $3) AS r
                   LEFT JOIN unnest($4::text[]) AS n(name) ON jsonb_exists(r.heads, n.name)
                  ORDER BY r.sequence",
                vec![after.into(), RECORDS.into(), names.clone().into()],
            )
            .await?;
        let Some(last) = rows.last() else {
            return Ok(ends);
        };
        after = last.sequence;
        for row in rows {
            if let (Some(whose), Some(head)) = (row.whose, row.head) {
                let whose = whose.parse().map_err(Error::internal)?;
                let head = head.parse().map_err(Error::internal)?;
                ends.entry(whose).or_default().push(head);
            }
        }
    }
}
