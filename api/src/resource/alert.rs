//! Alerts.

use super::{Answer, Product};
use crate::authorised::InTenant;
use crate::page::AlertPage;
use crate::parameter::{Id, Params};
use actix_web::web::Json;
use entity::id::AlertId;
use serde::Deserialize;
use service::alert::{self, Alert};
use service::cursor::PageQuery;
use utoipa::IntoParams;

/// Which alerts.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AlertQuery {
    /// Only `open` or only `closed` ones.
    #[param(example = "open")]
    state: Option<String>,
    /// `next_cursor` of the page before; left out: the first page.
    cursor: Option<String>,
    /// Rows in the page, 1 to 200; left out: 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u64>,
}

/// List the alerts
///
/// What needs a person, newest first, with the steps that cure it. An alert opens once for its cause and closes by itself
/// when the cause is gone.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/alerts", tag = "Alerts",
    params(AlertQuery),
    responses((status = 200, description = "A page of alerts", body = AlertPage))
)]
pub(crate) async fn list_alerts(
    product: Product,
    at: InTenant,
    Params(query): Params<AlertQuery>,
) -> Answer<AlertPage> {
    let page = PageQuery {
        cursor: query.cursor,
        limit: query.limit,
    };
    let page = alert::list(&product, at.tenant, query.state.as_deref(), &page).await?;
    Ok(Json(page.into()))
}

/// Acknowledge an alert
///
/// Says that somebody knows of it. It stays open until its cause is gone, and something new of the same cause takes the
/// acknowledgement back. Acknowledging again, or a closed alert, changes nothing.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant_id}/alerts/{alert_id}/acknowledge", tag = "Alerts",
    params(("alert_id" = AlertId, Path, description = "The alert")),
    responses((status = 200, description = "The alert", body = Alert))
)]
pub(crate) async fn acknowledge_alert(
    product: Product,
    at: InTenant,
    Id(id): Id<AlertId>,
) -> Answer<Alert> {
    Ok(Json(
        alert::acknowledge(&product, &at.caller, at.tenant, id).await?,
    ))
}

/// Read an alert
///
/// What happened, how often, and what to do.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/alerts/{alert_id}", tag = "Alerts",
    params(("alert_id" = AlertId, Path, description = "The alert")),
    responses((status = 200, description = "The alert", body = Alert))
)]
pub(crate) async fn read_alert(
    product: Product,
    at: InTenant,
    Id(id): Id<AlertId>,
) -> Answer<Alert> {
    Ok(Json(alert::read(&product, at.tenant, id).await?))
}
