//! Past syncs.

use super::{Answer, Product, created};
use crate::accept::Accept;
use crate::authorised::InTenant;
use crate::body::Body;
use crate::page::PastSyncPage;
use crate::parameter::{Id, Params};
use crate::problem::Problem;
use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Json;
use entity::id::PastSyncId;
use service::cursor::PageQuery;
use service::past_sync::{self, CreatePastSync, DryRun, DryRunPastSync, Effect, PastSync};

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

/// Try a past sync
///
/// Tells what a past sync over the window would do, without doing it: how many events would post, what cannot be posted and
/// why, what lies in the closed period, which numbers are taken in QuickBooks, and the effect on each account. Of events
/// nothing is written; QuickBooks is only asked for the closing date, for what changed among accounts, Locations and Classes since
/// they were read, and which numbers it holds, and for none of it where `read_closing_date`, `read_lists` and `check_numbers` are
/// false. With `Accept: text/csv` the effect is answered as a file: a row for each account at each location
/// and class, then the totals.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant_id}/past-syncs/dry-run", tag = "Past syncs",
    request_body = DryRunPastSync,
    responses(
        (status = 200, description = "What it would do", content(
            (DryRun = "application/json"),
            (String = "text/csv")
        )),
        (status = 409, description = "No company is connected")
    )
)]
pub(crate) async fn dry_run_past_sync(
    product: Product,
    at: InTenant,
    accept: Accept,
    Body(request): Body<DryRunPastSync>,
) -> Result<HttpResponse, Problem> {
    let file = format!("dry-run-{}-{}.csv", request.from_date, request.to_date);
    let dry_run = past_sync::dry_run(&product, at.tenant, request).await?;
    Ok(match accept {
        Accept::Json => HttpResponse::Ok().json(dry_run),
        Accept::Csv => csv(&file, dry_run.effect.csv()?),
    })
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

/// Read the effect of a past sync
///
/// What it has posted so far, summed for each account from the very bytes that were sent: once it is finished, the same as
/// its dry run told, where nothing changed between. With `Accept: text/csv` it is a file: a row for each account at
/// each location and class, then the totals.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/past-syncs/{past_sync_id}/effect", tag = "Past syncs",
    params(("past_sync_id" = PastSyncId, Path, description = "The past sync")),
    responses((status = 200, description = "The effect", content(
        (Effect = "application/json"),
        (String = "text/csv")
    )))
)]
pub(crate) async fn read_past_sync_effect(
    product: Product,
    at: InTenant,
    accept: Accept,
    Id(id): Id<PastSyncId>,
) -> Result<HttpResponse, Problem> {
    let effect = past_sync::effect(&product, at.tenant, id).await?;
    Ok(match accept {
        Accept::Json => HttpResponse::Ok().json(effect),
        Accept::Csv => csv(&format!("{id}.csv"), effect.csv()?),
    })
}

/// Cancel a past sync
///
/// What it has not sent yet goes back to never synced; what is sent or in doubt is finished and counted. Cancelling one that
/// is finished or cancelled changes nothing.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant_id}/past-syncs/{past_sync_id}/cancel", tag = "Past syncs",
    params(("past_sync_id" = PastSyncId, Path, description = "The past sync")),
    responses((status = 200, description = "The past sync, cancelled", body = PastSync))
)]
pub(crate) async fn cancel_past_sync(
    product: Product,
    at: InTenant,
    Id(id): Id<PastSyncId>,
) -> Answer<PastSync> {
    Ok(Json(
        past_sync::cancel(&product, &at.caller, at.tenant, id).await?,
    ))
}

pub(super) fn csv(file: &str, body: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{file}\""),
        ))
        .body(body)
}
