//! A company that refuses us as a whole, as for a lapsed subscription: it is left alone, asked again with one request when a
//! pause is over that grows, and goes on by itself when it answers.

use crate::alerts::{closed, only};
use crate::world::{Tenant, World};
use chrono::TimeDelta;
use sandbox::quickbooks::{CompanySummary, FaultPlan, Operation, Outcome};
use serde_json::json;

/// Minutes from each refusal to the next request.
const PAUSES: [i64; 8] = [5, 10, 20, 40, 80, 160, 240, 240];

// What the company was asked; tokens are another house's.
fn calls(world: &World) -> usize {
    let calls = world.quickbooks().calls();
    let asked = calls
        .iter()
        .filter(|call| call.operation != Operation::Refresh);
    asked.count()
}

fn lapse(world: &World, company: &CompanySummary, lapsed: bool) {
    let realm = &company.realm_id;
    world
        .quickbooks()
        .set_subscription_lapsed(realm, lapsed)
        .unwrap();
}

async fn backlog(store: &Tenant<'_>, events: usize) {
    let mut sent = Vec::new();
    for place in 0..events {
        sent.push(store.ticket(&format!("waits-{place}")).await);
    }
    store.send_events(sent).await;
}

#[tokio::test]
async fn a_lapsed_subscription_is_tried_with_one_request_after_a_growing_pause_and_mends_itself() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    lapse(&world, &company, true);
    backlog(&store, 40).await;
    let mut due = store.drain().await.expect("it is asked again");
    let alert = only(&store, "subscription_lapsed").await;
    for (asked, minutes) in PAUSES.into_iter().enumerate() {
        let pause = due - store.now().await;
        let is_it = pause <= TimeDelta::minutes(minutes)
            && pause > TimeDelta::minutes(minutes) - TimeDelta::seconds(30);
        assert!(is_it, "{minutes} minutes: {pause}");
        let before = calls(&world);
        // Whatever comes meanwhile asks nobody.
        let event = store.ticket(&format!("meanwhile-{minutes}-{before}")).await;
        store.send_event(event).await;
        store.drain().await;
        assert_eq!(calls(&world), before, "one call an event");
        let sync = store.get("/sync").await;
        assert_eq!(sync["state"], "action_required", "{sync:#}");
        assert_eq!(sync["waiting"], "subscription_lapsed", "{sync:#}");
        let connection = store.get("/connection").await;
        assert_eq!(sync["waiting_until"], connection["asked_again_at"]);
        world.advance(pause + TimeDelta::seconds(1)).await;
        due = store.drain().await.expect("it is asked again");
        assert_eq!(calls(&world), before + 1, "one request, to see");
        let now = only(&store, "subscription_lapsed").await;
        assert_eq!(now["id"], alert["id"]);
        // Each refusal is one time more, and each event that came since is one event more.
        assert_eq!(
            (&now["occurrences"], &now["events"]),
            (&json!(asked + 2), &json!(40 + asked + 1)),
            "{now:#}"
        );
        assert_ne!(now["last_seen_at"], alert["last_seen_at"]);
    }
    lapse(&world, &company, false);
    world
        .advance(due - store.now().await + TimeDelta::seconds(1))
        .await;
    assert_eq!(store.drain().await, None);
    closed(&store, &alert).await;
    let connection = store.get("/connection").await;
    assert_eq!(
        (&connection["state"], &connection["asked_again_at"]),
        (&json!("connected"), &json!(null)),
        "{connection:#}"
    );
    assert_eq!(store.get("/sync").await["message"], "Things are good");
    assert_eq!(
        world.quickbooks().entry_count(&company.realm_id).unwrap(),
        40 + PAUSES.len()
    );
    // A new refusal begins with minutes again.
    lapse(&world, &company, true);
    store.send_event(store.ticket("later").await).await;
    let pause = store.drain().await.unwrap() - store.now().await;
    assert!(pause <= TimeDelta::minutes(5), "{pause}");
}

#[tokio::test]
async fn a_person_who_starts_the_sync_has_it_asked_at_once_and_no_alert_closes_on_hope() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    lapse(&world, &company, true);
    backlog(&store, 40).await;
    store.drain().await;
    let alert = only(&store, "subscription_lapsed").await;
    let message = store.get("/sync").await["message"].clone();
    let words = "The QuickBooks subscription has lapsed: renew it. It is tried again by itself at ";
    assert!(message.as_str().unwrap().starts_with(words), "{message}");
    let before = calls(&world);
    store.post("/sync/start", json!({})).await;
    assert_eq!(only(&store, "subscription_lapsed").await["id"], alert["id"]);
    let due = store.drain().await.unwrap();
    assert_eq!(calls(&world), before + 1, "one request, to see");
    assert!(
        due - store.now().await <= TimeDelta::minutes(5),
        "whoever says that it is mended begins anew"
    );
    lapse(&world, &company, false);
    store.post("/sync/start", json!({})).await;
    assert_eq!(store.drain().await, None);
    closed(&store, &alert).await;
}

