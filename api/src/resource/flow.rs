//! The browser's way through Intuit: the link that begins it, the callback that ends it, and a page that says how it ended.

use super::Product;
use super::page::Page;
use crate::parameter::Params;
use crate::problem::Problem;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::{StatusCode, header};
use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use service::Service;
use service::connection::{self, Callback};
use service::error::Error;
use utoipa::IntoParams;

/// Open a connect link
///
/// Opened by a person's browser: binds the flow to this browser and leads to Intuit, where they consent. Good once, within
/// ten minutes.
#[utoipa::path(
    get, path = "/v1/connect/{start}", tag = "Connection",
    params(("start" = String, Path, description = "The secret of the link, out of `authorization_url`")),
    responses(
        (status = 302, description = "To Intuit; or, for a browser whose link does not hold, to a page that says so",
            headers(("Location" = String, description = "Where the browser goes"))),
        (status = 404, description = "The link is unknown, was opened before, or is too old; a browser is led to a page instead"),
        (status = 502, description = "Intuit does not answer; a browser is led to a page instead")
    )
)]
pub(crate) async fn open_connect_link(
    product: Product,
    request: HttpRequest,
    start: Path<String>,
) -> Result<HttpResponse, Problem> {
    led(
        &product,
        &request,
        connection::begin(&product, &start).await,
    )
}

/// What a person is told that their consent allows.
pub(super) const CURRENT_CONSENT: &str = "It may then read your chart of accounts, locations and classes, and read and write \
    journal entries. It sees no bank details and no payroll.";

/// Leads the browser to Intuit, bound to the flow; or says why not.
pub(super) fn led(
    service: &Service,
    request: &HttpRequest,
    begun: Result<(impl AsRef<str>, SecretString), Error>,
) -> Result<HttpResponse, Problem> {
    match begun {
        Ok((intuit, browser)) => Ok(HttpResponse::Found()
            .insert_header((header::LOCATION, intuit.as_ref()))
            .cookie(binding(service, browser.expose_secret().to_owned()))
            .finish()),
        Err(error) => not_begun(service, request, error),
    }
}

/// What Intuit sends with the browser.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CallbackQuery {
    /// The state that was given to Intuit.
    state: String,
    /// The authorization code, unless the person refused.
    #[param(value_type = Option<String>)]
    code: Option<Secret>,
    /// The company consented to: Intuit's realm ID.
    #[serde(rename = "realmId")]
    #[param(rename = "realmId")]
    realm_id: Option<String>,
    /// Why there is no code.
    error: Option<String>,
}

/// A text that does not print.
#[derive(Deserialize)]
#[serde(from = "String")]
struct Secret(SecretString);

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

/// Come back from Intuit
///
/// Opened by the browser that began the flow: exchanges the code, once, and leads to the request's `return_url` with
/// `outcome` in its query (`connected`, `denied`, `company_mismatch`, `company_taken`,
/// `currency_unsupported`, `link_spent` or `failed`), or to a plain page.
#[utoipa::path(
    get, path = "/v1/oauth/callback", tag = "Connection",
    params(CallbackQuery),
    responses(
        (status = 302, description = "To `return_url`, or to a page that says how it ended",
            headers(("Location" = String, description = "Where the browser goes"))),
        (status = 404, description = "The state is unknown, used, too old, or was begun in another browser; a browser is led to a page instead")
    )
)]
pub(crate) async fn finish_authorization(
    product: Product,
    request: HttpRequest,
    Params(query): Params<CallbackQuery>,
) -> Result<HttpResponse, Problem> {
    let callback = Callback {
        state: query.state,
        code: query.code.map(|code| code.0),
        realm_id: query.realm_id,
        error: query.error,
    };
    let browser = request.cookie(cookie_name(&product));
    let ended = connection::finish(&product, callback, browser.as_ref().map(Cookie::value)).await;
    let mut response = match ended {
        Ok(ended) => {
            tracing::info!(
                tenant.id = %ended.tenant,
                "an authorization ended: {}",
                ended.outcome.as_str()
            );
            match ended.return_url {
                Some(url) => to(url.as_str()),
                None => to(&page_of(&product, ended.outcome.as_str())),
            }
        }
        Err(error) => not_begun(&product, &request, error)?,
    };
    let mut spent = binding(&product, String::new());
    spent.make_removal();
    // A cookie that cannot be written out stays until it is too old, and binds nothing any more.
    response.add_cookie(&spent).ok();
    Ok(response)
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OutcomeQuery {
    /// How the flow ended.
    #[param(example = "connected")]
    outcome: String,
}

/// How connecting ended
///
/// A plain page for a person, where the request named no `return_url`.
#[utoipa::path(
    get, path = "/v1/connected", tag = "Connection",
    params(OutcomeQuery),
    responses((status = 200, description = "The page", body = String, content_type = "text/html"))
)]
pub(crate) async fn show_outcome(
    product: Product,
    Params(query): Params<OutcomeQuery>,
) -> Result<HttpResponse, Problem> {
    let Some((_, title, words)) = PAGES
        .iter()
        .find(|(outcome, _, _)| *outcome == query.outcome)
    else {
        let outcomes: Vec<_> = outcomes().collect();
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid_parameter",
            format!("the parameter `outcome` is one of {}", outcomes.join(", ")),
        ));
    };
    Ok(Page {
        title,
        words: &[(*words).to_owned()],
        link: None,
        foot: &product.settings().vendor_name,
    }
    .answer(StatusCode::OK))
}

