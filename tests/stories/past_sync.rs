//! Past syncs: tried, run, watched, cancelled and summed up; and books that are closed in the middle of a window.

use crate::foretold::{by_code, change, ledger, told};
use crate::locations::{located, map};
pub use crate::mishaps::dated;
use crate::mishaps::foreign;
use crate::world::{Shape, Tenant, World};
use sandbox::quickbooks::{CompanySummary, FaultPlan, NewAccount, Operation, Outcome};
use serde_json::{Value, json};
use service::posting;
use service::settings::Posting;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

mod comes_true;
mod numbers;

pub fn window(from: &str, to: &str) -> Value {
    json!({ "from_date": from, "to_date": to })
}

fn october(day: u32) -> String {
    format!("2026-10-{day:02}")
}

/// A connected, mapped tenant whose sync has not been started: whatever it sends waits for a past sync.
pub async fn waiting_store<'w>(world: &'w World, name: &str) -> (Tenant<'w>, CompanySummary) {
    let company = world.company(name);
    let store = world.tenant(name).await;
    store.connect(&company.realm_id).await;
    store.map_golden().await;
    (store, company)
}

async fn statuses(store: &Tenant<'_>, ids: &[String]) -> Vec<String> {
    let mut statuses = Vec::new();
    for id in ids {
        statuses.push(store.status(id).await);
    }
    statuses
}

async fn csv(store: &Tenant<'_>, path: &str, body: Option<Value>) -> Vec<Vec<String>> {
    let method = if body.is_some() {
        reqwest::Method::POST
    } else {
        reqwest::Method::GET
    };
    let mut request = store
        .world
        .request(method, &store.path(path), &store.key)
        .header("accept", "text/csv");
    if let Some(body) = body {
        request = request.json(&body);
    }
    let answer = store.world.answer(request).await;
    assert_eq!(answer.content_type(), "text/csv", "{}", answer.text());
    csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(&answer.bytes[..])
        .records()
        .map(|record| record.unwrap().iter().map(str::to_owned).collect())
        .collect()
}

/// Takes one turn only, so that a story can look at a run midway.
async fn one_turn(store: &Tenant<'_>) {
    let stop = CancellationToken::new();
    posting::turn(&store.world.service, store.id, "story", &stop)
        .await
        .unwrap();
}

/// Two events a turn.
async fn slow_world() -> World {
    World::shaped(Shape {
        posting: Posting {
            slice: 2,
            backlog: 2,
            turn: Duration::ZERO,
            requests_per_second: 10_000,
            requests_per_minute: 600_000,
            batches_per_minute: 600_000,
            ..Posting::default()
        },
        ..Shape::default()
    })
    .await
}

#[tokio::test]
async fn the_effect_is_a_file_in_which_no_text_is_a_formula() {
    let world = World::new().await;
    let company = world.company("Harbour");
    let formula = NewAccount {
        name: "=cmd|calc, sales".into(),
        account_type: "Income".into(),
        account_sub_type: None,
        number: Some("4999".into()),
    };
    world
        .quickbooks()
        .add_account(&company.realm_id, &formula)
        .unwrap();
    let store = world.tenant("Harbour").await;
    store.connect(&company.realm_id).await;
    store.map_golden().await;
    store.map("revenue", Some("apparel"), "4999").await;
    store.send_events(vec![dated("t1", "2026-10-05")]).await;
    let rows = csv(
        &store,
        "/past-syncs/dry-run",
        Some(window("2026-10-01", "2026-10-31")),
    )
    .await;
    let rows: Vec<Vec<&str>> = rows
        .iter()
        .map(|row| row.iter().map(String::as_str).collect())
        .collect();
    assert_eq!(
        rows,
        [
            vec![
                "account_number",
                "account_name",
                "account_type",
                "location",
                "class",
                "debits",
                "credits",
                "net"
            ],
            vec![
                "1010",
                "Cash in Drawer",
                "Bank",
                "",
                "",
                "50.00",
                "0.00",
                "50.00"
            ],
            vec![
                "1300",
                "Inventory Asset",
                "Other Current Asset",
                "",
                "",
                "0.00",
                "20.00",
                "-20.00"
            ],
            vec![
                "4999",
                "'=cmd|calc, sales",
                "Income",
                "",
                "",
                "0.00",
                "50.00",
                "-50.00"
            ],
            vec![
                "5000",
                "COGS Apparel",
                "Cost of Goods Sold",
                "",
                "",
                "20.00",
                "0.00",
                "20.00"
            ],
            vec!["", "Total", "", "", "", "70.00", "70.00", "0.00"],
        ]
    );
}

