//! Events as a file for a spreadsheet.

use super::Product;
use super::event_query::EventExportQuery;
use crate::authorised::InTenant;
use crate::parameter::Params;
use crate::pieces;
use crate::problem::Problem;
use actix_web::HttpResponse;
use actix_web::http::header;
use futures::stream::{self, StreamExt};
use service::event;

/// Export events
///
/// All events that pass the filters of the list, in its order, as comma-separated values (RFC 4180) with a header. The file
/// is read and sent a piece at a time, each row as it stood then; when something fails on the way, the connection is broken
/// off, so that what came is known not to be all. Texts that a spreadsheet would take for formulas begin with an apostrophe.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/events/export", tag = "Events",
    params(EventExportQuery),
    responses((status = 200, description = "The file", body = String, content_type = "text/csv"))
)]
pub(crate) async fn export_events(
    product: Product,
    at: InTenant,
    Params(query): Params<EventExportQuery>,
) -> Result<HttpResponse, Problem> {
    let export = event::export(&product, at.tenant, &query.filter()).await?;
    let pieces = stream::try_unfold(export, |mut export| async move {
        Ok(export.next().await?.map(|piece| (piece, export)))
    });
    let pieces = pieces::body(pieces.boxed(), "an export of events").await?;
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8; header=present")
        .insert_header((
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"events.csv\"",
        ))
        .streaming(pieces))
}
