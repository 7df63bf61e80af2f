//! Events as they stand.

use super::{Answer, Product};
use crate::authorised::InTenant;
use crate::body::BodyOrNone;
use crate::page::EventPage;
use crate::parameter::{Id, Params};
use actix_web::web::Json;
use entity::id::EventId;
use serde::Deserialize;
use service::cursor::PageQuery;
use service::event::{self, Event, EventDetail, Preview};
use service::retry::{self, Retried, RetryFailed};
use utoipa::IntoParams;

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventQuery {
    /// Only those that stand so: `never_synced`, `not_synced`, `processing`, `synced`, `failed` or `skipped`.
    #[param(example = "failed")]
    status: Option<String>,
    /// `next_cursor` of the page before; left out: the first page.
    cursor: Option<String>,
    /// Rows in the page, 1 to 200; left out: 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u64>,
}

/// List events
///
/// Newest first by when they occurred, a page at a time; `status` narrows them, so that `status=failed` lists what needs a
/// person.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/events", tag = "Events",
    params(EventQuery),
    responses((status = 200, description = "A page of events", body = EventPage))
)]
pub(crate) async fn list_events(
    product: Product,
    at: InTenant,
    Params(query): Params<EventQuery>,
) -> Answer<EventPage> {
    let page = PageQuery {
        cursor: query.cursor,
        limit: query.limit,
    };
    let page = event::list(&product, at.tenant, query.status.as_deref(), &page).await?;
    Ok(Json(page.into()))
}

/// Read an event
///
/// The event as it was taken in, where it stands, its journal entries with every attempt at posting them, and what is wrong
/// with it.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/events/{event_id}", tag = "Events",
    params(("event_id" = EventId, Path, description = "The event")),
    responses((status = 200, description = "The event", body = EventDetail))
)]
pub(crate) async fn read_event(
    product: Product,
    at: InTenant,
    Id(id): Id<EventId>,
) -> Answer<EventDetail> {
    Ok(Json(event::read(&product, at.tenant, id).await?))
}

/// Preview an event's journal entry
///
/// The entry the event would make with the mapping as it is now, or why it would make none. Nothing is posted and
/// QuickBooks is not asked.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/events/{event_id}/preview", tag = "Events",
    params(("event_id" = EventId, Path, description = "The event")),
    responses(
        (status = 200, description = "The entry, or why there is none", body = Preview),
        (status = 409, description = "No company is connected")
    )
)]
pub(crate) async fn preview_event(
    product: Product,
    at: InTenant,
    Id(id): Id<EventId>,
) -> Answer<Preview> {
    Ok(Json(event::preview(&product, at.tenant, id).await?))
}

/// Retry an event
///
/// Queues an event again that failed, was skipped or was never synced. Its entry is built anew, with the mapping as it is
/// then.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant_id}/events/{event_id}/retry", tag = "Events",
    params(("event_id" = EventId, Path, description = "The event")),
    responses(
        (status = 200, description = "The event, queued again", body = Event),
        (status = 409, description = "It is queued, under way or posted already")
    )
)]
pub(crate) async fn retry_event(
    product: Product,
    at: InTenant,
    Id(id): Id<EventId>,
) -> Answer<Event> {
    Ok(Json(retry::one(&product, &at.caller, at.tenant, id).await?))
}

/// Retry failed events
///
/// Queues all failed events again, or with `problem_code` only those with that problem. The body may be left out.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant_id}/retry-failed", tag = "Events",
    request_body = Option<RetryFailed>,
    responses((status = 200, description = "How many events were queued again", body = Retried))
)]
pub(crate) async fn retry_failed_events(
    product: Product,
    at: InTenant,
    BodyOrNone(request): BodyOrNone<RetryFailed>,
) -> Answer<Retried> {
    Ok(Json(
        retry::failed(&product, &at.caller, at.tenant, request).await?,
    ))
}
