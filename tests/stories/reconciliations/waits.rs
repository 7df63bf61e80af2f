//! A run that cannot go on says what it waits for, and goes on by itself when that is mended.

use super::Shop;
use crate::world::World;
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

async fn compare(shop: &Shop<'_>) -> Value {
    let day = shop.store.now().await.date_naive();
    let window = json!({ "from_date": day, "to_date": day });
    shop.store.post("/reconciliations", window).await
}

// As it reads alone and in the list, which say the same.
async fn told(shop: &Shop<'_>, run: &Value) -> Value {
    let path = format!("/reconciliations/{}", run["id"].as_str().unwrap());
    let told = shop.store.get(&path).await;
    let list = shop.store.get("/reconciliations").await;
    assert!(list["items"].as_array().unwrap().contains(&told));
    told
}

#[tokio::test]
async fn a_run_that_meets_a_lapsed_subscription_waits_for_it_and_ends_when_it_is_renewed() {
    let world = World::new().await;
    let shop = Shop::with(&world, 3).await;
    let lapse = |lapsed| {
        world
            .quickbooks()
            .set_subscription_lapsed(&shop.company.realm_id, lapsed)
            .unwrap()
    };
    lapse(true);
    // The first meets it, the second is asked for while it stands.
    let first = compare(&shop).await;
    assert_eq!(first["problem"], Value::Null, "{first:#}");
    shop.store.drain().await;
    let second = compare(&shop).await;
    let words = "The QuickBooks subscription has lapsed: renew it. It is tried again by itself at ";
    for run in [
        &told(&shop, &first).await,
        &told(&shop, &second).await,
        &second,
    ] {
        assert_eq!(run["finished_at"], Value::Null, "{run:#}");
        let problem = run["problem"].as_str().unwrap();
        assert!(problem.starts_with(words), "{problem}");
    }
    lapse(false);
    shop.store.settle().await;
    for run in [first, second] {
        let ended = told(&shop, &run).await;
        assert_eq!(
            (&ended["state"], &ended["problem"]),
            (&json!("finished"), &Value::Null),
            "{ended:#}"
        );
    }
}

#[tokio::test]
async fn a_run_without_a_connection_says_that_it_needs_one() {
    let world = World::new().await;
    let shop = Shop::with(&world, 3).await;
    world
        .quickbooks()
        .revoke_grants(&shop.company.realm_id)
        .unwrap();
    world.advance(TimeDelta::minutes(62)).await;
    let run = compare(&shop).await;
    shop.store.drain().await;
    let lost = told(&shop, &run).await;
    assert_eq!(
        lost["problem"], "QuickBooks needs to be connected again.",
        "{lost:#}"
    );
    shop.store.connect(&shop.company.realm_id).await;
    shop.store.settle().await;
    assert_eq!(told(&shop, &run).await["state"], "finished");
    let cut = compare(&shop).await;
    shop.store.send(Method::DELETE, "/connection", None).await;
    let cut = told(&shop, &cut).await;
    assert_eq!(
        cut["problem"], "QuickBooks is disconnected: connect it again.",
        "{cut:#}"
    );
}
