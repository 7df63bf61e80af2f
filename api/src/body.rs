//! Bodies: JSON objects within limits, without unknown or repeated fields, and problems that name the place.

pub(crate) mod coding;
pub(crate) mod rows;

use crate::problem::Problem;
use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap};
use actix_web::web::{Bytes, BytesMut};
use actix_web::{FromRequest, HttpRequest};
use futures::future::LocalBoxFuture;
use futures::{FutureExt, StreamExt};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

/// The largest body of one thing, in bytes.
pub(crate) const ONE_BYTES_MAX: usize = 256 * 1024;
/// The largest body that holds a list of things, in bytes.
pub(crate) const BULK_BYTES_MAX: usize = 2 * 1024 * 1024;
/// How long a caller may take to send a body.
const SENDING_MAX: Duration = Duration::from_secs(30);

/// A JSON object of at most `MAX` bytes.
pub(crate) struct Body<T, const MAX: usize = ONE_BYTES_MAX>(pub(crate) T);

impl<T: DeserializeOwned + 'static, const MAX: usize> FromRequest for Body<T, MAX> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (headers, payload) = (request.headers().clone(), payload.take());
        async move {
            check_json(&headers)?;
            parse(&read(&headers, payload, MAX).await?).map(Self)
        }
        .boxed_local()
    }
}

/// A JSON object, or nothing, which is the same as `{}`.
pub(crate) struct BodyOrNone<T>(pub(crate) T);

impl<T: DeserializeOwned + Default + 'static> FromRequest for BodyOrNone<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (headers, payload) = (request.headers().clone(), payload.take());
        async move {
            let bytes = read(&headers, payload, ONE_BYTES_MAX).await?;
            if bytes.is_empty() {
                return Ok(Self(T::default()));
            }
            check_json(&headers)?;
            parse(&bytes).map(Self)
        }
        .boxed_local()
    }
}

/// The bytes of a body as they came, whatever they are.
pub(crate) struct Raw(pub(crate) Bytes);

impl FromRequest for Raw {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (headers, payload) = (request.headers().clone(), payload.take());
        async move { read(&headers, payload, ONE_BYTES_MAX).await.map(Self) }.boxed_local()
    }
}

/// The essence of the media type a body claims, in lower case.
pub(crate) fn media_type(headers: &HeaderMap) -> String {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.split(';').next())
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

fn check_json(headers: &HeaderMap) -> Result<(), Problem> {
    let media_type = media_type(headers);
    if media_type == "application/json" || media_type.ends_with("+json") {
        return Ok(());
    }
    Err(unsupported_media_type(&["application/json"]))
}

/// The body is of another kind than the ones that are `wanted`.
pub(crate) fn unsupported_media_type(wanted: &[&str]) -> Problem {
    Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        format!(
            "say what the body is: send the header `Content-Type: {}`",
            wanted.join("` or `Content-Type: ")
        ),
    )
}

/// A whole body of at most `max` bytes.
pub(crate) async fn read(
    headers: &HeaderMap,
    payload: Payload,
    max: usize,
) -> Result<Bytes, Problem> {
    let payload = coding::decoded(headers, payload)?;
    collect(headers, payload, max).await
}

/// The bytes of a body as they come, at most `max`.
pub(crate) async fn collect(
    headers: &HeaderMap,
    mut payload: Payload,
    max: usize,
) -> Result<Bytes, Problem> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<u64>().ok());
    if announced.is_some_and(|bytes| usize::try_from(bytes).is_ok_and(|bytes| bytes > max)) {
        return Err(too_large(max));
    }
    let reading = async {
        let mut body = BytesMut::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|error| broken_off(&error))?;
            if body.len() + chunk.len() > max {
                return Err(too_large(max));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    };
    tokio::time::timeout(SENDING_MAX, reading)
        .await
        .unwrap_or_else(|_| Err(too_slow(SENDING_MAX)))
}

fn too_large(max: usize) -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "body_too_large",
        format!(
            "a body here has at most {} KiB: send less at once (events of any number go as application/x-ndjson)",
            max / 1024
        ),
    )
}

/// The caller sent nothing for too long.
pub(crate) fn too_slow(after: Duration) -> Problem {
    Problem::new(
        StatusCode::REQUEST_TIMEOUT,
        "body_too_slow",
        format!(
            "the body did not arrive within {} seconds; send it again",
            after.as_secs()
        ),
    )
}

/// The body could not be read to its end.
pub(crate) fn broken_off(error: &PayloadError) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "body_broken_off",
        format!("the body did not arrive whole ({error}); send it again"),
    )
}

/// Reads a JSON object. Control characters have no place in it: names and codes hold none, and the database takes no U+0000.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let JsonObject(value) = from_json::<JsonObject<T>>(bytes)?;
    let tree = serde_json::from_slice(bytes).map_err(|_| Problem::internal())?;
    match control_character(&tree, String::new()) {
        Some(field) => {
            let detail =
                "holds a control character (such as \\u0000 or a line break); leave it out";
            Err(invalid_body(&field, "control_character", detail))
        }
        None => Ok(value),
    }
}

