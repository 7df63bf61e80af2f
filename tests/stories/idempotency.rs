//! `Idempotency-Key`: a POST that comes again has its effect once, and is answered as the first time.

use crate::operations::operations;
use crate::retailers::Retailer;
use crate::world::{Answer, PLATFORM_KEY, Tenant, World};
use chrono::TimeDelta;
use reqwest::{Method, StatusCode};
use sea_orm::{ConnectionTrait, TransactionTrait};
use serde_json::{Value, json};
use std::time::Duration;

async fn keyed(
    world: &World,
    path: &str,
    credential: &str,
    key: &str,
    body: Option<&Value>,
) -> Answer {
    let mut request = world
        .request(Method::POST, path, credential)
        .header("idempotency-key", key);
    if let Some(body) = body {
        request = request.json(body);
    }
    world.answer(request).await
}

async fn post(store: &Tenant<'_>, path: &str, key: &str, body: Value) -> Answer {
    keyed(store.world, &store.path(path), &store.key, key, Some(&body)).await
}

async fn keys_of(store: &Tenant<'_>) -> usize {
    store.get("/api-keys").await["items"]
        .as_array()
        .unwrap()
        .len()
}

fn is(answer: &Answer, status: u16, code: &str) {
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_deref()),
        (status, Some(code)),
        "{}",
        answer.text()
    );
}

#[tokio::test]
async fn every_post_that_comes_again_is_answered_as_the_first_time() {
    let world = World::new().await;
    let ours = Retailer::new(&world, "ours").await;
    let store = &ours.tenant;
    let mut met = 0;
    for operation in operations() {
        let is_asked = operation.method == Method::POST
            && operation.is_guarded()
            && operation.in_path().contains(&"tenant_id");
        if !is_asked {
            continue;
        }
        let path = operation.filled(|name| ours.ids[name][0].clone());
        let body = operation.body(&ours.ids["account_id"][0]);
        let first = keyed(&world, &path, &store.key, "a-first-time", body.as_ref()).await;
        assert_eq!(first.header("idempotent-replayed"), "", "{}", operation.id);
        let again = keyed(&world, &path, &store.key, "\"a-first-time\"", body.as_ref()).await;
        let is_kept = first.status.is_success() && operation.id != "dry_run_past_sync";
        assert_eq!(
            again.header("idempotent-replayed"),
            if is_kept { "true" } else { "" },
            "{}: {} {}",
            operation.id,
            first.status,
            first.text()
        );
        if is_kept {
            assert_eq!(
                (again.status, &again.bytes),
                (first.status, &first.bytes),
                "{}",
                operation.id
            );
            assert_eq!(
                again.header("location"),
                first.header("location"),
                "{}",
                operation.id
            );
            met += 1;
        }
    }
    assert!(met >= 18, "only {met} operations were met");
}

/// POSTs that are not remembered, and why.
const UNREMEMBERED: [(&str, &str); 3] = [
    ("dry_run_past_sync", "it changes nothing"),
    (
        "issue_token",
        "a token is given anew each time: an answer that is kept is a credential that is kept",
    ),
    (
        "receive_notifications",
        "Intuit sends no such header, and a hint that comes twice changes nothing",
    ),
];

#[test]
fn every_post_of_the_document_takes_a_key_but_those_that_have_a_reason() {
    let mut without = Vec::new();
    let mut posts = 0;
    for operation in operations() {
        let takes = operation
            .headers
            .iter()
            .any(|name| name == "Idempotency-Key");
        let is_post = operation.method == Method::POST;
        assert!(is_post || !takes, "{} is no POST", operation.id);
        posts += usize::from(is_post);
        if is_post && !takes {
            without.push(operation.id);
        }
    }
    without.sort();
    // The document's own words name whatever a reader might send one to.
    let words = api::openapi().info.description.unwrap_or_default();
    assert!(
        words.contains("Three take none: `/v1/oauth/token`") && words.contains("a dry run"),
        "{words}"
    );
    assert_eq!(without, UNREMEMBERED.map(|(operation, _)| operation));
    assert!(posts > 25, "{posts}");
}

