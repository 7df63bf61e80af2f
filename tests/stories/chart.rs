//! The chart of accounts follows QuickBooks: whole when somebody imports it, and by one cheap look at what changed.

use crate::world::{Tenant, World};
use sandbox::quickbooks::{FaultPlan, NewAccount, NewCompany, Operation, Outcome};
use serde_json::{Value, json};

fn count(world: &World, operation: Operation) -> usize {
    let calls = world.quickbooks().calls();
    calls
        .iter()
        .filter(|call| call.operation == operation)
        .count()
}

async fn account(store: &Tenant<'_>, number: &str) -> Value {
    let path = format!("/accounts/{}", store.account(number).await);
    store.get(&path).await
}

#[tokio::test]
async fn one_look_a_day_tells_of_a_broken_mapping_before_the_days_first_event_is_sent() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    store.send_event(store.ticket("today").await).await;
    // No turn is due until something happens.
    assert_eq!(store.drain().await, None);
    assert_eq!(count(&world, Operation::ReadChanges), 0);
    assert_eq!(count(&world, Operation::CreateJournalEntry), 1);

    let drawer = company.account_id("1010").unwrap();
    world
        .quickbooks()
        .set_account_active(&company.realm_id, drawer, false)
        .unwrap();
    world.advance(chrono::TimeDelta::days(1)).await;

    let queries = count(&world, Operation::Query);
    let id = store.send_event(store.ticket("tomorrow").await).await;
    store.drain().await;
    assert_eq!(count(&world, Operation::ReadChanges), 1);
    assert_eq!(
        count(&world, Operation::Query),
        queries,
        "no whole list was read"
    );
    assert_eq!(
        count(&world, Operation::CreateJournalEntry),
        1,
        "it was not sent"
    );
    let event = store.event(&id).await;
    assert_eq!(
        event["problem"]["detail"], "account 1010 Cash in Drawer is inactive in QuickBooks",
        "{event:#}"
    );
    let alerts = store.get("/alerts?state=open").await;
    let codes: Vec<_> = alerts["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|alert| alert["code"].as_str().unwrap())
        .collect();
    assert!(codes.contains(&"broken_mapping"), "{alerts:#}");
    assert_eq!(account(&store, "1010").await["active"], false);

    // Once a day is enough.
    store.send_event(store.ticket("another").await).await;
    store.drain().await;
    assert_eq!(count(&world, Operation::ReadChanges), 1);
}

#[tokio::test]
async fn an_account_that_quickbooks_refuses_is_looked_for_at_once_and_burns_no_further_call() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let drawer = company.account_id("1010").unwrap();
    world
        .quickbooks()
        .set_account_active(&company.realm_id, drawer, false)
        .unwrap();
    let first = store.send_event(store.ticket("first").await).await;
    store.drain().await;
    assert_eq!(count(&world, Operation::ReadChanges), 1);
    let second = store.send_event(store.ticket("second").await).await;
    store.drain().await;
    assert_eq!(count(&world, Operation::CreateJournalEntry), 1);
    assert_eq!(count(&world, Operation::ReadChanges), 1);
    for id in [first, second] {
        let event = store.event(&id).await;
        assert_eq!(
            event["problem"]["detail"], "account 1010 Cash in Drawer is inactive in QuickBooks",
            "{event:#}"
        );
    }
}

#[tokio::test]
async fn a_look_that_quickbooks_does_not_answer_keeps_nothing_from_being_posted() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    for outcome in [Outcome::Status(503), Outcome::Fault(4001)] {
        world.advance(chrono::TimeDelta::days(2)).await;
        world
            .quickbooks()
            .plan(FaultPlan::next(Operation::ReadChanges, outcome));
        let external_id = format!("{outcome:?}").replace(['(', ')'], "-");
        let id = store.send_event(store.ticket(&external_id).await).await;
        store.drain().await;
        assert_eq!(store.status(&id).await, "synced", "{outcome:?}");
    }
}

#[tokio::test]
async fn what_changed_longer_ago_than_quickbooks_remembers_is_read_whole() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let drawer = company.account_id("1010").unwrap();
    world
        .quickbooks()
        .rename_account(&company.realm_id, drawer, "Cash in Drawer")
        .unwrap();
    world.advance(chrono::TimeDelta::days(40)).await;
    store.send_event(store.ticket("late").await).await;
    store.drain().await;
    assert_eq!(count(&world, Operation::ReadChanges), 0);
    assert_eq!(account(&store, "1010").await["name"], "Cash in Drawer");
}

