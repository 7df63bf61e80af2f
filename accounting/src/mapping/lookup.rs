//! A tenant's mapping: the account of each slot, by default or for a key, and optionally for a location.

use std::collections::HashMap;

use super::Slot;
use crate::Ref;

/// Which account plays which role. Lookups prefer the most specific row.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    slots: [SlotRows; Slot::ALL.len()],
}

#[derive(Clone, Debug, Default)]
struct SlotRows {
    default: Accounts,
    by_key: HashMap<Box<str>, Accounts>,
}

/// A row: its account, or that there is none any more.
type Row = Option<Ref>;

#[derive(Clone, Debug, Default)]
struct Accounts {
    anywhere: Option<Row>,
    by_location: HashMap<Box<str>, Row>,
}

impl Accounts {
    fn at(&self, location: Option<&str>) -> Option<&Row> {
        let here = if self.by_location.is_empty() {
            None
        } else {
            location
        };
        here.and_then(|location| self.by_location.get(location))
            .or(self.anywhere.as_ref())
    }
}

impl Mapping {
    /// Gives `slot` an account: for one key or by default, at one location or anywhere. Replaces what was there.
    pub fn set(
        &mut self,
        slot: Slot,
        key: Option<&str>,
        location: Option<&str>,
        account: impl Into<Ref>,
    ) {
        self.put(slot, key, location, Some(account.into()));
    }

    /// Keeps a row whose account is gone: what it is for has no account, rather than that of a less specific row.
    pub fn set_gone(&mut self, slot: Slot, key: Option<&str>, location: Option<&str>) {
        self.put(slot, key, location, None);
    }

    fn put(&mut self, slot: Slot, key: Option<&str>, location: Option<&str>, row: Row) {
        let rows = &mut self.slots[slot as usize];
        let accounts = match key {
            Some(key) => rows.by_key.entry(key.into()).or_default(),
            None => &mut rows.default,
        };
        match location {
            Some(location) => drop(accounts.by_location.insert(location.into(), row)),
            None => accounts.anywhere = Some(row),
        }
    }

    /// The accounts that a slot's rows hold, in no order.
    pub fn rows(&self, slot: Slot) -> impl Iterator<Item = &Ref> {
        let rows = &self.slots[slot as usize];
        rows.by_key
            .values()
            .chain([&rows.default])
            .flat_map(|accounts| {
                accounts
                    .anywhere
                    .iter()
                    .chain(accounts.by_location.values())
            })
            .flatten()
    }

    /// The account of the most specific row: (key, location), key, (default, location), default.
    pub fn resolve(&self, slot: Slot, key: Option<&str>, location: Option<&str>) -> Option<&Ref> {
        let rows = &self.slots[slot as usize];
        let of_key = key
            .and_then(|key| rows.by_key.get(key))
            .and_then(|accounts| accounts.at(location));
        of_key.or_else(|| rows.default.at(location))?.as_ref()
    }
}

/// A row of a mapping: slot, key or default, location or anywhere, account.
impl<K: AsRef<str>, L: AsRef<str>, A: Into<Ref>> FromIterator<(Slot, Option<K>, Option<L>, A)>
    for Mapping
{
    fn from_iter<I: IntoIterator<Item = (Slot, Option<K>, Option<L>, A)>>(rows: I) -> Self {
        let mut mapping = Self::default();
        for (slot, key, location, account) in rows {
            mapping.set(
                slot,
                key.as_ref().map(K::as_ref),
                location.as_ref().map(L::as_ref),
                account,
            );
        }
        mapping
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_whose_account_is_gone_does_not_fall_back_to_another() {
        let mut mapping = Mapping::default();
        mapping.set(Slot::Revenue, None, None, "default");
        mapping.set(Slot::Revenue, Some("hats"), None, "hats");
        mapping.set_gone(Slot::Revenue, Some("hats"), None);
        assert_eq!(mapping.resolve(Slot::Revenue, Some("hats"), None), None);
        assert_eq!(
            mapping.resolve(Slot::Revenue, Some("hats"), Some("boston")),
            None
        );
        assert!(
            mapping
                .resolve(Slot::Revenue, Some("shoes"), None)
                .is_some()
        );
        assert_eq!(mapping.rows(Slot::Revenue).count(), 1);
    }

    #[test]
    fn the_most_specific_row_wins() {
        let mut mapping = Mapping::default();
        let account = |mapping: &Mapping| {
            mapping
                .resolve(Slot::Revenue, Some("hats"), Some("boston"))
                .map(Ref::to_string)
        };
        assert_eq!(account(&mapping), None);
        for (key, location, number) in [
            (None, None, "default"),
            (None, Some("boston"), "default at boston"),
            (Some("hats"), None, "hats"),
            (Some("hats"), Some("boston"), "hats at boston"),
        ] {
            mapping.set(Slot::Revenue, key, location, number);
            assert_eq!(account(&mapping).as_deref(), Some(number));
        }
        let elsewhere = |key, location| {
            mapping
                .resolve(Slot::Revenue, key, location)
                .map(Ref::as_str)
        };
        assert_eq!(elsewhere(Some("hats"), Some("salem")), Some("hats"));
        assert_eq!(
            elsewhere(Some("shoes"), Some("boston")),
            Some("default at boston")
        );
        assert_eq!(elsewhere(Some("shoes"), None), Some("default"));
        assert_eq!(elsewhere(None, None), Some("default"));
        assert_eq!(mapping.resolve(Slot::SalesTax, None, None), None);
    }
}
