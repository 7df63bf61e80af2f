//! Credentials: missing, mistyped, revoked, expired, or without the scope.

use super::{get, says, send};
use crate::world::{PLATFORM_KEY, Tenant, World};
use chrono::TimeDelta;
use reqwest::{Method, StatusCode};
use serde_json::json;

#[tokio::test]
async fn a_key_that_does_not_hold_says_so_and_a_key_without_a_scope_names_it() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let url = world.base.join(&store.path("/sync")).unwrap();
    let missing = world.answer(world.http().get(url.clone())).await;
    says(&missing, 401, "unauthenticated", &["Authorization: Bearer"]);
    assert_eq!(
        missing.header("www-authenticate"),
        "Bearer realm=\"tillpost\""
    );
    for header in ["Basic dTpw", "Bearer", "Bearer a b", store.key.as_str()] {
        let answer = world
            .answer(
                world
                    .http()
                    .get(url.clone())
                    .header("authorization", header),
            )
            .await;
        says(&answer, 401, "unauthenticated", &["Authorization: Bearer"]);
    }
    let mut mistyped = store.key.clone();
    mistyped.replace_range(12..13, if &store.key[12..13] == "z" { "y" } else { "z" });
    for wrong in [
        "wrong",
        "tp_test_x_y_z",
        &mistyped,
        &store.key.to_uppercase(),
        &store.key.replace("tp_test", "tp_live"),
    ] {
        let answer = world
            .answer(world.request(Method::GET, &store.path("/sync"), wrong))
            .await;
        says(
            &answer,
            401,
            "unauthenticated",
            &["credential does not hold"],
        );
        assert!(answer.header("www-authenticate").contains("invalid_token"));
    }

    let reader = store
        .post(
            "/api-keys",
            json!({ "name": "reader", "scopes": ["sync:read"] }),
        )
        .await;
    let caller = Tenant {
        world: &world,
        id: store.id,
        key: reader["secret"].as_str().unwrap().into(),
    };
    assert_eq!(get(&caller, "/sync").await.status, StatusCode::OK);
    let answer = send(&caller, Method::POST, "/sync/start", json!({})).await;
    says(
        &answer,
        403,
        "insufficient_scope",
        &["`sync:manage`", "create one"],
    );
    assert!(
        answer
            .header("www-authenticate")
            .contains("scope=\"sync:manage\"")
    );

    // Revoked: the very next request is refused.
    let path = format!("/api-keys/{}", reader["id"].as_str().unwrap());
    assert!(
        send(&store, Method::DELETE, &path, json!({}))
            .await
            .status
            .is_success()
    );
    says(
        &get(&caller, "/sync").await,
        401,
        "unauthenticated",
        &["revoked"],
    );

    let expires_at = (store.now().await + TimeDelta::minutes(1)).to_rfc3339();
    let short = store
        .post(
            "/api-keys",
            json!({ "name": "short", "expires_at": expires_at }),
        )
        .await;
    let caller = Tenant {
        world: &world,
        id: store.id,
        key: short["secret"].as_str().unwrap().into(),
    };
    assert_eq!(get(&caller, "/sync").await.status, StatusCode::OK);
    world.advance(TimeDelta::minutes(2)).await;
    says(
        &get(&caller, "/sync").await,
        401,
        "unauthenticated",
        &["expired"],
    );
    let answer = send(
        &store,
        Method::POST,
        "/api-keys",
        json!({ "name": "past", "expires_at": expires_at }),
    )
    .await;
    says(&answer, 422, "invalid_expiry", &["past"]);
    let answer = send(
        &store,
        Method::POST,
        "/api-keys",
        json!({ "name": "x", "scopes": ["events:everything"] }),
    )
    .await;
    says(
        &answer,
        422,
        "unknown_scope",
        &["events:everything", "events:read"],
    );

    let platform = Tenant {
        world: &world,
        id: store.id,
        key: PLATFORM_KEY.into(),
    };
    says(
        &get(&platform, "/events").await,
        403,
        "insufficient_scope",
        &["`events:read`", "key of the tenant"],
    );
    let answer = world
        .answer(world.request(Method::GET, "/v1/tenants", &store.key))
        .await;
    says(
        &answer,
        403,
        "insufficient_scope",
        &["`platform:tenants`", "platform's own credential"],
    );
}
