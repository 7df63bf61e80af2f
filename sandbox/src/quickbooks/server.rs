//! The HTTP face: routes, and how answers are written.

use std::collections::HashMap;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, AUTHORIZATION};
use actix_web::web::{Bytes, Data, PayloadConfig, get, post};
use actix_web::{App, HttpRequest, HttpResponse, HttpResponseBuilder, HttpServer, rt, web};
use url::form_urlencoded;

use super::call::Parts;
use super::control::{Control, handlers, routes};
use super::cut::Cut;
use super::oauth::token::TokenRequest;
use super::oauth::{authorize, discovery, token};
use super::operation::Operation;
use super::reply::{Content, Reply};
use super::serve::{Answered, CompanyCall, company_call, oauth_call, token_call};
use super::world::Shared;

/// How long a connection may be silent.
const IDLE: Duration = Duration::from_secs(3600);
/// The largest body taken.
const BODY_MAX: usize = 16 << 20;

/// Builds the server on a bound listener. It runs when awaited inside an actix system.
pub(crate) fn build(shared: &Arc<Shared>, listener: TcpListener) -> std::io::Result<Server> {
    let world = Data::from(Arc::clone(shared));
    let control = Data::new(Control::new(Arc::clone(shared)));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(world.clone())
            .app_data(control.clone())
            .app_data(PayloadConfig::new(BODY_MAX))
            .app_data(handlers::json_config())
            .configure(discovery_routes)
            .route("/connect/oauth2", get().to(consent))
            .route("/oauth2/v1/tokens/bearer", post().to(issue_tokens))
            .route("/v2/oauth2/tokens/revoke", post().to(revoke))
            .route("/v3/company/{realm}/{tail:.*}", web::route().to(company))
            .configure(routes::configure)
    });
    server
        .on_connect(Cut::remember)
        .workers(shared.options.workers.max(1))
        // A pooled connection that the server closes while a client writes to it looks like a lost
        // answer; only planned faults may look like that.
        .keep_alive(IDLE)
        .client_request_timeout(IDLE)
        .disable_signals()
        .shutdown_timeout(1)
        .listen(listener)
        .map(HttpServer::run)
}

/// Both documents, with and without a slash at the end.
fn discovery_routes(config: &mut web::ServiceConfig) {
    for name in ["openid_configuration", "openid_sandbox_configuration"] {
        for slash in ["", "/"] {
            config.route(&format!("/.well-known/{name}{slash}"), get().to(discover));
        }
    }
}

fn cut_of(request: &HttpRequest) -> Cut {
    request.conn_data::<Cut>().cloned().unwrap_or_default()
}

fn header(request: &HttpRequest, name: impl AsRef<str>) -> Option<String> {
    request
        .headers()
        .get(name.as_ref())?
        .to_str()
        .ok()
        .map(str::to_owned)
}

fn pairs(encoded: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(encoded).into_owned().collect()
}

async fn discover(request: HttpRequest, shared: Data<Shared>) -> HttpResponse {
    let (shared, cut) = (shared.into_inner(), cut_of(&request));
    let base = shared.base_url.clone();
    let call = oauth_call(shared, Operation::Discovery, None, cut, move |_| {
        Reply::json(&discovery::document(&base))
    });
    finish(call, false, write_oauth).await
}

async fn consent(request: HttpRequest, shared: Data<Shared>) -> HttpResponse {
    let query: HashMap<String, String> = pairs(request.query_string().as_bytes())
        .into_iter()
        .collect();
    let cut = cut_of(&request);
    let call = oauth_call(
        shared.into_inner(),
        Operation::Authorize,
        None,
        cut,
        move |world| authorize::authorize(world, &query),
    );
    finish(call, false, write_oauth).await
}

async fn issue_tokens(request: HttpRequest, body: Bytes, shared: Data<Shared>) -> HttpResponse {
    let asked = TokenRequest {
        authorization: header(&request, AUTHORIZATION),
        form: pairs(&body).into_iter().collect(),
        include_hard_expiry: header(&request, "x-include-refresh-token-hard-expires-in").as_deref()
            == Some("true"),
    };
    finish(
        token_call(shared.into_inner(), asked, cut_of(&request)),
        false,
        write_oauth,
    )
    .await
}

