//! Who may pass. The guard stands at the route, before anything else of the request is read: first the credential (401),
//! then the tenant (404), then the scope (403). A caller learns nothing of another tenant from bodies or parameters.

use crate::accept;
use crate::idempotent;
use crate::limited;
use crate::load;
use crate::origin;
use crate::parameter;
use crate::problem::Problem;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::ThinData;
use actix_web::{Error, FromRequest, Handler, HttpMessage, HttpRequest, Responder, Route};
use entity::id::TenantId;
use futures::FutureExt;
use service::Service;
use service::access::{Caller, Denied};
use service::audit::{self, Reason};
use service::rate_limit::Whose;
use std::future::{Ready, ready};
use std::panic::AssertUnwindSafe;
use std::time::Duration;

/// A route of one operation: nobody reaches the handler whom [`service::access`] does not let do it.
pub(crate) fn guarded<F, Args>(route: Route, operation: &'static str, handler: F) -> Route
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    route.to(handler).wrap(from_fn(
        move |request: ServiceRequest, next: Next<BoxBody>| async move {
            let place = match load::enter(operation, request.request()).await {
                Ok(place) => place,
                Err(problem) => return Ok(request.error_response(problem)),
            };
            let response = guard(operation, request, next).await?;
            Ok(load::hold(place, response))
        },
    ))
}

// First who calls, then whether that one asks too often, then what is asked.
async fn guard(
    operation: &'static str,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let authorised = match authorise(operation, &request).await {
        Ok(authorised) => authorised,
        Err(refused) => return Ok(turn_away(request, refused).await),
    };
    let who = (authorised.caller.actor().to_owned(), authorised.tenant);
    let (standings, refusal) =
        match limited::count(request.request(), &limited::of(&who.0, who.1)).await {
            Ok(standings) => {
                let sound = accept::check(&request, operation)
                    .and_then(|()| parameter::none_in_vain(request.query_string(), operation));
                (standings, sound.err())
            }
            Err((standings, problem)) => (standings, Some(problem)),
        };
    let mut response = match refusal {
        Some(problem) => request.error_response(problem),
        None => {
            request.extensions_mut().insert(authorised);
            idempotent::answer(operation, who, request, next).await?
        }
    };
    standings.tell(response.headers_mut());
    Ok(response)
}

// Whoever may not is counted all the same, so that nobody tries for long.
async fn turn_away(request: ServiceRequest, refused: Refused) -> ServiceResponse<BoxBody> {
    let counted = limited::count(request.request(), &refused.whose).await;
    let (standings, problem) = match counted {
        Ok(standings) => (standings, refused.problem),
        Err(beyond) => beyond,
    };
    let mut response = request.error_response(problem);
    standings.tell(response.headers_mut());
    response
}

/// How long a handler may take until its answer begins: a body that comes slowly, and the work.
const ANSWERING_MAX: Duration = Duration::from_secs(120);

// A panic is a mistake of ours; it ends this request and nothing else.
pub(crate) async fn caught<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let asked = request.request().clone();
    let answer = AssertUnwindSafe(next.call(request)).catch_unwind();
    let Ok(answer) = tokio::time::timeout(ANSWERING_MAX, answer).await else {
        tracing::warn!("an answer took too long and was given up");
        return Ok(ServiceResponse::from_err(Problem::answer_too_slow(), asked));
    };
    match answer {
        Ok(Ok(response)) => Ok(response.map_into_boxed_body()),
        Ok(Err(error)) => Ok(ServiceResponse::from_err(error, asked)),
        Err(panic) => {
            let words = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or_default();
            tracing::error!("a handler panicked: {words}");
            Ok(ServiceResponse::from_err(Problem::internal(), asked))
        }
    }
}

/// What the guard found out; the handlers' extractors take it from the request.
#[derive(Debug, Clone)]
struct Authorised {
    caller: Caller,
    tenant: Option<TenantId>,
}

/// Who may not pass, why, and whose request it is.
struct Refused {
    problem: Problem,
    whose: Vec<Whose>,
}

impl Refused {
    /// Of whoever presents what does not hold, and of a person who is nobody here: known by where the request comes from.
    fn of_nobody(request: &ServiceRequest, problem: Problem) -> Self {
        Self {
            problem,
            whose: origin::of(request)
                .map(Whose::Address)
                .into_iter()
                .collect(),
        }
    }

    /// Of whoever is known: its own key and tenant, whatever it asked for.
    fn of_caller(request: &ServiceRequest, caller: &Caller, problem: Problem) -> Self {
        match caller {
            Caller::Stranger { .. } => Self::of_nobody(request, problem),
            Caller::Platform | Caller::OfTenant { .. } => Self {
                problem,
                whose: limited::of(caller.actor(), caller.tenant()),
            },
        }
    }
}

