//! The API's surface: names of requests, kinds of bodies, compressed bodies, headers, and where the types of problems lead.

use crate::world::{Answer, Shape, Tenant, World};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use service::settings::Access;

async fn get(store: &Tenant<'_>, path: &str, header: &str, value: &str) -> Answer {
    let request = store
        .world
        .request(Method::GET, &store.path(path), &store.key);
    store.world.answer(request.header(header, value)).await
}

#[tokio::test]
async fn a_request_goes_by_the_callers_name_where_that_is_well_formed() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    for name in ["till-7:20261126", "018f4e7c-1111-7abc-8000-000000000000"] {
        let answer = get(&store, "/sync", "x-request-id", name).await;
        assert_eq!(answer.header("x-request-id"), name);
    }
    let long = "x".repeat(129);
    for name in ["", "a b", "<script>", "a\"b", long.as_str()] {
        let answer = get(&store, "/sync", "x-request-id", name).await;
        let own = answer.header("x-request-id");
        assert!(own.len() == 36 && own != name, "{name}: {own}");
    }
    // Problems carry it too.
    let request = world.http().get(world.base.join("nowhere").unwrap());
    let answer = world.answer(request.header("x-request-id", "mine")).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("x-request-id")),
        (404, "mine")
    );
}

#[tokio::test]
async fn an_answer_that_the_caller_cannot_take_is_refused_before_it_is_made() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    for (path, accept, status) in [
        ("/sync", "text/html", 406),
        ("/sync", "application/json;q=0", 406),
        ("/sync", "text/html, application/json;q=0.1", 200),
        ("/sync", "application/*", 200),
        ("/events/export", "application/json", 406),
        ("/events/export", "text/*", 200),
    ] {
        let answer = get(&store, path, "accept", accept).await;
        assert_eq!(answer.status, status, "{path} {accept}: {}", answer.text());
        if status == 406 {
            assert_eq!(answer.code().as_deref(), Some("not_acceptable"));
            assert_eq!(answer.content_type(), "application/problem+json");
        }
    }
}

#[tokio::test]
async fn a_parameter_that_an_operation_does_not_have_is_refused_and_not_passed_over() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    for (method, path) in [
        (Method::GET, "/sync?colour=red"),
        (Method::GET, "/settings?colour=red"),
        (Method::POST, "/sync/start?colour=red"),
        (Method::GET, "/alerts?colour=red"),
    ] {
        let (status, problem) = store.send(method, path, None).await;
        assert_eq!(status, 400, "{path}: {problem:#}");
        assert_eq!(problem["code"], "invalid_parameter", "{problem:#}");
        assert_eq!(problem["errors"][0]["field"], "colour", "{problem:#}");
    }
    let sync = store.get("/sync").await;
    assert_eq!(sync["state"], "stopped", "{sync:#}");
    // Who may not pass learns nothing of parameters.
    let request = world
        .http()
        .get(world.base.join(&store.path("/sync?colour=red")).unwrap());
    assert_eq!(world.answer(request).await.status, 401);
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

async fn send(store: &Tenant<'_>, kind: &str, coding: &str, body: Vec<u8>) -> Answer {
    let request = store
        .world
        .request(Method::POST, &store.path("/events"), &store.key);
    let request = request
        .header("content-type", kind)
        .header("content-encoding", coding);
    store.world.answer(request.body(body)).await
}

#[tokio::test]
async fn bodies_may_be_compressed_and_what_comes_out_is_limited() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    const JSON: &str = "application/json";
    let one = json!({"events": [store.ticket("t1").await]}).to_string();
    let answer = send(&store, JSON, "gzip", gzipped(one.as_bytes())).await;
    assert_eq!(answer.json()["accepted"], 1, "{}", answer.text());
    let mut lines = String::new();
    for n in 0..300 {
        lines.push_str(&store.ticket(&format!("line-{n}")).await.to_string());
        lines.push('\n');
    }
    let answer = send(
        &store,
        "application/x-ndjson",
        "gzip",
        gzipped(lines.as_bytes()),
    )
    .await;
    assert_eq!(answer.text().matches("\"accepted\"").count(), 300);
    // Some kilobytes that would become a gigabyte end at the limit of what a body may be.
    let bomb = gzipped(&vec![b' '; 64 * 1024 * 1024]);
    assert!(bomb.len() < 100_000);
    let answer = send(&store, JSON, "gzip", bomb).await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_deref()),
        (413, Some("body_too_large"))
    );
    let mut cut = gzipped(one.as_bytes());
    cut.truncate(cut.len() / 2);
    for broken in [cut, b"no gzip at all".to_vec()] {
        let answer = send(&store, JSON, "gzip", broken).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_deref()),
            (400, Some("body_broken_off")),
            "{}",
            answer.text()
        );
    }
    let answer = send(&store, JSON, "br", vec![1, 2, 3]).await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_deref()),
        (415, Some("unsupported_content_encoding"))
    );
    assert_eq!(answer.header("accept-encoding"), "gzip");
}

