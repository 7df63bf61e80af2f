//! Why an event makes no entry, in words that say how to mend it.

use std::fmt;

use chrono::NaiveDate;

use crate::{Amount, Currency, EntryError, EventError, Slot};

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
    /// Slots without an account: every one the event needs and does not find.
    #[error("no account is mapped for {}; map each and retry", list(.0))]
    MissingMappings(Vec<Missing>),
    /// The event was taken in by other rules than today's, and cannot be read any more.
    #[error("{0}")]
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
            Self::ClosedPeriod { .. } => "closed_period",
            Self::MissingMappings(_) => "missing_mappings",
            Self::Unreadable(_) => "unreadable_event",
            Self::InvalidEntry(_) => "invalid_entry",
        }
    }
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
    missing
        .iter()
        .map(Missing::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}
