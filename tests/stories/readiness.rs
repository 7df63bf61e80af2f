//! What the mapping lacks is known from the first event that asks for it: needs, known keys and readiness.

use crate::world::{Tenant, World};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

async fn paid_with(store: &Tenant<'_>, external_id: &str, payment_type: &str) -> Value {
    let mut ticket = store.ticket(external_id).await;
    ticket["transaction"]["payments"][0]["payment_type"] = json!(payment_type);
    ticket
}

fn told(readiness: &Value) -> Vec<(String, u64)> {
    readiness["missing"]
        .as_array()
        .unwrap()
        .iter()
        .map(|missing| {
            let part = |name: &str| missing[name].as_str().unwrap_or_default();
            let mut text = part("slot").to_owned();
            if !part("key").is_empty() {
                text = format!("{text}[{}]", part("key"));
            }
            if !part("location").is_empty() {
                text = format!("{text} at {}", part("location"));
            }
            (text, missing["events"].as_u64().unwrap())
        })
        .collect()
}

fn row(name: &str, events: u64) -> (String, u64) {
    (name.to_owned(), events)
}

#[tokio::test]
async fn what_is_missing_is_known_before_anything_fails_and_counts_what_it_blocks() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    let ready = store.get("/readiness").await;
    assert_eq!(ready["complete"], true, "{ready:#}");

    let mut ids = Vec::new();
    for place in 0..3 {
        let ticket = paid_with(&store, &format!("p-{place}"), "paypal").await;
        ids.push(store.send_event(ticket).await);
    }
    let mut abroad = paid_with(&store, "salem", "voucher").await;
    abroad["location"] = json!("salem");
    store.send_event(abroad).await;
    // No turn was taken: nothing has failed.
    let readiness = store.get("/readiness").await;
    assert_eq!(
        told(&readiness),
        [
            row("payment[paypal]", 3),
            row("payment[voucher] at salem", 1)
        ]
    );
    assert_eq!(readiness["complete"], false);
    assert!(
        ids.contains(
            &readiness["missing"][0]["example_event_id"]
                .as_str()
                .unwrap()
                .to_owned()
        )
    );
    assert!(
        readiness["message"]
            .as_str()
            .unwrap()
            .contains("payment[paypal]"),
        "{readiness:#}"
    );
    // Failed ones are counted too.
    store.drain().await;
    assert_eq!(told(&store.get("/readiness").await), told(&readiness));

    // A row for every location serves the one that asked.
    store.map("payment", Some("voucher"), "1220").await;
    store.map("payment", Some("paypal"), "1220").await;
    assert_eq!(store.get("/readiness").await["complete"], true);
}

#[tokio::test]
async fn a_need_that_was_mended_at_the_till_is_no_longer_missing() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    store
        .send_event(paid_with(&store, "typo", "csah").await)
        .await;
    assert_eq!(
        told(&store.get("/readiness").await),
        [row("payment[csah]", 1)]
    );
    let mended = paid_with(&store, "typo", "cash").await;
    let answer = store.post("/events", json!({ "events": [mended] })).await;
    assert_eq!(answer["results"][0]["result"], "replaced");
    assert_eq!(store.get("/readiness").await["complete"], true);
}

#[tokio::test]
async fn a_need_stays_when_its_mapping_goes_though_no_event_waits() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    let set = store.map("payment", Some("paypal"), "1220").await;
    store
        .send_event(paid_with(&store, "posted", "paypal").await)
        .await;
    store.drain().await;
    let path = format!("/mappings/{}", set["id"].as_str().unwrap());
    store.send(Method::DELETE, &path, None).await;
    assert_eq!(
        told(&store.get("/readiness").await),
        [row("payment[paypal]", 0)]
    );
}

#[tokio::test]
async fn broken_and_unusual_rows_are_shown_with_what_they_keep_waiting() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    store.map("payment", Some("paypal"), "6100").await;
    let account = store.account("1220").await;
    store.post("/sync/stop", json!({})).await;
    for place in 0..2 {
        store
            .send_event(paid_with(&store, &format!("h-{place}"), "house").await)
            .await;
    }
    let path = format!("/accounts/{account}");
    let (status, _) = store.send(Method::DELETE, &path, None).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let readiness = store.get("/readiness").await;
    assert_eq!(readiness["complete"], false);
    assert_eq!(told(&readiness), []);
    let broken = &readiness["broken"][0];
    assert_eq!(broken["mapping"]["account_name"], "House Accounts");
    assert_eq!(broken["events"], 2, "{readiness:#}");
    let unusual: Vec<_> = readiness["unusual"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["slot"].as_str().unwrap(), row["key"].as_str().unwrap()))
        .collect();
    assert_eq!(unusual, [("payment", "paypal")]);
}

