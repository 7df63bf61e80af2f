//! Tokens of the identity provider that are not, or not for us, or not now; and people who are nobody here.

use super::{Attack, Ground};
use crate::idp::{Signer, jws};
use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};

pub(super) fn attacks(ground: &Ground) -> Vec<Attack> {
    let mut attacks = Vec::new();
    attacks.extend(signatures(ground));
    attacks.extend(claims(ground));
    attacks.extend(strangers(ground));
    for attack in &mut attacks {
        attack.name = format!("a person: {}", attack.name);
    }
    attacks
}

fn signatures(ground: &Ground) -> Vec<Attack> {
    let claims = ground.member.to_string();
    let header = json!({ "alg": "EdDSA", "typ": "JWT", "kid": ground.provider.kid });
    let with = |name: &str, value: Value| {
        let mut header = header.clone();
        header[name] = value;
        header
    };
    let attacker = |header: &Value| jws(header, &claims, |message| ground.theirs.sign(message));
    let provider = |header: &Value| jws(header, &claims, |message| ground.provider.sign(message));
    let mut unnamed = header.clone();
    unnamed.as_object_mut().unwrap().remove("kid");
    let impostor = Signer::new(&ground.provider.kid, 77);
    vec![
        ground.bearer(
            "algorithm none",
            jws(&with("alg", json!("none")), &claims, |_| Vec::new()),
        ),
        ground.bearer("an attacker's signature", attacker(&header)),
        ground.bearer(
            "an impostor of the provider",
            impostor.token(&ground.member),
        ),
        ground.bearer(
            "signed by us",
            jws(&with("kid", json!(ground.ours.kid)), &claims, |message| {
                ground.ours.sign(message)
            }),
        ),
        ground.bearer("an unknown key", attacker(&with("kid", json!("attacker")))),
        ground.bearer("no key is named", provider(&unnamed)),
        ground.bearer(
            "brings its key",
            attacker(&with("jwk", ground.theirs.jwk())),
        ),
        ground.bearer(
            "says where its key is",
            attacker(&with("jku", json!(ground.jwks_url))),
        ),
        ground.bearer(
            "another algorithm than the one of the configuration",
            provider(&with("alg", json!("ES256"))),
        ),
        ground.bearer(
            "something critical",
            provider(&with("crit", json!(["exp"]))),
        ),
        ground.bearer(
            "an ID of another type",
            provider(&with("typ", json!("logout+jwt"))),
        ),
        ground.bearer(
            "HS256 with the provider's public key",
            jws(&with("alg", json!("HS256")), &claims, |message| {
                let x = BASE64URL_NOPAD.encode(ground.provider.public());
                let code = Hmac::<sha2::Sha256>::new_from_slice(x.as_bytes()).unwrap();
                code.chain_update(message).finalize().into_bytes().to_vec()
            }),
        ),
    ]
}

fn claims(ground: &Ground) -> Vec<Attack> {
    let now = ground.now;
    let with = |name: &str, value: Value| {
        let mut claims = ground.member.clone();
        claims[name] = value;
        ground.provider.token(&claims)
    };
    let mut attacks = Vec::new();
    for name in ["iss", "aud", "sub", "exp", "nbf"] {
        let mut claims = ground.member.clone();
        claims.as_object_mut().unwrap().remove(name);
        attacks.push(ground.bearer(format!("without `{name}`"), ground.provider.token(&claims)));
        attacks.push(ground.bearer(format!("`{name}` is null"), with(name, Value::Null)));
    }
    for (name, claim, value) in [
        (
            "of another issuer",
            "iss",
            json!("https://other.example.com/"),
        ),
        (
            "of the provider without its stroke",
            "iss",
            json!("https://login.example.com"),
        ),
        ("of several issuers", "iss", json!([crate::idp::ISSUER])),
        ("of ourselves", "iss", json!(ground.issuer)),
        ("for another audience", "aud", json!("another")),
        ("for other audiences", "aud", json!(["another", "third"])),
        ("for no audience", "aud", json!([])),
        (
            "for an audience within another",
            "aud",
            json!([[crate::idp::AUDIENCE]]),
        ),
        (
            "for an audience in capitals",
            "aud",
            json!(crate::idp::AUDIENCE.to_uppercase()),
        ),
        ("nobody", "sub", json!("")),
        ("a number", "sub", json!(1)),
        ("several people", "sub", json!(["ada"])),
        ("too long a name", "sub", json!("a".repeat(256))),
        ("a name with a line's end", "sub", json!("ada\n")),
        ("ended an hour ago", "exp", json!(now - 3600)),
        ("ended just beyond the leeway", "exp", json!(now - 31)),
        ("begins just beyond the leeway", "nbf", json!(now + 90)),
        ("an end in words", "exp", json!((now + 600).to_string())),
        ("an end with a fraction", "exp", json!(4_000_000_000.5)),
    ] {
        attacks.push(ground.bearer(name, with(claim, value)));
    }
    attacks
}

// Who they are is proven; here they are nobody, whatever they say of themselves.
fn strangers(ground: &Ground) -> Vec<Attack> {
    let mut eve = ground.member.clone();
    eve["sub"] = json!("eve");
    let mut boasting = eve.clone();
    boasting["role"] = json!("owner");
    boasting["scope"] = json!("sync:read");
    boasting["tenant_id"] = json!(ground.tenant);
    let mut capitals = ground.member.clone();
    capitals["sub"] = json!("ADA");
    let mut spaced = ground.member.clone();
    spaced["sub"] = json!("ada ");
    let mut attacks: Vec<_> = [
        ("no member", &eve),
        ("no member, and says to be an owner", &boasting),
        ("a member's name in capitals", &capitals),
        ("a member's name and a space", &spaced),
    ]
    .into_iter()
    .map(|(name, claims)| Attack {
        status: 404,
        ..ground.bearer(name, ground.provider.token(claims))
    })
    .collect();
    attacks.push(Attack {
        status: 404,
        tenant: ground.neighbour,
        ..ground.bearer(
            "a member, at a neighbour's",
            ground.provider.token(&ground.member),
        )
    });
    attacks
}
