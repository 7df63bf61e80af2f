//! Alerts: each is caused for real, seen once however often it happened, cured, and seen closed; and the outside is told of
//! both, once.

use crate::locations::{located, map};
use crate::tokens::{look, look_when_due};
use crate::world::{Tenant, World};
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use sandbox::quickbooks::{
    FaultPlan, NewEntry, NewLine, Offering, Operation, Outcome, PostingType,
};
use serde_json::{Value, json};

mod each;
mod held;

/// How many events share each cause here.
pub const MANY: usize = 100;

/// The open alerts, the newest first.
pub async fn open(store: &Tenant<'_>) -> Vec<Value> {
    store.get("/alerts?state=open").await["items"]
        .as_array()
        .unwrap()
        .clone()
}

/// The one open alert, which has this code.
pub async fn only(store: &Tenant<'_>, code: &str) -> Value {
    let open = open(store).await;
    assert_eq!(open.len(), 1, "{code}: {open:#?}");
    assert_eq!(open[0]["code"], code, "{:#}", open[0]);
    assert!(!open[0]["steps"].as_array().unwrap().is_empty());
    let sync = store.get("/sync").await;
    assert_eq!(
        (&sync["alert"], &sync["alerts"]),
        (&open[0]["id"], &json!(1)),
        "{sync:#}"
    );
    assert_ne!(sync["message"], "Things are good", "{sync:#}");
    open[0].clone()
}

/// No alert is open; the one that was is closed, and the outside was told of its opening and its closing, once each.
pub async fn closed(store: &Tenant<'_>, alert: &Value) {
    assert_eq!(open(store).await, Vec::<Value>::new());
    let id = alert["id"].as_str().unwrap();
    let now = store.get(&format!("/alerts/{id}")).await;
    assert_eq!(now["state"], "closed", "{now:#}");
    assert!(now["closed_at"].is_string(), "{now:#}");
    let told = store
        .world
        .rows(&format!(
            "SELECT type || ' ' || (data->>'state') FROM webhook_message WHERE data->>'id' = '{id}' ORDER BY occurred_at, id"
        ))
        .await;
    assert_eq!(told, ["alert.opened open", "alert.closed closed"]);
}

async fn things_are_good(store: &Tenant<'_>) {
    let sync = store.get("/sync").await;
    assert_eq!(sync["message"], "Things are good", "{sync:#}");
}

/// So many tickets, each changed before it is sent.
async fn send_many(store: &Tenant<'_>, change: impl Fn(usize, &mut Value)) -> Vec<String> {
    let mut events = Vec::with_capacity(MANY);
    for place in 0..MANY {
        let mut event = store.ticket(&format!("many-{place}")).await;
        change(place, &mut event);
        events.push(event);
    }
    store.send_events(events).await
}

async fn retry_all(store: &Tenant<'_>) {
    store.post("/retry-failed", json!({})).await;
    store.settle().await;
}

/// A hundred events more come while it stands, each with a turn of its own; and it stays the same one alert, seen a moment ago.
async fn happens_again(store: &Tenant<'_>, alert: &Value) -> Value {
    let code = alert["code"].as_str().unwrap();
    store.world.advance(TimeDelta::minutes(2)).await;
    for place in 0..MANY {
        let event = store.ticket(&format!("again-{place}")).await;
        store.send_event(event).await;
        store.drain().await;
        assert_eq!(only(store, code).await["id"], alert["id"]);
    }
    let now = only(store, code).await;
    assert_eq!(now["opened_at"], alert["opened_at"], "{now:#}");
    seen_lately(store, &now).await;
    now
}

/// When it was seen last is at most a minute ago, or what the story took.
async fn seen_lately(store: &Tenant<'_>, alert: &Value) {
    let seen: DateTime<Utc> = alert["last_seen_at"].as_str().unwrap().parse().unwrap();
    let ago = store.now().await - seen;
    assert!(ago <= TimeDelta::seconds(90), "{ago} ago: {alert:#}");
}

