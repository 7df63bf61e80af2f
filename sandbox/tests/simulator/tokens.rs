//! Access and refresh tokens: lives, rotation, and the errors byte for byte.

use chrono::TimeDelta;
use sandbox::quickbooks::{FaultPlan, Operation, Outcome, Switches, Violation};
use serde_json::json;

use crate::{Answer, CALLBACK, Store};

#[tokio::test]
async fn token_answers_have_the_documented_members() {
    let store = Store::open().await;
    let answer = store.refresh(&store.refresh_token).await;
    assert_eq!(answer.headers["cache-control"], "no-cache, no-store");
    assert_eq!(answer.body["token_type"], "bearer");
    assert_eq!(answer.body["expires_in"], 3600);
    assert_eq!(answer.body["x_refresh_token_expires_in"], 8_640_000);
    assert!(answer.body.get("x_refresh_token_hard_expires_in").is_none());
}

#[tokio::test]
async fn the_hard_expiry_comes_only_when_asked_for_and_does_not_reset() {
    let store = Store::open().await;
    store.control().set_clock_standing(true);
    let ask = async || {
        let request = store
            .http
            .post(store.url("/oauth2/v1/tokens/bearer"))
            .basic_auth(
                store.simulator.client_id(),
                Some(store.simulator.client_secret()),
            )
            .header("x-include-refresh-token-hard-expires-in", "true")
            .form(&[
                ("grant_type", "refresh_token"),
                ("refresh_token", &store.refresh_token),
            ]);
        Answer::of(request.send().await.unwrap()).await.body["x_refresh_token_hard_expires_in"]
            .as_i64()
            .unwrap()
    };
    let first = ask().await;
    assert!((157_679_900..=157_680_000).contains(&first), "{first}");
    store.control().advance_clock(TimeDelta::hours(1));
    assert_eq!(ask().await, first - 3600);
}

#[tokio::test]
async fn an_access_token_lives_an_hour() {
    let mut store = Store::open().await;
    store.control().set_clock_standing(true);
    let tokens = store.refresh(&store.refresh_token).await;
    store.keep(&tokens);
    store.control().advance_clock(TimeDelta::seconds(3599));
    assert_eq!(store.read("preferences").await.status, 200);
    store.control().advance_clock(TimeDelta::seconds(1));
    let answer = store.read("preferences").await;
    assert_eq!(answer.status, 401);
    let error = &answer.body["fault"]["error"][0];
    assert_eq!(error["code"], "3200");
    assert_eq!(
        error["message"],
        "message=AuthenticationFailed; errorCode=003200; statusCode=401"
    );
    assert!(
        error["detail"]
            .as_str()
            .unwrap()
            .starts_with("Token expired: eyJ")
    );
    assert_eq!(answer.body["fault"]["type"], "AUTHENTICATION");
    assert!(answer.body["time"].is_number());
    assert_eq!(
        answer.headers["www-authenticate"],
        "Bearer realm=\"Intuit\", error=\"invalid_token\""
    );
}

#[tokio::test]
async fn the_refresh_token_changes_after_a_day_and_the_old_one_is_dead_at_once() {
    let mut store = Store::open().await;
    let first = store.refresh_token.clone();
    store.control().advance_clock(TimeDelta::hours(23));
    assert_eq!(
        store.refresh(&first).await.body["refresh_token"],
        json!(first)
    );
    store.control().advance_clock(TimeDelta::hours(2));
    let rotated = store.refresh(&first).await;
    assert_ne!(rotated.body["refresh_token"], json!(first));
    let dead = store.refresh(&first).await;
    assert_eq!(
        dead.text,
        r#"{"error_description":"Token invalid","error":"invalid_grant"}"#
    );
    assert_eq!(
        store.control().violations(),
        [Violation::SupersededRefreshToken {
            realm_id: store.company.realm_id.clone()
        }]
    );
    store.keep(&rotated);
    assert_eq!(store.read("preferences").await.status, 200);
    assert_eq!(store.refresh(&store.refresh_token).await.status, 200);
}

