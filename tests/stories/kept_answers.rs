//! Answers that are kept under an Idempotency-Key are sealed as a tenant's other secrets are: they are sealed anew with them, open
//! in their own place only, and end with the tenant, out of a backup too.

use crate::world::{PLATFORM_KEY, Tenant, World};
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use entity::id::TenantId;
use hmac::{Hmac, Mac};
use reqwest::{Method, StatusCode};
use sea_orm::{ConnectionTrait, TransactionTrait};
use secrecy::ExposeSecret;
use serde_json::json;
use service::error::Error;
use service::idempotency::{self, Answer, Begun, Identity};
use service::vault::rotation;
use sha2::Sha256;
use std::time::Duration;

/// Longer than anything here takes that waits for nobody.
const PATIENCE: Duration = Duration::from_secs(20);

fn identity(tenant: TenantId, key: &str) -> Identity<'_> {
    Identity {
        tenant: Some(tenant),
        operation: "create_api_key",
        key,
        actor: "somebody",
        content: &[b"the same"],
    }
}

fn answered(body: &str) -> Answer {
    Answer {
        status: 201,
        headers: vec![("location".into(), "/v1/there".into())],
        body: body.into(),
    }
}

async fn keep(world: &World, tenant: TenantId, key: &str, answer: &Answer) {
    match idempotency::begin(&world.service, identity(tenant, key)).await {
        Ok(Begun::Fresh(attempt)) => attempt.conclude(answer).await.unwrap(),
        _ => panic!("it is not new"),
    }
}

/// What is answered when the request comes again.
async fn again(world: &World, tenant: TenantId, key: &str) -> Result<Answer, Error> {
    match idempotency::begin(&world.service, identity(tenant, key)).await? {
        Begun::Met(answer) => Ok(answer),
        Begun::Fresh(_) => panic!("it would be done again"),
        Begun::InUse | Begun::Reused => panic!("it is another's"),
    }
}

#[tokio::test]
async fn a_kept_answer_ends_with_its_tenant_out_of_a_backup_too() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let answer = answered("a secret that is shown once");
    keep(&world, store.id, "k1", &answer).await;
    assert_eq!(again(&world, store.id, "k1").await.unwrap(), answer);
    world
        .sql("CREATE TABLE backup AS SELECT * FROM idempotency_key")
        .await;
    let path = format!("/v1/tenants/{}", store.id);
    world.ok(Method::DELETE, &path, PLATFORM_KEY, None).await;
    assert!(
        world
            .rows("SELECT operation FROM idempotency_key")
            .await
            .is_empty()
    );
    world
        .sql("INSERT INTO idempotency_key SELECT * FROM backup")
        .await;
    let error = again(&world, store.id, "k1").await.unwrap_err();
    assert!(error.to_string().contains("does not open"), "{error}");
}

#[tokio::test]
async fn a_kept_answer_opens_in_its_own_place_only() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    keep(&world, store.id, "k1", &answered("one")).await;
    keep(&world, store.id, "k2", &answered("two")).await;
    // Moved with everything that could be moved with it.
    world
        .sql(
            "WITH one AS (SELECT * FROM idempotency_key WHERE id IS NOT NULL ORDER BY created_at LIMIT 1), gone AS (DELETE FROM idempotency_key k USING one WHERE k.id = one.id)
             UPDATE idempotency_key k SET answer = one.answer FROM one WHERE k.id <> one.id",
        )
        .await;
    let mut left = Vec::new();
    for key in ["k1", "k2"] {
        match idempotency::begin(&world.service, identity(store.id, key)).await {
            Ok(Begun::Fresh(_)) => left.push("gone"),
            Ok(_) => left.push("opened"),
            Err(_) => left.push("does not open"),
        }
    }
    left.sort_unstable();
    assert_eq!(left, ["does not open", "gone"]);
}