#[tokio::test]
async fn answers_are_compressed_for_whoever_takes_it() {
    let world = World::new().await;
    let request = world.http().get(world.base.join("openapi.json").unwrap());
    let answer = request
        .header("accept-encoding", "gzip")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.headers()["content-encoding"], "gzip");
    assert!(
        answer.headers()["vary"]
            .to_str()
            .unwrap()
            .to_lowercase()
            .contains("accept-encoding")
    );
    assert!(answer.bytes().await.unwrap().len() * 4 < api::document().len());
}

#[tokio::test]
async fn no_page_of_another_site_reads_or_frames_an_answer() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    for (method, path) in [
        (Method::GET, store.path("/sync")),
        (Method::GET, "/problems".into()),
        (Method::OPTIONS, store.path("/sync")),
    ] {
        let request = world.request(method, &path, &store.key);
        let request = request
            .header("origin", "https://evil.example")
            .header("access-control-request-method", "GET");
        let answer = world.answer(request).await;
        for name in answer.headers.keys() {
            assert!(
                !name.as_str().starts_with("access-control"),
                "{path}: {name}"
            );
        }
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin");
        assert!(
            answer
                .header("content-security-policy")
                .contains("frame-ancestors 'none'")
        );
        assert!(
            answer.header("strict-transport-security").is_empty(),
            "this house is reached over http"
        );
    }
}

#[tokio::test]
async fn the_type_of_each_problem_leads_to_what_is_known_of_it() {
    let world = World::new().await;
    let ask = async |path: &str, accept: &str| {
        let request = world.http().get(world.base.join(path).unwrap());
        world.answer(request.header("accept", accept)).await
    };
    let all = ask("problems", "application/json").await.json();
    let kinds = all["items"].as_array().unwrap();
    assert!(kinds.len() > 60);
    let page = ask("problems", "text/html").await;
    assert_eq!(page.content_type(), "text/html");
    for kind in kinds {
        let path = kind["type"].as_str().unwrap();
        let code = kind["code"].as_str().unwrap();
        assert!(page.text().contains(&format!("id=\"{code}\"")), "{code}");
        assert_eq!(ask(path, "application/json").await.json(), *kind);
        let one = ask(path, "text/html,*/*").await;
        assert_eq!(
            (one.status, one.content_type().as_str()),
            (StatusCode::OK, "text/html")
        );
        assert!(one.text().contains(kind["title"].as_str().unwrap()));
        for word in ["happened", "mend", "who"] {
            assert!(!kind[word].as_str().unwrap().is_empty(), "{code}");
        }
    }
    for code in service::problem::registry() {
        assert!(
            page.text()
                .contains(&format!("id=\"event.{}\"", code.code.as_str()))
        );
    }
    let unknown = ask("problems/nonsense", "application/json").await;
    assert_eq!(
        (unknown.status, unknown.code().as_deref()),
        (StatusCode::NOT_FOUND, Some("not_found"))
    );
}

