//! Past syncs.

use super::{Answer, Product, created};
use crate::authorised::InTenant;
use crate::body::Body;
use crate::page::PastSyncPage;
use crate::parameter::{Id, Params};
use crate::problem::Problem;
use actix_web::HttpResponse;
use actix_web::web::Json;
use entity::id::PastSyncId;
use service::cursor::PageQuery;
use service::past_sync::{self, CreatePastSync, PastSync};

/// Sync past events
///
/// Queues the never-synced events whose business date lies in the window, both ends included, behind the live ones. Windows
/// may overlap and be repeated: an event is queued once.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant_id}/past-syncs", tag = "Past syncs",
    request_body = CreatePastSync,
    responses(
        (status = 201, description = "The past sync", body = PastSync,
            headers(("Location" = String, description = "Where the past sync is read"))),
        (status = 409, description = "No company is connected, or the sync is stopped")
    )
)]
pub(crate) async fn create_past_sync(
    product: Product,
    at: InTenant,
    Body(request): Body<CreatePastSync>,
) -> Result<HttpResponse, Problem> {
    let past_sync = past_sync::create(&product, &at.caller, at.tenant, request).await?;
    let location = format!("/v1/tenants/{}/past-syncs/{}", at.tenant, past_sync.id);
    Ok(created(Some(location), &past_sync))
}

/// List the past syncs
///
/// Newest first, a page at a time, with how far each is.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/past-syncs", tag = "Past syncs",
    params(PageQuery),
    responses((status = 200, description = "A page of past syncs", body = PastSyncPage))
)]
pub(crate) async fn list_past_syncs(
    product: Product,
    at: InTenant,
    Params(query): Params<PageQuery>,
) -> Answer<PastSyncPage> {
    Ok(Json(
        past_sync::list(&product, at.tenant, &query).await?.into(),
    ))
}

/// Read a past sync
///
/// How many events it queued, and where they stand.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/past-syncs/{past_sync_id}", tag = "Past syncs",
    params(("past_sync_id" = PastSyncId, Path, description = "The past sync")),
    responses((status = 200, description = "The past sync", body = PastSync))
)]
pub(crate) async fn read_past_sync(
    product: Product,
    at: InTenant,
    Id(id): Id<PastSyncId>,
) -> Answer<PastSync> {
    Ok(Json(past_sync::read(&product, at.tenant, id).await?))
}
