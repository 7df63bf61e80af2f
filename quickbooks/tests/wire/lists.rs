//! The company's lists: pages, changes, and a new account.

use chrono::DateTime;
use quickbooks::{Cause, Certainty, Changed, Changes, Dimension, List, NewAccount};

use crate::server::{Server, json};
use crate::setup::{REALM, company};

#[tokio::test]
async fn a_page_of_accounts_holds_active_and_inactive_ones() {
    let body = r#"{"QueryResponse":{"Account":[
        {"Name":"MyJobs","SubAccount":false,"FullyQualifiedName":"MyJobs","Active":true,"Classification":"Asset",
         "AccountType":"Accounts Receivable","AccountSubType":"AccountsReceivable","AcctNum":"1200","CurrentBalance":0,
         "CurrencyRef":{"value":"USD","name":"United States Dollar"},"domain":"QBO","sparse":false,"Id":"94","SyncToken":"0"},
        {"Name":"Old (deleted)","SubAccount":true,"FullyQualifiedName":"MyJobs:Old (deleted)","Active":false,
         "ParentRef":{"value":"94"},"AccountType":"New Type","Id":"95","SyncToken":"3"}],
        "startPosition":1001,"maxResults":2},"time":"2026-11-21T12:45:32.183-08:00"}"#;
    let server = Server::playing([json(200, body)]).await;
    let accounts = company(&server.url).accounts(1001).await.unwrap().value;
    assert_eq!(accounts.len(), 2);
    assert_eq!(accounts[0].id, "94");
    assert_eq!(accounts[0].number.as_deref(), Some("1200"));
    assert_eq!(
        accounts[0].account_sub_type.as_deref(),
        Some("AccountsReceivable")
    );
    assert!(accounts[0].active);
    assert!(!accounts[1].active);
    assert_eq!(accounts[1].fully_qualified_name, "MyJobs:Old (deleted)");
    assert_eq!(accounts[1].parent_id.as_deref(), Some("94"));
    assert_eq!(accounts[1].account_type.as_deref(), Some("New Type"));
    assert_eq!(
        server.only().line,
        format!(
            "GET /v3/company/{REALM}/query?minorversion=75&query=select+*+from+Account+where+Active+in+%28true%2C+false%29+orderby+Id+startposition+1001+maxresults+1000 HTTP/1.1"
        )
    );
}

#[tokio::test]
async fn a_page_without_accounts_is_empty() {
    let server = Server::playing([json(200, r#"{"QueryResponse":{},"time":"x"}"#)]).await;
    assert!(
        company(&server.url)
            .accounts(1)
            .await
            .unwrap()
            .value
            .is_empty()
    );
}

/// Recorded by FYSDK (`mock_qbo.json`), without the members that are not read.
const DEPARTMENTS: &str = r#"{"QueryResponse":{"Department":[
    {"Name":"Bangalore","SubDepartment":false,"FullyQualifiedName":"Bangalore","Active":true,"domain":"QBO",
     "sparse":false,"Id":"1","SyncToken":"0"},
    {"Name":"East (deleted)","SubDepartment":true,"ParentRef":{"value":"1"},"FullyQualifiedName":"Bangalore:East (deleted)",
     "Active":false,"Id":"2","SyncToken":"4"}],"startPosition":1,"maxResults":2},"time":"x"}"#;

#[tokio::test]
async fn locations_and_classes_are_read_like_accounts() {
    let classes = DEPARTMENTS.replace("Department", "Class");
    let server = Server::playing([json(200, DEPARTMENTS), json(200, &classes)]).await;
    let company = company(&server.url);
    let departments = company.departments(1).await.unwrap().value;
    assert_eq!(departments.len(), 2);
    assert_eq!(
        departments[1],
        Dimension {
            id: "2".to_owned(),
            name: "East (deleted)".to_owned(),
            fully_qualified_name: "Bangalore:East (deleted)".to_owned(),
            active: false,
            parent_id: Some("1".to_owned()),
            sync_token: Some("4".to_owned()),
        }
    );
    assert_eq!(company.classes(1001).await.unwrap().value, departments);
    let lines: Vec<String> = server.heard().into_iter().map(|one| one.line).collect();
    let statement = |entity, start| {
        format!(
            "GET /v3/company/{REALM}/query?minorversion=75&query=select+*+from+{entity}+where+Active+in+%28true%2C+false%29+orderby+Id+startposition+{start}+maxresults+1000 HTTP/1.1"
        )
    };
    assert_eq!(
        lines,
        [statement("Department", 1), statement("Class", 1001)]
    );
}

/// DOC-CDC's shape: a list in an object of its own, an empty one where nothing changed, deleted last.
fn changes(rows: &str) -> String {
    format!(
        r#"{{"CDCResponse":[{{"QueryResponse":[{{"Account":[{rows}],"startPosition":1,"maxResults":2}},{{}},
        {{"Class":[{{"Name":"Retail","FullyQualifiedName":"Retail","Active":true,"Id":"5000000000000085682"}}],
         "startPosition":1,"maxResults":1,"totalCount":1}}]}}],"time":"2026-11-21T12:45:32.183-08:00"}}"#
    )
}

const LISTS: [List; 3] = [List::Accounts, List::Departments, List::Classes];

async fn look(body: &str) -> (Changes, String) {
    let server = Server::playing([json(200, body)]).await;
    let since = DateTime::from_timestamp(1_763_712_000, 0).unwrap();
    let answer = company(&server.url).changes(&LISTS, since).await.unwrap();
    (answer.value, server.only().line)
}

