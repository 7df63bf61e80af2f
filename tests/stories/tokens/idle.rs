//! Grants that nobody needs: kept alive, left alone where they are of no use, and their ends told in time.

use super::{
    all_is_well, look, look_when_due, old_tokens_live, open_alerts, refreshes, told, well_behaved,
};
use crate::world::{PLATFORM_KEY, Tenant, World};
use chrono::TimeDelta;
use reqwest::Method;
use sandbox::quickbooks::{FaultPlan, Operation, Outcome};
use serde_json::{Value, json};

/// The grant's due time, empty where there is none.
async fn due(world: &World) -> Vec<String> {
    world
        .rows("SELECT coalesce(due_at::text, '') FROM connection_grant")
        .await
}

async fn set_status(store: &Tenant<'_>, status: &str) {
    store
        .world
        .ok(
            Method::PATCH,
            &store.path(""),
            PLATFORM_KEY,
            Some(json!({ "status": status })),
        )
        .await;
}

#[tokio::test]
async fn a_grant_in_use_gets_its_successor_ahead_and_nobody_waits_for_it() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    store.send_event(store.ticket("t1").await).await;
    store.settle().await;
    assert_eq!(look(&world).await, 0);
    let waited = look_when_due(&world).await;
    assert!(
        waited > TimeDelta::minutes(49) && waited < TimeDelta::minutes(55),
        "{waited}"
    );
    assert_eq!(refreshes(&world), 1);
    world.advance(TimeDelta::minutes(40)).await;
    let id = store.send_event(store.ticket("t2").await).await;
    store.settle().await;
    assert_eq!(store.status(&id).await, "synced");
    assert_eq!(refreshes(&world), 1, "the sale did not wait for a token");
    // Used again, so it has a successor again; then nobody uses that one.
    look_when_due(&world).await;
    let idle = look_when_due(&world).await;
    assert!(
        idle > TimeDelta::days(5) && idle < TimeDelta::days(8),
        "{idle}"
    );
    assert_eq!(refreshes(&world), 3);
    well_behaved(&world);
}

#[tokio::test]
async fn an_idle_grant_lives_through_a_year_without_a_single_event() {
    for (hours, revokes_family) in [(0, true), (24, false)] {
        let world = World::new().await;
        old_tokens_live(&world, hours, revokes_family);
        let (store, _) = world.store("Harbour").await;
        let mut passed = TimeDelta::zero();
        while passed < TimeDelta::days(365) {
            passed += look_when_due(&world).await;
        }
        let connection = store.get("/connection").await;
        let at = |field: &str| {
            let text = connection[field].as_str().unwrap();
            text.parse::<chrono::DateTime<chrono::Utc>>().unwrap()
        };
        assert!(store.now().await - at("grant_refreshed_at") < TimeDelta::minutes(5));
        assert!(at("grant_expires_at") > store.now().await + TimeDelta::days(99));
        assert!(at("access_expires_at") > store.now().await + TimeDelta::minutes(55));
        let asked = refreshes(&world);
        assert!((50..=66).contains(&asked), "{asked} in a year");
        assert_eq!(open_alerts(&store).await, Vec::<Value>::new());
        well_behaved(&world);
        all_is_well(&store).await;
    }
}

#[tokio::test]
async fn the_end_after_five_years_is_told_thirty_days_before_and_a_new_consent_closes_it() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let hard_end = store.get("/connection").await["grant_hard_expires_at"].clone();
    let left = |now: chrono::DateTime<chrono::Utc>| {
        hard_end
            .as_str()
            .unwrap()
            .parse::<chrono::DateTime<chrono::Utc>>()
            .unwrap()
            - now
    };
    let first = left(store.now().await);
    assert!(
        first > TimeDelta::days(1824) && first <= TimeDelta::days(1825),
        "{first}"
    );
    // Months at a time, as far as the hundred days allow.
    while left(store.now().await) > TimeDelta::days(100) {
        world.advance(TimeDelta::days(60)).await;
        look(&world).await;
        assert_eq!(open_alerts(&store).await, Vec::<Value>::new());
    }
    while open_alerts(&store).await.is_empty() {
        look_when_due(&world).await;
    }
    let told_at = left(store.now().await);
    assert!(
        told_at > TimeDelta::days(29) && told_at <= TimeDelta::days(30),
        "{told_at}"
    );
    let warning = told(&store, "grant_ending", "five years").await;
    while store.get("/connection").await["state"] == "connected" {
        look_when_due(&world).await;
    }
    assert!(left(store.now().await) <= TimeDelta::zero());
    told(&store, "authentication_lost", "it lasts five years").await;
    store.connect(&company.realm_id).await;
    let warning = store
        .get(&format!("/alerts/{}", warning["id"].as_str().unwrap()))
        .await;
    assert_eq!(warning["state"], "closed", "{warning:#}");
    let renewed = store.get("/connection").await["grant_hard_expires_at"].clone();
    assert_ne!(renewed, hard_end, "a new consent has five years of its own");
    all_is_well(&store).await;
}

