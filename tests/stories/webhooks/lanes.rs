//! Lanes: who sends to an endpoint, and what becomes of that when they are gone.

use super::{endpoint, path};
use crate::receiver::{Manner, Receiver};
use crate::world::World;
use chrono::TimeDelta;
use serde_json::{Value, json};
use service::Service;
use service::webhook::{self, Presence};

#[tokio::test]
async fn what_a_dead_worker_had_in_hand_goes_out_again_with_the_same_id() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let receiver = Receiver::start(Manner::Hang).await;
    let endpoint = endpoint(&store, &receiver, &[]).await;
    store.post(&path(&endpoint, "/test"), Value::Null).await;
    webhook::publish(&world.service).await.unwrap();
    let lanes = webhook::claim(&world.service, "dies", None, 10)
        .await
        .unwrap();
    let (service, lane) = (world.service.clone(), lanes[0].clone());
    let worker =
        tokio::spawn(async move { webhook::deliver(&service, &lane, &Default::default()).await });
    while receiver.received().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    worker.abort();
    receiver.behaves(Manner::Well);
    world.deliver().await;
    assert_eq!(receiver.received().len(), 1, "its lease is not over");
    world.advance(TimeDelta::seconds(61)).await;
    world.deliver().await;
    let received = receiver.received();
    assert_eq!((received.len(), received[0].id()), (2, received[1].id()));
    let told = store
        .get(&path(
            &endpoint,
            &format!("/deliveries/{}", received[0].id()),
        ))
        .await;
    assert_eq!(
        (&told["log"][0]["finished_at"], &told["log"][1]["outcome"]),
        (&Value::Null, &json!("delivered"))
    );
}

async fn lanes_taken(service: &Service, holder: &str, presence: Option<&Presence>) -> usize {
    webhook::claim(service, holder, presence, 10)
        .await
        .unwrap()
        .len()
}

#[tokio::test]
async fn lanes_of_a_worker_whose_connection_ended_are_free_at_once() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let receiver = Receiver::start(Manner::Well).await;
    let endpoint = endpoint(&store, &receiver, &[]).await;
    store.post(&path(&endpoint, "/test"), Value::Null).await;
    webhook::publish(&world.service).await.unwrap();
    let service = &world.service;
    let first = Presence::show(service).await.unwrap();
    assert_eq!(lanes_taken(service, "first", Some(&first)).await, 1);
    // While it is there nobody else gets its lane, and it does not take it from itself.
    let second = Presence::show(service).await.unwrap();
    for (holder, presence) in [("second", &second), ("first", &first)] {
        assert!(presence.shows().await);
        assert_eq!(
            lanes_taken(service, holder, Some(presence)).await,
            0,
            "{holder}"
        );
    }
    drop(first);
    let mut taken = 0;
    for _ in 0..500 {
        // However long it takes until the connection has ended, the lease is not over.
        webhook::keep(service, "first").await.unwrap();
        taken = lanes_taken(service, "second", Some(&second)).await;
        if taken > 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(taken, 1, "no lease is over");
    // Who holds under a lease alone is believed until that is over.
    world.advance(TimeDelta::seconds(6)).await;
    assert_eq!(lanes_taken(service, "third", None).await, 1);
    assert_eq!(lanes_taken(service, "second", Some(&second)).await, 0);
}
