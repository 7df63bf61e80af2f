//! Limits of requests, as callers are told of them: `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers)
//! with every answer, and 429 with `Retry-After` beyond them.

use crate::problem::Problem;
use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::web::Data;
use entity::id::TenantId;
use service::rate_limit::{Limiter, Standing, Told, Whose};
use std::time::Duration;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// How a caller stands after its request.
pub(crate) struct Standings(Vec<Standing>);

impl Standings {
    /// Tells the caller.
    pub(crate) fn tell(&self, headers: &mut HeaderMap) {
        for (name, of) in [
            (RATE_LIMIT_POLICY, policy as fn(&Standing) -> String),
            (RATE_LIMIT, standing),
        ] {
            let all: Vec<_> = self.0.iter().map(of).collect();
            if let Ok(value) = HeaderValue::from_str(&all.join(", "))
                && !all.is_empty()
            {
                headers.append(name, value);
            }
        }
    }
}

/// A request of a caller, and of the tenant it calls for.
pub(crate) fn of(actor: &str, tenant: Option<TenantId>) -> Vec<Whose> {
    let tenant = tenant.map(|tenant| Whose::Tenant(tenant.to_string()));
    [Some(Whose::Key(actor.to_owned())), tenant]
        .into_iter()
        .flatten()
        .collect()
}

/// Counts a request of all of these.
///
/// # Errors
/// The problem to answer with, where one of them has no room: it tells the standings too.
pub(crate) async fn count(
    request: &HttpRequest,
    whose: &[Whose],
) -> Result<Standings, (Standings, Problem)> {
    let Some(limiter) = request.app_data::<Data<Limiter>>() else {
        return Ok(Standings(Vec::new()));
    };
    let Told { standings, wait } = limiter.ask(whose).await;
    match wait {
        None => Ok(Standings(standings)),
        Some(wait) => {
            let problem = too_many(&standings, wait);
            Err((Standings(standings), problem))
        }
    }
}

fn too_many(standings: &[Standing], wait: Duration) -> Problem {
    let limits: Vec<_> = standings
        .iter()
        .map(|standing| {
            format!(
                "{} requests in {} s for {} {}",
                standing.limit.requests,
                standing.limit.window.as_secs(),
                if standing.name.starts_with('a') {
                    "an"
                } else {
                    "a"
                },
                standing.name
            )
        })
        .collect();
    let seconds = seconds(wait).max(1);
    let is_known = standings.iter().any(|standing| standing.name == "key");
    let hint = if is_known {
        ", and send up to 1,000 events in one request"
    } else {
        ""
    };
    Problem::new(
        StatusCode::TOO_MANY_REQUESTS,
        "rate_limited",
        format!(
            "more requests than there may be ({}); come again in {seconds} s{hint}",
            limits.join(", ")
        ),
    )
    .with_header(header::RETRY_AFTER, seconds.to_string())
}

fn policy(standing: &Standing) -> String {
    format!(
        "\"{}\";q={};w={}",
        standing.name,
        standing.limit.requests,
        standing.limit.window.as_secs()
    )
}

fn standing(standing: &Standing) -> String {
    format!(
        "\"{}\";r={};t={}",
        standing.name,
        standing.remaining,
        seconds(standing.full_in)
    )
}

// A part of a second is one.
fn seconds(duration: Duration) -> u64 {
    duration
        .as_millis()
        .div_ceil(1000)
        .try_into()
        .unwrap_or(u64::MAX)
}
