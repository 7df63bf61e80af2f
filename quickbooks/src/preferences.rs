//! The settings of a company that decide what may be posted.

use chrono::NaiveDate;
use serde::Deserialize;

use crate::posted::WireRef;

/// A company's settings, as far as they touch journal entries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preferences {
    /// Entries on or before this day are refused; `None` while the books are open.
    pub book_close_date: Option<NaiveDate>,
    /// ISO 4217.
    pub home_currency: Option<String>,
    /// True when entries may be in other currencies.
    pub multicurrency: bool,
    /// True when lines may carry a location.
    pub track_departments: bool,
    /// True when a whole transaction may carry one class.
    pub class_tracking_per_transaction: bool,
    /// True when each line may carry its class.
    pub class_tracking_per_line: bool,
    /// True when a journal entry with a number in use is refused; false in most companies.
    pub warn_duplicate_journal_number: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
pub(crate) struct WirePreferences {
    accounting_info_prefs: WireAccounting,
    currency_prefs: WireCurrency,
    other_prefs: WireOther,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct WireAccounting {
    book_close_date: Option<NaiveDate>,
    track_departments: bool,
    class_tracking_per_txn: bool,
    class_tracking_per_txn_line: bool,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct WireCurrency {
    multi_currency_enabled: bool,
    home_currency: Option<WireRef>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct WireOther {
    name_value: Vec<WireNameValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireNameValue {
    name: String,
    value: Option<String>,
}

impl From<WirePreferences> for Preferences {
    fn from(wire: WirePreferences) -> Self {
        let named = |name: &str| {
            wire.other_prefs
                .name_value
                .iter()
                .any(|pair| pair.name == name && pair.value.as_deref() == Some("true"))
        };
        Self {
            warn_duplicate_journal_number: named("WarnDuplicateJournalNumber"),
            book_close_date: wire.accounting_info_prefs.book_close_date,
            home_currency: wire
                .currency_prefs
                .home_currency
                .map(|currency| currency.value),
            multicurrency: wire.currency_prefs.multi_currency_enabled,
            track_departments: wire.accounting_info_prefs.track_departments,
            class_tracking_per_transaction: wire.accounting_info_prefs.class_tracking_per_txn,
            class_tracking_per_line: wire.accounting_info_prefs.class_tracking_per_txn_line,
        }
    }
}
