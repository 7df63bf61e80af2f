//! Sealing secrets: a data key per tenant, itself wrapped by a key-encryption key. How bytes are sealed is told in `seal`, who
//! wraps in `keys`, how both kinds of keys are changed in `rotation`.
//!
//! The associated data names table, column, tenant and row, so a ciphertext moved to another place does not open. A sealed
//! value begins with the generation of its data key; those from before there were generations have no beginning, and are of the
//! first.

mod keys;
pub mod rotation;
mod seal;

pub use keys::{ConfiguredKeys, InvalidKey, KeyService, Wrapped};

use crate::error::Error;
use entity::data_key::{self, Column, Model};
use entity::id::TenantId;
use entity::store::{Store, TenantTx};
use sea_orm::{FromQueryResult, QueryOrder};
use seal::{Seal, fresh_key};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;

/// Begins a sealed value, before the number of its generation.
const MARK: [u8; 4] = *b"tps\x01";
const FIRST: i32 = 1;

/// Seals and opens what must not lie in the database in the clear.
#[derive(Clone)]
pub struct Vault {
    keys: Arc<dyn KeyService>,
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
    /// A vault over whoever wraps its keys.
    #[must_use]
    pub fn new(keys: Arc<dyn KeyService>) -> Self {
        Self { keys }
    }

