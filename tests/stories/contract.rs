//! Every answer that a story sees is one that the OpenAPI document declares: the status, the kind of body, and every field.

use crate::world::Answer;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, LazyLock, Mutex};

static CONTRACT: LazyLock<Contract> = LazyLock::new(Contract::read);

struct Contract {
    paths: Vec<(Vec<String>, Value)>,
    components: Value,
    validators: Mutex<HashMap<String, Arc<jsonschema::Validator>>>,
}

// The types of problems that lead somewhere.
static TYPES: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let document = serde_json::to_value(api::openapi()).unwrap();
    let example = &document["paths"]["/problems"]["get"]["responses"]["200"]["content"]["application/json"]
        ["examples"];
    let kinds = &example.as_object().unwrap().values().next().unwrap()["value"]["items"];
    let types = kinds.as_array().unwrap().iter();
    types
        .map(|kind| kind["type"].as_str().unwrap().to_owned())
        .collect()
});

/// Fails the story when the document does not declare this answer.
pub fn check(method: &Method, path: &str, answer: &Answer) {
    if let Some(code) = answer
        .code()
        .filter(|_| answer.content_type().ends_with("problem+json"))
    {
        let kind = answer.json()["type"].as_str().unwrap().to_owned();
        assert!(
            TYPES.contains(&kind),
            "{kind} leads nowhere: `{code}` has no row in problem/registry.rs"
        );
    }
    // The parts of the explorer's page are files, not operations.
    if path.starts_with("/explorer") {
        return;
    }
    let at = format!("{method} {path}: {} {}", answer.status, answer.text());
    let Some(item) = CONTRACT.item(path) else {
        assert_eq!(
            (answer.status.as_u16(), answer.code()),
            (404, Some("unknown_route".into())),
            "{at}"
        );
        return;
    };
    // What may be done once only is not asked for on trial.
    if *method == Method::HEAD && answer.status == StatusCode::METHOD_NOT_ALLOWED {
        return;
    }
    let verb = if *method == Method::HEAD {
        "get"
    } else {
        &method.as_str().to_lowercase()
    };
    // What a browser asks beforehand for a page of another site is its own affair.
    if *method == Method::OPTIONS && answer.status == StatusCode::NO_CONTENT {
        return;
    }
    let operation = &item[verb];
    if !operation.is_object() {
        assert_eq!(
            (answer.status.as_u16(), answer.code()),
            (405, Some("method_not_allowed".into())),
            "{at}"
        );
        return;
    }
    let declared = &operation["responses"];
    let response = [
        answer.status.as_str().to_owned(),
        format!("{}XX", answer.status.as_u16() / 100),
        "default".into(),
    ]
    .iter()
    .map(|status| &declared[status])
    .find(|response| response.is_object())
    .unwrap_or_else(|| {
        panic!(
            "{at}: the document declares no such status for {}",
            operation["operationId"]
        )
    });
    let response = CONTRACT.resolved(response);
    if answer.bytes.is_empty() {
        let bodiless = *method == Method::HEAD
            || response["content"]
                .as_object()
                .is_none_or(|content| content.is_empty());
        assert!(bodiless, "{at}: the document declares a body");
        return;
    }
    let kind = answer.content_type();
    let content = &response["content"][&kind];
    assert!(
        content.is_object(),
        "{at}: the document does not declare {kind} for {}",
        operation["operationId"]
    );
    let lines: Vec<&[u8]> = match kind.as_str() {
        "application/x-ndjson" => answer
            .bytes
            .split(|&byte| byte == b'\n')
            .filter(|line| !line.is_empty())
            .collect(),
        "application/json" | "application/problem+json" => vec![&answer.bytes],
        _ => return,
    };
    for line in lines {
        let value: Value =
            serde_json::from_slice(line).unwrap_or_else(|error| panic!("{at}: {error}"));
        let validator = CONTRACT.validator(&content["schema"]);
        let errors: Vec<_> = validator
            .iter_errors(&value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(
            errors.is_empty(),
            "{at}: is not what the document declares: {errors:#?}"
        );
    }
}

/// Fails the story when the document does not describe such a message to the outside.
pub fn check_message(message: &Value) {
    let document = serde_json::to_value(api::openapi()).unwrap();
    let kind = message["type"].as_str().unwrap();
    let content = &document["webhooks"][kind]["post"]["requestBody"]["content"]["application/json"];
    assert!(content.is_object(), "{kind} is not described");
    let validator = CONTRACT.validator(&content["schema"]);
    let errors: Vec<_> = validator
        .iter_errors(message)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{message:#}: {errors:#?}");
}

impl Contract {
    fn read() -> Self {
        let document = serde_json::to_value(api::openapi()).unwrap();
        let paths = document["paths"].as_object().unwrap();
        let mut paths: Vec<_> = paths
            .iter()
            .map(|(path, item)| (parts(path), item.clone()))
            .collect();
        // Words before parameters, as the routes are.
        paths.sort_by_key(|(parts, _)| {
            parts
                .iter()
                .map(|part| part.starts_with('{'))
                .collect::<Vec<_>>()
        });
        Self {
            paths,
            components: closed(document["components"].clone()),
            validators: Mutex::default(),
        }
    }

    fn item(&self, path: &str) -> Option<&Value> {
        let wanted = parts(path);
        self.paths
            .iter()
            .find(|(parts, _)| {
                parts.len() == wanted.len()
                    && parts.iter().zip(&wanted).all(|(part, word)| {
                        part == word || (part.starts_with('{') && !word.is_empty())
                    })
            })
            .map(|(_, item)| item)
    }

    fn resolved<'a>(&'a self, response: &'a Value) -> &'a Value {
        match response["$ref"].as_str() {
            Some(reference) => self
                .components
                .pointer(reference.trim_start_matches("#/components"))
                .unwrap(),
            None => response,
        }
    }

    fn validator(&self, schema: &Value) -> Arc<jsonschema::Validator> {
        let make = || {
            let whole = json!({ "allOf": [schema], "components": self.components });
            Arc::new(jsonschema::validator_for(&whole).unwrap())
        };
        self.validators
            .lock()
            .unwrap()
            .entry(schema.to_string())
            .or_insert_with(make)
            .clone()
    }
}

fn parts(path: &str) -> Vec<String> {
    path.split('/').map(str::to_owned).collect()
}

// A field that the document does not name is an undeclared one: objects are closed, except where they are parts of others.
fn closed(mut components: Value) -> Value {
    let parts = parts_of_others(&components);
    for (name, schema) in components["schemas"].as_object_mut().unwrap() {
        if !parts.contains(name)
            && schema.get("additionalProperties").is_none()
            && schema.get("oneOf").is_none()
        {
            schema["unevaluatedProperties"] =
                json!(schema.get("properties").is_none() && schema.get("allOf").is_none());
        }
    }
    components
}

fn parts_of_others(schema: &Value) -> BTreeSet<String> {
    match schema {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| {
                let named = (name == "allOf")
                    .then(|| value.as_array().unwrap())
                    .into_iter()
                    .flatten()
                    .filter_map(|member| {
                        Some(member["$ref"].as_str()?.rsplit('/').next()?.to_owned())
                    });
                named.chain(parts_of_others(value)).collect::<Vec<_>>()
            })
            .collect(),
        Value::Array(elements) => elements.iter().flat_map(parts_of_others).collect(),
        _ => BTreeSet::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16, kind: &str, body: &str) {
        let headers = [("content-type".parse().unwrap(), kind.parse().unwrap())];
        let answer = Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: headers.into_iter().collect(),
            bytes: body.into(),
        };
        check(&Method::GET, "/healthz", &answer);
    }

    #[test]
    fn a_declared_answer_passes() {
        answered(200, "application/json", r#"{"status":"ok"}"#);
    }

    #[test]
    #[should_panic(expected = "is not what the document declares")]
    fn a_field_that_is_not_declared_is_found() {
        answered(200, "application/json", r#"{"status":"ok","more":1}"#);
    }

    #[test]
    #[should_panic(expected = "is not what the document declares")]
    fn a_field_that_is_missing_is_found() {
        answered(200, "application/json", "{}");
    }

    #[test]
    #[should_panic(expected = "declares no such status")]
    fn a_status_that_is_not_declared_is_found() {
        answered(201, "application/json", r#"{"status":"ok"}"#);
    }

    #[test]
    #[should_panic(expected = "does not declare text/html")]
    fn a_kind_of_body_that_is_not_declared_is_found() {
        answered(200, "text/html", "ok");
    }
}
