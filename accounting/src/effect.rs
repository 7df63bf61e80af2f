//! What entries do to the books: the sums of debits and credits of each account and each place.

use std::collections::BTreeMap;
use std::fmt;

use crate::decimal::write_scaled;
use crate::{Currency, JournalEntry, Ref, Side};

/// What a number of entries do to the books, summed. Its size follows the chart and its places, not the number of entries.
///
/// Every entry balances, so the debits of an effect are always its credits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    entries: u64,
    accounts: BTreeMap<Ref, BTreeMap<Place, Sides>>,
}

/// Where a line belongs in the books, besides its account.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The QuickBooks Location.
    pub department: Option<Ref>,
    /// The QuickBooks Class.
    pub class: Option<Ref>,
}

/// The sums of both sides, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sides {
    /// The sum of the debits.
    pub debits_minor: i128,
    /// The sum of the credits.
    pub credits_minor: i128,
}

/// A sum of amounts, which may be larger than an [`Amount`](crate::Amount) can be. Prints as a decimal string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sum {
    minor: i128,
    currency: Currency,
}

impl Sides {
    /// Debits less credits.
    pub fn net_minor(self) -> i128 {
        self.debits_minor - self.credits_minor
    }

    fn add(&mut self, side: Side, amount_minor: i64) {
        match side {
            Side::Debit => self.debits_minor += i128::from(amount_minor),
            Side::Credit => self.credits_minor += i128::from(amount_minor),
        }
    }

    /// All of them together.
    pub fn sum<'a>(parts: impl IntoIterator<Item = &'a Self>) -> Self {
        parts.into_iter().fold(Self::default(), Self::and)
    }

    fn and(self, other: &Self) -> Self {
        Self {
            debits_minor: self.debits_minor + other.debits_minor,
            credits_minor: self.credits_minor + other.credits_minor,
        }
    }
}

impl Sum {
    /// A sum of `minor` minor units.
    pub fn of_minor(minor: i128, currency: Currency) -> Self {
        Self { minor, currency }
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_scaled(f, self.minor, self.currency.minor_digits())
    }
}

impl Effect {
    /// Adds what one entry does.
    pub fn add(&mut self, entry: &JournalEntry) {
        self.entries += 1;
        for line in entry.lines() {
            let place = Place {
                department: line.department.clone(),
                class: line.class.clone(),
            };
            let places = match self.accounts.get_mut(&line.account) {
                Some(places) => places,
                None => self.accounts.entry(line.account.clone()).or_default(),
            };
            let sides = places.entry(place).or_default();
            sides.add(line.side, line.amount_minor);
        }
    }

    /// How many entries were added.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// The sums of each account that any entry touches, in the order of their ids, at each location and class, what has
    /// neither among them.
    pub fn accounts(&self) -> impl Iterator<Item = (&Ref, &BTreeMap<Place, Sides>)> {
        self.accounts.iter()
    }

    /// The sums of each location and class that any entry touches, what has neither among them.
    pub fn places(&self) -> BTreeMap<&Place, Sides> {
        let mut sums: BTreeMap<&Place, Sides> = BTreeMap::new();
        for (place, sides) in self.accounts.values().flatten() {
            let sum = sums.entry(place).or_default();
            *sum = sum.and(sides);
        }
        sums
    }

    /// The sums of all accounts: debits and credits are the same.
    pub fn total(&self) -> Sides {
        Sides::sum(self.accounts.values().flat_map(BTreeMap::values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Line;

    fn entry(lines: &[(&str, Side, i64, Option<&str>)]) -> JournalEntry {
        let lines = lines
            .iter()
            .map(|&(account, side, amount_minor, department)| Line {
                account: account.into(),
                side,
                amount_minor,
                description: String::new(),
                department: department.map(Ref::from),
                class: None,
            })
            .collect();
        JournalEntry::new(Default::default(), Currency::USD, None, lines).unwrap()
    }

    #[test]
    fn both_sides_of_an_account_are_kept_apart() {
        use Side::{Credit, Debit};
        let mut effect = Effect::default();
        effect.add(&entry(&[
            ("cash", Debit, 500, Some("7")),
            ("sales", Credit, 500, Some("7")),
        ]));
        effect.add(&entry(&[
            ("sales", Debit, 120, None),
            ("cash", Credit, 120, None),
        ]));
        let sums: Vec<_> = effect
            .accounts()
            .map(|(account, places)| {
                let sides = Sides::sum(places.values());
                (
                    account.to_string(),
                    sides.debits_minor,
                    sides.credits_minor,
                    sides.net_minor(),
                )
            })
            .collect();
        assert_eq!(
            sums,
            [
                ("cash".to_owned(), 500, 120, 380),
                ("sales".to_owned(), 120, 500, -380)
            ]
        );
        let total = effect.total();
        assert_eq!((total.debits_minor, total.credits_minor), (620, 620));
        assert_eq!(effect.entries(), 2);
        let at = |department: Option<&str>| Place {
            department: department.map(Ref::from),
            class: None,
        };
        let each = |sides: Sides| (sides.debits_minor, sides.credits_minor);
        let places = effect.places();
        assert_eq!(each(places[&at(Some("7"))]), (500, 500));
        assert_eq!(each(places[&at(None)]), (120, 120));
        let (_, cash) = effect.accounts().next().unwrap();
        assert_eq!(each(cash[&at(Some("7"))]), (500, 0));
        assert_eq!(each(cash[&at(None)]), (0, 120));
    }

    #[test]
    fn a_sum_prints_in_its_currency_whatever_its_size() {
        let jpy = "JPY".parse().unwrap();
        assert_eq!(Sum::of_minor(-5, Currency::USD).to_string(), "-0.05");
        assert_eq!(Sum::of_minor(-5, jpy).to_string(), "-5");
        let more = i128::from(i64::MAX) * 2;
        assert_eq!(
            Sum::of_minor(more, Currency::USD).to_string(),
            "184467440737095516.14"
        );
    }
}