#[tokio::test]
async fn a_cursor_is_good_for_its_list_and_tenant_and_as_it_is() {
    let world = World::new().await;
    let (store, other) = (
        world.tenant("Harbour").await,
        world.tenant("Hillside").await,
    );
    for tenant in [&store, &other] {
        tenant
            .send_events(vec![tenant.ticket("t1").await, tenant.ticket("t2").await])
            .await;
    }
    let cursor = store.get("/events?limit=1").await["next_cursor"]
        .as_str()
        .unwrap()
        .to_owned();
    let log = store.get("/audit-log?limit=1").await["next_cursor"].clone();
    assert_eq!(
        store.get(&format!("/events?cursor={cursor}")).await["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let refused = async |tenant: &Tenant<'_>, path: String| {
        let answer = tenant.send(Method::GET, &path, None).await;
        assert_eq!(answer.1["code"], "invalid_cursor", "{path}: {answer:?}");
    };
    refused(&other, format!("/events?cursor={cursor}")).await;
    if let Value::String(log) = log {
        refused(&store, format!("/events?cursor={log}")).await;
    }
    refused(&store, format!("/audit-log?cursor={cursor}")).await;
    for place in 0..cursor.len() {
        let mut letters = cursor.clone().into_bytes();
        letters[place] = if letters[place] == b'A' { b'B' } else { b'A' };
        refused(
            &store,
            format!("/events?cursor={}", String::from_utf8(letters).unwrap()),
        )
        .await;
    }
    refused(
        &store,
        format!("/events?cursor={}", &cursor[..cursor.len() - 4]),
    )
    .await;
}

#[tokio::test]
async fn two_people_do_not_overwrite_each_others_changes() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let endpoint = store
        .post("/webhook-endpoints", json!({"url": "http://127.0.0.1:9/"}))
        .await;
    let endpoint = format!("/webhook-endpoints/{}", endpoint["id"].as_str().unwrap());
    let member = store
        .post("/members", json!({"subject": "ada", "role": "accountant"}))
        .await;
    let member = format!("/members/{}", member["id"].as_str().unwrap());
    let platform = crate::world::PLATFORM_KEY;
    for (path, key, one, other) in [
        (
            "/settings".to_owned(),
            store.key.as_str(),
            json!({"net_lines": true}),
            json!({"closed_period": "first_open_day"}),
        ),
        (
            member.clone(),
            store.key.as_str(),
            json!({"name": "One"}),
            json!({"role": "owner"}),
        ),
        (
            endpoint,
            store.key.as_str(),
            json!({"description": "one"}),
            json!({"enabled": false}),
        ),
        (
            String::new(),
            platform,
            json!({"name": "One"}),
            json!({"name": "Other"}),
        ),
    ] {
        let path = store.path(&path);
        let read = world.answer(world.request(Method::GET, &path, key)).await;
        let etag = read.header("etag").to_owned();
        assert!(etag.starts_with('"') && etag.len() == 34, "{path}: {etag}");
        let change = async |etag: &str, body: &Value| {
            let request = world
                .request(Method::PATCH, &path, key)
                .header("if-match", etag)
                .json(body);
            world.answer(request).await
        };
        let first = change(&etag, &one).await;
        assert_eq!(first.status, StatusCode::OK, "{path}: {}", first.text());
        let second = change(&etag, &other).await;
        assert_eq!(
            (second.status.as_u16(), second.code().as_deref()),
            (412, Some("changed_meanwhile")),
            "{path}"
        );
        let again = world.answer(world.request(Method::GET, &path, key)).await;
        assert_eq!(again.header("etag"), first.header("etag"), "{path}");
        let mended = change(&format!("\"nonsense\", {}", again.header("etag")), &other).await;
        assert_eq!(mended.status, StatusCode::OK, "{path}");
        assert_eq!(change("*", &one).await.status, StatusCode::OK);
        assert_eq!(change("nonsense", &one).await.status.as_u16(), 400);
    }
    // Nobody is removed who was changed meanwhile.
    store
        .post("/members", json!({"subject": "bob", "role": "owner"}))
        .await;
    let path = store.path(&member);
    let etag = || async {
        let read = world.request(Method::GET, &path, &store.key);
        world.answer(read).await.header("etag").to_owned()
    };
    let seen = etag().await;
    store
        .send(Method::PATCH, &member, Some(json!({"name": "Ada"})))
        .await;
    for (etag, status) in [(seen, 412), (etag().await, 200)] {
        let remove = world
            .request(Method::DELETE, &path, &store.key)
            .header("if-match", etag);
        assert_eq!(world.answer(remove).await.status.as_u16(), status);
    }
    // Who asks for what is so already changes nothing.
    let before = store.get("/settings").await;
    for body in [json!({}), json!({"net_lines": before["net_lines"]})] {
        assert_eq!(store.patch_settings(body).await, before);
    }
    for path in [store.path("/settings"), "/openapi.json".into()] {
        let read = world
            .answer(world.request(Method::GET, &path, &store.key))
            .await;
        let request = world
            .request(Method::GET, &path, &store.key)
            .header("if-none-match", read.header("etag"));
        let same = world.answer(request).await;
        assert_eq!(
            (same.status, same.bytes.len()),
            (StatusCode::NOT_MODIFIED, 0),
            "{path}"
        );
        assert_eq!(same.header("etag"), read.header("etag"));
        let request = world
            .request(Method::GET, &path, &store.key)
            .header("if-none-match", "\"another\"");
        assert_eq!(world.answer(request).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn what_anybody_may_ask_for_is_asked_for_as_everything_else() {
    let world = World::new().await;
    let get = async |path: &str, accept: &str| {
        let request = world.http().get(world.base.join(path).unwrap());
        world.answer(request.header("accept", accept)).await
    };
    for path in [
        ".well-known/jwks.json",
        ".well-known/oauth-authorization-server",
        "v1/problem-codes",
        "openapi.json",
    ] {
        let answer = get(path, "text/html").await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_deref()),
            (406, Some("not_acceptable")),
            "{path}"
        );
        let answer = get(&format!("{path}?colour=red"), "*/*").await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_deref()),
            (400, Some("invalid_parameter")),
            "{path}"
        );
        assert_eq!(get(path, "application/json").await.status, 200, "{path}");
    }
    // A secret in an address is in everybody's log: it is not even looked at there.
    let token = world
        .http()
        .post(
            world
                .base
                .join("v1/oauth/token?client_secret=tp_x")
                .unwrap(),
        )
        .form(&[("grant_type", "client_credentials")]);
    assert_eq!(
        world.answer(token).await.code().as_deref(),
        Some("invalid_parameter")
    );
    // Mail and Intuit add parameters to what a person's browser is led to.
    for (path, status) in [
        ("v1/intuit/disconnected?realmId=1&utm_source=mail", 200),
        ("v1/intuit/reconnect?colour=red", 200),
        ("v1/connected?outcome=connected&utm_source=mail", 200),
        ("v1/oauth/callback?state=x&code=y&realmId=1&iss=intuit", 404),
        ("v1/links/x?utm_source=mail", 404),
        ("problems?colour=red", 200),
    ] {
        let answer = get(path, "*/*").await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
    }
    // An orchestrator is always told.
    let answer = get("healthz?from=balancer", "text/plain").await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn pages_of_other_sites_may_call_only_where_they_are_configured() {
    const DESK: &str = "https://desk.example.com";
    let shape = |origins: &[&str]| Shape {
        access: Access {
            origins: origins.iter().map(|&origin| origin.to_owned()).collect(),
            ..Access::default()
        },
        ..Shape::default()
    };
    let ask = async |world: &World, method: Method, origin: &str| {
        let url = world.base.join("v1/tenants").unwrap();
        let request = world
            .http()
            .request(method, url)
            .header("origin", origin)
            .header("access-control-request-method", "POST");
        world.answer(request).await
    };
    let off = World::new().await;
    let answer = ask(&off, Method::OPTIONS, DESK).await;
    assert_eq!(answer.status.as_u16(), 405);
    let answer = ask(&off, Method::GET, DESK).await;
    assert_eq!(answer.header("access-control-allow-origin"), "");
    assert!(!answer.header("vary").contains("origin"));

    let world = World::shaped(shape(&[DESK])).await;
    let answer = ask(&world, Method::OPTIONS, DESK).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert_eq!(answer.header("access-control-allow-origin"), DESK);
    assert!(
        answer
            .header("access-control-allow-methods")
            .contains("PATCH")
    );
    for header in ["authorization", "idempotency-key", "if-match"] {
        let allowed = answer.header("access-control-allow-headers");
        assert!(allowed.contains(header), "{allowed}");
    }
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    // What is refused may be read, too; credentials of the browser's own never go along.
    let answer = ask(&world, Method::GET, DESK).await;
    assert_eq!(answer.status.as_u16(), 401);
    assert_eq!(answer.header("access-control-allow-origin"), DESK);
    assert!(
        answer
            .header("access-control-expose-headers")
            .contains("etag")
    );
    assert_eq!(answer.header("access-control-allow-credentials"), "");
    for origin in ["https://evil.example.com", "null"] {
        let answer = ask(&world, Method::OPTIONS, origin).await;
        assert_eq!(answer.status.as_u16(), 405, "{origin}");
        let answer = ask(&world, Method::GET, origin).await;
        assert_eq!(answer.header("access-control-allow-origin"), "", "{origin}");
        assert!(
            answer
                .headers
                .get_all("vary")
                .iter()
                .any(|vary| vary == "origin")
        );
    }
}
