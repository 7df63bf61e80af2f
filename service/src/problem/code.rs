//! The closed set of what can be wrong with an event: one row a code.

use super::place::Place;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is wrong with an event, or why there was nothing to post. Stable, for programs.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[schema(as = EventProblemCode)]
pub enum Code {
    /// Slots that the event needs have no account.
    MissingMappings,
    /// Payments and lines do not agree.
    UnbalancedEvent,
    /// The event is not in the company's home currency.
    ForeignCurrency,
    /// An amount has more decimals than the currency.
    TooManyDecimals,
    /// An amount is larger than books can hold.
    AmountTooLarge,
    /// The entry is dated in a closed accounting period.
    ClosedPeriod,
    /// The number belongs to another entry in QuickBooks.
    NumberTaken,
    /// An account, a class or a location of the entry is inactive in QuickBooks.
    AccountInactive,
    /// An account, a class or a location of the entry is not in QuickBooks any more.
    ReferenceMissing,
    /// An account of the entry became a receivable or payable one.
    NameRequired,
    /// QuickBooks takes no entry on an account of this type.
    AccountTypeRefused,
    /// QuickBooks refuses the currency.
    CurrencyNotEnabled,
    /// The company's plan, or the role of whoever connected, does not allow it.
    PlanLacksFeature,
    /// The entry itself is wrong: a mistake of ours.
    InvalidEntry,
    /// Another version of the event is in the books.
    EventAlreadyPosted,
    /// The stored event cannot be read by today's rules.
    UnreadableEvent,
    /// QuickBooks refused the entry for a reason of its own.
    Rejected,
    /// Every line is zero.
    NothingToPost,
    /// Netted, the lines cancel out.
    NetsToZero,
}

/// Who can mend a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = EventProblemParty)]
pub enum Party {
    /// Whoever sends the events: the till, or the system behind it.
    Sender,
    /// Whoever keeps the mapping and the books.
    Accountant,
    /// An administrator of the company in QuickBooks.
    QuickbooksAdministrator,
    /// The operator of this service.
    Operator,
    /// Nobody needs to.
    Nobody,
}

/// What is fixed about a code.
pub(super) struct Row {
    code: Code,
    name: &'static str,
    pub(super) title: &'static str,
    pub(super) meaning: &'static str,
    pub(super) who: Party,
    pub(super) retry_helps: bool,
    pub(super) place: Place,
    /// Below QuickBooks' own web app, where there is a page that helps.
    pub(super) quickbooks_page: Option<&'static str>,
    pub(super) steps: &'static [&'static str],
}

const SEND_AGAIN: &str = "Send the event again, corrected, with the same type and external_id.";
pub(super) const RETRY: &str = "Retry the event, or all failed events with this problem.";
pub(super) const CHART: Option<&str> = Some("/app/chartofaccounts");

