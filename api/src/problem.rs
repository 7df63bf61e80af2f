//! What is said when something is wrong: a problem (RFC 9457) with a stable code and how to mend it, and no internals.

pub(crate) mod registry;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use serde::Serialize;
use service::access::Scope;
use service::error::Error;
use std::fmt;
use utoipa::ToSchema;

/// The media type of problems.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// Why a request was not met, as it is answered.
#[derive(Debug, Clone)]
pub struct Problem(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    body: Body,
    headers: Vec<(header::HeaderName, HeaderValue)>,
}

/// Why a request was not met (RFC 9457).
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Body {
    /// Names the kind of problem, and leads to what is known of it: `/problems/` and the code.
    #[schema(format = "uri-reference", example = "/problems/invalid_name")]
    r#type: String,
    /// The kind of problem in a few words.
    #[schema(example = "Invalid name")]
    title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599, example = 422)]
    status: u16,
    /// What is wrong and how to mend it.
    detail: String,
    /// Stable, for programs.
    #[schema(example = "invalid_name")]
    code: String,
    /// The fields that are wrong, where fields are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldProblem>,
    /// The results of the events, where every one of them was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, value_type = Vec<service::ingest::TakenEvent>)]
    results: Option<serde_json::Value>,
}

/// What is wrong with one field.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FieldProblem {
    /// Its path in the body, or the name of the parameter.
    #[schema(example = "events[3].transaction.lines[0].amount")]
    pub field: String,
    /// Stable, for programs.
    #[schema(example = "number_not_string")]
    pub code: String,
    /// What is wrong and how to mend it.
    pub detail: String,
}

impl Problem {
    /// A problem; its title and type follow from its code.
    pub fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            body: Body {
                r#type: format!("/problems/{code}"),
                title: title(code),
                status: status.as_u16(),
                detail: detail.into(),
                code: code.to_owned(),
                errors: Vec::new(),
                results: None,
            },
            headers: Vec::new(),
        }))
    }

    /// The same problem, naming a field that is wrong.
    #[must_use]
    pub fn with_field(mut self, field: impl Into<String>, code: &str, detail: &str) -> Self {
        self.0.body.errors.push(FieldProblem {
            field: field.into(),
            code: code.to_owned(),
            detail: detail.to_owned(),
        });
        self
    }

    /// What is wrong first of all: its code, its words, and the field, where it is one's.
    pub(crate) fn first(&self) -> (&str, &str, Option<&str>) {
        match self.0.body.errors.first() {
            Some(error) => {
                let field = Some(error.field.as_str()).filter(|field| !field.is_empty());
                (&error.code, &error.detail, field)
            }
            None => (&self.0.body.code, &self.0.body.detail, None),
        }
    }

    pub(crate) fn with_results(mut self, results: serde_json::Value) -> Self {
        self.0.body.results = Some(results);
        self
    }

    pub(crate) fn with_header(mut self, name: header::HeaderName, value: impl AsRef<str>) -> Self {
        self.0.headers.extend(
            HeaderValue::from_str(value.as_ref())
                .ok()
                .map(|value| (name, value)),
        );
        self
    }

    /// The body, for the OpenAPI document's examples.
    pub(crate) fn body(&self) -> &Body {
        &self.0.body
    }

    /// Nobody we know is calling; `detail` says how to.
    pub(crate) fn unauthenticated(detail: &str, presented: bool) -> Self {
        let challenge = if presented {
            "Bearer realm=\"tillpost\", error=\"invalid_token\""
        } else {
            "Bearer realm=\"tillpost\""
        };
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail)
            .with_header(header::WWW_AUTHENTICATE, challenge)
    }

    /// The credential lacks a scope.
    pub(crate) fn insufficient_scope(scope: Scope) -> Self {
        let detail = if scope.of_tenant() {
            format!(
                "this takes the scope `{0}`, which the credential does not have; use a key of the tenant that has `{0}`, \
                 or create one",
                scope.as_str()
            )
        } else {
            format!(
                "this takes the scope `{}`, which only the platform's own credential has",
                scope.as_str()
            )
        };
        Self::new(StatusCode::FORBIDDEN, "insufficient_scope", detail).with_header(
            header::WWW_AUTHENTICATE,
            format!(
                "Bearer realm=\"tillpost\", error=\"insufficient_scope\", scope=\"{}\"",
                scope.as_str()
            ),
        )
    }

    /// What was named is not there, or not the caller's: the same bytes for both.
    pub(crate) fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "what was named is not there, or is not yours; check the ids in the path and whose key you send",
        )
    }

    /// No route has this path.
    pub(crate) fn unknown_route() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "unknown_route",
            "there is nothing at this path; /openapi.json lists every operation, and /explorer/ shows them",
        )
    }

    /// The path is right, the method is not.
    pub(crate) fn method_not_allowed(allowed: &str) -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            format!("this path takes {allowed}"),
        )
        .with_header(header::ALLOW, allowed)
    }

    /// A content coding we do not speak is the only one accepted.
    pub(crate) fn coding_not_acceptable() -> Self {
        Self::new(
            StatusCode::NOT_ACCEPTABLE,
            "not_acceptable",
            "answers are sent as they are or with gzip; accept one of the two in Accept-Encoding",
        )
    }

    /// None of the kinds of body that the answer could have is accepted.
    pub(crate) fn not_acceptable(offered: &[String]) -> Self {
        Self::new(
            StatusCode::NOT_ACCEPTABLE,
            "not_acceptable",
            format!(
                "the answer is {}; accept it, or leave Accept out",
                offered.join(" or ")
            ),
        )
    }

    /// Our fault; the log tells an operator more under the request id.
    pub(crate) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "this is a mistake of ours; tell us the X-Request-Id of this answer, and try again later",
        )
    }

    /// The answer was given up; whatever was under way is undone.
    pub(crate) fn answer_too_slow() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "answer_too_slow",
            "the answer took too long and was given up; ask for less at once where that can be, or try again later",
        )
        .with_header(header::RETRY_AFTER, "30")
    }

    /// Something we need does not answer.
    pub(crate) fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
            .with_header(header::RETRY_AFTER, "5")
    }
}

