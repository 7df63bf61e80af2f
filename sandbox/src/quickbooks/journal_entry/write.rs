//! Creating, changing and deleting a journal entry.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::quickbooks::clock::server_date;
use crate::quickbooks::company::Company;
use crate::quickbooks::fault::{Fault, catalogue};
use crate::quickbooks::property::{self, JOURNAL_ENTRY, text};
use crate::quickbooks::switches::DuplicateNumbers;

use super::check::{Circumstances, check_period, statement};
use super::{Entry, object};

/// Posts a new entry and gives its id.
pub(crate) fn create(
    company: &mut Company,
    sent: &Map<String, Value>,
    allow_duplicate_number: bool,
    duplicate_numbers: DuplicateNumbers,
    now: DateTime<Utc>,
) -> Result<u64, Fault> {
    property::check(sent, &JOURNAL_ENTRY, company.is_latin_1_only())?;
    let around = Circumstances {
        today: server_date(now),
        allow_duplicate_number,
        duplicate_numbers,
        replaces: None,
    };
    let statement = statement(company, sent, around)?;
    Ok(company.ledger.post(statement, now))
}

/// Changes an entry and gives its id. A sparse update is the entry as it stands with the sent
/// members laid over it, lines as a whole. What changes nothing keeps token and time.
pub(crate) fn update(
    company: &mut Company,
    sent: &Map<String, Value>,
    allow_duplicate_number: bool,
    duplicate_numbers: DuplicateNumbers,
    now: DateTime<Utc>,
) -> Result<u64, Fault> {
    property::check(sent, &JOURNAL_ENTRY, company.is_latin_1_only())?;
    let old = current(company, sent)?;
    let mut whole = sent.clone();
    if sent.get("sparse") == Some(&json!(true))
        && let Value::Object(mut laid) = object(company, old, false)
    {
        laid.extend(whole);
        whole = laid;
    }
    let around = Circumstances {
        today: server_date(now),
        allow_duplicate_number,
        duplicate_numbers,
        replaces: Some(old),
    };
    let statement = statement(company, &whole, around)?;
    let id = old.id;
    company.ledger.replace(id, statement, now);
    Ok(id)
}

/// Deletes an entry and gives its id.
pub(crate) fn delete(
    company: &mut Company,
    sent: &Map<String, Value>,
    now: DateTime<Utc>,
) -> Result<u64, Fault> {
    let entry = current(company, sent)?;
    let id = entry.id;
    let mut errors = Vec::new();
    check_period(company, entry.statement.txn_date, None, &mut errors);
    if !errors.is_empty() {
        return Err(Fault::validation(errors));
    }
    company.ledger.delete(id, now);
    Ok(id)
}

/// The entry the sent object names, if its sync token is the current one.
fn current<'a>(company: &'a Company, sent: &Map<String, Value>) -> Result<&'a Entry, Fault> {
    let Some(id) = text(sent, "Id") else {
        return Err(catalogue::required("Id").into());
    };
    let Ok(id) = id.parse() else {
        return Err(catalogue::invalid_id(&id).into());
    };
    let Some(entry) = company.ledger.get(id) else {
        return Err(catalogue::transaction_deleted().into());
    };
    match text(sent, "SyncToken") {
        None => Err(catalogue::required("SyncToken").into()),
        Some(token) if token != entry.sync_token.to_string() => Err(catalogue::stale().into()),
        Some(_) => Ok(entry),
    }
}