    /// The ids of key-encryption keys that the database's data keys are wrapped by, and that cannot unwrap here.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn unknown_keys(&self, store: &Store) -> Result<Vec<String>, Error> {
        #[derive(FromQueryResult)]
        struct InUse {
            key_encryption_key: String,
        }
        let tx = store.platform().await?;
        let used = tx
            .query_as::<InUse>(
                "SELECT DISTINCT key_encryption_key FROM data_key ORDER BY 1",
                vec![],
            )
            .await?;
        Ok(used
            .into_iter()
            .map(|row| row.key_encryption_key)
            .filter(|id| !self.keys.knows(id))
            .collect())
    }

    /// Seals a value for one place of the transaction's tenant.
    ///
    /// # Errors
    /// The database's; or the tenant is deleted.
    pub async fn seal(
        &self,
        tx: &TenantTx,
        place: Place<'_>,
        value: &SecretString,
    ) -> Result<Vec<u8>, Error> {
        // Held to the end of the transaction: the key is not taken away before what it sealed is there to be seen.
        let newest = tx
            .query_as::<Model>(
                "SELECT * FROM data_key WHERE {mine} ORDER BY generation DESC LIMIT 1 FOR KEY SHARE",
                vec![],
            )
            .await?
            .pop();
        let row = match newest {
            Some(row) => row,
            None => self.make(tx, FIRST).await?,
        };
        self.seal_under(&row, tx, place, value).await
    }

    /// As [`Vault::seal`], for a transaction that already keeps others waiting: it waits for nobody. The key is there, by
    /// [`Vault::prepare`], unless the tenant is being deleted.
    ///
    /// # Errors
    /// The database's; or the tenant is deleted, or is being deleted.
    pub async fn seal_last(
        &self,
        tx: &TenantTx,
        place: Place<'_>,
        value: &SecretString,
    ) -> Result<Vec<u8>, Error> {
        let newest = tx
            .query_as::<Model>(
                "SELECT * FROM data_key WHERE {mine} ORDER BY generation DESC LIMIT 1 FOR KEY SHARE SKIP LOCKED",
                vec![],
            )
            .await?
            .pop()
            .ok_or(Error::NotFound)?;
        self.seal_under(&newest, tx, place, value).await
    }

    /// Makes the first data key of a tenant that has none, in the transaction given, which should do nothing else.
    ///
    /// # Errors
    /// The database's; or the tenant is deleted.
    pub async fn prepare(&self, tx: &TenantTx) -> Result<(), Error> {
        let keys = tx
            .query("SELECT 1 FROM data_key WHERE {mine} LIMIT 1", vec![])
            .await?;
        if keys.is_empty() {
            self.make(tx, FIRST).await?;
        }
        Ok(())
    }

    async fn seal_under(
        &self,
        row: &Model,
        tx: &TenantTx,
        place: Place<'_>,
        value: &SecretString,
    ) -> Result<Vec<u8>, Error> {
        let key = self.data_key(row).await?;
        seal_value(&key, row.generation, tx.tenant(), place, value)
    }

    /// Opens what [`Vault::seal`] made for the same place.
    ///
    /// # Errors
    /// The value was sealed for another place, by another key, or altered; or its key was destroyed.
    pub async fn open(
        &self,
        tx: &TenantTx,
        place: Place<'_>,
        sealed: &[u8],
    ) -> Result<SecretString, Error> {
        let rows = tx
            .all(
                tx.find::<data_key::Entity>()
                    .order_by_desc(Column::Generation),
            )
            .await?;
        self.open_among(&rows, tx.tenant(), place, sealed).await
    }

    async fn open_among(
        &self,
        rows: &[Model],
        tenant: TenantId,
        place: Place<'_>,
        sealed: &[u8],
    ) -> Result<SecretString, Error> {
        // A nonce from before there were generations may, once in four thousand million, begin with the mark.
        let ways = [
            generation_of(sealed).map(|(generation, rest)| (generation, rest, Some(generation))),
            Some((FIRST, sealed, None)),
        ];
        for (generation, sealed, named) in ways.into_iter().flatten() {
            let Some(row) = rows.iter().find(|row| row.generation == generation) else {
                continue;
            };
            let key = self.data_key(row).await?;
            if let Some(plain) = key.open(&associated(tenant, place, named), sealed) {
                return std::str::from_utf8(&plain)
                    .map(SecretString::from)
                    .map_err(|_| Error::internal("a sealed value is not text"));
            }
        }
        Err(Error::internal(
            "a sealed value does not open: another place, another key, altered, or its key was destroyed",
        ))
    }

    async fn data_key(&self, row: &Model) -> Result<Seal, Error> {
        let wrapped = Wrapped {
            key_id: row.key_encryption_key.clone(),
            bytes: row.wrapped.clone(),
        };
        let place = data_key_place(row.tenant_id, row.generation);
        let plain = self.keys.unwrap(&place, &wrapped).await?;
        Seal::new(&plain).ok_or_else(|| Error::internal("a data key has the wrong length"))
    }

    // Of two who make the first at once the second waits for the other, and takes its key.
    async fn make(&self, tx: &TenantTx, generation: i32) -> Result<Model, Error> {
        let gone = tx
            .query(
                "SELECT 1 FROM tenant WHERE {mine} AND status = 'deleted'",
                vec![],
            )
            .await?;
        if !gone.is_empty() {
            return Err(Error::internal(
                "the tenant is deleted: nothing is sealed for it any more",
            ));
        }
        let place = data_key_place(tx.tenant(), generation);
        let wrapped = self.keys.wrap(&place, &fresh_key()).await?;
        tx.execute(
            "INSERT INTO data_key (tenant_id, generation, wrapped, key_encryption_key)
             SELECT tenant_id, $2, $3, $4 FROM tenant WHERE {mine} ON CONFLICT DO NOTHING",
            vec![
                generation.into(),
                wrapped.bytes.into(),
                wrapped.key_id.into(),
            ],
        )
        .await?;
        tx.query_as::<Model>(
            "SELECT * FROM data_key WHERE {mine} AND generation = $2 FOR KEY SHARE",
            vec![generation.into()],
        )
        .await?
        .pop()
        .ok_or_else(|| Error::internal("the tenant is not there, or its keys were destroyed"))
    }
}

/// Destroys every data key of the transaction's tenant: what was sealed for it never opens again.
///
/// # Errors
/// The database's.
pub(crate) async fn destroy(tx: &TenantTx) -> Result<u64, Error> {
    let destroyed = tx
        .execute("DELETE FROM data_key WHERE {mine}", vec![])
        .await?;
    Ok(destroyed.rows_affected())
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vault({})", self.keys.current())
    }
}

