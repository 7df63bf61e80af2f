//! The mapping of slots to accounts.

use super::{Answer, Product};
use crate::authorised::InTenant;
use crate::body::Body;
use crate::body::rows::{BulkBody, Row};
use crate::page::{MappingChangePage, MappingPage};
use crate::parameter::{Id, IfMatch, Params};
use crate::problem::Problem;
use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Json;
use entity::id::MappingId;
use serde::{Deserialize, Serialize};
use service::mapping::{
    self, ClearMapping, ClearedMappings, MappingChangeQuery, MappingResult, SetMapping, SetRow,
};
use utoipa::ToSchema;

/// Rows of the mapping to be set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetMappings {
    /// The rows; each is set on its own.
    #[schema(value_type = Vec<SetMapping>, min_items = 1, max_items = 1000)]
    mappings: Vec<Row<SetMapping>>,
}

/// Rows of the mapping to be cleared.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClearMappings {
    /// The rows; each is cleared on its own.
    #[schema(value_type = Vec<ClearMapping>, min_items = 1, max_items = 1000)]
    mappings: Vec<Row<ClearMapping>>,
}

/// What became of the rows.
#[derive(Serialize, ToSchema)]
pub(crate) struct MappingResults {
    /// In the order of the request.
    pub(crate) results: Vec<MappingResult>,
    /// Failed events that lacked an account and now find every one: retry them.
    pub(crate) cures: u64,
}

/// An answer with the version of the mapping as its ETag.
pub(super) fn tagged<T: Serialize>(version: &str, body: T) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::ETAG, format!("\"{version}\"")))
        .json(body)
}

/// List the mapping
///
/// Which account plays which slot in the present company, in the order of the slots; what is broken or unusual says so. Beside
/// them stands what events or declared keys ask for and no account is mapped for, as readiness tells it, which counts all. The
/// ETag is the version of the whole mapping: send it as If-Match with a change, and nobody else's change is overwritten.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/mappings", tag = "Mappings",
    responses(
        (status = 200, description = "The mapping", body = MappingPage,
            headers(("ETag" = String, description = "The version of the mapping"))),
        (status = 409, description = "No company is connected")
    )
)]
pub(crate) async fn list_mappings(product: Product, at: InTenant) -> Result<HttpResponse, Problem> {
    let listed = mapping::list(&product, at.tenant).await?;
    let page = MappingPage {
        items: listed.rows,
        unmapped: listed.unmapped,
        next_cursor: None,
    };
    Ok(tagged(&listed.version, page))
}

/// Set a mapping
///
/// Gives a slot its account: by default, for one key (an item class, a payment type, a reason, …), or at one location.
/// Setting it again replaces the account. Entries already posted stay as they are; `cures` says how many failed events
/// now find every account, and can be retried.
#[utoipa::path(
    put, path = "/v1/tenants/{tenant_id}/mappings", tag = "Mappings",
    params(("If-Match" = Option<String>, Header, description = "The ETag of the mapping that was read; left out: whatever it is now")),
    request_body = SetMapping,
    responses(
        (status = 200, description = "The row", body = SetRow,
            headers(("ETag" = String, description = "The version of the mapping"))),
        (status = 409, description = "No company is connected"),
        (status = 412, description = "The mapping was changed since it was read")
    )
)]
pub(crate) async fn set_mapping(
    product: Product,
    at: InTenant,
    IfMatch(expected): IfMatch,
    Body(request): Body<SetMapping>,
) -> Result<HttpResponse, Problem> {
    let changed = mapping::set(&product, &at.caller, at.tenant, &expected, request).await?;
    let row = SetRow {
        mapping: changed.value,
        cures: changed.cures,
    };
    Ok(tagged(&changed.version, row))
}

