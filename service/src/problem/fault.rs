//! What QuickBooks definitely refused, told with the names of the chart of accounts.

use super::Code;
use super::facts::{Facts, ForeignEntry, NamedAccount, NamedDimension, Said};
use super::finding::Finding;
use super::names::Names;
use crate::dimension;
use accounting::{Dimension, Unusable};
use chrono::NaiveDate;
use entity::account::Model as Account;
use quickbooks::{Cause, Failure, Ledger, Reference};

/// The longest quotation of QuickBooks' words.
const SAID_CHARACTERS_MAX: usize = 500;

/// The entry that was refused.
pub(crate) struct Refused<'a> {
    pub(crate) number: &'a str,
    pub(crate) accounting_date: NaiveDate,
    /// The accounts of its lines, by their ids in QuickBooks, each once.
    pub(crate) accounts: &'a [String],
    /// The Locations and Classes of its lines, by their ids in QuickBooks, each once.
    pub(crate) dimensions: &'a [(Dimension, String)],
    pub(crate) names: &'a Names,
}

impl Refused<'_> {
    /// What is wrong, by the cause of the refusal.
    pub(crate) fn finding(&self, failure: &Failure) -> Finding {
        let said = self.said(failure);
        let words = said
            .as_ref()
            .map_or_else(|| failure.to_string(), |said| said.message.clone());
        let facts = Facts {
            quickbooks: said,
            ..Facts::default()
        };
        match &failure.cause {
            Cause::PeriodClosed => Finding::new(
                Code::ClosedPeriod,
                format!(
                    "QuickBooks refused the entry dated {}: the accounting period is closed",
                    self.accounting_date
                ),
                Facts {
                    accounting_date: Some(self.accounting_date),
                    ..facts
                },
            ),
            Cause::AccountInactive => self.of_accounts(facts, Unusable::Inactive, None),
            Cause::ReferenceMissing {
                kind: Reference::Account,
                id,
            } => self.of_accounts(facts, Unusable::Vanished, id.as_deref()),
            Cause::ReferenceMissing {
                kind: Reference::Department,
                id,
            } => self.of_missing(facts, Dimension::Location, id.as_deref()),
            Cause::ReferenceMissing {
                kind: Reference::Class,
                id,
            } => self.of_missing(facts, Dimension::Class, id.as_deref()),
            Cause::ReferenceMissing { kind, .. } => Finding::new(
                Code::ReferenceMissing,
                format!("{} of the entry is not in QuickBooks any more", a(*kind)),
                facts,
            ),
            Cause::NameRequired { ledger } => self.of_accounts(facts, needs(*ledger), None),
            Cause::AccountTypeRefused => Finding::new(
                Code::AccountTypeRefused,
                format!(
                    "QuickBooks takes no journal entry on an account of such a type, and does not say which; the entry goes to {}",
                    listed(&self.typed())
                ),
                Facts {
                    suspects: self.all(),
                    ..facts
                },
            ),
            Cause::CurrencyNotEnabled => Finding::new(
                Code::CurrencyNotEnabled,
                format!("QuickBooks refuses the currency of the entry: {words}"),
                facts,
            ),
            Cause::PlanLacksFeature => Finding::new(
                Code::PlanLacksFeature,
                format!(
                    "the company's QuickBooks plan, or the role of the user who connected, does not allow the entry: {words}"
                ),
                facts,
            ),
            Cause::NumberTaken { entry_id } => Finding::new(
                Code::NumberTaken,
                format!(
                    "QuickBooks says that number {} is taken{}, and no look-up by it finds an entry; nothing was posted",
                    self.number,
                    entry_id
                        .as_ref()
                        .map(|id| format!(" by journal entry {id}"))
                        .unwrap_or_default()
                ),
                Facts {
                    number: Some(self.number.to_owned()),
                    foreign_entry: entry_id.as_ref().map(|id| ForeignEntry {
                        qbo_id: id.clone(),
                        accounting_date: None,
                    }),
                    ..facts
                },
            ),
            Cause::Invalid => Finding::new(
                Code::InvalidEntry,
                format!(
                    "QuickBooks found the entry itself wrong, which is a mistake of ours: {words}"
                ),
                facts,
            ),
            // The last of these stop the company or say nothing definite, and end no event.
            Cause::EntryGone
            | Cause::Stale
            | Cause::NameTaken
            | Cause::Refused
            | Cause::NotSent
            | Cause::Throttled
            | Cause::Unauthorised
            | Cause::Forbidden
            | Cause::SubscriptionLapsed
            | Cause::CompanyLocked
            | Cause::CompanyReset
            | Cause::CompanyUnderMaintenance
            | Cause::Unknown => Finding::new(
                Code::Rejected,
                format!("QuickBooks refused the entry: {words}"),
                facts,
            ),
        }
    }

    // The fault that says most: its explanation, or its headline.
    fn said(&self, failure: &Failure) -> Option<Said> {
        let fault = failure.faults.first()?;
        let words = fault.detail.as_deref().unwrap_or(&fault.message);
        let message = self.names.in_words(words);
        Some(Said {
            code: fault.code.clone(),
            message: message.chars().take(SAID_CHARACTERS_MAX).collect(),
        })
    }

    fn of_accounts(&self, facts: Facts, why: Unusable, id: Option<&str>) -> Finding {
        let code = Code::read(why.code()).unwrap_or(Code::Rejected);
        let meant = match id {
            Some(id) => vec![self.names.account(id)],
            None => self.names.those(self.accounts, |row| fits(row, why)),
        };
        if meant.is_empty() {
            let known = |row: &entity::dimension::Model| dimension::unusable(row) == Some(why);
            let dimensions = self.names.those_dimensions(self.dimensions, known);
            if why == Unusable::Inactive && !dimensions.is_empty() {
                return of_dimensions(code, facts, why, dimensions);
            }
            let detail = undecided(why, &self.all());
            let carried = self.dimensions.iter();
            return Finding::new(
                code,
                detail,
                Facts {
                    suspects: self.all(),
                    suspect_dimensions: carried
                        .map(|(kind, id)| self.names.dimension(*kind, id))
                        .collect(),
                    ..facts
                },
            );
        }
        let detail = decided(why, &meant);
        Finding::new(
            code,
            detail,
            Facts {
                accounts: meant,
                ..facts
            },
        )
    }

    // A Location or Class that is gone: the one that is named, or the only one of its kind that the entry carries.
    fn of_missing(&self, facts: Facts, kind: Dimension, id: Option<&str>) -> Finding {
        let mut carried: Vec<NamedDimension> = match id {
            Some(id) => vec![self.names.dimension(kind, id)],
            None => {
                let of_kind = self.dimensions.iter().filter(|(other, _)| *other == kind);
                of_kind
                    .map(|(kind, id)| self.names.dimension(*kind, id))
                    .collect()
            }
        };
        let code = Code::ReferenceMissing;
        if carried.len() <= 1
            && let Some(meant) = carried.pop()
        {
            return of_dimensions(code, facts, Unusable::Vanished, vec![meant]);
        }
        let names: Vec<_> = carried.iter().map(NamedDimension::to_string).collect();
        let which = match names.is_empty() {
            true => String::new(),
            false => format!(
                ", and QuickBooks does not say which; the entry carries {}",
                listed(&names)
            ),
        };
        Finding::new(
            code,
            format!("a {kind} of the entry {}{which}", Unusable::Vanished),
            Facts {
                suspect_dimensions: carried,
                ..facts
            },
        )
    }

    fn all(&self) -> Vec<NamedAccount> {
        let accounts = self.accounts.iter();
        accounts.map(|id| self.names.account(id)).collect()
    }

    fn typed(&self) -> Vec<String> {
        let typed = |account: NamedAccount| match &account.account_type {
            Some(account_type) => format!("{account} ({account_type})"),
            None => account.to_string(),
        };
        self.all().into_iter().map(typed).collect()
    }
}

