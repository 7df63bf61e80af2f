//! Founding companies and changing what surrounds their books.

use chrono::NaiveDate;
use serde_json::{Map, json};

use crate::quickbooks::account;
use crate::quickbooks::company::{Closing, Company};
use crate::quickbooks::name_list::NameKind;
use crate::quickbooks::offering::Offering;
use crate::quickbooks::preferences::Preferences;

use super::view::{CompanySummary, NewCompany};
use super::{Control, Outcome};

impl Control {
    /// Founds a company with its chart of accounts and lists.
    ///
    /// # Errors
    /// [`Refused`](super::ControlError::Refused) with the service's own words when an account is not possible.
    pub fn seed_company(&self, new: NewCompany) -> Outcome<CompanySummary> {
        self.with(|world| {
            let now = world.clock.now();
            let founded = i64::try_from(world.companies.len()).unwrap_or_default();
            let realm_id = (9_341_453_000_000_017 + founded * 7919).to_string();
            let mut company = Company::new(
                realm_id.clone(),
                new.name,
                new.country,
                new.home_currency,
                now,
            );
            for row in &new.accounts {
                let mut sent = Map::new();
                sent.insert("Name".to_owned(), json!(row.name));
                sent.insert("AccountType".to_owned(), json!(row.account_type));
                sent.insert("AccountSubType".to_owned(), json!(row.account_sub_type));
                sent.insert("AcctNum".to_owned(), json!(row.number));
                account::create(&mut company, &sent, now)?;
            }
            for (kind, names) in [
                (NameKind::Department, new.departments),
                (NameKind::Class, new.classes),
                (NameKind::Customer, new.customers),
                (NameKind::Vendor, new.vendors),
            ] {
                for name in names {
                    company.names.add(kind, name, now);
                }
            }
            let summary = CompanySummary::of(&company);
            world.companies.insert(realm_id, company);
            Ok(summary)
        })
    }

    /// All companies.
    pub fn companies(&self) -> Vec<CompanySummary> {
        self.with(|world| world.companies.values().map(CompanySummary::of).collect())
    }

    /// One company with its accounts and names.
    pub fn company(&self, realm_id: &str) -> Outcome<CompanySummary> {
        self.on(realm_id, |company, _| Ok(CompanySummary::of(company)))
    }

    /// Closes the books up to and including a day; with a password entries meet fault 6210, else 6200.
    pub fn close_books(&self, realm_id: &str, date: NaiveDate, with_password: bool) -> Outcome<()> {
        self.on(realm_id, |company, _| {
            company.closing = Some(Closing {
                date,
                with_password,
            });
            Ok(())
        })
    }

    /// Opens the books again.
    pub fn reopen_books(&self, realm_id: &str) -> Outcome<()> {
        self.on(realm_id, |company, _| {
            company.closing = None;
            Ok(())
        })
    }

    /// A company's preferences.
    pub fn preferences(&self, realm_id: &str) -> Outcome<Preferences> {
        self.on(realm_id, |company, _| Ok(company.preferences.clone()))
    }

    /// Sets a company's preferences.
    pub fn set_preferences(&self, realm_id: &str, preferences: Preferences) -> Outcome<()> {
        self.on(realm_id, |company, _| {
            company.preferences = preferences;
            Ok(())
        })
    }

    /// Changes what a company subscribes to.
    pub fn set_offering(&self, realm_id: &str, offering: Offering) -> Outcome<()> {
        self.on(realm_id, |company, _| {
            company.offering = offering;
            Ok(())
        })
    }

    /// Lets the subscription lapse (every call meets fault 6190), or renews it.
    pub fn set_subscription_lapsed(&self, realm_id: &str, lapsed: bool) -> Outcome<()> {
        self.on(realm_id, |company, _| {
            company.subscription_lapsed = lapsed;
            Ok(())
        })
    }

    /// Makes the service forget every request id of a company.
    pub fn forget_request_ids(&self, realm_id: &str) -> Outcome<()> {
        self.on(realm_id, |company, _| {
            company.request_ids.forget();
            Ok(())
        })
    }
}
