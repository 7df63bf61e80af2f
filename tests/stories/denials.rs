//! Whoever is refused, at whichever door: it stands in the log where it can be looked into, and a flood of it does not fill one.

use crate::idp::{IdentityProvider, Signer, person};
use crate::oauth::ask;
use crate::world::{PLATFORM_KEY, Shape, Tenant, World};
use chrono::TimeDelta;
use entity::id::TenantId;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use service::audit::{self, Reason, Verified};
use std::time::Duration;

/// The platform's own place, as it reads it itself.
fn platform(world: &World) -> Tenant<'_> {
    Tenant {
        world,
        id: TenantId::PLATFORM,
        key: PLATFORM_KEY.into(),
    }
}

/// What a log tells of refusals, the oldest first: who, what, why and what else is known.
async fn told(store: &Tenant<'_>) -> Vec<String> {
    let page = store.get("/audit-log?limit=200").await;
    let records = page["items"].as_array().unwrap().iter().rev();
    records
        .filter(|record| record["action"] == "access.denied")
        .map(|record| {
            let mut detail = record["detail"].clone();
            let reason = detail.as_object_mut().unwrap().remove("reason").unwrap();
            format!(
                "{} {} {} {detail}",
                record["actor"].as_str().unwrap(),
                record["subject"].as_str().unwrap(),
                reason.as_str().unwrap()
            )
        })
        .collect()
}