/// It keeps so many events from the books, and names five of them, or all: each waits. Its list and itself say the same.
async fn keeps(store: &Tenant<'_>, alert: &Value, events: usize) {
    assert_eq!(alert["events"], json!(events), "{alert:#}");
    let examples = alert["example_event_ids"].as_array().unwrap();
    assert_eq!(examples.len(), events.min(5), "{alert:#}");
    for example in examples {
        let status = store.status(example.as_str().unwrap()).await;
        assert!(["not_synced", "processing"].contains(&&*status), "{status}");
    }
    let path = format!("/alerts/{}", alert["id"].as_str().unwrap());
    assert_eq!(store.get(&path).await, *alert);
}

/// The message of its opening said that it keeps so many events from the books, and named as many as five.
async fn was_told_with(store: &Tenant<'_>, alert: &Value, events: usize) {
    let id = alert["id"].as_str().unwrap();
    let told = store
        .world
        .rows(&format!(
            "SELECT (data->>'events') || ' ' || jsonb_array_length(data->'example_event_ids') FROM webhook_message
              WHERE type = 'alert.opened' AND data->>'id' = '{id}'"
        ))
        .await;
    assert_eq!(told, [format!("{events} {}", events.min(5))]);
}

#[tokio::test]
pub async fn a_lost_grant_is_one_alert_until_somebody_connects_again() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    world.quickbooks().revoke_grants(&company.realm_id).unwrap();
    send_many(&store, |_, _| {}).await;
    for _ in 0..5 {
        store.drain().await;
    }
    let alert = only(&store, "authentication_lost").await;
    keeps(&store, &alert, MANY).await;
    was_told_with(&store, &alert, MANY).await;
    keeps(&store, &happens_again(&store, &alert).await, 2 * MANY).await;
    assert_eq!(alert["severity"], "critical");
    assert!(
        alert["link"].as_str().unwrap().ends_with("/connection"),
        "{alert:#}"
    );
    store.connect(&company.realm_id).await;
    closed(&store, &alert).await;
    store.settle().await;
    things_are_good(&store).await;
    assert_eq!(
        world.quickbooks().entry_count(&company.realm_id).unwrap(),
        2 * MANY
    );
}

#[tokio::test]
pub async fn a_lapsed_subscription_is_one_alert_until_it_is_renewed() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    world
        .quickbooks()
        .set_subscription_lapsed(&company.realm_id, true)
        .unwrap();
    send_many(&store, |_, _| {}).await;
    for _ in 0..5 {
        store.drain().await;
    }
    let alert = only(&store, "subscription_lapsed").await;
    keeps(&store, &alert, MANY).await;
    was_told_with(&store, &alert, MANY).await;
    keeps(&store, &happens_again(&store, &alert).await, 2 * MANY).await;
    world
        .quickbooks()
        .set_subscription_lapsed(&company.realm_id, false)
        .unwrap();
    store.settle().await;
    closed(&store, &alert).await;
    things_are_good(&store).await;
}

#[tokio::test]
pub async fn quickbooks_away_for_long_is_one_alert_until_it_answers() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    world.quickbooks().plan(FaultPlan {
        outcome: Outcome::Status(503),
        ..FaultPlan::default()
    });
    store.send_event(store.ticket("t1").await).await;
    store.drain().await;
    assert_eq!(
        open(&store).await,
        Vec::<Value>::new(),
        "a moment is no reason"
    );
    for _ in 0..MANY {
        world.advance(TimeDelta::seconds(20)).await;
        store.drain().await;
    }
    let first = only(&store, "quickbooks_unreachable").await;
    store.send_event(store.ticket("t2").await).await;
    for _ in 0..10 {
        world.advance(TimeDelta::minutes(5)).await;
        store.drain().await;
    }
    let alert = only(&store, "quickbooks_unreachable").await;
    assert_eq!(alert["opened_at"], first["opened_at"], "{alert:#}");
    keeps(&store, &alert, 2).await;
    was_told_with(&store, &alert, 1).await;
    seen_lately(&store, &alert).await;
    let tries = |alert: &Value| alert["occurrences"].as_i64().unwrap();
    assert_eq!(tries(&alert), tries(&first) + 10, "{alert:#}");
    world.quickbooks().clear_plans();
    store.settle().await;
    closed(&store, &alert).await;
    things_are_good(&store).await;
}

