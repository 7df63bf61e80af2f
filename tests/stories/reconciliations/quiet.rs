//! What is only under way is no finding, and posting goes before reading.

use super::{Shop, Way};
use crate::alerts::open;
use crate::world::World;
use chrono::TimeDelta;
use sandbox::quickbooks::{FaultPlan, Operation, Outcome, Switches};
use serde_json::{Value, json};

#[tokio::test]
async fn books_that_are_as_they_were_posted_tell_nothing() {
    let world = World::new().await;
    let shop = Shop::with(&world, 12).await;
    for way in [Way::Changes, Way::Days, Way::Changes] {
        let run = shop.look(way).await;
        assert_eq!(run["accepted"], 0);
        assert_eq!(shop.findings("").await, Vec::<Value>::new(), "{way:?}");
    }
    assert_eq!(open(&shop.store).await, Vec::<Value>::new());
}

#[tokio::test]
async fn an_entry_in_doubt_is_neither_missing_nor_foreign() {
    let world = World::new().await;
    let shop = Shop::with(&world, 2).await;
    // It is in the books, and we do not know.
    let lost = FaultPlan::next(Operation::CreateJournalEntry, Outcome::Drop).with_commit();
    world.quickbooks().plan(lost);
    let doubtful = shop.store.send_event(shop.store.ticket("lost").await).await;
    shop.store.drain().await;
    world.advance(TimeDelta::seconds(30)).await;
    let made = shop.store.post("/reconciliations", shop.window()).await;
    shop.store.drain().await;
    let path = format!("/reconciliations/{}", made["id"].as_str().unwrap());
    let run = shop.store.get(&path).await;
    assert_eq!(run["state"], "finished", "{run:#}");
    assert_eq!(
        run["entries_read"], 3,
        "the entry in doubt was read: {run:#}"
    );
    assert_eq!(shop.store.status(&doubtful).await, "processing");
    assert_eq!(shop.findings("").await, Vec::<Value>::new());
    shop.store.settle().await;
    assert_eq!(shop.store.status(&doubtful).await, "synced");
    shop.look(Way::Changes).await;
    assert_eq!(shop.findings("").await, Vec::<Value>::new());
}

#[tokio::test]
async fn posting_goes_first_and_what_was_posted_this_moment_is_not_missed() {
    let world = World::new().await;
    // A query shows an entry only after a while, and the changes too late to tell of it.
    world.quickbooks().set_switches(Switches {
        query_lag_seconds: 90,
        ..Switches::default()
    });
    let shop = Shop::with(&world, 2).await;
    world.advance(TimeDelta::days(31)).await;
    let mut tickets = Vec::new();
    for place in 0..35 {
        tickets.push(shop.store.ticket(&format!("more-{place}")).await);
    }
    let window = json!({ "from_date": "2026-01-01", "to_date": "2099-12-31" });
    let made = shop.store.post("/reconciliations", window).await;
    let events = shop.store.send_events(tickets).await;
    shop.store.drain().await;
    let path = format!("/reconciliations/{}", made["id"].as_str().unwrap());
    let run = shop.store.get(&path).await;
    assert_eq!(run["state"], "finished", "{run:#}");
    assert_eq!(shop.findings("").await, Vec::<Value>::new());
    for event in &events {
        assert_eq!(shop.store.status(event).await, "synced");
    }
    let calls = world.quickbooks().calls();
    let last_post = calls
        .iter()
        .rposition(|call| call.operation == Operation::CreateJournalEntry);
    let first_look = calls
        .iter()
        .position(|call| call.operation == Operation::ReadChanges);
    assert!(last_post < first_look, "{last_post:?} {first_look:?}");
}

#[tokio::test]
async fn a_run_outlives_a_lost_answer_and_a_grant_that_ended() {
    let world = World::new().await;
    let shop = Shop::with(&world, 2).await;
    let copy = shop.copy("1");
    world
        .quickbooks()
        .plan(FaultPlan::next(Operation::ReadChanges, Outcome::Drop));
    world.advance(TimeDelta::days(31)).await;
    let made = shop.store.post("/reconciliations", shop.window()).await;
    shop.store.drain().await;
    world
        .quickbooks()
        .revoke_grants(&shop.company.realm_id)
        .unwrap();
    world
        .quickbooks()
        .expire_access_tokens(&shop.company.realm_id)
        .unwrap();
    world.advance(TimeDelta::minutes(5)).await;
    shop.store.drain().await;
    shop.store.connect(&shop.company.realm_id).await;
    shop.store.settle().await;
    let path = format!("/reconciliations/{}", made["id"].as_str().unwrap());
    let run = shop.store.get(&path).await;
    assert_eq!(run["state"], "finished", "{run:#}");
    assert_eq!(shop.findings("").await[0]["qbo_id"], json!(copy));
}
