//! Batches: one request for many entries, and what its answer says of each of them.

use std::time::Duration;

use quickbooks::{
    Answer, BatchItem, Cause, Certainty, Failure, PostedEntry, Reference, THROTTLE_WAIT,
};

use crate::server::{Reply, Server, TID, answer, answer_with, json};
use crate::setup::{REALM, company};

type Items = Vec<Result<Answer<PostedEntry>, Failure>>;

const ITEMS: [BatchItem<'static>; 3] = [
    BatchItem {
        id: "1",
        body: br#"{"DocNumber":"104233", "Line":[{"Amount":100.00}]}"#,
    },
    BatchItem {
        id: "2",
        body: br#"{"DocNumber":"104234"}"#,
    },
    BatchItem {
        id: "3",
        body: br#"{"DocNumber":"104235"}"#,
    },
];

/// An entry's member, as FIN recorded them of batches.
fn entry(item: &str, id: &str) -> String {
    format!(
        r#"{{"JournalEntry":{{"Adjustment":false,"domain":"QBO","sparse":false,"Id":"{id}","SyncToken":"0","TxnDate":"2026-11-21",
        "Line":[{{"Id":"0","Amount":100.00,"DetailType":"JournalEntryLineDetail","JournalEntryLineDetail":
        {{"PostingType":"Debit","AccountRef":{{"value":"39"}}}}}}],"TxnTaxDetail":{{}}}},"bId":"{item}"}}"#
    )
}

/// A fault's member: in a batch `element` is never left out.
fn fault(item: &str, code: &str, detail: &str) -> String {
    format!(
        r#"{{"Fault":{{"Error":[{{"Message":"Words","Detail":"{detail}","code":"{code}","element":""}}],"type":"ValidationFault"}},"bId":"{item}"}}"#
    )
}