#[tokio::test]
pub async fn a_sync_that_posts_nothing_for_an_hour_although_events_wait_is_one_alert_until_it_posts()
 {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    world.quickbooks().plan(FaultPlan {
        operation: Some(Operation::CreateJournalEntry),
        outcome: Outcome::Throttled,
        ..FaultPlan::default()
    });
    store.send_event(store.ticket("t1").await).await;
    for _ in 0..MANY {
        store.drain().await;
        world.advance(TimeDelta::seconds(61)).await;
    }
    let alert = only(&store, "sync_stalled").await;
    keeps(&store, &alert, 1).await;
    was_told_with(&store, &alert, 1).await;
    seen_lately(&store, &alert).await;
    assert!(alert["occurrences"].as_i64().unwrap() > 10, "{alert:#}");
    assert!(
        alert["detail"]
            .as_str()
            .unwrap()
            .contains("limiting requests"),
        "{alert:#}"
    );
    world.quickbooks().clear_plans();
    store.settle().await;
    closed(&store, &alert).await;
    things_are_good(&store).await;
}

#[tokio::test]
pub async fn a_tenant_whom_no_worker_serves_is_noticed_too() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    store.send_event(store.ticket("t1").await).await;
    world.advance(TimeDelta::minutes(10)).await;
    assert_eq!(service::watch::overdue(&world.service).await.unwrap(), 1);
    assert_eq!(open(&store).await, Vec::<Value>::new(), "ten minutes");
    for _ in 0..3 {
        world.advance(TimeDelta::minutes(61)).await;
        service::watch::overdue(&world.service).await.unwrap();
    }
    let alert = only(&store, "sync_stalled").await;
    keeps(&store, &alert, 1).await;
    seen_lately(&store, &alert).await;
    store.drain().await;
    closed(&store, &alert).await;
    assert_eq!(service::watch::overdue(&world.service).await.unwrap(), 0);
}

#[tokio::test]
pub async fn events_in_a_closed_period_are_one_alert_until_it_is_reopened() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let day = store.now().await.date_naive();
    world
        .quickbooks()
        .close_books(&company.realm_id, day, false)
        .unwrap();
    send_many(&store, |_, _| {}).await;
    store.settle().await;
    let alert = only(&store, "closed_period").await;
    assert_eq!(
        (&alert["events"], &alert["occurrences"]),
        (&json!(MANY), &json!(MANY)),
        "{alert:#}"
    );
    assert_eq!(alert["example_event_ids"].as_array().unwrap().len(), 5);
    // Retried in vain: the same alert, and no second message.
    retry_all(&store).await;
    assert_eq!(only(&store, "closed_period").await["id"], alert["id"]);
    world.quickbooks().reopen_books(&company.realm_id).unwrap();
    retry_all(&store).await;
    closed(&store, &alert).await;
    things_are_good(&store).await;
}

#[tokio::test]
pub async fn taken_numbers_are_one_alert_until_they_are_free() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let number = |place: usize| format!("{}", 500_000 + place);
    let line = |account: &str, posting_type| NewLine {
        account_id: company.account_id(account).unwrap().to_owned(),
        posting_type,
        amount: "7.00".parse().unwrap(),
        description: None,
    };
    let mut foreign = Vec::new();
    for place in 0..MANY {
        let entry = NewEntry {
            doc_number: Some(number(place)),
            txn_date: "2026-11-01".parse().unwrap(),
            private_note: None,
            lines: vec![
                line("1010", PostingType::Debit),
                line("4000", PostingType::Credit),
            ],
        };
        let entry = world
            .quickbooks()
            .insert_entry(&company.realm_id, &entry)
            .unwrap();
        foreign.push(entry.id);
    }
    send_many(&store, |place, event| {
        event["number"] = json!(number(place))
    })
    .await;
    store.settle().await;
    let alert = only(&store, "number_taken").await;
    assert_eq!(
        (&alert["events"], &alert["occurrences"]),
        (&json!(MANY), &json!(MANY)),
        "{alert:#}"
    );
    for id in foreign {
        world
            .quickbooks()
            .delete_entry(&company.realm_id, &id)
            .unwrap();
    }
    retry_all(&store).await;
    closed(&store, &alert).await;
    things_are_good(&store).await;
}

