//! In which form an answer is wanted, where there are two.

use crate::problem::Problem;
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest};
use std::future::{Ready, ready};

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_is_answered_to_whoever_names_it_first() {
        for accept in ["text/csv", "text/csv; q=0.9, */*", "text/html, Text/CSV"] {
            assert_eq!(read(accept), Accept::Csv, "{accept}");
        }
        for accept in ["", "*/*", "application/json, text/csv", "text/html"] {
            assert_eq!(read(accept), Accept::Json, "{accept}");
        }
    }
}
