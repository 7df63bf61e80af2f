//! What has one cause fails, or waits, together: not one call each.

use super::told::{Told, calls, dated, told};
use crate::world::{Shape, Tenant, World};
use sandbox::quickbooks::{FaultPlan, Operation, Outcome};
use serde_json::{Value, json};
use service::problem::Code;
use service::settings::Posting;

/// Events claimed at once.
const SLICE: usize = 10;

async fn backlog(store: &Tenant<'_>, events: usize) -> Vec<String> {
    let ticket = store.ticket("t").await;
    let events = (0..events)
        .map(|n| {
            let mut event = ticket.clone();
            event["external_id"] = json!(format!("t{n}"));
            event
        })
        .collect();
    store.send_events(events).await
}

async fn counts(store: &Tenant<'_>) -> Value {
    store.get("/sync").await["events"].clone()
}

#[tokio::test]
async fn a_backlog_at_a_company_that_stops_us_costs_one_slice_of_calls() {
    for stop in ["grant", "subscription"] {
        let world = World::new().await;
        let (store, company) = world.store("Harbour").await;
        let before = world.quickbooks().calls().len();
        match stop {
            "grant" => world.quickbooks().revoke_grants(&company.realm_id).unwrap(),
            _ => world
                .quickbooks()
                .set_subscription_lapsed(&company.realm_id, true)
                .unwrap(),
        }
        backlog(&store, 500).await;
        store.drain().await;
        assert!(
            calls(&world) <= SLICE,
            "{stop}: {} entries were sent",
            calls(&world)
        );
        let spent = world.quickbooks().calls().len() - before;
        assert!(spent <= SLICE + 2, "{stop}: {spent} calls");
        let events = counts(&store).await;
        assert_eq!(
            (&events["failed"], &events["not_synced"]),
            (&json!(0), &json!(500)),
            "{stop}"
        );
        assert_eq!(store.get("/sync").await["state"], "action_required");
    }
}

#[tokio::test]
async fn a_closed_period_costs_one_slice_and_a_look_at_the_preferences() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    world
        .quickbooks()
        .close_books(&company.realm_id, "2099-12-31".parse().unwrap(), false)
        .unwrap();
    backlog(&store, 100).await;
    store.drain().await;
    assert_eq!(calls(&world), SLICE);
    assert_eq!(counts(&store).await["failed"], 100);
}

/// Closed by a rule that the preferences do not show: QuickBooks refuses, and no closing date says why.
#[tokio::test]
async fn dates_that_quickbooks_refused_are_not_tried_again_until_somebody_says_so() {
    let shape = Shape::default();
    let posting = Posting {
        backlog: 10,
        ..shape.posting.clone()
    };
    let world = World::shaped(Shape { posting, ..shape }).await;
    let (store, company) = world.store("Harbour").await;
    // One request an entry, so that what it costs can be counted.
    store.patch_settings(json!({ "batches": false })).await;
    let hidden = FaultPlan {
        next: None,
        ..FaultPlan::next(Operation::CreateJournalEntry, Outcome::Fault(6210))
    };
    world.quickbooks().plan(hidden);
    let mut events: Vec<Value> = (0..100)
        .map(|n| dated(&format!("t{n}"), "2026-10-15"))
        .collect();
    events.push(dated("earlier", "2026-10-02"));
    let ids = store.send_events(events).await;
    let window = json!({ "from_date": "2026-10-01", "to_date": "2026-10-31" });
    store.post("/past-syncs", window).await;
    store.drain().await;
    assert_eq!(counts(&store).await["failed"], 101);
    assert_eq!(calls(&world), SLICE, "the rest failed without a call");
    let event = told(
        &store,
        &ids[99],
        Told {
            code: Code::ClosedPeriod,
            detail: "the entry would be dated 2026-10-15, and QuickBooks has refused entries up to 2026-10-15 because the \
                     accounting period is closed, although its preferences show no closing date; it was not sent",
            who: "accountant",
            link: "/connection",
        },
    )
    .await;
    assert_eq!(event["problem"]["facts"]["refused_through"], "2026-10-15");
    // A later day is open.
    world.quickbooks().clear_plans();
    let later = store.send_event(store.ticket("later").await).await;
    store.drain().await;
    assert_eq!(store.status(&later).await, "synced");
    // Somebody says that it is mended.
    store
        .post("/retry-failed", json!({ "problem_code": "closed_period" }))
        .await;
    store.drain().await;
    assert_eq!(
        world.quickbooks().entry_count(&company.realm_id).unwrap(),
        102
    );
}