/// Two sales, one at a location: each account has a row for it and one for what has none.
#[tokio::test]
async fn the_file_tells_the_effect_at_each_location() {
    let world = World::new().await;
    let (store, _) = located(&world).await;
    map(&store, "boston", "Boston").await;
    let mut at_boston = dated("t1", "2026-10-05");
    at_boston["location"] = json!("boston");
    store
        .send_events(vec![at_boston, dated("t2", "2026-10-05")])
        .await;
    let asked = Some(window("2026-10-01", "2026-10-31"));
    let rows = csv(&store, "/past-syncs/dry-run", asked).await;
    let of_drawer = rows.iter().filter(|row| row[0] == "1010");
    let told: Vec<_> = of_drawer.map(|row| row[3..].join(" ")).collect();
    assert_eq!(told, ["  50.00 0.00 50.00", "Boston  50.00 0.00 50.00"]);
    let total = rows.last().unwrap();
    assert_eq!(total[5..], ["140.00", "140.00", "0.00"]);
}

#[tokio::test]
async fn a_dry_run_goes_on_without_quickbooks_and_says_so() {
    let world = World::new().await;
    let (store, company) = waiting_store(&world, "Harbour").await;
    store.send_events(vec![dated("t1", "2026-10-05")]).await;
    let asked = window("2026-10-01", "2026-10-31");
    world
        .quickbooks()
        .plan(FaultPlan::next(Operation::Query, Outcome::Status(503)));
    let dry = store.post("/past-syncs/dry-run", asked.clone()).await;
    assert_eq!(
        (
            &dry["events"]["post"],
            &dry["numbers"]["checked"],
            &dry["numbers"]["unchecked"]
        ),
        (&json!(1), &json!(0), &json!(1)),
        "{dry:#}"
    );
    assert!(
        dry["numbers"]["detail"]
            .as_str()
            .unwrap()
            .contains("did not answer"),
        "{dry:#}"
    );
    let mut unasked = asked;
    unasked["check_numbers"] = json!(false);
    // The closing date is another thing, and is read all the same.
    let day = "2026-10-02".parse().unwrap();
    world
        .quickbooks()
        .close_books(&company.realm_id, day, false)
        .unwrap();
    let dry = store.post("/past-syncs/dry-run", unasked.clone()).await;
    assert_eq!(dry["numbers"]["metered_reads"], 1, "{dry:#}");
    assert_eq!(dry["numbers"]["checked"], 0, "{dry:#}");
    assert_eq!(dry["closed_period"]["closing_date"], "2026-10-02");
    unasked["read_closing_date"] = json!(false);
    let calls = world.quickbooks().calls().len();
    let dry = store.post("/past-syncs/dry-run", unasked).await;
    assert_eq!(dry["numbers"]["metered_reads"], 0);
    assert_eq!(
        world.quickbooks().calls().len(),
        calls,
        "QuickBooks was not asked"
    );
}

#[tokio::test]
async fn a_dry_run_needs_a_company_and_a_sound_window() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let path = "/past-syncs/dry-run";
    let send = |body| store.send(reqwest::Method::POST, path, Some(body));
    let (status, answer) = send(window("2026-10-01", "2026-10-31")).await;
    assert_eq!(
        (status.as_u16(), &answer["code"]),
        (409, &json!("not_connected"))
    );
    let (status, answer) = send(window("2026-10-31", "2026-10-01")).await;
    assert_eq!(
        (status.as_u16(), &answer["code"]),
        (422, &json!("invalid_window"))
    );
}

/// Whoever asks a past sync to be tried is told where that is asked for, and nothing is queued.
#[tokio::test]
async fn a_past_sync_that_is_to_be_tried_is_sent_to_the_dry_run() {
    let world = World::new().await;
    let (store, _) = waiting_store(&world, "Harbour").await;
    let id = store.send_event(dated("t1", "2026-10-05")).await;
    let mut asked = window("2026-10-01", "2026-10-31");
    asked["dry_run"] = json!(true);
    let post = reqwest::Method::POST;
    let (status, answer) = store.send(post, "/past-syncs", Some(asked)).await;
    assert_eq!(
        (
            status.as_u16(),
            &answer["code"],
            &answer["errors"][0]["field"]
        ),
        (422, &json!("unknown_field"), &json!("dry_run")),
        "{answer:#}"
    );
    let words = "leave it out: POST /v1/tenants/{tenant_id}/past-syncs/dry-run tells what a past sync would do, and posts nothing";
    let detail = answer["detail"].as_str().unwrap();
    assert!(detail.ends_with(words), "{detail}");
    assert_eq!(store.status(&id).await, "never_synced");
}

