//! Webhook endpoints.

use super::mapping::tagged;
use super::{Answer, Product, created};
use crate::authorised::InTenant;
use crate::body::{Body, BodyOrNone};
use crate::page::WebhookEndpointPage;
use crate::parameter::{Id, IfMatch};
use crate::problem::Problem;
use actix_web::HttpResponse;
use actix_web::web::Json;
use entity::id::{WebhookEndpointId, WebhookMessageId};
use serde::Serialize;
use service::webhook::{
    self, CreateEndpoint, Endpoint, NewEndpoint, NewSecret, RotateSecret, UpdateEndpoint,
};
use utoipa::ToSchema;

/// A test that is on its way.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookTest {
    /// The message's id. Its delivery tells what became of it, a moment later.
    pub(crate) message_id: WebhookMessageId,
}

/// Create a webhook endpoint
///
/// Messages of the types it wants go to it from now on, signed as Standard Webhooks 1.0 says. Its secret is in this answer and
/// is never shown again. The address must be https and lead to the public internet, whenever it is connected to. The platform's
/// own credential creates endpoints below the id `ten_00000000000000000000000000`: they get what concerns every tenant, without
/// the tenants' books.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant_id}/webhook-endpoints", tag = "Webhooks",
    request_body = CreateEndpoint,
    responses(
        (status = 201, description = "The endpoint with its secret", body = NewEndpoint,
            headers(("Location" = String, description = "Where the endpoint is read"))),
        (status = 409, description = "There are as many endpoints as there may be")
    )
)]
pub(crate) async fn create_webhook_endpoint(
    product: Product,
    at: InTenant,
    Body(request): Body<CreateEndpoint>,
) -> Result<HttpResponse, Problem> {
    let made = webhook::create(&product, &at.caller, at.tenant, request).await?;
    let location = format!(
        "/v1/tenants/{}/webhook-endpoints/{}",
        at.tenant, made.endpoint.id
    );
    Ok(created(Some(location), &made))
}

/// List the webhook endpoints
///
/// All endpoints, newest first, without their secrets.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/webhook-endpoints", tag = "Webhooks",
    responses((status = 200, description = "The endpoints", body = WebhookEndpointPage))
)]
pub(crate) async fn list_webhook_endpoints(
    product: Product,
    at: InTenant,
) -> Answer<WebhookEndpointPage> {
    Ok(Json(webhook::list(&product, at.tenant).await?.into()))
}

/// Read a webhook endpoint
///
/// Where it stands, how it fares, and the public keys to verify `v1a` signatures with.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/webhook-endpoints/{webhook_endpoint_id}", tag = "Webhooks",
    params(("webhook_endpoint_id" = WebhookEndpointId, Path, description = "The endpoint")),
    responses((status = 200, description = "The endpoint", body = Endpoint,
        headers(("ETag" = String, description = "The version of what can be changed of it"))))
)]
pub(crate) async fn read_webhook_endpoint(
    product: Product,
    at: InTenant,
    Id(id): Id<WebhookEndpointId>,
) -> Result<HttpResponse, Problem> {
    let endpoint = webhook::read(&product, at.tenant, id).await?;
    Ok(tagged(&endpoint.version(), endpoint))
}

/// Change a webhook endpoint
///
/// Another address, other types, disabled or enabled. Nothing is placed for a disabled endpoint; what waits goes out when it is
/// enabled again, and what happened meanwhile can be replayed.
#[utoipa::path(
    patch, path = "/v1/tenants/{tenant_id}/webhook-endpoints/{webhook_endpoint_id}", tag = "Webhooks",
    params(
        ("webhook_endpoint_id" = WebhookEndpointId, Path, description = "The endpoint"),
        ("If-Match" = Option<String>, Header, description = "The ETag of what was read; left out: whatever it is now")
    ),
    request_body = UpdateEndpoint,
    responses(
        (status = 200, description = "The endpoint", body = Endpoint, headers(("ETag" = String, description = "The version"))),
        (status = 412, description = "It was changed since it was read")
    )
)]
pub(crate) async fn update_webhook_endpoint(
    product: Product,
    at: InTenant,
    Id(id): Id<WebhookEndpointId>,
    IfMatch(expected): IfMatch,
    Body(request): Body<UpdateEndpoint>,
) -> Result<HttpResponse, Problem> {
    let endpoint = webhook::update(&product, &at.caller, at.tenant, id, &expected, request).await?;
    Ok(tagged(&endpoint.version(), endpoint))
}

/// Delete a webhook endpoint
///
/// Nothing is sent to it any more, and its secrets are forgotten.
#[utoipa::path(
    delete, path = "/v1/tenants/{tenant_id}/webhook-endpoints/{webhook_endpoint_id}", tag = "Webhooks",
    params(("webhook_endpoint_id" = WebhookEndpointId, Path, description = "The endpoint")),
    responses((status = 200, description = "The endpoint as it was", body = Endpoint))
)]
pub(crate) async fn delete_webhook_endpoint(
    product: Product,
    at: InTenant,
    Id(id): Id<WebhookEndpointId>,
) -> Answer<Endpoint> {
    Ok(Json(
        webhook::delete(&product, &at.caller, at.tenant, id).await?,
    ))
}

/// Rotate a webhook endpoint's secret
///
/// Makes a new secret, shown this once, and a new key pair. For the hours of the overlap messages carry the signatures of both,
/// so that a receiver can change over whenever it likes.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant_id}/webhook-endpoints/{webhook_endpoint_id}/rotate-secret", tag = "Webhooks",
    params(("webhook_endpoint_id" = WebhookEndpointId, Path, description = "The endpoint")),
    request_body = Option<RotateSecret>,
    responses((status = 200, description = "The endpoint with its new secret", body = NewSecret))
)]
pub(crate) async fn rotate_webhook_secret(
    product: Product,
    at: InTenant,
    Id(id): Id<WebhookEndpointId>,
    BodyOrNone(request): BodyOrNone<RotateSecret>,
) -> Answer<NewSecret> {
    Ok(Json(
        webhook::rotate(&product, &at.caller, at.tenant, id, request).await?,
    ))
}

/// Test a webhook endpoint
///
/// Sends it a message of the type `webhook.test`, the way every message goes, whatever types it wants.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant_id}/webhook-endpoints/{webhook_endpoint_id}/test", tag = "Webhooks",
    params(("webhook_endpoint_id" = WebhookEndpointId, Path, description = "The endpoint")),
    responses(
        (status = 202, description = "The test is on its way", body = WebhookTest),
        (status = 409, description = "The endpoint is disabled")
    )
)]
pub(crate) async fn test_webhook_endpoint(
    product: Product,
    at: InTenant,
    Id(id): Id<WebhookEndpointId>,
) -> Result<HttpResponse, Problem> {
    let message_id = webhook::test(&product, &at.caller, at.tenant, id).await?;
    Ok(HttpResponse::Accepted().json(WebhookTest { message_id }))
}
