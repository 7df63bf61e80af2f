//! Keys that differ only in the case of letters, or in blanks around them: two keys to the mapping, and to a person mostly one.

use super::CompanyMapping;
use crate::error::Error;
use accounting::Slot;
use entity::known_key::Entity;
use entity::store::TenantTx;
use std::collections::HashMap;

/// The known keys, by kind and by what they look like.
#[derive(Debug, Default)]
pub(crate) struct KnownKeys(HashMap<(String, String), Vec<String>>);

impl KnownKeys {
    /// Reads them all.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn read(tx: &TenantTx) -> Result<Self, Error> {
        let mut known: HashMap<(String, String), Vec<String>> = HashMap::new();
        for row in tx.all(tx.find::<Entity>()).await? {
            let looks = look(&row.key);
            known.entry((row.kind, looks)).or_default().push(row.key);
        }
        Ok(Self(known))
    }

    /// What to know of a row of the mapping whose key nothing carries, where another that looks like it is known.
    pub(crate) fn hint(&self, slot: &str, key: &str) -> Option<String> {
        let kind = slot.parse::<Slot>().ok()?.key()?.as_str().to_owned();
        let alike = self.0.get(&(kind, look(key)))?;
        if alike.iter().any(|known| known == key) {
            return None;
        }
        let known = alike.first()?;
        Some(format!(
            "nothing carries the key `{key}`, and `{known}` is known: letters count as they are written, and so do blanks"
        ))
    }
}

/// What to know of a key without an account, where one that looks like it is mapped for the slot.
pub(crate) fn mapped(desk: &CompanyMapping, slot: Slot, key: &str) -> Option<String> {
    let looks = look(key);
    let mut rows = desk.rows.iter();
    let row = rows.find(|row| {
        row.slot == slot.as_str()
            && !row.key.is_empty()
            && row.key != key
            && look(&row.key) == looks
    })?;
    Some(format!(
        "`{}` is mapped and is another key: letters count as they are written, and so do blanks",
        row.key
    ))
}

fn look(key: &str) -> String {
    key.trim().to_lowercase()
}