#[tokio::test]
async fn it_is_done_once_and_its_secret_lies_nowhere_in_the_clear() {
    // Long enough that no sealed answer holds them by chance.
    const KEY: &str = "a-key-that-is-found-where-it-stands";
    const NAME: &str = "till-by-the-harbour";
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let before = keys_of(&store).await;
    let first = post(&store, "/api-keys", KEY, json!({ "name": NAME })).await;
    assert_eq!(first.status, StatusCode::CREATED);
    for _ in 0..3 {
        let again = post(&store, "/api-keys", KEY, json!({ "name": NAME })).await;
        assert_eq!((again.status, again.text()), (first.status, first.text()));
    }
    assert_eq!(keys_of(&store).await, before + 1);
    // The same request under another key is another request.
    let other = post(&store, "/api-keys", "k2", json!({ "name": NAME })).await;
    assert_ne!(other.json()["id"], first.json()["id"]);
    let secret = first.json()["secret"].as_str().unwrap().to_owned();
    let rows = world
        .rows("SELECT concat(operation, encode(key_hash, 'escape'), encode(answer, 'escape')) FROM idempotency_key")
        .await;
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert!(
            !row.contains(&secret) && !row.contains(KEY) && !row.contains(NAME),
            "{row}"
        );
    }
    // Nobody asked for it to be remembered.
    store.post("/api-keys", json!({"name": "plain"})).await;
    assert_eq!(
        world
            .rows("SELECT operation FROM idempotency_key")
            .await
            .len(),
        2
    );
}

#[tokio::test]
async fn a_key_belongs_to_one_request_of_one_caller() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let first = post(&store, "/api-keys", "k1", json!({"name": "till"})).await;
    assert_eq!(first.status, StatusCode::CREATED);
    is(
        &post(&store, "/api-keys", "k1", json!({"name": "other"})).await,
        409,
        "idempotency_key_reused",
    );
    // Another key of the tenant is another caller: what was shown once is not shown to it.
    let second: Value = store
        .post(
            "/api-keys",
            json!({"name": "second", "scopes": ["keys:manage"]}),
        )
        .await;
    let path = store.path("/api-keys");
    let body = json!({"name": "till"});
    let theirs = keyed(
        &world,
        &path,
        second["secret"].as_str().unwrap(),
        "k1",
        Some(&body),
    )
    .await;
    is(&theirs, 409, "idempotency_key_reused");
    // Other operations and tenants have keys of their own.
    let imported = post(
        &store,
        "/known-keys",
        "k1",
        json!({"keys": [{"kind": "payment_type", "key": "voucher"}]}),
    )
    .await;
    assert_eq!(imported.status, StatusCode::OK, "{}", imported.text());
    let other = world.tenant("Hillside").await;
    let elsewhere = post(&other, "/api-keys", "k1", json!({"name": "till"})).await;
    assert_ne!(elsewhere.json()["id"], first.json()["id"]);
    for key in ["", "a b", "\"open", &"x".repeat(256)] {
        is(
            &post(&store, "/api-keys", key, json!({"name": "till"})).await,
            400,
            "invalid_idempotency_key",
        );
    }
}

#[tokio::test]
async fn what_was_refused_is_not_remembered_and_changed_nothing() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    is(
        &post(&store, "/api-keys", "k1", json!({"name": ""})).await,
        422,
        "invalid_name",
    );
    let mended = post(&store, "/api-keys", "k1", json!({"name": "till"})).await;
    assert_eq!(
        (mended.status, mended.header("idempotent-replayed")),
        (StatusCode::CREATED, "")
    );
    // A batch of which nothing is taken in leaves nothing behind.
    let events = json!({"events": [{"external_id": "broken"}]});
    is(
        &post(&store, "/events", "k2", events).await,
        422,
        "all_events_refused",
    );
    assert_eq!(
        world.rows("SELECT operation FROM idempotency_key").await,
        ["create_api_key"]
    );
}

