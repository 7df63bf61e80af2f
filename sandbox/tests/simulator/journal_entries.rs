//! Journal entries: what is taken, and what the books then say.

use sandbox::quickbooks::{NameKind, Preferences};
use serde_json::json;

use crate::{Store, detail, remove};

#[tokio::test]
async fn a_created_entry_comes_back_in_the_recorded_shape() {
    let store = Store::open().await;
    let answer = store.create(&store.sale("HR-1")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(
        answer.headers["content-type"],
        "application/json;charset=utf-8"
    );
    let entry = &answer.body["JournalEntry"];
    assert_eq!(entry["Id"], "1");
    assert_eq!(entry["SyncToken"], "0");
    assert_eq!(
        (&entry["domain"], &entry["sparse"], &entry["Adjustment"]),
        (&json!("QBO"), &json!(false), &json!(false))
    );
    assert_eq!(entry["DocNumber"], "HR-1");
    assert_eq!(entry["TxnDate"], "2026-11-20");
    assert_eq!(entry["PrivateNote"], "a note");
    assert_eq!(entry["TxnTaxDetail"], json!({}));
    assert!(entry.get("TotalAmt").is_none());
    assert_eq!(
        entry["Line"][0],
        json!({
            "Id": "0", "Description": "a line", "Amount": 10.0, "DetailType": "JournalEntryLineDetail",
            "JournalEntryLineDetail": {
                "PostingType": "Debit", "AccountRef": { "value": store.account("1010"), "name": "Cash in Drawer" },
            },
        })
    );
    assert_eq!(entry["Line"][1]["Id"], "1");
    let created = entry["MetaData"]["CreateTime"].as_str().unwrap();
    assert!(
        created.ends_with("-08:00") && created.len() == 25,
        "{created}"
    );
    assert_eq!(answer.body["time"].as_str().unwrap().len(), 29);
    let read = store.read("journalentry/1").await;
    assert_eq!(&read.body["JournalEntry"], entry);
}

#[tokio::test]
async fn balances_move_and_the_trial_balance_sums_to_zero() {
    let store = Store::open().await;
    for number in ["1", "2", "3"] {
        store.create(&store.sale(number)).await.entry_id();
    }
    let entry = json!({ "TxnDate": "2026-11-20", "Line": [
        store.line("Debit", "1010", "10.83"), store.line("Credit", "4000", "10.00"), store.line("Credit", "2400", "0.83"),
    ]});
    let id = store.create(&entry).await.entry_id().to_owned();
    assert_eq!(
        (
            store.balance("1010").as_str(),
            store.balance("4000").as_str()
        ),
        ("40.83", "-40.00")
    );
    assert_eq!(store.balance("2400"), "-0.83");
    let cash = store
        .read(&format!("account/{}", store.account("1010")))
        .await;
    assert_eq!(cash.body["Account"]["CurrentBalance"], json!(40.83));
    let sales = store
        .read(&format!("account/{}", store.account("4000")))
        .await;
    assert_eq!(
        sales.body["Account"]["CurrentBalance"],
        json!(0.0),
        "income shows no balance"
    );
    let deleted = store
        .send(
            "journalentry?operation=delete",
            &json!({ "Id": id, "SyncToken": "0" }),
        )
        .await;
    assert_eq!(
        deleted.body["JournalEntry"],
        json!({ "domain": "QBO", "status": "Deleted", "Id": id })
    );
    assert_eq!(
        (
            store.balance("1010").as_str(),
            store.balance("2400").as_str()
        ),
        ("30.00", "0.00")
    );
}

#[tokio::test]
async fn locations_and_classes_are_kept_and_unknown_ones_refused() {
    let store = Store::open().await;
    let mut entry = store.sale("1");
    let boston = store
        .company
        .name_id(NameKind::Department, "Boston")
        .unwrap();
    let retail = store.company.name_id(NameKind::Class, "Retail").unwrap();
    detail(&mut entry, 0)["DepartmentRef"] = json!({ "value": boston });
    detail(&mut entry, 0)["ClassRef"] = json!({ "value": retail });
    let answer = store.create(&entry).await;
    let shown = &answer.body["JournalEntry"]["Line"][0]["JournalEntryLineDetail"];
    assert_eq!(
        shown["DepartmentRef"],
        json!({ "value": boston, "name": "Boston" })
    );
    assert_eq!(
        shown["ClassRef"],
        json!({ "value": retail, "name": "Retail" })
    );
    let posted = &store.control().entries(store.realm()).unwrap()[0];
    assert_eq!(posted.lines[0].department_id.as_deref(), Some(boston));
    detail(&mut entry, 0)["DepartmentRef"] = json!({ "value": "99" });
    detail(&mut entry, 0)["ClassRef"] = json!({ "value": "98" });
    let refused = store.create(&entry).await;
    assert_eq!(refused.codes(), ["2500", "2500"]);
    assert!(
        refused.text.contains("Depts element id 99")
            && refused.text.contains("Klasses element id 98")
    );
}

#[tokio::test]
async fn a_number_may_repeat_unless_the_company_warns() {
    let store = Store::open().await;
    let first = store.create(&store.sale("1")).await.entry_id().to_owned();
    store.create(&store.sale("1")).await.entry_id();
    let warns = Preferences {
        warn_duplicate_journal_number: true,
        ..Preferences::default()
    };
    store
        .control()
        .set_preferences(store.realm(), warns)
        .unwrap();
    let answer = store.create(&store.sale("1")).await;
    assert_eq!(answer.codes(), ["6140"]);
    assert_eq!(
        answer.detail(),
        format!(
            "Duplicate Document Number Error : You must specify a different number. This number has already been used. \
             DocNumber=1 is assigned to TxnType=Journal Entry with TxnId={first}"
        )
    );
    let allowed = store
        .send(
            "journalentry?include=allowduplicatedocnum",
            &store.sale("1"),
        )
        .await;
    assert_eq!(allowed.status, 200);
    assert_eq!(store.numbered("1"), 3);
}

#[tokio::test]
async fn what_other_clients_send_besides_is_tolerated() {
    let store = Store::open().await;
    let mut entry = store.sale("1");
    entry["TotalAmt"] = json!(0);
    entry["SyncToken"] = json!(0);
    entry["domain"] = json!("QBO");
    entry["sparse"] = json!(false);
    entry["LinkedTxn"] = json!([]);
    entry["Line"][0]["LineNum"] = json!(0);
    detail(&mut entry, 0)["TaxApplicableOn"] = json!("Sales");
    detail(&mut entry, 0)["TaxAmount"] = json!(0);
    detail(&mut entry, 0)["AccountRef"] =
        json!({ "name": "", "type": "", "value": store.account("1010") });
    let answer = store
        .send("journalentry?format=json&minorversion=75", &entry)
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn an_update_needs_the_current_sync_token() {
    let store = Store::open().await;
    let id = store.create(&store.sale("1")).await.entry_id().to_owned();
    let note = |token: &str, note: &str| json!({ "Id": id, "SyncToken": token, "sparse": true, "PrivateNote": note });
    let changed = store.create(&note("0", "changed")).await;
    assert_eq!(changed.body["JournalEntry"]["SyncToken"], "1");
    assert_eq!(
        changed.body["JournalEntry"]["DocNumber"], "1",
        "a sparse update leaves the rest"
    );
    let stale = store.create(&note("0", "again")).await;
    assert_eq!(stale.codes(), ["5010"]);
    assert!(stale.detail().starts_with("Stale Object Error : You and "));
    let same = store.create(&note("1", "changed")).await;
    assert_eq!(
        same.body["JournalEntry"]["SyncToken"], "1",
        "what changes nothing keeps its token"
    );
    let mut full = store.sale("2");
    full["Id"] = json!(id);
    full["SyncToken"] = json!("1");
    remove(&mut full, "PrivateNote");
    full["Line"] = json!([
        store.line("Debit", "1010", "7.00"),
        store.line("Credit", "2400", "7.00")
    ]);
    let replaced = store.create(&full).await;
    assert!(
        replaced.body["JournalEntry"].get("PrivateNote").is_none(),
        "a full update empties what is not sent"
    );
    assert_eq!(
        (
            store.balance("1010").as_str(),
            store.balance("4000").as_str()
        ),
        ("7.00", "0.00")
    );
    assert_eq!((store.numbered("1"), store.numbered("2")), (0, 1));
}