/// The same once there are so many: nobody who is refused waits for what is told of nobody.
async fn told_at_last(store: &Tenant<'_>, count: usize) -> Vec<String> {
    for _ in 0..3000 {
        let told = told(store).await;
        if told.len() >= count {
            return told;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    told(store).await
}

async fn is_refused(world: &World, tenant: TenantId, credential: &str, status: u16) {
    let path = format!("/v1/tenants/{tenant}/sync");
    let (got, _) = world.send(Method::GET, &path, credential, None).await;
    assert_eq!(got.as_u16(), status);
}

#[tokio::test]
async fn the_platform_reads_and_exports_its_own_log_and_no_tenants() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let ours = platform(&world);
    assert_eq!(ours.get("/audit-log/head").await["sequence"], 0);
    // Its own is refused to whoever is not the platform, and a tenant's to the platform; the second is told here.
    for rest in [
        "/audit-log",
        "/audit-log/export",
        "/audit-log/head",
        "/alerts",
    ] {
        let (own, theirs) = (ours.path(rest), store.path(rest));
        let (status, _) = world.send(Method::GET, &own, &store.key, None).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{rest}");
        let (status, _) = world.send(Method::GET, &theirs, PLATFORM_KEY, None).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{rest}");
    }
    let head = ours.get("/audit-log/head").await;
    assert_eq!(head["sequence"], 4);
    let request = world.request(Method::GET, &ours.path("/audit-log/export"), PLATFORM_KEY);
    let export = world.answer(request).await;
    assert_eq!(export.status, StatusCode::OK);
    let last = export.text().lines().last().unwrap().to_owned();
    let last: Value = serde_json::from_str(&last).unwrap();
    assert_eq!(last["hash"], head["hash"]);
    assert_eq!(
        (&last["actor"], &last["subject"]),
        (&json!("platform"), &json!("list_alerts"))
    );
    assert_eq!(ours.get("/alerts").await["items"], json!([]));
}

#[tokio::test]
async fn a_member_who_reaches_into_another_tenant_stands_in_the_log_of_their_own() {
    let provider = IdentityProvider::start().await;
    let access = provider.access();
    let world = World::shaped(Shape {
        access,
        ..Shape::default()
    })
    .await;
    let (home, second, victim) = (
        world.tenant("Harbour").await,
        world.tenant("Hillside").await,
        world.tenant("Victim").await,
    );
    let mut ids = Vec::new();
    for store in [&home, &second] {
        let member = json!({ "subject": "ada", "role": "owner" });
        let made = store.post("/members", member).await;
        ids.push(made["id"].as_str().unwrap().to_owned());
    }
    let now = home.now().await;
    let ada = provider.signer.token(&person("ada", now));
    let before = victim.get("/audit-log/head").await;
    for _ in 0..5 {
        is_refused(&world, victim.id, &ada, 404).await;
    }
    for (store, id) in [(&home, &ids[0]), (&second, &ids[1])] {
        assert_eq!(
            told(store).await,
            [format!("{id} read_sync not_yours {{}}")]
        );
    }
    // Somebody who is a member nowhere is told of in the platform's log, by their name.
    let bob = provider.signer.token(&person("bob", now));
    for _ in 0..5 {
        is_refused(&world, victim.id, &bob, 404).await;
    }
    let stranger = format!(
        "nobody read_sync not_yours {{\"person\":\"bob\",\"tenant_id\":\"{}\"}}",
        victim.id
    );
    assert_eq!(told_at_last(&platform(&world), 1).await, [stranger]);
    // A token whose time is over is its member's, where they are one.
    world.advance(TimeDelta::minutes(11)).await;
    is_refused(&world, home.id, &ada, 401).await;
    let late = format!("{} read_sync token_expired {{}}", ids[0]);
    assert_eq!(told(&home).await.last(), Some(&late));
    assert_eq!(victim.get("/audit-log/head").await, before);
    audit::settle_denials(&world.service).await;
    let counted = format!("{} read_sync not_yours {{\"times_more\":4}}", ids[1]);
    assert_eq!(told(&second).await.last(), Some(&counted));
}

#[tokio::test]
async fn whom_nobody_knows_stands_in_the_platforms_log_with_the_door_it_was_at() {
    let provider = IdentityProvider::start().await;
    let access = provider.access();
    let world = World::shaped(Shape {
        access,
        ..Shape::default()
    })
    .await;
    let store = world.tenant("Harbour").await;
    let before = store.get("/audit-log/head").await;
    let now = store.now().await;
    let wrong_platform_key = PLATFORM_KEY.chars().rev().collect::<String>();
    let forged = Signer::new(&provider.signer.kid, 99).token(&person("ada", now));
    let ours = json!({ "iss": world.service.settings().issuer(), "sub": "key_x" });
    let not_ours = provider.signer.token(&ours);
    for _ in 0..3 {
        for credential in [&wrong_platform_key, &forged, &not_ours] {
            is_refused(&world, store.id, credential, 401).await;
            let (status, _) = world
                .send(Method::GET, "/v1/tenants", credential, None)
                .await;
            assert_eq!(status, StatusCode::UNAUTHORIZED);
        }
        let bare = world.http().get(world.base.join("v1/tenants").unwrap());
        assert_eq!(world.answer(bare).await.status, StatusCode::UNAUTHORIZED);
        let url = world.base.join("v1/intuit/notifications").unwrap();
        let unsigned = world.http().post(url).body("{}");
        assert_eq!(
            world.answer(unsigned).await.status,
            StatusCode::UNAUTHORIZED
        );
    }
    let door = format!("{{\"tenant_id\":\"{}\"}}", store.id);
    let mut expected = vec![
        "nobody list_tenants invalid_token {}".to_owned(),
        "nobody list_tenants no_credential {}".to_owned(),
        "nobody list_tenants unknown_credential {}".to_owned(),
        "nobody receive_notifications wrong_signature {}".to_owned(),
        format!("nobody read_sync invalid_token {door}"),
        format!("nobody read_sync unknown_credential {door}"),
    ];
    expected.sort();
    let own = platform(&world);
    let mut first = told_at_last(&own, expected.len()).await;
    first.sort();
    assert_eq!(first, expected);
    audit::settle_denials(&world.service).await;
    let more = told(&own).await;
    let forged_more = format!(
        "nobody any invalid_token {{\"times_more\":5,\"tenant_id\":\"{}\"}}",
        store.id
    );
    assert!(more.contains(&forged_more), "{more:#?}");
    assert_eq!(more.len(), 2 * expected.len());
    // Whoever is at a tenant's door writes nothing into its log.
    assert_eq!(store.get("/audit-log/head").await, before);
    let whole = audit::verify(&world.service, TenantId::PLATFORM, None).await;
    assert!(matches!(whole.unwrap(), Verified::Whole { .. }));
}

#[tokio::test]
async fn a_flood_at_many_doors_writes_no_more_than_some_hundred_records() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let all = Reason::UnknownCredential;
    for _ in 0..400 {
        audit::knock(&world.service, Some(TenantId::new()), "read_sync", all);
    }
    let own = platform(&world);
    let told = told_at_last(&own, 101).await;
    assert_eq!(told.len(), 101);
    audit::settle_denials(&world.service).await;
    let head = own.get("/audit-log/head").await;
    assert_eq!(head["sequence"], 102);
    let last = own.get("/audit-log?limit=1").await["items"][0].clone();
    assert_eq!(
        last["detail"],
        json!({ "reason": "unknown_credential", "times_more": 299 })
    );
    assert_eq!(store.get("/sync").await["state"], "stopped");
}

