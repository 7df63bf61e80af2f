//! The token endpoint: a key is exchanged for a token of fifteen minutes, and the token ends with it.

use crate::world::{Answer, PLATFORM_KEY, Shape, Tenant, World};
use chrono::TimeDelta;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use service::settings::Access;

/// Asks for a token; the client stands in the form.
pub async fn ask(world: &World, form: &[(&str, &str)]) -> Answer {
    let url = world.base.join("v1/oauth/token").unwrap();
    world.answer(world.http().post(url).form(form)).await
}

/// A token of a key, with all its scopes or some.
pub async fn exchange(world: &World, key: &Value, scope: Option<&str>) -> Value {
    let mut form = vec![
        ("grant_type", "client_credentials"),
        ("client_id", key["id"].as_str().unwrap()),
        ("client_secret", key["secret"].as_str().unwrap()),
    ];
    form.extend(scope.map(|scope| ("scope", scope)));
    let answer = ask(world, &form).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer.json()
}

fn with<'w>(store: &Tenant<'w>, token: &Value) -> Tenant<'w> {
    Tenant {
        world: store.world,
        id: store.id,
        key: token["access_token"].as_str().unwrap().to_owned(),
    }
}

async fn status(store: &Tenant<'_>) -> u16 {
    store.send(Method::GET, "/sync", None).await.0.as_u16()
}

fn part(token: &Value, place: usize) -> Value {
    let text = token["access_token"].as_str().unwrap();
    let part = text.split('.').nth(place).unwrap();
    serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap()
}

#[tokio::test]
async fn a_key_is_exchanged_for_a_token_that_anybody_can_verify() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let key = store
        .post(
            "/api-keys",
            json!({ "name": "till", "scopes": ["sync:read", "events:write"] }),
        )
        .await;
    let began = store.now().await.timestamp();
    let token = exchange(&world, &key, None).await;
    assert_eq!(token["token_type"], "Bearer");
    assert_eq!(token["expires_in"], 900);
    assert_eq!(token["scope"], "events:write sync:read");
    assert_eq!(status(&with(&store, &token)).await, 200);

    let issuer = world.base.as_str().trim_end_matches('/');
    let claims = part(&token, 1);
    assert_eq!(claims["iss"], issuer);
    assert_eq!(claims["aud"], issuer);
    assert_eq!(claims["sub"], key["id"]);
    assert_eq!(claims["tenant_id"], json!(store.id));
    let (from, to) = (
        claims["nbf"].as_i64().unwrap(),
        claims["exp"].as_i64().unwrap(),
    );
    assert!((began..began + 60).contains(&from) && to - from == 900);
    let again = exchange(&world, &key, None).await;
    assert_ne!(part(&again, 1)["jti"], claims["jti"]);

    // What others verify it with.
    let keys = world.base.join(".well-known/jwks.json").unwrap();
    let keys = world.answer(world.http().get(keys)).await;
    assert_eq!(keys.header("cache-control"), "public, max-age=300");
    let header = part(&token, 0);
    assert_eq!(
        (&header["alg"], &header["typ"]),
        (&json!("EdDSA"), &json!("at+jwt"))
    );
    let keys = keys.json();
    let public = keys["keys"]
        .as_array()
        .unwrap()
        .iter()
        .find(|key| key["kid"] == header["kid"])
        .unwrap();
    let x = BASE64URL_NOPAD
        .decode(public["x"].as_str().unwrap().as_bytes())
        .unwrap();
    let (signed, signature) = token["access_token"]
        .as_str()
        .unwrap()
        .rsplit_once('.')
        .unwrap();
    ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, x)
        .verify(
            signed.as_bytes(),
            &BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap(),
        )
        .unwrap();

    let server = world
        .base
        .join(".well-known/oauth-authorization-server")
        .unwrap();
    let server = world.answer(world.http().get(server)).await.json();
    assert_eq!(server["issuer"], issuer);
    assert_eq!(server["token_endpoint"], format!("{issuer}/v1/oauth/token"));
}

