//! The lifecycle cases: what a shopkeeper and an accountant live through, told over HTTP and judged by QuickBooks' own ledger.

use crate::mishaps::{dated, foreign};
use crate::world::World;
use chrono::TimeDelta;
use reqwest::{Method, StatusCode};
use sandbox::quickbooks::{DuplicateNumbers, FaultPlan, Operation, Outcome, Switches};
use serde_json::{Value, json};

fn numbered(mut event: Value, number: &str) -> Value {
    event["number"] = json!(number);
    event
}

fn code(event: &Value) -> &str {
    event["problem"]["code"].as_str().unwrap_or_default()
}

/// L1, by looking before the first send: the company itself does not refuse a taken number.
#[tokio::test]
async fn a_number_taken_by_a_foreign_entry_is_a_failure_and_nothing_is_posted() {
    let world = World::new().await;
    // Somebody else's entry of this very moment is seen only where queries see it at once.
    world.quickbooks().set_switches(Switches {
        query_lag_seconds: 0,
        ..world.quickbooks().switches()
    });
    let (store, company) = world.store("Harbour").await;
    let foreign = world
        .quickbooks()
        .insert_entry(&company.realm_id, &foreign(&company, "104233"))
        .unwrap();
    let id = store
        .send_event(numbered(store.ticket("t1").await, "104233"))
        .await;
    store.settle().await;
    let event = store.event(&id).await;
    assert_eq!(
        (event["status"].as_str().unwrap(), code(&event)),
        ("failed", "number_taken"),
        "{event:#}"
    );
    assert!(
        event["problem"]["detail"]
            .as_str()
            .unwrap()
            .contains(&format!("journal entry {}", foreign.id)),
        "{event:#}"
    );
    assert_eq!(
        world.quickbooks().entry_count(&company.realm_id).unwrap(),
        1
    );
}

/// L1, by the company's own refusal: it warns of duplicate numbers, so no read is spent beforehand.
#[tokio::test]
async fn a_number_that_the_company_refuses_is_looked_up_and_fails() {
    let world = World::new().await;
    // It is refused only where companies do as they prefer.
    world.quickbooks().set_switches(Switches {
        duplicate_numbers: DuplicateNumbers::AsPreferred,
        ..world.quickbooks().switches()
    });
    let company = world.company("Harbour");
    let mut preferences = world.quickbooks().preferences(&company.realm_id).unwrap();
    preferences.warn_duplicate_journal_number = true;
    world
        .quickbooks()
        .set_preferences(&company.realm_id, preferences)
        .unwrap();
    let store = world.tenant("Harbour").await;
    store.connect(&company.realm_id).await;
    store.map_golden().await;
    store.post("/sync/start", json!({})).await;
    world
        .quickbooks()
        .insert_entry(&company.realm_id, &foreign(&company, "104233"))
        .unwrap();
    let reads = world
        .quickbooks()
        .company_counters(&company.realm_id)
        .unwrap()
        .core_plus;
    let free = store.send_event(store.ticket("t0").await).await;
    store.settle().await;
    assert_eq!(store.status(&free).await, "synced");
    assert_eq!(
        world
            .quickbooks()
            .company_counters(&company.realm_id)
            .unwrap()
            .core_plus,
        reads,
        "no read without doubt"
    );
    let taken = store
        .send_event(numbered(store.ticket("t1").await, "104233"))
        .await;
    store.settle().await;
    assert_eq!(code(&store.event(&taken).await), "number_taken");
    assert_eq!(
        world.quickbooks().entry_count(&company.realm_id).unwrap(),
        2
    );
}

/// L1, with our marker on other lines: somebody edited our entry, so it is not the event's any more.
#[tokio::test]
async fn an_entry_with_our_marker_and_other_lines_is_not_ours() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let realm = &company.realm_id;
    world
        .quickbooks()
        .plan(FaultPlan::next(Operation::CreateJournalEntry, Outcome::Drop).with_commit());
    let id = store.send_event(store.ticket("t1").await).await;
    store.drain().await;
    let ours = world.quickbooks().entries(realm).unwrap().remove(0);
    let mut edited = foreign(&company, ours.doc_number.as_deref().unwrap());
    edited.private_note = ours.private_note;
    world
        .quickbooks()
        .change_entry(realm, &ours.id, &edited)
        .unwrap();
    store.settle().await;
    assert_eq!(code(&store.event(&id).await), "number_taken");
    assert_eq!(world.quickbooks().entry_count(realm).unwrap(), 1);
}

