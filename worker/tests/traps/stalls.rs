//! H8, H9: a Redis that stalls, and one that forgets.

use crate::house::{House, Played, ring, tenants, until};
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_stalls_for_seconds_ends_no_worker() {
    let house = House::open().await;
    let played = Arc::new(Played::idle());
    let working = house.work(&played, house.options());
    let before = house.workers(1).await;
    ring(&house.bell(), &tenants(1)).await;
    until("one is served", async || played.served() == 1).await;
    let _: String = house.ask(&["CLIENT", "PAUSE", "3000", "ALL"]).await;
    // This is answered when the pause is over.
    let after = house.workers(1).await;
    assert_eq!(after, before);
    ring(&house.bell(), &tenants(1)).await;
    until("the next is served", async || played.served() == 2).await;
    assert_eq!(house.workers(1).await, before);
    working.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_stood_in_a_line_that_redis_forgot_is_served_all_the_same() {
    let house = House::open().await;
    let bell = house.bell();
    let many = tenants(500);
    let played = Arc::new(Played::idle());
    played.make_due(&many);
    ring(&bell, &many).await;
    until("they stand in line", async || {
        house.ask::<usize>(&["ZCARD", "test:turns:scheduled"]).await == many.len()
    })
    .await;
    let _: String = house.ask(&["FLUSHALL"]).await;
    let working = house.work(&played, house.options());
    until("some are served", async || played.served() > 10).await;
    let _: String = house.ask(&["FLUSHALL"]).await;
    until("everybody is served", async || {
        played.served() == many.len()
    })
    .await;
    working.end().await;
}
