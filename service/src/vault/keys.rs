//! The keys that wrap data keys: what a key management service does for us, and the one that is built in.

use super::seal::Seal;
use crate::error::Error;
use crate::secret;
use data_encoding::BASE64;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

/// The settings do not hold a usable key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key-encryption key is not 32 bytes in base 64")]
pub struct InvalidKey;

/// A data key as it may lie in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrapped {
    /// Which key-encryption key wrapped it.
    pub key_id: String,
    /// The wrapped key.
    pub bytes: Vec<u8>,
}

/// Wraps data keys under key-encryption keys that it never gives away: the keys of the configuration, or a key management
/// service.
///
/// It is asked while a transaction is open. One that asks over a network keeps what it unwrapped for a while, by the wrapped
/// bytes: the rows are read each time, so that a data key that was destroyed is not opened from memory.
#[async_trait::async_trait]
pub trait KeyService: Send + Sync {
    /// The id of the key that wraps from now on.
    fn current(&self) -> &str;

    /// Whether what was wrapped by the key of this id can be unwrapped.
    fn knows(&self, key_id: &str) -> bool;

    /// Wraps a data key under the current key. `associated` names the place it lies in.
    ///
    /// # Errors
    /// The key cannot be used now.
    async fn wrap(&self, associated: &[u8], plain: &[u8]) -> Result<Wrapped, Error>;

    /// Unwraps what [`KeyService::wrap`] made with the same `associated`.
    ///
    /// # Errors
    /// The key is not known or cannot be used now; or the wrapped key was made for another place, or altered.
    async fn unwrap(
        &self,
        associated: &[u8],
        wrapped: &Wrapped,
    ) -> Result<Zeroizing<Vec<u8>>, Error>;
}

/// Keys of the configuration: the current one wraps, and all of them unwrap.
pub struct ConfiguredKeys {
    // The current one first.
    keys: Vec<(String, Seal)>,
}

impl ConfiguredKeys {
    /// Over the current key and those before it, each 32 bytes in base 64.
    ///
    /// # Errors
    /// One is not.
    pub fn new(current: &SecretString, previous: &[SecretString]) -> Result<Self, InvalidKey> {
        let keys = std::iter::once(current).chain(previous).map(|text| {
            let bytes = BASE64
                .decode(text.expose_secret().trim().as_bytes())
                .map(Zeroizing::new)
                .map_err(|_| InvalidKey)?;
            let seal = Seal::new(&bytes).ok_or(InvalidKey)?;
            Ok((secret::fingerprint(&bytes), seal))
        });
        Ok(Self {
            keys: keys.collect::<Result<_, _>>()?,
        })
    }

    fn key(&self, id: &str) -> Option<&Seal> {
        self.keys
            .iter()
            .find(|(key, _)| key == id)
            .map(|(_, seal)| seal)
    }
}

#[async_trait::async_trait]
impl KeyService for ConfiguredKeys {
    fn current(&self) -> &str {
        &self.keys[0].0
    }

    fn knows(&self, key_id: &str) -> bool {
        self.key(key_id).is_some()
    }

    async fn wrap(&self, associated: &[u8], plain: &[u8]) -> Result<Wrapped, Error> {
        let (key_id, seal) = &self.keys[0];
        Ok(Wrapped {
            key_id: key_id.clone(),
            bytes: seal.seal(associated, plain)?,
        })
    }

    async fn unwrap(
        &self,
        associated: &[u8],
        wrapped: &Wrapped,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let id = &wrapped.key_id;
        let seal = self.key(id).ok_or_else(|| {
            Error::internal(format!(
                "the key-encryption key {id} is not among the settings"
            ))
        })?;
        seal.open(associated, &wrapped.bytes)
            .ok_or_else(|| Error::internal("a data key does not open: another place, or altered"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> SecretString {
        BASE64.encode(&[byte; 32]).into()
    }

    #[tokio::test]
    async fn the_current_key_wraps_and_those_before_it_unwrap() {
        let old = ConfiguredKeys::new(&key(1), &[]).unwrap();
        let new = ConfiguredKeys::new(&key(2), &[key(1)]).unwrap();
        let alone = ConfiguredKeys::new(&key(2), &[]).unwrap();
        let wrapped = old.wrap(b"here", b"data key").await.unwrap();
        assert_eq!(&**new.unwrap(b"here", &wrapped).await.unwrap(), b"data key");
        assert!(new.unwrap(b"there", &wrapped).await.is_err());
        assert!(alone.unwrap(b"here", &wrapped).await.is_err());
        assert!(new.knows(old.current()) && !alone.knows(old.current()));
        let rewrapped = new.wrap(b"here", b"data key").await.unwrap();
        assert_eq!(rewrapped.key_id, new.current());
        assert_ne!(rewrapped.key_id, wrapped.key_id);
        assert!(alone.unwrap(b"here", &rewrapped).await.is_ok());
    }

    #[test]
    fn a_key_of_the_wrong_length_is_refused() {
        for text in ["c2hvcnQ=", "not base 64!", ""] {
            assert!(ConfiguredKeys::new(&text.into(), &[]).is_err(), "{text}");
            assert!(
                ConfiguredKeys::new(&key(1), &[text.into()]).is_err(),
                "{text}"
            );
        }
    }
}
