//! What a journal entry is refused for, with the service's codes and words.

use chrono::NaiveDate;
use sandbox::quickbooks::NameKind;
use serde_json::{Value, json};

use crate::{Answer, Store, detail, remove};

/// Sends the sale with one change and gives the answer, having checked that the books did not move.
async fn refused(store: &Store, change: impl FnOnce(&mut Value)) -> Answer {
    let mut entry = store.sale("R-1");
    change(&mut entry);
    let answer = store.create(&entry).await;
    assert_eq!(answer.status, 400, "{}", answer.text);
    assert_eq!(answer.body["Fault"]["type"], "ValidationFault");
    assert_eq!(store.control().entry_count(store.realm()), Ok(0));
    answer
}

#[tokio::test]
async fn an_unbalanced_entry_is_refused() {
    let store = Store::open().await;
    let answer = refused(&store, |entry| entry["Line"][0]["Amount"] = json!(10.01)).await;
    assert_eq!(answer.codes(), ["2300"]);
}

#[tokio::test]
async fn lines_are_needed_and_two_of_them() {
    let store = Store::open().await;
    assert_eq!(
        refused(&store, |entry| entry["Line"] = json!([]))
            .await
            .codes(),
        ["2250"]
    );
    let one = refused(&store, |entry| {
        entry["Line"].as_array_mut().unwrap().truncate(1)
    })
    .await;
    assert_eq!(one.codes(), ["6000"]);
    assert!(
        one.detail()
            .ends_with("Fill out at least two detail lines to continue.")
    );
}

#[tokio::test]
async fn each_missing_value_has_its_code() {
    let store = Store::open().await;
    let missing = refused(&store, |entry| remove(detail(entry, 0), "PostingType")).await;
    assert_eq!(missing.codes(), ["2260"]);
    let missing = refused(&store, |entry| remove(detail(entry, 0), "AccountRef")).await;
    assert_eq!(missing.codes(), ["2020"]);
    assert_eq!(
        missing.detail(),
        "Required parameter AccountRef is missing in the request"
    );
    assert_eq!(missing.body["Fault"]["Error"][0]["element"], "AccountRef");
    assert_eq!(
        refused(&store, |entry| remove(&mut entry["Line"][0], "Amount"))
            .await
            .codes(),
        ["2020"]
    );
    assert_eq!(
        refused(&store, |entry| remove(&mut entry["Line"][0], "DetailType"))
            .await
            .codes(),
        ["2020"]
    );
}

#[tokio::test]
async fn amounts_are_decimals_that_are_not_negative() {
    let store = Store::open().await;
    assert_eq!(
        refused(&store, |entry| entry["Line"][0]["Amount"] = json!(-10))
            .await
            .codes(),
        ["2290"]
    );
    assert_eq!(
        refused(&store, |entry| entry["Line"][0]["Amount"] = json!("ten"))
            .await
            .codes(),
        ["2110"]
    );
    let mut text = store.sale("T-1");
    text["Line"][0]["Amount"] = json!("10.00");
    assert_eq!(
        store.create(&text).await.status,
        200,
        "a decimal in a string is taken"
    );
}

