//! An answer as it is kept: sealed, since it may hold a secret that is shown once.

use crate::error::Error;
use chacha20poly1305::aead::{Aead, Generate, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use sea_orm::FromQueryResult;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

const NONCE: usize = 24;

/// An answer of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// The headers that are its own: names and values.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

/// The row.
#[derive(FromQueryResult)]
pub(super) struct Kept {
    pub(super) fingerprint: Vec<u8>,
    pub(super) status: i16,
    /// What a data key sealed it as; none: the pepper's key did.
    pub(super) id: Option<Uuid>,
    pub(super) answer: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct Inside {
    headers: Vec<(String, String)>,
    body: String,
}

impl Answer {
    /// What of it is sealed.
    pub(super) fn inside(&self) -> Result<SecretString, Error> {
        let inside = Inside {
            headers: self.headers.clone(),
            body: String::from_utf8(self.body.clone())
                .map_err(|_| Error::internal("an answer that is to be kept is not text"))?,
        };
        let text = serde_json::to_string(&inside).map_err(Error::internal)?;
        Ok(text.into())
    }

    /// The answer of this status, and of what was sealed of it.
    pub(super) fn of(status: i16, inside: &SecretString) -> Result<Self, Error> {
        let inside: Inside =
            serde_json::from_str(inside.expose_secret()).map_err(Error::internal)?;
        Ok(Self {
            status: u16::try_from(status).map_err(Error::internal)?,
            headers: inside.headers,
            body: inside.body.into_bytes(),
        })
    }
}

/// Seals under a key that is nobody else's.
pub(super) fn seal(key: &[u8; 32], inside: &SecretString) -> Result<Vec<u8>, Error> {
    let nonce = XNonce::generate();
    let sealed = cipher(key)?
        .encrypt(&nonce, inside.expose_secret().as_bytes())
        .map_err(|_| Error::internal("sealing an answer failed"))?;
    Ok([nonce.as_slice(), &sealed].concat())
}

/// Opens what [`seal`] made with the same key.
pub(super) fn open(key: &[u8; 32], sealed: &[u8]) -> Result<SecretString, Error> {
    let failed = || Error::internal("a kept answer does not open");
    let (nonce, sealed) = sealed.split_at_checked(NONCE).ok_or_else(failed)?;
    let nonce = XNonce::try_from(nonce).map_err(|_| failed())?;
    let plain = cipher(key)?.decrypt(&nonce, sealed).map_err(|_| failed())?;
    String::from_utf8(plain)
        .map(SecretString::from)
        .map_err(|_| failed())
}

fn cipher(key: &[u8; 32]) -> Result<XChaCha20Poly1305, Error> {
    XChaCha20Poly1305::new_from_slice(key)
        .map_err(|_| Error::internal("a key has the wrong length"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_opens_with_its_own_key_only_and_is_not_readable_where_it_is_kept() {
        let answer = Answer {
            status: 201,
            headers: vec![("location".into(), "/v1/x".into())],
            body: b"{\"secret\":\"tp_test_canary\"}".to_vec(),
        };
        let inside = answer.inside().unwrap();
        let sealed = seal(&[7; 32], &inside).unwrap();
        assert!(!String::from_utf8_lossy(&sealed).contains("canary"));
        let opened = open(&[7; 32], &sealed).unwrap();
        assert_eq!(Answer::of(201, &opened).unwrap(), answer);
        assert!(open(&[8; 32], &sealed).is_err());
    }
}
