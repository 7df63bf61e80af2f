//! A new user's first hour: whatever they get wrong, the answer says what it is and how to mend it, and it is never our fault.

mod bodies;
mod connecting;
mod database;
mod keys;
mod paths;
mod state;
mod texts;

use crate::world::{Answer, Tenant};
use reqwest::Method;
use serde_json::Value;

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