fn members(members: &[String]) -> Reply {
    let members = members.join(",");
    json(
        200,
        &format!(r#"{{"BatchItemResponse":[{members}],"time":"2026-11-21T12:45:32.183-08:00"}}"#),
    )
}

async fn sent(reply: Reply) -> Result<Items, Failure> {
    let server = Server::playing([reply]).await;
    let answer = company(&server.url)
        .create_journal_entries("tpbatch", &ITEMS)
        .await;
    assert_eq!(server.heard().len(), 1, "a batch is not sent again");
    answer
}

fn cause(answer: &Result<Answer<PostedEntry>, Failure>) -> Cause {
    answer.as_ref().unwrap_err().cause.clone()
}

#[tokio::test]
async fn a_batch_is_one_post_of_the_sealed_bytes_of_its_items() {
    let all = [entry("1", "228"), entry("2", "229"), entry("3", "230")];
    let server = Server::playing([members(&all)]).await;
    let answers = company(&server.url)
        .create_journal_entries("tpbatch", &ITEMS)
        .await
        .unwrap();
    let heard = server.only();
    assert_eq!(
        heard.line,
        format!("POST /v3/company/{REALM}/batch?minorversion=75&requestid=tpbatch HTTP/1.1")
    );
    assert_eq!(heard.header("content-type"), Some("application/json"));
    let item = |index: usize| {
        format!(
            r#"{{"bId":"{}","operation":"create","JournalEntry":{}}}"#,
            ITEMS[index].id,
            String::from_utf8_lossy(ITEMS[index].body)
        )
    };
    let items = [item(0), item(1), item(2)].join(",");
    assert_eq!(heard.body, format!(r#"{{"BatchItemRequest":[{items}]}}"#));
    let ids: Vec<&str> = answers
        .iter()
        .map(|answer| answer.as_ref().unwrap().value.id.as_str())
        .collect();
    assert_eq!(ids, ["228", "229", "230"]);
    assert_eq!(
        answers[2].as_ref().unwrap().intuit_tid.as_deref(),
        Some(TID)
    );
}

#[tokio::test]
async fn the_answers_come_in_any_order_and_each_concerns_its_item_alone() {
    let answers = sent(members(&[
        fault(
            "3",
            "2500",
            "Invalid Reference Id : Accounts element id 7 not found",
        ),
        entry("1", "228"),
        fault("2", "6000", "Please wait a few minutes and try again."),
    ]))
    .await
    .unwrap();
    assert_eq!(answers[0].as_ref().unwrap().value.id, "228");
    assert_eq!(cause(&answers[1]), Cause::Unknown);
    assert_eq!(
        cause(&answers[2]),
        Cause::ReferenceMissing {
            kind: Reference::Account,
            id: Some("7".to_owned())
        }
    );
    let refused = answers[2].as_ref().unwrap_err();
    assert_eq!(refused.intuit_tid.as_deref(), Some(TID));
    assert_eq!(refused.faults[0].element, None, "an empty element is none");
}

#[tokio::test]
async fn an_item_that_the_answer_does_not_name_is_unknown_alone() {
    let answers = sent(members(&[entry("1", "228"), entry("3", "230")]))
        .await
        .unwrap();
    assert!(answers[0].is_ok() && answers[2].is_ok());
    let missing = answers[1].as_ref().unwrap_err();
    assert_eq!(missing.certainty(), Certainty::Unknown);
    assert_eq!(
        missing.reason.as_deref(),
        Some("the answer does not name this item")
    );
}

#[tokio::test]
async fn what_cannot_be_read_of_an_item_is_unknown_alone() {
    let both = entry("2", "229").replacen(
        r#""bId""#,
        r#""Fault":{"Error":[{"code":"2300"}]},"bId""#,
        1,
    );
    for member in [
        r#"{"bId":"2"}"#.to_owned(),
        r#"{"JournalEntry":{"Id":7},"bId":"2"}"#.to_owned(),
        r#"{"JournalEntry":null,"Fault":null,"bId":"2"}"#.to_owned(),
        r#"{"Fault":{"Error":[],"type":"x"},"bId":"2"}"#.to_owned(),
        entry("2", "229").replace("100.00", "\"x\""),
        fault("2", "987654", "nobody knows this code"),
        format!("{},{}", entry("2", "229"), entry("2", "231")),
        format!("{},{}", fault("2", "2300", ""), entry("2", "231")),
        entry("4", "229"),
        r#"{"JournalEntry":{}}"#.to_owned(),
        "7".to_owned(),
        both,
    ] {
        let answers = sent(members(&[
            entry("1", "228"),
            member.clone(),
            entry("3", "230"),
        ]))
        .await
        .unwrap();
        assert_eq!(cause(&answers[1]), Cause::Unknown, "{member}");
        assert!(answers[0].is_ok() && answers[2].is_ok(), "{member}");
    }
}

#[tokio::test]
async fn an_item_may_be_throttled_or_unauthorised_by_itself() {
    let answers = sent(members(&[
        fault("1", "3001", "The request limit was reached."),
        fault("2", "3200", "Token expired: eyJabc"),
        entry("3", "230"),
    ]))
    .await
    .unwrap();
    assert_eq!(cause(&answers[0]), Cause::Throttled);
    let throttled = answers[0].as_ref().unwrap_err();
    assert_eq!(throttled.retry_after, Some(THROTTLE_WAIT));
    assert_eq!(cause(&answers[1]), Cause::Unauthorised);
    let unauthorised = answers[1].as_ref().unwrap_err();
    assert!(!format!("{:?}", unauthorised.faults[0].detail).contains("eyJabc"));
}

#[tokio::test]
async fn a_batch_that_fails_as_a_whole_fails_as_a_single_request_does() {
    let gateway = |code: &str| {
        format!(
            r#"{{"fault":{{"error":[{{"message":"m","detail":"d","code":"{code}","element":null}}],"type":"SERVICE"}},"batchItemResponse":[],"time":1}}"#
        )
    };
    for (reply, expected) in [
        (json(401, &gateway("3200")), Cause::Unauthorised),
        (json(403, &gateway("3100")), Cause::Forbidden),
        (json(429, &gateway("3001")), Cause::Throttled),
        (json(503, ""), Cause::Unknown),
        (
            answer(502, "text/html", "<html>Bad Gateway</html>"),
            Cause::Unknown,
        ),
        (
            json(200, r#"{"BatchItemResponse":[{"JournalEn"#),
            Cause::Unknown,
        ),
        (json(200, r#"{"time":"x"}"#), Cause::Unknown),
        (
            json(
                400,
                r#"{"Fault":{"Error":[{"Message":"m","Detail":"d","code":"1040"}],"type":"ValidationFault"},"time":"x"}"#,
            ),
            Cause::Invalid,
        ),
        (Reply::Drop, Cause::Unknown),
    ] {
        let failure = sent(reply).await.unwrap_err();
        assert_eq!(failure.cause, expected, "{failure}");
    }
    let wait = [("Retry-After", "7")];
    let failure = sent(answer_with(429, &wait, "")).await.unwrap_err();
    assert_eq!(failure.retry_after, Some(Duration::from_secs(7)));
}

#[tokio::test]
async fn a_fault_beside_items_leaves_the_whole_batch_unknown() {
    let body = format!(
        r#"{{"Fault":{{"Error":[{{"Message":"m","code":"2300"}}]}},"BatchItemResponse":[{}]}}"#,
        entry("1", "228")
    );
    assert_eq!(
        sent(json(400, &body)).await.unwrap_err().cause,
        Cause::Unknown
    );
}

#[tokio::test]
async fn a_batch_that_cannot_be_written_is_not_sent() {
    let server = Server::playing([]).await;
    let company = company(&server.url);
    let broken = [BatchItem {
        id: "1",
        body: b"{\"Line\":",
    }];
    let failure = company
        .create_journal_entries("tpbatch", &broken)
        .await
        .unwrap_err();
    assert_eq!(failure.cause, Cause::NotSent);
    let nothing = company
        .create_journal_entries("tpbatch", &[])
        .await
        .unwrap();
    assert!(nothing.is_empty() && server.heard().is_empty());
}
