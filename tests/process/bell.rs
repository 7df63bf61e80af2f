//! Two ways to a turn, each without the other: the bell on Redis, and the sweep over PostgreSQL.

use crate::house::House;
use crate::store::{Store, ticket};

#[tokio::test(flavor = "multi_thread")]
async fn the_bell_alone_brings_an_event_to_quickbooks() {
    let house = House::built().await;
    let mut api = house.start("api");
    let mut worker = house.start("worker");
    let store = Store::opened(&house, &mut api).await;
    // From here on no sweep finds anybody: it may not see who was rung for. Whoever ends a turn need not.
    house
        .sql(
            "REVOKE SELECT ON turn FROM tillpost_platform;
             GRANT SELECT (tenant_id, due_at, past) ON turn TO tillpost_platform",
        )
        .await;
    worker.says("the sweep failed").await;
    for number in 1..=5 {
        store
            .send(&[ticket(&house, &format!("t{number}")).await])
            .await;
        store.synced(number).await;
    }
    assert!(
        !worker.log().contains("the sweep is well again"),
        "{}",
        worker.log()
    );
    assert_eq!(
        house
            .quickbooks()
            .entry_count(&store.company.realm_id)
            .unwrap(),
        5
    );
    worker.stop().await;
    api.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_the_sweep_brings_every_event_to_quickbooks() {
    let house = House::built().await;
    let mut api = house.start("api");
    let worker = house.start("worker");
    let store = Store::opened(&house, &mut api).await;
    // Redis ends before it answers.
    let _ = house.redis("SHUTDOWN NOSAVE").await;
    assert!(house.redis("PING").await.is_err());
    store.send(&[ticket(&house, "t1").await]).await;
    store.synced(1).await;
    worker.stop().await;
    // Nor is it needed to begin.
    store.send(&[ticket(&house, "t2").await]).await;
    let worker = house.start("worker");
    store.synced(2).await;
    assert_eq!(
        house
            .quickbooks()
            .entry_count(&store.company.realm_id)
            .unwrap(),
        2
    );
    worker.stop().await;
    api.stop().await;
}
