//! The connection to QuickBooks.

use super::{Answer, Product, created};
use crate::authorised::InTenant;
use crate::body::BodyOrNone;
use crate::problem::Problem;
use actix_web::HttpResponse;
use actix_web::web::Json;
use serde::Deserialize;
use service::connection::{self, AuthorizationRequest, Connection, CreateAuthorizationRequest};

/// Read the connection
///
/// Where the tenant's connection to its QuickBooks company stands, and until when its grant holds.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/connection", tag = "Connection",
    responses((status = 200, description = "The connection", body = Connection))
)]
pub(crate) async fn read_connection(product: Product, at: InTenant) -> Answer<Connection> {
    Ok(Json(connection::read(&product, at.tenant).await?))
}

/// Disconnect QuickBooks
///
/// Revokes the grant at Intuit and destroys it here. Events and mappings stay, and wait for the company to be connected
/// again.
#[utoipa::path(
    delete, path = "/v1/tenants/{tenant_id}/connection", tag = "Connection",
    responses(
        (status = 200, description = "The connection, ended", body = Connection),
        (status = 409, description = "No company is connected")
    )
)]
pub(crate) async fn disconnect(product: Product, at: InTenant) -> Answer<Connection> {
    Ok(Json(
        connection::disconnect(&product, &at.caller, at.tenant).await?,
    ))
}

/// Connect QuickBooks
///
/// Gives a link that a person opens in a browser, once, within ten minutes: it leads to Intuit, where they consent, and
/// back. The same way connects a company again whose grant has ended. The body may be left out.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant_id}/connection/authorization-requests", tag = "Connection",
    request_body = Option<CreateAuthorizationRequest>,
    responses((status = 201, description = "The link", body = AuthorizationRequest))
)]
pub(crate) async fn create_authorization_request(
    product: Product,
    at: InTenant,
    BodyOrNone(request): BodyOrNone<Asked>,
) -> Result<HttpResponse, Problem> {
    let request = connection::request(&product, &at.caller, at.tenant, request.0).await?;
    Ok(created(None, &request))
}

/// The request as `service` reads it; a body left out asks for a plain page and the present company.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct Asked(CreateAuthorizationRequest);

impl Default for Asked {
    fn default() -> Self {
        Self(CreateAuthorizationRequest {
            return_url: None,
            allow_company_change: false,
        })
    }
}
