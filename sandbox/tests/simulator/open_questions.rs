//! What Intuit leaves open, told by the other answer.

use chrono::TimeDelta;
use sandbox::quickbooks::{FaultPlan, Hold, Operation, Outcome, Preferences, Switches};
use serde_json::{Value, json};

use crate::Store;

async fn answering(names: &str) -> Store {
    let store = Store::open().await;
    store
        .control()
        .set_switches(names.parse::<Switches>().unwrap());
    store
}

#[tokio::test]
async fn a_company_may_take_a_number_twice_or_refuse_it_whatever_it_prefers() {
    for (answer, warns, codes) in [
        ("duplicate_numbers_are_taken", true, &[][..]),
        ("duplicate_numbers_are_refused", false, &["6140"][..]),
    ] {
        let store = answering(answer).await;
        let preferences = Preferences {
            warn_duplicate_journal_number: warns,
            ..store.control().preferences(store.realm()).unwrap()
        };
        store
            .control()
            .set_preferences(store.realm(), preferences)
            .unwrap();
        store.create(&store.sale("1")).await.entry_id();
        assert_eq!(store.create(&store.sale("1")).await.codes(), codes);
    }
}

#[tokio::test]
async fn the_work_of_a_call_goes_on_after_the_cut_or_ends_with_it() {
    for (answer, entries) in [("", 1), ("work_ends_at_the_cut", 0)] {
        let store = answering(answer).await;
        let cut = FaultPlan::next(Operation::CreateJournalEntry, Outcome::Cut);
        let plan = store.control().plan(cut.held(Hold::BeforeCommit));
        let lost = store.post("journalentry", &store.sale("1")).send().await;
        assert!(lost.is_err(), "the connection is closed first");
        store.control().wait_until_held(plan, 1).await;
        store.control().release(plan);
        // The call is written down as cut when its work has ended, one way or the other.
        while !store.control().calls().iter().any(|call| call.cut) {
            store.read("preferences").await;
        }
        assert_eq!(store.numbered("1"), entries, "{answer}");
    }
}

#[tokio::test]
async fn a_throttled_call_may_be_answered_with_a_page() {
    let store = answering("a_429_is_a_page").await;
    let throttled = FaultPlan::next(Operation::ReadPreferences, Outcome::Throttled);
    store.control().plan(throttled);
    let answer = store.read("preferences").await;
    assert_eq!((answer.status, answer.body), (429, Value::Null));
}

#[tokio::test]
async fn an_unrecorded_detail_may_be_missing() {
    let store = answering("unrecorded_details_are_missing").await;
    let mut wrong = store.sale("1");
    wrong["Line"][0]["Amount"] = json!(11);
    let refused = store.create(&wrong).await;
    assert_eq!(refused.codes(), ["2300"]);
    assert!(refused.body["Fault"]["Error"][0].get("Detail").is_none());
}

#[tokio::test]
async fn changes_may_leave_out_what_was_deleted() {
    let store = answering("changes_leave_out_deleted").await;
    let since = store.control().now();
    let gone = store.create(&store.sale("1")).await.entry_id().to_owned();
    store.control().delete_entry(store.realm(), &gone).unwrap();
    let path = format!(
        "cdc?entities=JournalEntry&changedSince={}",
        since.format("%Y-%m-%dT%H:%M:%SZ")
    );
    let told = store.read(&path).await;
    assert_eq!(
        told.body["CDCResponse"][0]["QueryResponse"],
        json!([{}]),
        "{}",
        told.text
    );
}

#[tokio::test]
async fn an_authorization_code_may_live_a_minute_only() {
    let store = answering("an_authorization_code_lives_a_minute").await;
    let back = store.consent(&[]).await;
    store.control().advance_clock(TimeDelta::seconds(61));
    assert_eq!(store.exchange(&back["code"]).await.status, 400);
}
