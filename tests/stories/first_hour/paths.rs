//! Paths, methods, ids, and queries.

use super::{get, no_internals, says, send};
use crate::operations::operations;
use crate::retailers::Retailer;
use crate::world::World;
use reqwest::{Method, StatusCode};
use serde_json::json;

#[tokio::test]
async fn a_path_a_query_or_a_method_that_is_not_ours_is_named() {
    let world = World::new().await;
    let retailer = Retailer::new(&world, "harbour").await;
    let store = &retailer.tenant;
    says(
        &get(store, "/evnets").await,
        404,
        "unknown_route",
        &["/explorer"],
    );
    says(
        &world
            .answer(world.request(Method::GET, "/", &store.key))
            .await,
        404,
        "unknown_route",
        &[],
    );
    let answer = send(store, Method::PUT, "/events", json!({})).await;
    says(&answer, 405, "method_not_allowed", &["GET", "POST"]);
    for method in ["GET", "HEAD", "POST"] {
        assert!(
            answer.header("allow").contains(method),
            "{}",
            answer.header("allow")
        );
    }
    says(
        &send(store, Method::DELETE, "/sync/start", json!({})).await,
        405,
        "method_not_allowed",
        &["POST"],
    );

    // What is not an id names nothing.
    for operation in operations()
        .into_iter()
        .filter(|operation| operation.in_path().contains(&"tenant_id"))
    {
        for place in operation.in_path() {
            for wrong in [
                "x",
                "%00",
                "%2e%2e",
                "evt_",
                "0",
                "key_01jd5zk8x9e3qr0v7m2c4n6p8t%0a",
                &"9".repeat(500),
            ] {
                let path = operation.filled(|name| {
                    if name == place {
                        wrong.to_owned()
                    } else {
                        retailer
                            .ids
                            .get(name)
                            .map_or_else(|| "alr_x".into(), |ids| ids[0].clone())
                    }
                });
                let mut request = world.request(operation.method.clone(), &path, &store.key);
                if let Some(body) = operation.body(&retailer.ids["account_id"][0]) {
                    request = request.json(&body);
                }
                let answer = world.answer(request).await;
                let platforms = matches!(operation.id.as_str(), "read_tenant" | "update_tenant");
                assert_eq!(
                    answer.status,
                    StatusCode::NOT_FOUND,
                    "{platforms} {} {path}: {}",
                    operation.id,
                    answer.text()
                );
                no_internals(&answer);
            }
        }
    }

    for (query, status, code, words) in [
        (
            "/events?limit=0",
            422,
            "invalid_limit",
            &["1 to 200"] as &[&str],
        ),
        (
            "/events?limit=201",
            422,
            "invalid_limit",
            &["201", "1 to 200"],
        ),
        (
            "/events?limit=abc",
            400,
            "invalid_parameter",
            &["limit", "whole number"],
        ),
        (
            "/events?limit=99999999999999999999999",
            400,
            "invalid_parameter",
            &["limit"],
        ),
        (
            "/events?limit=1&limit=2",
            400,
            "invalid_parameter",
            &["limit"],
        ),
        (
            "/events?cursor=nonsense",
            422,
            "invalid_cursor",
            &["next_cursor"],
        ),
        (
            "/events?status=lost",
            422,
            "invalid_status",
            &["`lost`", "failed"],
        ),
        ("/events?colour=red", 400, "invalid_parameter", &["colour"]),
        ("/events?status=%ff", 400, "", &[]),
        ("/accounts?limit=0", 422, "invalid_limit", &["1 to 200"]),
        (
            "/accounts?cursor=evt_x",
            422,
            "invalid_cursor",
            &["next_cursor"],
        ),
        (
            "/accounts?cursor=acc_01jd5zk8x9e3qr0v7m2c4n6p8t",
            422,
            "invalid_cursor",
            &["next_cursor"],
        ),
        (
            "/accounts?active=maybe",
            400,
            "invalid_parameter",
            &["active", "true"],
        ),
        (
            "/alerts?state=loud",
            422,
            "invalid_state",
            &["`loud`", "open"],
        ),
        ("/audit-log?limit=201", 422, "invalid_limit", &["1 to 200"]),
        (
            "/past-syncs?cursor=AAAA",
            422,
            "invalid_cursor",
            &["next_cursor"],
        ),
    ] {
        let answer = get(store, query).await;
        if code.is_empty() {
            // Replaced by the reader or refused: but not ours to fail.
            assert!(
                answer.status.is_client_error(),
                "{query}: {}",
                answer.text()
            );
            continue;
        }
        says(&answer, status, code, words);
    }
}