/// L2: the answer was lost, the entry was not.
#[tokio::test]
async fn our_own_entry_after_a_lost_answer_is_found_and_nothing_more_is_posted() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    for outcome in [
        Outcome::Drop,
        Outcome::Status(502),
        Outcome::WaitAFewMinutes,
        Outcome::Garbage,
    ] {
        let before = world.quickbooks().entry_count(&company.realm_id).unwrap();
        world
            .quickbooks()
            .plan(FaultPlan::next(Operation::CreateJournalEntry, outcome).with_commit());
        let id = store
            .send_event(store.ticket(&format!("{outcome:?}")).await)
            .await;
        store.drain().await;
        assert_eq!(store.status(&id).await, "processing", "{outcome:?}");
        store.settle().await;
        let event = store.event(&id).await;
        assert_eq!(event["status"], "synced", "{outcome:?} {event:#}");
        let entry = world
            .quickbooks()
            .entries_numbered(&company.realm_id, event["number"].as_str().unwrap())
            .unwrap();
        assert_eq!(entry.len(), 1, "{outcome:?}");
        assert_eq!(
            event["journal_entries"][0]["qbo_id"],
            json!(entry[0].id),
            "{outcome:?}"
        );
        assert_eq!(
            world.quickbooks().entry_count(&company.realm_id).unwrap(),
            before + 1,
            "{outcome:?}"
        );
    }
    assert!(world.quickbooks().violations().is_empty());
}

/// L2, when the database has forgotten that it ever sent: the ids are derived, so the entry is recognised.
#[tokio::test]
async fn an_entry_sent_before_the_database_forgot_it_is_recognised() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let id = store.send_event(store.ticket("t1").await).await;
    store.drain().await;
    assert_eq!(store.status(&id).await, "synced");
    world
        .sql(
            "DELETE FROM attempt; DELETE FROM journal_entry;
        UPDATE event SET status = 'not_synced', due_at = tillpost_now(), synced_at = NULL;
        UPDATE turn SET due_at = tillpost_now()",
        )
        .await;
    store.settle().await;
    assert_eq!(store.status(&id).await, "synced");
    assert_eq!(
        world.quickbooks().entry_count(&company.realm_id).unwrap(),
        1
    );
}

/// A request that was lost before it took effect is sent again, once, after two look-ups.
#[tokio::test]
async fn an_entry_proven_absent_is_sent_again_with_the_same_request_id() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    for outcome in [
        Outcome::Drop,
        Outcome::Status(503),
        Outcome::WaitAFewMinutes,
    ] {
        world
            .quickbooks()
            .plan(FaultPlan::next(Operation::CreateJournalEntry, outcome));
        let id = store
            .send_event(store.ticket(&format!("{outcome:?}")).await)
            .await;
        store.settle().await;
        let event = store.event(&id).await;
        assert_eq!(event["status"], "synced", "{outcome:?} {event:#}");
        assert_eq!(event["journal_entries"].as_array().unwrap().len(), 1);
        assert_eq!(
            event["journal_entries"][0]["attempts"]
                .as_array()
                .unwrap()
                .len(),
            2,
            "{event:#}"
        );
    }
    assert_eq!(
        world.quickbooks().entry_count(&company.realm_id).unwrap(),
        3
    );
}