#[tokio::test]
async fn an_account_that_is_gone_is_told_from_one_made_inactive_and_may_come_back() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let id = |number: &str| company.account_id(number).unwrap().to_owned();
    world
        .quickbooks()
        .remove_account(&company.realm_id, &id("4000"))
        .unwrap();
    world
        .quickbooks()
        .set_account_active(&company.realm_id, &id("1010"), false)
        .unwrap();
    store.post("/account-imports", json!({})).await;
    store.drain().await;
    let (gone, inactive) = (account(&store, "4000").await, account(&store, "1010").await);
    assert_eq!(
        (
            &gone["active"],
            &inactive["active"],
            &inactive["vanished_at"]
        ),
        (&json!(false), &json!(false), &Value::Null)
    );
    assert!(gone["vanished_at"].is_string(), "{gone:#}");
    let mappings = store.get("/mappings").await;
    let broken = |number: &str| {
        let rows = mappings["items"].as_array().unwrap();
        let row = rows.iter().find(|row| row["account_number"] == number);
        row.unwrap()["broken"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        broken("4000"),
        "account 4000 Sales Apparel is not in QuickBooks any more; choose another"
    );
    assert!(broken("1010").contains("is inactive in QuickBooks; make it active there"));
    world
        .quickbooks()
        .restore_account(&company.realm_id, &id("4000"))
        .unwrap();
    store.post("/account-imports", json!({})).await;
    store.drain().await;
    let back = account(&store, "4000").await;
    assert_eq!(
        (&back["active"], &back["vanished_at"]),
        (&json!(true), &Value::Null)
    );
}

#[tokio::test]
async fn what_was_deleted_here_comes_back_with_an_import_and_not_by_a_look() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let sales = store.account("4010").await;
    let path = format!("/accounts/{sales}");
    store.send(reqwest::Method::DELETE, &path, None).await;
    world
        .quickbooks()
        .rename_account(
            &company.realm_id,
            company.account_id("4010").unwrap(),
            "Shoes",
        )
        .unwrap();
    world.advance(chrono::TimeDelta::days(1)).await;
    store.send_event(store.ticket("t1").await).await;
    store.drain().await;
    assert_eq!(count(&world, Operation::ReadChanges), 1);
    let (status, _) = store.send(reqwest::Method::GET, &path, None).await;
    assert_eq!(
        status, 404,
        "it was deleted here, and nobody imported the chart"
    );
    store.post("/account-imports", json!({})).await;
    store.drain().await;
    assert_eq!(store.get(&path).await["name"], "Shoes");
}

#[tokio::test]
async fn an_import_of_many_pages_tells_how_far_it_is_and_changes_nothing_before_its_end() {
    let world = World::new().await;
    let accounts = (0..1500)
        .map(|place| NewAccount {
            name: format!("Account {place:04}"),
            account_type: "Expense".into(),
            account_sub_type: None,
            number: None,
        })
        .collect();
    let company = world
        .quickbooks()
        .seed_company(NewCompany {
            accounts,
            ..NewCompany::named("Large")
        })
        .unwrap();
    let store = world.tenant("Large").await;
    store.consent(&company.realm_id, json!({})).await;
    let import = store.post("/account-imports", json!({})).await;
    let path = format!("/account-imports/{}", import["id"].as_str().unwrap());
    // Consent asked for one already, which has not begun: whoever asks meanwhile gets that one.
    let again = store.post("/account-imports", json!({})).await;
    assert_eq!(again["id"], import["id"], "{again:#}");
    // It loses its second page.
    let (good, lost) = (Outcome::Answer, Outcome::Status(503));
    for outcome in [good, lost] {
        world
            .quickbooks()
            .plan(FaultPlan::next(Operation::Query, outcome));
    }
    store.drain().await;
    let midway = store.get(&path).await;
    assert_eq!(
        (&midway["state"], &midway["accounts_read"]),
        (&json!("queued"), &json!(1000)),
        "{midway:#}"
    );
    store.settle().await;
    let done = store.get(&path).await;
    assert_eq!(
        (&done["state"], &done["accounts_read"]),
        (&json!("done"), &json!(1500)),
        "{done:#}"
    );
    // What is done serves nobody who asks later.
    let next = store.post("/account-imports", json!({})).await;
    assert_ne!(next["id"], import["id"], "{next:#}");
    assert_eq!(next["state"], "queued", "{next:#}");
}

