//! Reads are metered: how many are used, what happens when they are spent, and how much a page holds.

use super::{Shop, Way};
use crate::alerts::{only, open};
use crate::world::World;
use chrono::TimeDelta;
use reqwest::Method;
use sandbox::quickbooks::{FaultPlan, NewEntry, NewLine, Operation, Outcome, PostingType};
use serde_json::{Value, json};

/// The page of QuickBooks' answers.
const PAGE: usize = 1000;

/// So many entries of other hands, dated as the shop's first.
fn crowd(shop: &Shop<'_>, entries: usize) {
    let line = |account: &str, posting_type| NewLine {
        account_id: shop.company.account_id(account).unwrap().to_owned(),
        posting_type,
        amount: "7.00".parse().unwrap(),
        description: None,
    };
    let txn_date = shop.entries()[0].txn_date;
    for _ in 0..entries {
        shop.insert(&NewEntry {
            doc_number: None,
            txn_date,
            private_note: Some("rent".to_owned()),
            lines: vec![
                line("1010", PostingType::Debit),
                line("4000", PostingType::Credit),
            ],
        });
    }
}

#[tokio::test]
async fn three_thousand_entries_are_read_page_by_page_and_one_that_differs_is_found() {
    let world = World::new().await;
    let shop = Shop::with(&world, 5).await;
    crowd(&shop, 3 * PAGE);
    // Behind all of them, on the fourth page.
    let copy = shop.copy("4");
    world.advance(TimeDelta::days(31)).await;
    let before = shop.reads();
    let run = shop.look(Way::Days).await;
    assert_eq!(run["findings"]["duplicated"], 1, "{run:#}");
    assert_eq!(run["entries_read"], json!(3 * PAGE + 6));
    // The changes, and four pages.
    assert_eq!(run["reads_used"], 5);
    // Besides, the chart may have had its own look of the day.
    assert!((5..=6).contains(&(shop.reads() - before)));
    assert_eq!(shop.findings("").await[0]["qbo_id"], json!(copy));
}

#[tokio::test]
async fn too_many_changes_are_read_by_their_days() {
    let world = World::new().await;
    let shop = Shop::with(&world, 3).await;
    crowd(&shop, PAGE);
    shop.delete("2");
    let run = shop.look(Way::Changes).await;
    assert_eq!(run["findings"]["missing"], 1, "{run:#}");
    // The changes that were too many, two pages of days, and the entry that was not among them.
    assert_eq!(run["reads_used"], 4);
    // The next look goes on from there.
    let run = shop.look(Way::Changes).await;
    assert_eq!(run["reads_used"], 1, "{run:#}");
    only(&shop.store, "entries_missing").await;
}

#[tokio::test]
async fn when_the_reads_of_a_day_are_spent_it_goes_on_the_next_and_comes_to_its_end() {
    let world = World::new().await;
    let shop = Shop::with(&world, 5).await;
    crowd(&shop, 2 * PAGE);
    let copy = shop.copy("4");
    shop.delete("5");
    world.advance(TimeDelta::days(31)).await;
    let mut request = shop.window();
    request["reads_per_day"] = json!(2);
    let made = shop.store.post("/reconciliations", request).await;
    assert_eq!(made["state"], "queued");
    let path = format!("/reconciliations/{}", made["id"].as_str().unwrap());
    // Changes and three pages, the entry that is gone, and the copy once more, since it was read long ago: two a day.
    for (day, reads) in [(1, 2), (2, 4)] {
        let due = shop.store.drain().await.unwrap();
        let run = shop.store.get(&path).await;
        assert_eq!(
            (run["state"].clone(), run["reads_used"].clone()),
            (json!("paused"), json!(reads)),
            "day {day}: {run:#}"
        );
        assert!(
            run["problem"].as_str().unwrap().contains("spent"),
            "{run:#}"
        );
        assert_eq!(run["findings"], made["findings"]);
        // Nothing is read before its time, however many turns there are.
        let before = shop.reads();
        shop.store.post("/sync/start", json!({})).await;
        shop.store.drain().await;
        assert_eq!(shop.reads(), before);
        world
            .advance(due - shop.store.now().await + TimeDelta::seconds(1))
            .await;
    }
    shop.store.drain().await;
    let run = shop.store.get(&path).await;
    assert_eq!(run["state"], "finished", "{run:#}");
    assert_eq!(run["reads_used"], 6);
    let mut found: Vec<_> = shop
        .findings("")
        .await
        .iter()
        .map(|one| (one["kind"].clone(), one["qbo_id"].clone()))
        .collect();
    found.sort_by_key(|(kind, _)| kind.to_string());
    assert_eq!(
        found,
        [
            (json!("duplicated"), json!(copy)),
            (json!("missing"), json!("5"))
        ]
    );
}