#[tokio::test]
async fn a_grant_that_cannot_be_used_is_told_of_before_its_hundred_days_are_over() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    let plan = world.quickbooks().plan(FaultPlan {
        operation: Some(Operation::Refresh),
        outcome: Outcome::Status(503),
        ..FaultPlan::default()
    });
    for day in 1..=87 {
        world.advance(TimeDelta::days(1)).await;
        look(&world).await;
        let open = open_alerts(&store).await;
        if day < 85 {
            assert_eq!(open, Vec::<Value>::new(), "day {day}");
        }
    }
    let alert = told(&store, "grant_ending", "100 days without use").await;
    assert!(
        refreshes(&world) <= 90,
        "once a look: {}",
        refreshes(&world)
    );
    assert!(
        world
            .quickbooks()
            .plans()
            .iter()
            .any(|planned| planned.id == plan)
    );
    world.quickbooks().clear_plans();
    world.advance(TimeDelta::hours(1)).await;
    look(&world).await;
    let alert = store
        .get(&format!("/alerts/{}", alert["id"].as_str().unwrap()))
        .await;
    assert_eq!(alert["state"], "closed", "{alert:#}");
    all_is_well(&store).await;
}

#[tokio::test]
async fn a_grant_revoked_while_nobody_needs_it_is_told_of_before_an_event_waits() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    look_when_due(&world).await;
    world.quickbooks().revoke_grants(&company.realm_id).unwrap();
    let waited = look_when_due(&world).await;
    assert!(waited < TimeDelta::days(8), "{waited}");
    let alert = told(&store, "authentication_lost", "revoked").await;
    assert_eq!(alert["severity"], "critical");
    assert_eq!(due(&world).await, [""], "and left alone");
    let asked = refreshes(&world);
    world.advance(TimeDelta::days(30)).await;
    assert_eq!(look(&world).await, 0);
    assert_eq!(refreshes(&world), asked);
    store.connect(&company.realm_id).await;
    all_is_well(&store).await;
}

#[tokio::test]
async fn a_lapsed_subscriptions_grant_is_kept_alive_for_the_day_it_is_renewed() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let lapse = |lapsed| {
        world
            .quickbooks()
            .set_subscription_lapsed(&company.realm_id, lapsed)
            .unwrap();
    };
    lapse(true);
    let id = store.send_event(store.ticket("t1").await).await;
    store.drain().await;
    told(&store, "subscription_lapsed", "").await;
    for _ in 0..20 {
        look_when_due(&world).await;
    }
    lapse(false);
    store.post("/sync/start", json!({})).await;
    store.settle().await;
    assert_eq!(store.status(&id).await, "synced");
    all_is_well(&store).await;
}

#[tokio::test]
async fn grants_of_suspended_and_disconnected_tenants_are_left_alone() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    look_when_due(&world).await;
    let asked = refreshes(&world);
    set_status(&store, "suspended").await;
    world.advance(TimeDelta::days(20)).await;
    assert_eq!(look(&world).await, 0);
    assert_eq!(refreshes(&world), asked);
    set_status(&store, "active").await;
    assert_eq!(look(&world).await, 1);
    assert_eq!(refreshes(&world), asked + 1);
    all_is_well(&store).await;
    let asked = refreshes(&world);
    let gone = store.send(Method::DELETE, "/connection", None).await;
    assert!(gone.0.is_success(), "{gone:?}");
    world.advance(TimeDelta::days(20)).await;
    assert_eq!(look(&world).await, 0);
    assert_eq!(refreshes(&world), asked);
    store.connect(&company.realm_id).await;
    all_is_well(&store).await;
}