/// Whether the chart says of an account what QuickBooks refused one for.
pub(super) fn fits(row: &Account, why: Unusable) -> bool {
    crate::books::unusable(row) == Some(why)
}

fn of_dimensions(
    code: Code,
    facts: Facts,
    why: Unusable,
    dimensions: Vec<NamedDimension>,
) -> Finding {
    let detail = decided(why, &dimensions);
    Finding::new(
        code,
        detail,
        Facts {
            dimensions,
            ..facts
        },
    )
}

/// `account 4000 Sales is inactive in QuickBooks`.
pub(super) fn decided(why: Unusable, meant: &[impl ToString]) -> String {
    let told: Vec<_> = meant
        .iter()
        .map(|one| format!("{} {why}", one.to_string()))
        .collect();
    told.join("; ")
}

fn undecided(why: Unusable, suspects: &[NamedAccount]) -> String {
    let what = match why {
        Unusable::Inactive => "an account, class or location of the entry",
        Unusable::Vanished
        | Unusable::DeletedHere
        | Unusable::NeedsCustomer
        | Unusable::NeedsVendor => "an account of the entry",
    };
    let names: Vec<_> = suspects.iter().map(NamedAccount::to_string).collect();
    format!(
        "{what} {why}, and QuickBooks does not say which; the entry goes to {}",
        listed(&names)
    )
}

