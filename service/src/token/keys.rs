//! The keys that our tokens are signed with. The first of the configuration signs; all are published and all are believed, so
//! that a new one is known everywhere before it signs, and an old one is until the last token that it signed has ended.

use crate::error::Error;
use crate::jwt::{Algorithm, DecodingKey, EncodingKey, Header};
use crate::secret;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use ring::signature::{Ed25519KeyPair, KeyPair};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

/// A key of the configuration is not 32 bytes in base 64, or stands there twice.
#[derive(Debug, thiserror::Error)]
#[error("a signing key is not 32 bytes in base 64, or stands there twice")]
pub struct InvalidKeys;

/// The keys that our tokens are signed with.
pub struct Keys {
    signing: EncodingKey,
    published: Vec<(PublicKey, DecodingKey)>,
}

/// The public halves, as others read them (RFC 7517).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PublicKeys {
    /// The key that signs now, then those that will or did.
    pub keys: Vec<PublicKey>,
}

/// The public half of one key (RFC 8037).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PublicKey {
    /// Always `OKP`.
    #[schema(example = "OKP")]
    pub kty: String,
    /// Always `Ed25519`.
    #[schema(example = "Ed25519")]
    pub crv: String,
    /// The key itself.
    #[schema(example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")]
    pub x: String,
    /// Its name in the header of a token: the key's thumbprint (RFC 7638).
    #[schema(example = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")]
    pub kid: String,
    /// Always `EdDSA`.
    #[schema(example = "EdDSA")]
    pub alg: String,
    /// Always `sig`.
    #[schema(example = "sig")]
    pub r#use: String,
}

impl Keys {
    /// The keys of the configuration, each 32 bytes in base 64; where it names none, one that follows from the pepper.
    ///
    /// # Errors
    /// A key is not what it must be; says which.
    pub fn new(configured: &[SecretString], pepper: &SecretString) -> Result<Self, InvalidKeys> {
        let mut seeds = Vec::new();
        for text in configured {
            let bytes = BASE64.decode(text.expose_secret().trim().as_bytes());
            let seed: [u8; 32] = bytes
                .ok()
                .and_then(|bytes| bytes.try_into().ok())
                .ok_or(InvalidKeys)?;
            if seeds.contains(&seed) {
                return Err(InvalidKeys);
            }
            seeds.push(seed);
        }
        if seeds.is_empty() {
            let derived = secret::keyed_hash(pepper, "the key that signs tokens, 1");
            seeds.push(derived.try_into().map_err(|_| InvalidKeys)?);
        }
        Ok(Self {
            signing: EncodingKey::from_ed_der(&seeds[0]),
            published: seeds.iter().map(published).collect(),
        })
    }

    /// The public halves.
    #[must_use]
    pub fn public(&self) -> PublicKeys {
        PublicKeys {
            keys: self.published.iter().map(|(key, _)| key.clone()).collect(),
        }
    }

    /// The key of this name.
    pub(crate) fn of(&self, kid: &str) -> Option<&DecodingKey> {
        let (_, key) = self.published.iter().find(|(key, _)| key.kid == kid)?;
        Some(key)
    }

    /// Signs claims as a token of this type.
    pub(crate) fn sign(&self, kind: &str, claims: &impl Serialize) -> Result<String, Error> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(kind.to_owned());
        header.kid = self.published.first().map(|(key, _)| key.kid.clone());
        jsonwebtoken::encode(&header, claims, &self.signing).map_err(Error::internal)
    }
}

fn published(seed: &[u8; 32]) -> (PublicKey, DecodingKey) {
    let pair = Ed25519KeyPair::from_seed_unchecked(seed).expect("any 32 bytes are a seed");
    let public = pair.public_key().as_ref();
    let x = BASE64URL_NOPAD.encode(public);
    let thumbprint = Sha256::digest(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#));
    let key = PublicKey {
        kty: "OKP".to_owned(),
        crv: "Ed25519".to_owned(),
        x,
        kid: BASE64URL_NOPAD.encode(&thumbprint),
        alg: "EdDSA".to_owned(),
        r#use: "sig".to_owned(),
    };
    (key, DecodingKey::from_ed_der(public))
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.published.iter().map(|(key, _)| &key.kid))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pepper() -> SecretString {
        "a pepper of the tests, 0123456789abcdef".into()
    }

    #[test]
    fn a_key_is_named_as_the_standard_names_it() {
        // The key of RFC 8037, appendix A, and its thumbprint there.
        let seed = BASE64URL_NOPAD
            .decode(b"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
            .unwrap();
        let keys = Keys::new(&[BASE64.encode(&seed).into()], &pepper()).unwrap();
        let key = &keys.public().keys[0];
        assert_eq!(key.x, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        assert_eq!(key.kid, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn the_first_key_signs_and_all_are_published() {
        let texts = [[1_u8; 32], [2; 32]].map(|seed| SecretString::from(BASE64.encode(&seed)));
        let keys = Keys::new(&texts, &pepper()).unwrap();
        let public = keys.public().keys;
        assert_eq!(public.len(), 2);
        assert!(public.iter().all(|key| keys.of(&key.kid).is_some()));
        crate::jwt::install();
        let token = keys
            .sign("at+jwt", &serde_json::json!({"iss": "x"}))
            .unwrap();
        let seen = crate::jwt::look(&token).unwrap();
        assert_eq!(seen.kid.as_deref(), Some(public[0].kid.as_str()));
    }

    #[test]
    fn what_is_no_key_is_refused_and_nothing_is_a_key_of_the_pepper() {
        for bad in ["", "c2hvcnQ=", "not base 64"] {
            assert!(Keys::new(&[bad.into()], &pepper()).is_err(), "{bad}");
        }
        let same = SecretString::from(BASE64.encode(&[1; 32]));
        assert!(Keys::new(&[same.clone(), same], &pepper()).is_err());
        let kid =
            |pepper: &SecretString| Keys::new(&[], pepper).unwrap().public().keys[0].kid.clone();
        assert_eq!(kid(&pepper()), kid(&pepper()));
        assert_ne!(
            kid(&pepper()),
            kid(&"another pepper, 0123456789abcdef".into())
        );
    }
}
