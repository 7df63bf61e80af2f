//! An endpoint fails a hundred times: it is one alert, and it closes when messages are taken.

use super::{change, endpoint, path};
use crate::alerts::{MANY, closed, only};
use crate::receiver::{Manner, Receiver};
use crate::world::World;
use chrono::TimeDelta;
use serde_json::{Value, json};

#[tokio::test]
pub async fn an_endpoint_that_says_gone_is_one_alert_until_it_is_enabled() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    let receiver = Receiver::start(Manner::Status(410, "")).await;
    let endpoint = endpoint(&store, &receiver, &[]).await;
    for _ in 0..MANY {
        store.post(&path(&endpoint, "/test"), Value::Null).await;
    }
    world.deliver().await;
    let alert = only(&store, "webhook_disabled").await;
    for _ in 0..MANY {
        world.advance(TimeDelta::hours(1)).await;
        world.deliver().await;
    }
    assert_eq!(only(&store, "webhook_disabled").await["id"], alert["id"]);
    receiver.behaves(Manner::Well);
    change(&store, &endpoint, json!({ "enabled": true })).await;
    world.deliver().await;
    closed(&store, &alert).await;
}

#[tokio::test]
pub async fn an_endpoint_that_fails_a_hundred_times_is_one_alert_until_it_takes_messages() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    let receiver = Receiver::start(Manner::Status(503, "")).await;
    let endpoint = endpoint(&store, &receiver, &[]).await;
    for _ in 0..MANY {
        store.post(&path(&endpoint, "/test"), Value::Null).await;
    }
    // A day and a half, in which every message is tried several times.
    for _ in 0..18 {
        world.deliver().await;
        world.advance(TimeDelta::hours(2)).await;
    }
    world.deliver().await;
    let alert = only(&store, "webhook_failing").await;
    let waiting = path(&endpoint, "/deliveries?state=waiting&limit=200");
    let waiting = store.get(&waiting).await["items"].clone();
    assert!(waiting.as_array().unwrap().len() >= MANY, "none arrived");
    world.advance(TimeDelta::hours(2)).await;
    world.deliver().await;
    assert_eq!(only(&store, "webhook_failing").await["id"], alert["id"]);
    receiver.behaves(Manner::Well);
    for _ in 0..18 {
        world.advance(TimeDelta::hours(2)).await;
        world.deliver().await;
    }
    closed(&store, &alert).await;
}