fn needs(ledger: Ledger) -> Unusable {
    match ledger {
        Ledger::Receivable => Unusable::NeedsCustomer,
        Ledger::Payable => Unusable::NeedsVendor,
    }
}

fn a(kind: Reference) -> &'static str {
    match kind {
        Reference::Account => "an account",
        Reference::Class => "a class",
        Reference::Department => "a location",
        Reference::Name => "a name",
        Reference::Other => "something",
    }
}

/// The first few, and how many more there are.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 10;
    let shown = names[..names.len().min(SHOWN)].join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_missing_department(dimensions: &[(Dimension, String)]) -> Finding {
        let failure = Failure {
            cause: Cause::ReferenceMissing {
                kind: Reference::Department,
                id: None,
            },
            http_status: Some(400),
            intuit_tid: None,
            faults: Vec::new(),
            retry_after: None,
            reason: None,
        };
        let refused = Refused {
            number: "1",
            accounting_date: NaiveDate::MIN,
            accounts: &["7".to_owned()],
            dimensions,
            names: &Names::default(),
        };
        refused.finding(&failure)
    }

    /// QuickBooks may say that a location is gone and not which.
    #[test]
    fn a_location_that_is_gone_is_the_only_one_of_the_entry_or_one_of_those() {
        let carried = |kind, id: &str| (kind, id.to_owned());
        let (first, second) = (
            carried(Dimension::Location, "1"),
            carried(Dimension::Location, "2"),
        );
        let class = carried(Dimension::Class, "9");
        let one = of_missing_department(&[first.clone(), class.clone()]);
        assert_eq!(one.facts.dimensions[0].qbo_id, "1");
        assert_eq!(
            one.detail,
            "a location that was not imported (id 1 in QuickBooks) is not in QuickBooks any more"
        );
        let either = of_missing_department(&[first, second, class.clone()]);
        assert!(either.facts.dimensions.is_empty());
        assert_eq!(either.facts.suspect_dimensions.len(), 2);
        assert!(
            either.detail.contains("does not say which"),
            "{}",
            either.detail
        );
        let none = of_missing_department(&[class]);
        assert_eq!(
            none.detail,
            "a location of the entry is not in QuickBooks any more"
        );
        assert_eq!(none.facts, Facts::default());
    }
}
