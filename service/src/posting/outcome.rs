//! What an answer means for exactly once.

use accounting::posting::Outcome;
use quickbooks::{Cause, Failure, THROTTLE_WAIT};

/// What a failed request means. A cause that is not listed as definite is unknown.
pub(crate) fn of(failure: &Failure) -> Outcome {
    match &failure.cause {
        Cause::NotSent => Outcome::NotSent,
        Cause::Throttled => Outcome::Throttled {
            wait: failure.retry_after.unwrap_or(THROTTLE_WAIT),
        },
        Cause::Unauthorised => Outcome::Unauthorised,
        Cause::Forbidden
        | Cause::SubscriptionLapsed
        | Cause::CompanyLocked
        | Cause::CompanyReset => Outcome::Halted,
        Cause::NumberTaken { .. } => Outcome::NumberTaken,
        Cause::PeriodClosed
        | Cause::AccountInactive
        | Cause::ReferenceMissing { .. }
        | Cause::NameRequired { .. }
        | Cause::AccountTypeRefused
        | Cause::CurrencyNotEnabled
        | Cause::PlanLacksFeature
        | Cause::EntryGone
        | Cause::Stale
        | Cause::NameTaken
        | Cause::Refused
        | Cause::Invalid => Outcome::Rejected,
        Cause::CompanyUnderMaintenance | Cause::Unknown => Outcome::Unknown,
    }
}

/// Its name in an attempt's record.
pub(super) fn name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Posted => "posted",
        Outcome::NotSent => "not_sent",
        Outcome::Throttled { .. } => "throttled",
        Outcome::Unauthorised => "unauthorised",
        Outcome::Halted => "halted",
        Outcome::Rejected => "rejected",
        Outcome::NumberTaken => "number_taken",
        Outcome::Unknown => "unknown",
    }
}
