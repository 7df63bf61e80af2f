//! What became of an event is told from its beginning, also what later facts have covered up.

use crate::world::{Tenant, World, ticket_at};
use reqwest::Method;
use serde_json::{Value, json};

async fn history(store: &Tenant<'_>, id: &str) -> Vec<Value> {
    let event = store.event(id).await;
    let records = event["history"].as_array().unwrap().clone();
    let times: Vec<_> = records
        .iter()
        .map(|record| {
            record["at"]
                .as_str()
                .unwrap()
                .parse::<chrono::DateTime<chrono::Utc>>()
                .unwrap()
        })
        .collect();
    assert!(times.is_sorted(), "{event:#}");
    records
}

fn told(records: &[Value]) -> Vec<&str> {
    records
        .iter()
        .map(|record| record["what"].as_str().unwrap())
        .collect()
}

/// The id of the key a story calls with.
async fn own_key(store: &Tenant<'_>) -> String {
    let keys = store.get("/api-keys").await;
    keys["items"][0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_failure_that_was_cured_is_still_told_with_who_cured_it() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let key = own_key(&store).await;
    let mut ticket = store.ticket("t1").await;
    ticket["transaction"]["payments"][0]["payment_type"] = json!("paypal");
    let id = store.send_event(ticket).await;
    store.drain().await;
    store.map("payment", Some("paypal"), "1010").await;
    let accountant = store
        .post(
            "/api-keys",
            json!({ "name": "accountant", "scopes": ["events:retry"] }),
        )
        .await;
    let path = store.path(&format!("/events/{id}/retry"));
    world
        .ok(
            Method::POST,
            &path,
            accountant["secret"].as_str().unwrap(),
            None,
        )
        .await;
    store.drain().await;
    let records = history(&store, &id).await;
    assert_eq!(
        told(&records),
        [
            "taken_in",
            "queued",
            "failed",
            "retried",
            "attempted",
            "synced"
        ],
        "{records:#?}"
    );
    assert_eq!(records[0]["by"], json!(key));
    assert_eq!(records[1]["by"], json!(key));
    assert_eq!(records[2]["code"], "missing_mappings");
    assert!(
        records[2]["detail"].as_str().unwrap().contains("paypal"),
        "{records:#?}"
    );
    assert_eq!(records[3]["by"], accountant["id"]);
    assert_eq!(
        (&records[4]["code"], &records[4]["http_status"]),
        (&json!("posted"), &json!(200))
    );
    assert!(
        records[4]["intuit_tid"]
            .as_str()
            .is_some_and(|tid| !tid.is_empty())
    );
    let entry = world
        .quickbooks()
        .entries(&company.realm_id)
        .unwrap()
        .remove(0);
    assert_eq!(records[5]["qbo_id"], json!(entry.id));
}

#[tokio::test]
async fn replacements_and_past_syncs_are_told_with_who_made_them() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    let key = own_key(&store).await;
    let mut ticket = ticket_at("t1", "2026-03-01T10:00:00Z".parse().unwrap());
    let id = store.send_event(ticket.clone()).await;
    ticket["memo"] = json!("changed");
    store.post("/events", json!({ "events": [ticket] })).await;
    let past = store
        .post(
            "/past-syncs",
            json!({ "from_date": "2026-03-01", "to_date": "2026-03-01" }),
        )
        .await;
    store.drain().await;
    let records = history(&store, &id).await;
    assert_eq!(
        told(&records),
        ["taken_in", "replaced", "queued", "attempted", "synced"],
        "{records:#?}"
    );
    assert_eq!(
        records[1]["detail"],
        "version 2 takes the place of version 1"
    );
    assert_eq!(
        (&records[2]["by"], &records[2]["past_sync_id"]),
        (&json!(key), &past["id"])
    );
}

#[tokio::test]
async fn what_was_skipped_and_a_change_of_company_are_told() {
    let world = World::new().await;
    let (store, old) = world.store("Harbour").await;
    let mut nothing = store.ticket("nothing").await;
    for (list, field) in [
        ("lines", "amount"),
        ("lines", "unit_cost"),
        ("payments", "amount"),
    ] {
        nothing["transaction"][list][0][field] = json!("0.00");
    }
    let nothing = store.send_event(nothing).await;
    let sold = store.send_event(store.ticket("sold").await).await;
    store.drain().await;
    let records = history(&store, &nothing).await;
    assert_eq!(
        told(&records),
        ["taken_in", "queued", "skipped"],
        "{records:#?}"
    );
    assert_eq!(records[2]["code"], "nothing_to_post");
    let new = world.company("Hillside");
    for realm in [&new.realm_id, &old.realm_id] {
        store
            .consent(realm, json!({ "allow_company_change": true }))
            .await;
        store.drain().await;
    }
    store.post("/sync/start", json!({})).await;
    store
        .post(&format!("/events/{sold}/retry"), json!({}))
        .await;
    store.settle().await;
    let records = history(&store, &sold).await;
    assert_eq!(
        told(&records),
        [
            "taken_in",
            "queued",
            "attempted",
            "synced",
            "company_left",
            "retried",
            "synced"
        ],
        "{records:#?}"
    );
    assert!(
        records[6]["detail"].as_str().unwrap().contains("already"),
        "{records:#?}"
    );
}

#[tokio::test]
async fn failures_all_retried_at_once_each_tell_it() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    let mut tickets = Vec::new();
    for n in 0..3 {
        let mut ticket = store.ticket(&format!("t{n}")).await;
        ticket["transaction"]["payments"][0]["payment_type"] = json!("paypal");
        tickets.push(ticket);
    }
    let ids = store.send_events(tickets).await;
    store.drain().await;
    store
        .post(
            "/retry-failed",
            json!({ "problem_code": "missing_mappings" }),
        )
        .await;
    store.drain().await;
    for id in &ids {
        let records = history(&store, id).await;
        assert_eq!(
            told(&records),
            ["taken_in", "queued", "failed", "retried", "failed"],
            "{records:#?}"
        );
    }
}

#[tokio::test]
async fn an_event_without_an_entry_is_read_without_a_look_at_any_attempt() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    let posted = store.send_event(store.ticket("t1").await).await;
    store.drain().await;
    let mut unmapped = store.ticket("t2").await;
    unmapped["transaction"]["payments"][0]["payment_type"] = json!("paypal");
    let failed = store.send_event(unmapped).await;
    store.drain().await;
    world
        .sql("REVOKE SELECT ON attempt FROM tillpost_app")
        .await;
    let event = store.event(&failed).await;
    assert_eq!(
        (&event["status"], &event["journal_entries"]),
        (&json!("failed"), &json!([]))
    );
    // Whoever has an entry cannot be read so.
    let (status, _) = store
        .send(Method::GET, &format!("/events/{posted}"), None)
        .await;
    assert!(status.is_server_error(), "{status}");
}