/// Nothing is to be posted, so that one metered read tells.
#[tokio::test]
async fn an_import_that_waits_for_a_lapsed_subscription_says_so_and_runs_by_itself_when_it_is_renewed()
 {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    lapse(&world, &company, true);
    let first = store.post("/account-imports", json!({})).await;
    store.drain().await;
    let alert = only(&store, "subscription_lapsed").await;
    let locations = store.post("/dimension-imports", json!({})).await;
    store.drain().await;
    let words = "The QuickBooks subscription has lapsed: renew it. It is tried again by itself at ";
    let of_accounts = format!("/account-imports/{}", first["id"].as_str().unwrap());
    let import = store.get(&of_accounts).await;
    assert_eq!(import["state"], "queued", "{import:#}");
    assert!(
        import["problem"].as_str().unwrap().starts_with(words),
        "{import:#}"
    );
    let of_locations = format!("/dimension-imports/{}", locations["id"].as_str().unwrap());
    for told in [locations, store.get(&of_locations).await] {
        assert!(
            told["message"].as_str().unwrap().starts_with(words),
            "{told:#}"
        );
    }
    let asked = json!({ "from_date": "2026-11-01", "to_date": "2026-11-30" });
    store
        .send_event(crate::world::ticket_at(
            "past",
            "2026-11-02T12:00:00Z".parse().unwrap(),
        ))
        .await;
    let dry = store.post("/past-syncs/dry-run", asked).await;
    let why = dry["numbers"]["detail"].as_str().unwrap();
    assert!(
        why.starts_with(words) && why.ends_with("QuickBooks can be asked then."),
        "{why}"
    );
    lapse(&world, &company, false);
    let before = calls(&world);
    store.settle().await;
    assert!(calls(&world) > before);
    closed(&store, &alert).await;
    for import in [of_accounts, of_locations] {
        let import = store.get(&import).await;
        assert_eq!(import["state"], "done", "{import:#}");
    }
}

/// The subscription lapses between the last posting and the dry run.
#[tokio::test]
async fn a_dry_run_that_is_refused_says_what_for() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    lapse(&world, &company, true);
    let at = "2026-11-02T12:00:00Z".parse().unwrap();
    store.send_event(crate::world::ticket_at("past", at)).await;
    let dry = store
        .post(
            "/past-syncs/dry-run",
            json!({ "from_date": "2026-11-01", "to_date": "2026-11-30" }),
        )
        .await;
    assert_eq!(
        dry["numbers"]["detail"],
        "The company's QuickBooks subscription has lapsed, so QuickBooks takes no entries. QuickBooks can be asked then.",
        "{dry:#}"
    );
}

/// It takes reads and refuses entries: that it answers a read proves nothing while entries wait.
#[tokio::test]
async fn a_company_that_refuses_entries_alone_is_not_well_because_it_can_be_read() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    world.quickbooks().plan(FaultPlan {
        operation: Some(Operation::CreateJournalEntry),
        outcome: Outcome::Fault(140),
        ..FaultPlan::default()
    });
    backlog(&store, 3).await;
    store.drain().await;
    let alert = only(&store, "company_refuses").await;
    store.post("/account-imports", json!({})).await;
    for _ in 0..3 {
        let due = store.drain().await.unwrap();
        world
            .advance(due - store.now().await + TimeDelta::seconds(1))
            .await;
        store.drain().await;
        let now = only(&store, "company_refuses").await;
        assert_eq!(now["id"], alert["id"], "{now:#}");
    }
    world.quickbooks().clear_plans();
    store.settle().await;
    closed(&store, &alert).await;
    assert_eq!(
        world.quickbooks().entry_count(&company.realm_id).unwrap(),
        3
    );
}

/// The entry that it is asked with has a trouble of its own: the company has answered all the same.
#[tokio::test]
async fn an_entry_that_fails_for_itself_shows_that_the_company_is_well() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    lapse(&world, &company, true);
    backlog(&store, 1).await;
    let due = store.drain().await.unwrap();
    let alert = only(&store, "subscription_lapsed").await;
    lapse(&world, &company, false);
    let of_its_own = FaultPlan::next(Operation::CreateJournalEntry, Outcome::Fault(2010));
    world.quickbooks().plan(of_its_own);
    let before = world.quickbooks().calls().len();
    let pause = due - store.now().await;
    world.advance(pause + TimeDelta::seconds(1)).await;
    store.drain().await;
    let asked = world.quickbooks().calls().split_off(before);
    let was_asked = |operation| asked.iter().any(|call| call.operation == operation);
    assert!(was_asked(Operation::CreateJournalEntry));
    assert!(
        !was_asked(Operation::ReadPreferences),
        "one answer was enough"
    );
    let id = alert["id"].as_str().unwrap();
    let now = store.get(&format!("/alerts/{id}")).await;
    assert_eq!(now["state"], "closed", "{now:#}");
    let left = only(&store, "events_failed").await;
    assert_eq!(left["problem_code"], "invalid_entry", "{left:#}");
}
