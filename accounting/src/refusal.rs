//! Why an event makes no entry, in words that say how to mend it.

use std::fmt;

use chrono::NaiveDate;

use crate::{Amount, Currency, Dimension, EntryError, EventError, Ref, Slot, Unusable};

/// Why an event cannot be posted. Each is mended by a person: the sender, or whoever keeps the mapping and the books.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The event's currency is not the company's home currency. Nothing is converted in silence.
    #[error(
        "the event is in {event} and the company's home currency is {home}; only events in {home} can be posted"
    )]
    ForeignCurrency {
        /// The event's currency.
        event: Currency,
        /// The company's home currency.
        home: Currency,
    },
    /// An amount has a fraction of the minor unit, because the event was taken in under another currency.
    #[error(
        "the amount {amount} has more decimals than {currency} has; send the event again with whole minor units"
    )]
    TooManyDecimals {
        /// The amount as it was written.
        amount: String,
        /// The currency.
        currency: Currency,
    },
    /// A cost or a sum is larger than books can hold.
    #[error(
        "an amount of this event is larger than the books can hold; check its quantities, costs and amounts"
    )]
    AmountTooLarge,
    /// The payments of a sale are not the sum of its lines.
    #[error(
        "the payments sum to {payments} and the lines to {lines} {}, a difference of {difference} beyond the rounding \
         tolerance of {tolerance}; send the event again with sums that agree", payments.currency
    )]
    UnbalancedEvent {
        /// The sum of the payments.
        payments: Amount,
        /// The sum of the lines.
        lines: Amount,
        /// Payments less lines.
        difference: Amount,
        /// The tenant's rounding tolerance.
        tolerance: Amount,
    },
    /// The event is dated in a period that is closed.
    #[error(
        "the event is dated {accounting_date} and the books are closed through {closing_date}; reopen the period and \
         retry, or let such events be dated the first open day"
    )]
    ClosedPeriod {
        /// The event's date in the books.
        accounting_date: NaiveDate,
        /// The last day of the closed period.
        closing_date: NaiveDate,
    },
    /// QuickBooks has refused entries of such a date as closed, though its preferences show no closing date that covers it.
    #[error(
        "the entry would be dated {accounting_date}, and QuickBooks has refused entries up to {refused_through} because the \
         accounting period is closed, although its preferences {}; it was not sent", shown(*.closing_date)
    )]
    PeriodRefused {
        /// The entry's date in the books.
        accounting_date: NaiveDate,
        /// The latest date that was refused.
        refused_through: NaiveDate,
        /// The closing date that the preferences show.
        closing_date: Option<NaiveDate>,
    },
    /// Slots without an account: every one the event needs and does not find.
    #[error("{}", list(.0))]
    MissingMappings(Vec<Missing>),
    /// Accounts that are mapped and cannot take an entry: every one the event's entry would go to. Named by their ids in
    /// QuickBooks.
    #[error("the entry would go to {}", unusable_list(.0))]
    AccountsUnusable(Vec<(Ref, Unusable)>),
    /// Locations and classes that are mapped and cannot stand in an entry: every one its lines would carry. Named by their ids
    /// in QuickBooks.
    #[error("lines of the entry would carry {}", dimension_list(.0))]
    DimensionsUnusable(Vec<(Dimension, Ref, Unusable)>),
    /// The event was taken in by other rules than today's, and cannot be read any more.
    #[error("the event as it was taken in cannot be read any more: {0}")]
    Unreadable(#[source] EventError),
    /// The lines made no entry. The rules post in pairs, so this is a mistake of ours and nothing is posted.
    #[error("the posting rules gave {0}, which is a mistake of ours; nothing is posted")]
    InvalidEntry(#[source] EntryError),
}

impl Refusal {
    /// What tells two refusals of one code apart for whoever mends them: each missing slot and key, the event's currency,
    /// the closing date, the field that cannot be read. Empty where each event is its own case.
    pub fn causes(&self) -> Vec<String> {
        match self {
            Self::ForeignCurrency { event, .. } => vec![event.to_string()],
            Self::ClosedPeriod { closing_date, .. } => vec![closing_date.to_string()],
            Self::MissingMappings(missing) => missing.iter().map(Missing::to_string).collect(),
            Self::PeriodRefused {
                refused_through, ..
            } => vec![refused_through.to_string()],
            Self::AccountsUnusable(accounts) => accounts
                .iter()
                .map(|(account, _)| account.to_string())
                .collect(),
            Self::DimensionsUnusable(dimensions) => dimensions
                .iter()
                .map(|(dimension, id, _)| format!("{dimension} {id}"))
                .collect(),
            Self::Unreadable(error) => vec![error.path.clone()],
            Self::TooManyDecimals { .. }
            | Self::AmountTooLarge
            | Self::UnbalancedEvent { .. }
            | Self::InvalidEntry(_) => Vec::new(),
        }
    }

    /// A stable code of the reason, such as `unbalanced_event`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ForeignCurrency { .. } => "foreign_currency",
            Self::TooManyDecimals { .. } => "too_many_decimals",
            Self::AmountTooLarge => "amount_too_large",
            Self::UnbalancedEvent { .. } => "unbalanced_event",
            Self::ClosedPeriod { .. } | Self::PeriodRefused { .. } => "closed_period",
            Self::MissingMappings(_) => "missing_mappings",
            Self::AccountsUnusable(accounts) => worst(accounts.iter().map(|(_, why)| *why)).code(),
            Self::DimensionsUnusable(dimensions) => {
                worst(dimensions.iter().map(|(_, _, why)| *why)).code()
            }
            Self::Unreadable(_) => "unreadable_event",
            Self::InvalidEntry(_) => "invalid_entry",
        }
    }
}