/// L3
#[tokio::test]
async fn a_payment_type_without_an_account_fails_that_event_alone_until_it_is_mapped() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    let mut paypal = store.ticket("t2").await;
    paypal["transaction"]["payments"][0]["payment_type"] = json!("paypal");
    let ids = store
        .send_events(vec![
            store.ticket("t1").await,
            paypal,
            store.ticket("t3").await,
        ])
        .await;
    store.drain().await;
    assert_eq!(store.status(&ids[0]).await, "synced");
    assert_eq!(store.status(&ids[2]).await, "synced");
    let failed = store.event(&ids[1]).await;
    assert_eq!(
        (failed["status"].as_str().unwrap(), code(&failed)),
        ("failed", "missing_mappings")
    );
    assert!(
        failed["problem"]["detail"]
            .as_str()
            .unwrap()
            .contains("payment[paypal]"),
        "{failed:#}"
    );
    assert_eq!(
        store.get("/events?status=failed").await["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    store.map("payment", Some("paypal"), "1200").await;
    store
        .post(&format!("/events/{}/retry", ids[1]), json!({}))
        .await;
    store.drain().await;
    assert_eq!(store.status(&ids[1]).await, "synced");
}

/// L4
#[tokio::test]
async fn a_receivable_or_payable_account_is_refused_when_it_is_mapped() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    for (slot, key, number, alternative) in [
        ("payment", "house", "1100", "Other Current Asset"),
        (
            "purchases_received",
            "apparel",
            "2000",
            "Other Current Liability",
        ),
    ] {
        let body = json!({ "slot": slot, "key": key, "account_id": store.account(number).await });
        let (status, problem) = store
            .send(Method::PUT, "/mappings", Some(body.clone()))
            .await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem:#}");
        assert_eq!(problem["code"], "account_type_refused");
        assert!(
            problem["detail"].as_str().unwrap().contains(alternative),
            "{problem:#}"
        );
        let bulk = store
            .post("/mappings/bulk", json!({ "mappings": [body] }))
            .await;
        assert_eq!(
            bulk["results"][0]["problem"]["code"], "account_type_refused",
            "{bulk:#}"
        );
    }
}

