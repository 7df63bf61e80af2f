//! The audit log.

use super::{Answer, Product};
use crate::authorised::InTenant;
use crate::page::AuditRecordPage;
use crate::parameter::Params;
use actix_web::web::Json;
use service::audit;
use service::cursor::PageQuery;

/// List the audit log
///
/// Who did what and when, newest first, a page at a time. Records are never changed.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/audit-log", tag = "Audit log",
    params(PageQuery),
    responses((status = 200, description = "A page of records", body = AuditRecordPage))
)]
pub(crate) async fn list_audit_records(
    product: Product,
    at: InTenant,
    Params(query): Params<PageQuery>,
) -> Answer<AuditRecordPage> {
    Ok(Json(audit::list(&product, at.tenant, &query).await?.into()))
}