#[tokio::test]
pub async fn unbalanced_events_are_one_alert_until_they_are_sent_corrected() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    send_many(&store, |_, event| {
        event["transaction"]["payments"][0]["amount"] = json!("49.00");
    })
    .await;
    store.settle().await;
    let alert = only(&store, "unbalanced_events").await;
    assert_eq!(alert["events"], json!(MANY), "{alert:#}");
    let mut corrected = Vec::new();
    for place in 0..MANY {
        corrected.push(store.ticket(&format!("many-{place}")).await);
    }
    store.post("/events", json!({ "events": corrected })).await;
    store.settle().await;
    closed(&store, &alert).await;
    things_are_good(&store).await;
}

#[tokio::test]
pub async fn any_other_failure_is_an_alert_of_its_problem() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    // Taken in before it is known which currency the company has.
    let tenant = world.tenant("Before").await;
    let mut events = Vec::new();
    for place in 0..MANY {
        let mut event = store.ticket(&format!("euro-{place}")).await;
        event["currency"] = json!("EUR");
        events.push(event);
    }
    let ids = store.send_events(events).await;
    store.settle().await;
    let alert = only(&store, "events_failed").await;
    assert_eq!(
        (&alert["problem_code"], &alert["events"]),
        (&json!("foreign_currency"), &json!(MANY)),
        "{alert:#}"
    );
    let mut corrected = Vec::new();
    for place in 0..ids.len() {
        corrected.push(store.ticket(&format!("euro-{place}")).await);
    }
    store.post("/events", json!({ "events": corrected })).await;
    store.settle().await;
    closed(&store, &alert).await;
    assert_eq!(open(&tenant).await, Vec::<Value>::new());
}

/// Intuit says when it ends: five years from consent, however often it is used.
#[tokio::test]
pub async fn a_grant_about_to_end_is_one_alert_until_somebody_connects_again() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    for _ in 0..29 {
        world.advance(TimeDelta::days(60)).await;
        look(&world).await;
    }
    assert_eq!(open(&store).await, Vec::<Value>::new());
    while open(&store).await.is_empty() {
        look_when_due(&world).await;
    }
    let alert = only(&store, "grant_ending").await;
    let again = happens_again(&store, &alert).await;
    // The grant still holds: it keeps nothing from the books.
    keeps(&store, &again, 0).await;
    assert_eq!(again["occurrences"], 1, "{again:#}");
    assert_eq!(alert["severity"], "warning");
    let detail = alert["detail"].as_str().unwrap();
    assert!(detail.contains("five years"), "{detail}");
    store.connect(&company.realm_id).await;
    closed(&store, &alert).await;
    store.settle().await;
    things_are_good(&store).await;
}

#[tokio::test]
pub async fn an_acknowledged_alert_stays_open_and_steps_behind_the_others() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let mut unbalanced = store.ticket("u1").await;
    unbalanced["transaction"]["payments"][0]["amount"] = json!("49.00");
    store.send_event(unbalanced).await;
    store.drain().await;
    let alert = only(&store, "unbalanced_events").await;
    let path = format!("/alerts/{}/acknowledge", alert["id"].as_str().unwrap());
    let acknowledged = store.post(&path, json!({})).await;
    assert_eq!(acknowledged["state"], "open");
    assert!(acknowledged["acknowledged_at"].is_string());
    assert!(
        acknowledged["acknowledged_by"]
            .as_str()
            .unwrap()
            .starts_with("key_")
    );
    assert_eq!(store.post(&path, json!({})).await, acknowledged, "once");
    let mut euro = store.ticket("e1").await;
    euro["currency"] = json!("EUR");
    store.send_event(euro).await;
    store.drain().await;
    // The one nobody knows of comes first, though the other matters more.
    let sync = store.get("/sync").await;
    assert_eq!(sync["alerts"], 2, "{sync:#}");
    let first = store
        .get(&format!("/alerts/{}", sync["alert"].as_str().unwrap()))
        .await;
    assert_eq!(first["code"], "events_failed", "{first:#}");
    let audit = store.get("/audit-log").await;
    let acknowledgements = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|record| record["action"] == "alert.acknowledged")
        .count();
    assert_eq!(acknowledgements, 1);
    let (status, _) = store
        .send(Method::POST, "/alerts/alr_nobodys/acknowledge", None)
        .await;
    assert_eq!(status, 404);
    drop(company);
}

