//! The API's own document, and the page to read it on. That answers are as it declares them is checked wherever a story sees
//! one: see `contract.rs`.

use crate::operations::operations;
use crate::world::World;
use reqwest::{Method, StatusCode};
use std::collections::BTreeSet;

#[tokio::test]
async fn the_document_that_is_served_is_the_one_of_the_routes() {
    let world = World::new().await;
    let url = world.base.join("openapi.json").unwrap();
    let answer = world.answer(world.http().get(url)).await;
    assert_eq!(
        (answer.status, answer.content_type().as_str()),
        (StatusCode::OK, "application/json")
    );
    assert_eq!(answer.text(), api::document());
    let described: BTreeSet<_> = operations()
        .into_iter()
        .map(|operation| operation.id)
        .collect();
    for (operation, _) in service::access::OPERATIONS {
        assert!(
            described.contains(*operation),
            "{operation} is not described"
        );
    }
}

#[tokio::test]
async fn the_explorer_needs_nothing_from_elsewhere() {
    let world = World::new().await;
    let led = world
        .answer(world.http().get(world.base.join("explorer").unwrap()))
        .await;
    assert_eq!(
        (led.status, led.header("location")),
        (StatusCode::PERMANENT_REDIRECT, "explorer/")
    );
    let page = world
        .answer(world.http().get(world.base.join("explorer/").unwrap()))
        .await;
    assert_eq!(
        (page.status, page.content_type().as_str()),
        (StatusCode::OK, "text/html")
    );
    assert!(
        page.header("content-security-policy")
            .contains("default-src 'none'")
    );
    let html = page.text();
    assert!(
        !html.contains("http://") && !html.contains("https://") && !html.contains("\"//"),
        "{html}"
    );
    let mut parts = 0;
    for attribute in ["src=\"", "href=\""] {
        for part in html
            .split(attribute)
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap())
        {
            let url = world.base.join("explorer/").unwrap().join(part).unwrap();
            let answer = world.answer(world.http().get(url)).await;
            assert_eq!(answer.status, StatusCode::OK, "{part}");
            assert!(!answer.bytes.is_empty(), "{part}");
            parts += 1;
        }
    }
    assert!(parts >= 3, "{html}");
    let starts = world
        .answer(
            world
                .http()
                .get(world.base.join("explorer/swagger-initializer.js").unwrap()),
        )
        .await;
    assert!(
        starts.text().contains("../openapi.json"),
        "{}",
        starts.text()
    );
    let nothing = world
        .answer(
            world
                .http()
                .get(world.base.join("explorer/nothing.js").unwrap()),
        )
        .await;
    assert_eq!(nothing.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn head_answers_as_get_without_the_body() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    for path in [
        store.path("/events"),
        store.path("/sync"),
        store.path("/accounts"),
        "/healthz".into(),
        "/openapi.json".into(),
    ] {
        let get = world
            .answer(world.request(Method::GET, &path, &store.key))
            .await;
        let head = world
            .answer(world.request(Method::HEAD, &path, &store.key))
            .await;
        assert_eq!((head.status, head.bytes.len()), (get.status, 0), "{path}");
        assert_eq!(head.content_type(), get.content_type(), "{path}");
    }
    // What may not be done twice is not asked for on trial.
    let link = world
        .answer(world.request(Method::HEAD, "/v1/connect/x", &store.key))
        .await;
    assert_eq!(
        (link.status, link.header("allow")),
        (StatusCode::METHOD_NOT_ALLOWED, "GET")
    );
}