#[tokio::test]
async fn keys_are_learned_from_events_and_can_be_declared_before_them() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    let declare = |keys: Value| {
        let store = &store;
        async move { store.post("/known-keys", json!({ "keys": keys })).await }
    };
    let key = |kind: &str, key: &str| json!({ "kind": kind, "key": key });
    let answer = declare(json!([
        key("payment_type", "paypal"),
        key("payment_type", "paypal"),
        key("tender", "x"),
        key("location", "salem"),
        key("payment_type", ""),
    ]))
    .await;
    let results: Vec<_> = answer["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| {
            (
                result["result"].as_str().unwrap(),
                result["problem"]["code"].as_str().unwrap_or_default(),
            )
        })
        .collect();
    assert_eq!(
        results,
        [
            ("declared", ""),
            ("known", ""),
            ("refused", "unknown_kind"),
            ("declared", ""),
            ("refused", "invalid_key")
        ]
    );
    let readiness = store.get("/readiness").await;
    assert_eq!(told(&readiness), [row("payment[paypal]", 0)]);
    assert_eq!(readiness["missing"][0]["declared"], true);

    let mut ticket = paid_with(&store, "first", "paypal").await;
    ticket["location"] = json!("boston");
    let id = store.send_event(ticket).await;
    let keys = store.get("/known-keys?limit=200").await;
    let find = |kind: &str, key: &str| {
        keys["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["kind"] == kind && row["key"] == key)
            .unwrap_or_else(|| panic!("no {kind} {key}: {keys:#}"))
            .clone()
    };
    let paypal = find("payment_type", "paypal");
    assert_eq!(
        (&paypal["source"], &paypal["first_event_id"]),
        (&json!("event"), &json!(id))
    );
    assert_eq!(paypal["missing"], json!(["payment"]));
    let apparel = find("item_class", "apparel");
    assert_eq!(apparel["missing"], json!([]));
    assert!(
        apparel["mapped"].as_array().unwrap().iter().any(|row| {
            row["slot"] == "revenue"
                && row["account"] == "4000 Sales Apparel"
                && row["by_default"] == false
        }),
        "{apparel:#}"
    );
    assert_eq!(find("location", "boston")["source"], "event");
    assert_eq!(find("location", "salem")["source"], "declared");

    // Only what no event carries can be forgotten.
    for (name, status) in [
        ("kind=location&key=salem", 204),
        ("kind=location&key=salem", 404),
        ("kind=payment_type&key=paypal", 409),
        ("kind=tender&key=paypal", 422),
    ] {
        let path = format!("/known-keys?{name}");
        let (answered, body) = store.send(Method::DELETE, &path, None).await;
        assert_eq!(answered.as_u16(), status, "{name}: {body:#}");
    }
    // Page by page, in order.
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = store.get(&format!("/known-keys?limit=1{cursor}")).await;
        seen.extend(page["items"].as_array().unwrap().iter().map(|row| {
            (
                row["kind"].as_str().unwrap().to_owned(),
                row["key"].as_str().unwrap().to_owned(),
            )
        }));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert!(seen.is_sorted() && seen.len() == 3, "{seen:?}");
}

#[tokio::test]
async fn events_from_before_needs_were_learned_are_caught_up_with() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    for place in 0..3 {
        store
            .send_event(paid_with(&store, &format!("p-{place}"), "paypal").await)
            .await;
    }
    let before = store.get("/readiness").await;
    world
        .sql("UPDATE event SET footprint_id = NULL; DELETE FROM footprint_need; DELETE FROM need; DELETE FROM known_key")
        .await;
    assert_eq!(store.get("/readiness").await["complete"], true);
    store.drain().await;
    let after = store.get("/readiness").await;
    assert_eq!(told(&after), told(&before));
    assert_eq!(told(&after), [row("payment[paypal]", 3)]);
}

#[tokio::test]
async fn an_account_that_several_locations_lack_is_one_and_what_was_never_synced_is_told_apart() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    for (place, location) in ["boston", "salem", "boston"].into_iter().enumerate() {
        let mut ticket = paid_with(&store, &format!("p-{place}"), "paypal").await;
        ticket["location"] = json!(location);
        store.send_event(ticket).await;
    }
    store.drain().await;
    store.post("/sync/stop", json!({})).await;
    let mut past = paid_with(&store, "past", "paypal").await;
    past["location"] = json!("salem");
    store.send_event(past).await;
    let readiness = store.get("/readiness").await;
    assert_eq!(readiness["missing_total"], 1, "{readiness:#}");
    assert_eq!(
        readiness["message"], "1 account is missing: payment[paypal] at 2 locations.",
        "{readiness:#}"
    );
    assert_eq!(
        told(&readiness),
        [
            row("payment[paypal] at boston", 2),
            row("payment[paypal] at salem", 2)
        ]
    );
    let never_synced: Vec<_> = readiness["missing"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["never_synced"].as_u64().unwrap())
        .collect();
    assert_eq!(never_synced, [0, 1]);
    // The alert counts what failed or waits, and readiness says how many more there are.
    let alerts = store.get("/alerts?state=open").await;
    let alerts = alerts["items"].as_array().unwrap();
    let alert = alerts
        .iter()
        .find(|alert| alert["code"] == "missing_mapping");
    assert_eq!(alert.unwrap()["events"], 3, "{alerts:#?}");
    // One row serves both.
    store.map("payment", Some("paypal"), "1220").await;
    let readiness = store.get("/readiness").await;
    assert_eq!(readiness["missing_total"], 0, "{readiness:#}");
}
