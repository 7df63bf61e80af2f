//! Deliveries of a webhook endpoint.

use super::{Answer, Product};
use crate::authorised::InTenant;
use crate::body::Body;
use crate::page::WebhookDeliveryPage;
use crate::parameter::{Id, Params};
use actix_web::web::Json;
use entity::id::{WebhookEndpointId, WebhookMessageId};
use serde::Deserialize;
use service::cursor::PageQuery;
use service::webhook::{self, Delivery, DeliveryDetail, Replay, Replayed};
use utoipa::IntoParams;

/// Which deliveries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeliveryQuery {
    /// Only `waiting`, only `delivered` or only `dead` ones.
    #[param(example = "dead")]
    state: Option<String>,
    /// `next_cursor` of the page before; left out: the first page.
    cursor: Option<String>,
    /// Rows in the page, 1 to 200; left out: 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u64>,
}

/// List the deliveries of a webhook endpoint
///
/// What was and is on its way to it, newest first. Dead ones were tried for about three days; they are kept and can be replayed.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/webhook-endpoints/{webhook_endpoint_id}/deliveries", tag = "Webhooks",
    params(("webhook_endpoint_id" = WebhookEndpointId, Path, description = "The endpoint"), DeliveryQuery),
    responses((status = 200, description = "A page of deliveries", body = WebhookDeliveryPage))
)]
pub(crate) async fn list_webhook_deliveries(
    product: Product,
    at: InTenant,
    Id(id): Id<WebhookEndpointId>,
    Params(query): Params<DeliveryQuery>,
) -> Answer<WebhookDeliveryPage> {
    let page = PageQuery {
        cursor: query.cursor,
        limit: query.limit,
    };
    let page = webhook::deliveries(&product, at.tenant, id, query.state.as_deref(), &page).await?;
    Ok(Json(page.into()))
}

/// Read a delivery
///
/// The message's data, and each attempt: when, what came of it, and how the answer began.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/webhook-endpoints/{webhook_endpoint_id}/deliveries/{webhook_message_id}", tag = "Webhooks",
    params(
        ("webhook_endpoint_id" = WebhookEndpointId, Path, description = "The endpoint"),
        ("webhook_message_id" = WebhookMessageId, Path, description = "The message")
    ),
    responses((status = 200, description = "The delivery", body = DeliveryDetail))
)]
pub(crate) async fn read_webhook_delivery(
    product: Product,
    at: InTenant,
    Id(id): Id<WebhookEndpointId>,
    Id(message): Id<WebhookMessageId>,
) -> Answer<DeliveryDetail> {
    Ok(Json(
        webhook::delivery(&product, at.tenant, id, message).await?,
    ))
}

/// Replay one message
///
/// Sends it again at once, under its own id, whatever became of it before.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant_id}/webhook-endpoints/{webhook_endpoint_id}/deliveries/{webhook_message_id}/replay",
    tag = "Webhooks",
    params(
        ("webhook_endpoint_id" = WebhookEndpointId, Path, description = "The endpoint"),
        ("webhook_message_id" = WebhookMessageId, Path, description = "The message")
    ),
    responses(
        (status = 200, description = "The delivery, waiting", body = Delivery),
        (status = 409, description = "The endpoint is disabled")
    )
)]
pub(crate) async fn replay_webhook_delivery(
    product: Product,
    at: InTenant,
    Id(id): Id<WebhookEndpointId>,
    Id(message): Id<WebhookMessageId>,
) -> Answer<Delivery> {
    Ok(Json(
        webhook::replay_one(&product, &at.caller, at.tenant, id, message).await?,
    ))
}

/// Replay messages
///
/// Sends the endpoint what it wants of a range of numbers, or of everything since a time, each message under its own id: also
/// what happened before it was there, or while it was disabled. Messages of single events (`event.…`) are recorded only while an
/// enabled endpoint wants them. At most 10,000 go at once; `more` tells to ask again, from the number after `to_number`.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant_id}/webhook-endpoints/{webhook_endpoint_id}/replays", tag = "Webhooks",
    params(("webhook_endpoint_id" = WebhookEndpointId, Path, description = "The endpoint")),
    request_body = Replay,
    responses(
        (status = 200, description = "What goes out now", body = Replayed),
        (status = 409, description = "The endpoint is disabled")
    )
)]
pub(crate) async fn replay_webhook_messages(
    product: Product,
    at: InTenant,
    Id(id): Id<WebhookEndpointId>,
    Body(request): Body<Replay>,
) -> Answer<Replayed> {
    Ok(Json(
        webhook::replay(&product, &at.caller, at.tenant, id, &request).await?,
    ))
}