/// Outcome, heading and words of each page.
const PAGES: &[(&str, &str, &str)] = &[
    (
        "connected",
        "QuickBooks is connected",
        "Your company is connected, and its chart of accounts is being read. You can close this page.",
    ),
    (
        "denied",
        "QuickBooks was not connected",
        "You did not give consent at Intuit, so nothing was changed. To connect, ask for a new link and open it.",
    ),
    (
        "company_mismatch",
        "That is another company",
        "You chose another QuickBooks company than the one that is connected, so nothing was changed. Ask for a new link \
         and choose the same company, or ask for a link that allows another one.",
    ),
    (
        "company_taken",
        "That company is connected elsewhere",
        "Another account already posts to the books of this QuickBooks company, so nothing was changed. Disconnect it \
         there first, then ask for a new link.",
    ),
    (
        "currency_unsupported",
        "QuickBooks was not connected",
        "That company keeps its books in a currency that is not known here, so nothing was changed.",
    ),
    (
        "link_spent",
        "This link was used meanwhile",
        "Somebody else has connected a company with this link, or it was ended, so nothing was changed. Ask for a new link and open it.",
    ),
    (
        "failed",
        "QuickBooks was not connected",
        "Intuit or QuickBooks did not answer as it should, so nothing was changed. Ask for a new link in a moment and open it.",
    ),
    (
        "expired",
        "This link does not work any more",
        "A link works once and for a time, and only in the browser that opened it. Ask for a new link and open it.",
    ),
];

/// How a flow can end, as the page's address says it.
pub(crate) fn outcomes() -> impl Iterator<Item = &'static str> {
    PAGES.iter().map(|(outcome, _, _)| *outcome)
}

fn to(address: &str) -> HttpResponse {
    HttpResponse::Found()
        .insert_header((header::LOCATION, address))
        .finish()
}

fn page_of(service: &Service, outcome: &str) -> String {
    service
        .settings()
        .public_url
        .join(&format!("v1/connected?outcome={outcome}"))
        .map_or_else(|_| format!("/v1/connected?outcome={outcome}"), String::from)
}

// A person sees a page, a program a problem.
pub(super) fn not_begun(
    service: &Service,
    request: &HttpRequest,
    error: Error,
) -> Result<HttpResponse, Problem> {
    let outcome = if matches!(error, Error::NotFound) {
        "expired"
    } else {
        "failed"
    };
    // Made first, since this is where an error of ours is logged.
    let problem = Problem::from(error);
    if a_person_looks(request) {
        Ok(to(&page_of(service, outcome)))
    } else {
        Err(problem)
    }
}

/// Whether a browser asks, for a person.
pub(crate) fn a_person_looks(request: &HttpRequest) -> bool {
    request
        .headers()
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accepted| accepted.contains("text/html"))
}

fn is_https(service: &Service) -> bool {
    service.settings().public_url.scheme() == "https"
}

// The prefix makes browsers refuse the cookie unless it is secure, for this host only, and for every path.
fn cookie_name(service: &Service) -> &'static str {
    if is_https(service) {
        "__Host-tillpost_flow"
    } else {
        "tillpost_flow"
    }
}

/// Binds the flow to the browser that began it, for as long as the flow may take.
fn binding(service: &Service, secret: String) -> Cookie<'static> {
    Cookie::build(cookie_name(service), secret)
        .path("/")
        .http_only(true)
        .secure(is_https(service))
        .same_site(SameSite::Lax)
        .max_age(Duration::minutes(10))
        .finish()
}