/// One row a code, in the order of the enum.
#[rustfmt::skip]
const TABLE: [Row; 19] = {
    use Party::{Accountant, Nobody, Operator, QuickbooksAdministrator, Sender};
    [
        Row {
            code: Code::MissingMappings, name: "missing_mappings",
            title: "No account is mapped",
            meaning: "The event carries a payment type, an item class, a reason, a jurisdiction or a method that has no account in the mapping.",
            who: Accountant, retry_helps: true, place: Place::Mappings, quickbooks_page: None,
            steps: &["Map an account for each slot and key that is named, or a default for the slot.", RETRY],
        },
        Row {
            code: Code::UnbalancedEvent, name: "unbalanced_event",
            title: "Payments and lines do not agree",
            meaning: "The payments of a sale must sum to its lines; the difference is larger than the tenant's rounding tolerance.",
            who: Sender, retry_helps: false, place: Place::Event, quickbooks_page: None,
            steps: &["Compare payments and lines at the till.", SEND_AGAIN],
        },
        Row {
            code: Code::ForeignCurrency, name: "foreign_currency",
            title: "Another currency than the company's",
            meaning: "The event is not in the home currency of the company; nothing is converted in silence.",
            who: Sender, retry_helps: false, place: Place::Event, quickbooks_page: None,
            steps: &["Send the event again in the company's home currency, with the same type and external_id.",
                     "Or connect this store's tenant to a company that keeps its books in that currency."],
        },
        Row {
            code: Code::TooManyDecimals, name: "too_many_decimals",
            title: "More decimals than the currency has",
            meaning: "An amount has a fraction of the currency's smallest unit.",
            who: Sender, retry_helps: false, place: Place::Event, quickbooks_page: None,
            steps: &["Round the amounts to the currency's smallest unit at the till.", SEND_AGAIN],
        },
        Row {
            code: Code::AmountTooLarge, name: "amount_too_large",
            title: "An amount is too large",
            meaning: "A cost, an amount or a sum of the event is larger than books can hold.",
            who: Sender, retry_helps: false, place: Place::Event, quickbooks_page: None,
            steps: &["Check the quantities, unit costs and amounts of the event.", SEND_AGAIN],
        },
        Row {
            code: Code::ClosedPeriod, name: "closed_period",
            title: "The accounting period is closed",
            meaning: "The entry would be dated on or before the closing date of the company's books.",
            who: Accountant, retry_helps: true, place: Place::Connection, quickbooks_page: None,
            steps: &["Reopen the period in QuickBooks: Account and settings, Advanced, Accounting, Close the books.",
                     "Or set the tenant's closed_period to first_open_day, so that such events are dated the day after the closing date.",
                     RETRY],
        },
        Row {
            code: Code::NumberTaken, name: "number_taken",
            title: "The number belongs to another entry",
            meaning: "QuickBooks already holds an entry with the event's number that is not this event's; nothing was posted.",
            who: Accountant, retry_helps: true, place: Place::Event, quickbooks_page: None,
            steps: &["Look at the entry that holds the number in QuickBooks: give it another number there if it is not this event's.",
                     "Or send the event again with another number, with the same type and external_id.",
                     RETRY],
        },
        Row {
            code: Code::AccountInactive, name: "account_inactive",
            title: "An account, location or class is inactive",
            meaning: "An account, a location or a class that the entry goes to was made inactive in QuickBooks; the event says which.",
            who: Accountant, retry_helps: true, place: Place::Mappings, quickbooks_page: CHART,
            steps: &["Make it active again in QuickBooks and import it: an account with the chart, a location or class with its list; \
                      or map another one.", RETRY],
        },
        Row {
            code: Code::ReferenceMissing, name: "reference_missing",
            title: "An account, location or class is gone",
            meaning: "An account, a location or a class that the entry goes to is not in QuickBooks any more, or the account was \
                      deleted from the chart here; the event says which.",
            who: Accountant, retry_helps: true, place: Place::Mappings, quickbooks_page: CHART,
            steps: &["Import the chart of accounts, or the locations and classes, and map another one for what is gone.", RETRY],
        },
        Row {
            code: Code::NameRequired, name: "name_required",
            title: "The account needs a customer or vendor",
            meaning: "The entry goes to an Accounts Receivable or Accounts Payable account, whose lines QuickBooks takes only with a name.",
            who: Accountant, retry_helps: true, place: Place::Mappings, quickbooks_page: CHART,
            steps: &["Map an Other Current Asset or Other Current Liability account as a clearing account instead.", RETRY],
        },
        Row {
            code: Code::AccountTypeRefused, name: "account_type_refused",
            title: "An account of a type that QuickBooks refuses",
            meaning: "QuickBooks takes no journal entry on an account of this type.",
            who: Accountant, retry_helps: true, place: Place::Mappings, quickbooks_page: CHART,
            steps: &["Map an account of a type that is usual for the slot.", RETRY],
        },
        Row {
            code: Code::CurrencyNotEnabled, name: "currency_not_enabled",
            title: "The currency is not turned on",
            meaning: "QuickBooks refuses the currency of the entry in this company.",
            who: QuickbooksAdministrator, retry_helps: true, place: Place::Connection, quickbooks_page: None,
            steps: &["Turn the currency on in QuickBooks: Account and settings, Advanced, Currency.", RETRY],
        },
        Row {
            code: Code::PlanLacksFeature, name: "plan_lacks_feature",
            title: "QuickBooks does not allow it",
            meaning: "The company's QuickBooks plan, or the role of the user who connected, does not allow what the entry needs.",
            who: QuickbooksAdministrator, retry_helps: true, place: Place::Connection, quickbooks_page: None,
            steps: &["Change the QuickBooks plan; or let a user with a role that allows it connect again.", RETRY],
        },
        Row {
            code: Code::InvalidEntry, name: "invalid_entry",
            title: "A mistake of ours",
            meaning: "The entry that we made is wrong in itself, so QuickBooks or we refused it; nothing was posted.",
            who: Operator, retry_helps: false, place: Place::Event, quickbooks_page: None,
            steps: &["Report it to the operator of this service with the event's id.", "When it is mended, retry the event."],
        },
        Row {
            code: Code::EventAlreadyPosted, name: "event_already_posted",
            title: "Another version is in the books",
            meaning: "The event was changed after an earlier version of it was posted to this company; a posted entry is never rewritten.",
            who: Accountant, retry_helps: false, place: Place::Event, quickbooks_page: None,
            steps: &["Correct the entry in QuickBooks, or send a correcting event with an external_id of its own."],
        },
        Row {
            code: Code::UnreadableEvent, name: "unreadable_event",
            title: "The event cannot be read",
            meaning: "The event was taken in under other rules than today's and breaks one of them now.",
            who: Sender, retry_helps: false, place: Place::Event, quickbooks_page: None,
            steps: &[SEND_AGAIN],
        },
        Row {
            code: Code::Rejected, name: "rejected",
            title: "QuickBooks refused the entry",
            meaning: "QuickBooks refused the entry for a reason of its own, which is quoted.",
            who: Accountant, retry_helps: true, place: Place::Event, quickbooks_page: None,
            steps: &["Read what QuickBooks said and mend it there.", RETRY],
        },
        Row {
            code: Code::NothingToPost, name: "nothing_to_post",
            title: "Nothing to post",
            meaning: "Every line of the event is zero.",
            who: Nobody, retry_helps: false, place: Place::Event, quickbooks_page: None,
            steps: &[],
        },
        Row {
            code: Code::NetsToZero, name: "nets_to_zero",
            title: "Nothing is left when netted",
            meaning: "The tenant nets lines, and the debits and credits of each account cancel out.",
            who: Nobody, retry_helps: false, place: Place::Event, quickbooks_page: None,
            steps: &[],
        },
    ]
};

