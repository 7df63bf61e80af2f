//! The one place where a message leaves. Whoever an endpoint's name leads to is looked at when the connection is made, by the
//! resolver that the connection itself uses: there is no moment in which another answer could slip in.

use super::destination::{Refused, Rules};
use super::schedule::Answer;
use crate::SetupError;
use chrono::DateTime;
use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use std::error::Error as StdError;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use url::Url;

const CONNECT_WITHIN: Duration = Duration::from_secs(5);
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
/// So much of an answer is shown to the endpoint's owner;
const ANSWER_SHOWN: usize = 1024;
/// and so much is read, so that the connection can be used again.
const ANSWER_READ: usize = 16 * 1024;

/// Finds the addresses of a name.
pub trait Lookup: Send + Sync {
    /// Every address of the name.
    fn lookup(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// As the machine finds them.
#[derive(Debug, Clone, Copy)]
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// Hands out a name's addresses only where every one of them may be connected to: mixed answers are a sign of bad intent.
struct Guard {
    rules: Arc<Rules>,
    lookup: Arc<dyn Lookup>,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let (rules, found) = (
            self.rules.clone(),
            self.lookup.lookup(name.as_str().to_owned()),
        );
        Box::pin(async move {
            let found = found.await?;
            for address in &found {
                rules.check_address(*address)?;
            }
            let addresses: Addrs =
                Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}

/// Sends messages.
pub struct Client {
    http: reqwest::Client,
    rules: Arc<Rules>,
}

/// A message as it leaves.
#[derive(Debug, Clone)]
pub struct Post {
    /// `webhook-id`.
    pub id: String,
    /// `webhook-timestamp`, in seconds.
    pub timestamp: i64,
    /// `webhook-signature`.
    pub signature: String,
    /// The body, just as it was signed.
    pub body: Vec<u8>,
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempted {
    /// What follows from it.
    pub answer: Answer,
    /// For the delivery log: `delivered`, `refused`, `timed_out`, `unreachable` or `not_allowed`.
    pub outcome: &'static str,
    /// The status, where it answered.
    pub http_status: Option<u16>,
    /// How long it took.
    pub took: Duration,
    /// What went wrong, in words.
    pub detail: Option<String>,
    /// How its answer begins.
    pub shown: Option<String>,
}

impl Client {
    /// A client that connects to nobody whom the rules do not allow.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(rules: Rules, lookup: Arc<dyn Lookup>) -> Result<Self, SetupError> {
        Self::trusting(rules, lookup, &[])
    }

    /// The same, which also believes what these authorities sign. For tests, which make their own: no setting names any, and
    /// whoever sends real messages believes whom the machine believes.
    ///
    /// # Errors
    /// TLS cannot be set up, or an authority is no certificate in DER.
    pub fn trusting(
        rules: Rules,
        lookup: Arc<dyn Lookup>,
        authorities: &[&[u8]],
    ) -> Result<Self, SetupError> {
        let wrong = |error| SetupError::Setting(format!("the client of webhooks: {error}"));
        let authorities: Vec<_> = authorities
            .iter()
            .map(|authority| reqwest::Certificate::from_der(authority))
            .collect::<Result<_, _>>()
            .map_err(wrong)?;
        let rules = Arc::new(rules);
        let guard = Guard {
            rules: rules.clone(),
            lookup,
        };
        let http = reqwest::Client::builder()
            .dns_resolver(guard)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .https_only(!rules.loopback)
            .http1_only()
            .connect_timeout(CONNECT_WITHIN)
            .timeout(ANSWER_WITHIN)
            .pool_max_idle_per_host(8)
            .pool_idle_timeout(Duration::from_secs(30))
            .tcp_nodelay(true)
            .user_agent(concat!("Tillpost-Webhooks/", env!("CARGO_PKG_VERSION")))
            .tls_certs_merge(authorities)
            .build()
            .map_err(wrong)?;
        Ok(Self { http, rules })
    }

    /// The rules that it keeps.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Sends a message once. The address is judged anew, since rules may have changed since it was given, and since a resolver
    /// is not asked about an address that is written out.
    pub async fn send(&self, url: &Url, post: Post) -> Attempted {
        let started = Instant::now();
        let attempted = match self.rules.check(url) {
            Err(refused) => not_allowed(&refused),
            Ok(()) => {
                let request = self
                    .http
                    .post(url.clone())
                    .header(CONTENT_TYPE, "application/json")
                    .header("webhook-id", post.id)
                    .header("webhook-timestamp", post.timestamp)
                    .header("webhook-signature", post.signature)
                    .body(post.body);
                match request.send().await {
                    Ok(response) => answered(response).await,
                    Err(error) => lost(&error),
                }
            }
        };
        Attempted {
            took: started.elapsed(),
            ..attempted
        }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Client")
    }
}

fn failed(outcome: &'static str, detail: String) -> Attempted {
    Attempted {
        answer: Answer::Failed {
            retry_after: None,
            busy: false,
        },
        outcome,
        http_status: None,
        took: Duration::ZERO,
        detail: Some(detail),
        shown: None,
    }
}

fn not_allowed(refused: &Refused) -> Attempted {
    failed("not_allowed", refused.to_string())
}

// The innermost cause says most; what stands around it says where.
fn lost(error: &reqwest::Error) -> Attempted {
    let mut causes = Vec::new();
    let mut cause: Option<&(dyn StdError + 'static)> = error.source();
    while let Some(inner) = cause {
        if let Some(refused) = inner.downcast_ref::<Refused>() {
            return not_allowed(refused);
        }
        causes.push(inner.to_string());
        cause = inner.source();
    }
    let detail = causes.pop().unwrap_or_else(|| "no answer came".to_owned());
    match error.is_timeout() {
        true if error.is_connect() => failed(
            "unreachable",
            format!("no connection within {} s", CONNECT_WITHIN.as_secs()),
        ),
        true => failed(
            "timed_out",
            format!("no answer within {} s", ANSWER_WITHIN.as_secs()),
        ),
        false => failed("unreachable", detail),
    }
}

async fn answered(response: Response) -> Attempted {
    let status = response.status();
    let retry_after = retry_after(response.headers());
    let beginning = beginning(response).await;
    // An answer counts when it is whole: a status without its body is a connection that broke.
    let shown = match beginning {
        Ok(text) => (!text.is_empty()).then_some(text),
        Err(error) => {
            return Attempted {
                http_status: Some(status.as_u16()),
                ..lost(&error)
            };
        }
    };
    let busy = matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    );
    let answer = match status {
        StatusCode::GONE => Answer::Gone,
        _ if status.is_success() => Answer::Taken,
        _ => Answer::Failed { retry_after, busy },
    };
    let taken = answer == Answer::Taken;
    Attempted {
        answer,
        outcome: if taken { "delivered" } else { "refused" },
        http_status: Some(status.as_u16()),
        took: Duration::ZERO,
        detail: (!taken).then(|| told(status)),
        shown,
    }
}

// In seconds, or a time by the endpoint's own clock, which its `Date` tells.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: HeaderName| headers.get(name)?.to_str().ok().map(str::trim);
    let asked = text(RETRY_AFTER)?;
    if let Ok(seconds) = asked.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = |text| DateTime::parse_from_rfc2822(text).ok();
    (at(asked)? - at(text(DATE)?)?).to_std().ok()
}

fn told(status: StatusCode) -> String {
    match status {
        StatusCode::GONE => "it answered 410: it wants no more messages".to_owned(),
        _ if status.is_redirection() => format!(
            "it answered {}: redirects are not followed, give the endpoint its new address",
            status.as_u16()
        ),
        _ => format!("it answered {}", status.as_u16()),
    }
}

async fn beginning(mut response: Response) -> reqwest::Result<String> {
    let mut read = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        read.extend_from_slice(&chunk);
        if read.len() >= ANSWER_READ {
            break;
        }
    }
    read.truncate(ANSWER_SHOWN);
    let text = String::from_utf8_lossy(&read);
    Ok(text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect::<String>()
        .trim()
        .to_owned())
}
