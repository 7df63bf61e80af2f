//! The export is the list as a file: every row, harmless to a spreadsheet, and never short without saying so.

use crate::event_list::{fill, pages};
use crate::world::{Tenant, World};
use futures::StreamExt;
use reqwest::{Method, StatusCode};
use serde_json::json;
use std::collections::BTreeMap;

/// The file, read as a spreadsheet reads it.
async fn exported(store: &Tenant<'_>, query: &str) -> Vec<BTreeMap<String, String>> {
    let path = store.path(&format!("/events/export{query}"));
    let request = store.world.request(Method::GET, &path, &store.key);
    let answer = store.world.answer(request).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(answer.content_type(), "text/csv");
    assert!(answer.header("content-disposition").contains("events.csv"));
    let mut reader = csv::Reader::from_reader(answer.bytes.as_slice());
    reader
        .deserialize()
        .map(|row: Result<BTreeMap<String, String>, _>| row.unwrap())
        .collect()
}

#[tokio::test]
async fn every_event_that_passes_is_in_the_file_in_the_lists_order() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    assert!(exported(&store, "").await.is_empty());
    fill(&world, &store, 2_500).await;
    for query in [
        "",
        "status=failed,skipped&location=salem",
        "text=till-A-1",
        "status=synced",
    ] {
        let listed = pages(&store, &format!("&{query}"), 200).await;
        let rows = exported(&store, &format!("?{query}")).await;
        let ids: Vec<_> = rows.iter().map(|row| row["id"].as_str()).collect();
        let wanted: Vec<_> = listed
            .iter()
            .map(|event| event["id"].as_str().unwrap())
            .collect();
        assert_eq!(ids, wanted, "{query}");
        for (row, event) in rows.iter().zip(&listed) {
            assert_eq!(
                row["business_date"],
                event["business_date"].as_str().unwrap()
            );
            assert_eq!(
                row["problem_code"],
                event["problem"]["code"].as_str().unwrap_or_default()
            );
        }
    }
}

#[tokio::test]
async fn a_posted_event_tells_its_entry_and_where_to_look_at_it() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let mut events = vec![
        store.ticket("=HYPERLINK(\"http://x\")").await,
        store.ticket("t2").await,
    ];
    events[0]["location"] = json!("+cmd|' /C calc'!A0");
    events[1]["transaction"]["payments"][0]["payment_type"] = json!("paypal, \"old\"\u{2028}");
    store.send_events(events).await;
    store.drain().await;
    let rows = exported(&store, "").await;
    let row = |status: &str| rows.iter().find(|row| row["status"] == status).unwrap();
    let entry = world
        .quickbooks()
        .entries(&company.realm_id)
        .unwrap()
        .remove(0);
    let synced = row("synced");
    assert_eq!(synced["qbo_id"], entry.id);
    assert_eq!(synced["accounting_date"], entry.txn_date.to_string());
    assert_eq!(synced["external_id"], "'=HYPERLINK(\"http://x\")");
    assert_eq!(synced["location"], "'+cmd|' /C calc'!A0");
    let page = world.http().get(&synced["link"]).send().await.unwrap();
    assert!(page.status().is_success());
    let page = page.text().await.unwrap();
    assert!(page.contains(&synced["number"]), "{page}");
    let event = store.event(&synced["id"]).await;
    assert_eq!(event["journal_entries"][0]["link"], json!(synced["link"]));
    let failed = row("failed");
    assert_eq!(failed["problem_code"], "missing_mappings");
    assert!(failed["problem"].contains("paypal, \"old\""), "{failed:?}");
    assert!(failed["what_to_do"].len() > 10 && failed["link"].is_empty());
}

#[tokio::test]
async fn what_cannot_be_exported_is_a_problem_and_not_half_a_file() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    for (query, field) in [
        ("status=done", "status"),
        ("limit=7", "limit"),
        ("from_date=x", "from_date"),
    ] {
        let (status, answer) = store
            .send(Method::GET, &format!("/events/export?{query}"), None)
            .await;
        assert!(status.is_client_error(), "{query}");
        assert_eq!(answer["errors"][0]["field"], field, "{answer:#}");
    }
    let path = store.path("/events/export");
    let head = world.request(Method::HEAD, &path, &store.key);
    let head = world.answer(head).await;
    assert_eq!((head.status, head.bytes.len()), (StatusCode::OK, 0));
}

#[tokio::test]
async fn a_file_that_breaks_off_is_seen_to_break_off() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    fill(&world, &store, 9_000).await;
    world
        .sql("UPDATE event SET problem_detail = repeat('words ', 2000) WHERE problem_code IS NOT NULL")
        .await;
    let path = store.path("/events/export?status=failed,skipped");
    let response = world
        .request(Method::GET, &path, &store.key)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let mut pieces = response.bytes_stream();
    let first = pieces.next().await.unwrap().unwrap();
    assert!(first.starts_with(b"number,type,"));
    world
        .sql("ALTER TABLE event RENAME TO event_that_is_gone")
        .await;
    let mut broken = false;
    while let Some(piece) = pieces.next().await {
        broken |= piece.is_err();
    }
    assert!(broken, "the end looked like a whole file's");
}
