//! An account that the chart lacks is created in QuickBooks on request: once, whatever is lost on the way.

use crate::world::{Tenant, World};
use chrono::TimeDelta;
use reqwest::{Method, StatusCode};
use sandbox::quickbooks::{FaultPlan, NewAccount, Operation, Outcome};
use serde_json::{Value, json};

fn paypal() -> Value {
    json!({
        "name": "PayPal Clearing", "number": "1230", "account_type": "Other Current Asset",
        "account_sub_type": "OtherCurrentAssets", "map_to": { "slot": "payment", "key": "paypal" },
    })
}

async fn told(store: &Tenant<'_>, creation: &Value) -> Value {
    let path = format!("/account-creations/{}", creation["id"].as_str().unwrap());
    store.get(&path).await
}

/// The accounts of this name in QuickBooks.
async fn named(store: &Tenant<'_>, name: &str) -> usize {
    store.post("/account-imports", json!({})).await;
    store.drain().await;
    let accounts = store.get("/accounts").await;
    let rows = accounts["items"].as_array().unwrap();
    rows.iter().filter(|row| row["name"] == name).count()
}

#[tokio::test]
async fn what_a_suggestion_would_create_is_created_mapped_and_cures_what_failed() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    let mut ticket = store.ticket("paypal").await;
    ticket["transaction"]["payments"][0]["payment_type"] = json!("paypal");
    let id = store.send_event(ticket).await;
    store.drain().await;
    let suggested = store.get("/mapping-suggestions").await;
    let create = &suggested["items"][0]["create"];
    assert_eq!(create["confidence"], "medium", "{create:#}");
    let name = create["name"].as_str().unwrap();
    assert_eq!(
        create["reason"],
        format!(
            "no account of the chart plays this role; {name} would be what was paid so and is not in the bank yet; its type, \
             Other Current Asset, is usual for payment"
        )
    );
    let request = json!({
        "name": create["name"], "number": create["number"], "account_type": create["account_type"],
        "account_sub_type": create["account_sub_type"], "map_to": { "slot": "payment", "key": "paypal" },
    });
    let creation = store.post("/account-creations", request).await;
    assert_eq!(creation["state"], "queued");
    store.drain().await;
    let done = told(&store, &creation).await;
    assert_eq!(done["state"], "done", "{done:#}");
    let path = format!("/accounts/{}", done["account_id"].as_str().unwrap());
    assert_eq!(store.get(&path).await["name"], create["name"]);
    assert_eq!(store.get("/readiness").await["complete"], true);
    let change = &store.get("/mapping-changes?key=paypal").await["items"][0];
    assert_eq!(change["way"], "creation", "{change:#}");
    assert_eq!(store.get("/readiness").await["unusual"], json!([]));
    store.post("/retry-failed", json!({})).await;
    store.drain().await;
    assert_eq!(store.status(&id).await, "synced");
    // The chart has it now.
    let again = json!({ "name": create["name"], "account_type": create["account_type"] });
    let (status, problem) = store
        .send(Method::POST, "/account-creations", Some(again))
        .await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::CONFLICT, &json!("account_exists"))
    );
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_account() {
    for committed in [true, false] {
        let world = World::new().await;
        let (store, _) = world.store("Harbour").await;
        let lost = FaultPlan::next(Operation::CreateAccount, Outcome::Drop);
        world
            .quickbooks()
            .plan(if committed { lost.with_commit() } else { lost });
        let creation = store.post("/account-creations", paypal()).await;
        store.drain().await;
        let waits = told(&store, &creation).await;
        assert_eq!(waits["state"], "queued", "{waits:#}");
        assert!(waits["problem"].is_string(), "{waits:#}");
        store.world.advance(TimeDelta::minutes(2)).await;
        store.drain().await;
        let done = told(&store, &creation).await;
        assert_eq!(done["state"], "done", "{done:#}");
        assert_eq!(named(&store, "PayPal Clearing").await, 1);
    }
}

#[tokio::test]
async fn a_name_that_somebody_took_in_quickbooks_is_adopted_or_told() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    for (name, account_type) in [
        ("PayPal Clearing", "Other Current Asset"),
        ("Affirm", "Income"),
    ] {
        let account = NewAccount {
            name: name.into(),
            account_type: account_type.into(),
            account_sub_type: None,
            number: None,
        };
        world
            .quickbooks()
            .add_account(&company.realm_id, &account)
            .unwrap();
    }
    let same = store.post("/account-creations", paypal()).await;
    let other = store
        .post(
            "/account-creations",
            json!({ "name": "Affirm", "account_type": "Other Current Asset" }),
        )
        .await;
    store.drain().await;
    let same = told(&store, &same).await;
    assert_eq!(same["state"], "done", "{same:#}");
    let other = told(&store, &other).await;
    assert_eq!(
        (&other["state"], &other["problem_code"]),
        (&json!("failed"), &json!("name_taken"))
    );
    let words = other["problem"].as_str().unwrap();
    assert!(
        words.contains("Affirm") && words.contains("Income"),
        "{words}"
    );
}

#[tokio::test]
async fn what_cannot_be_created_is_refused_in_words_before_anything_is_sent() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    for (member, value, code) in [
        ("name", json!("a:b"), "invalid_name"),
        ("name", json!(""), "invalid_name"),
        ("name", json!("x".repeat(101)), "invalid_name"),
        ("number", json!("1:2"), "invalid_number"),
        (
            "account_sub_type",
            json!("Other Assets"),
            "invalid_sub_type",
        ),
        (
            "account_type",
            json!("Accounts Receivable"),
            "account_type_refused",
        ),
        ("account_type", json!("Asset"), "unknown_account_type"),
        ("map_to", json!({ "slot": "sales" }), "unknown_slot"),
        (
            "map_to",
            json!({ "slot": "rounding", "key": "x" }),
            "unexpected_key",
        ),
    ] {
        let mut request = paypal();
        request[member] = value;
        let (status, problem) = store
            .send(Method::POST, "/account-creations", Some(request.clone()))
            .await;
        assert_eq!(
            (status.as_u16(), &problem["code"]),
            (422, &json!(code)),
            "{request:#}"
        );
    }
    store.post("/account-creations", paypal()).await;
    let (status, problem) = store
        .send(Method::POST, "/account-creations", Some(paypal()))
        .await;
    assert_eq!(
        (status.as_u16(), &problem["code"]),
        (409, &json!("account_exists"))
    );
}

#[tokio::test]
async fn one_that_waits_says_what_for() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    world.quickbooks().revoke_grants(&company.realm_id).unwrap();
    world.advance(TimeDelta::minutes(62)).await;
    let creation = store.post("/account-creations", paypal()).await;
    assert_eq!(creation["problem"], json!(null), "{creation:#}");
    store.drain().await;
    let waits = told(&store, &creation).await;
    assert_eq!(
        (&waits["state"], &waits["problem"]),
        (
            &json!("queued"),
            &json!("QuickBooks needs to be connected again.")
        ),
        "{waits:#}"
    );
}
