//! The four envelopes in which faults come, with recorded bodies.

use std::time::Duration;

use quickbooks::{Cause, Certainty, Failure, THROTTLE_WAIT};

use crate::server::{Reply, Server, TID, answer, answer_with, json};
use crate::setup::company;

pub async fn failure_of(reply: Reply) -> Failure {
    let server = Server::playing([reply]).await;
    let failure = company(&server.url)
        .create_journal_entry("rq", b"{}".to_vec())
        .await
        .unwrap_err();
    assert_eq!(server.heard().len(), 1, "a failure is not tried again");
    failure
}

/// VCR `error/401.yml`.
const GATEWAY_401: &str = r#"{"warnings":null,"intuitObject":null,"fault":{"error":[{"message":"message=AuthenticationFailed; errorCode=003200; statusCode=401","detail":"Token expired: AB01601394672830","code":"3200","element":null}],"type":"AUTHENTICATION"},"report":null,"queryResponse":null,"batchItemResponse":[],"attachableResponse":[],"syncErrorResponse":null,"requestId":null,"time":1601391072830,"status":null,"cdcresponse":[]}"#;

#[tokio::test]
async fn gateway_json_is_lower_case_with_a_number_for_time() {
    let failure = failure_of(json(401, GATEWAY_401)).await;
    assert_eq!(failure.cause, Cause::Unauthorised);
    assert_eq!(failure.certainty(), Certainty::Unauthorised);
    assert_eq!(failure.http_status, Some(401));
    assert_eq!(failure.intuit_tid.as_deref(), Some(TID));
    assert_eq!(failure.faults[0].code, "3200");
}

#[tokio::test]
async fn a_token_that_the_gateway_quotes_is_taken_out() {
    let failure = failure_of(json(401, GATEWAY_401)).await;
    let detail = failure.faults[0].detail.as_deref();
    assert_eq!(detail, Some("Token expired: [redacted]"));
}

#[tokio::test]
async fn gateway_json_without_a_detail_is_read() {
    let body = r#"{"fault":{"error":[{"message":"message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403","detail":null,"code":"3100","element":null}],"type":"SERVICE"}}"#;
    let failure = failure_of(json(403, body)).await;
    assert_eq!(failure.cause, Cause::Forbidden);
    assert_eq!(failure.faults[0].detail, None);
}

#[tokio::test]
async fn a_padded_code_in_the_message_stands_in_for_a_missing_one() {
    let body = r#"{"fault":{"error":[{"message":"message=ThrottleExceeded; errorCode=003001; statusCode=429"}],"type":"SERVICE"}}"#;
    let failure = failure_of(json(403, body)).await;
    assert_eq!(failure.faults[0].code, "3001");
    assert_eq!(failure.cause, Cause::Throttled);
}

#[tokio::test]
async fn service_json_is_read_with_or_without_element_and_time() {
    let body = r#"{"Fault":{"Error":[{"Message":"Duplicate Name Exists Error","Detail":"The name supplied already exists. : null","code":"6240","element":""}],"type":"ValidationFault"},"time":"2020-09-29T07:51:12.830-07:00"}"#;
    let failure = failure_of(json(400, body)).await;
    assert_eq!(failure.cause, Cause::NameTaken);
    assert_eq!(failure.faults[0].message, "Duplicate Name Exists Error");
    assert_eq!(failure.faults[0].element, None);
    let body = r#"{"Fault":{"Error":[{"Message":"m","Detail":"Required parameter AccountRef is missing in the request","code":"2020","element":"AccountRef"}],"type":"ValidationFault"}}"#;
    let failure = failure_of(json(400, body)).await;
    assert_eq!(failure.faults[0].element.as_deref(), Some("AccountRef"));
}

#[tokio::test]
async fn a_fault_inside_a_200_is_a_failure() {
    let body = r#"{"Fault":{"Error":[{"Message":"Account Period Closed Error","code":"6200"}],"type":"ValidationFault"},"time":"x"}"#;
    let failure = failure_of(json(200, body)).await;
    assert_eq!(failure.cause, Cause::PeriodClosed);
    assert_eq!(failure.http_status, Some(200));
}

#[tokio::test]
async fn a_fault_beside_an_entry_leaves_both_in_doubt() {
    let body = r#"{"JournalEntry":{"Id":"1"},"Fault":{"Error":[{"Message":"m","code":"6200"}]}}"#;
    let failure = failure_of(json(200, body)).await;
    assert_eq!(failure.cause, Cause::Unknown);
}