async fn revoke(request: HttpRequest, body: Bytes, shared: Data<Shared>) -> HttpResponse {
    let authorization = header(&request, AUTHORIZATION);
    let cut = cut_of(&request);
    let call = oauth_call(
        shared.into_inner(),
        Operation::Revoke,
        None,
        cut,
        move |world| {
            let sent: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
            token::revoke(world, authorization, sent["token"].as_str())
        },
    );
    finish(call, false, write_oauth).await
}

async fn company(
    request: HttpRequest,
    path: web::Path<(String, String)>,
    body: Bytes,
    shared: Data<Shared>,
) -> HttpResponse {
    let (realm_id, tail) = path.into_inner();
    let query = pairs(request.query_string().as_bytes());
    let parts = Parts {
        method: request.method().as_str(),
        path: request.path(),
        tail: &tail,
        query: &query,
        body: &body,
    };
    let call = CompanyCall {
        method: parts.method.to_owned(),
        realm_id,
        ask: parts.ask(),
        request_id: parts.parameter("requestid").map(str::to_owned),
        bearer: header(&request, AUTHORIZATION).and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme
                .eq_ignore_ascii_case("bearer")
                .then(|| token.trim().to_owned())
        }),
        fingerprint: parts.fingerprint(),
    };
    // An unset Accept gets XML, as recorded; that `*/*` gets JSON is assumed.
    let wants_xml = header(&request, ACCEPT).is_none_or(|accept| accept.contains("xml"));
    finish(
        company_call(shared.into_inner(), call, cut_of(&request)),
        wants_xml,
        write_company,
    )
    .await
}

/// Runs a call in its own task, so that it ends even when the client does not wait for it.
async fn finish(
    call: impl Future<Output = Answered> + 'static,
    wants_xml: bool,
    write: fn(Answered, bool) -> HttpResponse,
) -> HttpResponse {
    match rt::spawn(call).await {
        Ok(answered) => write(answered, wants_xml),
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}

/// An answer of the authorization server, with the headers it was recorded with.
fn write_oauth(answered: Answered, _: bool) -> HttpResponse {
    let mut response = begin(&answered);
    response
        .insert_header(("intuit_tid", answered.tid))
        .insert_header(("Cache-Control", "no-cache, no-store"))
        .insert_header(("Pragma", "no-cache"));
    body(response, answered.reply, false)
}

/// An answer of the Accounting API, with the headers it was recorded with.
fn write_company(answered: Answered, wants_xml: bool) -> HttpResponse {
    let mut response = begin(&answered);
    let trace = answered.tid.clone();
    response
        .insert_header((
            "X-Spanid",
            trace.rsplit('-').next().unwrap_or_default().to_owned(),
        ))
        .insert_header(("X-Amzn-Trace-Id", format!("Root={trace}")))
        .insert_header(("intuit_tid", answered.tid))
        .insert_header(("QBO-Version", "1.0.0-simulated"))
        .insert_header(("Service-Time", "total=1, db=0"))
        .insert_header((
            "Cache-Control",
            "max-age=0, no-cache, no-store, must-revalidate, private",
        ))
        .insert_header(("Strict-Transport-Security", "max-age=15552000"));
    if answered
        .reply
        .as_ref()
        .is_some_and(|reply| reply.status == 401)
    {
        response.insert_header((
            "WWW-Authenticate",
            "Bearer realm=\"Intuit\", error=\"invalid_token\"",
        ));
    }
    body(response, answered.reply, wants_xml)
}

fn begin(answered: &Answered) -> HttpResponseBuilder {
    let status = answered
        .reply
        .as_ref()
        .and_then(|reply| StatusCode::from_u16(reply.status).ok());
    // Without a reply the connection is closed already, and nobody reads this.
    HttpResponse::build(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
}

fn body(mut response: HttpResponseBuilder, reply: Option<Reply>, wants_xml: bool) -> HttpResponse {
    match reply.map(|reply| reply.content) {
        Some(Content::Json(text)) => response
            .content_type("application/json;charset=utf-8")
            .body(text),
        Some(Content::Fault(fault, at)) if wants_xml => {
            response.content_type("application/xml").body(fault.xml(at))
        }
        Some(Content::Fault(fault, at)) => response
            .content_type("application/json;charset=utf-8")
            .body(fault.json(at).to_string()),
        Some(Content::Html(page)) => response.content_type("text/html;charset=utf-8").body(page),
        Some(Content::Raw(content_type, bytes)) => response.content_type(content_type).body(bytes),
        Some(Content::Redirect(to)) => response.insert_header(("Location", to)).finish(),
        Some(Content::Empty) | None => response.finish(),
    }
}
