//! A store with an empty mapping becomes ready in two calls: look at the suggestions, apply them.

use crate::world::{Tenant, World, golden};
use reqwest::{Method, StatusCode};
use sandbox::quickbooks::{NewAccount, NewCompany};
use sandbox::store;
use serde_json::{Value, json};

/// A tenant that is connected and has mapped nothing.
async fn unmapped<'w>(world: &'w World, company: &str) -> Tenant<'w> {
    let tenant = world.tenant("Harbour").await;
    tenant.connect(company).await;
    tenant
}

/// Every event of the golden cases, under numbers of the tenant's own.
fn golden_events() -> Vec<Value> {
    let cases = golden();
    let events = cases["cases"].as_array().unwrap().iter();
    events
        .map(|case| {
            let mut event = case["event"].clone();
            event["external_id"] = json!(format!("golden-{}", case["case"].as_str().unwrap()));
            event.as_object_mut().unwrap().remove("number");
            event
        })
        .collect()
}

async fn number_of(tenant: &Tenant<'_>, slot: &str, key: Option<&str>) -> Option<String> {
    let mappings = tenant.get("/mappings").await;
    let rows = mappings["items"].as_array().unwrap();
    let find = |key: Option<&str>| {
        rows.iter()
            .find(|row| row["slot"] == slot && row["key"].as_str() == key)
            .map(|row| row["account_number"].as_str().unwrap().to_owned())
    };
    find(key).or_else(|| find(None))
}

