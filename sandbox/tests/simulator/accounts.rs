//! Accounts, company information and preferences.

use serde_json::json;

use crate::Store;

#[tokio::test]
async fn an_account_can_be_created_and_read() {
    let store = Store::open().await;
    let sent = json!({ "Name": "Gift Cards", "AccountType": "Other Current Liability", "AcctNum": "2200" });
    let created = store.send("account", &sent).await;
    assert_eq!(created.status, 200, "{}", created.text);
    let account = &created.body["Account"];
    assert_eq!(account["AccountSubType"], "OtherCurrentLiabilities");
    assert_eq!(account["Classification"], "Liability");
    assert_eq!(account["SyncToken"], "0");
    let read = store
        .read(&format!("account/{}", account["Id"].as_str().unwrap()))
        .await;
    assert_eq!(&read.body["Account"], account);
}

#[tokio::test]
async fn a_name_is_needed_once_only_and_without_colons() {
    let store = Store::open().await;
    let bank = |name: &str| json!({ "Name": name, "AccountType": "Bank" });
    assert_eq!(
        store.send("account", &bank("Sales")).await.codes(),
        ["6240"]
    );
    assert_eq!(store.send("account", &bank("A:B")).await.codes(), ["2040"]);
    assert_eq!(
        store.send("account", &bank(&"x".repeat(101))).await.codes(),
        ["2050"]
    );
    assert_eq!(
        store.send("account", &json!({})).await.codes(),
        ["2020", "6010"]
    );
    assert_eq!(
        store
            .send("account", &json!({ "Name": "A", "AccountType": "Money" }))
            .await
            .codes(),
        ["2170"]
    );
}

#[tokio::test]
async fn a_number_has_seven_characters_at_most_and_no_colon() {
    let store = Store::open().await;
    let numbered = |number: &str| json!({ "Name": "A", "AccountType": "Bank", "AcctNum": number });
    assert_eq!(
        store.send("account", &numbered("12345678")).await.codes(),
        ["2050"]
    );
    assert_eq!(
        store.send("account", &numbered("1:2")).await.codes(),
        ["2040"]
    );
    assert_eq!(
        store.send("account", &numbered("1234567")).await.status,
        200
    );
}

#[tokio::test]
async fn the_chart_has_five_levels() {
    let store = Store::open().await;
    let mut parent = store.account("1010").to_owned();
    for level in 2..=6 {
        let below = json!({ "Name": format!("Level {level}"), "AccountType": "Bank", "ParentRef": { "value": parent } });
        let answer = store.send("account", &below).await;
        if level == 6 {
            assert_eq!(answer.codes(), ["6000"]);
        } else {
            parent = answer.body["Account"]["Id"].as_str().unwrap().to_owned();
        }
    }
}

#[tokio::test]
async fn deactivating_renames_and_hides_but_keeps_readable() {
    let store = Store::open().await;
    let id = store.account("2400");
    let off = json!({ "Id": id, "SyncToken": "0", "sparse": true, "Active": false });
    let answer = store.send("account", &off).await;
    assert_eq!(
        answer.body["Account"]["Name"],
        "Sales Tax Payable (deleted)"
    );
    assert_eq!(answer.body["Account"]["Active"], json!(false));
    assert_eq!(answer.body["Account"]["SyncToken"], "1");
    assert_eq!(store.send("account", &off).await.codes(), ["5010"]);
    let again = json!({ "Id": id, "SyncToken": "1", "sparse": true, "Active": false });
    assert_eq!(
        store.send("account", &again).await.body["Account"]["SyncToken"],
        "1",
        "nothing changed"
    );
    assert_eq!(store.read(&format!("account/{id}")).await.status, 200);
    let on = json!({ "Id": id, "SyncToken": "1", "sparse": true, "Active": true });
    assert_eq!(
        store.send("account", &on).await.body["Account"]["Name"],
        "Sales Tax Payable"
    );
}

#[tokio::test]
async fn children_are_named_after_their_parents_and_summed() {
    let store = Store::open().await;
    let child = json!({
        "Name": "Till 1", "AccountType": "Bank", "SubAccount": true, "ParentRef": { "value": store.account("1010") },
    });
    let created = store.send("account", &child).await;
    assert_eq!(
        created.body["Account"]["FullyQualifiedName"],
        "Cash in Drawer:Till 1"
    );
    let till = created.body["Account"]["Id"].clone();
    let mut sale = store.sale("1");
    sale["Line"][0]["JournalEntryLineDetail"]["AccountRef"]["value"] = till;
    let entry = store.create(&sale).await;
    let name =
        &entry.body["JournalEntry"]["Line"][0]["JournalEntryLineDetail"]["AccountRef"]["name"];
    assert_eq!(name, "Cash in Drawer:Till 1");
    let parent = store
        .read(&format!("account/{}", store.account("1010")))
        .await;
    assert_eq!(parent.body["Account"]["CurrentBalance"], json!(0.0));
    assert_eq!(
        parent.body["Account"]["CurrentBalanceWithSubAccounts"],
        json!(10.0)
    );
}

#[tokio::test]
async fn company_information_and_preferences_can_be_read() {
    let store = Store::open().await;
    let info = store.read(&format!("companyinfo/{}", store.realm())).await;
    assert_eq!(info.body["CompanyInfo"]["CompanyName"], "Corner Store");
    assert_eq!(info.body["CompanyInfo"]["Country"], "US");
    let preferences = store.read("preferences").await;
    let preferences = &preferences.body["Preferences"];
    assert_eq!(preferences["CurrencyPrefs"]["HomeCurrency"]["value"], "USD");
    let named = preferences["OtherPrefs"]["NameValue"].as_array().unwrap();
    assert!(named.contains(&json!({ "Name": "WarnDuplicateJournalNumber", "Value": "false" })));
    let counters = store.control().company_counters(store.realm()).unwrap();
    assert_eq!((counters.core, counters.core_plus), (0, 2));
}
