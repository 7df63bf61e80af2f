//! Closed books: what becomes of events in a closed period, before it is sent and after it was refused; foretold by a dry run.

use crate::past_sync::{dated, waiting_store, window};
use crate::world::{Tenant, World};
use chrono::TimeDelta;
use sandbox::quickbooks::{CompanySummary, FaultPlan, Operation, Outcome};
use serde_json::{Value, json};

/// A running store that dates events of a closed period anew, and one event of October from before its sync.
async fn redating_store<'w>(world: &'w World) -> (Tenant<'w>, CompanySummary, String) {
    let (store, company) = waiting_store(world, "Harbour").await;
    let ids = store.send_events(vec![dated("first", "2026-10-20")]).await;
    store.post("/sync/start", json!({})).await;
    store
        .patch_settings(json!({ "closed_period": "first_open_day" }))
        .await;
    (store, company, ids[0].clone())
}

fn close(world: &World, company: &CompanySummary, day: &str) {
    let day = day.parse().unwrap();
    let books = world.quickbooks();
    books.close_books(&company.realm_id, day, false).unwrap();
}

async fn dry_run(store: &Tenant<'_>) -> Value {
    let asked = window("2026-10-01", "2026-10-31");
    store.post("/past-syncs/dry-run", asked).await
}

#[tokio::test]
async fn books_that_were_closed_after_connecting_are_known_to_a_dry_run() {
    let world = World::new().await;
    let (store, company, _) = redating_store(&world).await;
    close(&world, &company, "2026-10-31");
    let told = dry_run(&store).await;
    let hits = &told["closed_period"];
    assert_eq!(
        (&hits["closing_date"], &hits["dated"], &hits["events"]),
        (&json!("2026-10-31"), &json!("2026-11-01"), &json!(1)),
        "{told:#}"
    );
    assert!(hits["closing_date_read_at"].as_str() >= told["as_of"].as_str().map(|at| &at[..16]));
    // And so are books that were opened again.
    world.quickbooks().reopen_books(&company.realm_id).unwrap();
    let told = dry_run(&store).await;
    assert_eq!(told["closed_period"]["events"], 0, "{told:#}");
    assert_eq!(
        told["closed_period"]["closing_date"],
        Value::Null,
        "{told:#}"
    );
}

#[tokio::test]
async fn an_account_that_broke_since_the_chart_was_read_is_known_to_a_dry_run() {
    let world = World::new().await;
    let (store, company, _) = redating_store(&world).await;
    let told = dry_run(&store).await;
    assert_eq!(told["events"]["post"], 1, "{told:#}");
    // The chart was read when the company was connected, a moment ago.
    assert_eq!(told["numbers"]["metered_reads"], 2, "{told:#}");
    let read_at = told["lists"]["read_at"].as_str().unwrap().to_owned();

    world.advance(TimeDelta::minutes(10)).await;
    let drawer = company.account_id("1010").unwrap();
    let books = world.quickbooks();
    books
        .set_account_active(&company.realm_id, drawer, false)
        .unwrap();
    let mut unasked = window("2026-10-01", "2026-10-31");
    unasked["read_lists"] = json!(false);
    let told = store.post("/past-syncs/dry-run", unasked).await;
    assert_eq!(told["events"]["post"], 1, "QuickBooks is not asked");
    assert_eq!(told["numbers"]["metered_reads"], 2, "{told:#}");
    let lists = json!({ "read_at": read_at, "detail": "the lists were not to be read" });
    assert_eq!(told["lists"], lists);
    // Where QuickBooks does not tell, that is said, and numbers are looked up all the same.
    books.plan(FaultPlan::next(
        Operation::ReadChanges,
        Outcome::Status(503),
    ));
    let told = dry_run(&store).await;
    assert_eq!(told["events"]["post"], 1, "{told:#}");
    assert_eq!(told["numbers"]["checked"], 1, "{told:#}");
    assert_eq!(told["lists"]["read_at"], read_at.as_str(), "{told:#}");
    let why = told["lists"]["detail"].as_str().unwrap();
    assert!(why.contains("did not answer"), "{told:#}");

    let told = dry_run(&store).await;
    assert_eq!(told["numbers"]["metered_reads"], 3, "{told:#}");
    assert_eq!(told["lists"]["detail"], Value::Null, "{told:#}");
    assert!(told["lists"]["read_at"].as_str().unwrap() > read_at.as_str());
    let problem = &told["problems"][0]["problem"];
    assert_eq!(
        problem["detail"], "account 1010 Cash in Drawer is inactive in QuickBooks",
        "{told:#}"
    );
    // Looked at a moment ago.
    let told = dry_run(&store).await;
    assert_eq!(told["numbers"]["metered_reads"], 2, "{told:#}");
    assert_eq!(told["events"]["cannot_post"], 1, "{told:#}");
}

