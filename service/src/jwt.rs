//! Signed tokens (JWT), read strictly: one algorithm, which configuration names and no token, one key, which is ours or the
//! identity provider's and never the token's own, and claims of just the shape that is wanted. Times are judged by the database's
//! clock, and so not by the library.

mod provider;

use chrono::{DateTime, Utc};
pub(crate) use jsonwebtoken::jwk;
pub(crate) use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use jsonwebtoken::{Validation, dangerous};
use serde::Deserialize;
use serde::de::DeserializeOwned;

pub(crate) use provider::install;

/// No token that anybody issues is longer.
const BYTES_MAX: usize = 8 * 1024;

/// What a token says of itself before anything is proven: good for choosing whose keys it is to be proven with, and nothing else.
pub(crate) struct Unproven {
    pub(crate) issuer: String,
    pub(crate) kid: Option<String>,
}

/// Looks at a token; `None` where it is none.
pub(crate) fn look(token: &str) -> Option<Unproven> {
    #[derive(Deserialize)]
    struct Issuer {
        iss: String,
    }
    if token.len() > BYTES_MAX {
        return None;
    }
    let seen = dangerous::insecure_decode::<Issuer>(token).ok()?;
    Some(Unproven {
        issuer: seen.claims.iss,
        kid: seen.header.kid,
    })
}

/// The claims of a token that was signed with this key, by this algorithm, as one of these types; `None` of any other.
pub(crate) fn prove<T: DeserializeOwned>(
    token: &str,
    key: &DecodingKey,
    algorithm: Algorithm,
    types: &[&str],
) -> Option<T> {
    let mut validation = Validation::new(algorithm);
    // The claims are judged by whoever asked for them, by the database's clock.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let proven = jsonwebtoken::decode::<T>(token, key, &validation).ok()?;
    // What a header calls critical must be understood, and we understand none of it (RFC 7515, 4.1.11).
    if proven.header.crit.is_some() || proven.header.extras.inner().contains_key("b64") {
        return None;
    }
    let kind = proven.header.typ.as_deref().unwrap_or("JWT");
    types
        .iter()
        .any(|wanted| {
            let kind = kind
                .get(..12)
                .filter(|start| start.eq_ignore_ascii_case("application/"))
                .map_or(kind, |_| &kind[12..]);
            kind.eq_ignore_ascii_case(wanted)
        })
        .then_some(proven.claims)
}

/// The times of a token, in seconds since 1970. A time with a fraction, or in quotation marks, is none.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Times {
    pub(crate) exp: i64,
    pub(crate) nbf: i64,
}

impl Times {
    /// Whether the token holds now, where clocks may differ by `leeway` seconds.
    pub(crate) fn hold(self, now: DateTime<Utc>, leeway: i64) -> bool {
        let now = now.timestamp();
        self.nbf <= now.saturating_add(leeway) && now < self.exp.saturating_add(leeway)
    }
}

/// `aud`: one audience or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    pub(crate) fn names(&self, audience: &str) -> bool {
        match self {
            Self::One(one) => one == audience,
            Self::Several(several) => several.iter().any(|one| one == audience),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_holds_from_its_first_second_to_before_its_last() {
        let times = Times { exp: 200, nbf: 100 };
        let at = |seconds| DateTime::from_timestamp(seconds, 999_000_000).unwrap();
        for (seconds, leeway, holds) in [
            (99, 0, false),
            (100, 0, true),
            (199, 0, true),
            (200, 0, false),
            (70, 30, true),
            (69, 30, false),
            (229, 30, true),
            (230, 30, false),
        ] {
            assert_eq!(times.hold(at(seconds), leeway), holds, "{seconds} {leeway}");
        }
        // Times at the end of what a number holds neither overflow nor last for ever by accident.
        let odd = Times {
            exp: i64::MAX,
            nbf: i64::MIN,
        };
        assert!(odd.hold(at(100), 30));
        assert!(
            !Times {
                exp: i64::MIN,
                nbf: 0
            }
            .hold(at(100), 30)
        );
    }
}
