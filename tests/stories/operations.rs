//! The operations of the API as its own document lists them, and a sound body for each that takes one. Stories that must
//! reach every operation go through here, so that a new one cannot be forgotten.

use reqwest::Method;
use serde_json::{Value, json};

/// One operation of the API.
#[derive(Clone, Debug)]
pub struct Operation {
    pub id: String,
    pub method: Method,
    /// As the document spells it, its parameters in braces.
    pub path: String,
    pub query: Vec<String>,
    /// The names of its headers.
    pub headers: Vec<String>,
    /// The fields of its form, where it takes one.
    pub form: Vec<String>,
    /// The path of every id in the JSON body, as in `mappings[].account_id`.
    pub ids_in_body: Vec<String>,
    pub takes_body: bool,
}

impl Operation {
    /// The names of the parameters in the path.
    pub fn in_path(&self) -> Vec<&str> {
        self.path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
            .collect()
    }

    /// Whether a credential is asked for.
    pub fn is_guarded(&self) -> bool {
        service::access::scope_of(&self.id).is_some()
    }

    /// The path with its parameters filled in, and the query it cannot do without.
    pub fn filled(&self, value: impl Fn(&str) -> String) -> String {
        let path = self
            .in_path()
            .into_iter()
            .fold(self.path.clone(), |path, name| {
                path.replace(&format!("{{{name}}}"), &value(name))
            });
        match self.id.as_str() {
            "forget_known_key" => format!("{path}?kind=payment_type&key=voucher"),
            _ => path,
        }
    }

    /// A sound body, where the operation takes one. An operation that is not known here fails its story.
    pub fn body(&self, account_id: &str) -> Option<Value> {
        if !self.takes_body {
            return None;
        }
        Some(match self.id.as_str() {
            "create_tenant" => json!({
                "name": "Hillside", "rounding_tolerance": "0.05", "net_lines": false, "closed_period": "fail",
            }),
            "update_tenant" => {
                json!({ "name": "Hillside", "status": "active", "rounding_tolerance": "0.05" })
            }
            "create_api_key" => {
                json!({ "name": "another", "scopes": ["events:read"], "expires_at": "2099-01-01T00:00:00Z" })
            }
            "rotate_api_key" => json!({ "overlap_hours": 1, "expires_at": "2099-01-01T00:00:00Z" }),
            "create_member" => {
                json!({ "subject": "somebody|1", "role": "read_only", "name": "Somebody" })
            }
            "update_member" => json!({ "name": "The same" }),
            // As JSON it is refused, and says so.
            "issue_token" => json!({ "grant_type": "client_credentials" }),
            "create_connection_link" => json!({ "expires_in_hours": 24 }),
            "create_authorization_request" => json!({ "allow_company_change": false }),
            "set_mapping" => {
                json!({ "slot": "revenue", "key": "books", "location": "boston", "account_id": account_id })
            }
            "set_mappings" => json!({
                "mappings": [{ "slot": "revenue", "key": "books", "location": "boston", "account_id": account_id }],
            }),
            "clear_mappings" => {
                let id = account_id.replace("acc_", "map_");
                json!({ "mappings": [{ "mapping_id": id }] })
            }
            "set_location_mappings" => {
                // Of an account's id no more is meant than that nobody's Location or Class has it.
                let id = account_id.replace("acc_", "dim_");
                json!({ "mappings": [{ "location": "boston", "quickbooks_location_id": id, "quickbooks_class_id": id }] })
            }
            "create_account_creation" => json!({
                "name": "Books Clearing", "number": "1999", "account_type": "Other Current Asset",
                "account_sub_type": "OtherCurrentAssets", "map_to": { "slot": "payment", "key": "books" },
            }),
            "apply_mapping_suggestions" => json!({
                "rows": [{ "slot": "revenue", "key": "books", "account_id": account_id }],
            }),
            "declare_known_keys" => {
                json!({ "keys": [{ "kind": "payment_type", "key": "voucher" }] })
            }
            "take_in_events" => json!({ "events": [event()] }),
            "retry_failed_events" => json!({ "problem_code": "missing_mappings" }),
            "dry_run_past_sync" => json!({ "from_date": "2026-09-01", "to_date": "2026-12-31" }),
            "update_settings" => json!({ "closed_period": "first_open_day", "net_lines": false }),
            "create_reconciliation" => {
                json!({ "from_date": "2026-09-01", "to_date": "2026-12-31", "reads_per_day": 50 })
            }
            "create_webhook_endpoint" => {
                json!({ "url": "http://127.0.0.1:9/", "description": "another", "types": ["alert.opened"] })
            }
            "update_webhook_endpoint" => json!({ "description": "the same", "enabled": true }),
            "rotate_webhook_secret" => json!({ "overlap_hours": 1 }),
            "replay_webhook_messages" => json!({ "from_number": 1, "to_number": 3 }),
            "create_past_sync" => json!({ "from_date": "2026-09-01", "to_date": "2026-09-30" }),
            other => panic!("say here what a sound body of {other} is"),
        })
    }
}

