//! Clearing rows of the mapping, one or many: what they were set for is unmapped, or falls back to what serves more.

use super::{Changed, CompanyMapping, Expected, Mapping, MappingProblem, Pen, Way, check_count};
use crate::access::Caller;
use crate::error::Error;
use crate::readiness::{self, row_of};
use crate::{Service, connection, need};
use accounting::Missing as Need;
use entity::id::{MappingId, TenantId};
use entity::store::TenantTx;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A row of the mapping that is to be cleared.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClearMapping {
    /// The row, as the list of the mapping names it.
    pub mapping_id: MappingId,
}

/// What became of one row of a bulk that clears.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ClearedResult {
    /// Its place in the request, from 0.
    pub index: usize,
    /// The row as it was, where it was cleared.
    pub cleared: Option<Mapping>,
    /// Why it was not.
    pub problem: Option<MappingProblem>,
}

/// What became of the rows that were to be cleared.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ClearedMappings {
    /// In the order of the request.
    pub results: Vec<ClearedResult>,
    /// Events not in the books (never synced, not synced, or failed) that found an account for what was cleared and find none
    /// now: they cannot post until it is mapped again. Entries already posted stay as they are.
    pub blocks: u64,
    /// Failed events that now find every account, since what served them was broken and what serves more is not: retry them.
    pub cures: u64,
}

/// Clears one row.
///
/// # Errors
/// [`Error::NotFound`]; `mapping_changed`.
pub async fn one(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    expected: &Expected,
    id: MappingId,
) -> Result<Changed<()>, Error> {
    let tx = service.tenant(tenant).await?;
    if connection::current(&tx).await?.is_none() {
        return Err(Error::NotFound);
    }
    let mut pen = Pen::take(&tx, caller.actor(), expected, Way::ByHand).await?;
    pen.clear(id).await?.ok_or(Error::NotFound)?;
    let (version, cures) = pen.put_down().await?;
    tx.commit().await?;
    Ok(Changed {
        value: (),
        version,
        cures,
    })
}

/// Clears many rows, each on its own: what is there is cleared, what is not says so. A row of the request that could not be
/// read comes with its problem.
///
/// # Errors
/// `not_connected`, `mapping_changed`, `no_mappings`, `too_many_mappings`.
pub async fn many(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    expected: &Expected,
    requests: &[Result<ClearMapping, MappingProblem>],
) -> Result<(ClearedMappings, String), Error> {
    check_count(requests.len())?;
    let tx = service.tenant(tenant).await?;
    let mut pen = Pen::take(&tx, caller.actor(), expected, Way::ByHand).await?;
    let served = served(&tx, &pen.desk).await?;
    let mut results = Vec::with_capacity(requests.len());
    for (index, request) in requests.iter().enumerate() {
        let cleared = match request {
            Ok(request) => pen
                .clear(request.mapping_id)
                .await?
                .ok_or_else(|| unknown(request.mapping_id)),
            Err(problem) => Err(problem.clone()),
        };
        let (cleared, problem) = match cleared {
            Ok(row) => (Some(row), None),
            Err(problem) => (None, Some(problem)),
        };
        results.push(ClearedResult {
            index,
            cleared,
            problem,
        });
    }
    let blocks = blocked(&tx, &pen.desk, served).await?;
    let (version, cures) = pen.put_down().await?;
    tx.commit().await?;
    let cleared = ClearedMappings {
        results,
        blocks,
        cures,
    };
    Ok((cleared, version))
}

fn unknown(id: MappingId) -> MappingProblem {
    MappingProblem {
        code: "unknown_mapping".to_owned(),
        detail: format!(
            "there is no row {id} in the mapping of this company; it may be cleared already: list the mapping"
        ),
        field: Some("mapping_id".to_owned()),
    }
}

// What events ask for and find an account for that entries can use.
async fn served(tx: &TenantTx, desk: &CompanyMapping) -> Result<Vec<Need>, Error> {
    let mapping = desk.usable();
    let mut seen = need::seen(tx).await?;
    seen.retain(|need| row_of(&mapping, need).is_some());
    Ok(seen)
}

// Events that wait for any of what was served and is not any more.
async fn blocked(tx: &TenantTx, desk: &CompanyMapping, served: Vec<Need>) -> Result<u64, Error> {
    let mapping = desk.usable();
    let lost: Vec<_> = served
        .iter()
        .filter(|need| row_of(&mapping, need).is_none())
        .collect();
    if lost.is_empty() {
        return Ok(0);
    }
    let waiting = readiness::waiting(tx, &[lost]).await?;
    Ok(waiting.values().map(|waiting| waiting.events).sum())
}
