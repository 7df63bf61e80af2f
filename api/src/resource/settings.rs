//! The settings of a tenant's books.

use super::mapping::tagged;
use super::{Product, versioned};
use crate::authorised::InTenant;
use crate::body::Body;
use crate::parameter::{IfMatch, IfNoneMatch};
use crate::problem::Problem;
use actix_web::HttpResponse;
use service::tenant::{self, Settings, UpdateSettings};

/// Read the settings
///
/// How events become entries, besides the mapping: what becomes of an event in a closed period, whether lines are netted,
/// and how far payments and lines may differ.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/settings", tag = "Settings",
    params(("If-None-Match" = Option<String>, Header, description = "An ETag that the caller has: 304 where it is still the one")),
    responses(
        (status = 200, description = "The settings", body = Settings, headers(("ETag" = String, description = "The version"))),
        (status = 304, description = "It is as the caller has it")
    )
)]
pub(crate) async fn read_settings(
    product: Product,
    at: InTenant,
    has: IfNoneMatch,
) -> Result<HttpResponse, Problem> {
    let settings = tenant::read_settings(&product, at.tenant).await?;
    Ok(versioned(&has, &settings.version(), &settings))
}

/// Change the settings
///
/// Changes what is given and leaves the rest, for entries that are built from now on; what is posted stays as it is. An event
/// that failed is not retried by this: retry it when the settings are as they should be.
#[utoipa::path(
    patch, path = "/v1/tenants/{tenant_id}/settings", tag = "Settings",
    params(("If-Match" = Option<String>, Header, description = "The ETag of what was read; left out: whatever it is now")),
    request_body = UpdateSettings,
    responses(
        (status = 200, description = "The settings, changed", body = Settings, headers(("ETag" = String, description = "The version"))),
        (status = 412, description = "It was changed since it was read")
    )
)]
pub(crate) async fn update_settings(
    product: Product,
    at: InTenant,
    IfMatch(expected): IfMatch,
    Body(request): Body<UpdateSettings>,
) -> Result<HttpResponse, Problem> {
    let settings =
        tenant::update_settings(&product, &at.caller, at.tenant, &expected, request).await?;
    Ok(tagged(&settings.version(), settings))
}
