//! The query language as the endpoint answers it.

use chrono::TimeDelta;
use sandbox::quickbooks::Switches;
use serde_json::{Value, json};

use crate::{Answer, Store};

fn ids(answer: &Answer, entity: &str) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.text);
    let rows = answer.body["QueryResponse"][entity]
        .as_array()
        .cloned()
        .unwrap_or_default();
    rows.iter()
        .map(|row| row["Id"].as_str().unwrap().to_owned())
        .collect()
}

async fn with_sales(numbers: &[&str]) -> Store {
    let store = Store::open().await;
    for number in numbers {
        store.create(&store.sale(number)).await.entry_id();
    }
    store
}

#[tokio::test]
async fn an_entry_is_found_by_its_number_and_by_several() {
    let store = with_sales(&["a", "b", "c"]).await;
    let one = store
        .query("select * from JournalEntry where DocNumber = 'b'")
        .await;
    assert_eq!(ids(&one, "JournalEntry"), ["2"]);
    let response = &one.body["QueryResponse"];
    assert_eq!(
        (&response["startPosition"], &response["maxResults"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(response["JournalEntry"][0]["PrivateNote"], "a note");
    let two = store
        .query("select * from JournalEntry where DocNumber IN ('c', 'a', 'nope')")
        .await;
    assert_eq!(ids(&two, "JournalEntry"), ["1", "3"]);
}

#[tokio::test]
async fn nothing_found_is_an_empty_response() {
    let store = Store::open().await;
    let answer = store
        .query("select * from JournalEntry where DocNumber = 'x'")
        .await;
    assert_eq!(answer.body["QueryResponse"], json!({}));
    assert!(answer.body["time"].is_string());
}

#[tokio::test]
async fn a_statement_may_be_posted_as_text() {
    let store = with_sales(&["a"]).await;
    let request = store
        .post("query?minorversion=75", &Value::Null)
        .header("content-type", "application/text")
        .body("SELECT * FROM journalentry WHERE DocNumber = 'a'");
    assert_eq!(
        ids(
            &Answer::of(request.send().await.unwrap()).await,
            "JournalEntry"
        ),
        ["1"]
    );
}

#[tokio::test]
async fn counting_and_paging() {
    let store = with_sales(&["a", "b", "c", "d", "e"]).await;
    let count = store.query("select count(*) from JournalEntry").await;
    assert_eq!(count.body["QueryResponse"], json!({ "totalCount": 5 }));
    let page = store
        .query("select * from JournalEntry startposition 2 maxresults 2")
        .await;
    assert_eq!(ids(&page, "JournalEntry"), ["2", "3"]);
    assert_eq!(page.body["QueryResponse"]["startPosition"], 2);
    let turned = store
        .query("select * from JournalEntry maxresults 2 startposition 5")
        .await;
    assert_eq!(ids(&turned, "JournalEntry"), ["5"]);
    assert_eq!(
        store
            .query("select * from JournalEntry startposition 6")
            .await
            .body["QueryResponse"],
        json!({})
    );
    let zero = store
        .query("select * from JournalEntry STARTPOSITION 0")
        .await;
    assert_eq!(zero.codes(), ["4001"]);
    assert_eq!(
        zero.detail(),
        "QueryValidationError: value 0 is too small. Min allowed value is 1"
    );
    store.control().set_switches(Switches {
        start_position_zero: true,
        ..Switches::default()
    });
    assert_eq!(
        ids(
            &store
                .query("select * from JournalEntry STARTPOSITION 0")
                .await,
            "JournalEntry"
        )
        .len(),
        5
    );
}

#[tokio::test]
async fn a_page_has_a_hundred_rows_and_at_most_a_thousand() {
    let numbers: Vec<String> = (0..101).map(|number| number.to_string()).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let store = with_sales(&numbers).await;
    assert_eq!(
        ids(
            &store.query("select * from JournalEntry").await,
            "JournalEntry"
        )
        .len(),
        100
    );
    assert_eq!(
        ids(
            &store
                .query("select * from JournalEntry maxresults 5000")
                .await,
            "JournalEntry"
        )
        .len(),
        101
    );
}

#[tokio::test]
async fn dates_times_and_orders() {
    let store = Store::open().await;
    for (number, date) in [
        ("a", "2026-11-03"),
        ("b", "2026-11-01"),
        ("c", "2026-11-02"),
    ] {
        let mut sale = store.sale(number);
        sale["TxnDate"] = json!(date);
        store.create(&sale).await.entry_id();
        store.control().advance_clock(TimeDelta::minutes(10));
    }
    let statement = "select * from JournalEntry where TxnDate > '2026-11-01' and TxnDate <= '2026-11-03' order by TxnDate";
    assert_eq!(
        ids(&store.query(statement).await, "JournalEntry"),
        ["3", "1"]
    );
    let latest = store
        .query("select Id, DocNumber from JournalEntry ORDERBY MetaData.CreateTime DESC")
        .await;
    assert_eq!(ids(&latest, "JournalEntry"), ["3", "2", "1"]);
    let since = store.control().now() - TimeDelta::minutes(15);
    let statement = format!(
        "select * from JournalEntry where MetaData.CreateTime >= '{}'",
        since.format("%Y-%m-%dT%H:%M:%SZ")
    );
    assert_eq!(ids(&store.query(&statement).await, "JournalEntry"), ["3"]);
}

#[tokio::test]
async fn a_quote_is_escaped_with_a_backslash() {
    let store = with_sales(&["O'Hara"]).await;
    let found = store
        .query(r"select * from JournalEntry where DocNumber = 'O\'Hara'")
        .await;
    assert_eq!(ids(&found, "JournalEntry"), ["1"]);
    let like = store
        .query("select * from JournalEntry where DocNumber like 'O%'")
        .await;
    assert_eq!(ids(&like, "JournalEntry"), ["1"]);
}

#[tokio::test]
async fn lists_show_active_names_unless_asked() {
    let store = Store::open().await;
    store
        .control()
        .set_account_active(store.realm(), store.account("4000"), false)
        .unwrap();
    assert_eq!(
        ids(&store.query("select * from Account").await, "Account").len(),
        4
    );
    let all = store
        .query("select * from Account where Active in (true, false)")
        .await;
    assert_eq!(ids(&all, "Account").len(), 5);
    let inactive = store
        .query("select * from account where Active = false")
        .await;
    assert_eq!(
        inactive.body["QueryResponse"]["Account"][0]["Name"],
        "Sales (deleted)"
    );
    assert_eq!(
        ids(
            &store
                .query("select * from Account where AccountType = 'Bank'")
                .await,
            "Account"
        )
        .len(),
        1
    );
}

#[tokio::test]
async fn locations_classes_and_the_company_can_be_asked_for() {
    let store = Store::open().await;
    let departments = store.query("select * from Department").await;
    assert_eq!(
        departments.body["QueryResponse"]["Department"][0]["Name"],
        "Boston"
    );
    let classes = store
        .query("select * from Class where Name = 'Retail'")
        .await;
    assert_eq!(
        classes.body["QueryResponse"]["Class"][0]["Id"]
            .as_str()
            .unwrap()
            .len(),
        19
    );
    let company = store.query("select * from CompanyInfo").await;
    assert_eq!(
        company.body["QueryResponse"]["CompanyInfo"][0]["CompanyName"],
        "Corner Store"
    );
}

#[tokio::test]
async fn what_does_not_parse_is_4000_and_what_is_not_there_4001() {
    let store = Store::open().await;
    for (statement, code, detail) in [
        (
            "select * from JournalEntry where DocNumber",
            "4000",
            "QueryParserError: Encountered \"<EOF>\" at line 1, column 43.",
        ),
        (
            "select * from JournalEntry wher DocNumber = 'x'",
            "4000",
            "QueryParserError: Encountered \" <IDENTIFIER> \"wher \"\" at line 1, column 28.",
        ),
        (
            "select * from Custmoer",
            "4001",
            "QueryValidationError: invalid context declaration: Custmoer",
        ),
        (
            "select * from JournalEntry where NoSuchField = 'x'",
            "4001",
            "QueryValidationError: Property NoSuchField not found for Entity JournalEntry",
        ),
        (
            "select * from JournalEntry where PrivateNote = 'x'",
            "4001",
            "QueryValidationError: property 'PrivateNote' is not queryable",
        ),
    ] {
        let answer = store.query(statement).await;
        assert_eq!(
            (answer.status, answer.codes()),
            (400, vec![code]),
            "{statement}"
        );
        assert_eq!(answer.detail(), detail);
    }
}

#[tokio::test]
async fn by_switch_a_new_entry_is_not_found_at_once() {
    let store = Store::open().await;
    store.control().set_switches(Switches {
        query_lag_seconds: 30,
        ..Switches::default()
    });
    store.create(&store.sale("a")).await.entry_id();
    let statement = "select * from JournalEntry where DocNumber = 'a'";
    assert_eq!(
        store.query(statement).await.body["QueryResponse"],
        json!({})
    );
    store.control().advance_clock(TimeDelta::seconds(31));
    assert_eq!(ids(&store.query(statement).await, "JournalEntry"), ["1"]);
}
