//! Sealing bytes: XChaCha20-Poly1305 under a random nonce, with associated data that names the place.

use crate::error::Error;
use chacha20poly1305::aead::{Aead, Generate, Key, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use secrecy::zeroize::Zeroizing;

const NONCE: usize = 24;

/// A key that seals and opens.
pub(super) struct Seal(XChaCha20Poly1305);

impl Seal {
    /// Over a key of 32 bytes; none of another length.
    pub(super) fn new(key: &[u8]) -> Option<Self> {
        XChaCha20Poly1305::new_from_slice(key).ok().map(Self)
    }

    /// The nonce and the ciphertext.
    pub(super) fn seal(&self, associated: &[u8], plain: &[u8]) -> Result<Vec<u8>, Error> {
        let nonce = XNonce::generate();
        let payload = Payload {
            msg: plain,
            aad: associated,
        };
        let sealed = self
            .0
            .encrypt(&nonce, payload)
            .map_err(|_| Error::internal("sealing failed"))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// What [`Seal::seal`] made with the same key and the same associated data; none of anything else.
    pub(super) fn open(&self, associated: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE)?;
        let nonce = XNonce::try_from(nonce).ok()?;
        let payload = Payload {
            msg: sealed,
            aad: associated,
        };
        self.0.decrypt(&nonce, payload).ok().map(Zeroizing::new)
    }
}

/// A new key.
pub(super) fn fresh_key() -> Zeroizing<Vec<u8>> {
    Zeroizing::new(Key::<XChaCha20Poly1305>::generate().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn any() -> Seal {
        Seal::new(&fresh_key()).unwrap()
    }

    #[test]
    fn a_value_opens_in_its_own_place_only() {
        let seal = any();
        let sealed = seal.seal(b"here", b"secret").unwrap();
        assert_eq!(**seal.open(b"here", &sealed).unwrap(), *b"secret");
        assert!(seal.open(b"there", &sealed).is_none());
        assert!(any().open(b"here", &sealed).is_none());
    }

    #[test]
    fn an_altered_value_does_not_open() {
        let seal = any();
        let mut sealed = seal.seal(b"here", b"secret").unwrap();
        for place in 0..sealed.len() {
            sealed[place] ^= 1;
            assert!(seal.open(b"here", &sealed).is_none());
            sealed[place] ^= 1;
        }
        assert!(seal.open(b"here", &sealed[..NONCE - 1]).is_none());
    }
}
