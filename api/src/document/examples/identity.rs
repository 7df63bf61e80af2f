//! Members and tokens.

use super::values::{at, id};
use service::access::Role;
use service::member::Member;
use service::token::{IssuedToken, PublicKey, PublicKeys};

pub(super) fn member() -> Member {
    Member {
        id: id("mem_01jd5zk8x9e3qr0v7m2c4n6p8t"),
        issuer: "https://login.example.com/".to_owned(),
        subject: "auth0|6566b1f2c3".to_owned(),
        name: "Ada, the accountant".to_owned(),
        role: Role::Accountant,
        created_at: at("2026-11-02T09:31:00Z"),
        created_by: "platform".to_owned(),
        updated_at: at("2026-11-02T09:31:00Z"),
    }
}

pub(super) fn issued_token() -> IssuedToken {
    IssuedToken {
        access_token: "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSJ9.….…".to_owned(),
        token_type: "Bearer".to_owned(),
        expires_in: service::token::LIFETIME_SECONDS,
        scope: "events:read events:write".to_owned(),
    }
}

// The key of RFC 8037, appendix A.
pub(super) fn token_keys() -> PublicKeys {
    PublicKeys {
        keys: vec![PublicKey {
            kty: "OKP".to_owned(),
            crv: "Ed25519".to_owned(),
            x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo".to_owned(),
            kid: "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k".to_owned(),
            alg: "EdDSA".to_owned(),
            r#use: "sig".to_owned(),
        }],
    }
}
