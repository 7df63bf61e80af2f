//! Mapping locations: many at once, each on its own, under the version of the whole mapping.

use super::{LocationMapping, Stand, rows, unmapped};
use crate::access::Caller;
use crate::dimension::{self, Kind};
use crate::error::Error;
use crate::mapping::{Changed, Expected, MappingProblem, input, lock, raise, tag};
use crate::{Service, alert, audit, connection};
use entity::dimension::Model as DimensionRow;
use entity::id::{DimensionId, LocationMappingId, TenantId};
use entity::location_mapping::Model;
use entity::store::TenantTx;
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a location is to be in QuickBooks.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetLocationMapping {
    /// The location, as events carry it.
    #[schema(example = "boston")]
    pub location: String,
    /// The QuickBooks Location its lines shall carry; left out: none.
    pub quickbooks_location_id: Option<DimensionId>,
    /// The QuickBooks Class its lines shall carry; left out: none.
    pub quickbooks_class_id: Option<DimensionId>,
}

/// What became of one location of the request.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LocationMappingResult {
    /// Its place in the request, from 0.
    pub index: usize,
    /// The location as it is mapped now, where it was set.
    pub mapping: Option<LocationMapping>,
    /// Why it was not.
    pub problem: Option<MappingProblem>,
}

/// What became of the locations of a request.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MappedLocations {
    /// In the order of the request.
    pub results: Vec<LocationMappingResult>,
    /// Failed events whose Location or Class could not be used and now can: retry them. Entries already posted stay as they are.
    pub cures: u64,
}

/// Maps 1 to 1,000 locations, each on its own; setting one again replaces what it is mapped to. A row that could not be read
/// comes with its problem.
///
/// # Errors
/// `not_connected`, `mapping_changed`, `no_mappings`, `too_many_mappings`.
pub async fn set_many(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    expected: &Expected,
    requests: &[Result<SetLocationMapping, MappingProblem>],
) -> Result<Changed<Vec<LocationMappingResult>>, Error> {
    crate::mapping::check_count(requests.len())?;
    let tx = service.tenant(tenant).await?;
    let company = lock(&tx, expected).await?;
    let dimensions = dimension::row::all(&tx, &company.company_id).await?;
    let mut results = Vec::with_capacity(requests.len());
    let mut set: Vec<(usize, &str)> = Vec::new();
    let mut changed = false;
    for (index, request) in requests.iter().enumerate() {
        let sound = request
            .as_ref()
            .map_err(Clone::clone)
            .and_then(|request| check(request, &dimensions).map(|()| request));
        let problem = match sound {
            Ok(request) => {
                changed |= write(&tx, caller, &company.company_id, request).await?;
                set.push((index, request.location.as_str()));
                None
            }
            Err(problem) => Some(problem),
        };
        results.push(LocationMappingResult {
            index,
            mapping: None,
            problem,
        });
    }
    let stand = Stand::read(&tx, &company.company_id).await?;
    for (index, location) in set {
        let row = stand.rows.iter().find(|row| row.location == location);
        results[index].mapping = Some(match row {
            Some(row) => stand.view(row),
            None => unmapped(location.to_owned()),
        });
    }
    let version = if changed {
        raise(&tx, &company).await?
    } else {
        tag(&company)
    };
    alert::review(&tx).await?;
    let cures = cures(&tx, &company.company_id).await?;
    tx.commit().await?;
    Ok(Changed {
        value: results,
        version,
        cures,
    })
}

/// Clears a location: its lines carry neither Location nor Class from now on.
///
/// # Errors
/// [`Error::NotFound`]; `mapping_changed`.
pub async fn clear(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    expected: &Expected,
    id: LocationMappingId,
) -> Result<Changed<()>, Error> {
    let tx = service.tenant(tenant).await?;
    if connection::current(&tx).await?.is_none() {
        return Err(Error::NotFound);
    }
    let company = lock(&tx, expected).await?;
    let row = tx
        .query_as::<Model>(
            "DELETE FROM location_mapping WHERE {mine} AND id = $2 RETURNING *",
            vec![id.into()],
        )
        .await?
        .pop()
        .ok_or(Error::NotFound)?;
    record(&tx, caller, "location_mapping.cleared", Some(&row), None).await?;
    let version = raise(&tx, &company).await?;
    alert::review(&tx).await?;
    let cures = cures(&tx, &company.company_id).await?;
    tx.commit().await?;
    Ok(Changed {
        value: (),
        version,
        cures,
    })
}

