//! API keys: mistyped, forged with a right checksum, of another environment, revoked, expired, of a suspended tenant.

use super::{Attack, Ground};
use crate::oauth::exchange;
use crate::world::{PLATFORM_KEY, World};
use chrono::TimeDelta;
use data_encoding::BASE64;
use reqwest::Method;
use serde_json::{Value, json};

/// A key's text with the checksum that it should have.
fn checked(body: &str) -> String {
    format!("{body}_{:08x}", crc32fast::hash(body.as_bytes()))
}

pub(super) async fn attacks(world: &World, ground: &Ground) -> Vec<Attack> {
    let mut attacks = altered(ground);
    attacks.extend(ended(world, ground).await);
    for attack in &mut attacks {
        attack.name = format!("a key: {}", attack.name);
    }
    attacks
}

fn altered(ground: &Ground) -> Vec<Attack> {
    let secret = ground.secret();
    let parts: Vec<&str> = secret.split('_').collect();
    let [tp, environment, id, plain, checksum] = parts[..] else {
        panic!("a key has five parts")
    };
    let neighbours: Vec<&str> = ground.neighbours_key["secret"]
        .as_str()
        .unwrap()
        .split('_')
        .collect();
    let (their_id, their_plain) = (neighbours[2], neighbours[3]);
    let body = |id: &str, plain: &str| format!("{tp}_{environment}_{id}_{plain}");
    let mut other = plain.to_owned();
    let last = if other.ends_with('a') { 'b' } else { 'a' };
    other.pop();
    other.push(last);
    let mut attacks: Vec<_> = [
        (
            "a wrong secret, the checksum right",
            checked(&body(id, &other)),
        ),
        (
            "a neighbour's secret under our id",
            checked(&body(id, their_plain)),
        ),
        (
            "our secret under a neighbour's id",
            checked(&body(their_id, plain)),
        ),
        ("no secret", checked(&body(id, ""))),
        (
            "the secret cut",
            checked(&body(id, &plain[..plain.len() - 1])),
        ),
        (
            "the secret and more",
            checked(&body(id, &format!("{plain}a"))),
        ),
        (
            "the secret in capitals",
            checked(&body(id, &plain.to_uppercase())),
        ),
        (
            "what the database keeps of the secret",
            checked(&body(id, &ground.stored_hash)),
        ),
        (
            "of the other environment",
            checked(&format!("{tp}_live_{id}_{plain}")),
        ),
        ("of no environment", checked(&format!("{tp}__{id}_{plain}"))),
        (
            "of another house",
            checked(&format!("sk_{environment}_{id}_{plain}")),
        ),
        (
            "a wrong checksum",
            format!(
                "{}_{:08x}",
                body(id, plain),
                !u32::from_str_radix(checksum, 16).unwrap()
            ),
        ),
        ("a checksum that is too long", format!("{secret}0")),
        ("no checksum", body(id, plain)),
        (
            "of a key that nobody has",
            checked(&body(
                entity::id::ApiKeyId::new()
                    .to_string()
                    .trim_start_matches("key_"),
                plain,
            )),
        ),
        (
            "a tenant's id for the key's",
            checked(&body(
                ground.tenant.to_string().trim_start_matches("ten_"),
                plain,
            )),
        ),
        ("an id out of SQL", checked(&body("' OR '1'='1", plain))),
        ("the id alone", format!("key_{id}")),
        ("twice", format!("{secret}{secret}")),
        ("two keys, separated", format!("{secret},{secret}")),
        (
            "the platform's, cut",
            PLATFORM_KEY[..PLATFORM_KEY.len() - 1].to_owned(),
        ),
        ("the platform's and more", format!("{PLATFORM_KEY}0")),
        ("the platform's in capitals", PLATFORM_KEY.to_uppercase()),
    ]
    .into_iter()
    .map(|(name, credential)| ground.bearer(name, credential))
    .collect();
    attacks.push(Attack {
        header: format!(
            "Basic {}",
            BASE64.encode(format!("{}:{secret}", ground.key["id"].as_str().unwrap()).as_bytes())
        ),
        ..ground.bearer("as user name and password", secret)
    });
    attacks.push(Attack {
        tenant: ground.neighbour,
        status: 404,
        ..ground.bearer("at a neighbour's", secret)
    });
    attacks.push(Attack {
        status: 403,
        ..ground.bearer("the platform's, at a tenant's books", PLATFORM_KEY)
    });
    attacks
}

// Keys that held a moment ago, and the tokens that they were exchanged for.
async fn ended(world: &World, ground: &Ground) -> Vec<Attack> {
    let mut attacks = Vec::new();
    let store = world.tenant("Seaside").await;
    let soon = (store.now().await + TimeDelta::milliseconds(1500)).to_rfc3339();
    let make = async |body: Value| {
        let key = store.post("/api-keys", body).await;
        let token = exchange(world, &key, None).await["access_token"]
            .as_str()
            .unwrap()
            .to_owned();
        (key, token)
    };
    let kept = make(json!({ "name": "kept" })).await;
    let revoked = make(json!({ "name": "revoked" })).await;
    let rotated = make(json!({ "name": "rotated" })).await;
    let expired = make(json!({ "name": "expired", "expires_at": soon })).await;
    let id = |key: &Value| key["id"].as_str().unwrap().to_owned();
    let path = store.path(&format!("/api-keys/{}", id(&revoked.0)));
    world.ok(Method::DELETE, &path, &store.key, None).await;
    let path = format!("/api-keys/{}/rotate", id(&rotated.0));
    store.post(&path, json!({ "overlap_hours": 0 })).await;
    // The claims of the others are made for the time that is now: time goes on by less than their leeway.
    world.advance(TimeDelta::seconds(2)).await;
    world
        .ok(
            Method::PATCH,
            &store.path(""),
            PLATFORM_KEY,
            Some(json!({ "status": "suspended" })),
        )
        .await;
    for (name, (key, token)) in [
        ("of a suspended tenant", &kept),
        ("revoked", &revoked),
        ("rotated without an overlap", &rotated),
        ("expired", &expired),
    ] {
        for (what, credential) in [
            ("the key", key["secret"].as_str().unwrap()),
            ("its token", token),
        ] {
            attacks.push(Attack {
                tenant: store.id,
                ..ground.bearer(format!("{name}: {what}"), credential)
            });
        }
    }
    attacks
}
