//! Change data capture, what a subscription lacks, and changes from inside QuickBooks.

use chrono::{DateTime, TimeDelta, Utc};
use sandbox::quickbooks::{NameKind, Offering};
use serde_json::{Value, json};

use crate::{Answer, Store, account, detail};

async fn look(store: &Store, entities: &str, since: DateTime<Utc>) -> Answer {
    let since = since.to_rfc3339();
    let query = [
        ("entities", entities),
        ("changedSince", &since),
        ("minorversion", "75"),
    ];
    Answer::of(store.get("cdc").query(&query).send().await.unwrap()).await
}

fn lists(answer: &Answer) -> &[Value] {
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.body["CDCResponse"][0]["QueryResponse"]
        .as_array()
        .unwrap()
}

#[tokio::test]
async fn a_look_tells_what_changed_since_with_the_deleted_last_and_is_metered_once() {
    let store = Store::open().await;
    let (control, realm) = (store.control(), store.realm());
    control.advance_clock(TimeDelta::minutes(5));
    let since = control.now();
    let before = control.company_counters(realm).unwrap().core_plus;

    let quiet = look(&store, "Account,Department,Class", since).await;
    assert_eq!(lists(&quiet), [json!({}), json!({}), json!({})]);
    assert!(quiet.body["time"].is_string());

    control.advance_clock(TimeDelta::minutes(1));
    control
        .rename_account(realm, store.account("4000"), "Income")
        .unwrap();
    control
        .remove_account(realm, store.account("2000"))
        .unwrap();
    control
        .set_account_active(realm, store.account("1010"), false)
        .unwrap();
    let boston = store
        .company
        .name_id(NameKind::Department, "Boston")
        .unwrap();
    control
        .set_name_active(realm, NameKind::Department, boston, false)
        .unwrap();
    let told = look(&store, "Account, Department,Class", since).await;
    let [accounts, departments, classes] = lists(&told) else {
        panic!("{}", told.text);
    };
    let rows = accounts["Account"].as_array().unwrap();
    let names: Vec<&Value> = rows.iter().map(|row| &row["Name"]).collect();
    assert_eq!(
        names,
        [
            &json!("Income"),
            &json!("Cash in Drawer (deleted)"),
            &Value::Null
        ],
        "the earliest change first, the deleted last"
    );
    assert_eq!(rows[2]["status"], "Deleted");
    assert_eq!(rows[2]["Id"], store.account("2000"));
    assert_eq!(accounts["maxResults"], 3);
    assert_eq!(departments["Department"][0]["Active"], json!(false));
    assert_eq!(classes, &json!({}));
    let after = control.company_counters(realm).unwrap().core_plus;
    assert_eq!(after - before, 2);

    control
        .restore_account(realm, store.account("2000"))
        .unwrap();
    let back = look(&store, "Account", since).await;
    let rows = lists(&back)[0]["Account"].as_array().unwrap();
    assert_eq!((rows.len(), &rows[2]["Name"]), (3, &json!("Payable")));
}

#[tokio::test]
async fn entries_and_their_deletion_are_changes_too() {
    let store = Store::open().await;
    let since = store.control().now();
    let kept = store.create(&store.sale("1")).await.entry_id().to_owned();
    let gone = store.create(&store.sale("2")).await.entry_id().to_owned();
    store.control().delete_entry(store.realm(), &gone).unwrap();
    let told = look(&store, "JournalEntry", since).await;
    let rows = lists(&told)[0]["JournalEntry"].as_array().unwrap();
    assert_eq!(
        (&rows[0]["Id"], &rows[1]["Id"]),
        (&json!(kept), &json!(gone))
    );
    assert_eq!(rows[1]["status"], "Deleted");
}

#[tokio::test]
async fn a_look_reaches_back_thirty_days_and_names_its_lists() {
    let store = Store::open().await;
    let now = store.control().now();
    let early = look(&store, "Account", now - TimeDelta::days(31)).await;
    assert_eq!(early.codes(), ["4001"]);
    assert_eq!(
        look(&store, "Account", now - TimeDelta::days(29))
            .await
            .status,
        200
    );
    assert_eq!(look(&store, "Nothing", now).await.codes(), ["4001"]);
    assert_eq!(look(&store, "", now).await.codes(), ["2020"]);
    assert_eq!(store.read("cdc?entities=Account").await.codes(), ["2060"]);
}

#[tokio::test]
async fn no_answer_holds_more_than_a_thousand_objects() {
    let store = Store::open().await;
    let since = store.control().now();
    for number in 0..1001 {
        let row = account(&number.to_string(), &format!("Account {number}"), "Bank");
        store.control().add_account(store.realm(), &row).unwrap();
    }
    let told = look(&store, "Class,Account", since).await;
    let rows: usize = lists(&told)
        .iter()
        .map(|list| list["maxResults"].as_u64().map_or(0, |rows| rows as usize))
        .sum();
    assert_eq!(rows, 1000);
}

#[tokio::test]
async fn a_subscription_without_locations_refuses_lists_looks_and_lines() {
    let store = Store::open().await;
    store
        .control()
        .set_offering(store.realm(), Offering::Essentials)
        .unwrap();
    let now = store.control().now();
    assert_eq!(
        store.query("select * from Department").await.codes(),
        ["5020"]
    );
    assert_eq!(store.query("select * from Class").await.codes(), ["5020"]);
    assert_eq!(look(&store, "Account,Class", now).await.codes(), ["5020"]);
    assert_eq!(store.read("department/1").await.codes(), ["5020"]);
    assert_eq!(look(&store, "Account", now).await.status, 200);
    let mut sale = store.sale("1");
    detail(&mut sale, 0)["DepartmentRef"] = json!({ "value": "1" });
    assert_eq!(store.create(&sale).await.codes(), ["5030"]);
    let info = store.read(&format!("companyinfo/{}", store.realm())).await;
    assert!(info.text.contains("QuickBooks Online Essentials"));
}

#[tokio::test]
async fn names_are_renamed_and_removed_for_good() {
    let store = Store::open().await;
    let (control, realm) = (store.control(), store.realm());
    let retail = store.company.name_id(NameKind::Class, "Retail").unwrap();
    control
        .rename_name(realm, NameKind::Class, retail, "Stores")
        .unwrap();
    let read = store.read(&format!("class/{retail}")).await;
    assert_eq!(read.body["Class"]["Name"], "Stores");
    control.remove_name(realm, NameKind::Class, retail).unwrap();
    assert_eq!(
        store.read(&format!("class/{retail}")).await.codes(),
        ["610"]
    );
    let next = control.add_name(realm, NameKind::Class, "Web").unwrap();
    assert_ne!(next.id, retail, "an id is never given twice");
    assert!(control.remove_name(realm, NameKind::Class, retail).is_err());
}

#[tokio::test]
async fn an_account_that_entries_stand_on_is_not_removed() {
    let store = Store::open().await;
    store.create(&store.sale("1")).await.entry_id();
    let refused = store
        .control()
        .remove_account(store.realm(), store.account("4000"));
    assert!(refused.is_err());
    store.trial_balance();
}
