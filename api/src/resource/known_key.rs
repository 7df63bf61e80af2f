//! The keys and locations that events carry.

use super::{Answer, Product};
use crate::authorised::InTenant;
use crate::body::rows::{BulkBody, Row};
use crate::page::KnownKeyPage;
use crate::parameter::Params;
use crate::problem::Problem;
use actix_web::HttpResponse;
use actix_web::web::Json;
use serde::{Deserialize, Serialize};
use service::known_key::{self, DeclareKey, DeclaredKey, KnownKeyName, KnownKeyQuery};
use utoipa::ToSchema;

/// Keys to be declared.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeclareKeys {
    /// The keys; each is declared on its own.
    #[schema(value_type = Vec<DeclareKey>, min_items = 1, max_items = 1000)]
    keys: Vec<Row<DeclareKey>>,
}

/// What became of the keys.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeclaredKeys {
    /// In the order of the request.
    pub(crate) results: Vec<DeclaredKey>,
}

/// List the known keys
///
/// Every payment type, item class, reason, jurisdiction, method and location that events carry or that was declared, and
/// where each is mapped in the present company.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/known-keys", tag = "Mappings",
    params(KnownKeyQuery),
    responses((status = 200, description = "A page of known keys", body = KnownKeyPage))
)]
pub(crate) async fn list_known_keys(
    product: Product,
    at: InTenant,
    Params(query): Params<KnownKeyQuery>,
) -> Answer<KnownKeyPage> {
    Ok(Json(
        known_key::list(&product, at.tenant, &query).await?.into(),
    ))
}

/// Declare keys
///
/// Makes 1 to 1,000 keys known before any event carries them, such as all payment types of a till, so that they can be mapped
/// and what is missing is seen in time. A key that is known already stays as it is; one that cannot be read or cannot be a key
/// says why, and the others are declared.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant_id}/known-keys", tag = "Mappings",
    request_body = DeclareKeys,
    responses((status = 200, description = "What became of each key", body = DeclaredKeys))
)]
pub(crate) async fn declare_known_keys(
    product: Product,
    at: InTenant,
    BulkBody(request): BulkBody<DeclareKeys>,
) -> Answer<DeclaredKeys> {
    let keys: Vec<_> = request.keys.into_iter().map(|key| key.0).collect();
    let results = known_key::declare(&product, &at.caller, at.tenant, &keys).await?;
    Ok(Json(DeclaredKeys { results }))
}

/// Forget a declared key
///
/// Forgets a key that was declared and that no event carries. One that events carry stays known.
#[utoipa::path(
    delete, path = "/v1/tenants/{tenant_id}/known-keys", tag = "Mappings",
    params(KnownKeyName),
    responses(
        (status = 204, description = "It is forgotten"),
        (status = 409, description = "Events carry it")
    )
)]
pub(crate) async fn forget_known_key(
    product: Product,
    at: InTenant,
    Params(name): Params<KnownKeyName>,
) -> Result<HttpResponse, Problem> {
    known_key::forget(&product, &at.caller, at.tenant, &name).await?;
    Ok(HttpResponse::NoContent().finish())
}
