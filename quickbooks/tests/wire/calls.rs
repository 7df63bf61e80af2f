//! Each call's exact request, and its success read.

use chrono::NaiveDate;
use quickbooks::{Cause, Charset, Posting};

use crate::server::{Server, TID, json};
use crate::setup::{ACCESS_TOKEN, REALM, company};

/// DOC-JE's shape with the members recorded by FYSDK.
const ENTRY: &str = r#"{"JournalEntry":{"Adjustment":false,"domain":"QBO","sparse":false,"Id":"228","SyncToken":"0",
  "MetaData":{"CreateTime":"2026-11-21T12:45:32-08:00","LastUpdatedTime":"2026-11-21T12:45:32-08:00"},
  "DocNumber":"HR-20261121-0042","TxnDate":"2026-11-21","PrivateNote":"Ticket [tp 42]",
  "CurrencyRef":{"value":"USD","name":"United States Dollar"},
  "Line":[{"Id":"0","Description":"Cash","Amount":100.00,"DetailType":"JournalEntryLineDetail",
    "JournalEntryLineDetail":{"PostingType":"Debit","AccountRef":{"value":"39","name":"Truck:Depreciation"}}},
   {"Id":"1","Amount":100.0,"DetailType":"JournalEntryLineDetail",
    "JournalEntryLineDetail":{"PostingType":"Credit","AccountRef":{"value":"44","name":"Notes Payable"},
      "ClassRef":{"value":"5000000000000085682"},"DepartmentRef":{"value":"2"}}},
   {"Id":"2","Amount":0,"Description":"only words","DetailType":"DescriptionOnly"}],
  "TxnTaxDetail":{}},"time":"2026-11-21T12:45:32.183-08:00"}"#;

#[tokio::test]
async fn posting_sends_one_post_of_just_the_given_bytes() {
    let server = Server::playing([json(200, ENTRY)]).await;
    let body = br#"{"DocNumber":"42","Line":[{"Amount":100.00}]}"#;
    let answer = company(&server.url)
        .create_journal_entry("rq7d2k", body.to_vec())
        .await
        .unwrap();

    let heard = server.only();
    assert_eq!(
        heard.line,
        format!("POST /v3/company/{REALM}/journalentry?minorversion=75&requestid=rq7d2k HTTP/1.1")
    );
    assert_eq!(heard.body.as_bytes(), body);
    assert_eq!(heard.header("content-type"), Some("application/json"));
    assert_eq!(heard.header("accept"), Some("application/json"));
    let bearer = format!("Bearer {ACCESS_TOKEN}");
    assert_eq!(heard.header("authorization"), Some(bearer.as_str()));

    assert_eq!(answer.intuit_tid.as_deref(), Some(TID));
    let entry = answer.value;
    assert_eq!((entry.id.as_str(), entry.sync_token.as_str()), ("228", "0"));
    assert_eq!(entry.document_number.as_deref(), Some("HR-20261121-0042"));
    assert_eq!(
        entry.accounting_date,
        NaiveDate::from_ymd_opt(2026, 11, 21).unwrap()
    );
    assert_eq!(entry.currency.as_deref(), Some("USD"));
    assert!(entry.carries("[tp 42]"));
    assert!(!entry.carries("2]"));
    assert!(!entry.carries(""));
    assert_eq!(entry.lines.len(), 2, "a line of words only posts nothing");
    let debit = &entry.lines[0];
    assert_eq!(debit.account_id, "39");
    assert_eq!(debit.account_name.as_deref(), Some("Truck:Depreciation"));
    assert_eq!(
        (debit.posting, debit.amount.as_str()),
        (Posting::Debit, "100.00")
    );
    assert_eq!(debit.description.as_deref(), Some("Cash"));
    let credit = &entry.lines[1];
    assert_eq!(
        (credit.posting, credit.amount.as_str()),
        (Posting::Credit, "100.00")
    );
    assert_eq!(credit.class_id.as_deref(), Some("5000000000000085682"));
    assert_eq!(credit.department_id.as_deref(), Some("2"));
}

