//! Credentials of every kind, as they are used and as they are misused.

use super::Gathered;
use crate::house::{House, PUBLIC_HOST};
use crate::idp::{IdentityProvider, person};
use crate::store::Store;
use data_encoding::BASE64;
use reqwest::{Method, StatusCode};
use ring::hmac;
use serde_json::{Value, json};

/// What Intuit signs its notifications with.
pub(super) struct Verifier(pub String);

impl Verifier {
    fn signs(&self, body: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.as_bytes());
        BASE64.encode(hmac::sign(&key, body.as_bytes()).as_ref())
    }
}

/// A client's token, a person's, a link by mail, a notification of Intuit's, and an answer that is kept.
pub(super) async fn uses(
    house: &House,
    store: &Store,
    gathered: &mut Gathered,
    provider: &IdentityProvider,
    verifier: &Verifier,
) {
    let token = token_of_ours(store, gathered).await;
    gathered.plant_token("a token of ours", &token);
    assert_eq!(looks(store, gathered, &token).await, StatusCode::OK);

    let member = json!({ "subject": "ada", "role": "admin" });
    store.post("members", member).await;
    let token = provider.signer.token(&person("ada", house.now().await));
    gathered.plant_token("a person's token", &token);
    assert_eq!(looks(store, gathered, &token).await, StatusCode::OK);

    let link = store.post("connection/links", json!({})).await;
    let url = link["url"].as_str().unwrap();
    gathered.plant("a link by mail", url.rsplit('/').next().unwrap());
    let page = store.http.get(url).send().await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    let path = format!("connection/links/{}", link["id"].as_str().unwrap());
    gathered.asks(store, Method::DELETE, &path, None).await;
    // An ended one's page.
    let page = store.http.get(url).send().await.unwrap();
    gathered.answers.extend(page.bytes().await.unwrap());

    for (is_sound, signature) in [
        (true, verifier.signs(NOTIFICATION)),
        (false, BASE64.encode(verifier.0.as_bytes())),
    ] {
        let answer = store
            .http
            .post(format!("http://{PUBLIC_HOST}/v1/intuit/notifications"))
            .header("intuit-signature", signature)
            .body(NOTIFICATION)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status().is_success(), is_sound);
        gathered.answers.extend(answer.bytes().await.unwrap());
    }

    let once = format!(
        "once-{}",
        data_encoding::HEXLOWER.encode(&rand::random::<[u8; 16]>())
    );
    for _ in 0..2 {
        let body = json!({ "name": "kept" });
        let answer = store.attempt_as(Some(&once), "api-keys", body).await;
        gathered.plant_key("a kept answer's API key", &answer.unwrap().1);
    }
    gathered.plant("an Idempotency-Key", once);
}

const NOTIFICATION: &str = r#"{"eventNotifications":[]}"#;

/// The same at the wrong door, altered, or given up.
pub(super) async fn misuses(store: &Store, gathered: &mut Gathered) {
    let token = token_of_ours(store, gathered).await;
    gathered.plant_token("a token that is misused", &token);
    let altered = format!("{}x", &token[..token.len() - 1]);
    assert_eq!(
        looks(store, gathered, &altered).await,
        StatusCode::UNAUTHORIZED
    );
    for path in [
        format!("events?cursor={token}"),
        format!("events/{token}"),
        token.clone(),
    ] {
        // An answer may repeat what it was asked for; no log may.
        store.attempt(Method::GET, &path, None).await.unwrap();
    }
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", store.key()),
        ("client_secret", &token),
    ];
    let (status, answer) = issue(store, &form).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED, "{answer:#}");
    gathered.answers.extend(answer.to_string().into_bytes());
}

async fn token_of_ours(store: &Store, gathered: &mut Gathered) -> String {
    let client = store.post("api-keys", json!({ "name": "client" })).await;
    gathered.plant_key("a client's API key", &client);
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", client["id"].as_str().unwrap()),
        ("client_secret", client["secret"].as_str().unwrap()),
    ];
    let (status, answer) = issue(store, &form).await;
    assert_eq!(status, StatusCode::OK, "{answer:#}");
    answer["access_token"].as_str().unwrap().to_owned()
}

async fn issue(store: &Store, form: &[(&str, &str)]) -> (StatusCode, Value) {
    let answer = store
        .http
        .post(format!("http://{PUBLIC_HOST}/v1/oauth/token"))
        .form(form)
        .send()
        .await
        .unwrap();
    (answer.status(), answer.json().await.unwrap())
}

async fn looks(store: &Store, gathered: &mut Gathered, token: &str) -> StatusCode {
    let answer = store
        .http
        .get(format!(
            "http://{PUBLIC_HOST}/v1/tenants/{}/sync",
            store.tenant
        ))
        .bearer_auth(token)
        .send()
        .await
        .unwrap();
    let status = answer.status();
    gathered.answers.extend(answer.bytes().await.unwrap());
    status
}
