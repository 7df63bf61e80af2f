//! Events as they stand.

use super::{Answer, Product};
use crate::authorised::InTenant;
use crate::body::BodyOrNone;
use crate::page::EventPage;
use crate::parameter::{Id, Params, day};
use actix_web::web::Json;
use chrono::NaiveDate;
use entity::id::{EventId, PastSyncId};
use serde::Deserialize;
use service::cursor::PageQuery;
use service::event::{self, EventCounts, EventDetail, EventFilter, Preview};
use service::retry::{self, Retried, RetriedEvent, RetryFailed};
use utoipa::IntoParams;

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventQuery {
    /// Only those that stand so, with commas between: `never_synced`, `not_synced`, `processing`, `synced`, `failed`, `skipped`.
    #[param(value_type = Option<Vec<String>>, style = Form, explode = false, example = json!(["failed", "not_synced"]))]
    status: Option<String>,
    /// Only these types of transactions, with commas between.
    #[param(value_type = Option<Vec<String>>, style = Form, explode = false, example = json!(["ticket"]))]
    r#type: Option<String>,
    /// The first business date of a window; it belongs to it.
    #[param(example = "2026-11-01")]
    #[serde(default, deserialize_with = "day")]
    from_date: Option<NaiveDate>,
    /// The last business date of a window; it belongs to it.
    #[param(example = "2026-11-30")]
    #[serde(default, deserialize_with = "day")]
    to_date: Option<NaiveDate>,
    /// Only those of this location, exactly as events name it.
    #[param(example = "boston")]
    location: Option<String>,
    /// Only those with these problems, by code, with commas between.
    #[param(value_type = Option<Vec<String>>, style = Form, explode = false, example = json!(["missing_mappings"]))]
    problem: Option<String>,
    /// Only the one with this number.
    #[param(example = "100001")]
    number: Option<String>,
    /// Only those whose `external_id` or `number` begins so; 10,000 events at the most may.
    #[param(example = "tkt_10")]
    text: Option<String>,
    /// Only those that this past sync queued.
    #[param(value_type = Option<PastSyncId>)]
    past_sync_id: Option<String>,
    /// `next_cursor` of the page before; left out: the first page.
    cursor: Option<String>,
    /// Rows in the page, 1 to 200; left out: 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u64>,
}

impl EventQuery {
    fn filter(&self) -> EventFilter {
        EventFilter {
            status: self.status.clone(),
            kind: self.r#type.clone(),
            from_date: self.from_date,
            to_date: self.to_date,
            location: self.location.clone(),
            problem: self.problem.clone(),
            number: self.number.clone(),
            text: self.text.clone(),
            past_sync_id: self.past_sync_id.clone(),
        }
    }
}

/// List events
///
/// Newest first: by business date, then by when they occurred; a page at a time. Any filters may stand together, and a
/// cursor may be used with other filters than those it came from. `status`, `type`, `location` and the window of business
/// dates are narrowed by an index in any combination, as are `number`, `past_sync_id` with `status` and the window, and
/// `problem` with the window; what else stands beside `number`, `text`, `past_sync_id` or `problem` is looked at event by
/// event. `text` is what `external_id` or `number` begins with, letter by letter; memos are not searched.
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