#[tokio::test]
async fn an_event_refused_for_a_closing_date_that_moved_is_dated_by_the_new_one() {
    let world = World::new().await;
    let (store, company, id) = redating_store(&world).await;
    dry_run(&store).await;
    // Between the dry run and the run, and again before the entry made of that leaves.
    close(&world, &company, "2026-10-31");
    let asked = window("2026-10-01", "2026-10-31");
    store.post("/past-syncs", asked).await;
    store.settle().await;
    let event = store.event(&id).await;
    assert_eq!(event["status"], "synced", "{event:#}");
    let entries = event["journal_entries"].as_array().unwrap();
    let made: Vec<_> = entries
        .iter()
        .map(|entry| (&entry["accounting_date"], &entry["state"]))
        .collect();
    let rejected = (&json!("2026-10-20"), &json!("rejected"));
    let posted = (&json!("2026-11-01"), &json!("posted"));
    assert!(
        made.len() == 2 && made.contains(&rejected) && made.contains(&posted),
        "{event:#}"
    );
    let open = store.get("/alerts?state=open").await;
    assert_eq!(open["items"], json!([]), "{open:#}");
    // What was dated by a closing date that moved on meanwhile is refused once more, and dated once more.
    close(&world, &company, "2026-11-05");
    let live = store.send_events(vec![dated("live", "2026-10-21")]).await;
    store
        .post(&format!("/events/{}/retry", live[0]), json!({}))
        .await;
    store.settle().await;
    let event = store.event(&live[0]).await;
    assert_eq!(event["status"], "synced", "{event:#}");
    let dates: Vec<_> = world
        .quickbooks()
        .entries(&company.realm_id)
        .unwrap()
        .into_iter()
        .map(|entry| entry.txn_date.to_string())
        .collect();
    assert_eq!(dates, ["2026-11-01", "2026-11-06"]);
}

#[tokio::test]
async fn an_event_of_books_that_were_opened_again_keeps_its_own_day() {
    let world = World::new().await;
    for policy in ["first_open_day", "fail"] {
        let company = world.company(policy);
        close(&world, &company, "2026-10-31");
        let store = world.tenant(policy).await;
        store.connect(&company.realm_id).await;
        store.map_golden().await;
        store
            .patch_settings(json!({ "closed_period": policy }))
            .await;
        store.post("/sync/start", json!({})).await;
        world.quickbooks().reopen_books(&company.realm_id).unwrap();
        world.advance(TimeDelta::minutes(6)).await;
        let ids = store.send_events(vec![dated("own", "2026-10-20")]).await;
        store
            .post(&format!("/events/{}/retry", ids[0]), json!({}))
            .await;
        store.settle().await;
        let event = store.event(&ids[0]).await;
        assert_eq!(event["status"], "synced", "{policy}: {event:#}");
        let date = &event["journal_entries"][0]["accounting_date"];
        assert_eq!(date, "2026-10-20", "{policy}: {event:#}");
    }
}

/// L15, both policies, chosen by the tenant's own accountant.
#[tokio::test]
async fn an_accountant_decides_what_becomes_of_events_in_a_closed_period() {
    let world = World::new().await;
    let company = world.company("Harbour");
    let realm = &company.realm_id;
    let books = world.quickbooks();
    books
        .close_books(realm, "2026-10-31".parse().unwrap(), false)
        .unwrap();
    let store = world.tenant("Harbour").await;
    store.connect(realm).await;
    store.map_golden().await;
    let ids = store
        .send_events(vec![
            dated("first", "2026-10-31"),
            dated("second", "2026-10-15"),
        ])
        .await;
    let preview = store.get(&format!("/events/{}/preview", ids[0])).await;
    assert_eq!(
        (
            &preview["result"],
            &preview["business_date"],
            &preview["problem"]["code"]
        ),
        (
            &json!("refused"),
            &json!("2026-10-31"),
            &json!("closed_period")
        ),
        "{preview:#}"
    );
    store.post("/sync/start", json!({})).await;
    store
        .post("/past-syncs", window("2026-10-31", "2026-10-31"))
        .await;
    store.settle().await;
    assert_eq!(store.status(&ids[0]).await, "failed");
    // Reopened: the same event, on its own day.
    books.reopen_books(realm).unwrap();
    store
        .post("/retry-failed", json!({ "problem_code": "closed_period" }))
        .await;
    store.settle().await;
    assert_eq!(store.status(&ids[0]).await, "synced");
    // Closed again, and the accountant chooses the other policy.
    books
        .close_books(realm, "2026-10-31".parse().unwrap(), false)
        .unwrap();
    store
        .send(
            reqwest::Method::POST,
            &format!("/events/{}/retry", ids[1]),
            Some(json!({})),
        )
        .await;
    store.settle().await;
    assert_eq!(
        store.event(&ids[1]).await["problem"]["code"],
        "closed_period"
    );
    let settings = store
        .patch_settings(json!({ "closed_period": "first_open_day" }))
        .await;
    assert_eq!(settings["closed_period"], "first_open_day");
    assert_eq!(store.get("/settings").await, settings);
    store
        .post("/retry-failed", json!({ "problem_code": "closed_period" }))
        .await;
    store.settle().await;
    let preview = store.get(&format!("/events/{}/preview", ids[1])).await;
    assert_eq!(
        preview["entry"]["accounting_date"], "2026-11-01",
        "{preview:#}"
    );
    let words = preview["entry"]["redated"].as_str().unwrap();
    assert!(
        words.contains("2026-10-15") && words.contains("2026-10-31"),
        "{words}"
    );
    assert_eq!(store.status(&ids[1]).await, "synced");
    let dates: Vec<String> = books
        .entries(realm)
        .unwrap()
        .iter()
        .map(|entry| entry.txn_date.to_string())
        .collect();
    assert_eq!(dates, ["2026-10-31", "2026-11-01"]);
    let audit = store.get("/audit-log?limit=200").await;
    let record = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|record| record["action"] == "settings.updated")
        .unwrap();
    assert_eq!(
        (
            &record["detail"]["from"]["closed_period"],
            &record["detail"]["to"]["closed_period"]
        ),
        (&json!("fail"), &json!("first_open_day"))
    );
}
