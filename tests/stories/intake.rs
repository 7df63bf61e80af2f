//! Taking events in: what goes in over HTTP, in which order and under which number, and what then stands in the books.

use crate::retailers::Retailer;
use crate::world::{Tenant, World, golden, ticket_at};
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::{Method, StatusCode};
use sandbox::quickbooks::PostingType;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Minor units of a decimal text of two decimals.
fn minor(text: &str) -> i64 {
    let (whole, fraction) = text.split_once('.').unwrap();
    assert_eq!(fraction.len(), 2, "{text}");
    format!("{whole}{fraction}").parse().unwrap()
}

async fn take_in(store: &Tenant<'_>, events: Vec<Value>) -> Vec<Value> {
    let answer = store.post("/events", json!({ "events": events })).await;
    answer["results"].as_array().unwrap().clone()
}

async fn synced_golden(store: &Tenant<'_>) -> Vec<String> {
    let cases = golden();
    let cases = cases["cases"].as_array().unwrap();
    let kinds: BTreeSet<_> = cases
        .iter()
        .map(|case| case["event"]["transaction"]["type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds.len(), 10, "{kinds:?}");
    let ids = store
        .send_events(cases.iter().map(|case| case["event"].clone()).collect())
        .await;
    store
        .post(
            "/past-syncs",
            json!({ "from_date": "2026-01-01", "to_date": "2026-12-31" }),
        )
        .await;
    store.drain().await;
    for (id, case) in ids.iter().zip(cases) {
        let event = store.event(id).await;
        assert_eq!(
            event["status"], "synced",
            "case {}: {event:#}",
            case["case"]
        );
    }
    ids
}

#[tokio::test]
async fn the_acceptance_cases_make_the_expected_trial_balance() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let ids = synced_golden(&store).await;
    let mut expected: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for line in golden()["cases"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|case| case["expected"].as_array().unwrap())
    {
        let sums = expected
            .entry(line["account"].as_str().unwrap().to_owned())
            .or_default();
        let amount = minor(line["amount"].as_str().unwrap());
        if line["posting_type"] == "Debit" {
            sums.0 += amount
        } else {
            sums.1 += amount
        }
    }
    let balance = world.quickbooks().trial_balance(&company.realm_id).unwrap();
    let found: BTreeMap<String, (i64, i64)> = balance
        .accounts
        .iter()
        .map(|row| {
            (
                row.number.clone().unwrap_or_default(),
                (
                    minor(&row.debit.to_string()),
                    minor(&row.credit.to_string()),
                ),
            )
        })
        .filter(|(_, sums)| *sums != (0, 0))
        .collect();
    assert_eq!(found, expected);
    assert_eq!(balance.debit, balance.credit);
    assert_eq!(
        world.quickbooks().entry_count(&company.realm_id).unwrap(),
        ids.len()
    );
    assert_eq!(world.quickbooks().violations(), vec![]);
}

#[tokio::test]
async fn an_entry_is_posted_line_by_line_as_it_was_previewed() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let cases = golden();
    let events = cases["cases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|case| case["event"].clone())
        .collect();
    let ids = store.send_events(events).await;
    let mut previews = Vec::new();
    for id in &ids {
        previews.push(store.get(&format!("/events/{id}/preview")).await);
    }
    assert_eq!(
        world.quickbooks().entry_count(&company.realm_id).unwrap(),
        0,
        "a preview posts nothing"
    );
    store
        .post(
            "/past-syncs",
            json!({ "from_date": "2026-01-01", "to_date": "2026-12-31" }),
        )
        .await;
    store.drain().await;
    for preview in previews {
        assert_eq!(preview["result"], "entry", "{preview:#}");
        let previewed = &preview["entry"];
        let posted = world
            .quickbooks()
            .entries_numbered(&company.realm_id, previewed["number"].as_str().unwrap())
            .unwrap();
        assert_eq!(posted.len(), 1, "{preview:#}");
        let lines: Vec<Value> = posted[0]
            .lines
            .iter()
            .map(|line| {
                json!({
                    "account_number": line.account_number,
                    "account_name": line.account_name,
                    "side": if line.posting_type == PostingType::Debit { "debit" } else { "credit" },
                    "amount": line.amount.to_string(),
                    // This store maps neither Locations nor Classes.
                    "location": line.department_id,
                    "class": line.class_id,
                    "description": line.description,
                })
            })
            .collect();
        assert_eq!(previewed["lines"], json!(lines), "{preview:#}");
        assert_eq!(previewed["accounting_date"], json!(posted[0].txn_date));
        let debits: i64 = posted[0]
            .lines
            .iter()
            .filter(|line| line.posting_type == PostingType::Debit)
            .map(|line| minor(&line.amount.to_string()))
            .sum();
        assert_eq!(minor(previewed["total"].as_str().unwrap()), debits);
    }
}

#[tokio::test]
async fn an_event_is_read_with_its_entry_and_every_attempt() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let mut ticket = store.ticket("t1").await;
    ticket["memo"] = json!("a memo\nof two lines");
    let id = store.send_event(ticket.clone()).await;
    store.drain().await;
    let event = store.event(&id).await;
    assert_eq!(
        (&event["external_id"], &event["type"], &event["version"]),
        (&json!("t1"), &json!("ticket"), &json!(1))
    );
    assert_eq!(event["body"]["memo"], ticket["memo"]);
    assert_eq!(
        event["body"]["transaction"]["lines"],
        ticket["transaction"]["lines"]
    );
    let entries = event["journal_entries"].as_array().unwrap();
    assert_eq!(entries.len(), 1, "{event:#}");
    let posted = world
        .quickbooks()
        .entries(&company.realm_id)
        .unwrap()
        .remove(0);
    assert_eq!(
        (&entries[0]["qbo_id"], &entries[0]["state"]),
        (&json!(posted.id), &json!("posted"))
    );
    assert_eq!(entries[0]["company_id"], json!(company.realm_id));
    let attempts = entries[0]["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 1, "{event:#}");
    assert_eq!(
        (&attempts[0]["outcome"], &attempts[0]["http_status"]),
        (&json!("posted"), &json!(200)),
        "{event:#}"
    );
    assert!(
        !attempts[0]["intuit_tid"].as_str().unwrap().is_empty(),
        "{event:#}"
    );
    assert!(attempts[0]["finished_at"].is_string() && event["synced_at"].is_string());
}

/// A stream in pieces that end nowhere in particular.
fn in_pieces(text: String) -> reqwest::Body {
    let pieces: Vec<Result<Vec<u8>, std::io::Error>> = text
        .into_bytes()
        .chunks(10_007)
        .map(|piece| Ok(piece.to_vec()))
        .collect();
    reqwest::Body::wrap_stream(futures::stream::iter(pieces))
}

#[tokio::test]
async fn a_stream_of_lines_is_answered_line_by_line_in_order() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let at: DateTime<Utc> = "2026-11-01T10:00:00Z".parse().unwrap();
    let mut text = String::new();
    // (line, external id; none for one that is refused)
    let mut sent: Vec<(usize, Option<String>)> = Vec::new();
    for line in 1..=3500_usize {
        let external_id = format!("e{line}");
        match line % 50 {
            // Blank lines count, and are not answered.
            7 => {}
            11 => {
                text.push_str("{\"external_id\":");
                sent.push((line, None));
            }
            23 => {
                let mut wrong = ticket_at(&external_id, at);
                wrong["transaction"]["lines"][0]["amount"] = json!(50.5);
                text.push_str(&wrong.to_string());
                sent.push((line, None));
            }
            _ => {
                text.push_str(&ticket_at(&external_id, at).to_string());
                sent.push((line, Some(external_id)));
            }
        }
        text.push_str(if line % 3 == 0 { "\r\n" } else { "\n" });
    }
    let send = async || {
        let request = world
            .request(Method::POST, &store.path("/events"), &store.key)
            .header("content-type", "application/x-ndjson")
            .body(in_pieces(text.clone()));
        let answer = world.answer(request).await;
        assert_eq!(
            (answer.status, answer.content_type().as_str()),
            (StatusCode::OK, "application/x-ndjson")
        );
        let lines: Vec<Value> = answer
            .text()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        lines
    };
    for (round, wanted) in ["accepted", "duplicate"].into_iter().enumerate() {
        let results = send().await;
        assert_eq!(results.len(), sent.len(), "round {round}");
        for (place, (result, (line, external_id))) in results.iter().zip(&sent).enumerate() {
            assert_eq!(
                (&result["line"], &result["index"]),
                (&json!(line), &json!(place)),
                "{result:#}"
            );
            assert_eq!(result["external_id"], json!(external_id), "{result:#}");
            let wanted = if external_id.is_some() {
                wanted
            } else {
                "refused"
            };
            assert_eq!(result["result"], wanted, "{result:#}");
            assert_eq!(
                result["problem"].is_object(),
                external_id.is_none(),
                "{result:#}"
            );
        }
    }
    let taken = sent
        .iter()
        .filter(|(_, external_id)| external_id.is_some())
        .count();
    assert_eq!(
        store.get("/sync").await["events"]["never_synced"],
        json!(taken)
    );
    let empty = world
        .request(Method::POST, &store.path("/events"), &store.key)
        .header("content-type", "application/x-ndjson");
    let answer = world.answer(empty.body("\n \n")).await;
    assert_eq!(
        (answer.status, answer.code()),
        (StatusCode::UNPROCESSABLE_ENTITY, Some("no_events".into()))
    );
}

#[tokio::test]
async fn results_stand_in_the_order_of_the_request() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let ticket = store.ticket("a").await;
    let mut changed = ticket.clone();
    changed["memo"] = json!("changed");
    let mut wrong = store.ticket("wrong").await;
    wrong["transaction"]["payments"][0]["amount"] = json!(1.5);
    let results = take_in(
        &store,
        vec![
            wrong.clone(),
            ticket.clone(),
            json!(7),
            ticket.clone(),
            changed.clone(),
            store.ticket("b").await,
            changed,
            wrong,
        ],
    )
    .await;
    let told: Vec<_> = results
        .iter()
        .map(|result| result["result"].as_str().unwrap())
        .collect();
    assert_eq!(
        told,
        [
            "refused",
            "accepted",
            "refused",
            "duplicate",
            "replaced",
            "accepted",
            "duplicate",
            "refused"
        ]
    );
    for (place, result) in results.iter().enumerate() {
        assert_eq!(result["index"], json!(place));
    }
    for same in [3, 4, 6] {
        assert_eq!(results[same]["id"], results[1]["id"]);
    }
    assert_eq!(
        (&results[4]["version"], &results[6]["version"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(
        store.event(results[1]["id"].as_str().unwrap()).await["body"]["memo"],
        "changed"
    );
    // What means the same is the same, however it is written.
    let mut spelt = store.ticket("b").await;
    spelt["occurred_at"] =
        store.event(results[5]["id"].as_str().unwrap()).await["body"]["occurred_at"].clone();
    spelt["transaction"]["lines"][0]["amount"] = json!("50");
    let results = take_in(&store, vec![spelt]).await;
    assert_eq!(results[0]["result"], "duplicate", "{results:#?}");
    // The same external id in another kind of event is another event.
    let mut other = golden()["cases"]
        .as_array()
        .unwrap()
        .iter()
        .find(|case| case["event"]["transaction"]["type"] == "cash_paid")
        .unwrap()["event"]
        .clone();
    other["external_id"] = json!("b");
    assert_eq!(take_in(&store, vec![other]).await[0]["result"], "accepted");
}

fn numbered(mut event: Value, number: &str) -> Value {
    event["number"] = json!(number);
    event
}

fn number(result: &Value) -> &str {
    result["number"].as_str().unwrap()
}

#[tokio::test]
async fn every_event_has_a_number_of_its_own() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let plain = async |name: &str| store.ticket(name).await;
    // The series begins with six digits, and steps over what events bring with them: later in the request, or stored.
    let stored = take_in(
        &store,
        vec![
            numbered(plain("s1").await, "100002"),
            numbered(plain("s2").await, "100005"),
        ],
    )
    .await;
    assert_eq!(number(&stored[0]), "100002");
    let given = take_in(
        &store,
        vec![
            plain("g1").await,
            plain("g2").await,
            plain("g3").await,
            numbered(plain("g4").await, "100004"),
            numbered(plain("g5").await, "A-7"),
            plain("g6").await,
        ],
    )
    .await;
    let numbers: Vec<_> = given.iter().map(number).collect();
    assert_eq!(
        numbers,
        ["100001", "100003", "100006", "100004", "A-7", "100007"]
    );

    // A number that another event has is refused, whoever has it; the others go in.
    let results = take_in(
        &store,
        vec![
            numbered(plain("c1").await, "100002"),
            numbered(plain("c2").await, "200001"),
            numbered(plain("c3").await, "200001"),
            plain("c4").await,
        ],
    )
    .await;
    for place in [0, 2] {
        assert_eq!(results[place]["result"], "refused");
        let problem = &results[place]["problem"];
        assert_eq!(
            (&problem["code"], &problem["field"]),
            (
                &json!("number_in_use"),
                &json!(format!("events[{place}].number"))
            )
        );
        assert!(
            problem["detail"]
                .as_str()
                .unwrap()
                .contains("another number"),
            "{problem:#}"
        );
    }
    assert_eq!(
        (number(&results[1]), number(&results[3])),
        ("200001", "100008")
    );

    // Replaced: it keeps its number, or takes the new one when that is free.
    let mut again = plain("g1").await;
    again["memo"] = json!("again");
    let replaced = take_in(&store, vec![again.clone()]).await;
    assert_eq!(
        (
            replaced[0]["result"].as_str().unwrap(),
            number(&replaced[0])
        ),
        ("replaced", "100001")
    );
    let moved = take_in(&store, vec![numbered(again.clone(), "300001")]).await;
    assert_eq!(
        (moved[0]["result"].as_str().unwrap(), number(&moved[0])),
        ("replaced", "300001")
    );
    let refused = take_in(
        &store,
        vec![plain("ok").await, numbered(again.clone(), "100002")],
    )
    .await;
    assert_eq!(
        refused[1]["problem"]["code"], "number_in_use",
        "{refused:#?}"
    );
    assert_eq!(
        store.event(moved[0]["id"].as_str().unwrap()).await["number"],
        "300001"
    );

    // In one request: a number just taken by a replacement is taken for those after it.
    let results = take_in(
        &store,
        vec![
            numbered(again, "400001"),
            numbered(plain("r1").await, "400001"),
            plain("r2").await,
        ],
    )
    .await;
    assert_eq!(results[0]["result"], "replaced", "{results:#?}");
    assert_eq!(
        results[1]["problem"]["code"], "number_in_use",
        "{results:#?}"
    );
    assert_eq!(results[2]["result"], "accepted", "{results:#?}");
    let mut seen = BTreeSet::new();
    for event in store.get("/events?limit=200").await["items"]
        .as_array()
        .unwrap()
    {
        assert!(
            seen.insert(number(event).to_owned()),
            "{} twice",
            event["number"]
        );
    }
}

#[tokio::test]
async fn pages_hold_every_row_once_while_new_ones_come_in() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let begin: DateTime<Utc> = "2026-11-01T10:00:00Z".parse().unwrap();
    // Three at each instant, so that pages end inside a run of equal times.
    let old: Vec<String> = store
        .send_events(
            (0..90)
                .map(|n| ticket_at(&format!("o{n}"), begin + TimeDelta::minutes(n / 3)))
                .collect(),
        )
        .await;
    for path in ["/events?limit=7", "/events?status=never_synced&limit=7"] {
        let mut seen = Vec::new();
        let mut cursor = String::new();
        let mut newcomers = 0;
        loop {
            let page = store.get(&format!("{path}{cursor}")).await;
            let items = page["items"].as_array().unwrap();
            seen.extend(items.iter().map(|event| {
                (
                    event["occurred_at"].as_str().unwrap().to_owned(),
                    event["id"].as_str().unwrap().to_owned(),
                )
            }));
            let Some(next) = page["next_cursor"].as_str() else {
                break;
            };
            assert_eq!(items.len(), 7);
            cursor = format!("&cursor={next}");
            // Newer than everything: on none of the pages to come.
            newcomers += 1;
            let at = begin + TimeDelta::days(1) + TimeDelta::minutes(newcomers);
            store
                .send_event(ticket_at(&format!("{path}{newcomers}"), at))
                .await;
        }
        assert!(seen.is_sorted_by(|a, b| a > b), "newest first, none twice");
        let seen: BTreeSet<_> = seen.into_iter().map(|(_, id)| id).collect();
        assert!(old.iter().all(|id| seen.contains(id)), "none missing");
    }
    let none = store.get("/events?status=failed").await;
    assert_eq!(none, json!({ "items": [], "next_cursor": null }));
}

#[tokio::test]
async fn every_list_pages_through_all_it_has() {
    let world = World::new().await;
    let store = Retailer::new(&world, "harbour").await.tenant;
    for list in [
        "/events",
        "/accounts",
        "/audit-log",
        "/past-syncs",
        "/events?status=never_synced",
    ] {
        let with =
            |rest: &str| format!("{list}{}{rest}", if list.contains('?') { "&" } else { "?" });
        let all = store.get(&with("limit=200")).await;
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = store.get(&with(&format!("limit=1{cursor}"))).await;
            seen.extend(page["items"].as_array().unwrap().clone());
            let Some(next) = page["next_cursor"].as_str() else {
                break;
            };
            cursor = format!("&cursor={next}");
        }
        assert!(!seen.is_empty(), "{list}");
        assert_eq!(all["items"], json!(seen), "{list}");
    }
}
