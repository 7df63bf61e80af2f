//! An answer as it is kept: sealed, since it may hold a secret that is shown once.

use crate::error::Error;
use chacha20poly1305::aead::{Aead, Generate, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};

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
    pub(super) answer: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct Inside {
    headers: Vec<(String, String)>,
    body: String,
}

impl Kept {
    pub(super) fn seal(answer: &Answer, key: &[u8; 32], fingerprint: &[u8]) -> Result<Self, Error> {
        let inside = Inside {
            headers: answer.headers.clone(),
            body: String::from_utf8(answer.body.clone())
                .map_err(|_| Error::internal("an answer that is to be kept is not text"))?,
        };
        let plain = serde_json::to_vec(&inside).map_err(Error::internal)?;
        let nonce = XNonce::generate();
        let sealed = cipher(key)?
            .encrypt(&nonce, plain.as_slice())
            .map_err(|_| Error::internal("sealing an answer failed"))?;
        Ok(Self {
            fingerprint: fingerprint.to_vec(),
            status: i16::try_from(answer.status).map_err(Error::internal)?,
            answer: [nonce.as_slice(), &sealed].concat(),
        })
    }

    pub(super) fn open(&self, key: &[u8; 32]) -> Result<Answer, Error> {
        let failed = || Error::internal("a kept answer does not open");
        let (nonce, sealed) = self.answer.split_at_checked(NONCE).ok_or_else(failed)?;
        let nonce = XNonce::try_from(nonce).map_err(|_| failed())?;
        let plain = cipher(key)?.decrypt(&nonce, sealed).map_err(|_| failed())?;
        let inside: Inside = serde_json::from_slice(&plain).map_err(Error::internal)?;
        Ok(Answer {
            status: u16::try_from(self.status).map_err(Error::internal)?,
            headers: inside.headers,
            body: inside.body.into_bytes(),
        })
    }
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
        let kept = Kept::seal(&answer, &[7; 32], b"f").unwrap();
        assert!(!String::from_utf8_lossy(&kept.answer).contains("canary"));
        assert_eq!(kept.open(&[7; 32]).unwrap(), answer);
        assert!(kept.open(&[8; 32]).is_err());
    }
}