/// The one of several reasons that an entry is refused for: the first in the order of the enum.
fn worst(reasons: impl Iterator<Item = Unusable>) -> Unusable {
    reasons.min().unwrap_or(Unusable::Inactive)
}

impl From<EntryError> for Refusal {
    fn from(error: EntryError) -> Self {
        match error {
            EntryError::Overflow => Self::AmountTooLarge,
            EntryError::Empty | EntryError::NotPositive { .. } | EntryError::Unbalanced { .. } => {
                Self::InvalidEntry(error)
            }
        }
    }
}

/// A slot that has no account for a key at a location. Prints as `payment[paypal] at boston`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Missing {
    /// The slot.
    pub slot: Slot,
    /// The key, where the line has one. Without it only the slot's default can serve.
    pub key: Option<String>,
    /// The location of the line, where it has one.
    pub location: Option<String>,
}

impl Missing {
    /// A sentence that a person reads: `payment type `paypal` has no payment account (payment[paypal])`.
    pub fn words(&self) -> String {
        let slot = self.slot.words();
        let place = match &self.location {
            Some(location) => format!(" at location `{location}`"),
            None => String::new(),
        };
        match (self.slot.key(), &self.key) {
            (Some(kind), Some(key)) => format!(
                "{} `{key}`{place} has no {slot} account ({self})",
                kind.words()
            ),
            (Some(kind), None) => format!(
                "a line without {}{place} has no {slot} account ({self})",
                kind.words()
            ),
            (None, _) => format!("there is no {slot} account{place} ({self})"),
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.slot.as_str())?;
        if let Some(key) = &self.key {
            write!(f, "[{key}]")?;
        }
        match &self.location {
            Some(location) => write!(f, " at {location}"),
            None => Ok(()),
        }
    }
}

fn list(missing: &[Missing]) -> String {
    let words: Vec<_> = missing.iter().map(Missing::words).collect();
    words.join("; ")
}

fn unusable_list(accounts: &[(Ref, Unusable)]) -> String {
    let words: Vec<_> = accounts
        .iter()
        .map(|(account, unusable)| format!("account {account}, which {unusable}"))
        .collect();
    words.join("; ")
}

fn dimension_list(dimensions: &[(Dimension, Ref, Unusable)]) -> String {
    let words: Vec<_> = dimensions
        .iter()
        .map(|(dimension, id, unusable)| format!("{dimension} {id}, which {unusable}"))
        .collect();
    words.join("; ")
}

fn shown(closing_date: Option<NaiveDate>) -> String {
    match closing_date {
        Some(date) => format!("show the closing date {date}"),
        None => "show no closing date".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(slot: Slot, key: Option<&str>, location: Option<&str>) -> String {
        Missing {
            slot,
            key: key.map(str::to_owned),
            location: location.map(str::to_owned),
        }
        .words()
    }

    #[test]
    fn what_is_missing_is_told_in_words_and_by_its_place_in_the_mapping() {
        assert_eq!(
            missing(Slot::Payment, Some("paypal"), None),
            "payment type `paypal` has no payment account (payment[paypal])"
        );
        assert_eq!(
            missing(Slot::Revenue, Some("hats"), Some("boston")),
            "item class `hats` at location `boston` has no revenue account (revenue[hats] at boston)"
        );
        assert_eq!(
            missing(Slot::SalesTax, None, None),
            "a line without tax jurisdiction has no sales tax account (sales_tax)"
        );
        assert_eq!(
            missing(Slot::GiftCardLiability, None, None),
            "there is no gift card liability account (gift_card_liability)"
        );
    }

    #[test]
    fn of_several_reasons_the_gravest_gives_the_code() {
        let refusal = Refusal::AccountsUnusable(vec![
            (Ref::from("7"), Unusable::Inactive),
            (Ref::from("8"), Unusable::Vanished),
        ]);
        assert_eq!(refusal.code(), "reference_missing");
        assert_eq!(
            refusal.to_string(),
            "the entry would go to account 7, which is inactive in QuickBooks; account 8, which is not in QuickBooks any more"
        );
    }
}
