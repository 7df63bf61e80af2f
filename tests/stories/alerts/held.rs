//! A company whose queue is held, because it refused every entry for what it lacks, never stands still in silence: the alert of
//! what it is held for is open as long as anything waits, whatever becomes of the events that failed for it.

use super::{closed, only, things_are_good};
use crate::world::{Tenant, World};
use chrono::TimeDelta;
use reqwest::Method;
use sandbox::quickbooks::{FaultPlan, Operation, Outcome};
use serde_json::{Value, json};

/// Events in the queue when the company refuses.
const EVENTS: usize = 40;
/// What each fault that holds a queue is an alert of: code, and the problem's code where that tells it apart.
const HOLDING: [(u32, &str, Option<&str>); 2] = [
    (5020, "plan_lacks_feature", None),
    (2220, "events_failed", Some("currency_not_enabled")),
];

async fn refuse_everything(world: &World, store: &Tenant<'_>, fault: u32) -> Vec<String> {
    world.quickbooks().plan(FaultPlan {
        operation: Some(Operation::CreateJournalEntry),
        outcome: Outcome::Fault(fault),
        ..FaultPlan::default()
    });
    let mut events = Vec::new();
    for place in 0..EVENTS {
        events.push(store.ticket(&format!("held-{place}")).await);
    }
    let ids = store.send_events(events).await;
    store.drain().await;
    ids
}

async fn is_held(store: &Tenant<'_>, code: &str, problem: Option<&str>) -> Value {
    let alert = only(store, code).await;
    assert_eq!(alert["problem_code"], json!(problem), "{alert:#}");
    assert_eq!(alert["events"], json!(EVENTS), "{alert:#}");
    let detail = alert["detail"].as_str().unwrap();
    assert!(
        detail.contains(". Everything that is queued waits; one entry is tried at 20"),
        "{detail}"
    );
    alert
}

// How many events a list below the tenant's resources names.
async fn listed(store: &Tenant<'_>, alert: &Value) -> usize {
    let link = alert["link"].as_str().unwrap();
    let page = store.world.ok(Method::GET, link, &store.key, None).await;
    page["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_held_queue_has_an_open_alert_whatever_it_is_held_for_and_however_its_failures_are_sent_again()
 {
    for (fault, code, problem) in HOLDING {
        let world = World::new().await;
        let (store, _) = world.store("Harbour").await;
        let ids = refuse_everything(&world, &store, fault).await;
        let alert = is_held(&store, code, problem).await;
        let failed = listed(&store, &alert).await;
        assert!(failed > 0 && failed < EVENTS, "{failed}");
        // Every event that failed is sent again, changed.
        let mut corrected = Vec::new();
        for place in 0..ids.len() {
            let mut event = store.ticket(&format!("held-{place}")).await;
            event["memo"] = json!("corrected");
            corrected.push(event);
        }
        store.post("/events", json!({ "events": corrected })).await;
        store.drain().await;
        let sync = store.get("/sync").await;
        assert_eq!(sync["events"]["failed"], 0, "{sync:#}");
        let now = is_held(&store, code, problem).await;
        assert_eq!(now["id"], alert["id"]);
        assert_eq!(listed(&store, &now).await, EVENTS, "its link leads to them");
        // Nobody posts to it for hours, and that is still the one alert.
        for _ in 0..3 {
            world.advance(TimeDelta::hours(2)).await;
            store.drain().await;
            is_held(&store, code, problem).await;
        }
        world.quickbooks().clear_plans();
        store.post("/retry-failed", json!({})).await;
        store.settle().await;
        closed(&store, &alert).await;
        things_are_good(&store).await;
    }
}

/// The alert opened for one fault tells of those that were tried again, not of how many there were.
#[tokio::test]
async fn an_alert_whose_events_are_tried_again_counts_those_and_leads_to_them() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let today = store.now().await.date_naive();
    let quickbooks = world.quickbooks();
    quickbooks
        .close_books(&company.realm_id, today, false)
        .unwrap();
    for name in ["c1", "c2", "c3"] {
        store.send_event(store.ticket(name).await).await;
    }
    store.drain().await;
    let alert = only(&store, "closed_period").await;
    assert_eq!(listed(&store, &alert).await, 3, "{alert:#}");
    store.post("/sync/stop", json!({})).await;
    let mut corrected = store.ticket("c1").await;
    corrected["memo"] = json!("corrected");
    store
        .post("/events", json!({ "events": [corrected] }))
        .await;
    let id = format!("/alerts/{}", alert["id"].as_str().unwrap());
    let two = store.get(&id).await;
    assert_eq!(two["events"], 2, "{two:#}");
    store.post("/retry-failed", json!({})).await;
    let tried = store.get(&id).await;
    assert_eq!(
        (&tried["state"], &tried["events"], &tried["detail"]),
        (
            &json!("open"),
            &json!(3),
            &json!("The accounting period is closed: 3 events that failed for it are tried again.")
        ),
        "{tried:#}"
    );
    assert_eq!(listed(&store, &tried).await, 3);
    quickbooks.reopen_books(&company.realm_id).unwrap();
    store.post("/sync/start", json!({})).await;
    store.settle().await;
    closed(&store, &alert).await;
}

/// It refused for its subscription; somebody connects again, and then QuickBooks is away. What it was held for is over.
#[tokio::test]
async fn a_company_that_was_connected_again_and_is_then_away_has_the_alert_of_that() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let lapse = |lapsed| {
        world
            .quickbooks()
            .set_subscription_lapsed(&company.realm_id, lapsed)
            .unwrap()
    };
    lapse(true);
    store.send_event(store.ticket("t1").await).await;
    store.drain().await;
    let lapsed = only(&store, "subscription_lapsed").await;
    lapse(false);
    world.quickbooks().plan(FaultPlan {
        operation: Some(Operation::CreateJournalEntry),
        outcome: Outcome::Status(503),
        ..FaultPlan::default()
    });
    store.connect(&company.realm_id).await;
    closed(&store, &lapsed).await;
    for _ in 0..10 {
        world.advance(TimeDelta::minutes(5)).await;
        store.drain().await;
    }
    let away = only(&store, "quickbooks_unreachable").await;
    assert_eq!(away["events"], 1, "{away:#}");
    world.quickbooks().clear_plans();
    store.settle().await;
    closed(&store, &away).await;
}
