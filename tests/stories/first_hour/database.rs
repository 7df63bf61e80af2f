//! The API without its database.

use super::{get, says, send};
use crate::lab::Lab;
use crate::operations::event;
use crate::world::{PLATFORM_KEY, World};
use reqwest::{Method, StatusCode};
use serde_json::json;

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
