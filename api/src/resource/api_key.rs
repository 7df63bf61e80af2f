//! API keys.

use super::{Answer, Product, created};
use crate::authorised::InTenant;
use crate::body::Body;
use crate::page::ApiKeyPage;
use crate::parameter::Id;
use crate::problem::Problem;
use actix_web::HttpResponse;
use actix_web::web::Json;
use entity::id::ApiKeyId;
use service::api_key::{self, ApiKey, CreateApiKey, NewApiKey};

/// Create an API key
///
/// Makes a key of the tenant. Its secret is in this answer and is never shown again. A key may give no scope that it does
/// not have itself; the platform's credential makes the first one. To rotate, make a second key, use it, revoke the first.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant_id}/api-keys", tag = "API keys",
    request_body = CreateApiKey,
    responses(
        (status = 201, description = "The key with its secret", body = NewApiKey),
        (status = 409, description = "The tenant was deleted")
    )
)]
pub(crate) async fn create_api_key(
    product: Product,
    at: InTenant,
    Body(request): Body<CreateApiKey>,
) -> Result<HttpResponse, Problem> {
    let key = api_key::create(&product, &at.caller, at.tenant, request).await?;
    Ok(created(None, &key))
}

/// List the API keys
///
/// All keys of the tenant, newest first, revoked ones too, without their secrets.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/api-keys", tag = "API keys",
    responses((status = 200, description = "The keys", body = ApiKeyPage))
)]
pub(crate) async fn list_api_keys(product: Product, at: InTenant) -> Answer<ApiKeyPage> {
    Ok(Json(api_key::list(&product, at.tenant).await?.into()))
}

/// Revoke an API key
///
/// The key stops working at once. Revoking it again changes nothing.
#[utoipa::path(
    delete, path = "/v1/tenants/{tenant_id}/api-keys/{api_key_id}", tag = "API keys",
    params(("api_key_id" = ApiKeyId, Path, description = "The key")),
    responses((status = 200, description = "The key, revoked", body = ApiKey))
)]
pub(crate) async fn revoke_api_key(
    product: Product,
    at: InTenant,
    Id(id): Id<ApiKeyId>,
) -> Answer<ApiKey> {
    Ok(Json(
        api_key::revoke(&product, &at.caller, at.tenant, id).await?,
    ))
}