#[tokio::test]
async fn the_golden_store_is_ready_after_two_calls_and_every_account_is_the_golden_one() {
    let world = World::new().await;
    let tenant = unmapped(&world, &world.company("Harbour").realm_id).await;
    tenant.send_events(golden_events()).await;
    assert_eq!(tenant.get("/readiness").await["complete"], false);

    let suggested = tenant.get("/mapping-suggestions").await;
    let applied = tenant
        .post("/mapping-suggestions/apply", json!({ "all": true }))
        .await;
    assert_eq!(applied["readiness"]["complete"], true, "{applied:#}");
    assert_eq!(tenant.get("/readiness").await["complete"], true);
    let rows = suggested["items"].as_array().unwrap();
    assert_eq!(applied["results"].as_array().unwrap().len(), rows.len());
    for row in rows {
        let reason = row["account"]["reason"].as_str().unwrap();
        assert!(
            reason.contains(row["account"]["name"].as_str().unwrap()),
            "{row:#}"
        );
    }
    // What was set is what the golden cases map, as far as their events ask.
    for row in golden()["mapping"].as_array().unwrap() {
        let (slot, key) = (row["slot"].as_str().unwrap(), row["key"].as_str());
        let Some(set) = number_of(&tenant, slot, key).await else {
            continue;
        };
        assert_eq!(set, row["account"].as_str().unwrap(), "{slot} {key:?}");
    }
    let changes = tenant.get("/mapping-changes?limit=200").await;
    assert!(
        changes["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|change| change["way"] == "suggestion")
    );
    // And everything can be posted.
    tenant.post("/sync/start", json!({})).await;
    tenant
        .post(
            "/past-syncs",
            json!({ "from_date": "2020-01-01", "to_date": "2030-01-01" }),
        )
        .await;
    tenant.settle().await;
    let counts = tenant.get("/sync").await;
    assert_eq!(counts["events"]["failed"], 0, "{counts:#}");
    assert!(
        counts["events"]["synced"].as_u64().unwrap() >= 31,
        "{counts:#}"
    );
}

#[tokio::test]
async fn the_demo_store_is_ready_but_for_what_a_person_left_out() {
    let world = World::new().await;
    let accounts = store::chart()
        .iter()
        .map(|account| NewAccount {
            name: account.name.to_owned(),
            account_type: account.account_type.to_owned(),
            account_sub_type: Some(account.account_sub_type.to_owned()),
            number: Some(account.number.to_owned()),
        })
        .collect();
    let company = world
        .quickbooks()
        .seed_company(NewCompany {
            accounts,
            ..NewCompany::named("Demo")
        })
        .unwrap();
    let tenant = unmapped(&world, &company.realm_id).await;
    let week = store::Week::generate(7, "2026-11-09".parse().unwrap(), store::DEMO_EVENTS);
    tenant.send_events(week.events).await;
    let suggested = tenant.get("/mapping-suggestions").await;
    let chosen: Vec<_> = suggested["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["key"] != "paypal")
        .map(|row| json!({ "slot": row["slot"], "key": row["key"], "account_id": row["account"]["id"] }))
        .collect();
    let applied = tenant
        .post("/mapping-suggestions/apply", json!({ "rows": chosen }))
        .await;
    for result in applied["results"].as_array().unwrap() {
        assert!(result["problem"].is_null(), "{result:#}");
    }
    let left = applied["readiness"]["missing"].as_array().unwrap();
    assert_eq!(left.len(), 1, "{applied:#}");
    assert_eq!(
        (&left[0]["key"], &left[0]["events"]),
        (&json!("paypal"), &json!(1))
    );
    for row in store::mapping().iter().filter(|row| row.slot != "rounding") {
        let set = number_of(&tenant, row.slot, row.key).await;
        assert_eq!(set.as_deref(), Some(row.account), "{row:?}");
    }
    // The last one is suggested as the retailer wants it.
    let applied = tenant
        .post(
            "/mapping-suggestions/apply",
            json!({ "all": true, "min_confidence": "high" }),
        )
        .await;
    assert_eq!(applied["readiness"]["complete"], true, "{applied:#}");
    let wanted = store::paypal_mapping();
    let set = number_of(&tenant, wanted.slot, wanted.key).await;
    assert_eq!(set.as_deref(), Some(wanted.account));
}

#[tokio::test]
async fn a_chart_that_changed_between_the_two_calls_is_noticed() {
    let world = World::new().await;
    let tenant = unmapped(&world, &world.company("Harbour").realm_id).await;
    tenant.send_event(tenant.ticket("one").await).await;
    let suggested = tenant.get("/mapping-suggestions").await;
    let rows: Vec<_> = suggested["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| json!({ "slot": row["slot"], "key": row["key"], "account_id": row["account"]["id"] }))
        .collect();
    let drawer = tenant.account("1010").await;
    let (status, _) = tenant
        .send(Method::DELETE, &format!("/accounts/{drawer}"), None)
        .await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let applied = tenant
        .post("/mapping-suggestions/apply", json!({ "rows": rows }))
        .await;
    let codes: Vec<_> = applied["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["problem"]["code"].as_str().unwrap_or("set"))
        .collect();
    assert_eq!(
        codes
            .iter()
            .filter(|code| **code == "suggestion_changed")
            .count(),
        1,
        "{applied:#}"
    );
    assert_eq!(
        codes.iter().filter(|code| **code == "set").count(),
        rows.len() - 1
    );
    assert_eq!(applied["readiness"]["missing"][0]["slot"], "payment");
    // What the chart lacks now could be created.
    let left = tenant.get("/mapping-suggestions").await;
    assert_eq!(left["items"].as_array().unwrap().len(), 1);
    assert!(left["items"][0]["account"].is_null());
    assert_eq!(left["items"][0]["create"]["account_type"], "Bank");
}

#[tokio::test]
async fn applying_is_refused_in_words_when_it_is_not_clear_what_or_to_which_mapping() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    let row =
        json!({ "slot": "revenue", "key": "books", "account_id": store.account("4000").await });
    for (body, code) in [
        (json!({}), "nothing_chosen"),
        (json!({ "all": true, "rows": [row] }), "nothing_chosen"),
        (
            json!({ "all": true, "min_confidence": "sure" }),
            "unknown_confidence",
        ),
        (
            json!({ "rows": vec![row.clone(); 1001] }),
            "too_many_mappings",
        ),
    ] {
        let (status, problem) = store
            .send(
                Method::POST,
                "/mapping-suggestions/apply",
                Some(body.clone()),
            )
            .await;
        assert_eq!(
            (status.as_u16(), &problem["code"]),
            (422, &json!(code)),
            "{problem:#}"
        );
    }
    let request = store
        .world
        .request(
            Method::POST,
            &store.path("/mapping-suggestions/apply"),
            &store.key,
        )
        .header("if-match", "\"con_x-1\"")
        .json(&json!({ "all": true }));
    let late = store.world.answer(request).await;
    assert_eq!(
        (late.status, late.code().as_deref()),
        (StatusCode::PRECONDITION_FAILED, Some("mapping_changed"))
    );
}

#[tokio::test]
async fn a_malformed_choice_fails_alone_and_the_others_are_applied() {
    let world = World::new().await;
    let tenant = unmapped(&world, &world.company("Harbour").realm_id).await;
    tenant.send_event(tenant.ticket("one").await).await;
    let suggested = tenant.get("/mapping-suggestions").await;
    let of = |slot: &str| {
        let rows = suggested["items"].as_array().unwrap();
        let row = rows.iter().find(|row| row["slot"] == slot).unwrap();
        json!({ "slot": slot, "key": row["key"], "account_id": row["account"]["id"] })
    };
    let mut odd = of("revenue");
    odd["account_id"] = json!("4000");
    let rows = json!([of("payment"), odd, 5, { "slot": "revenue" }, of("cost_of_goods_sold")]);
    let applied = tenant
        .post("/mapping-suggestions/apply", json!({ "rows": rows }))
        .await;
    let told: Vec<_> = applied["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["problem"]["code"].as_str().unwrap_or("set"))
        .collect();
    assert_eq!(
        told,
        ["set", "invalid_value", "wrong_type", "missing_field", "set"],
        "{applied:#}"
    );
    assert_eq!(applied["results"][1]["problem"]["field"], "account_id");
    let mapped = tenant.get("/mappings").await;
    assert_eq!(mapped["items"].as_array().unwrap().len(), 2, "{mapped:#}");
}
