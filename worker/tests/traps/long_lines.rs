//! H1, H2: a line is never too long to be read, and its length costs nothing.

use crate::house::{House, Played, ring, tenants, until};
use std::sync::Arc;

const MANY: usize = 20_000;

#[tokio::test(flavor = "multi_thread")]
async fn twenty_thousand_rings_while_nobody_serves_are_all_served_afterwards() {
    let house = House::open().await;
    let bell = house.bell();
    let many = tenants(MANY);
    let played = Arc::new(Played::idle());
    played.make_due(&many);
    // In portions that the bell carries whole.
    for portion in many.chunks(1000) {
        ring(&bell, portion).await;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    until("the line is full", async || {
        house.ask::<usize>(&["ZCARD", "test:turns:scheduled"]).await >= 2000
    })
    .await;
    let working = house.work(&played, house.options());
    until("everybody is served", async || played.served() == MANY).await;
    working.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_too_long_to_be_read_is_thrown_away_and_made_again() {
    let house = House::open().await;
    let mut redis = house.redis().await;
    let mut push = redis::pipe();
    for task in 0..MANY {
        push.zadd("test:turns:scheduled", format!("task-{task}"), 1);
        push.hset(format!("test:turns:meta:task-{task}"), "status", "Pending");
    }
    push.exec_async(&mut redis).await.unwrap();
    let few = tenants(10);
    let played = Arc::new(Played::idle());
    played.make_due(&few);
    let working = house.work(&played, house.options());
    until("everybody is served", async || played.served() == few.len()).await;
    working.end().await;
    let left: Vec<String> = house.ask(&["KEYS", "test:turns:meta:task-*"]).await;
    assert_eq!(left.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_ever_looks_through_the_line() {
    let house = House::open().await;
    let bell = house.bell();
    let many = tenants(1000);
    let played = Arc::new(Played::idle());
    let working = house.work(&played, house.options());
    ring(&bell, &many).await;
    until("everybody is served", async || {
        played.served() == many.len()
    })
    .await;
    working.end().await;
    let told: String = house.ask(&["INFO", "commandstats"]).await;
    for dear in ["lrem", "lpos", "linsert"] {
        assert!(!told.contains(&format!("cmdstat_{dear}:")), "{told}");
    }
    assert!(told.contains("cmdstat_ltrim:"), "{told}");
}
