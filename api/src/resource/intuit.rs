//! What Intuit opens or calls: the pages after a disconnection and for a reconnection, and its notifications.

use super::Product;
use super::page::Page;
use crate::body::Raw;
use crate::load;
use crate::problem::Problem;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use service::hint::{self, Taken};

/// After a disconnection in QuickBooks
///
/// The page where Intuit leads a person who has disconnected the app there (the app's Disconnect URL). Who it was, nobody can
/// prove here: what became of the grant is asked of Intuit when it is used next.
#[utoipa::path(
    get, path = "/v1/intuit/disconnected", tag = "Connection",
    responses((status = 200, description = "The page", body = String, content_type = "text/html"))
)]
pub(crate) async fn show_disconnected(product: Product) -> HttpResponse {
    let vendor = &product.settings().vendor_name;
    Page {
        title: "QuickBooks is disconnected",
        words: &[
            format!("{vendor} cannot see or change your QuickBooks company any more. What was posted before stays in your books."),
            "Sales go on being recorded, and wait: nothing is lost. When the company is connected again, they are posted.".to_owned(),
            format!("To connect again, open QuickBooks in {vendor}, or ask for a new link."),
        ],
        link: None,
        foot: vendor,
    }
    .answer(StatusCode::OK)
}

/// How to connect again
///
/// The page where Intuit leads a person who wants to connect the app again (the app's Connect or Reconnect URL).
#[utoipa::path(
    get, path = "/v1/intuit/reconnect", tag = "Connection",
    responses((status = 200, description = "The page", body = String, content_type = "text/html"))
)]
pub(crate) async fn show_reconnect(product: Product) -> HttpResponse {
    let vendor = &product.settings().vendor_name;
    Page {
        title: &format!("Connect QuickBooks to {vendor}"),
        words: &[
            format!("A connection begins in {vendor}: open its QuickBooks settings and choose to connect, or open the link that you were sent."),
            "Choose the same company as before, so that your mapping and your history fit it.".to_owned(),
        ],
        link: None,
        foot: vendor,
    }
    .answer(StatusCode::OK)
}

/// Take Intuit's notifications
///
/// Called by Intuit, in either of its two forms (`eventNotifications`, or a list of CloudEvents), with `intuit-signature`: the
/// base 64 of the HMAC-SHA256 of the body under the app's verifier token. They are hints: what they name is looked at sooner, and
/// nothing is believed of them. One that comes twice changes nothing.
#[utoipa::path(
    post, path = "/v1/intuit/notifications", tag = "Connection",
    params(("intuit-signature" = String, Header, description = "Base 64 of the HMAC-SHA256 of the body as it comes")),
    responses(
        (status = 200, description = "Taken"),
        (status = 400, description = "Signed, and in neither form"),
        (status = 401, description = "Not signed by Intuit"),
        (status = 404, description = "No verifier token is configured here"),
        (status = 408, description = "The body came too slowly"),
        (status = 413, description = "The body is too large"),
        (status = 415, description = "The body is compressed")
    )
)]
pub(crate) async fn receive_notifications(
    product: Product,
    request: HttpRequest,
    body: Raw,
) -> Result<HttpResponse, Problem> {
    let _place = load::enter_now("receive_notifications", &request).await?;
    let signature = request.headers().get("intuit-signature");
    let signature = signature.and_then(|value| value.to_str().ok());
    match hint::take(&product, &body.0, signature.unwrap_or_default()).await? {
        Taken::Hints(companies) => {
            tracing::info!(
                "took Intuit's notifications: {companies} companies are looked at sooner"
            );
            Ok(HttpResponse::Ok().finish())
        }
        Taken::NotConfigured => Err(Problem::not_found()),
        Taken::NotSigned => Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "invalid_signature",
            "the header intuit-signature is missing or does not sign this body; check the verifier token on both sides",
        )),
        Taken::Unreadable => Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "unreadable_notification",
            "the body is neither a list of CloudEvents nor an object with eventNotifications",
        )),
    }
}