impl From<Problem> for Refused {
    /// Something went wrong here, at nobody's cost.
    fn from(problem: Problem) -> Self {
        Self {
            problem,
            whose: Vec::new(),
        }
    }
}

async fn authorise(
    operation: &'static str,
    request: &ServiceRequest,
) -> Result<Authorised, Refused> {
    let service = request.app_data::<ThinData<Service>>();
    // What is not an id names nothing: it goes the way of an id that nobody has.
    let tenant = request
        .match_info()
        .get("tenant_id")
        .map(|text| text.parse().unwrap_or_else(|_| TenantId::new()));
    let credential = bearer(request.headers()).map_err(|problem| {
        if let Some(service) = service {
            audit::knock(service, tenant, operation, Reason::NoCredential);
        }
        Refused::of_nobody(request, problem)
    })?;
    let service = service.ok_or_else(Problem::internal)?;
    let caller = service::credential::authenticate(service, credential, tenant, operation)
        .await
        .map_err(Problem::from)?
        .ok_or_else(|| {
            let problem = Problem::unauthenticated(
                "this credential does not hold: it is not one of ours, was revoked, has expired, or its tenant is suspended; send another, or create one",
                true,
            );
            Refused::of_nobody(request, problem)
        })?;
    let span = tracing::Span::current();
    span.record("key.id", caller.actor());
    if let Some(tenant) = caller.tenant() {
        span.record("tenant.id", tracing::field::display(tenant));
    }
    let Err(denied) = caller.may(operation, tenant) else {
        return Ok(Authorised { caller, tenant });
    };
    audit::deny_caller(service, &caller, tenant, operation, denied).await;
    let problem = match denied {
        Denied::NotFound => Problem::not_found(),
        Denied::Scope(scope) => Problem::insufficient_scope(scope),
    };
    Err(Refused::of_caller(request, &caller, problem))
}

fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        return Err(Problem::unauthenticated(
            "send the header `Authorization: Bearer <API key>`; the platform's credential creates a tenant's first key",
            false,
        ));
    };
    value
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, credential)| credential.trim())
        .filter(|credential| !credential.is_empty() && !credential.contains(' '))
        .ok_or_else(|| {
            Problem::unauthenticated(
                "the Authorization header is not of the form `Authorization: Bearer <API key>`; write it so",
                true,
            )
        })
}

/// The caller of an operation on the platform's resources.
pub(crate) struct ByPlatform(pub(crate) Caller);

impl FromRequest for ByPlatform {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(authorised(request).map(|authorised| Self(authorised.caller)))
    }
}

/// The caller of an operation on a tenant's resources, and the tenant.
pub(crate) struct InTenant {
    pub(crate) caller: Caller,
    pub(crate) tenant: TenantId,
}

impl FromRequest for InTenant {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(
            authorised(request).and_then(|Authorised { caller, tenant }| {
                tenant
                    .map(|tenant| Self { caller, tenant })
                    .ok_or_else(unguarded)
            }),
        )
    }
}

fn authorised(request: &HttpRequest) -> Result<Authorised, Problem> {
    request
        .extensions()
        .get::<Authorised>()
        .cloned()
        .ok_or_else(unguarded)
}

// Without the guard nobody passes.
fn unguarded() -> Problem {
    tracing::error!("a handler asked for a caller or a tenant that its route does not have");
    Problem::internal()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::ResponseError;
    use actix_web::http::header::HeaderValue;

    fn read(value: Option<&'static str>) -> Result<String, Problem> {
        let mut headers = HeaderMap::new();
        if let Some(value) = value {
            headers.insert(header::AUTHORIZATION, HeaderValue::from_static(value));
        }
        bearer(&headers).map(str::to_owned)
    }

    #[test]
    fn a_bearer_credential_is_read_whatever_the_case_of_its_scheme() {
        for value in ["Bearer tp_test_x", "bearer tp_test_x", "BEARER  tp_test_x"] {
            assert_eq!(read(Some(value)).unwrap(), "tp_test_x");
        }
    }

    #[test]
    fn anything_else_is_unauthenticated_with_a_challenge() {
        for value in [
            None,
            Some(""),
            Some("Bearer"),
            Some("Bearer "),
            Some("tp_test_x"),
            Some("Basic dTpw"),
            Some("Bearer a b"),
        ] {
            let problem = read(value).unwrap_err();
            let response = problem.error_response();
            assert_eq!(response.status(), 401, "{value:?}");
            assert!(response.headers().contains_key(header::WWW_AUTHENTICATE));
        }
    }
}
