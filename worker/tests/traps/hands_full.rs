//! H3, H4, H7: what happens to turns while all hands are full, while some hang, and when one panics.

use crate::house::{House, Played, ring, tenants, until};
use service::posting::TurnEnd;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_hands_are_full_lives_and_nothing_of_its_is_given_twice() {
    let house = House::open().await;
    let bell = house.bell();
    let go = CancellationToken::new();
    let played = Arc::new(Played::standing(&go));
    let mut options = house.options();
    options.turns_max = 1;
    let working = house.work(&played, options.clone());
    let name = house.workers(1).await.remove(0);
    // One has its turn, some wait inside, and four are in the worker's hands; the rest stand in line.
    let many = tenants(40);
    ring(&bell, &many).await;
    let inflight = format!("test:turns:inflight:{name}");
    until("its hands are full", async || {
        house.ask::<usize>(&["SCARD", &inflight]).await >= 4
    })
    .await;
    let heartbeat = async || {
        let at: Option<f64> = house.ask(&["ZSCORE", "test:turns:workers", &name]).await;
        at.unwrap()
    };
    let mut last = heartbeat().await;
    for _ in 0..2 {
        until("its heart beats", async || heartbeat().await > last).await;
        last = heartbeat().await;
    }
    // Another one finds nothing that was left behind.
    let other = house.work(&played, house.options());
    let go_on = house.workers(2).await;
    assert!(go_on.contains(&name));
    go.cancel();
    until("everybody is served", async || {
        played.served() == many.len()
    })
    .await;
    working.end().await;
    other.end().await;
    assert!(many.iter().all(|tenant| played.turns_of(*tenant) == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_rung_for_again_and_again_never_has_two_turns_at_once() {
    let house = House::open().await;
    let bell = house.bell();
    let played = Arc::new(Played::new(|_, _| {
        Box::pin(async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            TurnEnd::Idle
        })
    }));
    let working = house.work(&played, house.options());
    let few = tenants(5);
    for _ in 0..200 {
        ring(&bell, &few).await;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    until("they have had many", async || {
        few.iter().all(|tenant| played.turns_of(*tenant) > 10)
    })
    .await;
    working.end().await;
    assert!(!played.ever_twice_at_once());
}

#[tokio::test(flavor = "multi_thread")]
async fn turns_that_hang_take_nobodys_seat() {
    let house = House::open().await;
    let bell = house.bell();
    let go = CancellationToken::new();
    let hanging = tenants(40);
    let hang = (go.clone(), hanging.clone());
    let mut played = Played::new(move |tenant, _| {
        let (go, hanging) = hang.clone();
        Box::pin(async move {
            if hanging.contains(&tenant) {
                go.cancelled().await;
            }
            TurnEnd::Idle
        })
    });
    played.allowance = Duration::from_millis(50);
    let played = Arc::new(played);
    let mut options = house.options();
    options.turns_max = 16;
    let working = house.work(&played, options);
    ring(&bell, &hanging).await;
    until("they all hang", async || {
        played.under_way() == hanging.len()
    })
    .await;
    let well = tenants(100);
    ring(&bell, &well).await;
    until("the others are served", async || {
        well.iter().all(|tenant| played.turns_of(*tenant) == 1)
    })
    .await;
    assert_eq!(played.under_way(), hanging.len());
    go.cancel();
    working.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_is_acknowledged_and_nothing_is_kept_in_hand() {
    let house = House::open().await;
    let bell = house.bell();
    let played = Arc::new(Played::idle());
    let working = house.work(&played, house.options());
    let name = house.workers(1).await.remove(0);
    let many = tenants(100);
    ring(&bell, &many).await;
    until("all are acknowledged", async || {
        house.ask::<usize>(&["SCARD", "test:turns:done"]).await == many.len()
    })
    .await;
    let inflight = format!("test:turns:inflight:{name}");
    assert_eq!(house.ask::<usize>(&["SCARD", &inflight]).await, 0);
    working.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_that_panics_takes_no_other_with_it_and_its_tenant_has_the_next() {
    let house = House::open().await;
    let bell = house.bell();
    let go = CancellationToken::new();
    let mut many = tenants(20);
    let unlucky = many[7];
    let wait = go.clone();
    let played = Arc::new(Played::new(move |tenant, time| {
        let go = wait.clone();
        Box::pin(async move {
            assert!(tenant != unlucky || time > 1, "a turn panics on purpose");
            go.cancelled().await;
            TurnEnd::Idle
        })
    }));
    let working = house.work(&played, house.options());
    let name = house.workers(1).await;
    ring(&bell, &many).await;
    until("all have begun", async || played.served() == many.len()).await;
    until("one has panicked", async || {
        played.under_way() == many.len() - 1
    })
    .await;
    ring(&bell, &[unlucky]).await;
    until("it has the next", async || played.under_way() == many.len()).await;
    go.cancel();
    working.end().await;
    assert_eq!(played.turns_of(unlucky), 2);
    many.retain(|tenant| *tenant != unlucky);
    assert!(many.iter().all(|tenant| played.turns_of(*tenant) == 1));
    assert_eq!(name.len(), 1);
}