fn check(request: &SetLocationMapping, dimensions: &[DimensionRow]) -> Result<(), MappingProblem> {
    let problem = |code: &str, field: &str, detail: String| MappingProblem {
        code: code.to_owned(),
        detail,
        field: Some(field.to_owned()),
    };
    if let Err(error) = accounting::Key::new(&request.location) {
        let detail = format!(
            "`{}` cannot be a location: it {error}",
            input::clip(&request.location)
        );
        return Err(problem("invalid_location", "location", detail));
    }
    if input::is_blank(&request.location) {
        let detail = "blanks alone are no location: use the text that events carry".to_owned();
        return Err(problem("invalid_location", "location", detail));
    }
    let wanted = [
        (
            Kind::Location,
            request.quickbooks_location_id,
            "quickbooks_location_id",
        ),
        (
            Kind::Class,
            request.quickbooks_class_id,
            "quickbooks_class_id",
        ),
    ];
    if wanted.iter().all(|(_, id, _)| id.is_none()) {
        return Err(problem(
            "nothing_to_map_to",
            "quickbooks_location_id",
            "name a QuickBooks Location, a Class, or both; to post without them, clear the mapping instead"
                .to_owned(),
        ));
    }
    for (kind, id, field) in wanted {
        let Some(id) = id else { continue };
        let row = dimensions
            .iter()
            .find(|row| row.id == id && row.kind == kind.as_str())
            .ok_or_else(|| {
                let detail = format!(
                    "there is no {} {id} among those imported; list them, or import them again",
                    kind.as_str()
                );
                problem("unknown_dimension", field, detail)
            })?;
        if let Some(why) = dimension::unusable(row) {
            let detail = format!(
                "{} {why}; make it active there and import again, or choose another",
                dimension::row::named(row)
            );
            return Err(problem("unusable_dimension", field, detail));
        }
    }
    Ok(())
}

// Whether anything changed.
async fn write(
    tx: &TenantTx,
    caller: &Caller,
    company_id: &str,
    request: &SetLocationMapping,
) -> Result<bool, Error> {
    let before = rows(tx, company_id).await?;
    let before = before.iter().find(|row| row.location == request.location);
    let is_so = before.is_some_and(|row| {
        row.dimension_location_id == request.quickbooks_location_id
            && row.dimension_class_id == request.quickbooks_class_id
    });
    if is_so {
        return Ok(false);
    }
    let after = tx
        .query_as::<Model>(
            "INSERT INTO location_mapping (tenant_id, id, company_id, location, dimension_location_id, dimension_class_id, set_by)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (tenant_id, company_id, location) DO UPDATE SET
               dimension_location_id = excluded.dimension_location_id, dimension_class_id = excluded.dimension_class_id,
               set_by = excluded.set_by, set_at = tillpost_now()
             RETURNING *",
            vec![
                LocationMappingId::new().into(),
                company_id.into(),
                request.location.clone().into(),
                request.quickbooks_location_id.into(),
                request.quickbooks_class_id.into(),
                caller.actor().into(),
            ],
        )
        .await?
        .pop()
        .ok_or(Error::NotFound)?;
    record(tx, caller, "location_mapping.set", before, Some(&after)).await?;
    Ok(true)
}

async fn record(
    tx: &TenantTx,
    caller: &Caller,
    action: &str,
    before: Option<&Model>,
    after: Option<&Model>,
) -> Result<(), Error> {
    let Some(row) = after.or(before) else {
        return Ok(());
    };
    let told = |row: Option<&Model>| {
        row.map(|row| {
            serde_json::json!({
                "quickbooks_location_id": row.dimension_location_id,
                "quickbooks_class_id": row.dimension_class_id,
            })
        })
    };
    let detail = serde_json::json!({
        "location": row.location, "from": told(before), "to": told(after),
    });
    audit::record(tx, caller.actor(), action, &row.id.to_string(), detail).await
}

// Events that failed for a Location or Class, none of which is mapped and unusable any more.
async fn cures(tx: &TenantTx, company_id: &str) -> Result<u64, Error> {
    #[derive(FromQueryResult)]
    struct Cured {
        events: i64,
    }
    let cured = tx
        .query_as::<Cured>(
            "SELECT count(*) AS events FROM event e
              WHERE {mine:e} AND e.status = 'failed' AND e.problem_code IN ('account_inactive', 'reference_missing')
                AND jsonb_typeof(e.problem_facts -> 'dimensions') = 'array'
                AND NOT EXISTS (
                  SELECT 1 FROM jsonb_array_elements(e.problem_facts -> 'dimensions') AS meant
                    JOIN dimension d ON {mine:d} AND d.company_id = $2 AND d.kind = meant ->> 'kind'
                     AND d.qbo_id = meant ->> 'qbo_id' AND NOT d.active
                    JOIN location_mapping m ON {mine:m} AND d.id IN (m.dimension_location_id, m.dimension_class_id))",
            vec![company_id.into()],
        )
        .await?;
    Ok(cured.iter().map(|row| row.events.unsigned_abs()).sum())
}
