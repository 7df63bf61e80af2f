//! The handlers, one file a resource. Each reads its request, calls one use-case of `service`, and writes the answer.

pub(crate) mod account;
pub(crate) mod account_creation;
pub(crate) mod alert;
pub(crate) mod api_key;
pub(crate) mod audit;
pub(crate) mod connection;
pub(crate) mod event;
pub(crate) mod event_export;
pub(crate) mod event_query;
pub(crate) mod explorer;
pub(crate) mod flow;
pub(crate) mod health;
pub(crate) mod ingest;
pub(crate) mod intuit;
pub(crate) mod known_key;
pub(crate) mod link;
pub(crate) mod location;
pub(crate) mod mapping;
pub(crate) mod member;
pub(crate) mod ndjson;
pub(crate) mod oauth;
pub(crate) mod page;
pub(crate) mod past_sync;
pub(crate) mod problem_code;
pub(crate) mod problems;
pub(crate) mod readiness;
pub(crate) mod reconciliation;
pub(crate) mod settings;
pub(crate) mod suggestion;
pub(crate) mod sync;
pub(crate) mod tenant;
pub(crate) mod webhook_delivery;
pub(crate) mod webhook_endpoint;

use crate::parameter::IfNoneMatch;
use crate::problem::Problem;
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::{Json, ThinData};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse};
use serde::Serialize;
use service::Service;
use std::future::{Ready, ready};
use std::ops::Deref;

/// The product's use-cases: those of the server, or, where the request has an Idempotency-Key, those of its one transaction.
pub(crate) struct Product(pub(crate) Service);

impl Deref for Product {
    type Target = Service;

    fn deref(&self) -> &Service {
        &self.0
    }
}

impl FromRequest for Product {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let own = request.extensions().get::<InOne>().map(|one| one.0.clone());
        let product = own.or_else(|| Some(request.app_data::<ThinData<Service>>()?.0.clone()));
        ready(product.map(Self).ok_or_else(Problem::internal))
    }
}

/// The use-cases of a request that is one transaction.
pub(crate) struct InOne(pub(crate) Service);

/// What a handler answers with: JSON, or a problem.
pub(crate) type Answer<T> = Result<Json<T>, Problem>;

/// An answer with its version as its ETag; nothing where the caller has that version.
fn versioned(has: &IfNoneMatch, version: &str, body: &impl Serialize) -> HttpResponse {
    let mut response = if has.has(version) {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    response.insert_header((header::ETAG, format!("\"{version}\"")));
    if has.has(version) {
        response.finish()
    } else {
        response.json(body)
    }
}

/// 201: it was made, and is found at `location` where it can be read again.
fn created(location: Option<String>, body: &impl Serialize) -> HttpResponse {
    let mut response = HttpResponse::Created();
    if let Some(location) = location {
        response.insert_header((header::LOCATION, location));
    }
    response.json(body)
}
