//! The one place where something leaves for Intuit.

use std::error::Error as _;
use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;

use reqwest::{Request, RequestBuilder, Response};
use tokio::runtime::Handle;
use tracing::{Instrument, Span, debug, field, info_span};
use url::Url;

use crate::settings::{Settings, SetupError};

/// An answer, whatever it says.
pub(crate) struct Received {
    pub(crate) status: u16,
    pub(crate) intuit_tid: Option<String>,
    /// From `Retry-After`, when it is in seconds.
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// No answer, or none that was whole.
pub(crate) enum Lost {
    /// The request never left.
    NotSent { reason: String },
    /// Nobody knows.
    Unknown {
        reason: String,
        http_status: Option<u16>,
        intuit_tid: Option<String>,
        retry_after: Option<Duration>,
    },
}

/// A call's name and limits.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    /// What it does, for the log.
    pub(crate) operation: &'static str,
    /// The company it concerns.
    pub(crate) company: Option<&'a str>,
    /// How long it may take in all.
    pub(crate) timeout: Duration,
    /// How much of an answer is read; more is no answer.
    pub(crate) answer_bytes_max: usize,
}

/// The HTTP client, and the runtime in which its connections live: the one that made it. A connection is used by whoever calls
/// next; were it opened in a caller's runtime that ends earlier, it would fail under the next caller's request.
#[derive(Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    home: Option<Handle>,
}

impl Client {
    /// Begins a request; [`send`] sends it.
    pub(crate) fn post(&self, url: Url) -> RequestBuilder {
        self.http.post(url)
    }

    async fn execute(&self, request: Request) -> reqwest::Result<Response> {
        let mut call = pin!(self.http.execute(request));
        poll_fn(|context| {
            let _at_home = self.home.as_ref().map(Handle::enter);
            call.as_mut().poll(context)
        })
        .await
    }
}

/// How long a connection is kept for the next request.
const IDLE_MAX: Duration = Duration::from_secs(20);

/// The HTTP client: one request on the wire per call, straight to its host.
pub(crate) fn client(settings: &Settings) -> Result<Client, SetupError> {
    // The client panics without a provider, so its absence is looked for here.
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        return Err(SetupError::NoTlsProvider);
    }
    let http = reqwest::Client::builder()
        .retry(reqwest::retry::never())
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .referer(false)
        // A connection for each request under way. Over HTTP/2 all companies would share one, and its streams (a hundred or
        // so) would be full of the requests of a few companies that do not answer.
        .http1_only()
        // Sooner than a server closes an idle connection: a POST written into one that is closing has an unknown outcome.
        .pool_idle_timeout(IDLE_MAX)
        .https_only(!settings.allows_http())
        .connect_timeout(settings.timeouts.connect)
        .user_agent(concat!("tillpost/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(SetupError::HttpClient)?;
    Ok(Client {
        http,
        home: Handle::try_current().ok(),
    })
}

/// Sends one request and reads its whole answer.
pub(crate) async fn send(
    client: &Client,
    request: Request,
    call: Call<'_>,
) -> Result<Received, Lost> {
    let span = info_span!(
        "quickbooks",
        operation = call.operation,
        erp.company_id = call.company,
        http.status = field::Empty,
        intuit_tid = field::Empty,
    );
    exchange(client, request, call).instrument(span).await
}

async fn exchange(client: &Client, mut request: Request, call: Call<'_>) -> Result<Received, Lost> {
    *request.timeout_mut() = Some(call.timeout);
    let operation = call.operation;
    let mut response = match client.execute(request).await {
        Ok(response) => response,
        Err(error) => {
            let reason = reason(&error);
            debug!("{operation}: no answer: {reason}");
            // A builder's error is raised before, a connector's error instead of a connection.
            return Err(if error.is_builder() || error.is_connect() {
                Lost::NotSent { reason }
            } else {
                Lost::Unknown {
                    reason,
                    http_status: None,
                    intuit_tid: None,
                    retry_after: None,
                }
            });
        }
    };
    let mut received = head(&response);
    Span::current().record("http.status", received.status);
    if let Some(tid) = &received.intuit_tid {
        Span::current().record("intuit_tid", tid.as_str());
    }
    debug!("{operation}: answered {}", received.status);
    match body(&mut response, call.answer_bytes_max).await {
        Ok(body) => {
            received.body = body;
            Ok(received)
        }
        Err(reason) => {
            debug!("{operation}: answer not whole: {reason}");
            Err(Lost::Unknown {
                reason,
                http_status: Some(received.status),
                intuit_tid: received.intuit_tid,
                retry_after: received.retry_after,
            })
        }
    }
}

/// Status and the headers that matter, before the body.
fn head(response: &Response) -> Received {
    let header = |name| {
        response
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    Received {
        status: response.status().as_u16(),
        intuit_tid: header("intuit_tid").map(|tid| tid.chars().take(100).collect()),
        retry_after: header("retry-after")
            .and_then(|seconds| seconds.trim().parse().ok())
            .map(Duration::from_secs),
        body: Vec::new(),
    }
}

async fn body(response: &mut Response, bytes_max: usize) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| reason(&error))? {
        if body.len() + chunk.len() > bytes_max {
            return Err(format!("the answer is longer than {bytes_max} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The innermost cause, since the outer ones only say that something failed (and quote the address).
fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "timed out".to_owned();
    }
    let mut source = error.source();
    while let Some(inner) = source.and_then(|error| error.source()) {
        source = Some(inner);
    }
    let what = if error.is_connect() {
        "no connection"
    } else if error.is_builder() {
        "the request cannot be built"
    } else {
        "the connection broke"
    };
    match source {
        Some(inner) => format!("{what}: {inner}"),
        None => what.to_owned(),
    }
}
