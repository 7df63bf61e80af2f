//! One simulated company: its lists, its books, and what the service remembers about it.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};

use super::account::Accounts;
use super::clock::metadata_time;
use super::ledger::Ledger;
use super::name_list::NameList;
use super::offering::Offering;
use super::preferences::Preferences;
use super::record::Counters;
use super::request_id::RequestIds;
use super::throttle::Throttle;

/// Up to when the books are closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Closing {
    pub(crate) date: NaiveDate,
    pub(crate) with_password: bool,
}

/// A company and all its state.
#[derive(Debug)]
pub(crate) struct Company {
    pub(crate) realm_id: String,
    pub(crate) name: String,
    pub(crate) country: String,
    pub(crate) home_currency: String,
    pub(crate) opened_at: DateTime<Utc>,
    pub(crate) accounts: Accounts,
    pub(crate) names: NameList,
    pub(crate) preferences: Preferences,
    pub(crate) offering: Offering,
    pub(crate) closing: Option<Closing>,
    pub(crate) subscription_lapsed: bool,
    pub(crate) ledger: Ledger,
    pub(crate) request_ids: RequestIds,
    pub(crate) throttle: Throttle,
    pub(crate) counters: Counters,
}

impl Company {
    pub(crate) fn new(
        realm_id: String,
        name: String,
        country: String,
        home_currency: String,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            realm_id,
            name,
            country,
            home_currency,
            opened_at: now,
            accounts: Accounts::default(),
            names: NameList::default(),
            preferences: Preferences::default(),
            offering: Offering::default(),
            closing: None,
            subscription_lapsed: false,
            ledger: Ledger::default(),
            request_ids: RequestIds::default(),
            throttle: Throttle::default(),
            counters: Counters::default(),
        }
    }

    /// A US company's books hold ISO-8859-1 only.
    pub(crate) fn is_latin_1_only(&self) -> bool {
        self.country == "US"
    }

    /// A `CurrencyRef` to the home currency.
    pub(crate) fn currency_ref(&self) -> Value {
        json!({ "value": self.home_currency, "name": currency_name(&self.home_currency) })
    }

    /// The `CompanyInfo` object.
    pub(crate) fn info(&self) -> Value {
        let address = json!({ "Id": "1", "Line1": "1 Simulated Street", "City": "Boston", "Country": iso_3(&self.country) });
        json!({
            "CompanyName": self.name, "LegalName": self.name,
            "CompanyAddr": address, "CustomerCommunicationAddr": address, "LegalAddr": address,
            "CompanyStartDate": self.opened_at.date_naive().to_string(), "FiscalYearStartMonth": "January",
            "Country": self.country, "Email": { "Address": "books@example.com" }, "WebAddr": {},
            "SupportedLanguages": "en", "DefaultTimeZone": "America/Los_Angeles",
            "NameValue": [
                { "Name": "NeoEnabled", "Value": "true" },
                { "Name": "SubscriptionStatus", "Value": if self.subscription_lapsed { "EXPIRED" } else { "PAID" } },
                { "Name": "OfferingSku", "Value": self.offering.name() },
            ],
            "domain": "QBO", "sparse": false, "Id": "1", "SyncToken": "0",
            "MetaData": metadata(self.opened_at, self.opened_at),
        })
    }
}

/// The `MetaData` member of an object.
pub(crate) fn metadata(created: DateTime<Utc>, updated: DateTime<Utc>) -> Value {
    json!({ "CreateTime": metadata_time(created), "LastUpdatedTime": metadata_time(updated) })
}

fn currency_name(code: &str) -> &str {
    match code {
        "USD" => "United States Dollar",
        "CAD" => "Canadian Dollar",
        "GBP" => "British Pound Sterling",
        "EUR" => "Euro",
        "AUD" => "Australian Dollar",
        "JPY" => "Japanese Yen",
        other => other,
    }
}

/// Addresses carry three-letter countries since autumn 2025.
fn iso_3(country: &str) -> &str {
    match country {
        "US" => "USA",
        "CA" => "CAN",
        "GB" => "GBR",
        "AU" => "AUS",
        other => other,
    }
}
