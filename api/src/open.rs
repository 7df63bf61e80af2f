//! Routes that anybody may use: counted by where the request comes from, and by the link that is opened, and turned away before
//! those who are served are hurt.

use crate::accept;
use crate::authorised::caught;
use crate::document;
use crate::limited::{self, Standings};
use crate::load;
use crate::origin;
use crate::parameter;
use crate::problem::Problem;
use crate::resource::flow;
use crate::resource::page::Page;
use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::{Next, from_fn};
use actix_web::{Error, FromRequest, Handler, Responder, ResponseError, Route};
use data_encoding::HEXLOWER;
use service::rate_limit::Whose;
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::sync::LazyLock;

/// Answered whatever is asked for beside, as an orchestrator must know.
const ALWAYS: &[&str] = &["read_health", "read_readiness"];

/// Operations that a person's browser is led to, as the document says: mail and Intuit may add parameters to their addresses,
/// so what is not known there is not looked at.
static BY_BROWSERS: LazyLock<HashSet<String>> = LazyLock::new(document::by_browsers);

/// A route that anybody may use.
pub(crate) fn open<F, Args>(route: Route, operation: &'static str, handler: F) -> Route
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let route = route.to(handler).wrap(from_fn(caught));
    if ALWAYS.contains(&operation) {
        return route;
    }
    route.wrap(from_fn(
        move |request: ServiceRequest, next: Next<BoxBody>| guard(operation, request, next),
    ))
}

async fn guard(
    operation: &'static str,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let standings = match limited::count(request.request(), &whose(&request)).await {
        Ok(standings) => standings,
        Err((standings, problem)) => {
            return Ok(refused(operation, request, &standings, problem));
        }
    };
    if let Err(problem) = sound(operation, &request) {
        return Ok(refused(operation, request, &standings, problem));
    }
    let place = match load::enter(operation, request.request()).await {
        Ok(place) => place,
        Err(problem) => return Ok(refused(operation, request, &standings, problem)),
    };
    let mut response = next.call(request).await?;
    standings.tell(response.headers_mut());
    Ok(load::hold(place, response))
}

fn whose(request: &ServiceRequest) -> Vec<Whose> {
    let address = origin::of(request).map(Whose::Address);
    let secret = ["link", "start"]
        .iter()
        .find_map(|name| request.match_info().get(name));
    // The name of a link must not open it.
    let link = secret.map(|secret| Whose::Link(HEXLOWER.encode(&Sha256::digest(secret))));
    address.into_iter().chain(link).collect()
}

fn sound(operation: &str, request: &ServiceRequest) -> Result<(), Problem> {
    accept::check(request, operation)?;
    if BY_BROWSERS.contains(operation) {
        return Ok(());
    }
    parameter::none_in_vain(request.query_string(), operation)
}

// A person sees a page, a program a problem.
fn refused(
    operation: &str,
    request: ServiceRequest,
    standings: &Standings,
    problem: Problem,
) -> ServiceResponse<BoxBody> {
    let told = problem.error_response();
    let mut response = if told.headers().contains_key(header::RETRY_AFTER)
        && BY_BROWSERS.contains(operation)
        && flow::a_person_looks(request.request())
    {
        let mut page = Page {
            title: "Too much at once",
            words: &[
                "More is asked than can be answered well at the moment, and nothing was done. \
                Wait a minute, and open the same address again."
                    .to_owned(),
            ],
            link: None,
            foot: "Your link still works.",
        }
        .answer(told.status());
        if let Some(wait) = told.headers().get(header::RETRY_AFTER) {
            page.headers_mut().insert(header::RETRY_AFTER, wait.clone());
        }
        page
    } else {
        told
    };
    standings.tell(response.headers_mut());
    request.into_response(response)
}