/// RUBY `spec/fixtures/too_many_requests_error.xml`.
const XML_429: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<IntuitResponse xmlns="http://schema.intuit.com/finance/v3" time="2017-01-12T09:37:42.283-08:00"><Fault type="SERVICE"><Error code="3001"><Message>message=ThrottleExceeded; errorCode=003001; statusCode=429</Message><Detail>The request limit was reached.  Try again later</Detail></Error></Fault></IntuitResponse>"#;

#[tokio::test]
async fn xml_is_read_and_throttling_waits_a_minute() {
    let failure = failure_of(answer(429, "application/xml", XML_429)).await;
    assert_eq!(failure.cause, Cause::Throttled);
    assert_eq!(failure.retry_after, Some(THROTTLE_WAIT));
    let detail = failure.faults[0].detail.as_deref();
    assert_eq!(
        detail,
        Some("The request limit was reached.  Try again later")
    );
}

#[tokio::test]
async fn xml_may_lack_the_detail_and_carry_an_element() {
    let body = r#"<IntuitResponse xmlns="http://schema.intuit.com/finance/v3"><Fault type="ValidationFault"><Error code="2020" element="AccountRef"><Message>Required &amp; missing</Message></Error></Fault></IntuitResponse>"#;
    let failure = failure_of(answer(400, "text/xml", body)).await;
    assert_eq!(failure.faults[0].message, "Required & missing");
    assert_eq!(failure.faults[0].detail, None);
    assert_eq!(failure.faults[0].element.as_deref(), Some("AccountRef"));
}

#[tokio::test]
async fn an_asked_for_wait_is_honoured() {
    let failure = failure_of(answer_with(429, &[("Retry-After", "17")], "")).await;
    assert_eq!(failure.cause, Cause::Throttled);
    assert_eq!(failure.retry_after, Some(Duration::from_secs(17)));
}

#[tokio::test]
async fn pages_of_load_balancers_and_empty_answers_are_unknown() {
    let html = "<html><head><title>503 Service Temporarily Unavailable</title></head><body><center>nginx<br></body></html>";
    for status in [500, 502, 503, 504] {
        for body in [html, ""] {
            let failure = failure_of(answer(status, "text/html", body)).await;
            assert_eq!(failure.cause, Cause::Unknown, "{status}");
            assert_eq!(failure.http_status, Some(status));
            assert_eq!(failure.intuit_tid.as_deref(), Some(TID));
        }
    }
}

#[tokio::test]
async fn a_status_without_a_fault_means_what_the_table_says_or_is_unknown() {
    for (status, cause) in [
        (400, Cause::Unknown),
        (401, Cause::Unauthorised),
        (403, Cause::Unknown),
        (404, Cause::Invalid),
        (408, Cause::Unknown),
        (409, Cause::Unknown),
        (413, Cause::Invalid),
        (429, Cause::Throttled),
        (418, Cause::Unknown),
    ] {
        assert_eq!(failure_of(json(status, "")).await.cause, cause, "{status}");
    }
}

#[tokio::test]
async fn a_success_that_cannot_be_read_is_unknown() {
    for body in [
        "",
        "ok",
        "{",
        "{}",
        "[]",
        r#"{"time":"x"}"#,
        r#"{"JournalEntry":{"Id":"1"}}"#,
        r#"{"JournalEntry":{"Id":"1","SyncToken":"0","TxnDate":"2026-11-21","Line":[{"Amount":"ten","JournalEntryLineDetail":{"PostingType":"Debit","AccountRef":{"value":"1"}}}]}}"#,
        "<html>all is well</html>",
    ] {
        let failure = failure_of(json(200, body)).await;
        assert_eq!(failure.cause, Cause::Unknown, "{body}");
        assert_eq!(failure.http_status, Some(200));
        assert!(failure.reason.is_some());
    }
}

#[tokio::test]
async fn a_fault_without_errors_is_unknown() {
    for body in [
        r#"{"Fault":{}}"#,
        r#"{"Fault":{"Error":[]}}"#,
        r#"{"fault":{"error":null}}"#,
    ] {
        assert_eq!(
            failure_of(json(400, body)).await.cause,
            Cause::Unknown,
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_failure_prints_codes_and_tid_but_none_of_the_words() {
    let body = r#"{"Fault":{"Error":[{"Message":"Mrs Smith","Detail":"owes 5","code":"6200"},{"Message":"x","code":"2050"}]}}"#;
    let failure = failure_of(json(400, body)).await;
    assert_eq!(
        failure.to_string(),
        format!("the accounting period is closed (HTTP 400, fault 6200, 2050, intuit_tid {TID})")
    );
    let debug = format!("{failure:?}");
    assert!(debug.contains("6200") && !debug.contains("Smith") && !debug.contains("owes"));
}
