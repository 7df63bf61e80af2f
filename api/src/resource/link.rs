//! Links that a vendor hands to retailers: made, listed and ended by the vendor, opened by the retailer.

use super::flow::{self, CURRENT_CONSENT};
use super::page::Page;
use super::{Answer, Product, created};
use crate::authorised::InTenant;
use crate::body::BodyOrNone;
use crate::page::ConnectionLinkPage;
use crate::parameter::{Id, Params};
use crate::problem::Problem;
use actix_web::http::StatusCode;
use actix_web::web::{Json, Path};
use actix_web::{HttpRequest, HttpResponse};
use entity::id::ConnectionLinkId;
use service::connection::link::{
    self, ConnectionLink, CreateConnectionLink, NewConnectionLink, Shown,
};
use service::cursor::PageQuery;

/// Create a link to hand out
///
/// Makes a link for a retailer who connects QuickBooks without an account of yours: it shows a page that says what is to be
/// connected and to whom, and leads to Intuit. It connects one company, once, within its time; until then it may be opened
/// again. Its address is in this answer and is never shown again. The body may be left out.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant_id}/connection/links", tag = "Connection",
    request_body = Option<CreateConnectionLink>,
    responses((status = 201, description = "The link with its address", body = NewConnectionLink))
)]
pub(crate) async fn create_connection_link(
    product: Product,
    at: InTenant,
    BodyOrNone(request): BodyOrNone<CreateConnectionLink>,
) -> Result<HttpResponse, Problem> {
    let link = link::create(&product, &at.caller, at.tenant, request).await?;
    Ok(created(None, &link))
}

/// List the links
///
/// Newest first, used and ended ones too, without their addresses.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/connection/links", tag = "Connection",
    params(PageQuery),
    responses((status = 200, description = "A page of links", body = ConnectionLinkPage))
)]
pub(crate) async fn list_connection_links(
    product: Product,
    at: InTenant,
    Params(query): Params<PageQuery>,
) -> Answer<ConnectionLinkPage> {
    Ok(Json(link::list(&product, at.tenant, &query).await?.into()))
}

/// End a link
///
/// It cannot be opened any more, and a flow that was begun with it connects nothing. Ending it again, or one that was used,
/// changes nothing.
#[utoipa::path(
    delete, path = "/v1/tenants/{tenant_id}/connection/links/{connection_link_id}", tag = "Connection",
    params(("connection_link_id" = ConnectionLinkId, Path, description = "The link")),
    responses((status = 200, description = "The link as it is now", body = ConnectionLink))
)]
pub(crate) async fn revoke_connection_link(
    product: Product,
    at: InTenant,
    id: Id<ConnectionLinkId>,
) -> Answer<ConnectionLink> {
    Ok(Json(
        link::revoke(&product, &at.caller, at.tenant, id.0).await?,
    ))
}

/// Open a link that was handed out
///
/// A page for a person: what is to be connected, to whom, what that allows, and where to go on. Looking at it changes nothing.
#[utoipa::path(
    get, path = "/v1/links/{link}", tag = "Connection",
    params(("link" = String, Path, description = "The secret of the link, out of its `url`")),
    responses(
        (status = 200, description = "The page", body = String, content_type = "text/html"),
        (status = 404, description = "The link is unknown, used, ended or too old; a browser is led to a page instead"),
        (status = 302, description = "For a browser whose link does not hold: to a page that says so",
            headers(("Location" = String, description = "Where the browser goes")))
    )
)]
pub(crate) async fn open_connection_link(
    product: Product,
    request: HttpRequest,
    link: Path<String>,
) -> Result<HttpResponse, Problem> {
    match link::show(&product, &link).await {
        Ok(shown) => Ok(page(&shown, &format!("/v1/links/{link}/begin"))),
        Err(error) => flow::not_begun(&product, &request, error),
    }
}

fn page(shown: &Shown, go_on: &str) -> HttpResponse {
    let Shown {
        tenant_name,
        vendor_name,
        company_name,
    } = shown;
    let mut words = vec![
        format!(
            "{vendor_name} asks to connect the QuickBooks Online company of {tenant_name}, so that each sale is posted to your \
             books as a journal entry."
        ),
        CURRENT_CONSENT.to_owned(),
        "You sign in at Intuit, choose your company, and decide there. Nothing is connected before you do, and you can end it at \
         any time, here or in QuickBooks."
            .to_owned(),
    ];
    if let Some(company) = company_name {
        words.push(format!(
            "{company} is connected already: going on renews its connection."
        ));
    }
    Page {
        title: &format!("Connect QuickBooks to {vendor_name}"),
        words: &words,
        link: Some(("Go on to Intuit", go_on)),
        foot: "This link is for you alone. It connects one company, once.",
    }
    .answer(StatusCode::OK)
}

/// Go on to Intuit from a link
///
/// Binds the flow to this browser and leads to Intuit. Who turns back there may open the link again.
#[utoipa::path(
    get, path = "/v1/links/{link}/begin", tag = "Connection",
    params(("link" = String, Path, description = "The secret of the link, out of its `url`")),
    responses(
        (status = 302, description = "To Intuit; or, for a browser whose link does not hold, to a page that says so",
            headers(("Location" = String, description = "Where the browser goes"))),
        (status = 404, description = "The link is unknown, used, ended or too old, or was gone on with too often; a browser is led to a page instead"),
        (status = 502, description = "Intuit does not answer; a browser is led to a page instead")
    )
)]
pub(crate) async fn begin_connection_link(
    product: Product,
    request: HttpRequest,
    link: Path<String>,
) -> Result<HttpResponse, Problem> {
    flow::led(&product, &request, link::begin(&product, &link).await)
}
