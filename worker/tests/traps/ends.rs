//! H11: a worker asked to end, with its hands full.

use crate::house::{House, Played, ring, tenants, until};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

#[tokio::test(flavor = "multi_thread")]
async fn an_end_with_hundreds_of_turns_under_way_waits_for_them_and_begins_no_more() {
    let house = House::open().await;
    let go = CancellationToken::new();
    let played = Arc::new(Played::standing(&go));
    let options = house.options();
    let working = house.work(&played, options);
    let many = tenants(600);
    ring(&house.bell(), &many).await;
    until("many are under way", async || played.under_way() > 200).await;
    let begun = {
        working.stop.cancel();
        tokio::time::sleep(Duration::from_millis(100)).await;
        played.served()
    };
    go.cancel();
    working.end().await;
    assert_eq!(played.under_way(), 0);
    assert_eq!(played.served(), begun);
    // The line is there for others; nothing is held by a worker that is gone.
    let held: Vec<String> = house.ask(&["KEYS", "test:turns:inflight:*"]).await;
    assert!(held.is_empty(), "{held:?}");
    assert!(house.workers(0).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_hand_at_the_end_is_acknowledged() {
    let house = House::open().await;
    let go = CancellationToken::new();
    let played = Arc::new(Played::standing(&go));
    let mut options = house.options();
    options.turns_max = 1;
    let working = house.work(&played, options);
    let name = house.workers(1).await.remove(0);
    let inflight = format!("test:turns:inflight:{name}");
    ring(&house.bell(), &tenants(100)).await;
    let in_hand = async || house.ask::<usize>(&["SCARD", &inflight]).await;
    until("its hands are full", async || {
        let before = in_hand().await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        before > 0 && in_hand().await == before
    })
    .await;
    let held = in_hand().await;
    let done: usize = house.ask(&["SCARD", "test:turns:done"]).await;
    working.stop.cancel();
    go.cancel();
    working.end().await;
    let after: usize = house.ask(&["SCARD", "test:turns:done"]).await;
    assert_eq!(after, done + held);
}