/// L12, and L20 for a mapping.
#[tokio::test]
pub async fn a_mapped_account_made_inactive_is_one_alert_before_any_event_fails() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let drawer = company.account_id("1010").unwrap();
    let set_active = |active| {
        world
            .quickbooks()
            .set_account_active(&company.realm_id, drawer, active)
            .unwrap();
    };
    set_active(false);
    for _ in 0..MANY {
        store.post("/account-imports", json!({})).await;
        store.drain().await;
    }
    let alert = only(&store, "broken_mapping").await;
    assert_eq!(alert["events"], 0, "nothing has failed yet: {alert:#}");
    assert!(
        alert["subjects"][0].as_str().unwrap().starts_with("1010 "),
        "{alert:#}"
    );
    set_active(true);
    store.post("/account-imports", json!({})).await;
    store.drain().await;
    closed(&store, &alert).await;
    things_are_good(&store).await;
}

#[tokio::test]
pub async fn events_that_fail_for_a_broken_mapping_are_its_one_alert_until_another_account_is_mapped()
 {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let drawer = company.account_id("1010").unwrap();
    world
        .quickbooks()
        .set_account_active(&company.realm_id, drawer, false)
        .unwrap();
    send_many(&store, |_, _| {}).await;
    store.settle().await;
    let alert = only(&store, "broken_mapping").await;
    assert_eq!(
        (&alert["events"], &alert["occurrences"]),
        (&json!(MANY), &json!(MANY)),
        "{alert:#}"
    );
    assert_eq!(
        alert["detail"],
        format!(
            "1010 Cash in Drawer is mapped but cannot be used any more; {MANY} events have failed for it."
        )
    );
    store.map("payment", Some("cash"), "1220").await;
    // Cheques go into the drawer too.
    store.map("payment", Some("check"), "1220").await;
    closed(&store, &alert).await;
    let sync = store.get("/sync").await;
    assert!(
        sync["message"].as_str().unwrap().contains("can be retried"),
        "{sync:#}"
    );
    retry_all(&store).await;
    things_are_good(&store).await;
}

/// L3 and L20: the key is told of when it is seen, before an event fails for it.
#[tokio::test]
pub async fn an_unmapped_key_is_one_alert_from_the_moment_it_is_seen_until_it_is_mapped() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    send_many(&store, |_, event| {
        event["transaction"]["payments"][0]["payment_type"] = json!("paypal");
    })
    .await;
    let alert = only(&store, "missing_mapping").await;
    assert_eq!(
        (&alert["subjects"], &alert["events"]),
        (&json!(["payment[paypal]"]), &json!(MANY)),
        "they wait, and nothing has failed yet: {alert:#}"
    );
    assert_eq!(
        alert["detail"],
        format!("No account is mapped for payment[paypal]; {MANY} events wait for it.")
    );
    store.settle().await;
    let failed = only(&store, "missing_mapping").await;
    assert_eq!(
        (&failed["id"], &failed["events"]),
        (&alert["id"], &json!(MANY)),
        "{failed:#}"
    );
    assert_eq!(failed["example_event_ids"].as_array().unwrap().len(), 5);
    // A second key is news, also to whoever knows of the first.
    let path = format!("/alerts/{}/acknowledge", alert["id"].as_str().unwrap());
    store.post(&path, json!({})).await;
    let mut venmo = store.ticket("venmo").await;
    venmo["transaction"]["payments"][0]["payment_type"] = json!("venmo");
    store.send_event(venmo).await;
    let both = only(&store, "missing_mapping").await;
    assert_eq!(
        (&both["subjects"], &both["acknowledged_at"]),
        (&json!(["payment[paypal]", "payment[venmo]"]), &Value::Null),
        "{both:#}"
    );
    for key in ["paypal", "venmo"] {
        store.map("payment", Some(key), "1200").await;
    }
    closed(&store, &alert).await;
    let sync = store.get("/sync").await;
    assert!(
        sync["message"].as_str().unwrap().contains("can be retried"),
        "{sync:#}"
    );
    retry_all(&store).await;
    things_are_good(&store).await;
}