#[tokio::test]
async fn amounts_are_read_without_floats_from_numbers_and_texts() {
    for (sent, read) in [
        ("9999999999.99999", "9999999999.99999"),
        ("0.1", "0.10"),
        ("\"6500.00\"", "6500.00"),
        ("25.54", "25.54"),
        ("1E+2", "100.00"),
    ] {
        let body = ENTRY.replacen("100.00", sent, 1);
        let server = Server::playing([json(200, &body)]).await;
        let answer = company(&server.url)
            .read_journal_entry("228")
            .await
            .unwrap();
        assert_eq!(answer.value.lines[0].amount, read);
    }
}

#[tokio::test]
async fn an_entry_is_read_by_its_id() {
    let server = Server::playing([json(200, ENTRY)]).await;
    let answer = company(&server.url)
        .read_journal_entry("228")
        .await
        .unwrap();
    assert_eq!(answer.value.id, "228");
    assert_eq!(
        server.only().line,
        format!("GET /v3/company/{REALM}/journalentry/228?minorversion=75 HTTP/1.1")
    );
}

#[tokio::test]
async fn an_entry_that_is_not_there_is_gone() {
    for detail in [
        "Object Not Found : Something you're trying to use has been made inactive. Check the fields with accounts, customers, items, vendors or employees.",
        "Object Not Found : Another user has deleted this transaction.",
    ] {
        let body = format!(
            r#"{{"Fault":{{"Error":[{{"Message":"Object Not Found","Detail":"{detail}","code":"610","element":""}}],"type":"ValidationFault"}},"time":"x"}}"#
        );
        let server = Server::playing([json(400, &body)]).await;
        let failure = company(&server.url)
            .read_journal_entry("228")
            .await
            .unwrap_err();
        assert_eq!(failure.cause, Cause::EntryGone);
    }
}

#[tokio::test]
async fn an_id_cannot_leave_its_place_in_the_path() {
    let server = Server::playing([json(200, ENTRY)]).await;
    let _ = company(&server.url)
        .read_journal_entry("1/../../x?y#z")
        .await;
    let line = server.only().line;
    let path =
        format!("GET /v3/company/{REALM}/journalentry/1%2F..%2F..%2Fx%3Fy%23z?minorversion=75");
    assert!(line.starts_with(&path), "{line}");
}

/// A query's answer with this many times the entry.
fn found(times: usize) -> String {
    let (_, entry) = ENTRY.split_once(':').unwrap();
    let (entry, _) = entry.rsplit_once(r#","time":"#).unwrap();
    let entries = vec![entry; times].join(",");
    format!(
        r#"{{"QueryResponse":{{"JournalEntry":[{entries}],"startPosition":1,"maxResults":{times}}},"time":"2026-11-21T12:45:32.183-08:00"}}"#
    )
}

#[tokio::test]
async fn a_full_page_is_unknown_since_one_entry_might_be_missing() {
    let server = Server::playing([json(200, &found(999)), json(200, &found(1000))]).await;
    let company = company(&server.url);
    let answer = company.journal_entries_numbered(&["1"]).await.unwrap();
    assert_eq!(answer.value.len(), 999);
    let failure = company.journal_entries_numbered(&["1"]).await.unwrap_err();
    assert_eq!(failure.cause, Cause::Unknown);
}

#[tokio::test]
async fn an_entry_is_looked_up_by_its_number() {
    let server = Server::playing([json(200, &found(1))]).await;
    let answer = company(&server.url)
        .journal_entries_numbered(&["HR-20261121-0042"])
        .await
        .unwrap();
    assert_eq!(answer.value.len(), 1);
    assert_eq!(answer.value[0].id, "228");
    assert_eq!(answer.intuit_tid.as_deref(), Some(TID));
    assert_eq!(
        server.only().line,
        format!(
            "GET /v3/company/{REALM}/query?minorversion=75&query=select+*+from+JournalEntry+where+DocNumber+%3D+%27HR-20261121-0042%27+maxresults+1000 HTTP/1.1"
        )
    );
}

#[tokio::test]
async fn several_numbers_are_one_read_and_cannot_break_out_of_their_quotes() {
    let nothing = r#"{"QueryResponse":{},"time":"2026-11-21T12:45:32.183-08:00"}"#;
    let server = Server::playing([json(200, nothing)]).await;
    let answer = company(&server.url)
        .journal_entries_numbered(&["1", "O'Hara"])
        .await
        .unwrap();
    assert!(answer.value.is_empty());
    let line = server.only().line;
    assert!(
        line.contains("DocNumber+in+%28%271%27%2C+%27O%5C%27Hara%27%29+maxresults+1000"),
        "{line}"
    );
}

#[tokio::test]
async fn no_numbers_need_no_read() {
    let server = Server::playing([]).await;
    let answer = company(&server.url)
        .journal_entries_numbered(&[])
        .await
        .unwrap();
    assert!(answer.value.is_empty());
    assert!(server.heard().is_empty());
}

#[tokio::test]
async fn a_company_says_its_name_and_country() {
    let body = r#"{"CompanyInfo":{"CompanyName":"Sandbox Company_US_1","LegalName":"Sandbox LLC","Country":"US",
        "CompanyAddr":{"Country":"USA"},"Id":"1","SyncToken":"4"},"time":"2026-11-21T12:45:32.183-08:00"}"#;
    let server = Server::playing([json(200, body)]).await;
    let info = company(&server.url).info().await.unwrap().value;
    assert_eq!(info.name, "Sandbox Company_US_1");
    assert_eq!(info.legal_name.as_deref(), Some("Sandbox LLC"));
    assert_eq!(info.country.as_deref(), Some("US"));
    assert_eq!(info.charset(), Charset::Latin1);
    assert_eq!(
        server.only().line,
        format!("GET /v3/company/{REALM}/companyinfo/{REALM}?minorversion=75 HTTP/1.1")
    );
}

