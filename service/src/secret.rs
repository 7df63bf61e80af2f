//! Random secrets and their one-way forms.

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// 256 random bits as 52 letters and digits.
#[must_use]
pub fn random() -> SecretString {
    let bytes: [u8; 32] = rand::random();
    SecretString::from(BASE32_NOPAD.encode(&bytes).to_lowercase())
}

/// The SHA-256 of a random secret: enough to recognise it, useless to whoever reads it.
#[must_use]
pub fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

/// The keyed hash of a secret, so that a copy of the database alone cannot even test guesses.
#[must_use]
pub fn keyed_hash(pepper: &SecretString, secret: &str) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(pepper.expose_secret().as_bytes())
        .expect("HMAC takes a key of any length")
        .chain_update(secret.as_bytes())
        .finalize()
        .into_bytes()
        .to_vec()
}

/// A key of its own for one purpose, out of the pepper.
#[must_use]
pub(crate) fn derived(pepper: &SecretString, purpose: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(pepper.expose_secret().as_bytes())
        .expect("HMAC takes a key of any length");
    for part in purpose {
        // Lengths first, so that no two purposes are one text.
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Whether two secrets or hashes are equal, in a time that does not tell where they differ.
#[must_use]
pub fn equal(left: &[u8], right: &[u8]) -> bool {
    use subtle::ConstantTimeEq;
    left.ct_eq(right).into()
}

/// Eight letters that tell keys apart without telling the key.
#[must_use]
pub fn fingerprint(key: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(key)[..4])
}