// `malformed_json` is titled `Malformed JSON`.
fn title(code: &str) -> String {
    let words = code.replace('_', " ").replace("json", "JSON");
    let mut letters = words.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

impl From<Error> for Problem {
    /// Here is where errors end, so here they are logged, inside the request's span and its id.
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::not_found(),
            Error::Invalid {
                code,
                detail,
                field,
            } => {
                let problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, &detail);
                match field {
                    Some(field) => problem.with_field(field, code, &detail),
                    None => problem,
                }
            }
            Error::Conflict { code, detail } => Self::new(StatusCode::CONFLICT, code, detail),
            Error::Stale { code, detail } => {
                Self::new(StatusCode::PRECONDITION_FAILED, code, detail)
            }
            Error::QuickBooks { code, detail } => {
                tracing::warn!("{code}: {detail}");
                Self::new(StatusCode::BAD_GATEWAY, code, detail)
            }
            Error::Elsewhere { code, detail } => {
                tracing::warn!("{code}: {detail}");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail)
                    .with_header(header::RETRY_AFTER, "5")
            }
            Error::Unavailable(source) => {
                tracing::warn!("the database does not answer: {source}");
                Self::unavailable(
                    "our database does not answer at the moment; try again in a few seconds",
                )
            }
            Error::Internal(source) => {
                tracing::error!("internal error: {source}");
                Self::internal()
            }
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.body.code, self.0.body.detail)
    }
}

impl std::error::Error for Problem {}

impl Serialize for Problem {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.body.serialize(serializer)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.body.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponseBuilder::new(self.status_code());
        for (name, value) in &self.0.headers {
            response.insert_header((name.clone(), value.clone()));
        }
        response.content_type(MEDIA_TYPE).body(
            serde_json::to_vec(&self.0.body).expect("a problem holds texts, numbers and lists"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::MessageBody;

    fn json(problem: &Problem) -> serde_json::Value {
        let bytes = problem
            .error_response()
            .into_body()
            .try_into_bytes()
            .unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[test]
    fn an_invalid_request_names_its_field_and_how_to_mend_it() {
        let problem = Problem::from(Error::invalid(
            "invalid_name",
            "name",
            "too long: shorten it",
        ));
        assert_eq!(problem.status_code(), 422);
        assert_eq!(
            json(&problem),
            serde_json::json!({
                "type": "/problems/invalid_name",
                "title": "Invalid name",
                "status": 422,
                "detail": "too long: shorten it",
                "code": "invalid_name",
                "errors": [{"field": "name", "code": "invalid_name", "detail": "too long: shorten it"}],
            })
        );
    }

    #[test]
    fn an_internal_error_keeps_its_internals() {
        let problem = Problem::from(Error::internal("relation \"event\" does not exist"));
        assert_eq!(problem.status_code(), 500);
        assert!(!json(&problem).to_string().contains("relation"));
    }

    #[test]
    fn what_may_pass_by_itself_says_when_to_come_back() {
        let response = Problem::unavailable("later").error_response();
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers().get(header::RETRY_AFTER).unwrap(), "5");
        assert_eq!(
            response.headers().get(header::CONTENT_TYPE).unwrap(),
            MEDIA_TYPE
        );
    }

    #[test]
    fn a_missing_scope_is_named_in_words_and_in_the_challenge() {
        let response = Problem::insufficient_scope(Scope::EventsWrite).error_response();
        let challenge = response.headers().get(header::WWW_AUTHENTICATE).unwrap();
        assert!(
            challenge
                .to_str()
                .unwrap()
                .contains("scope=\"events:write\"")
        );
        let problem = Problem::insufficient_scope(Scope::EventsWrite);
        assert!(problem.to_string().contains("`events:write`"));
    }
}
