//! The worker beside the API, on the real bell: nothing is drained by hand.

use crate::lab::lab;
use crate::world::{Shape, Tenant, World};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Waits until an event has come to a status; how long that takes is not what these stories are about.
async fn until(store: &Tenant<'_>, id: &str, status: &str) {
    for _ in 0..1500 {
        if store.status(id).await == status {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!(
        "event {id} is {} and does not become {status}",
        store.status(id).await
    );
}

#[tokio::test]
async fn queued_events_are_posted_by_the_worker_that_hears_the_bell() {
    let redis = lab().await.redis_url();
    let prefix = format!("story-{}", uuid::Uuid::new_v4().simple());
    let bell = Arc::new(worker::RedisBell::new(&redis, &prefix).unwrap());
    let world = World::shaped(Shape {
        bell,
        ..Shape::default()
    })
    .await;
    let (store, company) = world.store("Harbour").await;
    let stop = CancellationToken::new();
    let work = tokio::spawn(worker::run(
        world.service.clone(),
        worker::Options::new(&redis, &prefix),
        stop.clone(),
    ));
    let mut ids = Vec::new();
    for ticket in 0..5 {
        ids.push(
            store
                .send_event(store.ticket(&format!("t{ticket}")).await)
                .await,
        );
    }
    for id in &ids {
        until(&store, id, "synced").await;
    }
    // An event that fails and is retried comes round by the same bell.
    let mut paypal = store.ticket("paypal").await;
    paypal["transaction"]["payments"][0]["payment_type"] = json!("paypal");
    let paypal = store.send_event(paypal).await;
    until(&store, &paypal, "failed").await;
    store.map("payment", Some("paypal"), "1200").await;
    store
        .post(&format!("/events/{paypal}/retry"), json!({}))
        .await;
    until(&store, &paypal, "synced").await;
    assert_eq!(
        world.quickbooks().entry_count(&company.realm_id).unwrap(),
        6
    );
    assert!(world.quickbooks().violations().is_empty());
    stop.cancel();
    work.await.unwrap().unwrap();
}
