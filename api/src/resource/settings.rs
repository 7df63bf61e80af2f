//! The settings of a tenant's books.

use super::{Answer, Product};
use crate::authorised::InTenant;
use crate::body::Body;
use actix_web::web::Json;
use service::tenant::{self, Settings, UpdateSettings};

/// Read the settings
///
/// How events become entries, besides the mapping: what becomes of an event in a closed period, whether lines are netted,
/// and how far payments and lines may differ.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/settings", tag = "Settings",
    responses((status = 200, description = "The settings", body = Settings))
)]
pub(crate) async fn read_settings(product: Product, at: InTenant) -> Answer<Settings> {
    Ok(Json(tenant::read_settings(&product, at.tenant).await?))
}

/// Change the settings
///
/// Changes what is given and leaves the rest, for entries that are built from now on; what is posted stays as it is. An event
/// that failed is not retried by this: retry it when the settings are as they should be.
#[utoipa::path(
    patch, path = "/v1/tenants/{tenant_id}/settings", tag = "Settings",
    request_body = UpdateSettings,
    responses((status = 200, description = "The settings, changed", body = Settings))
)]
pub(crate) async fn update_settings(
    product: Product,
    at: InTenant,
    Body(request): Body<UpdateSettings>,
) -> Answer<Settings> {
    Ok(Json(
        tenant::update_settings(&product, &at.caller, at.tenant, request).await?,
    ))
}
