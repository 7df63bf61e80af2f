//! The accountant's desk tells one truth: what is broken is broken everywhere, is called what it is, and counts its own events.

use crate::alerts::{closed, only};
use crate::world::{Tenant, World};
use chrono::TimeDelta;
use reqwest::{Method, StatusCode};
use sandbox::quickbooks::NameKind;
use serde_json::{Value, json};
use std::collections::BTreeSet;

async fn paid_with(store: &Tenant<'_>, external_id: &str, payment_types: &[&str]) -> String {
    let mut ticket = store.ticket(external_id).await;
    let share = json!(format!("{}.00", 50 / payment_types.len()));
    let payments = payment_types
        .iter()
        .map(|kind| json!({ "payment_type": kind, "amount": share }));
    ticket["transaction"]["payments"] = payments.collect();
    store.send_event(ticket).await
}

async fn import_chart(store: &Tenant<'_>) {
    store.post("/account-imports", json!({})).await;
    store.drain().await;
}

fn ids(alert: &Value) -> BTreeSet<String> {
    let ids = alert["example_event_ids"].as_array().unwrap().iter();
    ids.map(|id| id.as_str().unwrap().to_owned()).collect()
}

fn set<const N: usize>(ids: [&String; N]) -> BTreeSet<String> {
    ids.into_iter().cloned().collect()
}

#[tokio::test]
async fn an_account_deleted_here_is_broken_wherever_one_looks_until_it_is_imported() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    paid_with(&store, "before", &["house"]).await;
    store.drain().await;
    let path = format!("/accounts/{}", store.account("1220").await);
    let (status, _) = store.send(Method::DELETE, &path, None).await;
    assert_eq!(status, StatusCode::NO_CONTENT);

    let why = "account 1220 House Accounts was deleted here";
    let readiness = store.get("/readiness").await;
    assert_eq!(readiness["missing"], json!([]));
    let broken = &readiness["broken"][0]["mapping"]["broken"];
    assert_eq!(
        *broken,
        format!("{why}; import the chart again, or choose another")
    );
    let alert = only(&store, "broken_mapping").await;
    assert_eq!(
        (&alert["subjects"], &alert["events"], &alert["severity"]),
        (
            &json!(["1220 House Accounts"]),
            &json!(0),
            &json!("warning")
        ),
        "{alert:#}"
    );
    let id = paid_with(&store, "after", &["house"]).await;
    let preview = store.get(&format!("/events/{id}/preview")).await;
    store.drain().await;
    let event = store.event(&id).await;
    for problem in [&preview["problem"], &event["problem"]] {
        assert_eq!(
            (&problem["code"], &problem["detail"], &problem["title"]),
            (
                &json!("reference_missing"),
                &json!(why),
                &json!("An account is gone")
            ),
            "{problem:#}"
        );
    }
    assert_eq!(store.get("/readiness").await["broken"][0]["events"], 1);
    let failed = only(&store, "broken_mapping").await;
    assert_eq!(
        (
            &failed["id"],
            &failed["events"],
            &failed["severity"],
            ids(&failed)
        ),
        (&alert["id"], &json!(1), &json!("error"), set([&id])),
        "{failed:#}"
    );

    import_chart(&store).await;
    closed(&store, &alert).await;
    assert_eq!(store.get("/readiness").await["complete"], true);
    let message = store.get("/sync").await["message"].clone();
    assert!(
        message.as_str().unwrap().contains("can be retried"),
        "{message}"
    );
    store.post("/retry-failed", json!({})).await;
    store.drain().await;
    assert_eq!(store.status(&id).await, "synced");
    assert_eq!(store.get("/sync").await["message"], "Things are good");
}

#[tokio::test]
async fn a_class_that_is_gone_is_called_a_class_and_mended_where_locations_are_mapped() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    world
        .quickbooks()
        .add_name(&company.realm_id, NameKind::Class, "Retail")
        .unwrap();
    store.post("/dimension-imports", json!({})).await;
    store.drain().await;
    let class = store.get("/dimensions").await["items"][0]["id"].clone();
    let row = json!({ "location": "boston", "quickbooks_class_id": class });
    store
        .put("/location-mappings", json!({ "mappings": [row] }))
        .await;
    world
        .sql("UPDATE dimension SET active = false, vanished_at = tillpost_now()")
        .await;
    let mut sale = store.ticket("t1").await;
    sale["location"] = json!("boston");
    let id = store.send_event(sale).await;
    let elsewhere = store.send_event(store.ticket("t2").await).await;
    store.drain().await;
    let problem = store.event(&id).await["problem"].clone();
    assert_eq!(
        (
            &problem["code"],
            &problem["title"],
            &problem["detail"],
            &problem["link"]
        ),
        (
            &json!("reference_missing"),
            &json!("A class is gone"),
            &json!("class Retail is not in QuickBooks any more"),
            &json!(store.path("/location-mappings"))
        ),
        "{problem:#}"
    );
    let steps = problem["steps"].to_string();
    assert!(
        steps.contains("another class") && !steps.contains("account"),
        "{steps}"
    );
    let (status, _) = world
        .send(
            Method::GET,
            problem["link"].as_str().unwrap(),
            &store.key,
            None,
        )
        .await;
    assert_eq!(status, StatusCode::OK);
    let alert = only(&store, "broken_mapping").await;
    assert_eq!(
        (&alert["subjects"], &alert["events"], ids(&alert)),
        (&json!(["class Retail"]), &json!(1), set([&id])),
        "{alert:#}"
    );
    assert_eq!(store.status(&elsewhere).await, "synced");
}

