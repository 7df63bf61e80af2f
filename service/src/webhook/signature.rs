//! Signatures of Standard Webhooks: `v1` is HMAC-SHA256 with the shared secret, `v1a` is ed25519 with a key of which the
//! receiver has the public half. Each is told in its written form: `whsec_…`, `whsk_…`, `whpk_…`.

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use ring::signature::{Ed25519KeyPair, KeyPair};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

const SECRET: &str = "whsec_";
const SIGNING_KEY: &str = "whsk_";
const PUBLIC_KEY: &str = "whpk_";

/// A new secret and a new key pair, in their written forms.
pub(super) struct Written {
    pub(super) secret: SecretString,
    pub(super) signing_key: SecretString,
    pub(super) public_key: String,
}

impl Written {
    /// Random ones.
    pub(super) fn random() -> Self {
        let (secret, seed): ([u8; 32], [u8; 32]) = (rand::random(), rand::random());
        let public = Signer::new(&secret, &seed)
            .key_pair
            .public_key()
            .as_ref()
            .to_vec();
        Self {
            secret: format!("{SECRET}{}", BASE64.encode(&secret)).into(),
            signing_key: format!("{SIGNING_KEY}{}", BASE64.encode(&seed)).into(),
            public_key: format!("{PUBLIC_KEY}{}", BASE64.encode(&public)),
        }
    }
}

/// Signs with one secret and one key.
pub(super) struct Signer {
    secret: Vec<u8>,
    key_pair: Ed25519KeyPair,
}

impl Signer {
    fn new(secret: &[u8], seed: &[u8; 32]) -> Self {
        Self {
            secret: secret.to_vec(),
            key_pair: Ed25519KeyPair::from_seed_unchecked(seed).expect("any 32 bytes are a seed"),
        }
    }

    /// Out of the written forms; `None` where they are not written so.
    pub(super) fn read(secret: &SecretString, signing_key: &SecretString) -> Option<Self> {
        let bytes = |text: &SecretString, prefix| {
            let text = text.expose_secret().strip_prefix(prefix)?.as_bytes();
            BASE64.decode(text).ok()
        };
        let seed: [u8; 32] = bytes(signing_key, SIGNING_KEY)?.try_into().ok()?;
        Some(Self::new(&bytes(secret, SECRET)?, &seed))
    }

    fn sign(&self, signed: &[u8]) -> [String; 2] {
        let code = Hmac::<Sha256>::new_from_slice(&self.secret)
            .expect("HMAC takes a key of any length")
            .chain_update(signed)
            .finalize()
            .into_bytes();
        [
            format!("v1,{}", BASE64.encode(&code)),
            format!("v1a,{}", BASE64.encode(self.key_pair.sign(signed).as_ref())),
        ]
    }
}

/// The header `webhook-signature`: both signatures of each signer, separated by spaces.
pub(super) fn header(signers: &[Signer], id: &str, timestamp: i64, body: &[u8]) -> String {
    let signed = [format!("{id}.{timestamp}.").as_bytes(), body].concat();
    signers
        .iter()
        .flat_map(|signer| signer.sign(&signed))
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_symmetric_signature_is_that_of_the_reference_libraries() {
        // The vector of the Standard Webhooks libraries' own tests.
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into();
        let key = format!("{SIGNING_KEY}{}", BASE64.encode(&[7; 32])).into();
        let signer = Signer::read(&secret, &key).unwrap();
        let header = header(
            &[signer],
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert!(
            header.starts_with("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v1a,"),
            "{header}"
        );
    }

    #[test]
    fn the_asymmetric_signature_is_verified_with_the_public_key_that_is_shown() {
        let written = Written::random();
        let signer = Signer::read(&written.secret, &written.signing_key).unwrap();
        let header = header(&[signer], "msg_1", 5, b"{}");
        let signature = header.rsplit_once("v1a,").unwrap().1;
        let public = BASE64
            .decode(written.public_key.strip_prefix("whpk_").unwrap().as_bytes())
            .unwrap();
        ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, public)
            .verify(b"msg_1.5.{}", &BASE64.decode(signature.as_bytes()).unwrap())
            .unwrap();
    }

    #[test]
    fn two_secrets_give_two_signatures_of_each_kind() {
        let written = [Written::random(), Written::random()];
        let signers =
            written.map(|written| Signer::read(&written.secret, &written.signing_key).unwrap());
        let header = header(&signers, "msg_1", 5, b"{}");
        let kinds: Vec<_> = header
            .split(' ')
            .map(|one| one.split_once(',').unwrap().0)
            .collect();
        assert_eq!(kinds, ["v1", "v1a", "v1", "v1a"]);
    }

    #[test]
    fn another_form_is_no_secret() {
        let written = Written::random();
        assert!(Signer::read(&written.signing_key, &written.secret).is_none());
    }
}
