//! Why a call failed, in the words of somebody who must post exactly once.

use std::fmt;

/// Why a call failed, by what can be done about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// Definitely not sent: no such host, refused, or TLS failed before the request was written.
    NotSent,
    /// Too many requests, ours or everybody's: the same request again after
    /// [`Failure::retry_after`](crate::Failure::retry_after).
    Throttled,
    /// The access token is expired or revoked: refresh once and send the same request again.
    Unauthorised,
    /// This app or its user may not enter this company: an administrator connects again, or the app
    /// runs with another environment's keys.
    Forbidden,
    /// The books are closed at this date. The accountant reopens them, or the entry takes another day.
    PeriodClosed,
    /// The document number is in use, perhaps by this very entry: look it up before anything else.
    NumberTaken {
        /// The entry that has it, when QuickBooks says so.
        entry_id: Option<String>,
    },
    /// An account, class, location or name is inactive; QuickBooks does not say which.
    AccountInactive,
    /// Something the entry points at does not exist (any more).
    ReferenceMissing {
        /// What kind of thing.
        kind: Reference,
        /// Its id, when QuickBooks names it.
        id: Option<String>,
    },
    /// A line on a receivable or payable account needs a customer or vendor, which we do not post.
    NameRequired {
        /// Which of the two.
        ledger: Ledger,
    },
    /// This type of account cannot stand in a journal entry.
    AccountTypeRefused,
    /// The currency is not one of the company's.
    CurrencyNotEnabled,
    /// The company's subscription has ended or is not paid.
    SubscriptionLapsed,
    /// The company's plan, or the connecting user's role, does not allow this.
    PlanLacksFeature,
    /// The company is locked.
    CompanyLocked,
    /// The company is being serviced by Intuit: later, the same request.
    CompanyUnderMaintenance,
    /// The company's books were wiped and begun anew.
    CompanyReset,
    /// The entry was deleted in QuickBooks.
    EntryGone,
    /// Somebody changed the object since it was read.
    Stale,
    /// A name is in use by another object.
    NameTaken,
    /// Refused for a reason that a person finds in the fault's own words.
    Refused,
    /// The request itself is wrong: our bug or our configuration. The operator acts.
    Invalid,
    /// It may or may not have happened: time-out, reset, 5xx, an unreadable success, a fault which
    /// says so (600, 6000 "wait a few minutes"), and everything that no row makes definite.
    Unknown,
}

/// How sure one may be of what a failed write did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Certainty {
    /// It had no effect, and the same request would be refused again.
    Definite,
    /// It never left.
    NotSent,
    /// It had no effect; the same request after a wait.
    Throttled,
    /// It had no effect; the same request with a fresh access token.
    Unauthorised,
    /// Nobody knows: look it up before a second effect.
    Unknown,
}

/// What a missing reference points at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reference {
    /// An account.
    Account,
    /// A class.
    Class,
    /// A location.
    Department,
    /// A customer, vendor or employee.
    Name,
    /// Something QuickBooks did not say.
    Other,
}

/// The two ledgers that want a name on each line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ledger {
    /// Accounts receivable, which wants a customer.
    Receivable,
    /// Accounts payable, which wants a vendor.
    Payable,
}

impl Cause {
    /// How sure one may be of what the write did.
    pub fn certainty(&self) -> Certainty {
        match self {
            Self::NotSent => Certainty::NotSent,
            Self::Throttled => Certainty::Throttled,
            Self::Unauthorised => Certainty::Unauthorised,
            // A number in use may be our own earlier write; maintenance may begin in mid-write.
            Self::NumberTaken { .. } | Self::CompanyUnderMaintenance | Self::Unknown => {
                Certainty::Unknown
            }
            Self::Forbidden
            | Self::PeriodClosed
            | Self::AccountInactive
            | Self::ReferenceMissing { .. }
            | Self::NameRequired { .. }
            | Self::AccountTypeRefused
            | Self::CurrencyNotEnabled
            | Self::SubscriptionLapsed
            | Self::PlanLacksFeature
            | Self::CompanyLocked
            | Self::CompanyReset
            | Self::EntryGone
            | Self::Stale
            | Self::NameTaken
            | Self::Refused
            | Self::Invalid => Certainty::Definite,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NotSent => "not sent",
            Self::Throttled => "throttled",
            Self::Unauthorised => "access token refused",
            Self::Forbidden => "access to the company refused",
            Self::PeriodClosed => "the accounting period is closed",
            Self::NumberTaken { .. } => "the document number is in use",
            Self::AccountInactive => "an account, class, location or name is inactive",
            Self::ReferenceMissing { .. } => "a reference does not exist",
            Self::NameRequired {
                ledger: Ledger::Receivable,
            } => "a receivable line needs a customer",
            Self::NameRequired {
                ledger: Ledger::Payable,
            } => "a payable line needs a vendor",
            Self::AccountTypeRefused => "the account's type is refused",
            Self::CurrencyNotEnabled => "the currency is not enabled",
            Self::SubscriptionLapsed => "the subscription has lapsed",
            Self::PlanLacksFeature => "the plan or role does not allow this",
            Self::CompanyLocked => "the company is locked",
            Self::CompanyUnderMaintenance => "the company is under maintenance",
            Self::CompanyReset => "the company was reset",
            Self::EntryGone => "the entry was deleted",
            Self::Stale => "the object was changed meanwhile",
            Self::NameTaken => "the name is in use",
            Self::Refused => "refused in QuickBooks' own words",
            Self::Invalid => "the request is invalid",
            Self::Unknown => "outcome unknown",
        })
    }
}