#[tokio::test]
async fn the_reads_of_a_tenants_day_are_shared_by_its_runs() {
    let world = World::new().await;
    let shop = Shop::with(&world, 2).await;
    shop.look(Way::Changes).await;
    world
        .sql("UPDATE reconciliation SET reads_today = 1000, reads_on = tillpost_now()::date")
        .await;
    let made = shop.store.post("/reconciliations", shop.window()).await;
    shop.store.drain().await.unwrap();
    let path = format!("/reconciliations/{}", made["id"].as_str().unwrap());
    let run = shop.store.get(&path).await;
    assert_eq!(
        (run["state"].clone(), run["reads_used"].clone()),
        (json!("paused"), json!(0)),
        "{run:#}"
    );
    shop.store.settle().await;
    assert_eq!(shop.store.get(&path).await["state"], "finished");
}

#[tokio::test]
async fn nothing_is_read_of_a_company_that_throttles_until_it_is_patient_again() {
    let world = World::new().await;
    let shop = Shop::with(&world, 2).await;
    world
        .quickbooks()
        .plan(FaultPlan::next(Operation::ReadChanges, Outcome::Throttled));
    let made = shop.store.post("/reconciliations", shop.window()).await;
    let asked_at = shop.store.now().await;
    let due = shop.store.drain().await.unwrap();
    assert!(due - asked_at > TimeDelta::seconds(55), "{due}");
    let before = shop.reads();
    shop.store.post("/sync/start", json!({})).await;
    shop.store.drain().await;
    assert_eq!(shop.reads(), before);
    shop.store.settle().await;
    let path = format!("/reconciliations/{}", made["id"].as_str().unwrap());
    let run = shop.store.get(&path).await;
    assert_eq!(run["state"], "finished", "{run:#}");
    assert_eq!(open(&shop.store).await, Vec::<Value>::new());
}

#[tokio::test]
async fn whoever_has_nothing_in_the_books_costs_no_read() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    world.tenant("nobody").await;
    world.advance(TimeDelta::hours(25)).await;
    assert_eq!(
        service::reconciliation::daily(&world.service)
            .await
            .unwrap(),
        0
    );
    store.send_event(store.ticket("t1").await).await;
    store.settle().await;
    // Looked for a moment ago; a day later there is something to look after, once.
    assert_eq!(
        service::reconciliation::daily(&world.service)
            .await
            .unwrap(),
        0
    );
    world.advance(TimeDelta::hours(25)).await;
    assert_eq!(
        service::reconciliation::daily(&world.service)
            .await
            .unwrap(),
        1
    );
    assert_eq!(
        service::reconciliation::daily(&world.service)
            .await
            .unwrap(),
        0
    );
}

#[tokio::test]
async fn a_window_and_a_budget_must_make_sense() {
    let world = World::new().await;
    let shop = Shop::with(&world, 1).await;
    for (request, code) in [
        (
            json!({ "from_date": "2026-11-02", "to_date": "2026-11-01" }),
            "invalid_window",
        ),
        (
            json!({ "from_date": "1900-11-02", "to_date": "2026-11-01" }),
            "invalid_window",
        ),
        (
            json!({ "from_date": "2026-11-01", "to_date": "2026-11-01", "reads_per_day": 0 }),
            "invalid_read_budget",
        ),
        (
            json!({ "from_date": "2026-11-01", "to_date": "2026-11-01", "reads_per_day": 1001 }),
            "invalid_read_budget",
        ),
    ] {
        let (status, problem) = shop
            .store
            .send(Method::POST, "/reconciliations", Some(request))
            .await;
        assert_eq!(
            (status.as_u16(), problem["code"].clone()),
            (422, json!(code)),
            "{problem:#}"
        );
    }
    let alone = world.tenant("alone").await;
    let (status, problem) = alone
        .send(Method::POST, "/reconciliations", Some(shop.window()))
        .await;
    assert_eq!(
        (status.as_u16(), problem["code"].clone()),
        (409, json!("not_connected")),
        "{problem:#}"
    );
}
