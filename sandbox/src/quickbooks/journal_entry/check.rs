//! What a sent journal entry is checked for. All errors of one request come back together.

use chrono::NaiveDate;
use serde_json::{Map, Value};

use crate::quickbooks::account::Account;
use crate::quickbooks::amount::Amount;
use crate::quickbooks::company::Company;
use crate::quickbooks::fault::{Fault, FaultError, catalogue};
use crate::quickbooks::name_list::NameKind;
use crate::quickbooks::property::{at_most, reference, text};
use crate::quickbooks::switches::DuplicateNumbers;

use super::{Entry, Line, Posting, PostingType, Statement};

/// The longest document number.
const DOC_NUMBER_MAX: usize = 21;
/// The longest note or description.
const TEXT_MAX: usize = 4000;

/// What the check knows besides the object itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Circumstances<'a> {
    /// The server's date, for an entry without its own.
    pub(crate) today: NaiveDate,
    /// Whether `include=allowduplicatedocnum` was asked for.
    pub(crate) allow_duplicate_number: bool,
    /// Whether a number may be one that another entry has.
    pub(crate) duplicate_numbers: DuplicateNumbers,
    /// The entry that is being changed.
    pub(crate) replaces: Option<&'a Entry>,
}

/// The statement a sent object makes, if nothing is wrong with it.
pub(crate) fn statement(
    company: &Company,
    sent: &Map<String, Value>,
    around: Circumstances<'_>,
) -> Result<Statement, Fault> {
    let mut errors = Vec::new();
    let doc_number = text(sent, "DocNumber");
    at_most(
        doc_number.as_deref(),
        "DocNumber",
        DOC_NUMBER_MAX,
        &mut errors,
    );
    let private_note = text(sent, "PrivateNote");
    at_most(
        private_note.as_deref(),
        "PrivateNote",
        TEXT_MAX,
        &mut errors,
    );
    let txn_date = date(sent, around.today, &mut errors);
    check_currency(company, sent, &mut errors);
    if let Some(number) = doc_number
        .as_deref()
        .filter(|_| !around.allow_duplicate_number)
    {
        check_duplicate(company, number, around, &mut errors);
    }
    check_period(company, txn_date, around.replaces, &mut errors);
    let lines = lines(company, sent, around.replaces, &mut errors);
    let adjustment = sent
        .get("Adjustment")
        .and_then(Value::as_bool)
        .unwrap_or_default();
    if errors.is_empty() {
        Ok(Statement {
            doc_number,
            txn_date,
            private_note,
            adjustment,
            lines,
        })
    } else {
        Err(Fault::validation(first_inactive_only(errors)))
    }
}

/// Of several inactive references only the first is reported, as seen with two inactive accounts.
fn first_inactive_only(errors: Vec<FaultError>) -> Vec<FaultError> {
    let mut seen = false;
    errors
        .into_iter()
        .filter(|error| error.code != "610" || !std::mem::replace(&mut seen, true))
        .collect()
}

fn date(sent: &Map<String, Value>, today: NaiveDate, errors: &mut Vec<FaultError>) -> NaiveDate {
    let Some(supplied) = text(sent, "TxnDate") else {
        return today;
    };
    NaiveDate::parse_from_str(&supplied, "%Y-%m-%d").unwrap_or_else(|_| {
        errors.push(catalogue::invalid_date("TxnDate", &supplied));
        today
    })
}

/// Multicurrency is not simulated: an entry is in the home currency or refused.
fn check_currency(company: &Company, sent: &Map<String, Value>, errors: &mut Vec<FaultError>) {
    if let Some(currency) =
        reference(sent, "CurrencyRef").filter(|currency| *currency != company.home_currency)
    {
        errors.push(catalogue::invalid_currency(&currency));
    }
}

fn check_duplicate(
    company: &Company,
    number: &str,
    around: Circumstances<'_>,
    errors: &mut Vec<FaultError>,
) {
    let refused = match around.duplicate_numbers {
        DuplicateNumbers::AsPreferred => company.preferences.warn_duplicate_journal_number,
        DuplicateNumbers::Taken => false,
        DuplicateNumbers::Refused => true,
    };
    if !refused {
        return;
    }
    let own = around.replaces.map(|entry| entry.id);
    if let Some(holder) = company
        .ledger
        .numbered(number)
        .find(|entry| Some(entry.id) != own)
    {
        errors.push(catalogue::duplicate_doc_number(number, holder.id));
    }
}

