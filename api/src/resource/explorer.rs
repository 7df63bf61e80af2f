//! The OpenAPI document, and Swagger UI over it. Everything is served from here: nothing is loaded from elsewhere.

use crate::document;
use crate::parameter::IfNoneMatch;
use crate::problem::Problem;
use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Path;
use std::sync::{Arc, LazyLock};
use utoipa_swagger_ui::Config;

static DOCUMENT: LazyLock<String> = LazyLock::new(document::document);
static VERSION: LazyLock<String> = LazyLock::new(|| service::version::tag(&*DOCUMENT));
static CONFIG: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| {
    Arc::new(
        Config::from("../openapi.json")
            .try_it_out_enabled(true)
            .display_request_duration(true)
            // Otherwise the page asks a server of Swagger's.
            .validator_url("none"),
    )
});

/// The styles are Swagger UI's own, some of them inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The OpenAPI document
///
/// This document: every operation with its schemas, answers and examples.
#[utoipa::path(
    get, path = "/openapi.json", tag = "Service",
    params(("If-None-Match" = Option<String>, Header, description = "An ETag that the caller has: 304 where it is still the one")),
    responses(
        (status = 200, description = "The document", body = Object, content_type = "application/json", headers(("ETag" = String, description = "The version"))),
        (status = 304, description = "It is as the caller has it")
    )
)]
pub(crate) async fn read_openapi(has: IfNoneMatch) -> HttpResponse {
    let etag = (header::ETAG, format!("\"{}\"", *VERSION));
    if has.has(&VERSION) {
        return HttpResponse::NotModified().insert_header(etag).finish();
    }
    HttpResponse::Ok()
        .content_type("application/json")
        .insert_header(etag)
        .body(DOCUMENT.as_str())
}

/// The API explorer
///
/// A page to read this document on and to try its operations. It works offline.
#[utoipa::path(
    get, path = "/explorer/", tag = "Service",
    responses((status = 200, description = "The page", body = String, content_type = "text/html"))
)]
pub(crate) async fn open_explorer() -> Result<HttpResponse, Problem> {
    file("index.html")
}

/// A part of the explorer's page.
pub(crate) async fn explorer_file(name: Path<String>) -> Result<HttpResponse, Problem> {
    file(&name)
}

/// Leads to the page.
pub(crate) async fn to_explorer() -> HttpResponse {
    HttpResponse::PermanentRedirect()
        .insert_header((header::LOCATION, "explorer/"))
        .finish()
}

fn file(name: &str) -> Result<HttpResponse, Problem> {
    let file = utoipa_swagger_ui::serve(name, CONFIG.clone())
        .map_err(|error| {
            tracing::error!("the explorer's {name} cannot be served: {error}");
            Problem::internal()
        })?
        .ok_or_else(Problem::unknown_route)?;
    let mut response = HttpResponse::Ok();
    if file.gzpipped {
        response.insert_header((header::CONTENT_ENCODING, "gzip"));
    }
    Ok(response
        .content_type(file.content_type)
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .body(file.bytes.into_owned()))
}
