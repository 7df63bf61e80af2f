//! A company's preferences, as far as they matter to journal entries.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::company::{Company, metadata};

/// The preferences that can be set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Preferences {
    /// Whether a journal entry's number may be used once only (fault 6140).
    pub warn_duplicate_journal_number: bool,
    /// Whether accounts show their numbers.
    pub use_account_numbers: bool,
    /// Whether locations are tracked.
    pub track_departments: bool,
    /// Whether each line may name a class.
    pub class_tracking_per_line: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            warn_duplicate_journal_number: false,
            use_account_numbers: true,
            track_departments: true,
            class_tracking_per_line: true,
        }
    }
}

/// The `Preferences` object of a company.
pub(crate) fn object(company: &Company) -> Value {
    let preferences = &company.preferences;
    let mut accounting = json!({
        "UseAccountNumbers": preferences.use_account_numbers,
        "TrackDepartments": preferences.track_departments,
        "DepartmentTerminology": "Location",
        "ClassTrackingPerTxn": false,
        "ClassTrackingPerTxnLine": preferences.class_tracking_per_line,
        "FirstMonthOfFiscalYear": "January",
        "TaxYearMonth": "January",
        "TaxForm": "6",
        "CustomerTerminology": "Customers",
    });
    if let Some(closing) = company.closing {
        accounting["BookCloseDate"] = json!(closing.date.to_string());
    }
    json!({
        "AccountingInfoPrefs": accounting,
        "CurrencyPrefs": { "MultiCurrencyEnabled": false, "HomeCurrency": { "value": company.home_currency } },
        "TaxPrefs": { "UsingSalesTax": true },
        "ReportPrefs": { "ReportBasis": "Accrual", "CalcAgingReportFromTxnDate": false },
        "OtherPrefs": { "NameValue": [
            { "Name": "WarnDuplicateJournalNumber", "Value": preferences.warn_duplicate_journal_number.to_string() },
            { "Name": "AccountingInfoPrefs.ShowAccountNumbers", "Value": preferences.use_account_numbers.to_string() },
            { "Name": "SignoutInactiveMinutes", "Value": "60" },
        ] },
        "domain": "QBO", "sparse": false, "Id": "1", "SyncToken": "0",
        "MetaData": metadata(company.opened_at, company.opened_at),
    })
}
