//! Links that a vendor hands to a retailer.

use crate::world::{Answer, Tenant, World};
use chrono::TimeDelta;
use reqwest::{Method, StatusCode};
use sandbox::quickbooks::Consent;
use serde_json::{Value, json};
use url::Url;

async fn made(store: &Tenant<'_>, body: Value) -> (String, String) {
    let link = store.post("/connection/links", body).await;
    assert_eq!(link["state"], "open");
    (
        link["id"].as_str().unwrap().to_owned(),
        link["url"].as_str().unwrap().to_owned(),
    )
}

async fn opened(world: &World, url: &str) -> Answer {
    world.answer(world.http().get(url)).await
}

async fn state(store: &Tenant<'_>, id: &str) -> String {
    let links = store.get("/connection/links").await;
    let mut links = links["items"].as_array().unwrap().iter();
    links.find(|link| link["id"] == id).unwrap()["state"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn consents(world: &World, realm: &str, deny: bool) {
    let realm_id = Some(realm.to_owned());
    world
        .quickbooks()
        .set_consent(Consent { realm_id, deny })
        .unwrap();
}

/// Where the page's one link leads.
fn goes_on(page: &Answer, world: &World) -> Url {
    let text = page.text();
    let (_, rest) = text.split_once("href=\"").unwrap();
    world.base.join(rest.split('"').next().unwrap()).unwrap()
}

#[tokio::test]
async fn a_retailer_connects_with_a_link_and_nothing_else() {
    let world = World::new().await;
    let company = world.company("Harbour Street");
    let store = world.tenant("Harbour <Street> & Sons").await;
    let done = world.base.join("done").unwrap();
    let (id, url) = made(
        &store,
        json!({ "return_url": done, "expires_in_hours": 24 }),
    )
    .await;

    let page = opened(&world, &url).await;
    assert_eq!(
        (page.status, page.content_type()),
        (StatusCode::OK, "text/html".into())
    );
    let text = page.text();
    for words in [
        "Harbour &lt;Street&gt; &amp; Sons",
        "Harbour Point of Sale",
        "journal entries",
        "chart of accounts",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let policy = page.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-"),
        "{policy}"
    );
    assert!(
        !policy.contains("unsafe")
            && !text.contains("<script")
            && !text.contains("http://")
            && !text.contains("https://")
    );
    assert!(
        text.contains("lang=\"en\"") && text.contains("name=\"viewport\"") && text.contains("<h1>")
    );
    assert_eq!(
        (page.header("cache-control"), page.header("referrer-policy")),
        ("no-store", "no-referrer")
    );

    // Who turns back at Intuit may come again; looking alone uses nothing up.
    consents(&world, &company.realm_id, true);
    assert_eq!(
        store.browse(goes_on(&page, &world).as_str()).await,
        "denied"
    );
    consents(&world, &company.realm_id, false);
    assert_eq!(state(&store, &id).await, "open");
    assert_eq!(opened(&world, &url).await.status, StatusCode::OK);
    assert_eq!(
        store.browse(goes_on(&page, &world).as_str()).await,
        "connected"
    );

    assert_eq!(state(&store, &id).await, "used");
    for url in [url.clone(), goes_on(&page, &world).to_string()] {
        assert_eq!(opened(&world, &url).await.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(store.get("/connection").await["state"], "connected");
    let records = store.get("/audit-log").await;
    let actions: Vec<_> = records["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| (r["action"].as_str().unwrap(), r["actor"].as_str().unwrap()))
        .collect();
    assert!(
        actions.contains(&("connection.connected", &id)),
        "{actions:?}"
    );
    assert!(
        actions
            .iter()
            .any(|(action, _)| *action == "connection_link.created")
    );
}

#[tokio::test]
async fn a_link_ends_by_its_time_by_hand_and_by_its_use_elsewhere() {
    let world = World::new().await;
    let company = world.company("Harbour Street");
    let store = world.tenant("Harbour").await;
    consents(&world, &company.realm_id, false);
    let (late, late_url) = made(&store, json!({ "expires_in_hours": 1 })).await;
    let (ended, ended_url) = made(&store, json!({})).await;
    let (_, url) = made(&store, json!({})).await;
    let page = opened(&world, &url).await;

    world.advance(TimeDelta::minutes(61)).await;
    assert_eq!(
        opened(&world, &late_url).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(state(&store, &late).await, "expired");

    let begun = world
        .http()
        .get(format!("{ended_url}/begin"))
        .send()
        .await
        .unwrap();
    assert_eq!(begun.status(), StatusCode::FOUND);
    let cookie = begun.headers()["set-cookie"]
        .to_str()
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let at_intuit = begun.headers()["location"].to_str().unwrap().to_owned();
    let path = store.path(&format!("/connection/links/{ended}"));
    for _ in 0..2 {
        let revoked = world.ok(Method::DELETE, &path, &store.key, None).await;
        assert_eq!(revoked["state"], "revoked");
    }
    assert_eq!(
        opened(&world, &ended_url).await.status,
        StatusCode::NOT_FOUND
    );
    // Who was at Intuit meanwhile comes back, and connects nothing.
    let back = world.http().get(at_intuit).send().await.unwrap();
    let back = back.headers()["location"].to_str().unwrap().to_owned();
    let finished = world
        .http()
        .get(back)
        .header("cookie", cookie)
        .send()
        .await
        .unwrap();
    let to = finished.headers()["location"].to_str().unwrap().to_owned();
    assert!(to.ends_with("outcome=link_spent"), "{to}");
    assert_eq!(opened(&world, &to).await.status, StatusCode::OK);
    assert_eq!(store.get("/connection").await["state"], "not_connected");

    // A person is led to a page that says so, a program is told.
    let request = world.http().get(&late_url).header("accept", "text/html");
    let led = world.answer(request).await;
    assert_eq!(led.status, StatusCode::FOUND);
    assert!(led.header("location").ends_with("outcome=expired"));
    // Nobody makes requests with one link without end.
    let go = goes_on(&page, &world);
    for _ in 0..20 {
        assert_eq!(opened(&world, go.as_str()).await.status, StatusCode::FOUND);
    }
    assert_eq!(
        opened(&world, go.as_str()).await.status,
        StatusCode::NOT_FOUND
    );
    for (body, code) in [
        (json!({ "expires_in_hours": 0 }), "invalid_expiry"),
        (json!({ "expires_in_hours": 721 }), "invalid_expiry"),
        (
            json!({ "return_url": "https://elsewhere.example/" }),
            "invalid_return_url",
        ),
    ] {
        let (status, problem) = store
            .send(Method::POST, "/connection/links", Some(body))
            .await;
        assert_eq!((status.as_u16(), &problem["code"]), (422, &json!(code)));
    }
}

#[tokio::test]
async fn intuits_landing_pages_say_what_to_do_and_believe_nothing() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    for (path, words) in [
        ("v1/intuit/disconnected", "is disconnected"),
        ("v1/intuit/reconnect", "Connect QuickBooks"),
    ] {
        let page = opened(
            &world,
            &format!("{}{path}?realmId={}", world.base, company.realm_id),
        )
        .await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(
            page.text().contains(words) && page.text().contains("Harbour Point of Sale"),
            "{}",
            page.text()
        );
        assert!(!page.header("content-security-policy").contains("unsafe"));
    }
    assert_eq!(store.get("/connection").await["state"], "connected");
}

#[tokio::test]
async fn a_person_reads_how_connecting_ended() {
    let world = World::new().await;
    let at = |rest: &str| world.base.join(&format!("v1/connected{rest}")).unwrap();
    let page = opened(&world, at("?outcome=denied").as_str()).await;
    assert_eq!(page.status, StatusCode::OK);
    let text = page.text();
    assert!(text.contains("You did not give consent"), "{text}");
    for rest in ["?outcome=%3Cscript%3E", "", "?outcome=a%00"] {
        let refused = opened(&world, at(rest).as_str()).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{rest}");
    }
}