/// A change may neither enter nor leave a closed period.
pub(crate) fn check_period(
    company: &Company,
    date: NaiveDate,
    replaces: Option<&Entry>,
    errors: &mut Vec<FaultError>,
) {
    let Some(closing) = company.closing else {
        return;
    };
    if date <= closing.date
        || replaces.is_some_and(|entry| entry.statement.txn_date <= closing.date)
    {
        errors.push(if closing.with_password {
            catalogue::period_closed_with_password()
        } else {
            catalogue::period_closed()
        });
    }
}

fn lines(
    company: &Company,
    sent: &Map<String, Value>,
    replaces: Option<&Entry>,
    errors: &mut Vec<FaultError>,
) -> Vec<Line> {
    let sent: Vec<&Map<String, Value>> = sent
        .get("Line")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .collect();
    if sent.is_empty() {
        errors.push(catalogue::lines_missing());
        return Vec::new();
    }
    let before = errors.len();
    let mut ids = LineIds::after(replaces);
    let lines: Vec<Line> = sent
        .iter()
        .filter_map(|line| read_line(company, line, &mut ids, errors))
        .collect();
    // Whether a faulty line also counts as missing is unknown; assumed: it does not.
    let posting = sent
        .iter()
        .filter(|line| text(line, "DetailType").as_deref() != Some("DescriptionOnly"))
        .count();
    if posting < 2 {
        errors.push(catalogue::one_line());
    } else if errors.len() == before && !balances(&lines) {
        errors.push(catalogue::unbalanced());
    }
    lines
}

fn balances(lines: &[Line]) -> bool {
    let mut difference = Amount::ZERO;
    for line in lines {
        match line.posting.as_ref().map(|posting| posting.posting_type) {
            Some(PostingType::Debit) => difference += line.amount,
            Some(PostingType::Credit) => difference -= line.amount,
            None => {}
        }
    }
    difference == Amount::ZERO
}

/// Line ids count from 0; a change keeps the ids it names and numbers new lines on.
struct LineIds<'a> {
    old: &'a [Line],
    next: u64,
}

impl<'a> LineIds<'a> {
    fn after(replaces: Option<&'a Entry>) -> Self {
        let old = replaces.map_or(&[][..], |entry| &entry.statement.lines);
        Self {
            old,
            next: old.iter().map(|line| line.id + 1).max().unwrap_or_default(),
        }
    }

    fn give(&mut self, sent: &Map<String, Value>) -> u64 {
        let named = text(sent, "Id").and_then(|id| id.parse().ok());
        if let Some(id) = named.filter(|id| self.old.iter().any(|line| line.id == *id)) {
            return id;
        }
        self.next += 1;
        self.next - 1
    }
}

fn read_line(
    company: &Company,
    sent: &Map<String, Value>,
    ids: &mut LineIds<'_>,
    errors: &mut Vec<FaultError>,
) -> Option<Line> {
    let id = ids.give(sent);
    let description = text(sent, "Description");
    at_most(description.as_deref(), "Description", TEXT_MAX, errors);
    let only_describes = match text(sent, "DetailType").as_deref() {
        Some("DescriptionOnly") => true,
        Some("JournalEntryLineDetail") => false,
        Some(other) => {
            errors.push(catalogue::invalid_enumeration("DetailType", other));
            return None;
        }
        None => {
            errors.push(catalogue::required("DetailType"));
            return None;
        }
    };
    let amount = amount(sent, only_describes, errors);
    if only_describes {
        return Some(Line {
            id,
            amount: amount.unwrap_or_default(),
            description,
            posting: None,
        });
    }
    let Some(detail) = sent
        .get("JournalEntryLineDetail")
        .and_then(Value::as_object)
    else {
        errors.push(catalogue::required("JournalEntryLineDetail"));
        return None;
    };
    let posting = posting(company, detail, errors);
    Some(Line {
        id,
        amount: amount?,
        description,
        posting: Some(posting?),
    })
}