#[tokio::test]
async fn with_grace_an_old_refresh_token_still_works() {
    let store = Store::open().await;
    store.control().set_switches(Switches {
        refresh_grace_hours: 24,
        ..Switches::default()
    });
    store.control().advance_clock(TimeDelta::hours(25));
    let rotated = store.refresh(&store.refresh_token).await;
    let old = store.refresh(&store.refresh_token).await;
    assert_eq!(
        (old.status, &old.body["refresh_token"]),
        (200, &rotated.body["refresh_token"])
    );
}

#[tokio::test]
async fn by_switch_a_second_use_ends_the_whole_grant() {
    let store = Store::open().await;
    store.control().set_switches(Switches {
        second_use_revokes_family: true,
        ..Switches::default()
    });
    store.control().advance_clock(TimeDelta::hours(25));
    let rotated = store.refresh(&store.refresh_token).await;
    assert_eq!(store.refresh(&store.refresh_token).await.status, 400);
    assert_eq!(
        store
            .refresh(rotated.body["refresh_token"].as_str().unwrap())
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn a_grant_unused_for_a_hundred_days_is_dead() {
    let store = Store::open().await;
    store.control().advance_clock(TimeDelta::days(100));
    assert_eq!(
        store.refresh(&store.refresh_token).await.body["error"],
        "invalid_grant"
    );
}

#[tokio::test]
async fn clients_that_are_not_known_are_refused_byte_for_byte() {
    let store = Store::open().await;
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", store.refresh_token.as_str()),
    ];
    let request = store
        .http
        .post(store.url("/oauth2/v1/tokens/bearer"))
        .form(&form);
    let answer = Answer::of(
        request
            .basic_auth(store.simulator.client_id(), Some("wrong"))
            .send()
            .await
            .unwrap(),
    )
    .await;
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (401, r#"{"error":"invalid_client"}"#)
    );
    assert_eq!(
        store.refresh("RT1-unknown").await.text,
        r#"{"error":"invalid_grant"}"#
    );
    assert_eq!(
        store.token(&[("grant_type", "password")]).await.body["error"],
        "unsupported_grant_type"
    );
    assert_eq!(store.token(&[]).await.body["error"], "invalid_request");
}

#[tokio::test]
async fn a_token_of_another_app_is_refused_and_lives_on() {
    let store = Store::open().await;
    store
        .control()
        .register_app("other", "secret", &[CALLBACK.to_owned()]);
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", store.refresh_token.as_str()),
        ("client_id", "other"),
        ("client_secret", "secret"),
    ];
    let request = store
        .http
        .post(store.url("/oauth2/v1/tokens/bearer"))
        .form(&form);
    let answer = Answer::of(request.send().await.unwrap()).await;
    assert_eq!(
        answer.text,
        r#"{"error":"invalid_grant","error_description":"Incorrect Token type or clientID"}"#
    );
    assert_eq!(store.refresh(&store.refresh_token).await.status, 200);
    assert_eq!(store.refresh(&store.access_token).await.text, answer.text);
}

#[tokio::test]
async fn a_plan_for_one_company_meets_its_refreshes_too() {
    let store = Store::open().await;
    let plan = FaultPlan::next(Operation::Refresh, Outcome::Status(503));
    store.control().plan(FaultPlan {
        realm_id: Some("1".to_owned()),
        ..plan.clone()
    });
    assert_eq!(store.refresh(&store.refresh_token).await.status, 200);
    store.control().plan(FaultPlan {
        realm_id: Some(store.company.realm_id.clone()),
        ..plan
    });
    assert_eq!(store.refresh(&store.refresh_token).await.status, 503);
    assert_eq!(store.refresh(&store.refresh_token).await.status, 200);
}
