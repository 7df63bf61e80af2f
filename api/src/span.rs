//! One span a request: its id, method, route, status, and whose it is. Never its query, body or credential.

use crate::request_name::RequestName;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::{Error, HttpMessage};
use tracing::Span;
use tracing::field::Empty;
use tracing_actix_web::RootSpanBuilder;

/// Makes the spans of requests.
pub(crate) struct Spans;

impl RootSpanBuilder for Spans {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let span = tracing::info_span!(
            "request",
            request.id = Empty,
            http.method = %request.method(),
            http.route = Empty,
            http.status = Empty,
            tenant.id = Empty,
            key.id = Empty,
        );
        if let Some(name) = RequestName::of(request) {
            span.record("request.id", name.as_str());
            request.extensions_mut().insert(name);
        }
        span
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        match outcome {
            Ok(response) => {
                let (request, status) = (response.request(), response.status().as_u16());
                // The pattern, since the path itself may hold the secret of a link.
                let route = request.match_pattern().unwrap_or_else(|| "none".to_owned());
                span.record("http.route", &route);
                span.record("http.status", status);
                tracing::info!("answered {status} to {} {route}", request.method());
            }
            Err(error) => tracing::warn!("a request ended without an answer: {error}"),
        }
    }
}
