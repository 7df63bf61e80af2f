//! Many entries at once: a window's, some by id, and what changed.

use chrono::{DateTime, NaiveDate};
use quickbooks::{EntryChanges, PAGE_ROWS_MAX};

use crate::server::{Server, json};
use crate::setup::{REALM, company};

const ENTRY: &str = r#"{"Id":"228","SyncToken":"1","DocNumber":"104233","TxnDate":"2026-11-21","PrivateNote":"[tp 42]",
    "Line":[{"Amount":100.10,"JournalEntryLineDetail":{"PostingType":"Debit","AccountRef":{"value":"39"}}},
            {"Amount":100.1,"JournalEntryLineDetail":{"PostingType":"Credit","AccountRef":{"value":"44"}}}]}"#;
/// Of another hand: a line that names no account.
const ODD: &str = r#"{"Id":"229","SyncToken":"0","TxnDate":"2026-11-21",
    "Line":[{"Amount":5,"JournalEntryLineDetail":{"PostingType":"Debit"}}]}"#;

fn page(rows: &str) -> String {
    format!(r#"{{"QueryResponse":{{"JournalEntry":[{rows}],"startPosition":1}},"time":"x"}}"#)
}

fn changed(rows: &str, counts: &str) -> String {
    format!(
        r#"{{"CDCResponse":[{{"QueryResponse":[{{"JournalEntry":[{rows}],"startPosition":1{counts}}}]}}],
        "time":"2026-11-21T12:45:32.183-08:00"}}"#
    )
}

#[tokio::test]
async fn a_window_is_read_a_page_at_a_time_in_order_of_id() {
    let server = Server::playing([json(200, &page(&[ENTRY, ODD].join(",")))]).await;
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    let read = company(&server.url)
        .journal_entries_dated(day("2026-11-01"), day("2026-11-21"), 1001)
        .await
        .unwrap()
        .value;
    assert_eq!(
        server.only().line,
        format!(
            "GET /v3/company/{REALM}/query?minorversion=75&query=select+*+from+JournalEntry+where+TxnDate+%3E%3D+%272026-11-01%27+and+TxnDate+%3C%3D+%272026-11-21%27+orderby+Id+startposition+1001+maxresults+1000 HTTP/1.1"
        )
    );
    assert_eq!(read[0].lines[0].amount, "100.10");
    assert_eq!(read[0].lines[1].amount, "100.10");
    // It is there, but what it posts is not guessed.
    assert_eq!((read[1].id.as_str(), read[1].lines.len()), ("229", 0));
}

#[tokio::test]
async fn all_entries_are_read_a_page_at_a_time_and_counted() {
    let counted = r#"{"QueryResponse":{"totalCount":1001},"time":"x"}"#;
    let server = Server::playing([json(200, counted), json(200, &page(ENTRY))]).await;
    let company = company(&server.url);
    assert_eq!(company.journal_entry_count().await.unwrap().value, 1001);
    let read = company.journal_entries(1001).await.unwrap().value;
    assert_eq!(read[0].document_number.as_deref(), Some("104233"));
    let lines: Vec<String> = server.heard().into_iter().map(|sent| sent.line).collect();
    assert_eq!(
        lines,
        [
            "select+count%28*%29+from+JournalEntry",
            "select+*+from+JournalEntry+orderby+Id+startposition+1001+maxresults+1000",
        ]
        .map(|statement| format!(
            "GET /v3/company/{REALM}/query?minorversion=75&query={statement} HTTP/1.1"
        ))
    );
}

#[tokio::test]
async fn a_count_without_a_number_is_no_count() {
    let server = Server::playing([json(200, r#"{"QueryResponse":{},"time":"x"}"#)]).await;
    assert!(company(&server.url).journal_entry_count().await.is_err());
}

#[tokio::test]
async fn entries_are_asked_for_by_id_and_no_ids_ask_nothing() {
    let server = Server::playing([json(200, &page(ENTRY))]).await;
    let company = company(&server.url);
    let read = company
        .journal_entries_of(&["228", "9"])
        .await
        .unwrap()
        .value;
    assert_eq!(read.len(), 1);
    assert!(
        company
            .journal_entries_of(&[])
            .await
            .unwrap()
            .value
            .is_empty()
    );
    assert_eq!(
        server.only().line,
        format!(
            "GET /v3/company/{REALM}/query?minorversion=75&query=select+*+from+JournalEntry+where+Id+in+%28%27228%27%2C+%279%27%29+maxresults+1000 HTTP/1.1"
        )
    );
}

async fn look(body: &str) -> EntryChanges {
    let server = Server::playing([json(200, body)]).await;
    let since = DateTime::from_timestamp(1_763_712_000, 0).unwrap();
    let answer = company(&server.url).journal_entry_changes(since).await;
    assert_eq!(
        server.only().line,
        format!(
            "GET /v3/company/{REALM}/cdc?minorversion=75&entities=JournalEntry&changedSince=2025-11-21T08%3A00%3A00Z HTTP/1.1"
        )
    );
    answer.unwrap().value
}

#[tokio::test]
async fn changed_entries_come_with_their_lines_and_deleted_ones_by_id() {
    let gone = r#"{"status":"Deleted","domain":"QBO","Id":"7","MetaData":{"LastUpdatedTime":"2026-11-21T12:00:00-08:00"}}"#;
    let rows = [ENTRY, ODD, gone].join(",");
    let EntryChanges::Complete {
        entries,
        deleted,
        answered_at,
    } = look(&changed(&rows, "")).await
    else {
        panic!("three rows are not too many");
    };
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[0].lines.len(), 2);
    assert_eq!(deleted, ["7"]);
    assert_eq!(answered_at.to_rfc3339(), "2026-11-21T20:45:32.183+00:00");
    let nothing =
        r#"{"CDCResponse":[{"QueryResponse":[{}]}],"time":"2026-11-21T12:45:32.183-08:00"}"#;
    assert!(
        matches!(look(nothing).await, EntryChanges::Complete { entries, .. } if entries.is_empty())
    );
}

#[tokio::test]
async fn a_full_answer_of_changes_may_have_left_something_out() {
    let rows = vec![ENTRY; PAGE_ROWS_MAX].join(",");
    assert_eq!(look(&changed(&rows, "")).await, EntryChanges::TooMany);
    let short = changed(ENTRY, r#","maxResults":1,"totalCount":2"#);
    assert_eq!(look(&short).await, EntryChanges::TooMany);
}
