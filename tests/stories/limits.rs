//! What is asked at most: requests of a key and a tenant, and requests at once.

mod open;
mod together;

use crate::idp::{IdentityProvider, person};
use crate::world::{Answer, Shape, Tenant, World};
use reqwest::{Method, StatusCode};
use sea_orm::{ConnectionTrait, TransactionTrait};
use serde_json::json;
use service::settings::{Limit, Limits, Places};
use std::time::{Duration, Instant};

async fn get(store: &Tenant<'_>, path: &str, key: &str) -> Answer {
    let request = store.world.request(Method::GET, &store.path(path), key);
    store.world.answer(request).await
}

async fn world_of(limits: Limits) -> World {
    World::shaped(Shape {
        limits,
        ..Shape::default()
    })
    .await
}

#[tokio::test]
async fn a_key_and_a_tenant_are_told_their_limits_and_held_to_them() {
    let of = |requests| Limit {
        requests,
        window: Duration::from_secs(3600),
    };
    let world = world_of(Limits {
        key: of(20),
        tenant: of(30),
        ..Limits::default()
    })
    .await;
    let store = world.tenant("Harbour").await;
    let second = store.post("/api-keys", json!({"name": "second"})).await;
    let second = second["secret"].as_str().unwrap();
    let answer = get(&store, "/sync", &store.key).await;
    assert_eq!(
        answer.header("ratelimit-policy"),
        "\"key\";q=20;w=3600, \"tenant\";q=30;w=3600"
    );
    // The platform's call for the first key counts for the tenant, and so do its own two.
    assert!(
        answer.header("ratelimit").starts_with("\"key\";r=18;t="),
        "{}",
        answer.header("ratelimit")
    );
    assert!(
        answer.header("ratelimit").contains("\"tenant\";r=27;t="),
        "{}",
        answer.header("ratelimit")
    );
    for _ in 0..18 {
        assert_eq!(
            get(&store, "/sync", &store.key).await.status,
            StatusCode::OK
        );
    }
    let refused = get(&store, "/sync", &store.key).await;
    assert_eq!(
        (refused.status.as_u16(), refused.code().as_deref()),
        (429, Some("rate_limited"))
    );
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=180).contains(&wait), "{wait}");
    assert!(refused.header("ratelimit").starts_with("\"key\";r=0;"));
    // Another key has room until the tenant has none.
    for _ in 0..9 {
        assert_eq!(get(&store, "/sync", second).await.status, StatusCode::OK);
    }
    let refused = get(&store, "/sync", second).await;
    assert_eq!(refused.status.as_u16(), 429);
    assert!(
        refused.header("ratelimit").contains("\"tenant\";r=0;"),
        "{}",
        refused.header("ratelimit")
    );
    // Another tenant does not notice.
    let other = world.tenant("Hillside").await;
    assert_eq!(
        get(&other, "/sync", &other.key).await.status,
        StatusCode::OK
    );
    // Health is nobody's request.
    let health = world
        .answer(world.http().get(world.base.join("healthz").unwrap()))
        .await;
    assert_eq!(
        (health.status, health.header("ratelimit")),
        (StatusCode::OK, "")
    );
}

