//! Answers that are lost, late or bad, without anybody's death.

use super::{all_is_well, look, old_tokens_live, open_alerts, refreshes, told, well_behaved};
use crate::beside::Beside;
use crate::lab::Lab;
use crate::world::{Shape, World};
use chrono::TimeDelta;
use reqwest::Method;
use sandbox::quickbooks::{FaultPlan, Hold, Operation, Outcome};
use serde_json::Value;

fn refresh(outcome: Outcome) -> FaultPlan {
    FaultPlan::next(Operation::Refresh, outcome)
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_once_more_with_the_old_token() {
    for (hours, old_lives, lost) in [(2, 0, false), (25, 24, false), (25, 0, true)] {
        let world = World::new().await;
        old_tokens_live(&world, old_lives, true);
        let (store, company) = world.store("Harbour").await;
        world.advance(TimeDelta::hours(hours)).await;
        world
            .quickbooks()
            .plan(refresh(Outcome::Drop).with_commit());
        store.send_event(store.ticket("t1").await).await;
        store.drain().await;
        assert_eq!(refreshes(&world), 2, "{hours} h, {old_lives} h");
        if lost {
            told(
                &store,
                "authentication_lost",
                "its answer was lost on the way",
            )
            .await;
            store.connect(&company.realm_id).await;
        }
        store.settle().await;
        all_is_well(&store).await;
    }
}

#[tokio::test]
async fn answers_that_are_lost_again_and_again_are_waited_out() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    world.advance(TimeDelta::hours(2)).await;
    world.quickbooks().plan(FaultPlan {
        next: None,
        ..refresh(Outcome::Garbage)
    });
    let id = store.send_event(store.ticket("t1").await).await;
    for tries in 1..=3 {
        store.drain().await;
        assert_eq!(refreshes(&world), 2 * tries);
        store.drain().await;
        assert_eq!(refreshes(&world), 2 * tries, "not at once again");
        world.advance(TimeDelta::minutes(5)).await;
    }
    world.quickbooks().clear_plans();
    store.settle().await;
    assert_eq!(store.status(&id).await, "synced");
    all_is_well(&store).await;
}

#[tokio::test]
async fn a_token_endpoint_in_trouble_loses_no_grant_and_is_not_hammered() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    world.advance(TimeDelta::hours(2)).await;
    world.quickbooks().plan(FaultPlan {
        next: None,
        ..refresh(Outcome::Status(503))
    });
    let id = store.send_event(store.ticket("t1").await).await;
    // A day of it: workers, turns and jobs at it every minute of the first hour, then every quarter of an hour.
    for minute in 0..60 + 4 * 23 {
        store.drain().await;
        look(&world).await;
        let wait = if minute < 60 { 1 } else { 15 };
        world.advance(TimeDelta::minutes(wait)).await;
    }
    let asked = refreshes(&world);
    assert!((10..120).contains(&asked), "{asked} times in a day");
    assert_eq!(store.status(&id).await, "not_synced");
    let alerts = open_alerts(&store).await;
    assert_eq!(alerts.len(), 1, "{alerts:#?}");
    assert_eq!(alerts[0]["code"], "quickbooks_unreachable");
    world.quickbooks().clear_plans();
    store.settle().await;
    assert_eq!(store.status(&id).await, "synced");
    well_behaved(&world);
    all_is_well(&store).await;
}

#[tokio::test]
async fn while_the_token_endpoint_is_in_trouble_a_token_is_used_to_its_end() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    let id = store.send_event(store.ticket("t1").await).await;
    world.advance(TimeDelta::minutes(57)).await;
    world.quickbooks().plan(refresh(Outcome::Status(500)));
    store.settle().await;
    assert_eq!(store.status(&id).await, "synced");
    assert_eq!(refreshes(&world), 1, "asked once, in vain");
}

#[tokio::test]
async fn whoever_was_away_for_long_brings_the_newest_pair_and_mends_the_connection() {
    let world = World::new().await;
    old_tokens_live(&world, 0, false);
    let (store, company) = world.store("Harbour").await;
    world.advance(TimeDelta::hours(25)).await;
    let away = Beside::start(&world).await;
    let held = world
        .quickbooks()
        .plan(refresh(Outcome::Answer).held(Hold::AfterCommit));
    let looking = away.look_after_grants();
    world.quickbooks().wait_until_held(held, 1).await;
    world.advance(TimeDelta::seconds(181)).await;
    let id = store.send_event(store.ticket("t1").await).await;
    store.drain().await;
    let alert = told(
        &store,
        "authentication_lost",
        "its answer was lost on the way",
    )
    .await;
    world.quickbooks().release(held);
    looking.await.unwrap().unwrap();
    assert_eq!(open_alerts(&store).await, Vec::<Value>::new());
    let closed = store
        .get(&format!("/alerts/{}", alert["id"].as_str().unwrap()))
        .await;
    assert_eq!(closed["state"], "closed", "{closed:#}");
    store.settle().await;
    assert_eq!(store.status(&id).await, "synced");
    all_is_well(&store).await;
    let entries = world.quickbooks().entry_count(&company.realm_id).unwrap();
    assert_eq!(entries, 2);
}

#[tokio::test]
async fn an_answer_from_before_a_later_refresh_or_a_new_consent_changes_nothing() {
    for reconnected in [false, true] {
        let world = World::new().await;
        old_tokens_live(&world, 0, true);
        let (store, company) = world.store("Harbour").await;
        // The first answer keeps the token, the second one comes after a day and changes it.
        world
            .advance(TimeDelta::hours(24) - TimeDelta::minutes(2))
            .await;
        let away = Beside::start(&world).await;
        let held = world
            .quickbooks()
            .plan(refresh(Outcome::Answer).held(Hold::AfterCommit));
        let looking = away.look_after_grants();
        world.quickbooks().wait_until_held(held, 1).await;
        if reconnected {
            store.connect(&company.realm_id).await;
        } else {
            world.advance(TimeDelta::seconds(181)).await;
            look(&world).await;
        }
        let version = world
            .rows("SELECT version::text || refresh_token::text FROM connection_grant")
            .await;
        world.quickbooks().release(held);
        looking.await.unwrap().unwrap();
        let after = world
            .rows("SELECT version::text || refresh_token::text FROM connection_grant")
            .await;
        assert_eq!(version, after, "reconnected: {reconnected}");
        for _ in 0..3 {
            world.advance(TimeDelta::hours(30)).await;
            all_is_well(&store).await;
        }
    }
}

#[tokio::test]
async fn a_database_that_restarts_while_the_answer_is_out_loses_no_grant() {
    let lab = Lab::apart().await;
    let world = World::on(lab, Shape::default()).await;
    old_tokens_live(&world, 0, true);
    let (store, _) = world.store("Harbour").await;
    world.advance(TimeDelta::hours(25)).await;
    let instance = Beside::start(&world).await;
    let held = world
        .quickbooks()
        .plan(refresh(Outcome::Answer).held(Hold::AfterCommit));
    let looking = instance.look_after_grants();
    world.quickbooks().wait_until_held(held, 1).await;
    lab.crash_database().await;
    world.quickbooks().release(held);
    looking.await.unwrap().unwrap();
    assert_eq!(refreshes(&world), 1);
    // The world's own connections are broken too, and each is found out by a use of its own, which is another story.
    for _ in 0..40 {
        let _ = store.send(Method::GET, "/sync", None).await;
    }
    all_is_well(&store).await;
    well_behaved(&world);
}