#[tokio::test]
async fn an_alert_of_what_is_missing_counts_the_events_of_its_own_subjects() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    let hour = || world.advance(TimeDelta::hours(1));
    let paypal = paid_with(&store, "p1", &["paypal"]).await;
    store.drain().await;
    hour().await;
    let began = store.now().await;
    let venmo = paid_with(&store, "v1", &["venmo"]).await;
    let both = paid_with(&store, "b1", &["paypal", "venmo"]).await;
    store.drain().await;
    hour().await;
    let ended = store.now().await;
    let later = paid_with(&store, "p2", &["paypal"]).await;
    store.drain().await;
    let alert = only(&store, "missing_mapping").await;
    assert_eq!(
        alert["detail"],
        "No account is mapped for payment[paypal] (3 events), payment[venmo] (2 events); 4 events have failed for them.",
    );
    assert_eq!(
        (&alert["events"], ids(&alert)),
        (&json!(4), set([&paypal, &venmo, &both, &later])),
        "{alert:#}"
    );
    // What remains is less, and none of the others' events is its.
    store.map("payment", Some("paypal"), "1220").await;
    let rest = only(&store, "missing_mapping").await;
    assert_eq!(rest["id"], alert["id"]);
    assert_eq!(
        rest["detail"],
        "No account is mapped for payment[venmo]; 2 events have failed for it."
    );
    assert_eq!(
        (&rest["events"], ids(&rest)),
        (&json!(2), set([&venmo, &both])),
        "{rest:#}"
    );
    let at = |name: &str| {
        rest[name]
            .as_str()
            .unwrap()
            .parse::<chrono::DateTime<chrono::Utc>>()
            .unwrap()
    };
    assert!(
        at("opened_at") >= began && at("last_seen_at") < ended,
        "{rest:#}"
    );
    store.map("payment", Some("venmo"), "1220").await;
    closed(&store, &alert).await;
}

#[tokio::test]
async fn an_alert_of_what_broke_counts_the_events_of_its_own_subjects() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let set_active = |number: &str, active| {
        let account = company.account_id(number).unwrap();
        world
            .quickbooks()
            .set_account_active(&company.realm_id, account, active)
            .unwrap();
    };
    set_active("1010", false);
    set_active("1220", false);
    import_chart(&store).await;
    for place in 0..3 {
        paid_with(&store, &format!("cash-{place}"), &["cash"]).await;
    }
    let house = paid_with(&store, "house", &["house"]).await;
    let both = paid_with(&store, "both", &["house", "cash"]).await;
    store.drain().await;
    let alert = only(&store, "broken_mapping").await;
    assert_eq!(
        (&alert["events"], alert["detail"].as_str().unwrap()),
        (
            &json!(5),
            "1010 Cash in Drawer (4 events), 1220 House Accounts (2 events) are mapped but cannot be used any more; 5 events have \
             failed for them."
        )
    );
    set_active("1010", true);
    import_chart(&store).await;
    let rest = only(&store, "broken_mapping").await;
    assert_eq!(
        (&rest["id"], &rest["subjects"], &rest["events"], ids(&rest)),
        (
            &alert["id"],
            &json!(["1220 House Accounts"]),
            &json!(2),
            set([&house, &both])
        ),
        "{rest:#}"
    );
    set_active("1220", true);
    import_chart(&store).await;
    closed(&store, &alert).await;
}

#[tokio::test]
async fn a_key_that_was_only_seen_is_a_warning_until_an_event_waits_or_fails_for_it() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    store.post("/sync/stop", json!({})).await;
    paid_with(&store, "seen", &["paypal"]).await;
    let seen = store.get("/alerts?state=open").await["items"][0].clone();
    assert_eq!(
        (&seen["severity"], &seen["events"], &seen["detail"]),
        (
            &json!("warning"),
            &json!(0),
            &json!(
                "No account is mapped for payment[paypal]; nothing that is queued needs it yet."
            )
        ),
        "{seen:#}"
    );
    store.post("/sync/start", json!({})).await;
    let queued = paid_with(&store, "queued", &["venmo"]).await;
    let waits = only(&store, "missing_mapping").await;
    assert_eq!(
        (&waits["severity"], &waits["events"], ids(&waits)),
        (&json!("error"), &json!(1), set([&queued])),
        "{waits:#}"
    );
    store.drain().await;
    let failed = only(&store, "missing_mapping").await;
    assert_eq!(
        (&failed["severity"], &failed["events"], &failed["detail"]),
        (
            &json!("error"),
            &json!(1),
            &json!(
                "No account is mapped for payment[paypal] (none queued), payment[venmo] (1 event); 1 event has failed for them."
            )
        ),
        "{failed:#}"
    );
    // Closed, it still says how much it mattered.
    for key in ["paypal", "venmo"] {
        store.map("payment", Some(key), "1220").await;
    }
    closed(&store, &seen).await;
    let path = format!("/alerts/{}", seen["id"].as_str().unwrap());
    assert_eq!(store.get(&path).await["severity"], "error");
}

#[tokio::test]
async fn where_nothing_is_mapped_nobody_is_told_that_all_is_ready() {
    let world = World::new().await;
    let tenant = world.tenant("Harbour").await;
    tenant.connect(&world.company("Harbour").realm_id).await;
    tenant.post("/sync/start", json!({})).await;
    for path in ["/readiness", "/sync"] {
        let message = tenant.get(path).await["message"].clone();
        let words = message.as_str().unwrap();
        assert!(
            words.starts_with("Nothing is mapped yet: "),
            "{path}: {words}"
        );
    }
    tenant.map("payment", Some("cash"), "1010").await;
    assert_eq!(tenant.get("/sync").await["message"], "Things are good");
    let message = tenant.get("/readiness").await["message"].clone();
    assert!(message.as_str().unwrap().starts_with("Ready"), "{message}");
}
