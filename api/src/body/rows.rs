//! Rows of a list that are each met or refused on their own: one that cannot be read stands in no other's way.

use super::{BULK_BYTES_MAX, JsonObject, check_json, from_json, parse, read};
use crate::problem::Problem;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer};
use serde_json::value::RawValue;
use service::mapping::MappingProblem;

/// A JSON object that holds such a list. What is not JSON, or not the list, is refused as a whole; what is wrong inside a row
/// is that row's.
pub(crate) struct BulkBody<T>(pub(crate) T);

impl<T: DeserializeOwned + 'static> FromRequest for BulkBody<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (headers, payload) = (request.headers().clone(), payload.take());
        async move {
            check_json(&headers)?;
            let bytes = read(&headers, payload, BULK_BYTES_MAX).await?;
            from_json::<JsonObject<T>>(&bytes).map(|JsonObject(value)| Self(value))
        }
        .boxed_local()
    }
}

/// A row of the list: what it asks for, or why it cannot be read.
#[derive(Debug, Clone)]
pub(crate) struct Row<T>(pub(crate) Result<T, MappingProblem>);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Row<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self(
            parse::<T>(text.get().as_bytes()).map_err(|problem| of_row(&problem)),
        ))
    }
}

fn of_row(problem: &Problem) -> MappingProblem {
    let (code, detail, field) = problem.first();
    MappingProblem {
        code: code.to_owned(),
        detail: match field {
            Some(_) => detail.to_owned(),
            None => format!("the row: {detail}"),
        },
        field: field.map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use service::mapping::SetMapping;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Rows {
        mappings: Vec<Row<SetMapping>>,
    }

    #[test]
    fn a_row_that_cannot_be_read_says_why_and_leaves_the_others_alone() {
        let id = "acc_01jd5zk8x9e3qr0v7m2c4n6p8t";
        let rows = [
            (
                r#"{"slot":"revenue","account_id":"x"}"#,
                "invalid_value",
                Some("account_id"),
            ),
            (r#"{"slot":5,"account_id":"x"}"#, "wrong_type", Some("slot")),
            (r#"{"slot":"revenue"}"#, "missing_field", Some("account_id")),
            (
                r#"{"slot":"revenue","slot":"deposit"}"#,
                "duplicate_field",
                Some("slot"),
            ),
            (
                r#"{"slot":"revenue","colour":"red"}"#,
                "unknown_field",
                Some("colour"),
            ),
            (r#"["revenue"]"#, "wrong_type", None),
            ("null", "wrong_type", None),
        ];
        let sound = format!(r#"{{"slot":"revenue","account_id":"{id}"}}"#);
        let control = format!(r#"{{"slot":"revenue","key":"a\u0000b","account_id":"{id}"}}"#);
        let texts = rows.iter().map(|(text, _, _)| *text);
        let texts: Vec<_> = texts.chain([control.as_str(), &sound]).collect();
        let body = format!(r#"{{"mappings":[{}]}}"#, texts.join(","));
        let read = from_json::<JsonObject<Rows>>(body.as_bytes()).unwrap().0;
        let told: Vec<_> = read
            .mappings
            .iter()
            .map(|Row(row)| {
                let problem = row.as_ref().err();
                problem.map(|problem| (problem.code.as_str(), problem.field.as_deref()))
            })
            .collect();
        let expected = rows.iter().map(|(_, code, field)| Some((*code, *field)));
        let control = Some(("control_character", Some("key")));
        assert_eq!(told, expected.chain([control, None]).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_no_list_or_no_json_is_refused_as_a_whole() {
        for body in [
            r#"{"mappings":{}}"#,
            r#"{"mappings":[{]}"#,
            r#"{"rows":[]}"#,
        ] {
            assert!(
                from_json::<JsonObject<Rows>>(body.as_bytes()).is_err(),
                "{body}"
            );
        }
    }
}
