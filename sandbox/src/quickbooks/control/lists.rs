//! Changing the chart and the lists from inside QuickBooks.

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::quickbooks::account::{self, Accounts};
use crate::quickbooks::account_type;
use crate::quickbooks::name_list::{NameKind, NameList};

use super::view::{AccountSummary, NewAccount, SeededName};
use super::{Control, ControlError, Outcome};

impl Control {
    /// Adds an account and gives it with its id.
    pub fn add_account(&self, realm_id: &str, row: &NewAccount) -> Outcome<AccountSummary> {
        self.on(realm_id, |company, now| {
            let sent = json!({
                "Name": row.name, "AccountType": row.account_type, "AccountSubType": row.account_sub_type, "AcctNum": row.number,
            });
            let id = account::create(company, sent.as_object().expect("an object was written"), now)?;
            let account = company.accounts.get(id).expect("it was created just now");
            Ok(AccountSummary::of(company, account))
        })
    }

    /// Adds a location, class, customer or vendor and gives it with its id.
    pub fn add_name(&self, realm_id: &str, kind: NameKind, name: &str) -> Outcome<SeededName> {
        self.on(realm_id, |company, now| {
            let id = company.names.add(kind, name.to_owned(), now);
            Ok(SeededName {
                kind,
                id: id.to_string(),
                name: name.to_owned(),
                active: true,
            })
        })
    }

    /// Deactivates or reactivates a location, class, customer or vendor.
    pub fn set_name_active(
        &self,
        realm_id: &str,
        kind: NameKind,
        id: &str,
        active: bool,
    ) -> Outcome<()> {
        self.on_name(realm_id, kind, id, |names, id, now| {
            names.set_active(kind, id, active, now)
        })
    }

    /// Renames a location, class, customer or vendor.
    pub fn rename_name(&self, realm_id: &str, kind: NameKind, id: &str, to: &str) -> Outcome<()> {
        self.on_name(realm_id, kind, id, |names, id, now| {
            names.rename(kind, id, to.to_owned(), now)
        })
    }

    /// Takes a location, class, customer or vendor off its list, as a merge into another does.
    pub fn remove_name(&self, realm_id: &str, kind: NameKind, id: &str) -> Outcome<()> {
        self.on_name(realm_id, kind, id, |names, id, now| {
            names.remove(kind, id, now)
        })
    }

    /// Deactivates or reactivates an account.
    pub fn set_account_active(
        &self,
        realm_id: &str,
        account_id: &str,
        active: bool,
    ) -> Outcome<()> {
        self.on_account(realm_id, account_id, |accounts, id, now| {
            accounts.set_active(id, active, now)
        })
    }

    /// Makes an account one of another type, with the type's usual subtype.
    pub fn set_account_type(&self, realm_id: &str, account_id: &str, name: &str) -> Outcome<()> {
        let row = account_type::find(name)
            .ok_or_else(|| ControlError::Unknown(format!("account type {name}")))?;
        self.on_account(realm_id, account_id, |accounts, id, now| {
            accounts.set_type(id, row, now)
        })
    }

    /// Renames an account.
    pub fn rename_account(&self, realm_id: &str, account_id: &str, to: &str) -> Outcome<()> {
        self.on_account(realm_id, account_id, |accounts, id, now| {
            accounts.rename(id, to.to_owned(), now)
        })
    }

    /// Takes an account out of the chart, as a merge into another does.
    ///
    /// # Errors
    /// [`ControlError::Refused`] when entries stand on it: they are not moved here.
    pub fn remove_account(&self, realm_id: &str, account_id: &str) -> Outcome<()> {
        self.on(realm_id, |company, _| {
            let account = company.accounts.find(account_id);
            match account {
                Some(account) if company.ledger.has_posted_to(account.id) => Err(
                    ControlError::Refused("entries stand on this account".to_owned()),
                ),
                _ => Ok(()),
            }
        })?;
        self.on_account(realm_id, account_id, Accounts::remove)
    }

    /// Puts a removed account back under its id.
    pub fn restore_account(&self, realm_id: &str, account_id: &str) -> Outcome<()> {
        self.on_account(realm_id, account_id, Accounts::restore)
    }

    fn on_account(
        &self,
        realm_id: &str,
        account_id: &str,
        change: impl FnOnce(&mut Accounts, u64, DateTime<Utc>) -> bool,
    ) -> Outcome<()> {
        self.on(realm_id, |company, now| match account_id.parse() {
            Ok(id) if change(&mut company.accounts, id, now) => Ok(()),
            _ => Err(ControlError::Unknown(format!("account {account_id}"))),
        })
    }

    fn on_name(
        &self,
        realm_id: &str,
        kind: NameKind,
        id: &str,
        change: impl FnOnce(&mut NameList, u64, DateTime<Utc>) -> bool,
    ) -> Outcome<()> {
        self.on(realm_id, |company, now| match id.parse() {
            Ok(number) if change(&mut company.names, number, now) => Ok(()),
            _ => Err(ControlError::Unknown(format!("{} {id}", kind.entity()))),
        })
    }
}