#[tokio::test]
async fn a_refused_date_is_forgotten_when_the_preferences_show_another_closing_date() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    world.quickbooks().plan(FaultPlan::next(
        Operation::CreateJournalEntry,
        Outcome::Fault(6210),
    ));
    let first = store.send_event(store.ticket("t1").await).await;
    store.drain().await;
    let second = store.send_event(store.ticket("t2").await).await;
    store.drain().await;
    assert_eq!(store.status(&second).await, "failed");
    assert_eq!(calls(&world), 1);
    // The accountant closes the books properly, earlier than that; the daily look sees it.
    world
        .quickbooks()
        .close_books(&company.realm_id, "2026-01-31".parse().unwrap(), true)
        .unwrap();
    world.advance(chrono::TimeDelta::hours(25)).await;
    let third = store.send_event(store.ticket("t3").await).await;
    store.drain().await;
    assert_eq!(store.status(&third).await, "synced");
    assert_eq!(
        store.status(&first).await,
        "failed",
        "what failed waits for a person"
    );
}

#[tokio::test]
async fn an_account_that_cannot_be_used_costs_no_call_once_the_chart_says_so() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let sales = company.account_id("4000").unwrap();
    world
        .quickbooks()
        .set_account_active(&company.realm_id, sales, false)
        .unwrap();
    store.post("/account-imports", json!({})).await;
    let ids = backlog(&store, 100).await;
    store.drain().await;
    assert_eq!(counts(&store).await["failed"], 100);
    assert_eq!(calls(&world), 0);
    told(
        &store,
        &ids[50],
        Told {
            code: Code::AccountInactive,
            detail: "account 4000 Sales Apparel is inactive in QuickBooks",
            who: "accountant",
            link: "/mappings",
        },
    )
    .await;
}

/// What one entry needs another may do without: a wave in which one goes through holds nothing up.
#[tokio::test]
async fn a_feature_that_only_some_entries_need_holds_up_no_other() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let mut first = store.ticket("needs-it").await;
    first["number"] = json!("500001");
    world.quickbooks().plan(
        FaultPlan::next(Operation::CreateJournalEntry, Outcome::Fault(5030))
            .for_doc_number("500001"),
    );
    let id = store.send_event(first).await;
    backlog(&store, 50).await;
    assert_eq!(store.drain().await, None);
    assert_eq!(store.status(&id).await, "failed");
    assert_eq!(
        world.quickbooks().entry_count(&company.realm_id).unwrap(),
        50
    );
}

/// Counts the statements that write to a table, past every wall.
const COUNTED: &str = "CREATE TABLE written (what text NOT NULL);
    CREATE FUNCTION count_written() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
      $$ BEGIN INSERT INTO public.written VALUES (TG_TABLE_NAME); RETURN NULL; END $$;
    CREATE TRIGGER counted AFTER UPDATE ON event FOR EACH STATEMENT EXECUTE FUNCTION count_written();
    CREATE TRIGGER counted AFTER INSERT ON event_change FOR EACH STATEMENT EXECUTE FUNCTION count_written();
    CREATE TRIGGER counted AFTER INSERT ON alert FOR EACH STATEMENT EXECUTE FUNCTION count_written();";

#[tokio::test]
async fn a_backlog_that_fails_for_one_cause_is_written_together() {
    const EVENTS: usize = 600;
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    let events = (0..EVENTS).map(|n| {
        let mut event = dated(&format!("t{n}"), "2026-10-15");
        event["transaction"]["payments"][0]["amount"] = json!("49.00");
        event
    });
    store.send_events(events.collect()).await;
    world.sql(COUNTED).await;
    let window = json!({ "from_date": "2026-10-01", "to_date": "2026-10-31" });
    store.post("/past-syncs", window).await;
    store.drain().await;
    assert_eq!(counts(&store).await["failed"], EVENTS);
    let written = world.rows("SELECT what FROM written").await;
    for table in ["event", "event_change", "alert"] {
        let statements = written.iter().filter(|what| *what == table).count();
        assert!(
            statements <= EVENTS / 20,
            "{statements} statements wrote to {table}"
        );
    }
    let alert = crate::alerts::only(&store, "unbalanced_events").await;
    assert_eq!(
        (&alert["events"], &alert["occurrences"]),
        (&json!(EVENTS), &json!(EVENTS)),
        "{alert:#}"
    );
    assert_eq!(alert["example_event_ids"].as_array().unwrap().len(), 5);
}