#[tokio::test]
async fn a_request_that_is_being_met_is_not_met_twice() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    // Its use was noted within the minute, so that nobody writes it down now.
    keys_of(&store).await;
    let superuser = sea_orm::Database::connect(world.database_url("postgres"))
        .await
        .unwrap();
    let held = superuser.begin().await.unwrap();
    held.execute_unprepared("LOCK TABLE api_key IN SHARE MODE")
        .await
        .unwrap();
    let body = json!({"name": "till"});
    let first = post(&store, "/api-keys", "k1", body.clone());
    let second = async {
        // The first waits for the lock while the second is told at once.
        loop {
            let answer = post(
                &store,
                "/known-keys",
                "other",
                json!({"keys": [{"kind": "payment_type", "key": "voucher"}]}),
            )
            .await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
            let waiting = world
                .rows("SELECT query FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = 'tillpost_app'")
                .await;
            if !waiting.is_empty() {
                break;
            }
        }
        let answer = post(&store, "/api-keys", "k1", body.clone()).await;
        held.rollback().await.unwrap();
        answer
    };
    let (first, second) = futures::join!(first, second);
    is(&second, 409, "idempotency_key_in_use");
    assert_eq!(second.header("retry-after"), "1");
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.text());
    let third = post(&store, "/api-keys", "k1", body).await;
    assert_eq!(
        (third.text(), third.header("idempotent-replayed")),
        (first.text(), "true")
    );
    superuser.close().await.unwrap();
}

#[tokio::test]
async fn the_platforms_requests_have_keys_too() {
    let world = World::new().await;
    let body = json!({"name": "Harbour"});
    let first = keyed(&world, "/v1/tenants", PLATFORM_KEY, "k1", Some(&body)).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.text());
    let again = keyed(&world, "/v1/tenants", PLATFORM_KEY, "k1", Some(&body)).await;
    assert_eq!(
        (again.text(), again.header("idempotent-replayed")),
        (first.text(), "true")
    );
    let tenants = world
        .ok(Method::GET, "/v1/tenants", PLATFORM_KEY, None)
        .await;
    assert_eq!(tenants["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_answer_is_kept_for_thirty_days() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let first = post(&store, "/api-keys", "k1", json!({"name": "till"})).await;
    world.advance(TimeDelta::days(29)).await;
    assert_eq!(
        service::idempotency::forget(&world.service).await.unwrap(),
        0
    );
    let again = post(&store, "/api-keys", "k1", json!({"name": "till"})).await;
    assert_eq!(again.text(), first.text());
    world.advance(TimeDelta::days(2)).await;
    assert_eq!(
        service::idempotency::forget(&world.service).await.unwrap(),
        1
    );
    let new = post(&store, "/api-keys", "k1", json!({"name": "till"})).await;
    assert_ne!(new.json()["id"], first.json()["id"]);
}

// An effect wakes whoever is to act on it only when it is lasting.
#[tokio::test]
async fn events_under_a_key_are_posted_like_any_other() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    let events = json!({"events": [store.ticket("t1").await]});
    let first = post(&store, "/events", "k1", events.clone()).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.text());
    let again = post(&store, "/events", "k1", events).await;
    // Not `duplicate`, as it would be without a key.
    assert_eq!(again.text(), first.text());
    store.drain().await;
    let id = first.json()["results"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(store.status(&id).await, "synced");
}

// What was looked up while the request was not committed yet is forgotten when it is.
#[tokio::test]
async fn a_key_that_such_a_request_ends_is_refused_at_once() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let made = store.post("/api-keys", json!({ "name": "till" })).await;
    let old = made["secret"].as_str().unwrap();
    let looks = || async {
        let request = world.request(Method::GET, &store.path("/sync"), old);
        world.answer(request).await
    };
    assert_eq!(looks().await.status, StatusCode::OK);
    let superuser = sea_orm::Database::connect(world.database_url("postgres"))
        .await
        .unwrap();
    let held = superuser.begin().await.unwrap();
    // Its answer is what it writes last, and cannot be written now.
    held.execute_unprepared("LOCK TABLE idempotency_key IN SHARE MODE")
        .await
        .unwrap();
    let path = format!("/api-keys/{}/rotate", made["id"].as_str().unwrap());
    let rotated = post(&store, &path, "once", json!({ "overlap_hours": 0 }));
    let meanwhile = async {
        let waiting = "SELECT query FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT INTO idempotency_key%'";
        while world.rows(waiting).await.is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let still = looks().await;
        held.rollback().await.unwrap();
        assert_eq!(still.status, StatusCode::OK, "{}", still.text());
    };
    let (rotated, ()) = futures::join!(rotated, meanwhile);
    assert_eq!(rotated.status, StatusCode::CREATED, "{}", rotated.text());
    is(&looks().await, 401, "unauthenticated");
    superuser.close().await.unwrap();
}
