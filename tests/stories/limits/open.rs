//! Requests that no credential stands behind: held to a limit of their sender's address and of the link they open, and turned
//! away in classes of their own.

use super::world_of;
use crate::world::{Answer, PLATFORM_KEY, World};
use reqwest::{Method, RequestBuilder, StatusCode};
use sea_orm::{ConnectionTrait, TransactionTrait};
use serde_json::json;
use service::settings::{Limit, Limits, Places};

fn an_hour(requests: u32) -> Limit {
    Limit {
        requests,
        window: std::time::Duration::from_secs(3600),
    }
}

fn from(world: &World, sender: &str, method: Method, path: &str) -> RequestBuilder {
    world
        .http()
        .request(method, world.base.join(path).unwrap())
        .header("x-forwarded-for", sender)
}

async fn get(world: &World, sender: &str, path: &str) -> Answer {
    world.answer(from(world, sender, Method::GET, path)).await
}

async fn token(world: &World, sender: &str, id: &str, secret: &str) -> Answer {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", id),
        ("client_secret", secret),
    ];
    let request = from(world, sender, Method::POST, "v1/oauth/token").form(&form);
    world.answer(request).await
}

fn is_refused(answer: &Answer, limit: &str) {
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_deref()),
        (429, Some("rate_limited")),
        "{}",
        answer.text()
    );
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=3600).contains(&wait), "{wait}");
    let told = answer.header("ratelimit");
    assert!(told.contains(&format!("\"{limit}\";r=0;")), "{told}");
}

async fn behind_a_proxy(limits: Limits) -> World {
    world_of(Limits {
        trusted_proxies: vec!["127.0.0.0/8".parse().unwrap()],
        ..limits
    })
    .await
}

#[tokio::test]
async fn an_address_is_held_to_its_limit_wherever_no_credential_is_asked_for() {
    let world = behind_a_proxy(Limits {
        address: an_hour(9),
        ..Limits::of_places_only()
    })
    .await;
    let store = world.tenant("Harbour").await;
    let notification = || {
        from(&world, "192.0.2.7", Method::POST, "v1/intuit/notifications")
            .header("intuit-signature", "bm9ib2R5J3M=")
            .body("[]")
    };
    let sync = store.path("/sync");
    let with_a_key = async |sender: &str, key: &str| {
        let request = from(&world, sender, Method::GET, &sync[1..]).bearer_auth(key);
        world.answer(request).await
    };
    for (n, path) in [
        ".well-known/jwks.json",
        "v1/connect/nobody-s",
        "v1/links/nobody-s",
        "v1/links/nobody-s/begin",
        "v1/oauth/callback?state=nobody-s",
        "v1/intuit/disconnected",
    ]
    .iter()
    .enumerate()
    {
        let answer = get(&world, "192.0.2.7", path).await;
        assert_ne!(answer.status.as_u16(), 429, "{path}");
        let told = answer.header("ratelimit");
        assert!(
            told.starts_with(&format!("\"address\";r={};", 8 - n)),
            "{path}: {told}"
        );
    }
    assert_eq!(
        token(&world, "192.0.2.7", "key_x", "tp_x").await.status,
        401
    );
    assert_eq!(world.answer(notification()).await.status, 401);
    // Whoever tries keys comes to an end, too.
    assert_eq!(with_a_key("192.0.2.7", "tp_x").await.status, 401);
    is_refused(&with_a_key("192.0.2.7", "tp_x").await, "address");
    is_refused(
        &token(&world, "192.0.2.7", "key_x", "tp_x").await,
        "address",
    );
    is_refused(&world.answer(notification()).await, "address");
    is_refused(&get(&world, "192.0.2.7", "v1/connect/x").await, "address");
    is_refused(
        &get(&world, "192.0.2.7", ".well-known/jwks.json").await,
        "address",
    );
    // A key that holds is counted by itself, and health is always told.
    assert_eq!(with_a_key("192.0.2.7", &store.key).await.status, 200);
    assert_eq!(get(&world, "192.0.2.7", "healthz").await.status, 200);
    // Another address has room, and what somebody else wrote before it does not count.
    let other = get(&world, "192.0.2.7, 198.51.100.1", ".well-known/jwks.json").await;
    assert_eq!(other.status, 200);
    assert!(other.header("ratelimit").starts_with("\"address\";r=8;"));
    // A browser shows a person a page.
    let page = from(&world, "192.0.2.7", Method::GET, "v1/links/nobody-s");
    let page = world.answer(page.header("accept", "text/html")).await;
    assert_eq!(
        (page.status.as_u16(), page.content_type().as_str()),
        (429, "text/html")
    );
    assert!(!page.header("retry-after").is_empty());
}

#[tokio::test]
async fn nobody_gets_room_by_claiming_to_come_from_elsewhere() {
    let world = world_of(Limits {
        address: an_hour(2),
        ..Limits::of_places_only()
    })
    .await;
    for sender in ["192.0.2.1", "192.0.2.2"] {
        let answer = get(&world, sender, ".well-known/jwks.json").await;
        assert_eq!(answer.status, 200);
    }
    is_refused(
        &get(&world, "192.0.2.3", ".well-known/jwks.json").await,
        "address",
    );
}

