//! Tokens that our own key signed, and that say what none of ours says.

use super::{Attack, Ground};
use serde_json::{Value, json};

pub(super) fn attacks(ground: &Ground) -> Vec<Attack> {
    let mut attacks = Vec::new();
    attacks.extend(missing(ground));
    attacks.extend(of_another_kind(ground));
    attacks.extend(of_others(ground));
    attacks.extend(times(ground));
    attacks.extend(texts(ground));
    attacks
}

fn missing(ground: &Ground) -> Vec<Attack> {
    let names: Vec<String> = ground
        .claims()
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    names
        .iter()
        .map(|name| {
            let mut claims = ground.claims();
            claims.as_object_mut().unwrap().remove(name);
            let token = ground.signed(&ground.header(), &claims.to_string());
            ground.bearer(format!("without `{name}`"), token)
        })
        .collect()
}

fn of_another_kind(ground: &Ground) -> Vec<Attack> {
    let mut attacks = Vec::new();
    for name in ["iss", "aud", "sub", "exp", "nbf", "scope"] {
        attacks.push(ground.bearer(
            format!("`{name}` is null"),
            ground.with_claim(name, Value::Null),
        ));
    }
    for name in ["iss", "aud", "sub", "scope", "client_id"] {
        let list = json!([ground.claims()[name]]);
        attacks.push(ground.bearer(format!("`{name}` is a list"), ground.with_claim(name, list)));
    }
    for name in ["exp", "nbf", "iat"] {
        let text = json!(ground.claims()[name].to_string());
        attacks.push(ground.bearer(format!("`{name}` is a text"), ground.with_claim(name, text)));
    }
    for (name, value) in [
        ("exp", json!(1e300)),
        ("exp", json!(4_000_000_000.5)),
        ("exp", json!(true)),
        ("exp", json!({ "at": ground.now + 600 })),
    ] {
        attacks.push(ground.bearer(
            format!("`{name}` is {value}"),
            ground.with_claim(name, value),
        ));
    }
    attacks
}

fn of_others(ground: &Ground) -> Vec<Attack> {
    let neighbours = &ground.neighbours_key["id"];
    let with = |name: &str, value: Value| ground.with_claim(name, value);
    let both = |value: &Value, tenant: Value| {
        let mut claims = ground.claims();
        claims["sub"] = value.clone();
        claims["client_id"] = value.clone();
        claims["tenant_id"] = tenant;
        ground.signed(&ground.header(), &claims.to_string())
    };
    let nobody = json!(entity::id::ApiKeyId::new());
    vec![
        ground.bearer(
            "of another issuer",
            with("iss", json!("https://attacker.example")),
        ),
        ground.bearer(
            "of an issuer that begins like ours",
            with("iss", json!(format!("{}.attacker.example", ground.issuer))),
        ),
        ground.bearer(
            "of our address with a stroke",
            with("iss", json!(format!("{}/", ground.issuer))),
        ),
        ground.bearer(
            "of the identity provider, signed by us",
            with("iss", json!(crate::idp::ISSUER)),
        ),
        ground.bearer(
            "for another audience",
            with("aud", json!("https://attacker.example")),
        ),
        ground.bearer(
            "for the identity provider's audience",
            with("aud", json!(crate::idp::AUDIENCE)),
        ),
        ground.bearer("for nobody", with("aud", json!(""))),
        ground.bearer(
            "of a key that nobody has",
            both(&nobody, json!(ground.tenant)),
        ),
        ground.bearer(
            "of a tenant for a key",
            both(&json!(ground.tenant), json!(ground.tenant)),
        ),
        ground.bearer(
            "of the platform",
            both(&json!("platform"), json!(ground.tenant)),
        ),
        ground.bearer(
            "of a neighbour's key in our tenant's name",
            both(neighbours, json!(ground.tenant)),
        ),
        ground.bearer(
            "of our key in a neighbour's name",
            with("tenant_id", json!(ground.neighbour)),
        ),
        ground.bearer("of two keys at once", with("client_id", neighbours.clone())),
        Attack {
            status: 404,
            ..ground.bearer(
                "of a neighbour, sound, and sent here",
                both(neighbours, json!(ground.neighbour)),
            )
        },
        Attack {
            tenant: ground.neighbour,
            status: 404,
            ..ground.bearer("ours, sound, and sent to a neighbour", &ground.token)
        },
        Attack {
            status: 403,
            ..ground.bearer(
                "with scopes that its key does not have",
                with("scope", json!("sync:manage events:read")),
            )
        },
        Attack {
            status: 403,
            ..ground.bearer("without a scope", with("scope", json!("")))
        },
        Attack {
            status: 403,
            ..ground.bearer("with every scope, as a star", with("scope", json!("*")))
        },
    ]
}

fn times(ground: &Ground) -> Vec<Attack> {
    let now = ground.now;
    let timed = |nbf: i64, exp: i64, iat: i64| {
        let mut claims = ground.claims();
        claims["nbf"] = json!(nbf);
        claims["exp"] = json!(exp);
        claims["iat"] = json!(iat);
        ground.signed(&ground.header(), &claims.to_string())
    };
    [
        ("ended a second ago", timed(now - 900, now - 1, now - 900)),
        ("ended at this second", timed(now - 900, now, now - 900)),
        (
            "ended within the leeway that others have",
            timed(now - 900, now - 20, now - 900),
        ),
        (
            "begins in an hour",
            timed(now + 3600, now + 4000, now + 3600),
        ),
        ("lives for a day", timed(now, now + 86_400, now)),
        ("lives for ever", timed(now, i64::MAX, now)),
        ("lives for a second too long", timed(now, now + 901, now)),
        (
            "ends before it was issued",
            timed(now, now + 600, now + 700),
        ),
        (
            "was issued at the beginning of time",
            timed(now, now + 600, i64::MIN),
        ),
        ("ended before 1970", timed(-900, -1, -900)),
    ]
    .into_iter()
    .map(|(name, token)| ground.bearer(format!("a token that {name}"), token))
    .collect()
}

// What JSON allows and a sound token never has.
fn texts(ground: &Ground) -> Vec<Attack> {
    let sound = ground.claims().to_string();
    let twice = |name: &str, value: &str| format!("{{\"{name}\":{value},{}", &sound[1..]);
    [
        ("says its end twice", twice("exp", "1")),
        ("says its key twice", twice("sub", "\"x\"")),
        ("says its scope twice", twice("scope", "\"keys:manage\"")),
        ("has a list for claims", format!("[{sound}]")),
        ("has a text for claims", json!(sound).to_string()),
        ("has nothing for claims", String::new()),
        ("has null for claims", "null".to_owned()),
        (
            "has claims that are cut",
            sound[..sound.len() - 1].to_owned(),
        ),
        ("has claims and more", format!("{sound}{sound}")),
    ]
    .into_iter()
    .map(|(name, claims)| {
        ground.bearer(
            format!("a token that {name}"),
            ground.signed(&ground.header(), &claims),
        )
    })
    .collect()
}
