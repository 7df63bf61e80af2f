//! Whether the mapping serves every event.

use super::{Answer, Product};
use crate::authorised::InTenant;
use actix_web::web::Json;
use service::readiness::{self, Readiness};

/// Read the readiness of the mapping
///
/// What is missing for the events that were taken in and the keys that were declared, with how many events each keeps from
/// the books; which rows are broken; and which are unusual. A slot that nothing asks for is not missing.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/readiness", tag = "Mappings",
    responses(
        (status = 200, description = "How ready the mapping is", body = Readiness),
        (status = 409, description = "No company is connected")
    )
)]
pub(crate) async fn read_mapping_readiness(product: Product, at: InTenant) -> Answer<Readiness> {
    Ok(Json(readiness::read(&product, at.tenant).await?))
}
