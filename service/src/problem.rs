//! The registry of what can be wrong with an event: for each code, what a person should do and whether a retry helps.

use quickbooks::{Cause, Failure, Ledger, Reference};
use serde::Serialize;
use utoipa::ToSchema;

/// What is wrong with an event, and how to cure it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = EventProblem)]
pub struct Problem {
    /// Stable, for programs.
    #[schema(example = "missing_mappings")]
    pub code: String,
    /// What happened, in plain words.
    #[schema(example = "no account is mapped for payment[paypal]; map each and retry")]
    pub detail: String,
    /// What to do, step by step.
    pub steps: Vec<String>,
    /// Whether retrying helps once the steps are done.
    pub retry_helps: bool,
}

struct Row {
    code: &'static str,
    steps: &'static [&'static str],
    retry_helps: bool,
}

const fn row(code: &'static str, retry_helps: bool, steps: &'static [&'static str]) -> Row {
    Row {
        code,
        steps,
        retry_helps,
    }
}

const SEND_AGAIN: &str = "Send the event again, corrected, with the same type and external_id.";
const RETRY: &str = "Retry the event, or all failed events with this problem.";

/// One row a code.
const TABLE: &[Row] = &[
    row(
        "missing_mappings",
        true,
        &["Map an account for each slot and key that is named.", RETRY],
    ),
    row(
        "unbalanced_event",
        false,
        &["Compare payments and lines at the till.", SEND_AGAIN],
    ),
    row(
        "foreign_currency",
        false,
        &["Send events in the company's home currency; nothing is converted in silence."],
    ),
    row("too_many_decimals", false, &[SEND_AGAIN]),
    row("amount_too_large", false, &[SEND_AGAIN]),
    row(
        "closed_period",
        true,
        &[
            "Reopen the period in QuickBooks, or set the tenant's closed_period to first_open_day.",
            RETRY,
        ],
    ),
    row(
        "number_taken",
        true,
        &[
            "Look at the entry that holds the number in QuickBooks: renumber it there if it is not this event's.",
            RETRY,
        ],
    ),
    row(
        "account_inactive",
        true,
        &[
            "Make the account active in QuickBooks, or map another one; then import the chart.",
            RETRY,
        ],
    ),
    row(
        "reference_missing",
        true,
        &[
            "Import the chart of accounts and map what is broken.",
            RETRY,
        ],
    ),
    row(
        "name_required",
        true,
        &[
            "Map an Other Current Asset or Other Current Liability account instead: Accounts Receivable and Payable need a customer or vendor.",
            RETRY,
        ],
    ),
    row(
        "account_type_refused",
        true,
        &["Map an account of a usual type for the slot.", RETRY],
    ),
    row(
        "currency_not_enabled",
        true,
        &[
            "Turn on multicurrency in QuickBooks, or send events in the home currency.",
            RETRY,
        ],
    ),
    row(
        "plan_lacks_feature",
        true,
        &[
            "The QuickBooks plan, or the role of the user who connected, does not allow this: change either.",
            RETRY,
        ],
    ),
    row(
        "invalid_entry",
        false,
        &["This is a mistake of ours: report it with the event's id."],
    ),
    row(
        "event_already_posted",
        false,
        &[
            "Correct the entry in QuickBooks, or send a correcting event with an external_id of its own.",
        ],
    ),
    row("unreadable_event", false, &[SEND_AGAIN]),
    row(
        "rejected",
        true,
        &["Read what QuickBooks said and mend it there.", RETRY],
    ),
    row("nothing_to_post", false, &[]),
    row("nets_to_zero", false, &[]),
];

/// What is known of a code, with the words of one event.
#[must_use]
pub fn explain(code: &str, detail: &str) -> Problem {
    let row = TABLE.iter().find(|row| row.code == code);
    Problem {
        code: code.to_owned(),
        detail: detail.to_owned(),
        steps: row.map_or_else(Vec::new, |row| {
            row.steps.iter().map(|&step| step.to_owned()).collect()
        }),
        retry_helps: row.is_none_or(|row| row.retry_helps),
    }
}

/// The code and words for what QuickBooks definitely refused.
#[must_use]
pub fn of_refusal(failure: &Failure) -> (&'static str, String) {
    let said = failure
        .faults
        .first()
        .map(|fault| {
            fault
                .detail
                .clone()
                .unwrap_or_else(|| fault.message.clone())
        })
        .unwrap_or_else(|| failure.to_string());
    match &failure.cause {
        Cause::PeriodClosed => (
            "closed_period",
            "the entry is dated in a closed accounting period of QuickBooks".to_owned(),
        ),
        Cause::AccountInactive => (
            "account_inactive",
            format!("an account, class or location of the entry is inactive in QuickBooks: {said}"),
        ),
        Cause::ReferenceMissing { kind, id } => (
            "reference_missing",
            format!(
                "QuickBooks has no {}{} any more",
                match kind {
                    Reference::Account => "account",
                    Reference::Class => "class",
                    Reference::Department => "location",
                    Reference::Name => "name",
                    Reference::Other => "object",
                },
                id.as_ref()
                    .map(|id| format!(" with id {id}"))
                    .unwrap_or_default()
            ),
        ),
        Cause::NameRequired { ledger } => (
            "name_required",
            format!(
                "a line of the entry goes to an {} account, which QuickBooks takes only with a {}",
                match ledger {
                    Ledger::Receivable => "Accounts Receivable",
                    Ledger::Payable => "Accounts Payable",
                },
                match ledger {
                    Ledger::Receivable => "customer",
                    Ledger::Payable => "vendor",
                },
            ),
        ),
        Cause::AccountTypeRefused => (
            "account_type_refused",
            format!("QuickBooks refuses the type of an account: {said}"),
        ),
        Cause::CurrencyNotEnabled => (
            "currency_not_enabled",
            format!("QuickBooks refuses the currency: {said}"),
        ),
        Cause::PlanLacksFeature => (
            "plan_lacks_feature",
            format!("QuickBooks does not allow it: {said}"),
        ),
        Cause::NumberTaken { entry_id } => (
            "number_taken",
            format!(
                "QuickBooks says that the number is taken{}, and no look-up by it finds an entry; nothing was posted",
                entry_id
                    .as_ref()
                    .map(|id| format!(" by journal entry {id}"))
                    .unwrap_or_default()
            ),
        ),
        _ => ("rejected", format!("QuickBooks refused the entry: {said}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_stands_once() {
        let mut codes: Vec<_> = TABLE.iter().map(|row| row.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), TABLE.len());
    }

    #[test]
    fn a_retry_helps_only_where_a_step_says_how() {
        for row in TABLE {
            assert!(!row.retry_helps || !row.steps.is_empty(), "{}", row.code);
        }
    }
}