#[tokio::test]
async fn what_a_cancelled_past_sync_has_not_sent_is_never_synced_again() {
    let world = slow_world().await;
    let (store, company) = waiting_store(&world, "Harbour").await;
    let ids = store
        .send_events(
            (1..=8)
                .map(|day| dated(&format!("t{day}"), &october(day)))
                .collect(),
        )
        .await;
    store.post("/sync/start", json!({})).await;
    let asked = window("2026-10-01", "2026-10-31");
    let run = store.post("/past-syncs", asked.clone()).await;
    let path = format!("/past-syncs/{}", run["id"].as_str().unwrap());
    // Two are posted, of two the answer is lost, and two are sealed and refused for now.
    one_turn(&store).await;
    for _ in 0..2 {
        let lost = FaultPlan::next(Operation::CreateJournalEntry, Outcome::Drop).with_commit();
        world.quickbooks().plan(lost);
    }
    one_turn(&store).await;
    world.advance(chrono::TimeDelta::seconds(30)).await;
    for _ in 0..2 {
        let throttled = FaultPlan::next(Operation::CreateJournalEntry, Outcome::Throttled);
        world.quickbooks().plan(throttled);
    }
    one_turn(&store).await;
    let midway = store.get(&path).await;
    assert_eq!(
        (
            &midway["state"],
            &midway["synced"],
            &midway["waiting"],
            &midway["percent_done"]
        ),
        (&json!("running"), &json!(2), &json!(6), &json!(25)),
        "{midway:#}"
    );
    let cancelled = store.post(&format!("{path}/cancel"), json!({})).await;
    assert_eq!(
        (&cancelled["state"], &cancelled["percent_done"]),
        (&json!("cancelled"), &json!(25)),
        "{cancelled:#}"
    );
    let sealed = world
        .rows("SELECT state FROM journal_entry WHERE state = 'sealed'")
        .await;
    assert!(
        sealed.is_empty(),
        "no sealed entry stays behind: {sealed:?}"
    );
    assert_eq!(
        store.post(&format!("{path}/cancel"), json!({})).await,
        cancelled,
        "cancelling again changes nothing"
    );
    // What is in doubt is finished and counted.
    store.settle().await;
    let ended = store.get(&path).await;
    assert_eq!(
        (&ended["state"], &ended["waiting"], &ended["events"]),
        (&json!("cancelled"), &json!(0), &json!(8)),
        "{ended:#}"
    );
    let (synced, returned) = (
        ended["synced"].as_u64().unwrap(),
        ended["returned"].as_u64().unwrap(),
    );
    assert_eq!((synced, returned), (4, 4), "{ended:#}");
    assert!(ended["finished_at"].is_string(), "{ended:#}");
    let statuses = statuses(&store, &ids).await;
    assert_eq!(
        statuses
            .iter()
            .filter(|status| *status == "never_synced")
            .count(),
        4,
        "{statuses:?}"
    );
    let entries = || world.quickbooks().entry_count(&company.realm_id).unwrap();
    assert_eq!(entries(), 4);
    let audit = store.get("/audit-log?limit=200").await;
    let cancels = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|record| record["action"] == "past_sync.cancelled")
        .count();
    assert_eq!(cancels, 1);
    // Taken up again under another mapping, none goes out as it was sealed before.
    store.map("revenue", Some("apparel"), "4010").await;
    let dry = store.post("/past-syncs/dry-run", asked.clone()).await;
    let before = ledger(&world, &company);
    let rest = store.post("/past-syncs", asked).await;
    assert_eq!(rest["events"], 4);
    store.settle().await;
    assert_eq!(entries(), 8);
    assert_eq!(
        change(&before, &ledger(&world, &company)),
        told(&dry["effect"])
    );
}

