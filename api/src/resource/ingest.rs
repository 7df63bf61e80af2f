//! Taking events in: a JSON list, or a stream of lines.

use super::{Product, ndjson};
use crate::authorised::InTenant;
use crate::body::{self, BULK_BYTES_MAX};
use crate::problem::Problem;
use accounting::Event;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use service::ingest::{self, Taken, TakenEvent};
use utoipa::ToSchema;

/// Events to be taken in.
// What a caller writes; it is read as `Envelope`, so that each event is refused on its own.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TakeInEvents {
    /// The events; each gets its own result.
    #[schema(min_items = 1, max_items = 1000)]
    events: Vec<Event>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope<'a> {
    #[serde(borrow)]
    events: Vec<&'a RawValue>,
}

/// What became of the events.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TakenIn {
    /// One for each event, in the order of the request.
    pub(crate) results: Vec<TakenEvent>,
    /// How many were new.
    #[schema(example = 2)]
    pub(crate) accepted: usize,
    /// How many were known as they are.
    #[schema(example = 0)]
    pub(crate) duplicates: usize,
    /// How many were known and are replaced.
    #[schema(example = 0)]
    pub(crate) replaced: usize,
    /// How many were refused: their results say why.
    #[schema(example = 0)]
    pub(crate) refused: usize,
}

impl TakenIn {
    pub(crate) fn new(results: Vec<TakenEvent>) -> Self {
        let count = |wanted| {
            results
                .iter()
                .filter(|event| event.result == wanted)
                .count()
        };
        Self {
            accepted: count(Taken::Accepted),
            duplicates: count(Taken::Duplicate),
            replaced: count(Taken::Replaced),
            refused: count(Taken::Refused),
            results,
        }
    }
}

/// Take events in
///
/// As JSON, 1 to 1,000 events at once, or as NDJSON, one event a line and any number of lines. Each event is stored once by
/// its type and `external_id` and has its own result: sending it again is a `duplicate`, sending it changed replaces it as
/// long as it is not posted, and a `refused` one stands in no other's way. Amounts are decimal strings, never JSON numbers.
///
/// NDJSON is taken in by up to 1,000 lines at a time, and results are streamed back in order while the request is still
/// being read: read them as you send. Should the service fail midway, a last line names with `from_line` the first line that
/// was not taken in; send again from there.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant_id}/events", tag = "Events",
    request_body(content(
        (TakeInEvents = "application/json"),
        (Event = "application/x-ndjson")
    ), description = "A list of events, or one event a line"),
    responses((status = 200, description = "What became of each event", content(
        (TakenIn = "application/json"),
        (ndjson::Line = "application/x-ndjson")
    )))
)]
pub(crate) async fn take_in_events(
    product: Product,
    at: InTenant,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let payload = payload.into_inner();
    match body::media_type(request.headers()).as_str() {
        "application/json" => {
            let bytes = body::read(request.headers(), payload, BULK_BYTES_MAX).await?;
            let taken_in = take_in(&product, &at, &bytes).await?;
            Ok(HttpResponse::Ok().json(taken_in))
        }
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" => {
            let payload = body::coding::decoded(request.headers(), payload)?;
            ndjson::answer(product.0, at, payload).await
        }
        _ => Err(body::unsupported_media_type(&[
            "application/json",
            "application/x-ndjson",
        ])),
    }
}

async fn take_in(product: &Product, at: &InTenant, bytes: &[u8]) -> Result<TakenIn, Problem> {
    let events: Vec<_> = parse(bytes)?
        .iter()
        .map(|raw| Event::parse(raw.get().as_bytes()))
        .collect();
    let mut results = ingest::take_in(product, &at.caller, at.tenant, events).await?;
    for result in &mut results {
        locate(result);
    }
    let taken_in = TakenIn::new(results);
    if taken_in.refused == taken_in.results.len() {
        return Err(all_refused(&taken_in));
    }
    Ok(taken_in)
}

/// The events of a JSON body, each still unread.
fn parse(bytes: &[u8]) -> Result<Vec<&RawValue>, Problem> {
    let body::JsonObject(Envelope { events }) = body::from_json(bytes)?;
    if events.is_empty() {
        return Err(no_events());
    }
    Ok(events)
}