#[tokio::test]
async fn a_link_is_held_to_its_limit_from_wherever_it_is_opened() {
    let world = behind_a_proxy(Limits {
        link: an_hour(3),
        ..Limits::of_places_only()
    })
    .await;
    let store = world.tenant("Harbour").await;
    let path = async || {
        let link = store.post("/connection/links", json!({})).await;
        let url: reqwest::Url = link["url"].as_str().unwrap().parse().unwrap();
        url.path()[1..].to_owned()
    };
    let (one, other) = (path().await, path().await);
    for n in 0..3 {
        let answer = get(&world, &format!("192.0.2.{n}"), &one).await;
        assert_eq!(answer.status, 200);
    }
    is_refused(&get(&world, "192.0.2.9", &one).await, "link");
    let begin = format!("{one}/begin");
    is_refused(&get(&world, "192.0.2.9", &begin).await, "link");
    assert_eq!(get(&world, "192.0.2.9", &other).await.status, 200);
}

#[tokio::test]
async fn a_token_is_asked_for_at_the_keys_and_its_tenants_cost() {
    let world = world_of(Limits {
        key: an_hour(4),
        tenant: an_hour(20),
        ..Limits::of_places_only()
    })
    .await;
    let store = world.tenant("Harbour").await;
    let made = store.post("/api-keys", json!({"name": "client"})).await;
    let (id, secret) = (
        made["id"].as_str().unwrap(),
        made["secret"].as_str().unwrap(),
    );
    // Whoever only knows its id uses nothing of it up.
    for _ in 0..6 {
        assert_eq!(token(&world, "", id, "tp_x").await.status, 401);
    }
    for left in (0..4).rev() {
        let answer = token(&world, "", id, secret).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let told = answer.header("ratelimit");
        assert!(told.starts_with(&format!("\"key\";r={left};")), "{told}");
        assert!(told.contains("\"tenant\";r="), "{told}");
    }
    is_refused(&token(&world, "", id, secret).await, "key");
    // Its requests are those of the key itself.
    let request = world.request(Method::GET, &store.path("/sync"), secret);
    is_refused(&world.answer(request).await, "key");
}

/// What is waited for, or the end of the story where nobody is turned away: it would wait for ever.
async fn in_time<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(std::time::Duration::from_secs(60), what)
        .await
        .expect("somebody is turned away within a minute")
}

#[tokio::test]
async fn browsers_and_tokens_are_turned_away_apart_and_hold_nobody_else_up() {
    let few = Places {
        at_once: 1,
        waiting: 1,
    };
    let world = world_of(Limits {
        open: few,
        browser: few,
        ..Limits::of_places_only()
    })
    .await;
    let store = world.tenant("Harbour").await;
    let made = store.post("/api-keys", json!({"name": "client"})).await;
    let (id, secret) = (
        made["id"].as_str().unwrap(),
        made["secret"].as_str().unwrap(),
    );
    let superuser = sea_orm::Database::connect(world.database_url("postgres"))
        .await
        .unwrap();
    let held = superuser.begin().await.unwrap();
    held.execute_unprepared("LOCK TABLE connection_link IN ACCESS EXCLUSIVE MODE")
        .await
        .unwrap();
    let path = format!("v1/links/{}", "0".repeat(64));
    let asked = futures::future::join_all((0..6).map(|_| get(&world, "", &path)));
    let meanwhile = async {
        let refused = loop {
            let answer = get(&world, "", &path).await;
            if answer.status == StatusCode::SERVICE_UNAVAILABLE {
                break answer;
            }
        };
        assert_eq!(refused.code().as_deref(), Some("overloaded"));
        assert_eq!(refused.header("retry-after"), "2");
        assert_eq!(token(&world, "", id, secret).await.status, 200);
        let request = world.request(Method::GET, "/v1/tenants", PLATFORM_KEY);
        assert_eq!(world.answer(request).await.status, 200);
        held.rollback().await.unwrap();
    };
    let (answers, ()) = in_time(async { futures::join!(asked, meanwhile) }).await;
    let turned_away = answers
        .iter()
        .filter(|answer| answer.code().as_deref() == Some("overloaded"))
        .count();
    assert!(turned_away >= 3, "{turned_away} turned away");

    let held = superuser.begin().await.unwrap();
    // A key that held a moment ago is not looked up.
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    held.execute_unprepared("LOCK TABLE api_key IN ACCESS EXCLUSIVE MODE")
        .await
        .unwrap();
    let asked = futures::future::join_all((0..6).map(|_| token(&world, "", id, secret)));
    let meanwhile = async {
        let refused = loop {
            let answer = token(&world, "", id, secret).await;
            if answer.status == StatusCode::SERVICE_UNAVAILABLE {
                break answer;
            }
        };
        assert_eq!(refused.code().as_deref(), Some("overloaded"));
        assert_eq!(get(&world, "", &path).await.status, 404);
        held.rollback().await.unwrap();
    };
    let (answers, ()) = in_time(async { futures::join!(asked, meanwhile) }).await;
    assert!(answers.iter().any(|answer| answer.status == 200));
    superuser.close().await.unwrap();
}