/// An event with every text an event can have.
pub fn event() -> Value {
    json!({
        "external_id": "sale-1",
        "number": "660001",
        "occurred_at": "2026-11-20T18:22:05-05:00",
        "business_date": "2026-11-20",
        "location": "boston",
        "currency": "USD",
        "memo": "a sale",
        "transaction": {
            "type": "ticket",
            "lines": [
                {
                    "kind": "item", "item_class": "apparel", "quantity": "1", "amount": "45.00", "unit_cost": "20.00",
                    "fulfilment_location": "boston",
                },
                { "kind": "tax", "jurisdiction": "ma", "amount": "3.00" },
                { "kind": "shipping", "method": "post", "amount": "2.00" },
            ],
            "payments": [{ "kind": "tender", "payment_type": "cash", "amount": "50.00" }],
        },
    })
}

/// Every operation of the document.
pub fn operations() -> Vec<Operation> {
    let document = serde_json::to_value(api::openapi()).unwrap();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (verb, operation) in item.as_object().unwrap() {
            let Ok(
                method
                @ (Method::GET | Method::POST | Method::PUT | Method::PATCH | Method::DELETE),
            ) = verb.to_uppercase().parse::<Method>()
            else {
                continue;
            };
            let parameters = |place: &str| {
                let all = operation["parameters"].as_array().into_iter().flatten();
                all.filter(|parameter| parameter["in"] == place)
                    .map(|parameter| parameter["name"].as_str().unwrap().to_owned())
                    .collect::<Vec<_>>()
            };
            let (query, headers) = (parameters("query"), parameters("header"));
            let form = &operation["requestBody"]["content"]["application/x-www-form-urlencoded"];
            let form = form["schema"]["$ref"].as_str().map(|reference| {
                let schema = document.pointer(reference.trim_start_matches('#')).unwrap();
                schema["properties"]
                    .as_object()
                    .unwrap()
                    .keys()
                    .cloned()
                    .collect()
            });
            let mut ids_in_body = Vec::new();
            let body = &operation["requestBody"]["content"]["application/json"]["schema"];
            ids(&document, body, "", &mut ids_in_body);
            operations.push(Operation {
                id: operation["operationId"].as_str().unwrap().to_owned(),
                method,
                path: path.clone(),
                query,
                headers,
                form: form.unwrap_or_default(),
                ids_in_body,
                takes_body: operation["requestBody"].is_object(),
            });
        }
    }
    assert!(operations.len() > service::access::OPERATIONS.len());
    operations
}

// Ids are what has a pattern of our ids.
fn ids(document: &Value, schema: &Value, path: &str, found: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        return ids(
            document,
            document.pointer(reference.trim_start_matches('#')).unwrap(),
            path,
            found,
        );
    }
    if schema["pattern"]
        .as_str()
        .is_some_and(|pattern| pattern.contains("_[0-7][0-9a-hjkmnp-tv-z]{25}"))
    {
        found.push(path.to_owned());
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let dot = if path.is_empty() { "" } else { "." };
        ids(document, property, &format!("{path}{dot}{name}"), found);
    }
    ids_of(document, &schema["items"], &format!("{path}[]"), found);
    for union in ["oneOf", "anyOf", "allOf"] {
        for member in schema[union].as_array().into_iter().flatten() {
            ids(document, member, path, found);
        }
    }
}

fn ids_of(document: &Value, items: &Value, path: &str, found: &mut Vec<String>) {
    if items.is_object() {
        ids(document, items, path, found);
    }
}
