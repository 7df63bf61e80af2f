//! Consent, codes, revocation, and who may call.

use chrono::TimeDelta;
use sandbox::quickbooks::{Consent, NewCompany, Operation, Violation};
use serde_json::json;

use crate::{Answer, Store};

#[tokio::test]
async fn discovery_names_the_endpoints_at_both_paths() {
    let store = Store::open().await;
    for path in [
        "openid_configuration",
        "openid_configuration/",
        "openid_sandbox_configuration",
        "openid_sandbox_configuration/",
    ] {
        let answer = store
            .http
            .get(store.url(&format!("/.well-known/{path}")))
            .send()
            .await
            .unwrap();
        let document = Answer::of(answer).await.body;
        assert_eq!(
            document["token_endpoint"],
            store.url("/oauth2/v1/tokens/bearer").as_str()
        );
        assert_eq!(
            document["authorization_endpoint"],
            store.url("/connect/oauth2").as_str()
        );
        assert_eq!(
            document["revocation_endpoint"],
            store.url("/v2/oauth2/tokens/revoke").as_str()
        );
    }
}

#[tokio::test]
async fn consent_gives_code_state_and_company() {
    let store = Store::open().await;
    let back = store.consent(&[]).await;
    assert_eq!(back["state"], "a state & more");
    assert_eq!(back["realmId"], store.company.realm_id);
    assert!(!back["code"].is_empty());
}

#[tokio::test]
async fn the_company_that_consents_can_be_chosen_and_the_user_can_refuse() {
    let store = Store::open().await;
    let other = store
        .control()
        .seed_company(NewCompany::named("Other"))
        .unwrap();
    store
        .control()
        .set_consent(Consent {
            realm_id: Some(other.realm_id.clone()),
            deny: false,
        })
        .unwrap();
    assert_eq!(store.consent(&[]).await["realmId"], other.realm_id);
    store
        .control()
        .set_consent(Consent {
            realm_id: None,
            deny: true,
        })
        .unwrap();
    let back = store.consent(&[]).await;
    assert_eq!(
        (back["error"].as_str(), back["state"].as_str()),
        ("access_denied", "a state & more")
    );
    assert!(!back.contains_key("code"));
}

#[tokio::test]
async fn a_request_of_an_unknown_app_or_redirect_is_not_redirected() {
    let store = Store::open().await;
    for change in [
        ("client_id", "nobody"),
        ("redirect_uri", "http://localhost:9999/other"),
        ("state", ""),
    ] {
        assert_eq!(store.authorize(&[change]).await.status, 400, "{change:?}");
    }
    assert_eq!(
        store.consent(&[("scope", "openid")]).await["error"],
        "invalid_scope"
    );
}

#[tokio::test]
async fn a_code_works_once_and_only_fresh() {
    let store = Store::open().await;
    let code = store.consent(&[]).await["code"].clone();
    assert_eq!(store.exchange(&code).await.status, 200);
    let again = store.exchange(&code).await;
    assert_eq!(
        (again.status, again.body["error"].as_str()),
        (400, Some("invalid_grant"))
    );
    assert!(
        store
            .control()
            .violations()
            .contains(&Violation::AuthorizationCodeReused {
                realm_id: store.company.realm_id.clone()
            })
    );
    let late = store.consent(&[]).await["code"].clone();
    store.control().advance_clock(TimeDelta::seconds(301));
    assert_eq!(
        store.exchange(&late).await.text,
        r#"{"error":"invalid_grant"}"#
    );
}

#[tokio::test]
async fn a_removed_user_can_neither_refresh_nor_call() {
    let store = Store::open().await;
    store
        .control()
        .set_user_removed(store.realm(), true)
        .unwrap();
    assert_eq!(
        store.refresh(&store.refresh_token).await.body["x_error_reason"],
        "user_not_in_realm"
    );
    assert_eq!(store.read("preferences").await.status, 403);
}

#[tokio::test]
async fn revoking_ends_the_grant() {
    let store = Store::open().await;
    let revoke = async |token: &str| {
        let request = store
            .http
            .post(store.url("/v2/oauth2/tokens/revoke"))
            .basic_auth(
                store.simulator.client_id(),
                Some(store.simulator.client_secret()),
            )
            .json(&json!({ "token": token }));
        Answer::of(request.send().await.unwrap()).await
    };
    assert_eq!(revoke("nothing").await.status, 400);
    let revoked = revoke(&store.refresh_token).await;
    assert_eq!((revoked.status, revoked.text.as_str()), (200, ""));
    assert_eq!(
        store.refresh(&store.refresh_token).await.body["error"],
        "invalid_grant"
    );
    let answer = store.read("preferences").await;
    assert_eq!(answer.status, 401);
    assert!(
        answer.body["fault"]["error"][0]["detail"]
            .as_str()
            .unwrap()
            .starts_with("Token revoked")
    );
}

#[tokio::test]
async fn a_disconnect_inside_quickbooks_ends_the_grant_and_a_reconnect_heals() {
    let mut store = Store::open().await;
    store.control().revoke_grants(store.realm()).unwrap();
    assert_eq!(store.read("preferences").await.status, 401);
    assert_eq!(store.refresh(&store.refresh_token).await.status, 400);
    store.connect().await;
    assert_eq!(store.read("preferences").await.status, 200);
}

#[tokio::test]
async fn expired_access_tokens_are_cured_by_a_refresh() {
    let mut store = Store::open().await;
    store.control().expire_access_tokens(store.realm()).unwrap();
    assert_eq!(store.read("preferences").await.status, 401);
    let tokens = store.refresh(&store.refresh_token).await;
    store.keep(&tokens);
    assert_eq!(store.read("preferences").await.status, 200);
}

#[tokio::test]
async fn a_token_opens_its_own_company_only() {
    let store = Store::open().await;
    let other = store
        .control()
        .seed_company(NewCompany::named("Other"))
        .unwrap();
    let request = store
        .http
        .get(store.url(&format!("/v3/company/{}/preferences", other.realm_id)))
        .bearer_auth(&store.access_token)
        .header("accept", "application/json");
    let answer = Answer::of(request.send().await.unwrap()).await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.body["fault"]["error"][0]["code"], "3100");
    assert_eq!(answer.body["fault"]["type"], "SERVICE");
}

#[tokio::test]
async fn a_call_without_a_token_is_refused() {
    let store = Store::open().await;
    let url = store.url(&format!("/v3/company/{}/preferences", store.realm()));
    let answer = Answer::of(
        store
            .http
            .get(url)
            .header("accept", "application/json")
            .send()
            .await
            .unwrap(),
    )
    .await;
    assert_eq!(
        (
            answer.status,
            answer.body["fault"]["error"][0]["code"].as_str()
        ),
        (401, Some("3202"))
    );
}

#[tokio::test]
async fn the_log_names_every_call_with_its_tid() {
    let store = Store::open().await;
    let answer = store.read("preferences").await;
    let calls = store.control().calls();
    let operations: Vec<Operation> = calls.iter().map(|call| call.operation).collect();
    assert_eq!(
        operations,
        [
            Operation::Authorize,
            Operation::ExchangeCode,
            Operation::ReadPreferences
        ]
    );
    assert_eq!(calls[2].tid, answer.tid);
    assert_eq!(
        (calls[2].status, calls[2].realm_id.as_deref()),
        (Some(200), Some(store.realm()))
    );
    let form: Vec<usize> = answer.tid.split('-').map(str::len).collect();
    assert_eq!(form, [1, 8, 24]);
}
