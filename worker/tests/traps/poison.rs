//! H5, H6: tasks that cannot be read, and turns that fail.

use crate::house::{House, Played, ring, tenants, until};
use std::sync::Arc;

const TASK: &str = "01KB0000000000000000000000";

#[tokio::test(flavor = "multi_thread")]
async fn undecodable_bytes_are_passed_over_by_the_same_worker() {
    let house = House::open().await;
    let played = Arc::new(Played::idle());
    let working = house.work(&played, house.options());
    let before = house.workers(1).await;
    let mut redis = house.redis().await;
    let told: [(&str, &str); 3] = [
        ("attempts", "0"),
        ("max_attempts", "25"),
        ("status", "Pending"),
    ];
    redis::pipe()
        .hset("test:turns:data", TASK, &b"\xff\xfe{not json"[..])
        .hset_multiple(format!("test:turns:meta:{TASK}"), &told)
        .rpush("test:turns:active", TASK)
        .exec_async(&mut redis)
        .await
        .unwrap();
    let tenant = tenants(1);
    ring(&house.bell(), &tenant).await;
    until("the next is served", async || played.served() == 1).await;
    until("both are done", async || {
        house.ask::<usize>(&["SCARD", "test:turns:done"]).await == 2
    })
    .await;
    assert_eq!(house.workers(1).await, before);
    working.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_ends_its_worker_ends_only_one() {
    let house = House::open().await;
    let played = Arc::new(Played::idle());
    let working = house.work(&played, house.options());
    let before = house.workers(1).await;
    // An id of which nothing else is known.
    let _: usize = house.ask(&["RPUSH", "test:turns:active", TASK]).await;
    ring(&house.bell(), &tenants(1)).await;
    until("another worker has come", async || {
        let names: Vec<String> = house
            .ask(&["ZRANGE", "test:turns:workers", "0", "-1"])
            .await;
        names.len() == 1 && names != before
    })
    .await;
    // It does not come back: nobody holds it any more.
    let held: Vec<String> = house.ask(&["KEYS", "test:turns:inflight:*"]).await;
    assert!(held.is_empty(), "{held:?}");
    ring(&house.bell(), &tenants(1)).await;
    until("the next is served", async || played.served() >= 1).await;
    working.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_that_fails_is_never_tried_again_by_redis() {
    let house = House::open().await;
    let played = Arc::new(Played::new(|_, _| {
        Box::pin(async { panic!("a turn fails on purpose") })
    }));
    let working = house.work(&played, house.options());
    let few = tenants(20);
    ring(&house.bell(), &few).await;
    until("all are done with", async || {
        house.ask::<usize>(&["SCARD", "test:turns:done"]).await == few.len()
    })
    .await;
    for waiting in ["scheduled", "dead"] {
        let key = format!("test:turns:{waiting}");
        assert_eq!(house.ask::<usize>(&["EXISTS", &key]).await, 0, "{waiting}");
    }
    working.end().await;
    assert!(few.iter().all(|tenant| played.turns_of(*tenant) == 1));
}