fn amount(
    sent: &Map<String, Value>,
    optional: bool,
    errors: &mut Vec<FaultError>,
) -> Option<Amount> {
    let Some(supplied) = sent.get("Amount").filter(|value| !value.is_null()) else {
        if !optional {
            errors.push(catalogue::required("Amount"));
        }
        return None;
    };
    let shown = supplied
        .as_str()
        .map_or_else(|| supplied.to_string(), str::to_owned);
    // Amounts of more than two decimals are kept as sent (assumed).
    let Some(amount) = Amount::from_json(supplied).filter(|amount| amount.fits()) else {
        errors.push(catalogue::invalid_decimal("Amount", &shown));
        return None;
    };
    if amount < Amount::ZERO {
        errors.push(catalogue::negative_amount(&shown));
        return None;
    }
    Some(amount)
}

fn posting(
    company: &Company,
    detail: &Map<String, Value>,
    errors: &mut Vec<FaultError>,
) -> Option<Posting> {
    let posting_type = match text(detail, "PostingType").as_deref() {
        Some("Debit") => Some(PostingType::Debit),
        Some("Credit") => Some(PostingType::Credit),
        Some(other) => {
            errors.push(catalogue::invalid_enumeration("PostingType", other));
            None
        }
        None => {
            errors.push(catalogue::posting_type_missing());
            None
        }
    };
    let account = account(company, detail, errors);
    // Locations and classes are taken whether or not the company tracks them (assumed).
    let department = name(
        company,
        NameKind::Department,
        reference(detail, "DepartmentRef"),
        errors,
    );
    let class = name(
        company,
        NameKind::Class,
        reference(detail, "ClassRef"),
        errors,
    );
    let entity = entity(company, detail, errors);
    check_entity(account, entity, errors);
    Some(Posting {
        posting_type: posting_type?,
        account_id: account?.id,
        department,
        class,
        entity,
    })
}

fn account<'a>(
    company: &'a Company,
    detail: &Map<String, Value>,
    errors: &mut Vec<FaultError>,
) -> Option<&'a Account> {
    let Some(id) = reference(detail, "AccountRef") else {
        errors.push(catalogue::required("AccountRef"));
        return None;
    };
    match company.accounts.find(&id) {
        None => {
            errors.push(catalogue::invalid_reference("Accounts", &id));
            None
        }
        Some(account) if !account.active => {
            errors.push(catalogue::made_inactive());
            None
        }
        found => found,
    }
}

fn name(
    company: &Company,
    kind: NameKind,
    id: Option<String>,
    errors: &mut Vec<FaultError>,
) -> Option<u64> {
    let id = id?;
    if !kind.is_offered(company.offering) {
        errors.push(catalogue::feature_not_supported(kind.entity()));
        return None;
    }
    match company.names.find(kind, &id) {
        None => {
            errors.push(catalogue::invalid_reference(kind.fault_list(), &id));
            None
        }
        Some(name) if !name.active => {
            errors.push(catalogue::made_inactive());
            None
        }
        Some(name) => Some(name.id),
    }
}

fn entity(
    company: &Company,
    detail: &Map<String, Value>,
    errors: &mut Vec<FaultError>,
) -> Option<(NameKind, u64)> {
    let entity = detail.get("Entity")?.as_object()?;
    let id = reference(entity, "EntityRef")?;
    let kind = match text(entity, "Type").as_deref() {
        Some("Vendor") => NameKind::Vendor,
        // The reference calls `Type` output only; left out, a customer is looked for first (assumed).
        Some("Customer") | None => NameKind::Customer,
        Some(other) => {
            errors.push(catalogue::invalid_enumeration("Type", other));
            return None;
        }
    };
    name(company, kind, Some(id), errors).map(|id| (kind, id))
}

fn check_entity(
    account: Option<&Account>,
    entity: Option<(NameKind, u64)>,
    errors: &mut Vec<FaultError>,
) {
    let named = entity.map(|(kind, _)| kind);
    match account.map(|account| account.account_type.as_str()) {
        Some("Accounts Receivable") if named != Some(NameKind::Customer) => {
            errors.push(catalogue::customer_missing())
        }
        Some("Accounts Payable") if named != Some(NameKind::Vendor) => {
            errors.push(catalogue::vendor_missing())
        }
        _ => {}
    }
}