#[tokio::test]
async fn changes_tell_what_is_new_what_is_gone_and_when_they_were_told() {
    let rows = r#"{"Name":"Sales","Active":true,"AccountType":"Income","Id":"4","SyncToken":"1"},
        {"status":"Deleted","domain":"QBO","Id":"7","MetaData":{"LastUpdatedTime":"2026-11-21T12:00:00-08:00"}}"#;
    let (told, line) = look(&changes(rows)).await;
    assert_eq!(
        line,
        format!(
            "GET /v3/company/{REALM}/cdc?minorversion=75&entities=Account%2CDepartment%2CClass&changedSince=2025-11-21T08%3A00%3A00Z HTTP/1.1"
        )
    );
    let Changes::Complete(Changed {
        accounts,
        departments,
        classes,
        deleted,
        answered_at,
    }) = told
    else {
        panic!("{told:?}");
    };
    assert_eq!((accounts.len(), accounts[0].id.as_str()), (1, "4"));
    assert!(departments.is_empty());
    assert_eq!(classes[0].id, "5000000000000085682");
    assert_eq!(deleted, [(List::Accounts, "7".to_owned())]);
    assert_eq!(answered_at.to_rfc3339(), "2026-11-21T20:45:32.183+00:00");
}

#[tokio::test]
async fn a_full_answer_may_have_left_something_out() {
    let row = r#"{"Name":"Sales","Id":"4"}"#;
    let full = changes(&vec![row; 999].join(","));
    assert_eq!(look(&full).await.0, Changes::TooMany);
    let almost = changes(&vec![row; 998].join(","));
    assert!(matches!(look(&almost).await.0, Changes::Complete(_)));
    let short = changes(row).replace(r#""totalCount":1"#, r#""totalCount":2"#);
    assert_eq!(look(&short).await.0, Changes::TooMany);
}

#[tokio::test]
async fn an_answer_without_its_time_or_lists_is_unreadable() {
    for body in [
        r#"{"CDCResponse":[{"QueryResponse":[{}]}]}"#,
        r#"{"CDCResponse":[{"QueryResponse":[{}]}],"time":"x"}"#,
        r#"{"CDCResponse":[{}],"time":"2026-11-21T12:45:32.183-08:00"}"#,
    ] {
        let server = Server::playing([json(200, body)]).await;
        let since = DateTime::from_timestamp(0, 0).unwrap();
        let failure = company(&server.url).changes(&LISTS, since).await;
        assert_eq!(failure.unwrap_err().cause, Cause::Unknown, "{body}");
    }
}

const OPENED: &str = r#"{"Account":{"Name":"Gift Cards","SubAccount":true,"ParentRef":{"value":"31"},
    "FullyQualifiedName":"Liabilities:Gift Cards","Active":true,"Classification":"Liability",
    "AccountType":"Other Current Liability","AccountSubType":"OtherCurrentLiabilities","AcctNum":"2200",
    "CurrentBalance":0,"CurrencyRef":{"value":"USD","name":"United States Dollar"},"domain":"QBO","sparse":false,
    "Id":"95","SyncToken":"0"},"time":"2026-11-21T12:45:32.183-08:00"}"#;

fn gift_cards() -> NewAccount {
    NewAccount {
        name: "Gift Cards".to_owned(),
        number: Some("2200".to_owned()),
        account_type: "Other Current Liability".to_owned(),
        account_sub_type: None,
        parent_id: Some("31".to_owned()),
    }
}

#[tokio::test]
async fn opening_an_account_sends_one_post_and_gives_the_account() {
    let server = Server::playing([json(200, OPENED)]).await;
    let answer = company(&server.url)
        .create_account("rq7d2k", &gift_cards())
        .await
        .unwrap();
    assert_eq!(answer.value.id, "95");
    assert_eq!(answer.value.fully_qualified_name, "Liabilities:Gift Cards");
    let heard = server.only();
    assert_eq!(
        heard.line,
        format!("POST /v3/company/{REALM}/account?minorversion=75&requestid=rq7d2k HTTP/1.1")
    );
    assert_eq!(heard.header("content-type"), Some("application/json"));
    assert_eq!(
        heard.body,
        r#"{"Name":"Gift Cards","AcctNum":"2200","AccountType":"Other Current Liability","SubAccount":true,"ParentRef":{"value":"31"}}"#
    );
}

#[tokio::test]
async fn a_refused_account_says_how_sure_one_may_be() {
    // VCR: duplicate name.
    let taken = r#"{"Fault":{"Error":[{"Message":"Duplicate Name Exists Error","Detail":"The name supplied already exists. : null","code":"6240","element":""}],"type":"ValidationFault"},"time":"x"}"#;
    let beside = OPENED.replacen(
        '{',
        r#"{"Fault":{"Error":[{"Message":"m","code":"6240"}]},"#,
        1,
    );
    for (status, body, cause, certainty) in [
        (400, taken, Cause::NameTaken, Certainty::Definite),
        (200, beside.as_str(), Cause::Unknown, Certainty::Unknown),
        (200, r#"{"Account":{}}"#, Cause::Unknown, Certainty::Unknown),
        (503, "<html>", Cause::Unknown, Certainty::Unknown),
    ] {
        let server = Server::playing([json(status, body)]).await;
        let failure = company(&server.url)
            .create_account("rq7d2k", &gift_cards())
            .await
            .unwrap_err();
        assert_eq!(failure.certainty(), certainty, "{body}");
        assert_eq!(failure.cause, cause, "{body}");
    }
}
