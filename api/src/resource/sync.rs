//! The sync.

use super::{Answer, Product};
use crate::authorised::InTenant;
use actix_web::web::Json;
use service::sync::{self, Sync};

/// Read the sync
///
/// Whether events are posted as they come, in words a person reads, with the counts of events by status.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/sync", tag = "Sync",
    responses((status = 200, description = "The sync", body = Sync))
)]
pub(crate) async fn read_sync(product: Product, at: InTenant) -> Answer<Sync> {
    Ok(Json(sync::read(&product, at.tenant).await?))
}

/// Start the sync
///
/// Queued events go out, and events that occur from now on are queued as they come; earlier ones wait for a past sync.
/// Starting it again changes nothing, except that a company which refused us is tried again.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant_id}/sync/start", tag = "Sync",
    responses(
        (status = 200, description = "The sync, running", body = Sync),
        (status = 409, description = "No company is connected")
    )
)]
pub(crate) async fn start_sync(product: Product, at: InTenant) -> Answer<Sync> {
    Ok(Json(sync::start(&product, &at.caller, at.tenant).await?))
}

/// Stop the sync
///
/// Pauses the queue. What is under way is settled, and nothing is lost. Stopping again changes nothing.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant_id}/sync/stop", tag = "Sync",
    responses((status = 200, description = "The sync, stopped", body = Sync))
)]
pub(crate) async fn stop_sync(product: Product, at: InTenant) -> Answer<Sync> {
    Ok(Json(sync::stop(&product, &at.caller, at.tenant).await?))
}