#[tokio::test]
async fn a_token_has_the_scopes_that_were_asked_for() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let key = store
        .post(
            "/api-keys",
            json!({ "name": "till", "scopes": ["sync:read", "sync:manage", "keys:manage"] }),
        )
        .await;
    let narrow = with(&store, &exchange(&world, &key, Some("sync:read")).await);
    assert_eq!(status(&narrow).await, 200);
    let (got, answer) = narrow
        .send(Method::POST, "/sync/stop", Some(json!({})))
        .await;
    assert_eq!(
        (got.as_u16(), &answer["code"]),
        (403, &json!("insufficient_scope"))
    );
    let whole = with(
        &store,
        &exchange(&world, &key, Some("sync:manage sync:read")).await,
    );
    whole.post("/sync/stop", json!({})).await;
    let other = world.tenant("Hillside").await;
    let (got, _) = Tenant {
        id: other.id,
        ..narrow
    }
    .send(Method::GET, "/sync", None)
    .await;
    assert_eq!(got, StatusCode::NOT_FOUND);
    // The audit log names the key, whichever way it came.
    let every = with(&store, &exchange(&world, &key, None).await);
    let made = json!({ "name": "made", "scopes": ["sync:read"] });
    let made = every.post("/api-keys", made).await;
    assert_eq!(made["created_by"], key["id"]);
    let log = store.get("/audit-log").await;
    let records = log["items"].as_array().unwrap();
    let record = records
        .iter()
        .find(|record| record["subject"] == made["id"]);
    assert_eq!(record.unwrap()["actor"], key["id"]);
}

#[tokio::test]
async fn a_token_ends_with_its_time_its_key_and_its_tenant() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let make = async |name: &str| store.post("/api-keys", json!({ "name": name })).await;

    let timed = make("timed").await;
    let token = with(&store, &exchange(&world, &timed, None).await);
    world.advance(TimeDelta::seconds(895)).await;
    assert_eq!(status(&token).await, 200);
    world.advance(TimeDelta::seconds(6)).await;
    assert_eq!(status(&token).await, 401);

    let revoked = make("revoked").await;
    let token = with(&store, &exchange(&world, &revoked, None).await);
    assert_eq!(status(&token).await, 200);
    let path = store.path(&format!("/api-keys/{}", revoked["id"].as_str().unwrap()));
    world.ok(Method::DELETE, &path, &store.key, None).await;
    assert_eq!(status(&token).await, 401);
    let refused = [
        ("grant_type", "client_credentials"),
        ("client_id", revoked["id"].as_str().unwrap()),
        ("client_secret", revoked["secret"].as_str().unwrap()),
    ];
    assert_eq!(ask(&world, &refused).await.status, StatusCode::UNAUTHORIZED);

    let rotated = make("rotated").await;
    let token = with(&store, &exchange(&world, &rotated, None).await);
    let path = format!("/api-keys/{}/rotate", rotated["id"].as_str().unwrap());
    store.post(&path, json!({ "overlap_hours": 0 })).await;
    assert_eq!(status(&token).await, 401);

    let suspended = make("suspended").await;
    let token = with(&store, &exchange(&world, &suspended, None).await);
    let set = async |status: &str| {
        world
            .ok(
                Method::PATCH,
                &store.path(""),
                PLATFORM_KEY,
                Some(json!({ "status": status })),
            )
            .await
    };
    set("suspended").await;
    assert_eq!(status(&token).await, 401);
    set("active").await;
    assert_eq!(status(&token).await, 200);
}

fn form<'a>(
    client: [(&'a str, &'a str); 2],
    more: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    [&client[..], more].concat()
}

