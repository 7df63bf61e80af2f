//! The OAuth calls, byte by byte, with the recorded error bodies.

use std::time::Duration;

use quickbooks::{Endpoints, OAuthFailure, QuickBooks, SCOPE};
use secrecy::ExposeSecret;

use crate::server::{Heard, Server, TID, answer, json};
use crate::setup::{quickbooks, settings};

/// JS `test/mocks/bearer-token.json` and `HardExpiresTest.js`, values made up.
const GRANT: &str = r#"{"token_type":"bearer","access_token":"eyJ.new","expires_in":3600,"refresh_token":"RT1-109-H0-1788","x_refresh_token_expires_in":8726400,"x_refresh_token_hard_expires_in":157680000,"id_token":"x"}"#;

fn assert_token_request(heard: &Heard, form: &str) {
    assert_eq!(heard.line, "POST /oauth2/v1/tokens/bearer HTTP/1.1");
    assert_eq!(heard.body, form);
    let headers = [
        // base64 of `ABclient:s3cret`
        ("authorization", "Basic QUJjbGllbnQ6czNjcmV0"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("accept", "application/json"),
        ("x-include-refresh-token-hard-expires-in", "true"),
    ];
    for (name, value) in headers {
        assert_eq!(heard.header(name), Some(value), "{name}");
    }
}

#[tokio::test]
async fn a_code_becomes_a_grant() {
    let server = Server::playing([json(200, GRANT)]).await;
    let grant = quickbooks(&server.url)
        .exchange_code("Q0117/x+")
        .await
        .unwrap();
    assert_token_request(
        &server.only(),
        "grant_type=authorization_code&code=Q0117%2Fx%2B&redirect_uri=https%3A%2F%2Ftillpost.example%2Foauth%2Fcallback",
    );
    assert_eq!(grant.access_token.expose_secret(), "eyJ.new");
    assert_eq!(grant.refresh_token.expose_secret(), "RT1-109-H0-1788");
    assert_eq!(grant.access_expires_in, Duration::from_secs(3600));
    assert_eq!(grant.refresh_expires_in, Duration::from_secs(8_726_400));
    let five_years = Duration::from_secs(157_680_000);
    assert_eq!(grant.refresh_hard_expires_in, Some(five_years));
    assert_eq!(grant.intuit_tid.as_deref(), Some(TID));
    let debug = format!("{grant:?}");
    assert!(!debug.contains("eyJ") && !debug.contains("RT1"), "{debug}");
}

#[tokio::test]
async fn a_refresh_token_becomes_the_next_grant() {
    let without_hard = GRANT.replace(r#""x_refresh_token_hard_expires_in":157680000,"#, "");
    let server = Server::playing([json(200, &without_hard)]).await;
    let grant = quickbooks(&server.url)
        .refresh(&"RT1-old".into())
        .await
        .unwrap();
    assert_token_request(
        &server.only(),
        "grant_type=refresh_token&refresh_token=RT1-old",
    );
    assert_eq!(grant.refresh_token.expose_secret(), "RT1-109-H0-1788");
    assert_eq!(grant.refresh_hard_expires_in, None);
}

#[tokio::test]
async fn a_grant_without_lives_is_kept_for_the_documented_ones() {
    let body = r#"{"token_type":"bearer","access_token":"a","refresh_token":"r"}"#;
    let server = Server::playing([json(200, body)]).await;
    let grant = quickbooks(&server.url)
        .refresh(&"old".into())
        .await
        .unwrap();
    assert_eq!(grant.access_expires_in, Duration::from_secs(3600));
    assert_eq!(grant.refresh_expires_in, Duration::from_secs(8_640_000));
}

#[tokio::test]
async fn a_grant_that_cannot_be_read_is_unknown() {
    for body in [
        "",
        "ok",
        "{}",
        r#"{"token_type":"bearer","access_token":"a","expires_in":3600}"#,
    ] {
        let server = Server::playing([json(200, body)]).await;
        let failure = quickbooks(&server.url)
            .refresh(&"old".into())
            .await
            .unwrap_err();
        let OAuthFailure::Unknown { http_status, .. } = failure else {
            panic!("{body}: {failure:?}");
        };
        assert_eq!(http_status, Some(200));
    }
}

async fn refresh_refused(status: u16, body: &str) -> OAuthFailure {
    let server = Server::playing([json(status, body)]).await;
    let failure = quickbooks(&server.url)
        .refresh(&"RT1-old".into())
        .await
        .unwrap_err();
    assert_eq!(server.heard().len(), 1, "a refusal is not tried again");
    failure
}

fn tid() -> Option<String> {
    Some(TID.to_owned())
}

#[tokio::test]
async fn an_invalid_grant_has_ended() {
    let body = r#"{"error":"invalid_grant"}"#;
    assert_eq!(body.len(), 25, "as recorded");
    let ended = OAuthFailure::GrantEnded {
        description: None,
        intuit_tid: tid(),
    };
    assert_eq!(refresh_refused(400, body).await, ended);
    // The body decides, not the status.
    assert_eq!(refresh_refused(401, body).await, ended);
    assert_eq!(refresh_refused(200, body).await, ended);
    let body = r#"{"error_description":"Token invalid","error":"invalid_grant"}"#;
    assert_eq!(
        refresh_refused(400, body).await,
        OAuthFailure::GrantEnded {
            description: Some("Token invalid".to_owned()),
            intuit_tid: tid(),
        }
    );
}

#[tokio::test]
async fn a_removed_user_is_told_apart() {
    let body = r#"{"error_description":"Unauthorized Request: User is not a member of the specified Realm","x_error_reason":"user_not_in_realm","x_error_reason_detail":"The user is not in the specified realm","error":"invalid_grant"}"#;
    let failure = refresh_refused(400, body).await;
    assert_eq!(
        failure,
        OAuthFailure::UserNotInCompany { intuit_tid: tid() }
    );
    assert_eq!(failure.intuit_tid(), Some(TID));
}

#[tokio::test]
async fn another_environments_token_is_our_misconfiguration() {
    let body =
        r#"{"error":"invalid_grant","error_description":"Incorrect Token type or clientID"}"#;
    assert_eq!(
        refresh_refused(400, body).await,
        OAuthFailure::Misconfigured {
            error: "invalid_grant".to_owned(),
            description: Some("Incorrect Token type or clientID".to_owned()),
            intuit_tid: tid(),
        }
    );
}

#[tokio::test]
async fn wrong_keys_and_malformed_requests_are_our_misconfiguration() {
    for name in [
        "invalid_client",
        "invalid_request",
        "invalid_scope",
        "unauthorized_client",
        "unsupported_grant_type",
    ] {
        for status in [400, 401] {
            let failure = refresh_refused(status, &format!(r#"{{"error":"{name}"}}"#)).await;
            let OAuthFailure::Misconfigured { error, .. } = &failure else {
                panic!("{failure:?}");
            };
            assert_eq!(error, name);
        }
    }
}

#[tokio::test]
async fn servers_in_trouble_and_strange_errors_leave_a_grant_alone() {
    for (status, body) in [
        (500, r#"{"error":"invalid_grant"}"#),
        (503, "<html></html>"),
        (504, ""),
        (429, r#"{"error":"invalid_grant"}"#),
        (400, r#"{"error":"temporarily_unavailable"}"#),
        (400, ""),
        (403, "denied"),
    ] {
        let OAuthFailure::Unknown {
            http_status,
            intuit_tid,
            ..
        } = refresh_refused(status, body).await
        else {
            panic!("{status} {body}");
        };
        assert_eq!((http_status, intuit_tid), (Some(status), tid()));
    }
}

#[tokio::test]
async fn a_failure_never_quotes_the_token_it_was_about() {
    let body = r#"{"error":"invalid_grant","error_description":"Token RT1-old is dead"}"#;
    let failure = refresh_refused(400, body).await;
    assert!(!format!("{failure:?} {failure}").contains("RT1-old"));
}

#[tokio::test]
async fn revoking_sends_json_and_takes_an_empty_answer() {
    let server = Server::playing([json(200, "")]).await;
    quickbooks(&server.url)
        .revoke(&"RT1-old".into())
        .await
        .unwrap();
    let heard = server.only();
    assert_eq!(heard.line, "POST /v2/oauth2/tokens/revoke HTTP/1.1");
    assert_eq!(heard.body, r#"{"token":"RT1-old"}"#);
    assert_eq!(
        heard.header("authorization"),
        Some("Basic QUJjbGllbnQ6czNjcmV0")
    );
    assert_eq!(heard.header("content-type"), Some("application/json"));
    assert_eq!(heard.header("accept"), Some("application/json"));
}

#[tokio::test]
async fn a_refused_revocation_says_why() {
    let server = Server::playing([json(400, r#"{"error":"invalid_grant"}"#), json(400, "")]).await;
    let client = quickbooks(&server.url);
    let failure = client.revoke(&"t".into()).await.unwrap_err();
    assert!(matches!(failure, OAuthFailure::GrantEnded { .. }));
    let failure = client.revoke(&"t".into()).await.unwrap_err();
    assert!(matches!(
        failure,
        OAuthFailure::Unknown {
            http_status: Some(400),
            ..
        }
    ));
}

#[tokio::test]
async fn the_authorization_url_asks_for_accounting_only() {
    let base = "http://127.0.0.1:1".parse().unwrap();
    let url = quickbooks(&base).authorization_url("st/ate").await.unwrap();
    assert_eq!(url.path(), "/connect/oauth2");
    let mut pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    pairs.sort();
    let expected = [
        ("client_id", "ABclient"),
        ("redirect_uri", "https://tillpost.example/oauth/callback"),
        ("response_type", "code"),
        ("scope", SCOPE),
        ("state", "st/ate"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(pairs, expected);
}

fn discovering(server: &Server) -> QuickBooks {
    let mut settings = settings(&server.url);
    let document = server
        .url
        .join("/.well-known/openid_configuration")
        .unwrap();
    settings.endpoints = Endpoints::Discovery(document);
    QuickBooks::new(settings).unwrap()
}

/// DISC's members, at the address of another server.
fn document(base: &str) -> String {
    format!(
        r#"{{"issuer":"https://oauth.platform.intuit.com/op/v1","authorization_endpoint":"https://appcenter.intuit.com/connect/oauth2","token_endpoint":"{base}oauth2/v1/tokens/bearer","userinfo_endpoint":"https://accounts.platform.intuit.com/v1/openid_connect/userinfo","revocation_endpoint":"{base}v2/oauth2/tokens/revoke","jwks_uri":"https://oauth.platform.intuit.com/op/v1/jwks","response_types_supported":["code"],"scopes_supported":["openid","email"]}}"#
    )
}

#[tokio::test]
async fn endpoints_are_discovered_once() {
    let tokens = Server::playing([json(200, GRANT), json(200, "")]).await;
    let discovery = Server::playing([json(200, &document(tokens.url.as_str()))]).await;
    let client = discovering(&discovery);
    let url = client.authorization_url("s").await.unwrap();
    assert!(
        url.as_str()
            .starts_with("https://appcenter.intuit.com/connect/oauth2?")
    );
    client.clone().refresh(&"old".into()).await.unwrap();
    client.revoke(&"old".into()).await.unwrap();
    assert_eq!(tokens.heard().len(), 2);
    assert_eq!(
        discovery.only().line,
        "GET /.well-known/openid_configuration HTTP/1.1"
    );
}

#[tokio::test]
async fn while_discovery_fails_no_token_is_sent_and_the_next_call_asks_again() {
    let tokens = Server::playing([json(200, GRANT)]).await;
    let good = document(tokens.url.as_str());
    let insecure = good.replace("https://appcenter", "ftp://appcenter");
    let discovery = Server::playing([
        answer(503, "text/html", "<html></html>"),
        json(200, "{}"),
        json(200, &insecure),
        json(200, &good),
    ])
    .await;
    let client = discovering(&discovery);
    for _ in 0..3 {
        let failure = client.refresh(&"old".into()).await.unwrap_err();
        assert!(
            matches!(failure, OAuthFailure::NotSent { .. }),
            "{failure:?}"
        );
        assert!(tokens.heard().is_empty());
    }
    client.refresh(&"old".into()).await.unwrap();
}
