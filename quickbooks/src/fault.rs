//! What each of QuickBooks' faults means for somebody who must post exactly once: one table, and the
//! rule that what is not in it is unknown.
//!
//! Where a row comes from is in its `source`, by the keys of the QuickBooks Online dossier
//! (DOC-ERR is Intuit's error code page, VCR, FIN, FYLE and RUBY are recorded answers).

use std::fmt;
use std::ops::RangeInclusive;

use crate::cause::{Cause, Certainty, Ledger, Reference};

use Cause::{
    AccountInactive, AccountTypeRefused, CompanyLocked, CompanyReset, CompanyUnderMaintenance,
    CurrencyNotEnabled, EntryGone, Forbidden, Invalid, NameTaken, PeriodClosed, PlanLacksFeature,
    Refused, Stale, SubscriptionLapsed, Throttled, Unauthorised, Unknown,
};

/// One error of an answer. `Debug` leaves out the words: they may quote the customer's books.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Fault {
    /// The code without padding (`3200`); empty when there was none.
    pub code: String,
    /// Intuit's headline.
    pub message: String,
    /// Intuit's explanation, with tokens taken out.
    pub detail: Option<String>,
    /// The field it is about.
    pub element: Option<String>,
}

impl fmt::Debug for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Fault")
            .field("code", &self.code)
            .field("element", &self.element)
            .finish_non_exhaustive()
    }
}

/// A row of the table: which faults, what they mean, who says so.
pub struct Row {
    /// The codes.
    pub codes: RangeInclusive<u32>,
    /// Which faults of these codes.
    pub when: When,
    /// What it means.
    pub cause: fn(&Fault) -> Cause,
    /// Where this is known from.
    pub source: &'static str,
}