// A key made of the pepper for one row, as all were sealed under before.
fn of_the_pepper(pepper: &str, purpose: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(pepper.as_bytes()).unwrap();
    for part in purpose {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

// Makes every kept answer of the tenant one from before answers were sealed under data keys.
async fn as_before(world: &World, store: &Tenant<'_>, answer: &Answer) {
    let pepper = world.service.settings().pepper.expose_secret().to_owned();
    let rows = world
        .rows("SELECT encode(key_hash, 'hex') || ' ' || encode(fingerprint, 'hex') FROM idempotency_key")
        .await;
    for row in rows {
        let (key_hash, fingerprint) = row.split_once(' ').unwrap();
        let bytes = |text: &str| data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap();
        let key = of_the_pepper(
            &pepper,
            &[
                b"idempotent answer",
                store.id.0.as_bytes(),
                b"create_api_key",
                &bytes(key_hash),
                &bytes(fingerprint),
            ],
        );
        let inside = json!({
            "headers": answer.headers,
            "body": String::from_utf8(answer.body.clone()).unwrap(),
        });
        let nonce = [9; 24];
        let sealed = XChaCha20Poly1305::new_from_slice(&key)
            .unwrap()
            .encrypt(&XNonce::from(nonce), inside.to_string().as_bytes())
            .unwrap();
        let sealed = data_encoding::HEXLOWER.encode(&[&nonce[..], &sealed].concat());
        world
            .sql(&format!(
                "UPDATE idempotency_key SET id = NULL, answer = '\\x{sealed}' WHERE key_hash = '\\x{key_hash}'"
            ))
            .await;
    }
}

#[tokio::test]
async fn an_answer_from_before_is_answered_again_and_is_passed_over_when_keys_change() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let (old, new) = (answered("from before"), answered("of today"));
    keep(&world, store.id, "old", &answered("")).await;
    as_before(&world, &store, &old).await;
    keep(&world, store.id, "new", &new).await;
    for round in 1..=2 {
        assert_eq!(again(&world, store.id, "old").await.unwrap(), old);
        assert_eq!(again(&world, store.id, "new").await.unwrap(), new);
        let now = store.now().await;
        let changed = rotation::renew(&world.service, now).await.unwrap();
        assert_eq!((changed.tenants, changed.values), (1, 1), "round {round}");
    }
}

#[tokio::test]
async fn more_answers_than_are_sealed_anew_at_once_are_all_sealed_anew() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    for n in 0..205 {
        keep(&world, store.id, &n.to_string(), &answered(&n.to_string())).await;
    }
    let now = store.now().await;
    let changed = rotation::renew(&world.service, now).await.unwrap();
    assert_eq!(changed.values, 205);
    world.advance(chrono::TimeDelta::minutes(11)).await;
    assert_eq!(rotation::destroy_retired(&world.service).await.unwrap(), 1);
    for n in 0..205 {
        let answer = again(&world, store.id, &n.to_string()).await.unwrap();
        assert_eq!(answer, answered(&n.to_string()));
    }
}

// A new tenant's first key is made by itself, so that its requests need not wait for each other.
#[tokio::test]
async fn a_tenants_first_requests_come_at_once() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let keys: Vec<String> = (0..3).map(|n| format!("k{n}")).collect();
    let mut attempts = Vec::new();
    for key in &keys {
        let begun = idempotency::begin(&world.service, identity(store.id, key));
        match tokio::time::timeout(PATIENCE, begun).await {
            Ok(Ok(Begun::Fresh(attempt))) => attempts.push(attempt),
            Ok(_) => panic!("it is not new"),
            Err(_) => panic!("it waits"),
        }
    }
    // The first to begin is the last to end.
    for attempt in attempts.into_iter().rev() {
        attempt.conclude(&answered("done")).await.unwrap();
    }
}

// By then it may keep others waiting, whoever ends the tenant among them.
#[tokio::test]
async fn a_request_waits_for_nobody_who_ends_its_tenant() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    keep(&world, store.id, "before", &answered("before")).await;
    let superuser = sea_orm::Database::connect(world.database_url("postgres"))
        .await
        .unwrap();
    let ends = superuser.begin().await.unwrap();
    ends.execute_unprepared("SELECT FROM data_key FOR UPDATE")
        .await
        .unwrap();
    let keys = store.get("/api-keys").await;
    let ask = async || {
        let request = world
            .request(Method::POST, &store.path("/api-keys"), &store.key)
            .header("idempotency-key", "k1")
            .json(&json!({ "name": "till" }));
        world.answer(request).await
    };
    let refused = tokio::time::timeout(PATIENCE, ask())
        .await
        .expect("it waits");
    assert_eq!(refused.status, StatusCode::NOT_FOUND, "{}", refused.text());
    ends.rollback().await.unwrap();
    assert_eq!(store.get("/api-keys").await, keys);
    let met = ask().await;
    assert_eq!(met.status, StatusCode::CREATED, "{}", met.text());
    superuser.close().await.unwrap();
}
