//! Rotating a key: two live side by side for a stated time, and nobody comes to a scope by it.

use crate::world::{PLATFORM_KEY, Tenant, World};
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

fn id(key: &Value) -> &str {
    key["id"].as_str().unwrap()
}

/// The tenant, called with this key.
fn by<'w>(store: &Tenant<'w>, key: &Value) -> Tenant<'w> {
    Tenant {
        world: store.world,
        id: store.id,
        key: key["secret"].as_str().unwrap().to_owned(),
    }
}

async fn status(store: &Tenant<'_>) -> StatusCode {
    store.send(Method::GET, "/sync", None).await.0
}

async fn listed(store: &Tenant<'_>, key: &Value) -> Value {
    let keys = store.get("/api-keys").await;
    let rows = keys["items"].as_array().unwrap();
    rows.iter()
        .find(|row| row["id"] == key["id"])
        .unwrap()
        .clone()
}

#[tokio::test]
async fn two_keys_live_side_by_side_until_the_overlap_is_over() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let old = store
        .post(
            "/api-keys",
            json!({ "name": "till", "scopes": ["sync:read", "events:write"] }),
        )
        .await;
    let began = store.now().await;
    let rotated = store
        .post(
            &format!("/api-keys/{}/rotate", id(&old)),
            json!({ "overlap_hours": 1 }),
        )
        .await;
    let new = &rotated["new_key"];
    assert_eq!(new["name"], "till");
    assert_eq!(new["scopes"], old["scopes"]);
    assert_eq!(new["replaces"], old["id"]);
    assert_ne!(new["secret"], old["secret"]);
    let ends: DateTime<Utc> = rotated["old_key"]["expires_at"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(ends - began < TimeDelta::minutes(61) && ends - began > TimeDelta::minutes(59));
    for key in [&old, new] {
        assert_eq!(status(&by(&store, key)).await, StatusCode::OK);
        assert!(listed(&store, key).await["last_used_at"].is_string());
    }
    // Who still uses the old one is seen by when it was used last.
    world.advance(TimeDelta::minutes(45)).await;
    assert_eq!(status(&by(&store, &old)).await, StatusCode::OK);
    let used = |key: Value| {
        key["last_used_at"]
            .as_str()
            .unwrap()
            .parse::<DateTime<Utc>>()
            .unwrap()
    };
    assert!(
        used(listed(&store, &old).await) - used(listed(&store, new).await) > TimeDelta::minutes(40)
    );
    world.advance(TimeDelta::minutes(16)).await;
    assert_eq!(status(&by(&store, &old)).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(&by(&store, new)).await, StatusCode::OK);

    let log = store.get("/audit-log").await;
    let record = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|record| record["action"] == "api_key.rotated")
        .unwrap();
    assert_eq!(record["subject"], old["id"]);
    assert_eq!(record["detail"]["replaced_by"], new["id"]);
}

#[tokio::test]
async fn without_an_overlap_the_old_key_ends_with_the_answer() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let old = store.post("/api-keys", json!({ "name": "leaked" })).await;
    assert_eq!(status(&by(&store, &old)).await, StatusCode::OK);
    let rotated = by(&store, &old)
        .post(
            &format!("/api-keys/{}/rotate", id(&old)),
            json!({ "overlap_hours": 0 }),
        )
        .await;
    assert_eq!(status(&by(&store, &old)).await, StatusCode::UNAUTHORIZED);
    assert_eq!(
        status(&by(&store, &rotated["new_key"])).await,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_rotated_key_keeps_its_end_unless_another_is_named() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let soon = (store.now().await + TimeDelta::hours(1)).to_rfc3339();
    let old = store
        .post("/api-keys", json!({ "name": "short", "expires_at": soon }))
        .await;
    let path = format!("/api-keys/{}/rotate", id(&old));
    let rotated = store.post(&path, json!({ "overlap_hours": 100 })).await;
    // The overlap does not give the old key more time than it had, and the new one has no more either.
    assert_eq!(rotated["old_key"]["expires_at"], old["expires_at"]);
    assert_eq!(rotated["new_key"]["expires_at"], old["expires_at"]);
    let path = format!("/api-keys/{}", id(&old));
    world
        .ok(Method::DELETE, &store.path(&path), &store.key, None)
        .await;
    let later = "2099-01-01T00:00:00Z";
    let path = format!("/api-keys/{}/rotate", id(&rotated["new_key"]));
    let again = store.post(&path, json!({ "expires_at": later })).await;
    assert_eq!(again["new_key"]["expires_at"], later);
}

#[tokio::test]
async fn what_cannot_be_rotated_says_why() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let refused = async |caller: &Tenant<'_>, key: &Value, body: Value, status: u16, code: &str| {
        let path = format!("/api-keys/{}/rotate", id(key));
        let (got, answer) = caller.send(Method::POST, &path, Some(body)).await;
        assert_eq!(
            (got.as_u16(), &answer["code"]),
            (status, &json!(code)),
            "{answer:#}"
        );
    };
    let first = store.post("/api-keys", json!({ "name": "first" })).await;
    refused(
        &store,
        &first,
        json!({ "overlap_hours": 169 }),
        422,
        "invalid_overlap",
    )
    .await;
    refused(
        &store,
        &first,
        json!({ "expires_at": "2020-01-01T00:00:00Z" }),
        422,
        "invalid_expiry",
    )
    .await;
    let path = format!("/api-keys/{}/rotate", id(&first));
    let second = store.post(&path, json!({})).await["new_key"].clone();
    refused(&store, &first, json!({}), 409, "key_rotated").await;
    refused(&store, &second, json!({}), 409, "overlap_running").await;
    let revoked = store.post("/api-keys", json!({ "name": "revoked" })).await;
    let path = store.path(&format!("/api-keys/{}", id(&revoked)));
    world.ok(Method::DELETE, &path, &store.key, None).await;
    refused(&store, &revoked, json!({}), 409, "key_ended").await;

    // Whoever rotates a key reads its secret, and so must have what it has.
    let narrow = json!({ "name": "narrow", "scopes": ["keys:manage"] });
    let narrow = by(&store, &store.post("/api-keys", narrow).await);
    refused(&narrow, &second, json!({}), 409, "overlap_running").await;
    let wide = store
        .post(
            "/api-keys",
            json!({ "name": "wide", "scopes": ["keys:manage", "events:write"] }),
        )
        .await;
    refused(&narrow, &wide, json!({}), 409, "scope_beyond_own").await;
    let platform = Tenant {
        world: &world,
        id: store.id,
        key: PLATFORM_KEY.into(),
    };
    let path = format!("/api-keys/{}/rotate", id(&wide));
    assert!(platform.post(&path, json!({})).await["new_key"]["secret"].is_string());
}

#[tokio::test]
async fn of_two_who_rotate_a_key_at_once_one_does() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let key = store.post("/api-keys", json!({ "name": "till" })).await;
    let path = format!("/api-keys/{}/rotate", id(&key));
    let tries = (0..8).map(|_| store.send(Method::POST, &path, Some(json!({}))));
    let answers = futures::future::join_all(tries).await;
    let made = answers
        .iter()
        .filter(|(status, _)| *status == StatusCode::CREATED)
        .count();
    assert_eq!(made, 1, "{answers:#?}");
    for (status, answer) in answers
        .iter()
        .filter(|(status, _)| *status != StatusCode::CREATED)
    {
        assert_eq!(
            (status.as_u16(), &answer["code"]),
            (409, &json!("key_rotated"))
        );
    }
}
