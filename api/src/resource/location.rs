//! QuickBooks' Locations and Classes, and what the tenant's own locations are in them.

use super::mapping::tagged;
use super::{Answer, Product};
use crate::authorised::InTenant;
use crate::body::rows::{BulkBody, Row};
use crate::page::{DimensionImportPage, DimensionPage, LocationMappingPage};
use crate::parameter::{Id, IfMatch, Params};
use crate::problem::Problem;
use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Json;
use entity::id::{DimensionImportId, LocationMappingId};
use serde::Deserialize;
use service::cursor::PageQuery;
use service::dimension::{self, DimensionImport, DimensionQuery};
use service::location_mapping::{self, MappedLocations, SetLocationMapping};
use utoipa::ToSchema;

/// Locations to be mapped.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetLocationMappings {
    /// The locations; each is mapped on its own.
    #[schema(value_type = Vec<SetLocationMapping>, min_items = 1, max_items = 1000)]
    mappings: Vec<Row<SetLocationMapping>>,
}

/// Import Locations and Classes
///
/// Queues an import of all Locations and Classes of the company, active and inactive. Import them again when they changed in
/// QuickBooks; mappings stay. A company that has none, or whose plan has none, is no error: the import's `message` says what
/// to do.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant_id}/dimension-imports", tag = "Locations",
    responses(
        (status = 202, description = "The import, queued; watch it at its Location", body = DimensionImport,
            headers(("Location" = String, description = "Where the import is read"))),
        (status = 409, description = "No company is connected")
    )
)]
pub(crate) async fn create_dimension_import(
    product: Product,
    at: InTenant,
) -> Result<HttpResponse, Problem> {
    let import = dimension::import(&product, &at.caller, at.tenant).await?;
    let location = format!("/v1/tenants/{}/dimension-imports/{}", at.tenant, import.id);
    Ok(HttpResponse::Accepted()
        .insert_header((header::LOCATION, location))
        .json(import))
}

/// List the imports of Locations and Classes
///
/// Those that somebody asked for and those made by themselves, newest first.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/dimension-imports", tag = "Locations",
    params(PageQuery),
    responses((status = 200, description = "A page of imports", body = DimensionImportPage))
)]
pub(crate) async fn list_dimension_imports(
    product: Product,
    at: InTenant,
    Params(query): Params<PageQuery>,
) -> Answer<DimensionImportPage> {
    let page = dimension::list_imports(&product, at.tenant, &query).await?;
    Ok(Json(page.into()))
}

/// Read an import of Locations and Classes
///
/// Where the import stands, how many it has read, and in plain words what came of it.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/dimension-imports/{dimension_import_id}", tag = "Locations",
    params(("dimension_import_id" = DimensionImportId, Path, description = "The import")),
    responses((status = 200, description = "The import", body = DimensionImport))
)]
pub(crate) async fn read_dimension_import(
    product: Product,
    at: InTenant,
    Id(id): Id<DimensionImportId>,
) -> Answer<DimensionImport> {
    Ok(Json(dimension::read_import(&product, at.tenant, id).await?))
}

/// List Locations and Classes
///
/// Those imported from the company, by kind and full name, a page at a time.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/dimensions", tag = "Locations",
    params(DimensionQuery),
    responses(
        (status = 200, description = "A page of Locations and Classes", body = DimensionPage),
        (status = 409, description = "No company is connected")
    )
)]
pub(crate) async fn list_dimensions(
    product: Product,
    at: InTenant,
    Params(query): Params<DimensionQuery>,
) -> Answer<DimensionPage> {
    Ok(Json(
        dimension::list(&product, at.tenant, &query).await?.into(),
    ))
}

/// List the locations
///
/// Every location that events carry, that was declared, or that is mapped, and what it is in QuickBooks. One that is not mapped
/// posts without a Location and Class, and nothing fails for it. The ETag is the version of the whole mapping.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/location-mappings", tag = "Locations",
    responses(
        (status = 200, description = "The locations", body = LocationMappingPage,
            headers(("ETag" = String, description = "The version of the mapping"))),
        (status = 409, description = "No company is connected")
    )
)]
pub(crate) async fn list_location_mappings(
    product: Product,
    at: InTenant,
) -> Result<HttpResponse, Problem> {
    let (locations, version) = location_mapping::list(&product, at.tenant).await?;
    Ok(tagged(&version, LocationMappingPage::from(locations)))
}

/// Map locations
///
/// Maps 1 to 1,000 of the tenant's locations to a QuickBooks Location, a Class, or both, each on its own: what is sound is set,
/// and what is not, be it malformed or refused, says why. From then on the lines of their events carry them. Entries already posted stay as they are.
#[utoipa::path(
    put, path = "/v1/tenants/{tenant_id}/location-mappings", tag = "Locations",
    params(("If-Match" = Option<String>, Header, description = "The ETag of the mapping that was read; left out: whatever it is now")),
    request_body = SetLocationMappings,
    responses(
        (status = 200, description = "What became of each location", body = MappedLocations,
            headers(("ETag" = String, description = "The version of the mapping"))),
        (status = 409, description = "No company is connected"),
        (status = 412, description = "The mapping was changed since it was read")
    )
)]
pub(crate) async fn set_location_mappings(
    product: Product,
    at: InTenant,
    IfMatch(expected): IfMatch,
    BulkBody(request): BulkBody<SetLocationMappings>,
) -> Result<HttpResponse, Problem> {
    let rows: Vec<_> = request.mappings.into_iter().map(|row| row.0).collect();
    let changed =
        location_mapping::set_many(&product, &at.caller, at.tenant, &expected, &rows).await?;
    let mapped = MappedLocations {
        results: changed.value,
        cures: changed.cures,
    };
    Ok(tagged(&changed.version, mapped))
}

/// Clear a location
///
/// Its events post without a Location and Class from now on.
#[utoipa::path(
    delete, path = "/v1/tenants/{tenant_id}/location-mappings/{location_mapping_id}", tag = "Locations",
    params(
        ("location_mapping_id" = LocationMappingId, Path, description = "The location's mapping"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the mapping that was read; left out: whatever it is now")
    ),
    responses(
        (status = 204, description = "It is cleared",
            headers(("ETag" = String, description = "The version of the mapping"))),
        (status = 412, description = "The mapping was changed since it was read")
    )
)]
pub(crate) async fn clear_location_mapping(
    product: Product,
    at: InTenant,
    Id(id): Id<LocationMappingId>,
    IfMatch(expected): IfMatch,
) -> Result<HttpResponse, Problem> {
    let changed = location_mapping::clear(&product, &at.caller, at.tenant, &expected, id).await?;
    Ok(HttpResponse::NoContent()
        .insert_header((header::ETAG, format!("\"{}\"", changed.version)))
        .finish())
}
