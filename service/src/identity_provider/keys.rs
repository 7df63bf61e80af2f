//! The identity provider's public keys: fetched when they are needed, kept for minutes, and fetched again when a token names one
//! that is not among them, though never so often that a stranger's tokens become a flood of requests to the provider.

use crate::SetupError;
use crate::error::Error;
use crate::gate::since_boot;
use crate::jwt::jwk::{Jwk, JwkSet, PublicKeyUse};
use crate::jwt::{Algorithm, DecodingKey};
use crate::settings::{Environment, IdentityProvider, KeyPace, TokenAlgorithm};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use url::Url;

const ANSWER_WITHIN: Duration = Duration::from_secs(5);
const BYTES_MAX: usize = 256 * 1024;

/// The provider's keys.
pub(super) struct Keys {
    url: Url,
    algorithm: Algorithm,
    pace: KeyPace,
    http: reqwest::Client,
    kept: RwLock<Kept>,
    /// One fetch at a time; who waits for it, uses what it brought.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Default, Clone)]
struct Kept {
    keys: Arc<HashMap<String, DecodingKey>>,
    /// Since when, by a clock that goes on while the machine sleeps.
    fetched: Option<Duration>,
    tried: Option<Duration>,
}

/// The library's name of an algorithm.
pub(super) fn algorithm(algorithm: TokenAlgorithm) -> Algorithm {
    match algorithm {
        TokenAlgorithm::Rs256 => Algorithm::RS256,
        TokenAlgorithm::Ps256 => Algorithm::PS256,
        TokenAlgorithm::Es256 => Algorithm::ES256,
        TokenAlgorithm::EdDsa => Algorithm::EdDSA,
    }
}

impl Keys {
    pub(super) fn new(
        settings: &IdentityProvider,
        environment: Environment,
    ) -> Result<Self, SetupError> {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .https_only(environment == Environment::Live)
            .connect_timeout(ANSWER_WITHIN)
            .timeout(ANSWER_WITHIN)
            .build()
            .map_err(|error| {
                SetupError::Setting(format!("the client of the identity provider: {error}"))
            })?;
        Ok(Self {
            url: settings.jwks_url.clone(),
            algorithm: algorithm(settings.algorithm),
            pace: settings.pace,
            http,
            kept: RwLock::default(),
            fetching: tokio::sync::Mutex::new(()),
        })
    }

    /// The key of this name; `None` where the provider has none.
    ///
    /// # Errors
    /// The provider does not answer, and nothing of it is known.
    pub(super) async fn of(&self, kid: &str) -> Result<Option<DecodingKey>, Error> {
        let kept = self.kept();
        if let Some(key) = kept.keys.get(kid)
            && within(kept.fetched, self.pace.fresh)
        {
            return Ok(Some(key.clone()));
        }
        self.look_again(kept.tried).await;
        let kept = self.kept();
        if !within(kept.fetched, self.pace.kept) {
            return Err(Error::Elsewhere {
                code: "identity_provider_unreachable",
                detail: "the identity provider's keys cannot be had at the moment; try again in a few seconds, or use an API key".to_owned(),
            });
        }
        Ok(kept.keys.get(kid).cloned())
    }

    // Fetches, unless that was done a moment ago, or while waiting here.
    async fn look_again(&self, seen: Option<Duration>) {
        if within(seen, self.pace.between) {
            return;
        }
        let _one = self.fetching.lock().await;
        if self.kept().tried != seen {
            return;
        }
        let fetched = self.fetch().await;
        let now = since_boot();
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        kept.tried = Some(now);
        match fetched {
            Ok(keys) => {
                kept.keys = Arc::new(keys);
                kept.fetched = Some(now);
            }
            Err(error) => {
                tracing::warn!("the identity provider's keys could not be fetched: {error}");
            }
        }
    }

    async fn fetch(&self) -> Result<HashMap<String, DecodingKey>, String> {
        let spell = |error: reqwest::Error| error.without_url().to_string();
        let request = self.http.get(self.url.clone());
        let mut response = request
            .send()
            .await
            .and_then(reqwest::Response::error_for_status)
            .map_err(spell)?;
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(spell)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > BYTES_MAX {
                return Err(format!("they are more than {BYTES_MAX} bytes"));
            }
        }
        let set: JwkSet = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
        Ok(usable(&set, self.algorithm))
    }

    fn kept(&self) -> Kept {
        self.kept
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn within(since: Option<Duration>, limit: Duration) -> bool {
    since.is_some_and(|since| since_boot().saturating_sub(since) < limit)
}

// The keys that have a name and are for the one algorithm. What else a set holds is none of ours; a secret never is.
fn usable(set: &JwkSet, algorithm: Algorithm) -> HashMap<String, DecodingKey> {
    let fits = |key: &&Jwk| {
        let common = &key.common;
        common
            .public_key_use
            .as_ref()
            .is_none_or(|usage| *usage == PublicKeyUse::Signature)
            && common
                .key_algorithm
                .is_none_or(|own| own.to_string() == format!("{algorithm:?}"))
    };
    set.keys
        .iter()
        .filter(fits)
        .filter_map(|key| {
            let kid = key.common.key_id.clone()?;
            let decoding = DecodingKey::from_jwk(key).ok()?;
            (decoding.family() == algorithm.family()).then_some((kid, decoding))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn of_a_set_only_named_keys_for_the_one_algorithm_are_used() {
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let set = json!({ "keys": [
            { "kty": "OKP", "crv": "Ed25519", "x": x, "kid": "good" },
            { "kty": "OKP", "crv": "Ed25519", "x": x, "kid": "said", "alg": "EdDSA", "use": "sig" },
            { "kty": "OKP", "crv": "Ed25519", "x": x, "kid": "enc", "use": "enc" },
            { "kty": "OKP", "crv": "Ed25519", "x": x, "kid": "other", "alg": "ES256" },
            { "kty": "OKP", "crv": "Ed25519", "x": x },
            { "kty": "oct", "k": "c2VjcmV0", "kid": "secret" },
            { "kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "rsa" },
            { "kty": "new", "kid": "unheard-of" },
        ] });
        let set: JwkSet = serde_json::from_value(set).unwrap();
        let mut names: Vec<_> = usable(&set, Algorithm::EdDSA).into_keys().collect();
        names.sort();
        assert_eq!(names, ["good", "said"]);
    }
}
