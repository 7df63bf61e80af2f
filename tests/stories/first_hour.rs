//! A new user's first hour: whatever they get wrong, the answer says what it is and how to mend it, and it is never our fault.

use crate::lab::Lab;
use crate::operations::{event, operations};
use crate::retailers::Retailer;
use crate::world::{Answer, PLATFORM_KEY, Tenant, World};
use chrono::TimeDelta;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The answer is this problem, and its words name the thing and the cure.
fn says(answer: &Answer, status: u16, code: &str, words: &[&str]) {
    let body = answer.json();
    assert_eq!(
        (
            answer.status.as_u16(),
            body["code"].as_str().unwrap_or_default()
        ),
        (status, code),
        "{}",
        answer.text()
    );
    assert_eq!(answer.content_type(), "application/problem+json");
    assert_eq!(body["status"], status);
    assert!(!answer.header("x-request-id").is_empty());
    let detail = body["detail"].as_str().unwrap();
    for word in words {
        assert!(detail.contains(word), "`{word}` is not said: {detail}");
    }
    no_internals(answer);
}

fn no_internals(answer: &Answer) {
    let text = answer.text().to_lowercase();
    for word in [
        "sqlx",
        "postgres",
        "relation \"",
        "panick",
        "tillpost_app",
        ".rs:",
        "constraint",
    ] {
        assert!(!text.contains(word), "`{word}` is shown: {text}");
    }
}

async fn get(store: &Tenant<'_>, path: &str) -> Answer {
    store
        .world
        .answer(
            store
                .world
                .request(Method::GET, &store.path(path), &store.key),
        )
        .await
}

async fn send(store: &Tenant<'_>, method: Method, path: &str, body: Value) -> Answer {
    store
        .world
        .answer(
            store
                .world
                .request(method, &store.path(path), &store.key)
                .json(&body),
        )
        .await
}

/// A body as it is typed, JSON or not.
async fn typed(
    store: &Tenant<'_>,
    path: &str,
    kind: &str,
    body: impl Into<reqwest::Body>,
) -> Answer {
    let request = store
        .world
        .request(Method::POST, &store.path(path), &store.key);
    store
        .world
        .answer(request.header("content-type", kind).body(body))
        .await
}

