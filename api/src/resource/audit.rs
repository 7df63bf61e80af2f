//! The audit log.

use super::{Answer, Product};
use crate::authorised::InTenant;
use crate::page::AuditRecordPage;
use crate::parameter::Params;
use crate::pieces;
use crate::problem::Problem;
use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Json;
use futures::stream::{self, StreamExt};
use serde::Deserialize;
use service::audit::{self, AuditHead, AuditRecord};
use service::cursor::PageQuery;
use utoipa::IntoParams;

/// List the audit log
///
/// Who did what and when, newest first, a page at a time. Every change that a caller makes is recorded with it, except events
/// taken in, which say themselves who sent them; and every refusal: the first in a minute of each key and operation at once, the
/// others of that minute as one record that counts them. Records are never changed, and each carries the hash of the one
/// before it: see the export. What the platform does beyond one tenant, and what was refused to it, stands in a log of its own,
/// below the id `ten_00000000000000000000000000`, for the platform's own credential.
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

/// From where on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditExportQuery {
    /// The number of the last record you have; left out: from the first.
    #[param(minimum = 0, example = 0)]
    after: Option<u64>,
}

/// Export the audit log
///
/// Every record, the oldest first, one on a line. Each line is in the canonical form of RFC 8785 (JCS), and anyone can check the
/// export with nothing else: a record's `hash` is the SHA-256 of the line's object without `hash`, in that form;
/// `previous_hash` is the `hash` of the line before, and zeros in the first; `sequence` counts from 1 without gaps. That
/// nothing was cut off at the end, the log's head tells, kept from an earlier day. `tillpost audit verify FILE` does all of
/// this. When something fails on the way, the connection is broken off, so that what came is known not to be all.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/audit-log/export", tag = "Audit log",
    params(AuditExportQuery),
    responses((status = 200, description = "The records", body = AuditRecord, content_type = "application/x-ndjson"))
)]
pub(crate) async fn export_audit_log(
    product: Product,
    at: InTenant,
    Params(query): Params<AuditExportQuery>,
) -> Result<HttpResponse, Problem> {
    let export = audit::export(&product, at.tenant, query.after)?;
    let pieces = stream::try_unfold(export, |mut export| async move {
        Ok(export.next().await?.map(|piece| (piece, export)))
    });
    let pieces = pieces::body(pieces.boxed(), "an export of the audit log").await?;
    Ok(HttpResponse::Ok()
        .content_type("application/x-ndjson")
        .insert_header((
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"audit-log.ndjson\"",
        ))
        .streaming(pieces))
}

/// Read the head of the audit log
///
/// The number and the hash of the last record, which stands for all before it. Kept where nobody who could alter the log
/// can reach it, it proves later that no record up to it was changed, and that nothing was cut off.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/audit-log/head", tag = "Audit log",
    responses((status = 200, description = "Where the log ends now", body = AuditHead))
)]
pub(crate) async fn read_audit_head(product: Product, at: InTenant) -> Answer<AuditHead> {
    Ok(Json(audit::head(&product, at.tenant).await?))
}
