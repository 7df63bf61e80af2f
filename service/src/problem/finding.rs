//! What was found wrong with an event, in the words and facts of that moment.

use super::Code;
use super::facts::{Facts, ForeignEntry, MissingMapping};
use super::names::Names;
use accounting::{Dimension, Ref, Refusal, SkipReason, Unusable};
use quickbooks::PostedEntry;

/// What is wrong with an event, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) code: Code,
    pub(crate) detail: String,
    pub(crate) facts: Facts,
}

impl Finding {
    pub(super) fn new(code: Code, detail: impl Into<String>, facts: Facts) -> Self {
        Self {
            code,
            detail: detail.into(),
            facts,
        }
    }

    fn plain(code: Code, detail: impl Into<String>) -> Self {
        Self::new(code, detail, Facts::default())
    }

    /// What the accounting rules refuse. `names` are those of [`Names::of_refusal`].
    pub(crate) fn of_refusal(refusal: &Refusal, names: &Names) -> Self {
        let detail = refusal.to_string();
        match refusal {
            Refusal::MissingMappings(missing) => {
                let facts = Facts {
                    missing: missing
                        .iter()
                        .map(|missing| MissingMapping {
                            slot: missing.slot.to_string(),
                            key: missing.key.clone(),
                            location: missing.location.clone(),
                        })
                        .collect(),
                    ..Facts::default()
                };
                Self::new(Code::MissingMappings, detail, facts)
            }
            Refusal::AccountsUnusable(accounts) => unusable(refusal, accounts, names),
            Refusal::DimensionsUnusable(dimensions) => {
                unusable_dimensions(refusal, dimensions, names)
            }
            Refusal::ForeignCurrency { event, home } => {
                let facts = Facts {
                    currency: Some(event.to_string()),
                    home_currency: Some(home.to_string()),
                    ..Facts::default()
                };
                Self::new(Code::ForeignCurrency, detail, facts)
            }
            Refusal::TooManyDecimals { currency, .. } => {
                let facts = Facts {
                    currency: Some(currency.to_string()),
                    ..Facts::default()
                };
                Self::new(Code::TooManyDecimals, detail, facts)
            }
            Refusal::AmountTooLarge => Self::plain(Code::AmountTooLarge, detail),
            Refusal::UnbalancedEvent {
                payments,
                lines,
                difference,
                ..
            } => {
                let facts = Facts {
                    home_currency: Some(payments.currency.to_string()),
                    payments: Some(payments.to_string()),
                    lines: Some(lines.to_string()),
                    difference: Some(difference.to_string()),
                    ..Facts::default()
                };
                Self::new(Code::UnbalancedEvent, detail, facts)
            }
            Refusal::ClosedPeriod {
                accounting_date,
                closing_date,
            } => {
                let facts = Facts {
                    accounting_date: Some(*accounting_date),
                    closing_date: Some(*closing_date),
                    ..Facts::default()
                };
                Self::new(Code::ClosedPeriod, detail, facts)
            }
            Refusal::PeriodRefused {
                accounting_date,
                refused_through,
                closing_date,
            } => {
                let facts = Facts {
                    accounting_date: Some(*accounting_date),
                    closing_date: *closing_date,
                    refused_through: Some(*refused_through),
                    ..Facts::default()
                };
                Self::new(Code::ClosedPeriod, detail, facts)
            }
            Refusal::Unreadable(_) => Self::plain(Code::UnreadableEvent, detail),
            Refusal::InvalidEntry(_) => Self::plain(Code::InvalidEntry, detail),
        }
    }

    /// There is nothing to post.
    pub(crate) fn of_skip(reason: SkipReason) -> Self {
        let code = match reason {
            SkipReason::NothingToPost => Code::NothingToPost,
            SkipReason::NetsToZero => Code::NetsToZero,
        };
        Self::plain(code, reason.to_string())
    }

    /// Another version of the event is in these books.
    pub(crate) fn already_posted(posted: i32, present: i32) -> Self {
        Self::plain(
            Code::EventAlreadyPosted,
            format!(
                "version {posted} of the event is in the books and version {present} differs from it; a posted entry is never \
                 rewritten"
            ),
        )
    }

    /// A look-up found another entry under the number.
    pub(crate) fn number_taken(number: &str, holder: Option<&PostedEntry>) -> Self {
        let by = holder.map_or_else(String::new, |holder| {
            format!(
                " by journal entry {} of {}",
                holder.id, holder.accounting_date
            )
        });
        let facts = Facts {
            number: Some(number.to_owned()),
            foreign_entry: holder.map(|holder| ForeignEntry {
                qbo_id: holder.id.clone(),
                accounting_date: Some(holder.accounting_date),
            }),
            ..Facts::default()
        };
        Self::new(
            Code::NumberTaken,
            format!(
                "number {number} is taken in QuickBooks{by}, which is not this event's entry; nothing was posted"
            ),
            facts,
        )
    }
}

fn unusable(refusal: &Refusal, accounts: &[(Ref, Unusable)], names: &Names) -> Finding {
    let told: Vec<_> = accounts
        .iter()
        .map(|(account, why)| format!("{} {why}", names.account(account)))
        .collect();
    let facts = Facts {
        accounts: accounts
            .iter()
            .map(|(account, _)| names.account(account))
            .collect(),
        ..Facts::default()
    };
    let code = Code::read(refusal.code()).unwrap_or(Code::ReferenceMissing);
    Finding::new(code, told.join("; "), facts)
}

fn unusable_dimensions(
    refusal: &Refusal,
    dimensions: &[(Dimension, Ref, Unusable)],
    names: &Names,
) -> Finding {
    let told: Vec<_> = dimensions
        .iter()
        .map(|(kind, id, why)| format!("{} {why}", names.dimension(*kind, id)))
        .collect();
    let facts = Facts {
        dimensions: dimensions
            .iter()
            .map(|(kind, id, _)| names.dimension(*kind, id))
            .collect(),
        ..Facts::default()
    };
    let code = Code::read(refusal.code()).unwrap_or(Code::ReferenceMissing);
    Finding::new(code, told.join("; "), facts)
}