#[tokio::test]
async fn a_key_that_does_not_hold_says_so_and_a_key_without_a_scope_names_it() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let url = world.base.join(&store.path("/sync")).unwrap();
    let missing = world.answer(world.http().get(url.clone())).await;
    says(&missing, 401, "unauthenticated", &["Authorization: Bearer"]);
    assert_eq!(
        missing.header("www-authenticate"),
        "Bearer realm=\"tillpost\""
    );
    for header in ["Basic dTpw", "Bearer", "Bearer a b", store.key.as_str()] {
        let answer = world
            .answer(
                world
                    .http()
                    .get(url.clone())
                    .header("authorization", header),
            )
            .await;
        says(&answer, 401, "unauthenticated", &["Authorization: Bearer"]);
    }
    let mut mistyped = store.key.clone();
    mistyped.replace_range(12..13, if &store.key[12..13] == "z" { "y" } else { "z" });
    for wrong in [
        "wrong",
        "tp_test_x_y_z",
        &mistyped,
        &store.key.to_uppercase(),
        &store.key.replace("tp_test", "tp_live"),
    ] {
        let answer = world
            .answer(world.request(Method::GET, &store.path("/sync"), wrong))
            .await;
        says(&answer, 401, "unauthenticated", &["key does not hold"]);
        assert!(answer.header("www-authenticate").contains("invalid_token"));
    }

    let reader = store
        .post(
            "/api-keys",
            json!({ "name": "reader", "scopes": ["sync:read"] }),
        )
        .await;
    let caller = Tenant {
        world: &world,
        id: store.id,
        key: reader["secret"].as_str().unwrap().into(),
    };
    assert_eq!(get(&caller, "/sync").await.status, StatusCode::OK);
    let answer = send(&caller, Method::POST, "/sync/start", json!({})).await;
    says(
        &answer,
        403,
        "insufficient_scope",
        &["`sync:manage`", "create one"],
    );
    assert!(
        answer
            .header("www-authenticate")
            .contains("scope=\"sync:manage\"")
    );

    // Revoked: the very next request is refused.
    let path = format!("/api-keys/{}", reader["id"].as_str().unwrap());
    assert!(
        send(&store, Method::DELETE, &path, json!({}))
            .await
            .status
            .is_success()
    );
    says(
        &get(&caller, "/sync").await,
        401,
        "unauthenticated",
        &["revoked"],
    );

    let soon = store.post("/sync/stop", json!({})).await;
    assert!(soon["state"].is_string());
    let expires_at = (world.now().await + TimeDelta::minutes(1)).to_rfc3339();
    let short = store
        .post(
            "/api-keys",
            json!({ "name": "short", "expires_at": expires_at }),
        )
        .await;
    let caller = Tenant {
        world: &world,
        id: store.id,
        key: short["secret"].as_str().unwrap().into(),
    };
    assert_eq!(get(&caller, "/sync").await.status, StatusCode::OK);
    world.advance(TimeDelta::minutes(2)).await;
    says(
        &get(&caller, "/sync").await,
        401,
        "unauthenticated",
        &["expired"],
    );
    let answer = send(
        &store,
        Method::POST,
        "/api-keys",
        json!({ "name": "past", "expires_at": expires_at }),
    )
    .await;
    says(&answer, 422, "invalid_expiry", &["past"]);
    let answer = send(
        &store,
        Method::POST,
        "/api-keys",
        json!({ "name": "x", "scopes": ["events:everything"] }),
    )
    .await;
    says(
        &answer,
        422,
        "unknown_scope",
        &["events:everything", "events:read"],
    );

    let platform = Tenant {
        world: &world,
        id: store.id,
        key: PLATFORM_KEY.into(),
    };
    says(
        &get(&platform, "/events").await,
        403,
        "insufficient_scope",
        &["`events:read`", "key of the tenant"],
    );
    let answer = world
        .answer(world.request(Method::GET, "/v1/tenants", &store.key))
        .await;
    says(
        &answer,
        403,
        "insufficient_scope",
        &["`platform:tenants`", "platform's own credential"],
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_body_is_said_with_its_place() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    const JSON: &str = "application/json";
    let bodies: &[(&str, &str, &str, &[&str])] = &[
        ("", "400", "malformed_json", &["empty"]),
        (
            "{\"events\":[",
            "400",
            "malformed_json",
            &["line 1, column"],
        ),
        (
            "{\"events\":\n [{]}",
            "400",
            "malformed_json",
            &["line 2, column", "events[0]"],
        ),
        ("{'events':[]}", "400", "malformed_json", &["line 1"]),
        ("[]", "422", "wrong_type", &["object"]),
        ("null", "422", "wrong_type", &["object"]),
        (
            "{\"events\":{}}",
            "422",
            "wrong_type",
            &["events", "sequence"],
        ),
        (
            "{\"events\":[]}",
            "422",
            "no_events",
            &["events", "at least one"],
        ),
        (
            "{\"event\":[]}",
            "422",
            "unknown_field",
            &["event", "expected"],
        ),
        ("{}", "422", "missing_field", &["events"]),
        (
            "{\"events\":[],\"events\":[]}",
            "422",
            "duplicate_field",
            &["events", "once"],
        ),
        (
            "{\"events\":[]} trailing",
            "400",
            "malformed_json",
            &["line 1, column 15"],
        ),
    ];
    for (body, status, code, words) in bodies {
        says(
            &typed(&store, "/events", JSON, *body).await,
            status.parse().unwrap(),
            code,
            words,
        );
    }
    let deep = format!("{{\"events\":{}{}}}", "[".repeat(5000), "]".repeat(5000));
    says(
        &typed(&store, "/events", JSON, deep).await,
        422,
        "all_events_refused",
        &["events[0]", "recursion"],
    );
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    says(
        &typed(&store, "/api-keys", JSON, deep).await,
        422,
        "wrong_type",
        &["object"],
    );
    says(
        &typed(
            &store,
            "/events",
            JSON,
            b"{\"events\":[\"\xff\xfe\"]}".to_vec(),
        )
        .await,
        400,
        "malformed_json",
        &["line 1"],
    );
    let huge = format!("{{\"events\":[\"{}\"]}}", "x".repeat(2 * 1024 * 1024));
    says(
        &typed(&store, "/events", JSON, huge).await,
        413,
        "body_too_large",
        &["2048 KiB", "x-ndjson"],
    );
    says(
        &typed(&store, "/api-keys", JSON, "x".repeat(300 * 1024)).await,
        413,
        "body_too_large",
        &["256 KiB"],
    );
    says(
        &typed(&store, "/events", "text/plain", "{}").await,
        415,
        "unsupported_media_type",
        &["Content-Type: application/json"],
    );
    says(
        &typed(&store, "/api-keys", "application/xml", "<a/>").await,
        415,
        "unsupported_media_type",
        &["application/json"],
    );
    let zipped = world
        .request(Method::POST, &store.path("/events"), &store.key)
        .json(&json!({}))
        .header("content-encoding", "gzip");
    says(
        &world.answer(zipped).await,
        415,
        "unsupported_content_encoding",
        &["uncompressed"],
    );
    let many: Vec<Value> = (0..1001).map(|_| json!({})).collect();
    let answer = send(&store, Method::POST, "/events", json!({ "events": many })).await;
    says(
        &answer,
        422,
        "too_many_events",
        &["1001", "1000", "application/x-ndjson"],
    );

    let one: &[(&str, &str, &str, &[&str])] = &[
        (
            r#"{"name":"a","colour":"red"}"#,
            "unknown_field",
            "colour",
            &["colour", "expected"],
        ),
        (r#"{"name":7}"#, "wrong_type", "name", &["string"]),
        (r#"{"name":null}"#, "wrong_type", "name", &["string"]),
        (r#"{"scopes":[]}"#, "missing_field", "name", &["name"]),
        (
            r#"{"name":"a","name":"b"}"#,
            "duplicate_field",
            "name",
            &["once"],
        ),
        (r#"{"name":""}"#, "invalid_name", "name", &["1 to 200"]),
        (
            r#"{"name":"a","scopes":"events:read"}"#,
            "wrong_type",
            "scopes",
            &["sequence"],
        ),
        (
            r#"{"name":"a","expires_at":"tomorrow"}"#,
            "invalid_value",
            "expires_at",
            &["expires_at"],
        ),
        (r#"{"name":"a","expires_at":1e999}"#, "", "", &[]),
        (
            r#"{"name":"a\u0000"}"#,
            "control_character",
            "name",
            &["\\u0000"],
        ),
    ];
    for (body, code, field, words) in one {
        let answer = typed(&store, "/api-keys", JSON, *body).await;
        if code.is_empty() {
            assert!(answer.status.is_client_error(), "{body}: {}", answer.text());
            continue;
        }
        says(&answer, 422, code, words);
        assert_eq!(
            answer.json()["errors"][0]["field"],
            *field,
            "{body}: {}",
            answer.text()
        );
    }
}

#[tokio::test]
async fn what_is_wrong_with_an_event_is_said_with_its_path() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let with = |pointer: &str, value: Value| {
        let mut wrong = event();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        wrong.pointer_mut(parent).unwrap()[name] = value;
        wrong
    };
    let lines = "/transaction/lines/0";
    let cases: Vec<(Value, &str, &str, &[&str])> = vec![
        (
            with(&format!("{lines}/amount"), json!(19.99)),
            "number_not_string",
            "events[0].transaction.lines[0].amount",
            &["strings", "\"19.99\""],
        ),
        (
            with(&format!("{lines}/amount"), json!(19)),
            "number_not_string",
            "events[0].transaction.lines[0].amount",
            &["strings"],
        ),
        (
            with(&format!("{lines}/amount"), json!("1e3")),
            "invalid_amount",
            "events[0].transaction.lines[0].amount",
            &[],
        ),
        (
            with(&format!("{lines}/amount"), json!("99999999999999999999999")),
            "invalid_amount",
            "events[0].transaction.lines[0].amount",
            &[],
        ),
        (
            with(&format!("{lines}/amount"), json!("19.999")),
            "too_many_decimals",
            "events[0].transaction.lines[0].amount",
            &["USD has 2"],
        ),
        (
            with(&format!("{lines}/colour"), json!("red")),
            "unknown_field",
            "events[0].transaction.lines[0].colour",
            &[],
        ),
        (
            with("/external_id", json!("a\u{0}b")),
            "invalid_character",
            "events[0].external_id",
            &["U+0000"],
        ),
        (
            with("/memo", json!("a\u{0}b")),
            "invalid_character",
            "events[0].memo",
            &["U+0000"],
        ),
        (
            with("/number", json!("10 0")),
            "invalid_character",
            "events[0].number",
            &["hyphen"],
        ),
        (
            with("/currency", json!("XYZ")),
            "unknown_currency",
            "events[0].currency",
            &[],
        ),
        (
            with("/business_date", json!("2026-02-30")),
            "invalid_date",
            "events[0].business_date",
            &["2026-11-20"],
        ),
        (
            with("/occurred_at", json!("yesterday")),
            "invalid_date",
            "events[0].occurred_at",
            &["RFC 3339"],
        ),
        (
            with("/transaction/type", json!("tikket")),
            "invalid_choice",
            "events[0].transaction.type",
            &["ticket"],
        ),
    ];
    for (wrong, code, field, words) in cases {
        let answer = send(
            &store,
            Method::POST,
            "/events",
            json!({ "events": [wrong] }),
        )
        .await;
        says(&answer, 422, "all_events_refused", &[field]);
        let body = answer.json();
        assert_eq!(
            (&body["errors"][0]["code"], &body["errors"][0]["field"]),
            (&json!(code), &json!(field)),
            "{body:#}"
        );
        assert_eq!(body["results"][0]["problem"]["code"], code, "{body:#}");
        for word in words {
            assert!(
                body["errors"][0]["detail"].as_str().unwrap().contains(word),
                "`{word}`: {body:#}"
            );
        }
    }
    for text in [
        r#"{"events":[{"external_id":"a","external_id":"b"}]}"#.to_owned(),
        format!(r#"{{"events":[{}{}]}}"#, "[".repeat(100), "]".repeat(100)),
        r#"{"events":[7]}"#.to_owned(),
        format!(
            r#"{{"events":[{}]}}"#,
            event().to_string().replace("\"45.00\"", "1e400")
        ),
    ] {
        let answer = typed(&store, "/events", "application/json", text.clone()).await;
        says(&answer, 422, "all_events_refused", &["events[0]"]);
    }
    // A wrong one stands in no other's way.
    let answer = send(
        &store,
        Method::POST,
        "/events",
        json!({ "events": [with("/memo", json!(7)), event()] }),
    )
    .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let body = answer.json();
    assert_eq!(
        (&body["results"][0]["result"], &body["results"][1]["result"]),
        (&json!("refused"), &json!("accepted")),
        "{body:#}"
    );
    assert_eq!(body["results"][0]["problem"]["field"], "events[0].memo");
}

#[tokio::test]
async fn a_path_a_query_or_a_method_that_is_not_ours_is_named() {
    let world = World::new().await;
    let retailer = Retailer::new(&world, "harbour").await;
    let store = &retailer.tenant;
    says(
        &get(store, "/evnets").await,
        404,
        "unknown_route",
        &["/explorer"],
    );
    says(
        &world
            .answer(world.request(Method::GET, "/", &store.key))
            .await,
        404,
        "unknown_route",
        &[],
    );
    let answer = send(store, Method::PUT, "/events", json!({})).await;
    says(&answer, 405, "method_not_allowed", &["GET", "POST"]);
    for method in ["GET", "HEAD", "POST"] {
        assert!(
            answer.header("allow").contains(method),
            "{}",
            answer.header("allow")
        );
    }
    says(
        &send(store, Method::DELETE, "/sync/start", json!({})).await,
        405,
        "method_not_allowed",
        &["POST"],
    );

    // What is not an id names nothing.
    for operation in operations()
        .into_iter()
        .filter(|operation| operation.in_path().contains(&"tenant_id"))
    {
        for place in operation.in_path() {
            for wrong in [
                "x",
                "%00",
                "%2e%2e",
                "evt_",
                "0",
                "key_01jd5zk8x9e3qr0v7m2c4n6p8t%0a",
                &"9".repeat(500),
            ] {
                let path = operation.filled(|name| {
                    if name == place {
                        wrong.to_owned()
                    } else {
                        retailer
                            .ids
                            .get(name)
                            .map_or_else(|| "alr_x".into(), |ids| ids[0].clone())
                    }
                });
                let mut request = world.request(operation.method.clone(), &path, &store.key);
                if let Some(body) = operation.body(&retailer.ids["account_id"][0]) {
                    request = request.json(&body);
                }
                let answer = world.answer(request).await;
                let platforms = matches!(operation.id.as_str(), "read_tenant" | "update_tenant");
                assert_eq!(
                    answer.status,
                    StatusCode::NOT_FOUND,
                    "{platforms} {} {path}: {}",
                    operation.id,
                    answer.text()
                );
                no_internals(&answer);
            }
        }
    }

    for (query, status, code, words) in [
        (
            "/events?limit=0",
            422,
            "invalid_limit",
            &["1 to 200"] as &[&str],
        ),
        (
            "/events?limit=201",
            422,
            "invalid_limit",
            &["201", "1 to 200"],
        ),
        (
            "/events?limit=abc",
            400,
            "invalid_parameter",
            &["limit", "whole number"],
        ),
        (
            "/events?limit=99999999999999999999999",
            400,
            "invalid_parameter",
            &["limit"],
        ),
        (
            "/events?limit=1&limit=2",
            400,
            "invalid_parameter",
            &["limit"],
        ),
        (
            "/events?cursor=nonsense",
            422,
            "invalid_cursor",
            &["next_cursor"],
        ),
        (
            "/events?status=lost",
            422,
            "invalid_status",
            &["`lost`", "failed"],
        ),
        ("/events?colour=red", 400, "invalid_parameter", &["colour"]),
        ("/events?status=%ff", 400, "", &[]),
        ("/accounts?limit=0", 422, "invalid_limit", &["1 to 200"]),
        (
            "/accounts?cursor=evt_x",
            400,
            "invalid_parameter",
            &["cursor", "acc_"],
        ),
        (
            "/accounts?cursor=acc_01jd5zk8x9e3qr0v7m2c4n6p8t",
            422,
            "invalid_cursor",
            &["next_cursor"],
        ),
        (
            "/accounts?active=maybe",
            400,
            "invalid_parameter",
            &["active", "true"],
        ),
        (
            "/alerts?state=loud",
            422,
            "invalid_state",
            &["`loud`", "open"],
        ),
        ("/audit-log?limit=201", 422, "invalid_limit", &["1 to 200"]),
        (
            "/past-syncs?cursor=AAAA",
            422,
            "invalid_cursor",
            &["next_cursor"],
        ),
    ] {
        let answer = get(store, query).await;
        if code.is_empty() {
            // Replaced by the reader or refused: but not ours to fail.
            assert!(
                answer.status.is_client_error(),
                "{query}: {}",
                answer.text()
            );
            continue;
        }
        says(&answer, status, code, words);
    }
}

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
                    &format!("{path}?{parameter}={sent}{others}"),
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
        let Some(body) = operation.body(&retailer.ids["account_id"][0]) else {
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
                assert_eq!(
                    answer.status,
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "{} {place}: {}",
                    operation.id,
                    answer.text()
                );
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

#[tokio::test]
async fn what_does_not_fit_the_state_of_things_says_what_to_do_first() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let window = json!({ "from_date": "2026-11-01", "to_date": "2026-11-15" });
    let connect = &["authorization request", "browser"];
    says(
        &send(&store, Method::POST, "/sync/start", json!({})).await,
        409,
        "not_connected",
        connect,
    );
    says(
        &send(&store, Method::POST, "/past-syncs", window.clone()).await,
        409,
        "not_connected",
        connect,
    );
    says(
        &send(&store, Method::POST, "/account-imports", json!({})).await,
        409,
        "not_connected",
        connect,
    );
    says(
        &send(&store, Method::DELETE, "/connection", json!({})).await,
        409,
        "not_connected",
        connect,
    );
    says(
        &get(&store, "/accounts").await,
        409,
        "not_connected",
        connect,
    );
    says(
        &get(&store, "/mappings").await,
        409,
        "not_connected",
        connect,
    );
    let account = "acc_01jd5zk8x9e3qr0v7m2c4n6p8t";
    let mapping = |slot: &str, key: Value, account: &str| json!({ "slot": slot, "key": key, "account_id": account });
    let answer = send(
        &store,
        Method::PUT,
        "/mappings",
        mapping("revenue", json!("x"), account),
    )
    .await;
    says(&answer, 409, "not_connected", connect);
    assert_eq!(
        store.get("/sync").await["message"],
        "Connect QuickBooks to begin."
    );

    let company = world.company("Harbour");
    store.connect(&company.realm_id).await;
    says(
        &send(&store, Method::POST, "/past-syncs", window.clone()).await,
        409,
        "sync_stopped",
        &["start it"],
    );
    store.map_golden().await;
    store.post("/sync/start", json!({})).await;
    let inverted = json!({ "from_date": "2026-11-15", "to_date": "2026-11-01" });
    says(
        &send(&store, Method::POST, "/past-syncs", inverted).await,
        422,
        "invalid_window",
        &["2026-11-01", "2026-11-15"],
    );
    let shapeless = json!({ "from_date": "15.11.2026", "to_date": "2026-11-01" });
    says(
        &send(&store, Method::POST, "/past-syncs", shapeless).await,
        422,
        "invalid_value",
        &["from_date"],
    );

    let put = |body: Value| send(&store, Method::PUT, "/mappings", body);
    says(
        &put(mapping("revenue", json!("x"), account)).await,
        422,
        "unknown_account",
        &[account, "import the chart"],
    );
    says(
        &put(mapping("revenue", json!("x"), "acc_x")).await,
        422,
        "invalid_value",
        &["account_id", "acc_"],
    );
    let real = store.account("4000").await;
    says(
        &put(mapping("revenu", json!("x"), &real)).await,
        422,
        "unknown_slot",
        &["`revenu`", "revenue"],
    );
    says(
        &put(mapping("rounding", json!("x"), &real)).await,
        422,
        "unexpected_key",
        &["rounding", "leave it out"],
    );
    says(
        &put(mapping("revenue", json!(""), &real)).await,
        422,
        "invalid_key",
        &["leave it out"],
    );
    let sleeping = store.account("1220").await;
    let in_books = company.account_id("1220").unwrap().to_owned();
    world
        .quickbooks()
        .set_account_active(&company.realm_id, &in_books, false)
        .unwrap();
    store.post("/account-imports", json!({})).await;
    store.drain().await;
    says(
        &put(mapping("payment", json!("house"), &sleeping)).await,
        422,
        "inactive_account",
        &["1220", "make it active"],
    );

    let id = store.send_event(store.ticket("t1").await).await;
    says(
        &send(
            &store,
            Method::POST,
            &format!("/events/{id}/retry"),
            json!({}),
        )
        .await,
        409,
        "event_not_failed",
        &["not_synced"],
    );
    store.drain().await;
    says(
        &send(
            &store,
            Method::POST,
            &format!("/events/{id}/retry"),
            json!({}),
        )
        .await,
        409,
        "event_not_failed",
        &["synced"],
    );
    let mut other = store.ticket("t1").await;
    other["memo"] = json!("changed");
    let answer = send(
        &store,
        Method::POST,
        "/events",
        json!({ "events": [other] }),
    )
    .await;
    says(
        &answer,
        422,
        "all_events_refused",
        &["posted", "correcting event"],
    );
}

/// What a browser is answered: a place to go to, or a problem.
async fn open(world: &World, url: &str, cookie: Option<&str>) -> Answer {
    let mut request = world.http().get(url);
    if let Some(cookie) = cookie {
        request = request.header("cookie", cookie);
    }
    world.answer(request).await
}

#[tokio::test]
async fn a_connect_link_works_once_in_time_and_in_one_browser() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let company = world.company("Harbour");
    let link = async |body: Value| -> String {
        let made = store.post("/connection/authorization-requests", body).await;
        made["authorization_url"].as_str().unwrap().to_owned()
    };
    // The way to Intuit and back, up to the callback: its address and the browser's cookie.
    let begun = async |link: &str| -> (String, String) {
        let opened = open(&world, link, None).await;
        assert_eq!(opened.status, StatusCode::FOUND, "{}", opened.text());
        let cookie = opened
            .header("set-cookie")
            .split(';')
            .next()
            .unwrap()
            .to_owned();
        assert!(
            opened.header("set-cookie").contains("HttpOnly"),
            "{}",
            opened.header("set-cookie")
        );
        let consented = world
            .http()
            .get(opened.header("location"))
            .send()
            .await
            .unwrap();
        (
            consented.headers()["location"].to_str().unwrap().to_owned(),
            cookie,
        )
    };

    let answer = send(
        &store,
        Method::POST,
        "/connection/authorization-requests",
        json!({ "return_url": "https://evil.example/" }),
    )
    .await;
    says(
        &answer,
        422,
        "invalid_return_url",
        &["only below", world.base.as_str()],
    );
    let answer = send(
        &store,
        Method::POST,
        "/connection/authorization-requests",
        json!({ "return_url": "javascript:alert(1)" }),
    )
    .await;
    says(&answer, 422, "invalid_return_url", &["only below"]);

    let first = link(json!({})).await;
    let (callback, cookie) = begun(&first).await;
    says(&open(&world, &first, None).await, 404, "not_found", &[]);
    // In another browser, and with another's cookie: nothing, and the code is not spent.
    says(&open(&world, &callback, None).await, 404, "not_found", &[]);
    says(
        &open(&world, &callback, Some("tillpost_flow=somebody")).await,
        404,
        "not_found",
        &[],
    );
    let done = open(&world, &callback, Some(&cookie)).await;
    assert_eq!(
        (
            done.status,
            done.header("location").contains("outcome=connected")
        ),
        (StatusCode::FOUND, true),
        "{}",
        done.text()
    );
    assert_eq!(
        store.get("/connection").await["company_id"],
        json!(company.realm_id)
    );
    says(
        &open(&world, &callback, Some(&cookie)).await,
        404,
        "not_found",
        &[],
    );
    // A person is shown a page instead.
    let shown = world
        .answer(
            world
                .http()
                .get(&first)
                .header("accept", "text/html,*/*;q=0.8"),
        )
        .await;
    let page = shown.header("location").to_owned();
    assert_eq!(
        (shown.status, page.contains("outcome=expired")),
        (StatusCode::FOUND, true)
    );
    assert!(
        open(&world, &page, None)
            .await
            .text()
            .contains("does not work any more")
    );

    let late = link(json!({})).await;
    world.advance(TimeDelta::minutes(11)).await;
    says(&open(&world, &late, None).await, 404, "not_found", &[]);
    let late = link(json!({})).await;
    let (callback, cookie) = begun(&late).await;
    world.advance(TimeDelta::minutes(11)).await;
    says(
        &open(&world, &callback, Some(&cookie)).await,
        404,
        "not_found",
        &[],
    );

    world
        .quickbooks()
        .set_consent(sandbox::quickbooks::Consent {
            realm_id: None,
            deny: true,
        })
        .unwrap();
    let refused = link(json!({ "return_url": world.base.join("done").unwrap() })).await;
    assert_eq!(store.browse(&refused).await, "denied");
    assert_eq!(
        store.get("/connection").await["state"],
        "connected",
        "a refusal changes nothing"
    );

    // The books of a company take entries from one tenant.
    world.quickbooks().set_consent(Default::default()).unwrap();
    let other = world.tenant("Hillside").await;
    assert_eq!(
        other.consent(&company.realm_id, json!({})).await,
        "company_taken"
    );
    assert_eq!(other.get("/connection").await["state"], "not_connected");
    assert_eq!(store.get("/connection").await["state"], "connected");
    // A realm ID that the token does not open is not believed.
    let forged = world.company("Forged");
    let (callback, cookie) = begun(&other_link(&other).await).await;
    let callback = callback.replace(&company.realm_id, &forged.realm_id);
    let answer = open(&world, &callback, Some(&cookie)).await;
    assert!(
        answer.header("location").contains("outcome=failed"),
        "{}",
        answer.header("location")
    );
    assert_eq!(other.get("/connection").await["state"], "not_connected");
}

async fn other_link(store: &Tenant<'_>) -> String {
    let made = store
        .post("/connection/authorization-requests", json!({}))
        .await;
    made["authorization_url"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn without_its_database_the_api_says_to_come_back() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    world.drop_database().await;
    for _ in 0..20 {
        for (path, key) in [
            (store.path("/sync"), store.key.as_str()),
            ("/v1/tenants".into(), PLATFORM_KEY),
        ] {
            let answer = world.answer(world.request(Method::GET, &path, key)).await;
            says(&answer, 503, "unavailable", &["database", "try again"]);
            assert!(!answer.header("retry-after").is_empty());
        }
    }
    let answer = send(
        &store,
        Method::POST,
        "/events",
        json!({ "events": [event()] }),
    )
    .await;
    says(&answer, 503, "unavailable", &["database", "try again"]);
    let ready = world
        .answer(world.http().get(world.base.join("readyz").unwrap()))
        .await;
    says(&ready, 503, "unavailable", &["database"]);
    let alive = world
        .answer(world.http().get(world.base.join("healthz").unwrap()))
        .await;
    assert_eq!(alive.status, StatusCode::OK);
}

#[tokio::test]
async fn a_crash_of_the_database_passes_by_itself() {
    let lab = Lab::apart().await;
    let world = World::on(lab, Default::default()).await;
    let store = world.tenant("Harbour").await;
    let before = store.get("/sync").await;
    lab.crash_database().await;
    let mut refused = 0;
    let after = loop {
        let answer = get(&store, "/sync").await;
        if answer.status == StatusCode::OK {
            break answer.json();
        }
        says(&answer, 503, "unavailable", &["try again"]);
        refused += 1;
        assert!(refused <= 40, "it does not pass");
    };
    assert_eq!(after, before);
    let ready = loop {
        let ready = world
            .answer(world.http().get(world.base.join("readyz").unwrap()))
            .await;
        refused += 1;
        if ready.status == StatusCode::OK || refused > 40 {
            break ready.status;
        }
    };
    assert_eq!(ready, StatusCode::OK);
}
