//! The mapping of slots to accounts.

use super::{Answer, Product};
use crate::authorised::InTenant;
use crate::body::{BULK_BYTES_MAX, Body, JsonObject};
use crate::page::MappingPage;
use crate::parameter::Id;
use crate::problem::Problem;
use actix_web::HttpResponse;
use actix_web::web::Json;
use entity::id::MappingId;
use serde::{Deserialize, Serialize};
use service::mapping::{self, Mapping, MappingResult, SetMapping};
use utoipa::ToSchema;

/// Rows of the mapping to be set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetMappings {
    /// The rows; each is set on its own.
    #[schema(value_type = Vec<SetMapping>, min_items = 1, max_items = 1000)]
    mappings: Vec<JsonObject<SetMapping>>,
}

/// What became of the rows.
#[derive(Serialize, ToSchema)]
pub(crate) struct MappingResults {
    /// In the order of the request.
    pub(crate) results: Vec<MappingResult>,
}

/// List the mapping
///
/// Which account plays which slot in the present company, in the order of the slots; what is broken or unusual says so.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/mappings", tag = "Mappings",
    responses(
        (status = 200, description = "The mapping", body = MappingPage),
        (status = 409, description = "No company is connected")
    )
)]
pub(crate) async fn list_mappings(product: Product, at: InTenant) -> Answer<MappingPage> {
    Ok(Json(mapping::list(&product, at.tenant).await?.into()))
}

/// Set a mapping
///
/// Gives a slot its account: by default, for one key (an item class, a payment type, a reason, …), or at one location.
/// Setting it again replaces the account. Entries already posted stay as they are.
#[utoipa::path(
    put, path = "/v1/tenants/{tenant_id}/mappings", tag = "Mappings",
    request_body = SetMapping,
    responses(
        (status = 200, description = "The row", body = Mapping),
        (status = 409, description = "No company is connected")
    )
)]
pub(crate) async fn set_mapping(
    product: Product,
    at: InTenant,
    Body(request): Body<SetMapping>,
) -> Answer<Mapping> {
    Ok(Json(
        mapping::set(&product, &at.caller, at.tenant, request).await?,
    ))
}

/// Set many mappings
///
/// Sets 1 to 1,000 rows, each on its own: what is sound is set, and what is not says why in its result.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant_id}/mappings/bulk", tag = "Mappings",
    request_body = SetMappings,
    responses(
        (status = 200, description = "What became of each row", body = MappingResults),
        (status = 409, description = "No company is connected")
    )
)]
pub(crate) async fn set_mappings(
    product: Product,
    at: InTenant,
    Body(request): Body<SetMappings, BULK_BYTES_MAX>,
) -> Answer<MappingResults> {
    let rows = request.mappings.into_iter().map(|row| row.0).collect();
    let results = mapping::set_many(&product, &at.caller, at.tenant, rows).await?;
    Ok(Json(MappingResults { results }))
}

/// Clear a mapping
///
/// What the row was set for is unmapped, or falls back to the slot's default.
#[utoipa::path(
    delete, path = "/v1/tenants/{tenant_id}/mappings/{mapping_id}", tag = "Mappings",
    params(("mapping_id" = MappingId, Path, description = "The row")),
    responses((status = 204, description = "It is cleared"))
)]
pub(crate) async fn clear_mapping(
    product: Product,
    at: InTenant,
    Id(id): Id<MappingId>,
) -> Result<HttpResponse, Problem> {
    mapping::clear(&product, &at.caller, at.tenant, id).await?;
    Ok(HttpResponse::NoContent().finish())
}
