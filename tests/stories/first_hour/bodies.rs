//! Bodies: what is not JSON, not an object, not wanted, too much, or wrong inside an event.

use super::{says, send, typed};
use crate::operations::event;
use crate::world::World;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

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
        .header("content-encoding", "br");
    says(
        &world.answer(zipped).await,
        415,
        "unsupported_content_encoding",
        &["gzip"],
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