#[tokio::test]
async fn cancelling_while_a_turn_runs_loses_nothing_and_doubles_nothing() {
    let world = World::shaped(Shape {
        posting: Posting {
            backlog: 10,
            ..Shape::default().posting
        },
        ..Shape::default()
    })
    .await;
    let (store, company) = waiting_store(&world, "Harbour").await;
    let ids = store
        .send_events(
            (1..=28)
                .map(|day| dated(&format!("t{day}"), &october(day)))
                .collect(),
        )
        .await;
    store.post("/sync/start", json!({})).await;
    let asked = window("2026-10-01", "2026-10-31");
    let run = store.post("/past-syncs", asked.clone()).await;
    let path = format!("/past-syncs/{}", run["id"].as_str().unwrap());
    // The answers of the first wave are held back until the past sync is cancelled beside them.
    world.quickbooks().plan(FaultPlan {
        operation: Some(Operation::Batch),
        next: Some(1),
        delay_after_ms: 300,
        ..FaultPlan::default()
    });
    let cancelled = async {
        loop {
            let midway = store.get("/events?status=processing").await;
            if !midway["items"].as_array().unwrap().is_empty() {
                return store.post(&format!("{path}/cancel"), json!({})).await;
            }
        }
    };
    let (_, cancelled) = tokio::join!(store.settle(), cancelled);
    assert_eq!(cancelled["state"], "cancelled");
    store.settle().await;
    let ended = store.get(&path).await;
    let (synced, returned) = (
        ended["synced"].as_u64().unwrap(),
        ended["returned"].as_u64().unwrap(),
    );
    assert!(synced > 0 && returned > 0, "{ended:#}");
    assert_eq!(
        (synced + returned, &ended["waiting"]),
        (28, &json!(0)),
        "{ended:#}"
    );
    let entries = || world.quickbooks().entry_count(&company.realm_id).unwrap() as u64;
    assert_eq!(entries(), synced);
    let stray = "SELECT e.id::text FROM event e JOIN journal_entry j ON j.event_id = e.id
       WHERE e.status = 'never_synced' AND j.state NOT IN ('withdrawn', 'rejected')";
    assert_eq!(world.rows(stray).await, Vec::<String>::new());
    let rest = store.post("/past-syncs", asked).await;
    assert_eq!(rest["events"].as_u64().unwrap(), returned);
    store.settle().await;
    assert_eq!(entries(), 28);
    assert!(
        statuses(&store, &ids)
            .await
            .iter()
            .all(|status| status == "synced")
    );
}

#[tokio::test]
async fn after_another_company_the_dry_run_knows_what_is_in_the_books_already() {
    let world = slow_world().await;
    let (store, company) = waiting_store(&world, "Harbour").await;
    store
        .send_events(
            (1..=4)
                .map(|day| dated(&format!("t{day}"), &october(day)))
                .collect(),
        )
        .await;
    store.post("/sync/start", json!({})).await;
    let asked = window("2026-10-01", "2026-10-31");
    let run = store.post("/past-syncs", asked.clone()).await;
    one_turn(&store).await;
    let other = world.company("Hillside");
    let allowed = json!({ "allow_company_change": true });
    for realm in [&other.realm_id, &company.realm_id] {
        assert_eq!(store.consent(realm, allowed.clone()).await, "connected");
        store.drain().await;
    }
    let left = store
        .get(&format!("/past-syncs/{}", run["id"].as_str().unwrap()))
        .await;
    assert_eq!(
        (&left["state"], &left["returned"], &left["waiting"]),
        (&json!("cancelled"), &json!(4), &json!(0)),
        "{left:#}"
    );
    let dry = store.post("/past-syncs/dry-run", asked.clone()).await;
    assert_eq!(
        (
            &dry["events"]["already_posted"],
            &dry["events"]["post"],
            &dry["effect"]["entries"]
        ),
        (&json!(2), &json!(2), &json!(2)),
        "{dry:#}"
    );
    let before = ledger(&world, &company);
    store.post("/sync/start", json!({})).await;
    let run = store.post("/past-syncs", asked).await;
    store.settle().await;
    let path = format!("/past-syncs/{}", run["id"].as_str().unwrap());
    assert_eq!(store.get(&path).await["synced"], 4);
    assert_eq!(store.get(&format!("{path}/effect")).await, dry["effect"]);
    assert_eq!(
        change(&before, &ledger(&world, &company)),
        told(&dry["effect"])
    );
}

#[tokio::test]
async fn live_events_go_ahead_of_a_past_sync() {
    let world = slow_world().await;
    let (store, company) = waiting_store(&world, "Harbour").await;
    store
        .send_events(
            (1..=6)
                .map(|day| dated(&format!("past-{day}"), &october(day)))
                .collect(),
        )
        .await;
    store.post("/sync/start", json!({})).await;
    let run = store
        .post("/past-syncs", window("2026-10-01", "2026-10-31"))
        .await;
    one_turn(&store).await;
    let mut live = Vec::new();
    for place in 0..2 {
        let mut event = store.ticket(&format!("live-{place}")).await;
        event["number"] = json!(format!("88000{place}"));
        live.push(event);
    }
    store.send_events(live).await;
    let path = format!("/past-syncs/{}", run["id"].as_str().unwrap());
    assert_eq!(store.get(&path).await["live_events_ahead"], 2);
    store.drain().await;
    let order: Vec<bool> = world
        .quickbooks()
        .entries(&company.realm_id)
        .unwrap()
        .iter()
        .map(|entry| entry.doc_number.as_deref().unwrap().starts_with("8800"))
        .collect();
    assert_eq!(
        order,
        [false, false, true, true, false, false, false, false]
    );
}