#[tokio::test]
async fn preferences_tell_closing_date_currency_and_tracking() {
    let body = r#"{"Preferences":{"AccountingInfoPrefs":{"UseAccountNumbers":true,"TrackDepartments":true,
        "ClassTrackingPerTxn":false,"ClassTrackingPerTxnLine":true,"BookCloseDate":"2026-10-31"},
        "CurrencyPrefs":{"MultiCurrencyEnabled":true,"HomeCurrency":{"value":"CAD"}},
        "OtherPrefs":{"NameValue":[{"Name":"SignoutInactiveMinutes","Value":"60"},
        {"Name":"WarnDuplicateJournalNumber","Value":"true"}]},"Id":"1"},"time":"x"}"#;
    let server = Server::playing([json(200, body)]).await;
    let preferences = company(&server.url).preferences().await.unwrap().value;
    assert_eq!(
        preferences.book_close_date,
        NaiveDate::from_ymd_opt(2026, 10, 31)
    );
    assert_eq!(preferences.home_currency.as_deref(), Some("CAD"));
    assert!(preferences.multicurrency);
    assert!(preferences.track_departments);
    assert!(preferences.class_tracking_per_line);
    assert!(!preferences.class_tracking_per_transaction);
    assert!(preferences.warn_duplicate_journal_number);
    assert_eq!(
        server.only().line,
        format!("GET /v3/company/{REALM}/preferences?minorversion=75 HTTP/1.1")
    );
}

#[tokio::test]
async fn open_books_have_no_closing_date() {
    let body = r#"{"Preferences":{"AccountingInfoPrefs":{"TrackDepartments":false},"OtherPrefs":{"NameValue":
        [{"Name":"WarnDuplicateJournalNumber","Value":"false"}]}},"time":"x"}"#;
    let server = Server::playing([json(200, body)]).await;
    let preferences = company(&server.url).preferences().await.unwrap().value;
    assert_eq!(preferences, quickbooks::Preferences::default());
}

#[tokio::test]
async fn an_api_address_may_have_a_path_of_its_own() {
    let server = Server::playing([json(200, ENTRY)]).await;
    let base = server.url.join("/sandbox/").unwrap();
    company(&base).read_journal_entry("1").await.unwrap();
    assert!(server.only().line.starts_with("GET /sandbox/v3/company/"));
}