/// Reads JSON that may borrow from its text.
pub(crate) fn from_json<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Problem> {
    if bytes.is_empty() {
        return Err(malformed("the body is empty: send a JSON object"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let mut track = serde_path_to_error::Track::new();
    let value = T::deserialize(serde_path_to_error::Deserializer::new(
        &mut deserializer,
        &mut track,
    ))
    .map_err(|error| explain(&track.path().to_string(), &error))?;
    deserializer.end().map_err(|error| explain("", &error))?;
    Ok(value)
}

/// What people send with a request that has another way of its own, and which.
const ELSEWHERE: &[(&str, &str)] = &[(
    "dry_run",
    "leave it out: POST /v1/tenants/{tenant_id}/past-syncs/dry-run tells what a past sync would do, and posts nothing",
)];

fn malformed(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "malformed_json", detail)
}

fn explain(path: &str, error: &serde_json::Error) -> Problem {
    let path = if path == "." { "" } else { path };
    let text = error.to_string();
    let words = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(words, _)| words);
    if !error.is_data() {
        let place = if path.is_empty() {
            String::new()
        } else {
            format!(", at `{path}`")
        };
        return malformed(format!(
            "the body is not JSON: line {}, column {}{place}: {words}; mend it there",
            error.line(),
            error.column()
        ));
    }
    let (code, mend) = match words {
        words if words.starts_with("unknown field") => {
            let name = words.split('`').nth(1).unwrap_or_default();
            let elsewhere = ELSEWHERE.iter().find(|(field, _)| *field == name);
            let mend = elsewhere.map_or("leave it out or spell it so", |(_, where_)| where_);
            ("unknown_field", mend)
        }
        words if words.starts_with("missing field") => ("missing_field", "add it"),
        words if words.starts_with("duplicate field") => ("duplicate_field", "give it once"),
        words if words.starts_with("invalid type") => ("wrong_type", "write it so"),
        words if words.contains("is not an id of the form") => (
            "invalid_value",
            "copy it from the list or answer that names it",
        ),
        _ => ("invalid_value", "see the OpenAPI document at /openapi.json"),
    };
    // The path of a field that is missing, unknown or given twice ends at the object that holds it.
    let field = match (code, words.split('`').nth(1)) {
        ("missing_field" | "duplicate_field", Some(name)) if path.is_empty() => name.to_owned(),
        ("missing_field" | "duplicate_field", Some(name)) if !path.ends_with(name) => {
            format!("{path}.{name}")
        }
        _ => path.to_owned(),
    };
    invalid_body(&field, code, &format!("{words}; {mend}"))
}

/// The body is JSON and not what is wanted here.
pub(crate) fn invalid_body(field: &str, code: &str, detail: &str) -> Problem {
    let whole = if field.is_empty() {
        format!("the body: {detail}")
    } else {
        format!("`{field}`: {detail}")
    };
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, whole).with_field(field, code, detail)
}

/// The path of the first text that holds a control character.
fn control_character(tree: &serde_json::Value, path: String) -> Option<String> {
    use serde_json::Value;
    match tree {
        Value::String(text) => text.chars().any(char::is_control).then_some(path),
        Value::Array(elements) => elements
            .iter()
            .enumerate()
            .find_map(|(place, element)| control_character(element, format!("{path}[{place}]"))),
        Value::Object(fields) => fields.iter().find_map(|(name, value)| {
            let dot = if path.is_empty() { "" } else { "." };
            control_character(value, format!("{path}{dot}{name}"))
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// A JSON object, and never the list of its values that serde would also take.
#[derive(Debug, Clone)]
pub(crate) struct JsonObject<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for JsonObject<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = JsonObject<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<JsonObject<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(JsonObject)
            }
        }

        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use service::tenant::CreateTenant;

    fn refusal<T: DeserializeOwned>(body: &str) -> serde_json::Value {
        match parse::<T>(body.as_bytes()) {
            Ok(_) => serde_json::Value::Null,
            Err(problem) => serde_json::to_value(&problem).unwrap(),
        }
    }

    #[test]
    fn what_is_not_json_is_answered_with_its_place() {
        for (body, place) in [
            ("", "empty"),
            ("{", "line 1, column 1"),
            ("{\"name\":\n  nope}", "line 2, column"),
            ("{\"name\":\"a\"} x", "line 1, column 14"),
            ("\u{0}", "line 1, column 1"),
        ] {
            let problem = refusal::<CreateTenant>(body);
            assert_eq!(problem["code"], "malformed_json", "{body}");
            assert_eq!(problem["status"], 400, "{body}");
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains(place), "{detail}");
        }
    }

    #[test]
    fn a_wrong_field_is_named_with_what_to_do() {
        for (body, code, field) in [
            (r#"{"name":"a","colour":"red"}"#, "unknown_field", "colour"),
            (r#"{"net_lines":true}"#, "missing_field", "name"),
            (r#"{"name":"a","name":"b"}"#, "duplicate_field", "name"),
            (r#"{"name":1.5}"#, "wrong_type", "name"),
            (
                r#"{"name":"a","rounding_tolerance":0.05}"#,
                "wrong_type",
                "rounding_tolerance",
            ),
            (
                r#"{"name":"a","closed_period":"never"}"#,
                "invalid_value",
                "closed_period",
            ),
            (r#"{"name":"a\u0000b"}"#, "control_character", "name"),
            (r#"["a",null,null,null]"#, "wrong_type", ""),
            (r#""a""#, "wrong_type", ""),
        ] {
            let problem = refusal::<CreateTenant>(body);
            assert_eq!(problem["code"], code, "{body}");
            assert_eq!(problem["status"], 422, "{body}");
            assert_eq!(problem["errors"][0]["field"], field, "{body}");
        }
    }

    #[test]
    fn a_media_type_is_read_without_its_parameters() {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONTENT_TYPE,
            header::HeaderValue::from_static("Application/JSON; charset=utf-8"),
        );
        assert!(check_json(&headers).is_ok());
        assert!(check_json(&HeaderMap::new()).is_err());
    }
}