#[tokio::test]
pub async fn a_plan_that_lacks_a_feature_is_one_alert_until_it_has_it() {
    let world = World::new().await;
    let (store, company) = located(&world).await;
    map(&store, "boston", "Boston").await;
    let subscribe = |to| {
        let quickbooks = world.quickbooks();
        quickbooks.set_offering(&company.realm_id, to).unwrap();
    };
    subscribe(Offering::Essentials);
    send_many(&store, |_, event| event["location"] = json!("boston")).await;
    for _ in 0..MANY {
        store.drain().await;
        world.advance(TimeDelta::minutes(30)).await;
    }
    let alert = only(&store, "plan_lacks_feature").await;
    // Those that were refused, and those that wait behind them.
    assert_eq!(alert["events"], json!(MANY), "{alert:#}");
    assert_eq!(alert["example_event_ids"].as_array().unwrap().len(), 5);
    subscribe(Offering::Plus);
    retry_all(&store).await;
    closed(&store, &alert).await;
    things_are_good(&store).await;
    assert_eq!(
        world.quickbooks().entry_count(&company.realm_id).unwrap(),
        MANY
    );
}

#[tokio::test]
pub async fn a_company_that_refuses_us_is_one_alert_until_it_takes_entries_again() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    world.quickbooks().plan(FaultPlan {
        operation: Some(Operation::CreateJournalEntry),
        outcome: Outcome::Fault(140),
        ..FaultPlan::default()
    });
    send_many(&store, |_, _| {}).await;
    for _ in 0..5 {
        store.drain().await;
    }
    let alert = only(&store, "company_refuses").await;
    was_told_with(&store, &alert, MANY).await;
    keeps(&store, &happens_again(&store, &alert).await, 2 * MANY).await;
    assert_eq!(
        alert["detail"], "The company is locked in QuickBooks.",
        "{alert:#}"
    );
    world.quickbooks().clear_plans();
    store.settle().await;
    closed(&store, &alert).await;
    things_are_good(&store).await;
}

#[tokio::test]
pub async fn a_missing_rounding_account_is_one_alert_from_its_failures_until_it_is_mapped() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    store
        .patch_settings(json!({ "rounding_tolerance": "1.00" }))
        .await;
    let rows = store.get("/mappings").await;
    let rounding = rows["items"].as_array().unwrap().iter();
    for row in rounding.filter(|row| row["slot"] == "rounding") {
        let path = format!("/mappings/{}", row["id"].as_str().unwrap());
        store.send(Method::DELETE, &path, None).await;
    }
    send_many(&store, |_, event| {
        let paid = &mut event["transaction"]["payments"][0]["amount"];
        let cents = paid.as_str().unwrap().trim_end_matches("00").to_owned() + "05";
        *paid = json!(cents);
    })
    .await;
    store.settle().await;
    let alert = only(&store, "missing_mapping").await;
    assert_eq!(alert["events"], json!(MANY), "{alert:#}");
    let detail = alert["detail"].as_str().unwrap();
    assert!(detail.contains("rounding"), "{detail}");
    store.map("rounding", None, "1200").await;
    retry_all(&store).await;
    closed(&store, &alert).await;
    things_are_good(&store).await;
}
