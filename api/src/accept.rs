//! In which form an answer is wanted: whether we have it, and which it is where there are two.

use crate::document;
use crate::problem::Problem;
use actix_web::dev::Payload;
use actix_web::http::header::{self, Header};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use std::collections::HashMap;
use std::future::{Ready, ready};
use std::sync::LazyLock;

/// The form an answer is wanted in: JSON, unless `Accept` names `text/csv` before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accept {
    Json,
    Csv,
}

impl FromRequest for Accept {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let accept = request
            .headers()
            .get(header::ACCEPT)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        ready(Ok(read(accept)))
    }
}

// The first of the two that is named decides; whoever names neither gets JSON.
fn read(accept: &str) -> Accept {
    accept
        .split(',')
        .map(|range| range.split(';').next().unwrap_or_default().trim())
        .find_map(|range| match range.to_ascii_lowercase().as_str() {
            "text/csv" => Some(Accept::Csv),
            "application/json" | "application/*" | "*/*" => Some(Accept::Json),
            _ => None,
        })
        .unwrap_or(Accept::Json)
}

/// The kinds of body that each operation's good answers have, as the document says.
static OFFERED: LazyLock<HashMap<String, Vec<String>>> = LazyLock::new(document::kinds);

/// Refuses a caller that takes none of the kinds of body that the operation answers with. Problems are answered as problems,
/// whatever is accepted.
///
/// # Errors
/// `not_acceptable`, naming what there is.
pub(crate) fn check(request: &impl HttpMessage, operation: &str) -> Result<(), Problem> {
    if !request.headers().contains_key(header::ACCEPT) {
        return Ok(());
    }
    // What cannot be read asks for nothing in particular.
    let Ok(header::Accept(ranges)) = header::Accept::parse(request) else {
        return Ok(());
    };
    let offered = OFFERED
        .get(operation)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let takes = |kind: &String| {
        let (main, sub) = kind.split_once('/').unwrap_or((kind, ""));
        let quality = ranges
            .iter()
            .filter_map(|range| {
                let (wanted, wanted_sub) =
                    (range.item.type_().as_str(), range.item.subtype().as_str());
                let exactness = match (wanted, wanted_sub) {
                    ("*", "*") => 0,
                    (wanted, "*") if wanted == main => 1,
                    (wanted, wanted_sub) if wanted == main && wanted_sub == sub => 2,
                    _ => return None,
                };
                Some((exactness, range.quality > header::Quality::ZERO))
            })
            .max_by_key(|(exactness, _)| *exactness);
        quality.is_some_and(|(_, wanted)| wanted)
    };
    if offered.is_empty() || ranges.is_empty() || offered.iter().any(takes) {
        return Ok(());
    }
    Err(Problem::not_acceptable(offered))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn csv_is_answered_to_whoever_names_it_first() {
        for accept in ["text/csv", "text/csv; q=0.9, */*", "text/html, Text/CSV"] {
            assert_eq!(read(accept), Accept::Csv, "{accept}");
        }
        for accept in ["", "*/*", "application/json, text/csv", "text/html"] {
            assert_eq!(read(accept), Accept::Json, "{accept}");
        }
    }

    #[test]
    fn whoever_takes_no_kind_that_there_is_is_told_which_there_are() {
        let asked = |operation, accept: &'static str| {
            let request = TestRequest::default().insert_header((header::ACCEPT, accept));
            check(&request.to_srv_request(), operation)
        };
        for accept in [
            "*/*",
            "application/*;q=0.1, text/html",
            "application/json; charset=utf-8",
            "text/html, application/xhtml+xml, */*;q=0.8",
            "nonsense",
        ] {
            assert!(asked("list_events", accept).is_ok(), "{accept}");
        }
        for accept in [
            "text/html",
            "image/*",
            "application/json;q=0, text/csv",
            "*/*;q=0",
        ] {
            let problem = asked("list_events", accept).unwrap_err().to_string();
            assert!(problem.contains("application/json"), "{accept}: {problem}");
        }
        assert!(asked("export_events", "application/json").is_err());
        assert!(asked("export_events", "text/csv").is_ok());
        // What answers without a body has nothing to be unacceptable.
        assert!(asked("clear_mapping", "text/html").is_ok());
    }
}