#[tokio::test]
async fn what_is_no_request_for_a_token_says_why_in_the_words_of_oauth() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let key = store
        .post(
            "/api-keys",
            json!({ "name": "till", "scopes": ["sync:read"] }),
        )
        .await;
    let (id, secret) = (key["id"].as_str().unwrap(), key["secret"].as_str().unwrap());
    let other = store.post("/api-keys", json!({ "name": "other" })).await;
    let grant = ("grant_type", "client_credentials");
    let client = [("client_id", id), ("client_secret", secret)];
    for (form, status, error) in [
        (form(client, &[]), 400, "invalid_request"),
        (
            form(client, &[("grant_type", "password")]),
            400,
            "unsupported_grant_type",
        ),
        (
            form(client, &[("grant_type", "authorization_code")]),
            400,
            "unsupported_grant_type",
        ),
        (form(client, &[grant, grant]), 400, "invalid_request"),
        (
            form(client, &[grant, ("scope", "sync:manage")]),
            400,
            "invalid_scope",
        ),
        (
            form(client, &[grant, ("scope", "platform:tenants")]),
            400,
            "invalid_scope",
        ),
        (vec![grant], 401, "invalid_client"),
        (vec![grant, ("client_id", id)], 401, "invalid_client"),
        (
            vec![grant, ("client_id", id), ("client_secret", "wrong")],
            401,
            "invalid_client",
        ),
        (
            vec![
                grant,
                ("client_id", other["id"].as_str().unwrap()),
                ("client_secret", secret),
            ],
            401,
            "invalid_client",
        ),
        (
            vec![
                grant,
                ("client_id", "platform"),
                ("client_secret", PLATFORM_KEY),
            ],
            401,
            "invalid_client",
        ),
        (
            vec![grant, ("client_id", ""), ("client_secret", "")],
            401,
            "invalid_client",
        ),
    ] {
        let answer = ask(&world, &form).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["error"]),
            (status, &json!(error)),
            "{form:?}"
        );
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(
            answer.header("www-authenticate").starts_with("Basic"),
            status == 401
        );
        assert!(!answer.text().contains(secret));
    }
    // As the header says it.
    let url = world.base.join("v1/oauth/token").unwrap();
    let basic = |user: &str, password: &str| {
        format!(
            "Basic {}",
            BASE64.encode(format!("{user}:{password}").as_bytes())
        )
    };
    for (header, status) in [
        (basic(id, secret), 200),
        (basic(id, "wrong"), 401),
        ("Basic !".into(), 401),
        (format!("Bearer {secret}"), 401),
    ] {
        let request = world
            .http()
            .post(url.clone())
            .header("authorization", &header)
            .form(&[grant]);
        assert_eq!(
            world.answer(request).await.status.as_u16(),
            status,
            "{header}"
        );
    }
    let json = world
        .http()
        .post(url.clone())
        .json(&json!({ "grant_type": "client_credentials" }));
    assert_eq!(
        world.answer(json).await.status,
        StatusCode::UNSUPPORTED_MEDIA_TYPE
    );
    let large = "x".repeat(9000);
    assert_eq!(
        ask(&world, &[grant, ("scope", large.as_str())])
            .await
            .status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
}

#[tokio::test]
async fn keys_that_sign_are_changed_without_a_token_that_does_not_hold() {
    let seed = |byte: u8| secrecy::SecretString::from(BASE64.encode(&[byte; 32]));
    let shaped = async |seeds: &[u8]| {
        let access = Access {
            token_keys: seeds.iter().copied().map(seed).collect(),
            identity_provider: None,
            origins: Vec::new(),
        };
        World::shaped(Shape {
            access,
            ..Shape::default()
        })
        .await
    };
    // Four processes in the order of a change: old alone, the next one published, the next one signs, the old one gone. What each
    // signs, the one before and after believes as far as the key goes: seen by the names they publish.
    let mut before: Option<(String, Vec<String>)> = None;
    for seeds in [&[1][..], &[1, 2], &[2, 1], &[2]] {
        let world = shaped(seeds).await;
        let store = world.tenant("Harbour").await;
        let key = store.post("/api-keys", json!({ "name": "till" })).await;
        let token = exchange(&world, &key, None).await;
        assert_eq!(status(&with(&store, &token)).await, 200);
        let signs = part(&token, 0)["kid"].as_str().unwrap().to_owned();
        let keys = world.base.join(".well-known/jwks.json").unwrap();
        let keys = world.answer(world.http().get(keys)).await.json();
        let names: Vec<_> = keys["keys"]
            .as_array()
            .unwrap()
            .iter()
            .map(|key| key["kid"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(names.len(), seeds.len());
        assert_eq!(names[0], signs);
        if let Some((signed, published)) = before {
            assert!(
                names.contains(&signed),
                "{seeds:?} does not believe what was signed before"
            );
            assert!(
                published.contains(&signs),
                "{seeds:?} signs with what was not published before"
            );
        }
        before = Some((signs, names));
    }
}