/// The condition of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Always.
    Any,
    /// When message or detail contains these words, in any case.
    Says(&'static str),
    /// When the fault is about this field.
    About(&'static str),
}

const fn row(
    first: u32,
    last: u32,
    when: When,
    cause: fn(&Fault) -> Cause,
    source: &'static str,
) -> Row {
    Row {
        codes: RangeInclusive::new(first, last),
        when,
        cause,
        source,
    }
}

/// The table. The first row that fits counts; a fault that fits none is [`Cause::Unknown`].
#[rustfmt::skip]
pub static ROWS: &[Row] = &[
    // Who is asking
    row(100, 100, When::Any, |_| Unauthorised, "DOC-ERR: general authentication error"),
    row(110, 110, When::Any, |_| Unauthorised, "DOC-ERR: OAuth authentication error"),
    row(120, 120, When::Any, |_| Forbidden, "DOC-ERR2: authorisation failure, the user lost rights"),
    row(3100, 3100, When::Any, |_| Forbidden, "recorded gateway answer: ApplicationAuthorizationFailed"),
    row(3200, 3200, When::Any, |_| Unauthorised, "VCR error/401.yml: token expired or revoked"),
    row(3202, 3202, When::Any, |_| Invalid, "DOC-ERR: no token in the request"),
    row(3001, 3001, When::Any, |_| Throttled, "RUBY too_many_requests_error.xml: 429, once 403"),
    // The company as a whole
    row(130, 130, When::Any, |_| Unknown, "DOC-ERR: wrong cluster; its effect is inferred, so unknown"),
    row(140, 140, When::Any, |_| CompanyLocked, "DOC-ERR: company locked out"),
    row(150, 150, When::Any, |_| CompanyUnderMaintenance, "DOC-ERR: company under maintenance"),
    row(6190, 6190, When::Any, |_| SubscriptionLapsed, "DOC-ERR2: invalid company status"),
    row(10200, 10200, When::Any, |_| CompanyReset, "DOC-ERR: company was reset"),
    row(5020, 5020, When::Any, |_| PlanLacksFeature, "DOC-ERR: permission denied, plan or role"),
    row(5030, 5030, When::Any, |_| PlanLacksFeature, "DOC-ERR: feature not supported"),
    // The entry and what it points at
    row(6200, 6200, When::Any, |_| PeriodClosed, "DOC-ERR: account period closed"),
    row(6210, 6210, When::Any, |_| PeriodClosed, "DOC-ERR2, FYLE: closed with a password"),
    row(6140, 6140, When::Any, number_taken, "FIN: duplicate document number, TxnId in the detail"),
    row(610, 610, When::Says("made inactive"), |_| AccountInactive, "VCR, DOC-ERR2"),
    row(610, 610, When::Says("deleted this transaction"), |_| EntryGone, "FIN"),
    row(2500, 2500, When::Any, reference_missing, "FYLE errors/fixtures.py: invalid reference id"),
    row(2020, 2020, When::About("AccountRef"), |_| Cause::ReferenceMissing { kind: Reference::Account, id: None }, "FIN, JE-LOG: a line without an account"),
    row(6000, 6000, When::Says("choose a customer"), |_| Cause::NameRequired { ledger: Ledger::Receivable }, "FIN"),
    row(6000, 6000, When::Says("choose a vendor"), |_| Cause::NameRequired { ledger: Ledger::Payable }, "DOC-JE"),
    row(6000, 6000, When::Says("at least two detail lines"), |_| Invalid, "FIN"),
    row(6000, 6000, When::Says("wait a few minutes"), |_| Unknown, "FIN: it may have been saved"),
    row(6000, 6000, When::Says("unexpected internal error. (-30000)"), |_| Invalid, "node-quickbooks#48: no such realm"),
    row(2220, 2220, When::Any, |_| CurrencyNotEnabled, "DOC-ERR: invalid currency type"),
    row(6430, 6430, When::Any, |_| AccountTypeRefused, "DOC-ERR: invalid account type used"),
    row(5010, 5010, When::Any, |_| Stale, "VCR, FIN: stale object"),
    row(6240, 6240, When::Any, |_| NameTaken, "VCR: duplicate name exists"),
    // A person reads Intuit's words and acts
    row(620, 630, When::Any, |_| Refused, "DOC-ERR: linking, duplicate object"),
    row(700, 700, When::Any, |_| Refused, "DOC-ERR: parent"),
    row(800, 800, When::Any, |_| Refused, "DOC-ERR: dependency"),
    row(900, 900, When::Any, |_| Refused, "DOC-ERR: dependency"),
    row(6250, 6250, When::Any, |_| Refused, "DOC-ERR: invalid or inactive customer"),
    row(6310, 6320, When::Any, |_| Refused, "DOC-ERR: missing customer, billable status"),
    row(6480, 6480, When::Any, |_| Refused, "DOC-ERR2: matched transaction"),
    row(6540, 6540, When::Any, |_| Refused, "DOC-ERR2: deposited transaction"),
    // Ours to mend
    row(500, 500, When::Any, |_| Invalid, "VCR error/500.yml: unsupported operation"),
    row(1040, 1040, When::Any, |_| Invalid, "DOC-ERR: batch too large"),
    row(1050, 1050, When::Any, |_| Invalid, "DOC-ERR: content type"),
    row(2000, 2010, When::Any, |_| Invalid, "VCR error/400_json.yml: unsupported object or property"),
    row(2020, 2020, When::Any, |_| Invalid, "FIN: required parameter missing"),
    row(2030, 2030, When::Any, |_| Invalid, "VCR error/validation.yml: invalid id"),
    row(2040, 2050, When::Any, |_| Invalid, "JE-LOG: string or its length"),
    row(2060, 2110, When::Any, |_| Invalid, "DOC-ERR: date and number formats"),
    row(2130, 2130, When::Any, |_| Invalid, "DOC-ERR: request id format"),
    row(2140, 2190, When::Any, |_| Invalid, "DOC-ERR: formats and ranges"),
    row(2230, 2240, When::Any, |_| Invalid, "DOC-ERR: formats and ranges"),
    row(2250, 2300, When::Any, |_| Invalid, "DOC-ERR: lines, sides, signs, balance, tax members"),
    row(2600, 2600, When::Any, |_| Invalid, "DOC-ERR: conflicting elements"),
    row(4000, 4001, When::Any, |_| Invalid, "Q-LOG, VCR error/400.yml: query"),
    row(10100, 10100, When::Any, |_| Invalid, "DOC-ERR: result too big"),
    // Nobody knows
    row(600, 600, When::Any, |_| Unknown, "DOC-ERR: duplicate request id, so an earlier send arrived"),
    row(1000, 1020, When::Any, |_| Unknown, "DOC-ERR: operation, create or update failed"),
    row(4002, 4002, When::Any, |_| Unknown, "Q-LOG: query processing"),
    row(10000, 10000, When::Any, |_| Unknown, "RUBY generic_error.xml: system failure"),
];

/// The row that a fault falls under.
pub fn row_of(fault: &Fault) -> Option<&'static Row> {
    let code: u32 = fault.code.parse().ok()?;
    ROWS.iter()
        .find(|row| row.codes.contains(&code) && row.when.fits(fault))
}