#[tokio::test]
async fn texts_have_their_longest_length() {
    let store = Store::open().await;
    let answer = refused(&store, |entry| {
        entry["DocNumber"] = json!("1234567890123456789012")
    })
    .await;
    assert_eq!(answer.codes(), ["2050"]);
    assert_eq!(
        answer.detail(),
        "String length specified does not match the supported length. Min:0 Max:21 supported. Supplied length:22"
    );
    assert_eq!(answer.body["Fault"]["Error"][0]["element"], "DocNumber");
    let note = refused(&store, |entry| {
        entry["PrivateNote"] = json!("x".repeat(4001))
    })
    .await;
    assert_eq!(note.codes(), ["2050"]);
    assert!(
        note.detail()
            .contains("Max:4,000 supported. Supplied length:4,001")
    );
    assert_eq!(
        store
            .create(&store.sale("123456789012345678901"))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn several_errors_come_together() {
    let store = Store::open().await;
    let answer = refused(&store, |entry| {
        entry["DocNumber"] = json!("x".repeat(45));
        remove(detail(entry, 0), "AccountRef");
        remove(detail(entry, 1), "AccountRef");
    });
    assert_eq!(answer.await.codes(), ["2050", "2020", "2020"]);
}

#[tokio::test]
async fn accounts_have_to_exist_and_be_active() {
    let store = Store::open().await;
    let unknown = refused(&store, |entry| {
        detail(entry, 0)["AccountRef"]["value"] = json!("777")
    })
    .await;
    assert_eq!(unknown.codes(), ["2500"]);
    assert_eq!(
        unknown.detail(),
        "Invalid Reference Id : Accounts element id 777 not found"
    );
    for number in ["1010", "4000"] {
        store
            .control()
            .set_account_active(store.realm(), store.account(number), false)
            .unwrap();
    }
    let inactive = refused(&store, |_| {}).await;
    assert_eq!(
        inactive.codes(),
        ["610"],
        "only the first inactive account is named"
    );
    assert!(
        inactive.detail().starts_with(
            "Object Not Found : Something you're trying to use has been made inactive."
        )
    );
    for number in ["1010", "4000"] {
        store
            .control()
            .set_account_active(store.realm(), store.account(number), true)
            .unwrap();
    }
    assert_eq!(store.create(&store.sale("1")).await.status, 200);
}

#[tokio::test]
async fn receivables_need_a_customer_and_payables_a_vendor() {
    let store = Store::open().await;
    for (number, word, kind, name, entity) in [
        (
            "1100",
            "choose a customer",
            NameKind::Customer,
            "Walk-in",
            "Customer",
        ),
        (
            "2000",
            "Choose a Vendor",
            NameKind::Vendor,
            "Wholesaler",
            "Vendor",
        ),
    ] {
        let mut entry = store.sale(number);
        entry["Line"][0] = store.line("Debit", number, "10.00");
        let answer = store.create(&entry).await;
        assert_eq!((answer.status, answer.codes()), (400, vec!["6000"]));
        assert!(answer.detail().contains(word), "{}", answer.detail());
        let id = store.company.name_id(kind, name).unwrap();
        detail(&mut entry, 0)["Entity"] = json!({ "Type": entity, "EntityRef": { "value": id } });
        let taken = store.create(&entry).await;
        assert_eq!(
            taken.body["JournalEntry"]["Line"][0]["JournalEntryLineDetail"]["Entity"]["EntityRef"]
                ["name"],
            name
        );
    }
}

#[tokio::test]
async fn closed_books_take_nothing_up_to_their_date() {
    let store = Store::open().await;
    let id = store
        .create(&store.sale("before"))
        .await
        .entry_id()
        .to_owned();
    let day = |day| NaiveDate::from_ymd_opt(2026, 11, day).unwrap();
    store
        .control()
        .close_books(store.realm(), day(20), false)
        .unwrap();
    assert_eq!(store.create(&store.sale("1")).await.codes(), ["6200"]);
    let delete = json!({ "Id": id, "SyncToken": "0" });
    assert_eq!(
        store
            .send("journalentry?operation=delete", &delete)
            .await
            .codes(),
        ["6200"]
    );
    let moved = json!({ "Id": id, "SyncToken": "0", "sparse": true, "TxnDate": "2026-11-25" });
    assert_eq!(
        store.create(&moved).await.codes(),
        ["6200"],
        "an entry cannot leave a closed period either"
    );
    let preferences = store.read("preferences").await;
    assert_eq!(
        preferences.body["Preferences"]["AccountingInfoPrefs"]["BookCloseDate"],
        "2026-11-20"
    );
    store
        .control()
        .close_books(store.realm(), day(20), true)
        .unwrap();
    assert_eq!(store.create(&store.sale("1")).await.codes(), ["6210"]);
    store
        .control()
        .close_books(store.realm(), day(19), false)
        .unwrap();
    assert_eq!(store.create(&store.sale("1")).await.status, 200);
    store.control().reopen_books(store.realm()).unwrap();
    assert!(
        store.read("preferences").await.body["Preferences"]["AccountingInfoPrefs"]
            .get("BookCloseDate")
            .is_none()
    );
}

#[tokio::test]
async fn unknown_properties_are_refused_wherever_they_stand() {
    let store = Store::open().await;
    let answer = refused(&store, |entry| entry["BadJson"] = json!(1)).await;
    assert_eq!(answer.codes(), ["2010"]);
    assert!(answer.detail().starts_with(
        "Property Name:Unrecognized field \"BadJson\" (class com.intuit.schema.finance.v3.JournalEntry), not marked as ignorable"
    ));
    assert!(
        answer
            .detail()
            .ends_with("specified is unsupported or invalid")
    );
    assert_eq!(
        refused(&store, |entry| entry["Line"][1]["Amout"] = json!(1))
            .await
            .codes(),
        ["2010"]
    );
    assert_eq!(
        refused(&store, |entry| detail(entry, 0)["AccountRef"]["id"] =
            json!("1"))
        .await
        .codes(),
        ["2010"]
    );
    let broken = store
        .post("journalentry", &json!(0))
        .body("{\"Line\":")
        .send()
        .await
        .unwrap();
    assert_eq!(Answer::of(broken).await.codes(), ["2010"]);
}

#[tokio::test]
async fn a_us_company_holds_latin_1_only() {
    let store = Store::open().await;
    let answer = refused(&store, |entry| {
        entry["Line"][0]["Description"] = json!("price in \u{20ac}")
    })
    .await;
    assert_eq!(answer.codes(), ["500"]);
    assert!(answer.detail().contains("MalformedByteSequenceException"));
    let mut latin = store.sale("1");
    latin["PrivateNote"] = json!("Caf\u{e9}");
    assert_eq!(
        store.create(&latin).await.body["JournalEntry"]["PrivateNote"],
        "Caf\u{e9}"
    );
}

#[tokio::test]
async fn dates_currencies_and_sides_are_checked() {
    let store = Store::open().await;
    assert_eq!(
        refused(&store, |entry| entry["TxnDate"] = json!("20.11.2026"))
            .await
            .codes(),
        ["2060"]
    );
    assert_eq!(
        refused(&store, |entry| entry["CurrencyRef"] =
            json!({ "value": "EUR" }))
        .await
        .codes(),
        ["2220"]
    );
    assert_eq!(
        refused(&store, |entry| detail(entry, 0)["PostingType"] =
            json!("debit"))
        .await
        .codes(),
        ["2170"]
    );
}

#[tokio::test]
async fn what_is_gone_says_so() {
    let store = Store::open().await;
    let mut entry = store.sale("1");
    entry["Id"] = json!("55");
    entry["SyncToken"] = json!("0");
    let answer = store.create(&entry).await;
    assert_eq!(answer.codes(), ["610"]);
    assert_eq!(
        answer.detail(),
        "Object Not Found : Another user has deleted this transaction."
    );
    assert_eq!(store.read("journalentry/55").await.codes(), ["610"]);
    assert_eq!(store.read("journalentry/1.5").await.codes(), ["2030"]);
    assert_eq!(
        store
            .send("journalentry?operation=void", &entry)
            .await
            .codes(),
        ["500"]
    );
    let nowhere = store.read("nothing").await;
    assert_eq!(nowhere.codes(), ["500"]);
    assert!(
        nowhere
            .detail()
            .starts_with("Operation Could not find resource for relative : /v3/company/")
    );
}

#[tokio::test]
async fn a_lapsed_subscription_stops_everything() {
    let store = Store::open().await;
    store
        .control()
        .set_subscription_lapsed(store.realm(), true)
        .unwrap();
    assert_eq!(store.create(&store.sale("1")).await.codes(), ["6190"]);
    store
        .control()
        .set_subscription_lapsed(store.realm(), false)
        .unwrap();
    assert_eq!(store.create(&store.sale("1")).await.status, 200);
}

#[tokio::test]
async fn faults_are_xml_for_who_does_not_ask_for_json() {
    let store = Store::open().await;
    let mut entry = store.sale("1");
    entry["Line"][0]["Amount"] = json!(11);
    let url = store.url(&format!("/v3/company/{}/journalentry", store.realm()));
    let xml_only = store
        .http
        .post(url)
        .bearer_auth(&store.access_token)
        .header("accept", "text/xml")
        .json(&entry);

    let answer = Answer::of(xml_only.send().await.unwrap()).await;
    assert!(answer.headers["content-type"].starts_with("application/xml"));
    assert!(
        answer
            .text
            .contains("<Fault type=\"ValidationFault\"><Error code=\"2300\">"),
        "{}",
        answer.text
    );
}