#[tokio::test]
async fn what_the_token_endpoint_refuses_a_known_client_stands_in_its_log() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let key = store
        .post(
            "/api-keys",
            json!({ "name": "till", "scopes": ["sync:read"] }),
        )
        .await;
    let other = store.post("/api-keys", json!({ "name": "other" })).await;
    let (id, secret) = (key["id"].as_str().unwrap(), key["secret"].as_str().unwrap());
    let other = other["id"].as_str().unwrap();
    let nobodys = format!(
        "key_{}",
        TenantId::new().to_string().trim_start_matches("ten_")
    );
    for (client, secret, scope, error) in [
        (id, "not the secret", "", "invalid_client"),
        (id, secret, "keys:manage", "invalid_scope"),
        (other, secret, "", "invalid_client"),
        (id, PLATFORM_KEY, "", "invalid_client"),
        (&nobodys, "not the secret", "", "invalid_client"),
    ] {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", client),
            ("client_secret", secret),
            ("scope", scope),
        ];
        assert_eq!(ask(&world, &form).await.json()["error"], error);
    }
    assert_eq!(
        told(&store).await,
        [
            format!("{id} issue_token wrong_secret {{}}"),
            format!("{id} issue_token insufficient_scope {{}}"),
            format!("{id} issue_token another_client {{}}"),
        ]
    );
    let own = told_at_last(&platform(&world), 2).await;
    assert_eq!(
        own,
        [
            "platform issue_token not_a_client {}",
            "nobody issue_token unknown_credential {}"
        ]
    );
    // A token of ours whose time is over is its key's.
    let token = crate::oauth::exchange(&world, &key, None).await;
    world.advance(TimeDelta::minutes(16)).await;
    let token = token["access_token"].as_str().unwrap();
    is_refused(&world, store.id, token, 401).await;
    let late = format!("{id} read_sync token_expired {{}}");
    assert_eq!(told(&store).await.last(), Some(&late));
}

#[tokio::test]
async fn a_browser_that_comes_back_wrong_stands_in_the_log_of_whose_flow_it_was() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    world.company("Harbour");
    let made = store
        .post("/connection/authorization-requests", json!({}))
        .await;
    let link = made["authorization_url"].as_str().unwrap();
    let opened = world.answer(world.http().get(link)).await;
    let cookie = opened
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let consented = world.http().get(opened.header("location")).send().await;
    let callback = consented.unwrap().headers()["location"]
        .to_str()
        .unwrap()
        .to_owned();
    let unknown = format!("{callback}x").replace("state=", "state=x");
    let comes = async |url: &str, cookie: Option<&str>| {
        let mut request = world.http().get(url);
        if let Some(cookie) = cookie {
            request = request.header("cookie", cookie);
        }
        world.answer(request).await.status.as_u16()
    };
    assert_eq!(comes(link, None).await, 404);
    assert_eq!(comes(&callback, None).await, 404);
    assert_eq!(comes(&unknown, Some(&cookie)).await, 404);
    assert_eq!(comes(&callback, Some(&cookie)).await, 302);
    assert_eq!(comes(&callback, Some(&cookie)).await, 404);
    let flow = format!(
        "{{\"authorization_request_id\":\"{}\"}}",
        made["id"].as_str().unwrap()
    );
    assert_eq!(
        told(&store).await,
        [
            format!("nobody open_connect_link spent {flow}"),
            format!("nobody finish_authorization another_browser {flow}"),
            format!("nobody finish_authorization spent {flow}"),
        ]
    );
    assert_eq!(
        told_at_last(&platform(&world), 1).await,
        ["nobody finish_authorization unknown_secret {}"]
    );
    // And a consent that was asked for and not given, in the name of whoever asked.
    let company = world.company("Hillside");
    world
        .quickbooks()
        .set_consent(sandbox::quickbooks::Consent {
            realm_id: Some(company.realm_id),
            deny: true,
        })
        .unwrap();
    let made = store
        .post("/connection/authorization-requests", json!({}))
        .await;
    let outcome = store
        .browse(made["authorization_url"].as_str().unwrap())
        .await;
    assert_eq!(outcome, "denied");
    let last = store.get("/audit-log").await["items"][0].clone();
    assert_eq!(
        (&last["action"], &last["subject"], &last["detail"]),
        (
            &json!("authorization_request.failed"),
            &made["id"],
            &json!({ "outcome": "denied" })
        )
    );
}