/// What a failed answer means: the least certain of its faults counts, so that one unknown among
/// definite faults is unknown; among definite ones the order is what stops the whole company, what a
/// person can mend in it, what is ours to mend. A fault outside the table means what the status says.
/// A 5xx is unknown whatever it contains.
pub(crate) fn cause(http_status: u16, faults: &[Fault]) -> Cause {
    let of_fault = |fault: &Fault| match row_of(fault) {
        Some(row) => (row.cause)(fault),
        None => status_cause(http_status),
    };
    let of_status = (faults.is_empty() || http_status >= 500).then(|| status_cause(http_status));
    faults
        .iter()
        .map(of_fault)
        .chain(of_status)
        .min_by_key(rank)
        .unwrap_or(Unknown)
}

/// What a status says without any readable fault. 401 and 429 are answered by the gateway before the
/// company is reached; 404 and 413 concern the address and the size. [DOC-REST, DOC-ERR]
fn status_cause(http_status: u16) -> Cause {
    match http_status {
        401 => Unauthorised,
        404 | 413 => Invalid,
        429 => Throttled,
        _ => Unknown,
    }
}

/// Lower counts first. Within one certainty the cause that tells more counts.
fn rank(cause: &Cause) -> u8 {
    match (cause.certainty(), cause) {
        (Certainty::Unknown, Cause::NumberTaken { .. }) => 0,
        (Certainty::Unknown, CompanyUnderMaintenance) => 1,
        (Certainty::Unknown, _) => 2,
        (Certainty::Unauthorised, _) => 3,
        (Certainty::Throttled, _) => 4,
        (Certainty::NotSent, _) => 5,
        (
            Certainty::Definite,
            Forbidden | SubscriptionLapsed | CompanyLocked | CompanyReset | PlanLacksFeature,
        ) => 6,
        (Certainty::Definite, Refused) => 8,
        (Certainty::Definite, Invalid) => 9,
        (Certainty::Definite, _) => 7,
    }
}

impl When {
    fn fits(self, fault: &Fault) -> bool {
        match self {
            Self::Any => true,
            Self::Says(words) => {
                let says = |text: &str| text.to_ascii_lowercase().contains(words);
                says(&fault.message) || fault.detail.as_deref().is_some_and(says)
            }
            Self::About(element) => fault.element.as_deref() == Some(element),
        }
    }
}

/// `… is assigned to TxnType=Journal Entry with TxnId=3632`
fn number_taken(fault: &Fault) -> Cause {
    let entry_id = fault
        .detail
        .as_deref()
        .and_then(|detail| detail.split_once("TxnType=Journal Entry with TxnId="))
        .map(|(_, rest)| digits(rest))
        .filter(|id| !id.is_empty());
    Cause::NumberTaken { entry_id }
}

/// `Invalid Reference Id : Accounts element id 7 not found`
fn reference_missing(fault: &Fault) -> Cause {
    let detail = fault.detail.as_deref().unwrap_or_default();
    let kinds = [
        ("Accounts", Reference::Account),
        ("Klasses", Reference::Class),
        ("Depts", Reference::Department),
        ("Names", Reference::Name),
    ];
    let kind = kinds
        .into_iter()
        .find(|(word, _)| detail.contains(word))
        .map_or(Reference::Other, |(_, kind)| kind);
    let id = detail
        .split_once("element id ")
        .map(|(_, rest)| digits(rest))
        .filter(|id| !id.is_empty());
    Cause::ReferenceMissing { kind, id }
}

fn digits(text: &str) -> String {
    text.chars().take_while(char::is_ascii_digit).collect()
}
