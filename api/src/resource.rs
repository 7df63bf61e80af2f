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
pub(crate) mod known_key;
pub(crate) mod location;
pub(crate) mod mapping;
pub(crate) mod ndjson;
pub(crate) mod past_sync;
pub(crate) mod problem_code;
pub(crate) mod readiness;
pub(crate) mod reconciliation;
pub(crate) mod settings;
pub(crate) mod suggestion;
pub(crate) mod sync;
pub(crate) mod tenant;
pub(crate) mod webhook_delivery;
pub(crate) mod webhook_endpoint;

use crate::problem::Problem;
use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{Json, ThinData};
use serde::Serialize;
use service::Service;

/// The product's use-cases.
pub(crate) type Product = ThinData<Service>;

/// What a handler answers with: JSON, or a problem.
pub(crate) type Answer<T> = Result<Json<T>, Problem>;

/// 201: it was made, and is found at `location` where it can be read again.
fn created(location: Option<String>, body: &impl Serialize) -> HttpResponse {
    let mut response = HttpResponse::Created();
    if let Some(location) = location {
        response.insert_header((header::LOCATION, location));
    }
    response.json(body)
}
