//! How many failed events a change of the mapping cures: those that lacked an account, or whose account broke, and whose every
//! need now finds one that can be used.

use super::CompanyMapping;
use crate::error::Error;
use crate::need::Place;
use accounting::Slot;
use entity::store::TenantTx;
use sea_orm::FromQueryResult;
use std::collections::HashMap;
use uuid::Uuid;

/// Failed events that lacked an account, or one that can be used, and would now find every one: a retry posts them, as far as
/// the mapping goes.
///
/// # Errors
/// The database's.
pub(crate) async fn count(tx: &TenantTx, desk: &CompanyMapping) -> Result<u64, Error> {
    #[derive(FromQueryResult)]
    struct Failed {
        footprint_id: Uuid,
        events: i64,
    }
    #[derive(FromQueryResult)]
    struct Asked {
        footprint_id: Uuid,
        slot: String,
        key: String,
        location: String,
    }
    let mapping = desk.usable();
    // What a till's rounding needs is asked for by the difference of sums, which no footprint shows.
    let rounds = mapping.resolve(Slot::Rounding, None, None).is_some();
    let failed = tx
        .query_as::<Failed>(
            "SELECT footprint_id, count(*) AS events FROM event
              WHERE {mine} AND status = 'failed' AND footprint_id IS NOT NULL
                AND (problem_code = 'missing_mappings' AND ($2 OR strpos(coalesce(problem_detail, ''), 'rounding') = 0)
                  -- What the chart says is unusable; what it does not say, no mapping is known to cure.
                  OR problem_code IN ('account_inactive', 'reference_missing', 'name_required')
                    AND problem_facts -> 'accounts' IS NOT NULL)
              GROUP BY footprint_id",
            vec![rounds.into()],
        )
        .await?;
    if failed.is_empty() {
        return Ok(0);
    }
    let mut events: HashMap<Uuid, i64> = failed
        .iter()
        .map(|row| (row.footprint_id, row.events))
        .collect();
    let asked = tx
        .query_as::<Asked>(
            "SELECT footprint_id, slot, key, location FROM footprint_need WHERE {mine} AND footprint_id = ANY($2)",
            vec![events.keys().copied().collect::<Vec<_>>().into()],
        )
        .await?;
    for row in asked {
        let place = Place {
            slot: row.slot,
            key: row.key,
            location: row.location,
        };
        let resolved = place.read().is_some_and(|need| {
            mapping
                .resolve(need.slot, need.key.as_deref(), need.location.as_deref())
                .is_some()
        });
        if !resolved {
            events.remove(&row.footprint_id);
        }
    }
    Ok(events.values().sum::<i64>().unsigned_abs())
}