impl Code {
    /// Every code.
    pub const ALL: [Self; TABLE.len()] = {
        let mut all = [Self::MissingMappings; TABLE.len()];
        let mut i = 0;
        while i < TABLE.len() {
            // Rows are found by the code's number, so the table must be in the enum's order.
            assert!(TABLE[i].code as usize == i);
            all[i] = TABLE[i].code;
            i += 1;
        }
        all
    };

    pub(super) fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }

    /// As it is written in a request and stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.row().name
    }

    /// The code of this name.
    #[must_use]
    pub fn read(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == name)
    }

    /// In a few words.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.row().title
    }

    /// What cures it, step by step.
    #[must_use]
    pub fn steps(self) -> &'static [&'static str] {
        self.row().steps
    }

    /// Whether retrying helps once the steps are done.
    #[must_use]
    pub fn retry_helps(self) -> bool {
        self.row().retry_helps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_reads_back_and_is_what_json_says() {
        for code in Code::ALL {
            assert_eq!(Code::read(code.as_str()), Some(code));
            assert_eq!(serde_json::json!(code), code.as_str());
        }
    }

    #[test]
    fn whoever_must_act_is_told_how_and_a_retry_is_a_step_where_it_helps() {
        for code in Code::ALL {
            let row = code.row();
            assert!(!row.title.is_empty() && row.meaning.ends_with('.'));
            assert_eq!(row.steps.is_empty(), row.who == Party::Nobody, "{code:?}");
            assert!(!row.retry_helps || row.steps.contains(&RETRY), "{code:?}");
        }
    }
}
