//! Sealing secrets: a data key per tenant, itself sealed by the key-encryption key of the configuration.
//!
//! XChaCha20-Poly1305 with a random nonce. The associated data names table, column, tenant and row, so a ciphertext moved
//! to another place does not open.

use crate::error::Error;
use chacha20poly1305::aead::{Aead, Generate, Key, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use data_encoding::BASE64;
use entity::data_key;
use entity::id::TenantId;
use entity::store::TenantTx;
use sea_orm::ActiveValue::{NotSet, Set};
use secrecy::{ExposeSecret, SecretString};

const NONCE: usize = 24;

/// The settings do not hold a usable key.
#[derive(Debug, thiserror::Error)]
#[error("the key-encryption key is not 32 bytes in base 64")]
pub struct InvalidKey;

/// Seals and opens what must not lie in the database in the clear.
pub struct Vault {
    key_encryption: XChaCha20Poly1305,
    key_id: String,
}

/// Where a sealed value lies.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Its table.
    pub table: &'a str,
    /// Its column.
    pub column: &'a str,
    /// Its row.
    pub row: uuid::Uuid,
}

impl Vault {
    /// A vault over the configured key.
    ///
    /// # Errors
    /// The text is not 32 bytes in base 64.
    pub fn new(key_encryption_key: &SecretString) -> Result<Self, InvalidKey> {
        let bytes = BASE64
            .decode(key_encryption_key.expose_secret().trim().as_bytes())
            .map_err(|_| InvalidKey)?;
        Ok(Self {
            key_encryption: XChaCha20Poly1305::new_from_slice(&bytes).map_err(|_| InvalidKey)?,
            key_id: crate::secret::fingerprint(&bytes),
        })
    }

    /// Whether the data keys of the database were wrapped by this vault's key, so that what is sealed there opens here.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn fits(&self, store: &entity::store::Store) -> Result<bool, Error> {
        #[derive(sea_orm::FromQueryResult)]
        struct Other {
            others: i64,
        }
        let tx = store.platform().await?;
        let found = tx
            .query_as::<Other>(
                "SELECT count(*) AS others FROM data_key WHERE key_encryption_key <> $1",
                vec![self.key_id.clone().into()],
            )
            .await?;
        Ok(found.iter().all(|row| row.others == 0))
    }

    /// Seals a value for one place of the transaction's tenant.
    ///
    /// # Errors
    /// The database's.
    pub async fn seal(
        &self,
        tx: &TenantTx,
        place: Place<'_>,
        value: &SecretString,
    ) -> Result<Vec<u8>, Error> {
        let key = self.data_key(tx).await?;
        seal(
            &key,
            &associated(tx.tenant(), place),
            value.expose_secret().as_bytes(),
        )
    }

    /// Opens what [`Vault::seal`] made for the same place.
    ///
    /// # Errors
    /// The value was sealed for another place, by another key, or altered.
    pub async fn open(
        &self,
        tx: &TenantTx,
        place: Place<'_>,
        sealed: &[u8],
    ) -> Result<SecretString, Error> {
        let key = self.data_key(tx).await?;
        let plain = open(&key, &associated(tx.tenant(), place), sealed)?;
        String::from_utf8(plain)
            .map(SecretString::from)
            .map_err(|_| Error::internal("a sealed value is not text"))
    }

    async fn data_key(&self, tx: &TenantTx) -> Result<XChaCha20Poly1305, Error> {
        let known = tx.one(tx.find::<data_key::Entity>()).await?;
        let associated = data_key_place(tx.tenant());
        if let Some(row) = known {
            let bytes = open(&self.key_encryption, &associated, &row.wrapped)?;
            return XChaCha20Poly1305::new_from_slice(&bytes)
                .map_err(|_| Error::internal("a data key has the wrong length"));
        }
        let fresh = Key::<XChaCha20Poly1305>::generate();
        tx.insert(data_key::ActiveModel {
            tenant_id: Set(tx.tenant()),
            wrapped: Set(seal(&self.key_encryption, &associated, &fresh)?),
            key_encryption_key: Set(self.key_id.clone()),
            created_at: NotSet,
        })
        .await?;
        Ok(XChaCha20Poly1305::new(&fresh))
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vault({})", self.key_id)
    }
}

fn associated(tenant: TenantId, place: Place<'_>) -> Vec<u8> {
    format!(
        "{}|{}|{}|{}",
        place.table, place.column, tenant.0, place.row
    )
    .into_bytes()
}

fn data_key_place(tenant: TenantId) -> Vec<u8> {
    format!("data_key|wrapped|{}", tenant.0).into_bytes()
}

fn seal(cipher: &XChaCha20Poly1305, associated: &[u8], plain: &[u8]) -> Result<Vec<u8>, Error> {
    let nonce = XNonce::generate();
    let sealed = cipher
        .encrypt(
            &nonce,
            Payload {
                msg: plain,
                aad: associated,
            },
        )
        .map_err(|_| Error::internal("sealing failed"))?;
    Ok([nonce.as_slice(), &sealed].concat())
}

fn open(cipher: &XChaCha20Poly1305, associated: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Error> {
    let failed =
        || Error::internal("a sealed value does not open: another place, another key, or altered");
    let (nonce, sealed) = sealed.split_at_checked(NONCE).ok_or_else(failed)?;
    let nonce = XNonce::try_from(nonce).map_err(|_| failed())?;
    cipher
        .decrypt(
            &nonce,
            Payload {
                msg: sealed,
                aad: associated,
            },
        )
        .map_err(|_| failed())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cipher() -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&Key::<XChaCha20Poly1305>::generate())
    }

    #[test]
    fn a_value_opens_in_its_own_place_only() {
        let cipher = cipher();
        let sealed = seal(&cipher, b"here", b"secret").unwrap();
        assert_eq!(open(&cipher, b"here", &sealed).unwrap(), b"secret");
        assert!(open(&cipher, b"there", &sealed).is_err());
    }

    #[test]
    fn an_altered_value_does_not_open() {
        let cipher = cipher();
        let mut sealed = seal(&cipher, b"here", b"secret").unwrap();
        for place in 0..sealed.len() {
            sealed[place] ^= 1;
            assert!(open(&cipher, b"here", &sealed).is_err());
            sealed[place] ^= 1;
        }
        assert!(open(&cipher, b"here", &sealed[..NONCE - 1]).is_err());
    }

    #[test]
    fn a_key_of_the_wrong_length_is_refused() {
        assert!(Vault::new(&SecretString::from("c2hvcnQ=")).is_err());
        assert!(Vault::new(&SecretString::from("not base 64!")).is_err());
    }
}
