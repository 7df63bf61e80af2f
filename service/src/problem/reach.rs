//! How far the cause of a refusal reaches: what else would be refused for it, and is therefore not sent.

use quickbooks::Cause;
use std::time::Duration;

/// How far a cause reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// It passes by itself: nothing fails.
    Nothing,
    /// This event alone.
    Event,
    /// Every entry on the same accounts: the chart is looked at again, and tells.
    Accounts,
    /// Every entry of that date and before: the preferences are read again; the date is remembered.
    Period,
    /// Every entry of the company, unless one goes through: the queue is held, and tried with one entry at a time.
    Company,
    /// Every call: the company is left alone, and asked again with one request after a while.
    Connection,
}

/// How far a cause reaches.
pub(crate) fn reach(cause: &Cause) -> Reach {
    match cause {
        Cause::NotSent
        | Cause::Throttled
        | Cause::Unauthorised
        | Cause::CompanyUnderMaintenance
        | Cause::Unknown => Reach::Nothing,
        Cause::NumberTaken { .. }
        | Cause::AccountTypeRefused
        | Cause::EntryGone
        | Cause::Stale
        | Cause::NameTaken
        | Cause::Refused
        | Cause::Invalid => Reach::Event,
        Cause::AccountInactive | Cause::ReferenceMissing { .. } | Cause::NameRequired { .. } => {
            Reach::Accounts
        }
        Cause::PeriodClosed => Reach::Period,
        Cause::CurrencyNotEnabled | Cause::PlanLacksFeature => Reach::Company,
        Cause::Forbidden
        | Cause::SubscriptionLapsed
        | Cause::CompanyLocked
        | Cause::CompanyReset => Reach::Connection,
    }
}

/// How long a company that refused every entry of a wave is left alone, by how often it did so in a row.
pub(crate) fn hold(times: i16) -> Duration {
    const MINUTE: u64 = 60;
    Duration::from_secs(match times {
        ..=1 => 5 * MINUTE,
        2 => 60 * MINUTE,
        _ => 24 * 60 * MINUTE,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use quickbooks::{Certainty, Reference};

    #[test]
    fn only_what_is_definitely_refused_reaches_an_event() {
        for cause in [
            Cause::NotSent,
            Cause::Throttled,
            Cause::Unauthorised,
            Cause::CompanyUnderMaintenance,
            Cause::Unknown,
        ] {
            assert_ne!(cause.certainty(), Certainty::Definite);
            assert_eq!(reach(&cause), Reach::Nothing);
        }
        let gone = Cause::ReferenceMissing {
            kind: Reference::Account,
            id: None,
        };
        assert_eq!(reach(&gone), Reach::Accounts);
    }

    #[test]
    fn a_company_that_goes_on_refusing_is_tried_once_a_day() {
        let hours: Vec<u64> = (0..6).map(|times| hold(times).as_secs() / 60).collect();
        assert_eq!(hours, [5, 5, 60, 1440, 1440, 1440]);
    }
}
