//! What is answered before any use-case is called: no product stands behind these routes.

use crate::headers::finish;
use crate::routes::rows;
use crate::routing::configure;
use crate::span::Spans;
use actix_web::dev::ServiceResponse;
use actix_web::http::{Method, header};
use actix_web::middleware::{Compress, from_fn};
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, web};
use serde_json::Value;
use tracing_actix_web::TracingLogger;

async fn ask(request: TestRequest) -> ServiceResponse {
    let app = init_service(
        App::new()
            .configure(configure)
            .service(web::resource("/panics").route(crate::open::open(
                web::get(),
                "panics",
                || async {
                    assert_eq!(1, 2, "a mistake");
                    ""
                },
            )))
            .wrap(Compress::default())
            .wrap(from_fn(finish))
            .wrap(TracingLogger::<Spans>::new()),
    )
    .await;
    call_service(&app, request.to_request())
        .await
        .map_into_boxed_body()
}

async fn json(response: ServiceResponse) -> Value {
    serde_json::from_slice(&read_body(response).await).unwrap()
}

fn path(pattern: &str) -> String {
    pattern
        .replace("{tenant_id}", "ten_01jd5zk8x9e3qr0v7m2c4n6p8t")
        .replace("_id}", "")
        .replace(['{', '}'], "")
}

#[actix_web::test]
async fn every_guarded_route_asks_for_a_credential_before_anything_else() {
    for row in rows().into_iter().filter(|row| row.guarded) {
        for method in row.methods() {
            let request = TestRequest::with_uri(&format!("{}?limit=%00", path(row.path)))
                .method(Method::from_bytes(method.as_bytes()).unwrap())
                .set_payload("{");
            let response = ask(request).await;
            assert_eq!(response.status(), 401, "{}", row.operation);
            let headers = response.headers();
            assert!(headers.contains_key(header::WWW_AUTHENTICATE));
            assert_eq!(
                headers.get(header::CONTENT_TYPE).unwrap(),
                "application/problem+json"
            );
        }
    }
}

#[actix_web::test]
async fn an_unknown_path_is_a_problem_that_says_where_to_look() {
    for uri in [
        "/",
        "/v1",
        "/v1/tenants/",
        "/v2/tenants",
        "/explorer/nope.js",
        "/v1/%00",
    ] {
        let response = ask(TestRequest::with_uri(uri)).await;
        assert_eq!(response.status(), 404, "{uri}");
        let problem = json(response).await;
        assert_eq!(problem["code"], "unknown_route", "{uri}");
        assert!(
            problem["detail"]
                .as_str()
                .unwrap()
                .contains("/openapi.json")
        );
    }
}

#[actix_web::test]
async fn a_method_that_a_path_does_not_take_is_told_those_it_takes() {
    for (method, uri, allowed) in [
        (Method::PUT, "/v1/tenants", "GET, HEAD, POST"),
        (Method::OPTIONS, "/v1/tenants", "GET, HEAD, POST"),
        (Method::GET, "/v1/tenants/x/mappings/bulk", "POST"),
        (Method::DELETE, "/v1/tenants/x/mappings/clear", "POST"),
        (Method::GET, "/v1/tenants/x/mappings/map_x", "DELETE"),
        (Method::HEAD, "/v1/connect/secret", "GET"),
        (Method::HEAD, "/v1/oauth/callback", "GET"),
        (Method::POST, "/explorer/index.css", "GET, HEAD"),
    ] {
        let response = ask(TestRequest::with_uri(uri).method(method)).await;
        assert_eq!(response.status(), 405, "{uri}");
        assert_eq!(
            sorted(
                response
                    .headers()
                    .get(header::ALLOW)
                    .unwrap()
                    .to_str()
                    .unwrap()
            ),
            sorted(allowed)
        );
    }
}

fn sorted(list: &str) -> Vec<&str> {
    let mut list: Vec<_> = list.split(", ").collect();
    list.sort_unstable();
    list
}

#[actix_web::test]
async fn every_answer_carries_the_headers_of_the_house() {
    for uri in [
        "/healthz",
        "/nowhere",
        "/openapi.json",
        "/explorer/",
        "/v1/connected?outcome=connected",
    ] {
        let response = ask(TestRequest::with_uri(uri)).await;
        let text = |name: &str| {
            response
                .headers()
                .get(name)
                .map(|value| value.to_str().unwrap().to_owned())
                .unwrap_or_default()
        };
        assert_eq!(text("cache-control"), "no-store", "{uri}");
        assert_eq!(text("x-content-type-options"), "nosniff", "{uri}");
        assert_eq!(text("referrer-policy"), "no-referrer", "{uri}");
        assert!(
            text("content-security-policy").starts_with("default-src 'none'"),
            "{uri}"
        );
        assert!(!text("x-request-id").is_empty(), "{uri}");
    }
}

#[actix_web::test]
async fn a_panic_is_a_problem_of_ours_without_its_words() {
    let response = ask(TestRequest::with_uri("/panics")).await;
    assert_eq!(response.status(), 500);
    assert!(response.headers().contains_key("x-request-id"));
    let problem = json(response).await;
    assert_eq!(problem["code"], "internal");
    assert!(!problem.to_string().contains("mistake\""), "{problem}");
}

#[actix_web::test]
async fn health_is_answered_and_head_is_get_without_a_body() {
    assert_eq!(
        json(ask(TestRequest::with_uri("/healthz")).await).await["status"],
        "ok"
    );
    let head = ask(TestRequest::with_uri("/healthz").method(Method::HEAD)).await;
    assert_eq!(head.status(), 200);
}

#[actix_web::test]
async fn the_explorer_and_what_it_loads_come_from_here() {
    let page = read_body(ask(TestRequest::with_uri("/explorer/")).await).await;
    let page = String::from_utf8(page.to_vec()).unwrap();
    assert!(page.contains("swagger-ui"), "{page}");
    assert!(
        !page.contains("http://") && !page.contains("https://"),
        "{page}"
    );
    for part in page.split("./").skip(1) {
        let name = part.split('"').next().unwrap();
        let response = ask(TestRequest::with_uri(&format!("/explorer/{name}"))).await;
        assert_eq!(response.status(), 200, "{name}");
    }
    let settings =
        read_body(ask(TestRequest::with_uri("/explorer/swagger-initializer.js")).await).await;
    let settings = String::from_utf8(settings.to_vec()).unwrap();
    assert!(settings.contains("../openapi.json"), "{settings}");
    let document = json(ask(TestRequest::with_uri("/openapi.json")).await).await;
    assert_eq!(document["openapi"], "3.1.0");
}

#[actix_web::test]
async fn a_coding_that_is_not_spoken_is_said_as_a_problem() {
    let request = TestRequest::with_uri("/openapi.json")
        .insert_header((header::ACCEPT_ENCODING, "br, identity;q=0"));
    let response = ask(request).await;
    assert_eq!(response.status(), 406);
    assert_eq!(json(response).await["code"], "not_acceptable");
    let request =
        TestRequest::with_uri("/openapi.json").insert_header((header::ACCEPT_ENCODING, "gzip"));
    let response = ask(request).await;
    assert_eq!(
        response.headers().get(header::CONTENT_ENCODING).unwrap(),
        "gzip"
    );
}
