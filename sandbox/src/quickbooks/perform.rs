//! Doing what is asked of a company: one function, no transport.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::account;
use super::call::Ask;
use super::changes;
use super::company::Company;
use super::fault::{Fault, catalogue};
use super::journal_entry::{self, write};
use super::name_list::NameKind;
use super::preferences;
use super::query;
use super::switches::Switches;

/// The one member that an answer or a batch item's answer carries.
pub(crate) type Member = (&'static str, Value);

/// Does what is asked and counts it when it succeeds.
pub(crate) fn perform(
    company: &mut Company,
    ask: &Ask,
    switches: &Switches,
    now: DateTime<Utc>,
) -> Result<Member, Fault> {
    // That a lapsed subscription stops reads as well is assumed.
    if company.subscription_lapsed {
        return Err(catalogue::subscription_lapsed().into());
    }
    let member = answer(company, ask, switches, now).map_err(|fault| {
        if switches.unrecorded_details {
            fault
        } else {
            fault.without_unrecorded_details()
        }
    })?;
    company.counters.count(ask.operation());
    Ok(member)
}

fn answer(
    company: &mut Company,
    ask: &Ask,
    switches: &Switches,
    now: DateTime<Utc>,
) -> Result<Member, Fault> {
    match ask {
        Ask::CompanyInfo => Ok(("CompanyInfo", company.info())),
        Ask::Preferences => Ok(("Preferences", preferences::object(company))),
        Ask::CreateAccount(sent) => {
            account::create(company, sent, now).map(|id| shown_account(company, id))
        }
        Ask::UpdateAccount(sent) => {
            account::update(company, sent, now).map(|id| shown_account(company, id))
        }
        Ask::ReadAccount(id) => number(id)
            .map(|id| company.accounts.get(id).map(|account| account.id))
            .and_then(|found| {
                found
                    .map(|id| shown_account(company, id))
                    .ok_or_else(|| catalogue::made_inactive().into())
            }),
        Ask::ReadName(kind, id) => read_name(company, *kind, id),
        Ask::CreateJournalEntry {
            sent,
            allow_duplicate_number,
        } => write::create(
            company,
            sent,
            *allow_duplicate_number,
            switches.duplicate_numbers,
            now,
        )
        .map(|id| shown_entry(company, id, switches)),
        Ask::UpdateJournalEntry {
            sent,
            allow_duplicate_number,
        } => write::update(
            company,
            sent,
            *allow_duplicate_number,
            switches.duplicate_numbers,
            now,
        )
        .map(|id| shown_entry(company, id, switches)),
        Ask::DeleteJournalEntry(sent) => write::delete(company, sent, now).map(|id| {
            (
                "JournalEntry",
                json!({ "domain": "QBO", "status": "Deleted", "Id": id.to_string() }),
            )
        }),
        Ask::ReadJournalEntry(id) => match company.ledger.get(number(id)?) {
            Some(entry) => Ok(shown_entry(company, entry.id, switches)),
            None => Err(catalogue::made_inactive().into()),
        },
        Ask::Query(statement) => {
            query::run(company, statement, switches, now).map(|answer| ("QueryResponse", answer))
        }
        Ask::Changes { entities, since } => changes::run(company, entities, since, switches, now)
            .map(|answer| ("CDCResponse", answer)),
        Ask::Unreadable(_, reason) => Err(catalogue::unreadable_body(reason).into()),
        Ask::Unsupported(path) => Err(catalogue::unsupported(path).into()),
        Ask::Batch(_) => Err(catalogue::unsupported("a batch inside a batch").into()),
    }
}

fn number(id: &str) -> Result<u64, Fault> {
    id.parse().map_err(|_| catalogue::invalid_id(id).into())
}

fn read_name(company: &Company, kind: NameKind, id: &str) -> Result<Member, Fault> {
    number(id)?;
    if !kind.is_offered(company.offering) {
        return Err(catalogue::permission_denied().into());
    }
    let name = company
        .names
        .find(kind, id)
        .ok_or_else(catalogue::made_inactive)?;
    Ok((kind.entity(), name.object()))
}

fn shown_account(company: &Company, id: u64) -> Member {
    (
        "Account",
        company
            .accounts
            .get(id)
            .map_or(Value::Null, |account| account::object(company, account)),
    )
}

fn shown_entry(company: &Company, id: u64, switches: &Switches) -> Member {
    let entry = company.ledger.get(id);
    (
        "JournalEntry",
        entry.map_or(Value::Null, |entry| {
            journal_entry::object(company, entry, switches.total_amount)
        }),
    )
}
