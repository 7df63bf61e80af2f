//! Events as they stand.

use super::event_query::EventQuery;
use super::{Answer, Product};
use crate::authorised::InTenant;
use crate::body::BodyOrNone;
use crate::page::EventPage;
use crate::parameter::{Id, Params};
use actix_web::web::Json;
use entity::id::EventId;
use service::cursor::PageQuery;
use service::event::{self, EventCounts, EventDetail, Preview};
use service::retry::{self, Retried, RetriedEvent, RetryFailed};

/// List events
///
/// Newest first: by business date, then by when they occurred; a page at a time. Any filters may stand together, and a
/// cursor may be used with other filters than those it came from. `status`, `type`, `location` and the window of business
/// dates are narrowed by an index in any combination, as are `number`, `past_sync_id` with `status` and the window, and
/// `problem` with the window; what else stands beside `number`, `text`, `past_sync_id` or `problem` is looked at event by
/// event. `text` finds what a person types or scans: the beginning of an `external_id` or of a `number` (which is the document
/// number of the entry in QuickBooks), in any case of the letters A to Z, or the whole id of the entry in QuickBooks, as its
/// address there shows it. Nothing else is searched: no middle of a text, no memo, no line.
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
        cursor: query.cursor.clone(),
        limit: query.limit,
    };
    let page = event::list(&product, at.tenant, &query.filter(), &page).await?;
    Ok(Json(page.into()))
}

/// Count events
///
/// How many events stand where, and how many have which problem. The counts are kept as events change, so that asking for
/// them costs the same however many events there are.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/events/counts", tag = "Events",
    responses((status = 200, description = "The counts", body = EventCounts))
)]
pub(crate) async fn read_event_counts(product: Product, at: InTenant) -> Answer<EventCounts> {
    Ok(Json(event::counts(&product, at.tenant).await?))
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
/// then. Where a retry alone does not help, `advice` says what does.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant_id}/events/{event_id}/retry", tag = "Events",
    params(("event_id" = EventId, Path, description = "The event")),
    responses(
        (status = 200, description = "The event, queued again", body = RetriedEvent),
        (status = 409, description = "It is queued, under way or posted already")
    )
)]
pub(crate) async fn retry_event(
    product: Product,
    at: InTenant,
    Id(id): Id<EventId>,
) -> Answer<RetriedEvent> {
    Ok(Json(retry::one(&product, &at.caller, at.tenant, id).await?))
}

/// Retry failed events
///
/// Queues all failed events again, or with `problem_code` only those with that problem, or with `problem_codes` those with
/// one of several. The body may be left out. Answers how many were queued by problem, and where a retry alone does not help.
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