#[tokio::test]
async fn past_syncs_made_at_once_queue_each_event_once() {
    let world = World::new().await;
    let (store, company) = waiting_store(&world, "Harbour").await;
    store
        .send_events(
            (1..=28)
                .map(|day| dated(&format!("t{day}"), &october(day)))
                .collect(),
        )
        .await;
    store.post("/sync/start", json!({})).await;
    let windows = [(1, 20), (10, 28), (5, 15), (1, 28), (20, 28), (1, 28)];
    let made = futures::future::join_all(windows.map(|(from, to)| {
        let (from, to) = (october(from), october(to));
        let store = &store;
        async move { store.post("/past-syncs", window(&from, &to)).await }
    }))
    .await;
    let queued: i64 = made.iter().map(|run| run["events"].as_i64().unwrap()).sum();
    assert_eq!(queued, 28);
    store.settle().await;
    assert_eq!(
        world.quickbooks().entry_count(&company.realm_id).unwrap(),
        28
    );
    let runs = store.get("/past-syncs").await;
    for run in runs["items"].as_array().unwrap() {
        assert_eq!(
            (&run["state"], &run["waiting"]),
            (&json!("finished"), &json!(0)),
            "{run:#}"
        );
    }
}

#[tokio::test]
async fn fifty_thousand_events_are_tried_in_one_pass() {
    const COPIES: u64 = 10_000;
    let world = World::new().await;
    let (store, company) = waiting_store(&world, "Harbour").await;
    let mut events: Vec<Value> = (1..=4)
        .map(|day| dated(&format!("t{day}"), &october(day)))
        .collect();
    events[0]["number"] = json!("700001");
    let mut unmapped = dated("t5", "2026-10-05");
    unmapped["transaction"]["payments"][0]["payment_type"] = json!("paypal");
    events.push(unmapped);
    store.send_events(events).await;
    let asked = window("2026-10-01", "2026-10-31");
    let five = store.post("/past-syncs/dry-run", asked.clone()).await;
    world
        .sql(&format!(
            "INSERT INTO event (tenant_id, id, type, external_id, number, body, body_hash, occurred_at, business_date, status)
             SELECT tenant_id, gen_random_uuid(), type, external_id || '-' || copy, number || '-' || copy, body, body_hash,
               occurred_at, business_date, status FROM event, generate_series(2, {COPIES}) AS copy"
        ))
        .await;
    // One of the numbers is somebody else's.
    let mut taken = foreign(&company, "700001-2");
    taken.private_note = None;
    world
        .quickbooks()
        .insert_entry(&company.realm_id, &taken)
        .unwrap();
    let all = store.post("/past-syncs/dry-run", asked).await;
    assert_eq!(
        (
            &all["events"]["total"],
            &all["events"]["post"],
            &all["events"]["cannot_post"]
        ),
        (
            &json!(5 * COPIES),
            &json!(4 * COPIES - 1),
            &json!(COPIES + 1)
        )
    );
    assert_eq!(
        by_code(&all["problems"]),
        BTreeMap::from([
            ("missing_mappings".to_owned(), COPIES),
            ("number_taken".to_owned(), 1)
        ])
    );
    assert_eq!(all["problems"][0]["examples"].as_array().unwrap().len(), 3);
    // All numbers at the price of three reads: the closing date, a count of the company's entries, and its only page of them.
    assert_eq!(
        all["numbers"],
        json!({ "checked": 5 * COPIES, "unchecked": 0, "taken": 1, "metered_reads": 3, "detail": null })
    );
    let times: BTreeMap<_, _> = told(&five["effect"])
        .into_iter()
        .map(|(account, (debits, credits))| {
            let copies = i64::try_from(COPIES).unwrap();
            (account, (debits * copies, credits * copies))
        })
        .collect();
    let posted = told(&all["effect"]);
    assert_eq!(
        posted.keys().collect::<Vec<_>>(),
        times.keys().collect::<Vec<_>>()
    );
    for (account, (debits, credits)) in times {
        // One ticket less, of 50.00 that cost 20.00.
        let (debited, credited) = posted[&account];
        let less = (debits - debited) + (credits - credited);
        assert!(less == 5_000 || less == 2_000, "{account}: {less}");
    }
}