#[tokio::test]
async fn who_may_not_is_counted_too_and_at_no_cost_of_the_tenant_at_whose_door_it_is() {
    let of = |requests| Limit {
        requests,
        window: Duration::from_secs(3600),
    };
    let provider = IdentityProvider::start().await;
    let world = World::shaped(Shape {
        access: provider.access(),
        limits: Limits {
            key: of(6),
            tenant: of(40),
            address: of(2),
            ..Limits::of_places_only()
        },
        ..Shape::default()
    })
    .await;
    let (store, other) = (
        world.tenant("Harbour").await,
        world.tenant("Hillside").await,
    );
    // Of its six, in the order in which they are asked: what is another's, and what its scope does not allow.
    for (path, left, status) in [
        (other.path("/sync"), 5, 404),
        (other.path("/alerts"), 4, 404),
        (format!("/v1/tenants/{}", store.id), 3, 403),
        ("/v1/tenants".to_owned(), 2, 403),
        (other.path("/sync"), 1, 404),
        (other.path("/sync"), 0, 404),
    ] {
        let answer = world
            .answer(world.request(Method::GET, &path, &store.key))
            .await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        let told = answer.header("ratelimit");
        assert!(
            told.starts_with(&format!("\"key\";r={left};")),
            "{path}: {told}"
        );
    }
    let refused = world
        .answer(world.request(Method::GET, &other.path("/sync"), &store.key))
        .await;
    assert_eq!(refused.code().as_deref(), Some("rate_limited"));
    assert!(!refused.header("retry-after").is_empty());
    // The platform made the other's key; nothing else was asked in its name.
    let answer = get(&other, "/sync", &other.key).await;
    let told = answer.header("ratelimit");
    assert!(told.contains("\"tenant\";r=38;"), "{told}");
    // A person who is a member nowhere is known by where they come from.
    let nobody = provider
        .signer
        .token(&person("nobody|1", store.now().await));
    for _ in 0..2 {
        assert_eq!(
            get(&other, "/sync", &nobody).await.status,
            StatusCode::NOT_FOUND
        );
    }
    let refused = get(&other, "/sync", &nobody).await;
    assert!(
        refused.header("ratelimit").starts_with("\"address\";r=0;"),
        "{}",
        refused.text()
    );
    assert_eq!(refused.code().as_deref(), Some("rate_limited"));
}

#[tokio::test]
async fn live_events_are_taken_in_while_others_are_turned_away() {
    let few = Places {
        at_once: 2,
        waiting: 2,
    };
    let world = world_of(Limits {
        usual: few,
        heavy: few,
        ..Limits::of_places_only()
    })
    .await;
    let store = world.tenant("Harbour").await;
    let superuser = sea_orm::Database::connect(world.database_url("postgres"))
        .await
        .unwrap();
    let held = superuser.begin().await.unwrap();
    held.execute_unprepared("LOCK TABLE audit_record IN ACCESS EXCLUSIVE MODE")
        .await
        .unwrap();
    let asked: Vec<_> = (0..12)
        .map(|_| get(&store, "/audit-log", &store.key))
        .collect();
    let asked = futures::future::join_all(asked);
    let meanwhile = async {
        // The places are taken and the queue is full as soon as somebody is turned away, and that is at once.
        let (refused, took) = loop {
            let began = Instant::now();
            let answer = get(&store, "/past-syncs", &store.key).await;
            if answer.status == StatusCode::SERVICE_UNAVAILABLE {
                break (answer, began.elapsed());
            }
        };
        assert!(took < Duration::from_secs(4), "{took:?}");
        assert_eq!(refused.code().as_deref(), Some("overloaded"));
        assert_eq!(refused.header("retry-after"), "2");
        for n in 0..20 {
            let events = json!({"events": [store.ticket(&format!("t{n}")).await]});
            let request = world
                .request(Method::POST, &store.path("/events"), &store.key)
                .json(&events);
            let answer = world.answer(request).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        }
        let health = world
            .answer(world.http().get(world.base.join("healthz").unwrap()))
            .await;
        assert_eq!(health.status, StatusCode::OK);
        let heavy = get(&store, "/events/export", &store.key).await;
        assert_eq!(
            heavy.status,
            StatusCode::OK,
            "other classes have places of their own"
        );
        held.rollback().await.unwrap();
    };
    let (answers, ()) = futures::join!(asked, meanwhile);
    let turned_away = answers
        .iter()
        .filter(|answer| answer.code().as_deref() == Some("overloaded"))
        .count();
    let served = answers
        .iter()
        .filter(|answer| answer.status == StatusCode::OK)
        .count();
    assert!(
        turned_away >= 8 && served + turned_away == 12,
        "{served} served, {turned_away} turned away"
    );
    // What was too much is over.
    assert_eq!(
        get(&store, "/audit-log", &store.key).await.status,
        StatusCode::OK
    );
    superuser.close().await.unwrap();
}
