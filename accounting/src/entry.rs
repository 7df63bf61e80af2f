//! The journal entry: debits equal credits, always.

use chrono::NaiveDate;

use crate::{Amount, Currency, Ref};

/// The two sides of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The left side.
    Debit,
    /// The right side.
    Credit,
}

impl Side {
    /// The other side.
    pub fn opposite(self) -> Self {
        match self {
            Self::Debit => Self::Credit,
            Self::Credit => Self::Debit,
        }
    }

    /// `debit` or `credit`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debit => "debit",
            Self::Credit => "credit",
        }
    }
}

/// One line of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The account it goes to.
    pub account: Ref,
    /// The account's side it goes to.
    pub side: Side,
    /// Whole minor units of the entry's currency, above zero.
    pub amount_minor: i64,
    /// What it is, in words a bookkeeper reads: `Sales: apparel`.
    pub description: String,
    /// The QuickBooks Location it belongs to.
    pub department: Option<Ref>,
    /// The QuickBooks Class it belongs to.
    pub class: Option<Ref>,
}

/// A balanced journal entry of at least two lines.
///
/// [`JournalEntry::new`] is the only way to one, so every entry you hold balances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalEntry {
    date: NaiveDate,
    currency: Currency,
    note: Option<String>,
    lines: Vec<Line>,
    total_minor: i64,
}

/// Lines that make no entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// There are no lines.
    #[error("a journal entry without lines")]
    Empty,
    /// A line's amount is zero or below.
    #[error(
        "line {index} has the amount {amount}; lines are above zero and their side says the direction"
    )]
    NotPositive {
        /// The line's place, counted from 0.
        index: usize,
        /// Its amount.
        amount: Amount,
    },
    /// Debits and credits differ.
    #[error("debits of {debits} and credits of {credits} minor units differ")]
    Unbalanced {
        /// The sum of the debits in minor units.
        debits: i128,
        /// The sum of the credits in minor units.
        credits: i128,
    },
    /// The sum of one side is larger than books can hold.
    #[error("the sum of one side does not fit in 64 bits of minor units")]
    Overflow,
}

impl JournalEntry {
    /// Gives the entry when its lines are one: above zero, and debits equal to credits.
    ///
    /// `note` is the private note: the event's memo and what we have to add to it.
    ///
    /// # Errors
    /// Each variant of [`EntryError`], in the order of their declaration.
    pub fn new(
        date: NaiveDate,
        currency: Currency,
        note: Option<String>,
        lines: Vec<Line>,
    ) -> Result<Self, EntryError> {
        if lines.is_empty() {
            return Err(EntryError::Empty);
        }
        let (mut debits, mut credits) = (0i128, 0i128);
        for (index, line) in lines.iter().enumerate() {
            if line.amount_minor <= 0 {
                return Err(EntryError::NotPositive {
                    index,
                    amount: Amount::of_minor(line.amount_minor, currency),
                });
            }
            match line.side {
                Side::Debit => debits += i128::from(line.amount_minor),
                Side::Credit => credits += i128::from(line.amount_minor),
            }
        }
        if debits != credits {
            return Err(EntryError::Unbalanced { debits, credits });
        }
        let total_minor = i64::try_from(debits).map_err(|_| EntryError::Overflow)?;
        Ok(Self {
            date,
            currency,
            note,
            lines,
            total_minor,
        })
    }

    /// The accounting date.
    pub fn date(&self) -> NaiveDate {
        self.date
    }

    /// The currency of every line.
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// The private note.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// The lines, in the order of the posting rules.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Gives the lines away.
    pub fn into_lines(self) -> Vec<Line> {
        self.lines
    }

    /// The sum of the debits, which is the sum of the credits.
    pub fn total(&self) -> Amount {
        Amount::of_minor(self.total_minor, self.currency)
    }

    /// The reversing entry: the same lines on their opposite sides, on `date`.
    pub fn reverse(&self, date: NaiveDate) -> Self {
        let turned = |line: &Line| Line {
            side: line.side.opposite(),
            ..line.clone()
        };
        Self {
            date,
            lines: self.lines.iter().map(turned).collect(),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(side: Side, amount_minor: i64) -> Line {
        Line {
            account: "1".into(),
            side,
            amount_minor,
            description: String::new(),
            department: None,
            class: None,
        }
    }

    fn entry(lines: Vec<Line>) -> Result<JournalEntry, EntryError> {
        JournalEntry::new(
            NaiveDate::from_ymd_opt(2026, 11, 20).unwrap(),
            Currency::USD,
            None,
            lines,
        )
    }

    #[test]
    fn an_entry_that_does_not_balance_cannot_be_constructed() {
        use Side::{Credit, Debit};
        assert_eq!(entry(vec![]), Err(EntryError::Empty));
        let unbalanced = EntryError::Unbalanced {
            debits: 2,
            credits: 1,
        };
        assert_eq!(
            entry(vec![line(Debit, 2), line(Credit, 1)]),
            Err(unbalanced)
        );
        for zero_or_below in [0, -1] {
            let refused = entry(vec![
                line(Debit, zero_or_below),
                line(Credit, zero_or_below),
            ]);
            assert!(matches!(
                refused,
                Err(EntryError::NotPositive { index: 0, .. })
            ));
        }
        let huge = vec![
            line(Debit, i64::MAX),
            line(Debit, 1),
            line(Credit, i64::MAX),
            line(Credit, 1),
        ];
        assert_eq!(entry(huge), Err(EntryError::Overflow));
        assert_eq!(
            entry(vec![line(Debit, 2), line(Credit, 2)])
                .unwrap()
                .total()
                .minor,
            2
        );
    }
}