async fn numbers(store: &Tenant<'_>, query: &str) -> Vec<String> {
    let found = store.get(&format!("/accounts?{query}")).await;
    let rows = found["items"].as_array().unwrap();
    rows.iter()
        .map(|row| row["number"].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[tokio::test]
async fn an_account_is_found_by_any_words_of_its_number_name_and_type() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    for search in [
        "1200%20cred",
        "cred%201200",
        "CARD%20rec%20current%20asset",
        "%20receivable%20%20card",
    ] {
        assert_eq!(numbers(&store, &format!("search={search}")).await, ["1200"]);
    }
    for search in ["1200%20cash", "%25", "_", "1200%5C"] {
        let none: [&str; 0] = [];
        assert_eq!(numbers(&store, &format!("search={search}")).await, none);
    }
}

#[tokio::test]
async fn accounts_are_listed_active_or_not_and_filters_narrow_together() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let all = numbers(&store, "").await;
    let sales = company.account_id("4010").unwrap();
    world
        .quickbooks()
        .set_account_active(&company.realm_id, sales, false)
        .unwrap();
    store.post("/account-imports", json!({})).await;
    store.drain().await;
    assert_eq!(
        numbers(&store, "").await,
        all,
        "both, where nothing is said"
    );
    assert_eq!(numbers(&store, "active=false").await, ["4010"]);
    let mut active = all;
    active.retain(|number| number != "4010");
    assert_eq!(numbers(&store, "active=true").await, active);
    for (query, found) in [
        ("active=true&type=Income&search=sales", vec!["4000"]),
        ("active=false&type=Income&search=sales", vec!["4010"]),
        ("active=false&type=Bank", vec![]),
    ] {
        assert_eq!(numbers(&store, query).await, found, "{query}");
    }
}

#[tokio::test]
async fn a_type_of_accounts_that_there_is_not_is_refused_with_those_that_there_are() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    let banks = numbers(&store, "type=Bank").await;
    assert!(banks.contains(&"1010".to_owned()), "{banks:?}");
    assert_eq!(numbers(&store, "type=bank").await, banks);
    // There is no such account here, and there might be.
    assert!(numbers(&store, "type=Equity").await.len() < 2);
    let (status, problem) = store
        .send(reqwest::Method::GET, "/accounts?type=Bnak", None)
        .await;
    assert_eq!(
        (status.as_u16(), &problem["code"]),
        (422, &json!("unknown_account_type"))
    );
    assert_eq!(problem["errors"][0]["field"], "type", "{problem:#}");
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.contains("Bnak") && detail.contains("Bank, Accounts Receivable"),
        "{detail}"
    );
}

#[tokio::test]
async fn imports_are_listed_newest_first_a_page_at_a_time() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    for list in ["/account-imports", "/dimension-imports"] {
        let mut made = Vec::new();
        for _ in 0..3 {
            world.advance(chrono::TimeDelta::minutes(1)).await;
            made.push(store.post(list, json!({})).await["id"].clone());
            store.drain().await;
        }
        made.reverse();
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = store.get(&format!("{list}?limit=2{cursor}")).await;
            let rows = page["items"].as_array().unwrap();
            assert!(rows.len() <= 2, "{page:#}");
            for row in rows {
                assert_eq!(row["state"], "done", "{row:#}");
                seen.push(row["id"].clone());
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen[..3], made[..], "{list}");
        // Connecting has imported the chart.
        assert_eq!(seen.len(), if list == "/account-imports" { 4 } else { 3 });
        let newest = store.get(&format!("{list}?limit=1")).await;
        let by = newest["items"][0]["requested_by"].as_str().unwrap();
        assert!(by.starts_with("key_"), "{newest:#}");
    }
}

#[tokio::test]
async fn every_connected_company_is_looked_at_once_a_day_whether_it_posts_or_not() {
    let world = World::new().await;
    let (running, company) = world.store("Harbour").await;
    let (stopped, _) = world.store("Hillside").await;
    stopped.post("/sync/stop", json!({})).await;
    let (parted, _) = world.store("Cliffside").await;
    let path = parted.path("/connection");
    world
        .send(reqwest::Method::DELETE, &path, &parted.key, None)
        .await;
    let (held, _) = world.store("Valley").await;
    let drawer = company.account_id("1010").unwrap();
    world
        .quickbooks()
        .set_account_active(&company.realm_id, drawer, false)
        .unwrap();
    for store in [&running, &stopped, &parted, &held] {
        store.drain().await;
    }
    let mut looks = Vec::new();
    for _ in 0..3 {
        world.advance(chrono::TimeDelta::days(1)).await;
        world
            .sql(&format!(
                "UPDATE connection SET held_code = 'subscription_lapsed', held_until = tillpost_now() + interval '1 hour' WHERE tenant_id = '{}'",
                held.id.0
            ))
            .await;
        let before = count(&world, Operation::ReadChanges);
        // As often as the worker likes: once a day is enough.
        for _ in 0..2 {
            service::reconciliation::daily(&world.service)
                .await
                .unwrap();
            let due = "SELECT tenant_id::text FROM turn WHERE due_at <= tillpost_now()";
            for id in world.rows(due).await {
                world.drain(entity::id::TenantId(id.parse().unwrap())).await;
            }
        }
        looks.push(count(&world, Operation::ReadChanges) - before);
    }
    assert_eq!(
        looks,
        [2, 2, 2],
        "neither one without a grant nor one that is refused"
    );
    assert_eq!(account(&running, "1010").await["active"], false);
    let alerts = running.get("/alerts?state=open").await;
    assert!(alerts.to_string().contains("broken_mapping"), "{alerts:#}");
}
