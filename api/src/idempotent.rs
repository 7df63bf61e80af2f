//! `Idempotency-Key`: a POST that comes again under the same key is answered as it was the first time, and done once.
//!
//! What is remembered, and how it holds together with the effect, is `service::idempotency`. Here a request gets its
//! identity, and its answer the form in which it is kept.

use crate::authorised::caught;
use crate::body::{self, BULK_BYTES_MAX};
use crate::problem::Problem;
use crate::resource::InOne;
use actix_web::body::{BoxBody, to_bytes_limited};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::{Bytes, ThinData};
use actix_web::{Error, HttpMessage, HttpResponse};
use entity::id::TenantId;
use futures::stream;
use service::Service;
use service::idempotency::{self, Answer, Attempt, Begun, Identity};
use std::future::ready;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer is that of an earlier request.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
const KEY_LENGTH_MAX: usize = 255;
/// The largest answer that is kept; that to a thousand events is a fifth of it.
const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;
/// POSTs that change nothing: there is nothing to remember.
const READS: &[&str] = &["dry_run_past_sync"];

/// Answers a request, once for each key.
pub(crate) async fn answer(
    operation: &'static str,
    (actor, tenant): (String, Option<TenantId>),
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let key = match key(request.headers()) {
        Ok(key) => key.filter(|_| is_kept(operation, &request)),
        Err(problem) => return Ok(request.error_response(problem)),
    };
    let Some(key) = key else {
        return caught(request, next).await;
    };
    let asked = Asked {
        operation,
        actor,
        tenant,
        key,
    };
    match begin(&asked, &mut request).await {
        Ok(Begun::Fresh(attempt)) => meet(*attempt, request, next).await,
        Ok(Begun::Met(answer)) => Ok(request.into_response(as_before(&answer))),
        Ok(Begun::InUse) => Ok(request.error_response(in_use())),
        Ok(Begun::Reused) => Ok(request.error_response(reused())),
        Err(problem) => Ok(request.error_response(problem)),
    }
}

struct Asked {
    operation: &'static str,
    actor: String,
    tenant: Option<TenantId>,
    key: String,
}

// A stream of lines has begun to be answered before its end is known; each of its events is taken in once by itself.
fn is_kept(operation: &str, request: &ServiceRequest) -> bool {
    request.method() == Method::POST
        && is_remembered(operation)
        && !body::media_type(request.headers()).ends_with("jsonl")
        && !body::media_type(request.headers()).ends_with("ndjson")
}

/// Whether a POST of this operation is remembered.
pub(crate) fn is_remembered(operation: &str) -> bool {
    !READS.contains(&operation)
}

/// The key, in the quotation marks of a structured field or without.
fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut given = headers.get_all(IDEMPOTENCY_KEY);
    let Some(first) = given.next() else {
        return Ok(None);
    };
    let text = first.to_str().unwrap_or_default().trim();
    let bare = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text);
    let is_sound = (1..=KEY_LENGTH_MAX).contains(&bare.len())
        && bare
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\');
    if given.next().is_some() || !is_sound {
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid_idempotency_key",
            format!(
                "the header Idempotency-Key is 1 to {KEY_LENGTH_MAX} visible ASCII characters without `\"` and `\\`, given once; \
                 send a random UUID, and the same one with each attempt of the request"
            ),
        ));
    }
    Ok(Some(bare.to_owned()))
}

async fn begin(asked: &Asked, request: &mut ServiceRequest) -> Result<Begun, Problem> {
    let payload = request.take_payload();
    let bytes = body::collect(request.headers(), payload, BULK_BYTES_MAX).await?;
    let service = request
        .app_data::<ThinData<Service>>()
        .ok_or_else(Problem::internal)?;
    let of = |name: HeaderName| {
        request
            .headers()
            .get(name)
            .map(HeaderValue::as_bytes)
            .unwrap_or_default()
    };
    let content: [&[u8]; 6] = [
        request.path().as_bytes(),
        request.query_string().as_bytes(),
        of(header::CONTENT_TYPE),
        of(header::CONTENT_ENCODING),
        of(header::IF_MATCH),
        &bytes,
    ];
    let begun = idempotency::begin(
        service,
        Identity {
            tenant: asked.tenant,
            operation: asked.operation,
            key: &asked.key,
            actor: &asked.actor,
            content: &content,
        },
    )
    .await?;
    request.set_payload(again(bytes));
    Ok(begun)
}

// The body, to be read a second time.
fn again(bytes: Bytes) -> Payload {
    Payload::Stream {
        payload: Box::pin(stream::once(ready(Ok(bytes)))),
    }
}

// Success is kept and then told; anything else has changed nothing.
async fn meet(
    attempt: Attempt,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    request
        .extensions_mut()
        .insert(InOne(attempt.service.clone()));
    let response = caught(request, next).await?;
    if !response.status().is_success() {
        if let Err(error) = attempt.undo().await {
            tracing::warn!("what a refused request did is not undone yet: {error}");
        }
        return Ok(response);
    }
    let (asked, response) = response.into_parts();
    Ok(match keep(attempt, response).await {
        Ok(response) => ServiceResponse::new(asked, response),
        Err(problem) => ServiceResponse::from_err(problem, asked),
    })
}

async fn keep(attempt: Attempt, response: HttpResponse) -> Result<HttpResponse, Problem> {
    let (head, body) = response.into_parts();
    let body = to_bytes_limited(body, ANSWER_BYTES_MAX)
        .await
        .ok()
        .and_then(Result::ok)
        .ok_or_else(|| {
            tracing::error!("an answer is too large to be kept under its Idempotency-Key");
            Problem::internal()
        })?;
    let headers = head.headers().iter();
    let answer = Answer {
        status: head.status().as_u16(),
        headers: headers
            .filter_map(|(name, value)| {
                Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
            })
            .collect(),
        body: body.to_vec(),
    };
    attempt.conclude(&answer).await?;
    Ok(head.set_body(body).map_into_boxed_body())
}

fn as_before(answer: &Answer) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = HttpResponse::build(status);
    for (name, value) in &answer.headers {
        response.insert_header((name.as_str(), value.as_str()));
    }
    response.insert_header((REPLAYED, "true"));
    response.body(answer.body.clone())
}

fn in_use() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "idempotency_key_in_use",
        "a request with this Idempotency-Key is being met at this moment; send it again after Retry-After, and it is answered as the first one",
    )
    .with_header(header::RETRY_AFTER, "1")
}

fn reused() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "idempotency_key_reused",
        "this Idempotency-Key came with another request before (another body, path, header or caller); send a new key with a new request",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&'static str]) -> Result<Option<String>, Problem> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(IDEMPOTENCY_KEY, HeaderValue::from_static(value));
        }
        key(&headers)
    }

    #[test]
    fn a_key_is_read_with_its_quotation_marks_or_without() {
        assert_eq!(read(&[]).unwrap(), None);
        for value in ["8e03978e-40d5", "\"8e03978e-40d5\"", " 8e03978e-40d5 "] {
            assert_eq!(read(&[value]).unwrap().as_deref(), Some("8e03978e-40d5"));
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for values in [
            &[""] as &[_],
            &["\"\""],
            &["a b"],
            &["\"a"],
            &["a\\b"],
            &["a", "a"],
        ] {
            assert!(read(values).is_err(), "{values:?}");
        }
        let long: &'static str = Box::leak("x".repeat(256).into_boxed_str());
        assert!(read(&[long]).is_err());
    }
}
