//! Sound requests that do not fit how things stand.

use super::{get, says, send};
use crate::world::World;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn what_does_not_fit_the_state_of_things_says_what_to_do_first() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let window = json!({ "from_date": "2026-11-01", "to_date": "2026-11-15" });
    let connect = &["authorization request", "browser"];
    says(
        &send(&store, Method::POST, "/sync/start", json!({})).await,
        409,
        "not_connected",
        connect,
    );
    says(
        &send(&store, Method::POST, "/past-syncs", window.clone()).await,
        409,
        "not_connected",
        connect,
    );
    says(
        &send(&store, Method::POST, "/account-imports", json!({})).await,
        409,
        "not_connected",
        connect,
    );
    says(
        &send(&store, Method::DELETE, "/connection", json!({})).await,
        409,
        "not_connected",
        connect,
    );
    says(
        &get(&store, "/accounts").await,
        409,
        "not_connected",
        connect,
    );
    says(
        &get(&store, "/mappings").await,
        409,
        "not_connected",
        connect,
    );
    let account = "acc_01jd5zk8x9e3qr0v7m2c4n6p8t";
    let mapping = |slot: &str, key: Value, account: &str| json!({ "slot": slot, "key": key, "account_id": account });
    let answer = send(
        &store,
        Method::PUT,
        "/mappings",
        mapping("revenue", json!("x"), account),
    )
    .await;
    says(&answer, 409, "not_connected", connect);
    assert_eq!(
        store.get("/sync").await["message"],
        "Connect QuickBooks to begin."
    );

    let company = world.company("Harbour");
    store.connect(&company.realm_id).await;
    says(
        &send(&store, Method::POST, "/past-syncs", window.clone()).await,
        409,
        "sync_stopped",
        &["start it"],
    );
    store.map_golden().await;
    store.post("/sync/start", json!({})).await;
    let inverted = json!({ "from_date": "2026-11-15", "to_date": "2026-11-01" });
    says(
        &send(&store, Method::POST, "/past-syncs", inverted).await,
        422,
        "invalid_window",
        &["2026-11-01", "2026-11-15"],
    );
    let shapeless = json!({ "from_date": "15.11.2026", "to_date": "2026-11-01" });
    says(
        &send(&store, Method::POST, "/past-syncs", shapeless).await,
        422,
        "invalid_value",
        &["from_date"],
    );

    let put = |body: Value| send(&store, Method::PUT, "/mappings", body);
    says(
        &put(mapping("revenue", json!("x"), account)).await,
        422,
        "unknown_account",
        &[account, "import the chart"],
    );
    says(
        &put(mapping("revenue", json!("x"), "acc_x")).await,
        422,
        "invalid_value",
        &["account_id", "acc_"],
    );
    let real = store.account("4000").await;
    says(
        &put(mapping("revenu", json!("x"), &real)).await,
        422,
        "unknown_slot",
        &["`revenu`", "revenue"],
    );
    says(
        &put(mapping("rounding", json!("x"), &real)).await,
        422,
        "unexpected_key",
        &["rounding", "leave it out"],
    );
    says(
        &put(mapping("revenue", json!(""), &real)).await,
        422,
        "invalid_key",
        &["leave it out"],
    );
    let sleeping = store.account("1220").await;
    let in_books = company.account_id("1220").unwrap().to_owned();
    world
        .quickbooks()
        .set_account_active(&company.realm_id, &in_books, false)
        .unwrap();
    store.post("/account-imports", json!({})).await;
    store.drain().await;
    says(
        &put(mapping("payment", json!("house"), &sleeping)).await,
        422,
        "inactive_account",
        &["1220", "make it active"],
    );

    let id = store.send_event(store.ticket("t1").await).await;
    says(
        &send(
            &store,
            Method::POST,
            &format!("/events/{id}/retry"),
            json!({}),
        )
        .await,
        409,
        "event_not_failed",
        &["not_synced"],
    );
    store.drain().await;
    says(
        &send(
            &store,
            Method::POST,
            &format!("/events/{id}/retry"),
            json!({}),
        )
        .await,
        409,
        "event_not_failed",
        &["synced"],
    );
    let mut other = store.ticket("t1").await;
    other["memo"] = json!("changed");
    let answer = send(
        &store,
        Method::POST,
        "/events",
        json!({ "events": [other] }),
    )
    .await;
    says(
        &answer,
        422,
        "all_events_refused",
        &["posted", "correcting event"],
    );
}
