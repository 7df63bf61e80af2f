//! The browser's way to Intuit and back: once, in time, in one browser, to a company that is free.

use super::{says, send};
use crate::world::{Answer, Tenant, World};
use chrono::TimeDelta;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// What a browser is answered: a place to go to, or a problem.
async fn open(world: &World, url: &str, cookie: Option<&str>) -> Answer {
    let mut request = world.http().get(url);
    if let Some(cookie) = cookie {
        request = request.header("cookie", cookie);
    }
    world.answer(request).await
}

#[tokio::test]
async fn a_connect_link_works_once_in_time_and_in_one_browser() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let company = world.company("Harbour");
    let link = async |body: Value| -> String {
        let made = store.post("/connection/authorization-requests", body).await;
        made["authorization_url"].as_str().unwrap().to_owned()
    };
    // The way to Intuit and back, up to the callback: its address and the browser's cookie.
    let begun = async |link: &str| -> (String, String) {
        let opened = open(&world, link, None).await;
        assert_eq!(opened.status, StatusCode::FOUND, "{}", opened.text());
        let cookie = opened
            .header("set-cookie")
            .split(';')
            .next()
            .unwrap()
            .to_owned();
        assert!(
            opened.header("set-cookie").contains("HttpOnly"),
            "{}",
            opened.header("set-cookie")
        );
        let consented = world
            .http()
            .get(opened.header("location"))
            .send()
            .await
            .unwrap();
        (
            consented.headers()["location"].to_str().unwrap().to_owned(),
            cookie,
        )
    };

    let answer = send(
        &store,
        Method::POST,
        "/connection/authorization-requests",
        json!({ "return_url": "https://evil.example/" }),
    )
    .await;
    says(
        &answer,
        422,
        "invalid_return_url",
        &["only below", world.base.as_str()],
    );
    let answer = send(
        &store,
        Method::POST,
        "/connection/authorization-requests",
        json!({ "return_url": "javascript:alert(1)" }),
    )
    .await;
    says(&answer, 422, "invalid_return_url", &["only below"]);

    let first = link(json!({})).await;
    let (callback, cookie) = begun(&first).await;
    says(&open(&world, &first, None).await, 404, "not_found", &[]);
    // In another browser, and with another's cookie: nothing, and the code is not spent.
    says(&open(&world, &callback, None).await, 404, "not_found", &[]);
    says(
        &open(&world, &callback, Some("tillpost_flow=somebody")).await,
        404,
        "not_found",
        &[],
    );
    let done = open(&world, &callback, Some(&cookie)).await;
    assert_eq!(
        (
            done.status,
            done.header("location").contains("outcome=connected")
        ),
        (StatusCode::FOUND, true),
        "{}",
        done.text()
    );
    assert_eq!(
        store.get("/connection").await["company_id"],
        json!(company.realm_id)
    );
    says(
        &open(&world, &callback, Some(&cookie)).await,
        404,
        "not_found",
        &[],
    );
    // A person is shown a page instead.
    let shown = world
        .answer(
            world
                .http()
                .get(&first)
                .header("accept", "text/html,*/*;q=0.8"),
        )
        .await;
    let page = shown.header("location").to_owned();
    assert_eq!(
        (shown.status, page.contains("outcome=expired")),
        (StatusCode::FOUND, true)
    );
    assert!(
        open(&world, &page, None)
            .await
            .text()
            .contains("does not work any more")
    );

    let late = link(json!({})).await;
    world.advance(TimeDelta::minutes(11)).await;
    says(&open(&world, &late, None).await, 404, "not_found", &[]);
    let late = link(json!({})).await;
    let (callback, cookie) = begun(&late).await;
    world.advance(TimeDelta::minutes(11)).await;
    says(
        &open(&world, &callback, Some(&cookie)).await,
        404,
        "not_found",
        &[],
    );

    world
        .quickbooks()
        .set_consent(sandbox::quickbooks::Consent {
            realm_id: None,
            deny: true,
        })
        .unwrap();
    let refused = link(json!({ "return_url": world.base.join("done").unwrap() })).await;
    assert_eq!(store.browse(&refused).await, "denied");
    assert_eq!(
        store.get("/connection").await["state"],
        "connected",
        "a refusal changes nothing"
    );

    // The books of a company take entries from one tenant.
    world.quickbooks().set_consent(Default::default()).unwrap();
    let other = world.tenant("Hillside").await;
    assert_eq!(
        other.consent(&company.realm_id, json!({})).await,
        "company_taken"
    );
    assert_eq!(other.get("/connection").await["state"], "not_connected");
    assert_eq!(store.get("/connection").await["state"], "connected");
    // A realm ID that the token does not open is not believed.
    let forged = world.company("Forged");
    let (callback, cookie) = begun(&other_link(&other).await).await;
    let callback = callback.replace(&company.realm_id, &forged.realm_id);
    let answer = open(&world, &callback, Some(&cookie)).await;
    assert!(
        answer.header("location").contains("outcome=failed"),
        "{}",
        answer.header("location")
    );
    assert_eq!(other.get("/connection").await["state"], "not_connected");
}

async fn other_link(store: &Tenant<'_>) -> String {
    let made = store
        .post("/connection/authorization-requests", json!({}))
        .await;
    made["authorization_url"].as_str().unwrap().to_owned()
}