/// L5
#[tokio::test]
async fn a_revoked_grant_halts_the_sync_and_reconnecting_loses_and_doubles_nothing() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let first = store.send_event(store.ticket("t1").await).await;
    store.drain().await;
    world.quickbooks().revoke_grants(&company.realm_id).unwrap();
    let ids = store
        .send_events(vec![store.ticket("t2").await, store.ticket("t3").await])
        .await;
    store.drain().await;
    for id in &ids {
        assert_eq!(store.status(id).await, "not_synced");
    }
    let sync = store.get("/sync").await;
    assert_eq!(sync["state"], "action_required", "{sync:#}");
    assert!(
        sync["message"]
            .as_str()
            .unwrap()
            .contains("connected again"),
        "{sync:#}"
    );
    let alerts = store.get("/alerts?state=open").await;
    assert_eq!(alerts["items"].as_array().unwrap().len(), 1, "{alerts:#}");
    assert_eq!(alerts["items"][0]["code"], "authentication_lost");
    assert_eq!(store.get("/connection").await["state"], "action_required");

    store.connect(&company.realm_id).await;
    store.post("/retry-failed", json!({})).await;
    store.drain().await;
    for id in ids.iter().chain([&first]) {
        assert_eq!(store.status(id).await, "synced");
    }
    assert_eq!(
        world.quickbooks().entry_count(&company.realm_id).unwrap(),
        3
    );
    let sync = store.get("/sync").await;
    assert_eq!(
        (
            sync["state"].as_str().unwrap(),
            sync["message"].as_str().unwrap()
        ),
        ("running", "Things are good")
    );
    assert!(
        store.get("/alerts?state=open").await["items"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    assert!(store.get("/alerts?state=closed").await["items"][0]["closed_at"].is_string());
}

/// L6, L7, L8
#[tokio::test]
async fn events_from_before_start_sync_wait_for_a_past_sync_which_takes_each_once() {
    let world = World::new().await;
    let company = world.company("Harbour");
    let store = world.tenant("Harbour").await;
    store.connect(&company.realm_id).await;
    store.map_golden().await;
    let early = (1..=10)
        .map(|day| dated(&format!("early-{day}"), &format!("2026-10-{day:02}")))
        .collect();
    let early = store.send_events(early).await;
    store.post("/sync/start", json!({})).await;
    let late = store
        .send_events(vec![
            store.ticket("l1").await,
            store.ticket("l2").await,
            store.ticket("l3").await,
        ])
        .await;
    store.drain().await;
    let entries = || world.quickbooks().entry_count(&company.realm_id).unwrap();
    assert_eq!(entries(), 3);
    for id in &early {
        assert_eq!(store.status(id).await, "never_synced");
    }
    for id in &late {
        assert_eq!(store.status(id).await, "synced");
    }
    // One of the ten is synced by itself, so that the window holds one that is done already.
    store
        .post(&format!("/events/{}/retry", early[4]), json!({}))
        .await;
    store.drain().await;
    assert_eq!(entries(), 4);
    let window = json!({ "from_date": "2026-10-03", "to_date": "2026-10-07" });
    let past = store.post("/past-syncs", window.clone()).await;
    assert_eq!(past["events"], 4, "{past:#}");
    store.drain().await;
    assert_eq!(entries(), 8);
    let again = store.post("/past-syncs", window).await;
    assert_eq!(again["events"], 0, "{again:#}");
    store.drain().await;
    assert_eq!(entries(), 8);
    let past = store
        .get(&format!("/past-syncs/{}", past["id"].as_str().unwrap()))
        .await;
    assert_eq!(
        (&past["synced"], &past["state"]),
        (&json!(4), &json!("finished")),
        "{past:#}"
    );
}

/// L9
#[tokio::test]
async fn a_past_syncs_window_includes_both_its_ends_by_business_date() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    let mut belated = dated("belated", "2026-10-12");
    belated["business_date"] = json!("2026-10-11");
    // Late on the 11th in the store, already the 12th in UTC: the date written in the event decides.
    let mut evening = dated("evening", "2026-10-01");
    evening["occurred_at"] = json!("2026-10-11T22:30:00-05:00");
    let ids = store
        .send_events(vec![
            dated("before", "2026-10-09"),
            dated("first", "2026-10-10"),
            dated("last", "2026-10-11"),
            belated,
            evening,
            dated("after", "2026-10-12"),
        ])
        .await;
    let past = store
        .post(
            "/past-syncs",
            json!({ "from_date": "2026-10-10", "to_date": "2026-10-11" }),
        )
        .await;
    assert_eq!(past["events"], 4, "{past:#}");
    store.drain().await;
    let mut statuses = Vec::new();
    for id in &ids {
        statuses.push(store.status(id).await);
    }
    assert_eq!(
        statuses,
        [
            "never_synced",
            "synced",
            "synced",
            "synced",
            "synced",
            "never_synced"
        ]
    );
}

/// L10
#[tokio::test]
async fn stopping_pauses_the_queue_and_starting_resumes_it_from_a_new_line() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let mut queued = Vec::new();
    for ticket in 1..=5 {
        queued.push(store.ticket(&format!("q{ticket}")).await);
    }
    let queued = store.send_events(queued).await;
    store.post("/sync/stop", json!({})).await;
    let stopped = store.send_event(store.ticket("while-stopped").await).await;
    store.drain().await;
    for id in &queued {
        assert_eq!(store.status(id).await, "not_synced");
    }
    assert_eq!(
        world.quickbooks().entry_count(&company.realm_id).unwrap(),
        0
    );
    world.advance(TimeDelta::minutes(1)).await;
    store.post("/sync/start", json!({})).await;
    store.drain().await;
    for id in &queued {
        assert_eq!(store.status(id).await, "synced");
    }
    assert_eq!(store.status(&stopped).await, "never_synced");
    assert_eq!(
        world.quickbooks().entry_count(&company.realm_id).unwrap(),
        5
    );
}

/// L11
#[tokio::test]
async fn an_account_deleted_locally_comes_back_with_its_mappings() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    let account = store.account("1010").await;
    let before = store.get("/mappings").await;
    let (status, _) = store
        .send(Method::DELETE, &format!("/accounts/{account}"), None)
        .await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let (status, _) = store
        .send(Method::GET, &format!("/accounts/{account}"), None)
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let id = store.send_event(store.ticket("t1").await).await;
    store.drain().await;
    assert_eq!(code(&store.event(&id).await), "reference_missing");
    let import = store.post("/account-imports", json!({})).await;
    store.drain().await;
    let import = store
        .get(&format!(
            "/account-imports/{}",
            import["id"].as_str().unwrap()
        ))
        .await;
    assert_eq!(import["state"], "done", "{import:#}");
    assert_eq!(store.account("1010").await, account);
    assert_eq!(store.get("/mappings").await, before);
    store
        .post(
            "/retry-failed",
            json!({ "problem_code": "reference_missing" }),
        )
        .await;
    store.drain().await;
    assert_eq!(store.status(&id).await, "synced");
}

