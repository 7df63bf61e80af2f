//! What a dry run tells comes true to the cent: every type of event, Locations and Classes, both policies for closed books,
//! lines apart and netted, and failures of every sort that can be foreseen.

use super::*;
use crate::foretold::{by_place, told_by_place};
use crate::mishaps::{self, break_accounts, map_locations};
use crate::world::golden;

/// The golden cases as events of their own, each on a day from 21 October on, so that half of them lie before November.
fn golden_events(mark: &str) -> Vec<Value> {
    let cases = golden();
    let cases = cases["cases"].as_array().unwrap();
    (21..)
        .zip(cases)
        .map(|(day, case)| {
            let mut event = case["event"].clone();
            let date: chrono::NaiveDate = "2026-10-01".parse().unwrap();
            let date = date + chrono::TimeDelta::days(day - 1);
            event["external_id"] = json!(format!("{mark}-{day}"));
            event["business_date"] = json!(date);
            event["occurred_at"] = json!(format!("{date}T18:22:05-05:00"));
            event.as_object_mut().unwrap().remove("number");
            event
        })
        .collect()
}

/// The whole story under one policy, with every type of event, failures of several sorts, and the books closed in the middle.
async fn tells_what_comes_true(policy: &str, net_lines: bool) {
    let world = World::new().await;
    let company = world.company("Harbour");
    world
        .quickbooks()
        .close_books(&company.realm_id, "2026-10-31".parse().unwrap(), false)
        .unwrap();
    let store = world.tenant("Harbour").await;
    store.connect(&company.realm_id).await;
    store.map_golden().await;
    let locations = [("a", "Boston"), ("b", "Cambridge")];
    map_locations(&world, &store, &company, &locations).await;
    break_accounts(&world, &store, &company).await;
    store
        .patch_settings(json!({ "closed_period": policy, "net_lines": net_lines, "rounding_tolerance": "0.05" }))
        .await;

    let mut good = golden_events("good");
    // Some events have no location, and post without one.
    for event in &mut good {
        if event["transaction"]["type"] == "cash_paid" {
            event.as_object_mut().unwrap().remove("location");
        }
    }
    let all_types: BTreeSet<_> = good
        .iter()
        .map(|event| event["transaction"]["type"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(all_types.len(), 10);
    let golden_count = good.len() as u64;
    let in_closed = good
        .iter()
        .filter(|event| event["business_date"].as_str().unwrap() <= "2026-10-31")
        .count() as u64;
    store.send_events(good).await;
    let mut sent = mishaps::events("mishap", "777001");
    let mishap_count = sent.len() as u64;
    let outside = dated("outside", "2027-01-15");
    world
        .quickbooks()
        .insert_entry(&company.realm_id, &foreign(&company, "777001"))
        .unwrap();
    sent.push(outside);
    let ids = store.send_events(sent).await;

    let before = ledger(&world, &company);
    let rows_before = store.get("/sync").await["events"].clone();
    let asked = window("2026-10-01", "2026-12-31");
    let dry = store.post("/past-syncs/dry-run", asked.clone()).await;
    let closed = if policy == "fail" { in_closed } else { 0 };
    assert_eq!(
        dry["events"],
        json!({
            "total": golden_count + mishap_count, "post": golden_count - closed, "already_posted": 0, "in_doubt": 0, "skip": 1,
            "cannot_post": mishap_count - 1 + closed,
        }),
        "{dry:#}"
    );
    let mut expected = BTreeMap::from([
        ("missing_mappings".to_owned(), 2),
        ("unbalanced_event".to_owned(), 1),
        ("foreign_currency".to_owned(), 1),
        // A location's, and an account's.
        ("account_inactive".to_owned(), 2),
        ("name_required".to_owned(), 1),
        ("reference_missing".to_owned(), 1),
        ("amount_too_large".to_owned(), 1),
        ("number_taken".to_owned(), 1),
    ]);
    if closed > 0 {
        expected.insert("closed_period".to_owned(), closed);
    }
    assert_eq!(by_code(&dry["problems"]), expected);
    let missing = dry["problems"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["problem"]["code"] == "missing_mappings")
        .unwrap();
    let causes: BTreeSet<_> = missing["causes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cause| cause["cause"].as_str().unwrap())
        .collect();
    assert!(
        causes.contains("payment[paypal]")
            && causes.contains("payment[bitcoin]")
            && causes.contains("revenue[rarities]"),
        "{missing:#}"
    );
    assert!(
        missing["examples"]
            .as_array()
            .unwrap()
            .contains(&json!(ids[0])),
        "{missing:#}"
    );
    let hits = &dry["closed_period"];
    assert_eq!(
        (&hits["closing_date"], &hits["events"], &hits["policy"]),
        (&json!("2026-10-31"), &json!(in_closed), &json!(policy)),
        "{hits:#}"
    );
    assert_eq!(
        hits["dated"],
        if policy == "fail" {
            Value::Null
        } else {
            json!("2026-11-01")
        }
    );
    assert_eq!(
        (
            &dry["numbers"]["checked"],
            &dry["numbers"]["taken"],
            &dry["numbers"]["metered_reads"]
        ),
        // That of the closing date, and one for all numbers.
        (&json!(golden_count + mishap_count), &json!(1), &json!(2))
    );
    assert_eq!(dry["skipped"][0]["problem"]["code"], "nothing_to_post");
    // Nothing was written, here or there.
    assert_eq!(ledger(&world, &company), before);
    assert_eq!(store.get("/sync").await["events"], rows_before);

    store.post("/sync/start", json!({})).await;
    let run = store.post("/past-syncs", asked.clone()).await;
    assert_eq!(run["events"], json!(golden_count + mishap_count));
    assert!(run["remaining_seconds"].as_i64().unwrap() >= 1, "{run:#}");
    store.settle().await;
    let path = format!("/past-syncs/{}", run["id"].as_str().unwrap());
    let run = store.get(&path).await;
    assert_eq!(
        (&run["state"], &run["percent_done"], &run["waiting"]),
        (&json!("finished"), &json!(100), &json!(0)),
        "{run:#}"
    );
    assert!(run["finished_at"].is_string(), "{run:#}");
    assert_eq!(
        (&run["synced"], &run["failed"], &run["skipped"]),
        (
            &dry["events"]["post"],
            &dry["events"]["cannot_post"],
            &dry["events"]["skip"]
        ),
        "{run:#}"
    );
    let summary = store.get(&format!("{path}/effect")).await;
    assert_eq!(
        summary, dry["effect"],
        "the summary is the dry run's effect"
    );
    assert_eq!(
        change(&before, &ledger(&world, &company)),
        told(&dry["effect"]),
        "the ledger changed as the dry run told"
    );
    let places = told_by_place(&dry["effect"]);
    assert!(places.len() >= 3, "{places:#?}");
    assert_eq!(
        by_place(&world, &company),
        places,
        "each location and class of the ledger has what the dry run told"
    );
    let accounts = summary["accounts"].as_array().unwrap();
    let rows: usize = accounts
        .iter()
        .map(|account| account["places"].as_array().unwrap().len())
        .sum();
    assert!(rows > accounts.len());
    assert_eq!(
        csv(&store, &format!("{path}/effect"), None).await.len(),
        rows + 2
    );

    // A failure that is cured later still counts to the run, whose end stays when it was.
    store.map("payment", Some("paypal"), "1010").await;
    store
        .post(&format!("/events/{}/retry", ids[0]), json!({}))
        .await;
    store.settle().await;
    let cured = store.get(&path).await;
    assert_eq!(
        (&cured["state"], &cured["finished_at"]),
        (&run["state"], &run["finished_at"])
    );
    assert_eq!(
        cured["synced"].as_u64().unwrap(),
        run["synced"].as_u64().unwrap() + 1
    );
    assert_eq!(
        change(&before, &ledger(&world, &company)),
        told(&store.get(&format!("{path}/effect")).await)
    );

    let again = store.post("/past-syncs/dry-run", asked.clone()).await;
    assert_eq!(again["events"]["total"], 0);
    let nothing = store.post("/past-syncs", asked).await;
    assert_eq!(
        (&nothing["events"], &nothing["state"]),
        (&json!(0), &json!("finished"))
    );
}

#[tokio::test]
async fn a_dry_run_tells_to_the_cent_what_comes_true_where_closed_events_fail() {
    tells_what_comes_true("fail", false).await;
}

#[tokio::test]
async fn a_dry_run_tells_to_the_cent_what_comes_true_where_closed_events_are_redated() {
    tells_what_comes_true("first_open_day", true).await;
}