pub(super) fn no_events() -> Problem {
    body::invalid_body(
        "events",
        "no_events",
        "there is no event here; send at least one",
    )
}

// A path inside an event becomes a path inside the request.
fn locate(result: &mut TakenEvent) {
    if let Some(problem) = &mut result.problem {
        problem.field = Some(match problem.field.as_deref() {
            None | Some("") => format!("events[{}]", result.index),
            Some(field) => format!("events[{}].{field}", result.index),
        });
    }
}

/// Refused events named beside the results, for a caller that reads no further.
const NAMED_MAX: usize = 10;

// A caller that looks at nothing but the status learns that nothing was taken in.
fn all_refused(taken_in: &TakenIn) -> Problem {
    let problems: Vec<_> = taken_in
        .results
        .iter()
        .filter_map(|result| result.problem.as_ref())
        .collect();
    let first = problems.first().map_or_else(String::new, |problem| {
        format!(
            "; the first: `{}`: {}",
            problem.field.as_deref().unwrap_or_default(),
            problem.detail
        )
    });
    let detail = match taken_in.refused {
        1 => format!("the event was refused{first}"),
        count => format!("all {count} events were refused{first}"),
    };
    let problem = Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "all_events_refused",
        detail,
    );
    problems
        .into_iter()
        .take(NAMED_MAX)
        .fold(problem, |problem, one| {
            problem.with_field(
                one.field.as_deref().unwrap_or_default(),
                &one.code,
                &one.detail,
            )
        })
        .with_results(serde_json::json!(taken_in.results))
}

#[cfg(test)]
mod tests {
    use super::*;
    use service::ingest::IngestProblem;

    fn problem(body: &str) -> serde_json::Value {
        serde_json::to_value(parse(body.as_bytes()).unwrap_err()).unwrap()
    }

    #[test]
    fn the_list_is_read_and_its_events_are_not() {
        let events = parse(br#"{"events":[{"a":1.5,"a":2},7]}"#).unwrap();
        assert_eq!(events[0].get(), r#"{"a":1.5,"a":2}"#);
        assert_eq!(events[1].get(), "7");
    }

    #[test]
    fn what_is_wrong_with_the_list_is_said() {
        for (body, status, code) in [
            ("", 400, "malformed_json"),
            (r#"{"events":[{},}"#, 400, "malformed_json"),
            (r#"{"events":[]}"#, 422, "no_events"),
            (r#"{"events":{}}"#, 422, "wrong_type"),
            (r#"[{}]"#, 422, "wrong_type"),
            (r#"{}"#, 422, "missing_field"),
            (r#"{"event":[]}"#, 422, "unknown_field"),
            (r#"{"events":[],"events":[]}"#, 422, "duplicate_field"),
        ] {
            let problem = problem(body);
            assert_eq!(problem["status"], status, "{body}: {problem}");
            assert_eq!(problem["code"], code, "{body}: {problem}");
        }
        let broken = problem("{\"events\":[{},\n{\"a\":}]}");
        let detail = broken["detail"].as_str().unwrap();
        assert!(
            detail.contains("line 2") && detail.contains("events[1]"),
            "{detail}"
        );
    }

    #[test]
    fn when_every_event_is_refused_the_status_says_so_with_the_results() {
        let mut result = TakenEvent {
            index: 0,
            result: Taken::Refused,
            id: None,
            external_id: None,
            number: None,
            version: None,
            status: None,
            problem: Some(IngestProblem {
                code: "number_not_string".to_owned(),
                detail: "is a JSON number; write \"19.99\"".to_owned(),
                field: Some("transaction.lines[0].amount".to_owned()),
            }),
        };
        locate(&mut result);
        let problem = serde_json::to_value(all_refused(&TakenIn::new(vec![result]))).unwrap();
        assert_eq!(problem["status"], 422);
        assert_eq!(problem["code"], "all_events_refused");
        assert_eq!(
            problem["errors"][0]["field"],
            "events[0].transaction.lines[0].amount"
        );
        assert_eq!(problem["results"][0]["result"], "refused");
    }
}