fn seal_value(
    key: &Seal,
    generation: i32,
    tenant: TenantId,
    place: Place<'_>,
    value: &SecretString,
) -> Result<Vec<u8>, Error> {
    let sealed = key.seal(
        &associated(tenant, place, Some(generation)),
        value.expose_secret().as_bytes(),
    )?;
    Ok([&MARK[..], &generation.to_be_bytes(), &sealed].concat())
}

/// The generation that a sealed value names, and the rest of it.
fn generation_of(sealed: &[u8]) -> Option<(i32, &[u8])> {
    let (generation, rest) = sealed.strip_prefix(&MARK)?.split_first_chunk()?;
    Some((i32::from_be_bytes(*generation), rest))
}

fn associated(tenant: TenantId, place: Place<'_>, generation: Option<i32>) -> Vec<u8> {
    let place = format!(
        "{}|{}|{}|{}",
        place.table, place.column, tenant.0, place.row
    );
    match generation {
        Some(generation) => format!("{place}|{generation}").into_bytes(),
        None => place.into_bytes(),
    }
}

fn data_key_place(tenant: TenantId, generation: i32) -> Vec<u8> {
    let place = format!("data_key|wrapped|{}", tenant.0);
    match generation {
        // As it was before there were generations.
        FIRST => place.into_bytes(),
        later => format!("{place}|{later}").into_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place<'static> = Place {
        table: "webhook_secret",
        column: "secret",
        row: uuid::Uuid::nil(),
    };

    async fn row(vault: &Vault, generation: i32) -> (Model, Seal) {
        let plain = fresh_key();
        let tenant = TenantId::PLATFORM;
        let place = data_key_place(tenant, generation);
        let wrapped = vault.keys.wrap(&place, &plain).await.unwrap();
        let row = Model {
            tenant_id: tenant,
            generation,
            wrapped: wrapped.bytes,
            key_encryption_key: wrapped.key_id,
            created_at: chrono::DateTime::UNIX_EPOCH,
            retired_at: None,
        };
        (row, Seal::new(&plain).unwrap())
    }

    fn vault() -> Vault {
        let key = data_encoding::BASE64.encode(&[7; 32]);
        Vault::new(Arc::new(ConfiguredKeys::new(&key.into(), &[]).unwrap()))
    }

    #[tokio::test]
    async fn a_value_opens_under_each_generation_and_one_from_before_there_were_any() {
        let vault = vault();
        let ((first, first_key), (second, second_key)) =
            (row(&vault, 1).await, row(&vault, 2).await);
        let tenant = TenantId::PLATFORM;
        let value = SecretString::from("secret");
        let rows = [second, first];
        let older = first_key
            .seal(&associated(tenant, PLACE, None), b"secret")
            .unwrap();
        for sealed in [
            seal_value(&first_key, 1, tenant, PLACE, &value).unwrap(),
            seal_value(&second_key, 2, tenant, PLACE, &value).unwrap(),
            older,
        ] {
            let opened = vault
                .open_among(&rows, tenant, PLACE, &sealed)
                .await
                .unwrap();
            assert_eq!(opened.expose_secret(), "secret");
            let elsewhere = Place {
                column: "signing_key",
                ..PLACE
            };
            assert!(
                vault
                    .open_among(&rows, tenant, elsewhere, &sealed)
                    .await
                    .is_err()
            );
            assert!(vault.open_among(&[], tenant, PLACE, &sealed).await.is_err());
        }
        // One generation's value does not pass for another's.
        let mut sealed = seal_value(&second_key, 2, tenant, PLACE, &value).unwrap();
        sealed[7] = 1;
        assert!(
            vault
                .open_among(&rows, tenant, PLACE, &sealed)
                .await
                .is_err()
        );
    }
}