/// Set many mappings
///
/// Sets 1 to 1,000 rows, each on its own: what is sound is set, and what is not, be it malformed or refused, says why in its
/// result.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant_id}/mappings/bulk", tag = "Mappings",
    params(("If-Match" = Option<String>, Header, description = "The ETag of the mapping that was read; left out: whatever it is now")),
    request_body = SetMappings,
    responses(
        (status = 200, description = "What became of each row", body = MappingResults,
            headers(("ETag" = String, description = "The version of the mapping"))),
        (status = 409, description = "No company is connected"),
        (status = 412, description = "The mapping was changed since it was read")
    )
)]
pub(crate) async fn set_mappings(
    product: Product,
    at: InTenant,
    IfMatch(expected): IfMatch,
    BulkBody(request): BulkBody<SetMappings>,
) -> Result<HttpResponse, Problem> {
    let rows: Vec<_> = request.mappings.into_iter().map(|row| row.0).collect();
    let changed = mapping::set_many(&product, &at.caller, at.tenant, &expected, &rows).await?;
    let results = MappingResults {
        results: changed.value,
        cures: changed.cures,
    };
    Ok(tagged(&changed.version, results))
}

/// Clear a mapping
///
/// What the row was set for is unmapped, or falls back to the slot's default.
#[utoipa::path(
    delete, path = "/v1/tenants/{tenant_id}/mappings/{mapping_id}", tag = "Mappings",
    params(
        ("mapping_id" = MappingId, Path, description = "The row"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the mapping that was read; left out: whatever it is now")
    ),
    responses(
        (status = 204, description = "It is cleared",
            headers(("ETag" = String, description = "The version of the mapping"))),
        (status = 412, description = "The mapping was changed since it was read")
    )
)]
pub(crate) async fn clear_mapping(
    product: Product,
    at: InTenant,
    Id(id): Id<MappingId>,
    IfMatch(expected): IfMatch,
) -> Result<HttpResponse, Problem> {
    let changed = mapping::clear(&product, &at.caller, at.tenant, &expected, id).await?;
    Ok(HttpResponse::NoContent()
        .insert_header((header::ETAG, format!("\"{}\"", changed.version)))
        .finish())
}

/// Clear many mappings
///
/// Clears 1 to 1,000 rows, each on its own: what is there is cleared, and what is not, be it malformed or unknown, says why in
/// its result. What a row was set for is unmapped, or falls back to what serves more. Entries already posted stay as they are;
/// `blocks` says how many events cannot post until what they need is mapped again.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant_id}/mappings/clear", tag = "Mappings",
    params(("If-Match" = Option<String>, Header, description = "The ETag of the mapping that was read; left out: whatever it is now")),
    request_body = ClearMappings,
    responses(
        (status = 200, description = "What became of each row", body = ClearedMappings,
            headers(("ETag" = String, description = "The version of the mapping"))),
        (status = 409, description = "No company is connected"),
        (status = 412, description = "The mapping was changed since it was read")
    )
)]
pub(crate) async fn clear_mappings(
    product: Product,
    at: InTenant,
    IfMatch(expected): IfMatch,
    BulkBody(request): BulkBody<ClearMappings>,
) -> Result<HttpResponse, Problem> {
    let rows: Vec<_> = request.mappings.into_iter().map(|row| row.0).collect();
    let (cleared, version) =
        mapping::clear_many(&product, &at.caller, at.tenant, &expected, &rows).await?;
    Ok(tagged(&version, cleared))
}

/// List the changes of the mapping
///
/// Who mapped what and when, from which account to which, by hand, by taking a suggestion or by creating the account;
/// newest first.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/mapping-changes", tag = "Mappings",
    params(MappingChangeQuery),
    responses((status = 200, description = "A page of changes", body = MappingChangePage))
)]
pub(crate) async fn list_mapping_changes(
    product: Product,
    at: InTenant,
    Params(query): Params<MappingChangeQuery>,
) -> Answer<MappingChangePage> {
    Ok(Json(
        mapping::changes(&product, at.tenant, &query).await?.into(),
    ))
}