/// L15
#[tokio::test]
async fn an_event_in_a_closed_period_fails_until_the_period_is_reopened() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let realm = &company.realm_id;
    // Closed after we read the preferences: QuickBooks itself refuses the first, our own reading the second.
    world
        .quickbooks()
        .close_books(realm, "2026-10-31".parse().unwrap(), false)
        .unwrap();
    let first = store.send_event(dated("t1", "2026-10-31")).await;
    store
        .post(&format!("/events/{first}/retry"), json!({}))
        .await;
    store.settle().await;
    let second = store.send_event(dated("t2", "2026-10-31")).await;
    store
        .post(&format!("/events/{second}/retry"), json!({}))
        .await;
    store.settle().await;
    for id in [&first, &second] {
        let event = store.event(id).await;
        assert_eq!(
            (event["status"].as_str().unwrap(), code(&event)),
            ("failed", "closed_period"),
            "{event:#}"
        );
        assert!(
            event["problem"]["detail"]
                .as_str()
                .unwrap()
                .contains("closed"),
            "{event:#}"
        );
    }
    assert_eq!(world.quickbooks().entry_count(realm).unwrap(), 0);
    world.quickbooks().reopen_books(realm).unwrap();
    store
        .post("/retry-failed", json!({ "problem_code": "closed_period" }))
        .await;
    store.settle().await;
    for id in [&first, &second] {
        assert_eq!(store.status(id).await, "synced");
    }
    for entry in world.quickbooks().entries(realm).unwrap() {
        assert_eq!(
            entry.txn_date,
            "2026-10-31".parse().unwrap(),
            "never silently redated"
        );
    }
}

/// The other policy: dated the first open day, and it says so.
#[tokio::test]
async fn under_first_open_day_an_event_in_a_closed_period_is_redated_openly() {
    let world = World::new().await;
    let company = world.company("Harbour");
    world
        .quickbooks()
        .close_books(&company.realm_id, "2026-10-31".parse().unwrap(), false)
        .unwrap();
    let store = world.tenant("Harbour").await;
    let path = format!("/v1/tenants/{}", store.id);
    world
        .ok(
            Method::PATCH,
            &path,
            crate::world::PLATFORM_KEY,
            Some(json!({ "closed_period": "first_open_day" })),
        )
        .await;
    store.connect(&company.realm_id).await;
    store.map_golden().await;
    store.post("/sync/start", json!({})).await;
    let id = store.send_event(dated("t1", "2026-10-15")).await;
    let preview = store.get(&format!("/events/{id}/preview")).await;
    assert_eq!(
        preview["entry"]["accounting_date"], "2026-11-01",
        "{preview:#}"
    );
    store.post(&format!("/events/{id}/retry"), json!({})).await;
    store.drain().await;
    let entry = world
        .quickbooks()
        .entries(&company.realm_id)
        .unwrap()
        .remove(0);
    assert_eq!(entry.txn_date, "2026-11-01".parse().unwrap());
    assert!(entry.private_note.unwrap().contains("2026-10-15"));
}

