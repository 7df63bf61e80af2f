//! Finished tasks do not stay on Redis.

use crate::house::{House, Played, ring, tenants, until};
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_turns_leave_nothing_on_redis() {
    let house = House::open().await;
    let bell = house.bell();
    let played = Arc::new(Played::idle());
    // Scripts and connections are there.
    let working = house.work(&played, house.options());
    ring(&bell, &tenants(10)).await;
    until("some are served", async || played.served() == 10).await;
    let before = memory(&house).await;
    let mut most = 0;
    for round in 1..=3 {
        let portion = tenants(1000);
        ring(&bell, &portion).await;
        until("a thousand are served", async || {
            most = most.max(house.ask::<usize>(&["DBSIZE"]).await);
            played.served() == 10 + 1000 * round
        })
        .await;
    }
    working.end().await;
    assert!(most > 100, "{most}: the rest of the test shows nothing");
    // The next tidies as soon as it begins.
    let working = house.work(&played, house.options());
    until("it is tidy", async || {
        house.ask::<usize>(&["DBSIZE"]).await < 20
    })
    .await;
    let after = memory(&house).await;
    assert!(after < before + 500_000, "{before} {after}");
    working.end().await;
}

async fn memory(house: &House) -> usize {
    let told: String = house.ask(&["INFO", "memory"]).await;
    let used = told
        .lines()
        .find_map(|line| line.strip_prefix("used_memory:"));
    used.unwrap().trim().parse().unwrap()
}
