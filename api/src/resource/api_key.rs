//! API keys.

use super::{Answer, Product, created};
use crate::authorised::InTenant;
use crate::body::{Body, BodyOrNone};
use crate::page::ApiKeyPage;
use crate::parameter::Id;
use crate::problem::Problem;
use actix_web::HttpResponse;
use actix_web::web::Json;
use entity::id::ApiKeyId;
use service::api_key::{self, ApiKey, CreateApiKey, NewApiKey, RotateApiKey, RotatedApiKey};

/// Create an API key
///
/// Makes a key of the tenant. Its secret is in this answer and is never shown again. A key may give no scope that it does
/// not have itself; the platform's credential makes the first one.
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

/// Rotate an API key
///
/// Makes a new key of the same name and scopes, whose secret is in this answer and is never shown again, and lets the old one live
/// on for the hours of the overlap: change over whenever it suits, and see by `last_used_at` whether the old one still is used. A
/// key that has a scope which you do not have is not rotated by you.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant_id}/api-keys/{api_key_id}/rotate", tag = "API keys",
    params(("api_key_id" = ApiKeyId, Path, description = "The key")),
    request_body = Option<RotateApiKey>,
    responses(
        (status = 201, description = "The new key with its secret, and the old one with its end", body = RotatedApiKey),
        (status = 409, description = "It has ended, was rotated already, or has a scope that you do not have")
    )
)]
pub(crate) async fn rotate_api_key(
    product: Product,
    at: InTenant,
    Id(id): Id<ApiKeyId>,
    BodyOrNone(request): BodyOrNone<RotateApiKey>,
) -> Result<HttpResponse, Problem> {
    let rotated = api_key::rotate(&product, &at.caller, at.tenant, id, request).await?;
    Ok(created(None, &rotated))
}
