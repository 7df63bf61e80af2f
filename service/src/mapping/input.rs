//! What a request says of a row of the mapping, read and judged.

use super::SetMapping;
use crate::error::Error;
use accounting::{Slot, mapping::UnknownName};
use entity::account;
use entity::id::AccountId;
use std::collections::HashMap;

/// A row that may be set.
pub(crate) struct Row<'r> {
    pub(crate) slot: Slot,
    pub(crate) key: &'r str,
    pub(crate) location: &'r str,
    pub(crate) account: &'r account::Model,
}

/// Reads a row.
///
/// # Errors
/// `unknown_slot`, `unexpected_key`, `invalid_key`, `unknown_account`, `inactive_account`, `account_type_refused`.
pub(crate) fn row<'r>(
    request: &'r SetMapping,
    accounts: &'r HashMap<AccountId, account::Model>,
) -> Result<Row<'r>, Error> {
    let slot = slot(&request.slot)?;
    let key = key(slot, request.key.as_deref())?;
    let location = name("location", request.location.as_deref())?;
    Ok(Row {
        slot,
        key: key.unwrap_or_default(),
        location: location.unwrap_or_default(),
        account: account(accounts, slot, request.account_id)?,
    })
}

/// Reads a slot's name.
///
/// # Errors
/// `unknown_slot`.
pub(crate) fn slot(text: &str) -> Result<Slot, Error> {
    text.parse().map_err(|_: UnknownName| {
        let slots: Vec<_> = Slot::ALL.iter().map(|slot| slot.as_str()).collect();
        Error::invalid(
            "unknown_slot",
            "slot",
            format!(
                "`{}` is no slot; use one of {}",
                clip(text),
                slots.join(", ")
            ),
        )
    })
}

/// Reads a slot and its key, where there is one.
///
/// # Errors
/// `unknown_slot`, `unexpected_key`, `invalid_key`.
pub(crate) fn place(slot_name: &str, key_text: Option<&str>) -> Result<Slot, Error> {
    let slot = slot(slot_name)?;
    key(slot, key_text)?;
    Ok(slot)
}

fn key(slot: Slot, key: Option<&str>) -> Result<Option<&str>, Error> {
    if key.is_some() && slot.key().is_none() {
        return Err(Error::invalid(
            "unexpected_key",
            "key",
            format!("slot {slot} has no key: leave it out"),
        ));
    }
    name("key", key)
}

fn name<'a>(field: &'static str, name: Option<&'a str>) -> Result<Option<&'a str>, Error> {
    match name {
        Some(text) if is_blank(text) => Err(Error::invalid(
            "invalid_key",
            field,
            format!(
                "blanks alone are no {field}: leave it out to map what serves every {field}, and mend the till where events carry them"
            ),
        )),
        Some(text) if accounting::Key::new(text).is_err() => Err(Error::invalid(
            "invalid_key",
            field,
            format!(
                "`{}` cannot be a {field}: use the text that events carry, or leave it out",
                clip(text)
            ),
        )),
        other => Ok(other),
    }
}

/// Whether a text has characters, and only blanks: nobody sees it, and so nobody means it.
pub(crate) fn is_blank(text: &str) -> bool {
    !text.is_empty() && text.trim().is_empty()
}

pub(crate) fn clip(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(64).collect()
}

fn account(
    accounts: &HashMap<AccountId, account::Model>,
    slot: Slot,
    id: AccountId,
) -> Result<&account::Model, Error> {
    let account = accounts
        .get(&id)
        .filter(|account| account.deleted_at.is_none())
        .ok_or_else(|| {
            Error::invalid(
                "unknown_account",
                "account_id",
                format!(
                    "there is no account {id} in the imported chart; list the accounts, or import the chart again"
                ),
            )
        })?;
    if !account.active {
        return Err(Error::invalid(
            "inactive_account",
            "account_id",
            format!(
                "account {} is inactive in QuickBooks; make it active there and import the chart again, or choose another",
                named(account)
            ),
        ));
    }
    slot.check(&account.account_type).map_err(|refusal| {
        Error::invalid(
            "account_type_refused",
            "account_id",
            format!("account {}: {refusal}", named(account)),
        )
    })?;
    Ok(account)
}

/// An account by its number, where it has one, and its name.
pub(crate) fn named(account: &account::Model) -> String {
    // QuickBooks ends an inactive account's name so; it is inactive, not gone, and who reads this is told which.
    let name = account.name.replace(" (deleted)", "");
    match &account.number {
        Some(number) => format!("{number} {name}"),
        None => name,
    }
}
