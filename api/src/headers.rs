//! What every answer carries, whatever it answers.

use crate::cors::Cors;
use crate::problem::Problem;
use crate::request_name::{RequestName, X_REQUEST_ID};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::ThinData;
use actix_web::{Error, ResponseError};
use service::Service;

/// Set where the handler did not set another.
const ALWAYS: [(HeaderName, HeaderValue); 5] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    ),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
    // No page of another site may load what is answered here; its scripts may read it only where CORS says so.
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// Set where the outside reaches us over https: for two years, browsers come no other way.
const OVER_HTTPS: HeaderValue = HeaderValue::from_static("max-age=63072000; includeSubDomains");

/// Adds the headers every answer carries.
pub(crate) async fn finish<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let name = RequestName::settled(request.request());
    let is_https = request
        .app_data::<ThinData<Service>>()
        .is_some_and(|service| service.settings().public_url.scheme() == "https");
    let cors = Cors::of(&request);
    let mut response = match cors.beforehand(&request) {
        Some(answer) => request.into_response(answer),
        None => next.call(request).await?.map_into_boxed_body(),
    };
    if is_of_the_compressor(&response) {
        let problem = Problem::coding_not_acceptable().error_response();
        response = ServiceResponse::new(response.request().clone(), problem);
    }
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        if !headers.contains_key(&name) {
            headers.insert(name, value);
        }
    }
    cors.tell(headers);
    if is_https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, OVER_HTTPS);
    }
    if let Some(name) = name {
        headers.insert(X_REQUEST_ID, name.0);
    }
    Ok(response)
}

// What the compressor cannot answer it refuses by itself, in words of its own.
fn is_of_the_compressor(response: &ServiceResponse<BoxBody>) -> bool {
    let is_problem = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind == crate::problem::MEDIA_TYPE);
    response.status() == StatusCode::NOT_ACCEPTABLE && !is_problem
}