/// L16
#[tokio::test]
async fn another_company_is_refused_unless_allowed_and_then_starts_from_nothing() {
    let world = World::new().await;
    let (store, old) = world.store("Harbour").await;
    let id = store.send_event(store.ticket("t1").await).await;
    store.drain().await;
    let new = world.company("Hillside");
    assert_eq!(
        store.consent(&new.realm_id, json!({})).await,
        "company_mismatch"
    );
    let connection = store.get("/connection").await;
    assert_eq!(
        (&connection["company_id"], &connection["state"]),
        (&json!(old.realm_id), &json!("connected"))
    );

    assert_eq!(
        store
            .consent(&new.realm_id, json!({ "allow_company_change": true }))
            .await,
        "connected"
    );
    store.drain().await;
    assert_eq!(
        store.get("/connection").await["company_id"],
        json!(new.realm_id)
    );
    assert_eq!(store.get("/sync").await["state"], "stopped");
    assert_eq!(
        store.status(&id).await,
        "never_synced",
        "synced in the old books says nothing of the new"
    );
    assert!(
        store.get("/mappings").await["items"]
            .as_array()
            .unwrap()
            .is_empty(),
        "account ids mean nothing in the new books"
    );
    store.map_golden().await;
    store.post("/sync/start", json!({})).await;
    store.post(&format!("/events/{id}/retry"), json!({})).await;
    store.drain().await;
    assert_eq!(store.status(&id).await, "synced");
    assert_eq!(world.quickbooks().entry_count(&old.realm_id).unwrap(), 1);
    assert_eq!(world.quickbooks().entry_count(&new.realm_id).unwrap(), 1);

    // And back: what is in the old books is known to be there.
    assert_eq!(
        store
            .consent(&old.realm_id, json!({ "allow_company_change": true }))
            .await,
        "connected"
    );
    store.post("/sync/start", json!({})).await;
    store.post(&format!("/events/{id}/retry"), json!({})).await;
    store.settle().await;
    assert_eq!(store.status(&id).await, "synced");
    assert_eq!(world.quickbooks().entry_count(&old.realm_id).unwrap(), 1);
}

/// L17
#[tokio::test]
async fn the_same_event_sent_twice_is_a_duplicate_without_effect() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let ticket = store.ticket("t1").await;
    let id = store.send_event(ticket.clone()).await;
    store.drain().await;
    let before = store.event(&id).await;
    let answer = store
        .post("/events", json!({ "events": [ticket, ticket] }))
        .await;
    for result in answer["results"].as_array().unwrap() {
        assert_eq!(
            (&result["result"], &result["id"]),
            (&json!("duplicate"), &json!(id)),
            "{answer:#}"
        );
    }
    store.drain().await;
    assert_eq!(store.event(&id).await, before);
    assert_eq!(
        world.quickbooks().entry_count(&company.realm_id).unwrap(),
        1
    );
}

/// L18
#[tokio::test]
async fn another_body_replaces_an_event_that_is_not_posted_yet() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    store.post("/sync/stop", json!({})).await;
    let mut ticket = store.ticket("t1").await;
    let id = store.send_event(ticket.clone()).await;
    ticket["transaction"]["lines"][0]["amount"] = json!("60.00");
    ticket["transaction"]["payments"][0]["amount"] = json!("60.00");
    let answer = store.post("/events", json!({ "events": [ticket] })).await;
    let result = &answer["results"][0];
    assert_eq!(
        (&result["result"], &result["id"], &result["version"]),
        (&json!("replaced"), &json!(id), &json!(2)),
        "{answer:#}"
    );
    let audit = store.get("/audit-log").await;
    let record = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|record| record["action"] == "event.replaced")
        .unwrap();
    assert_eq!(
        (&record["subject"], &record["detail"]["to_version"]),
        (&json!(id), &json!(2)),
        "{audit:#}"
    );
    store.post("/sync/start", json!({})).await;
    store.post(&format!("/events/{id}/retry"), json!({})).await;
    store.drain().await;
    let entries = world.quickbooks().entries(&company.realm_id).unwrap();
    assert_eq!(entries.len(), 1);
    assert!(
        entries[0]
            .lines
            .iter()
            .any(|line| line.amount.to_string() == "60.00"),
        "{entries:?}"
    );
    // Once it is in the books, another body changes nothing.
    let mut late = store.ticket("t1").await;
    late["memo"] = json!("changed");
    let (_, answer) = store
        .send(Method::POST, "/events", Some(json!({ "events": [late] })))
        .await;
    assert_eq!(
        answer["results"][0]["problem"]["code"], "event_already_posted",
        "{answer:#}"
    );
}
