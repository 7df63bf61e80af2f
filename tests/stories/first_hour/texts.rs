//! Every text and every field of every operation, with what does not belong there.

use super::{no_internals, says};
use crate::operations::operations;
use crate::retailers::Retailer;
use crate::world::{PLATFORM_KEY, World};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Lists whose rows are each met or refused on their own: the row is refused.
const ROW_BY_ROW: [&str; 5] = [
    "apply_mapping_suggestions",
    "clear_mappings",
    "declare_known_keys",
    "set_mappings",
    "set_location_mappings",
];

/// U+0000 breaks databases and line breaks break logs: no text of a request may carry them further than the door.
#[tokio::test]
async fn control_characters_are_refused_wherever_a_text_can_stand() {
    let world = World::new().await;
    let retailer = Retailer::new(&world, "harbour").await;
    let store = &retailer.tenant;
    let mut texts = 0;
    for operation in operations()
        .into_iter()
        .filter(|operation| operation.id != "disconnect")
    {
        let path = operation.filled(|name| {
            retailer
                .ids
                .get(name)
                .map_or_else(|| "alr_x".into(), |ids| ids[0].clone())
        });
        let key = if operation.path.starts_with("/v1/tenants/{tenant_id}/") {
            store.key.as_str()
        } else {
            PLATFORM_KEY
        };
        let bare = path.split('?').next().unwrap();
        for parameter in &operation.query {
            for sent in ["%00", "a%00b", "%0a", "%7f"] {
                let others: String = operation
                    .query
                    .iter()
                    .filter(|name| *name == "state" || *name == "outcome")
                    .fold(String::new(), |mut others, name| {
                        if name != parameter {
                            write!(others, "&{name}=x").unwrap();
                        }
                        others
                    });
                let request = world.request(
                    operation.method.clone(),
                    &format!("{bare}?{parameter}={sent}{others}"),
                    key,
                );
                says(
                    &world.answer(request).await,
                    400,
                    "invalid_parameter",
                    &[parameter],
                );
                texts += 1;
            }
        }
        // A request for a token is a form; what it may hold is told where tokens are.
        let body = operation.body(&retailer.ids["account_id"][0]);
        let Some(body) = body.filter(|_| operation.id != "issue_token") else {
            continue;
        };
        let mut places = Vec::new();
        strings(&body, String::new(), &mut places);
        for place in places {
            for character in ['\u{0}', '\u{1b}', '\u{7f}', '\u{85}'] {
                let mut unclean = body.clone();
                let text = unclean
                    .pointer(&place)
                    .unwrap()
                    .as_str()
                    .unwrap()
                    .to_owned();
                *unclean.pointer_mut(&place).unwrap() = json!(format!("{text}{character}"));
                let answer = world
                    .answer(
                        world
                            .request(operation.method.clone(), &path, key)
                            .json(&unclean),
                    )
                    .await;
                if ROW_BY_ROW.contains(&operation.id.as_str()) {
                    let row = answer.json()["results"][0].clone();
                    assert!(row["problem"].is_object(), "{place}: {row:#}");
                } else {
                    assert_eq!(
                        answer.status,
                        StatusCode::UNPROCESSABLE_ENTITY,
                        "{} {place}: {}",
                        operation.id,
                        answer.text()
                    );
                }
                no_internals(&answer);
                texts += 1;
            }
        }
    }
    assert!(texts > 100, "{texts}");
}

fn strings(value: &Value, path: String, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(path),
        Value::Array(elements) => {
            elements
                .iter()
                .enumerate()
                .for_each(|(place, element)| strings(element, format!("{path}/{place}"), found));
        }
        Value::Object(fields) => fields
            .iter()
            .for_each(|(name, value)| strings(value, format!("{path}/{name}"), found)),
        _ => {}
    }
}

/// Every field of every body, with something else in it: refused or taken, never our fault.
#[tokio::test]
async fn nothing_that_stands_in_a_body_breaks_us() {
    let world = World::new().await;
    let retailer = Retailer::new(&world, "harbour").await;
    for operation in operations() {
        let Some(body) = operation.body(&retailer.ids["account_id"][0]) else {
            continue;
        };
        let path = operation.filled(|name| retailer.ids[name][0].clone());
        let key = if operation.path.starts_with("/v1/tenants/{tenant_id}/") {
            retailer.tenant.key.as_str()
        } else {
            PLATFORM_KEY
        };
        let mut places = Vec::new();
        every_place(&body, String::new(), &mut places);
        for place in places {
            for other in [
                "null",
                "true",
                "[]",
                "{}",
                "\"\"",
                "-1",
                "0.1",
                "1e400",
                "99999999999999999999",
                "\"9999-12-31T23:59:59Z\"",
                "\"-262000-01-01T00:00:00Z\"",
                "\"+262142-12-31\"",
                "\"😀\"",
                "\"\\ud800\"",
                "[[[[]]]]",
            ] {
                let mut changed = body.clone();
                *changed.pointer_mut(&place).unwrap() = json!("(here)");
                let text = changed.to_string().replace("\"(here)\"", other);
                let request = world
                    .request(operation.method.clone(), &path, key)
                    .header("content-type", "application/json");
                let answer = world.answer(request.body(text.clone())).await;
                assert!(
                    answer.status.as_u16() < 500,
                    "{} {text}: {}",
                    operation.id,
                    answer.text()
                );
                no_internals(&answer);
            }
        }
    }
}

fn every_place(value: &Value, path: String, found: &mut Vec<String>) {
    match value {
        Value::Array(elements) => {
            elements.iter().enumerate().for_each(|(place, element)| {
                every_place(element, format!("{path}/{place}"), found)
            });
        }
        Value::Object(fields) => fields
            .iter()
            .for_each(|(name, value)| every_place(value, format!("{path}/{name}"), found)),
        _ => {}
    }
    found.push(path);
}
