//! Whether the service lives, and whether it can meet requests.

use super::Product;
use crate::problem::Problem;
use crate::server::Ready;
use actix_web::web::{Data, Json};
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

/// It is well.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always `ok`: what is not well is a problem.
    #[schema(example = "ok")]
    pub(crate) status: &'static str,
}

const WELL: Health = Health { status: "ok" };
const PATIENCE: Duration = Duration::from_secs(3);

/// Whether the process lives
///
/// Answers as long as the process serves; asks nothing else. For what restarts it.
#[utoipa::path(
    get, path = "/healthz", tag = "Service",
    responses((status = 200, description = "It lives", body = Health))
)]
pub(crate) async fn read_health() -> Json<Health> {
    Json(WELL)
}

/// Whether requests can be met
///
/// Asks the database and whatever else the service stands on. For what sends traffic to it.
#[utoipa::path(
    get, path = "/readyz", tag = "Service",
    responses((status = 200, description = "They can", body = Health))
)]
pub(crate) async fn read_readiness(
    product: Product,
    ready: Data<dyn Ready>,
) -> Result<Json<Health>, Problem> {
    match tokio::time::timeout(PATIENCE, product.store().ping()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::warn!("not ready: the database does not answer: {error}");
            return Err(Problem::unavailable("the database does not answer"));
        }
        Err(_) => {
            tracing::warn!("not ready: the database did not answer in time");
            return Err(Problem::unavailable("the database does not answer in time"));
        }
    }
    match tokio::time::timeout(PATIENCE, ready.ready()).await {
        Ok(Ok(())) => Ok(Json(WELL)),
        Ok(Err(words)) => Err(Problem::unavailable(words)),
        Err(_) => Err(Problem::unavailable(
            "a part of the service does not answer in time",
        )),
    }
}
