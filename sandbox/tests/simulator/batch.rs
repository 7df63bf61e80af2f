//! Batches: every item has its own fate.

use sandbox::quickbooks::{
    FaultPlan, Hold, Operation, Outcome, RepeatedRequestId, Switches, ThrottleLimits,
};
use serde_json::{Value, json};

use crate::{Answer, Store};

fn create(store: &Store, numbers: &[&str]) -> Value {
    let items: Vec<Value> = numbers
        .iter()
        .map(|number| json!({ "bId": number, "operation": "create", "JournalEntry": store.sale(number) }))
        .collect();
    json!({ "BatchItemRequest": items })
}

fn item<'a>(answer: &'a Answer, b_id: &str) -> &'a Value {
    let items = answer.body["BatchItemResponse"].as_array().unwrap();
    items
        .iter()
        .find(|item| item["bId"] == b_id)
        .unwrap_or(&Value::Null)
}

#[tokio::test]
async fn one_faulty_item_concerns_itself_alone() {
    let store = Store::open().await;
    let mut batch = create(&store, &["1", "2", "3"]);
    batch["BatchItemRequest"][1]["JournalEntry"]["Line"][0]["Amount"] = json!(11);
    batch["BatchItemRequest"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "bId": "q", "Query": "select count(*) from Account" }));
    let answer = store.send("batch", &batch).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(item(&answer, "1")["JournalEntry"]["DocNumber"], "1");
    let fault = &item(&answer, "2")["Fault"];
    assert_eq!(
        (&fault["type"], &fault["Error"][0]["code"]),
        (&json!("ValidationFault"), &json!("2300"))
    );
    assert_eq!(
        fault["Error"][0]["element"], "",
        "an item's fault always names an element"
    );
    assert_eq!(item(&answer, "q")["QueryResponse"]["totalCount"], 5);
    assert_eq!(store.control().entry_count(store.realm()), Ok(2));
    let counters = store.control().counters();
    assert_eq!((counters.core, counters.core_plus), (2, 1));
}

#[tokio::test]
async fn a_repeated_batch_posts_nothing_again() {
    let store = Store::open().await;
    let batch = create(&store, &["1", "2"]);
    let first = store.send("batch?requestid=r1", &batch).await;
    let again = store.send("batch?requestid=r1", &batch).await;
    assert_eq!(item(&first, "1"), item(&again, "1"));
    assert_eq!(store.control().entry_count(store.realm()), Ok(2));
    let others = store
        .send("batch?requestid=r1", &create(&store, &["3"]))
        .await;
    assert_eq!(
        item(&others, "3")["JournalEntry"]["DocNumber"],
        "3",
        "other item ids are other requests"
    );
    assert!(store.control().violations().is_empty());
}

#[tokio::test]
async fn items_can_be_lost_or_doubtful_one_by_one() {
    let store = Store::open().await;
    let plan = |outcome, number: &str| {
        FaultPlan::next(Operation::CreateJournalEntry, outcome)
            .with_commit()
            .for_doc_number(number)
    };
    store.control().plan(plan(Outcome::Drop, "1"));
    store.control().plan(plan(Outcome::WaitAFewMinutes, "2"));
    let answer = store.send("batch", &create(&store, &["1", "2", "3"])).await;
    assert_eq!(item(&answer, "1"), &Value::Null);
    assert_eq!(item(&answer, "2")["Fault"]["Error"][0]["code"], "6000");
    assert_eq!(item(&answer, "3")["JournalEntry"]["DocNumber"], "3");
    assert_eq!(store.control().entry_count(store.realm()), Ok(3));
}

#[tokio::test]
async fn a_batch_has_thirty_items_and_short_ids() {
    let store = Store::open().await;
    let numbers: Vec<String> = (0..31).map(|number| number.to_string()).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    assert_eq!(
        store.send("batch", &create(&store, &numbers)).await.codes(),
        ["1040"]
    );
    let long = "x".repeat(37);
    assert_eq!(
        store
            .send(&format!("batch?requestid={long}"), &create(&store, &["1"]))
            .await
            .codes(),
        ["2130"]
    );
    assert_eq!(
        store
            .send("batch?requestid=r1", &create(&store, &["12345678901"]))
            .await
            .codes(),
        ["2130"]
    );
    assert_eq!(
        store
            .send("batch", &create(&store, &numbers[..30]))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn forty_batches_a_minute() {
    let store = Store::open().await;
    store.control().set_clock_standing(true);
    store.control().set_limits(ThrottleLimits {
        app_per_second: None,
        ..ThrottleLimits::default()
    });
    for number in 0..40 {
        assert_eq!(
            store
                .send("batch", &create(&store, &[&number.to_string()]))
                .await
                .status,
            200
        );
    }
    assert_eq!(
        store.send("batch", &create(&store, &["40"])).await.status,
        429
    );
    assert_eq!(
        store.create(&store.sale("41")).await.status,
        200,
        "single requests go on"
    );
}

#[tokio::test]
async fn a_batch_is_one_request_of_the_throttle_and_its_items_are_metered_one_by_one() {
    let store = Store::open().await;
    store.control().set_clock_standing(true);
    store.control().set_limits(ThrottleLimits {
        realm_per_minute: Some(2),
        app_per_second: None,
        ..ThrottleLimits::default()
    });
    let numbers: Vec<String> = (0..30).map(|number| number.to_string()).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let batch = create(&store, &numbers);
    assert_eq!(store.send("batch", &batch).await.status, 200);
    assert_eq!(store.control().counters().core, 30);
    assert_eq!(store.create(&store.sale("x")).await.status, 200);
    assert_eq!(store.create(&store.sale("y")).await.status, 429);
    let calls = store.control().calls();
    assert!(calls.iter().any(|call| call.items == Some(30)));
}

#[tokio::test]
async fn the_answers_of_a_batch_come_in_no_order() {
    let store = Store::open().await;
    let numbers: Vec<String> = (0..30).map(|number| number.to_string()).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let answer = store.send("batch", &create(&store, &numbers)).await;
    let items = answer.body["BatchItemResponse"].as_array().unwrap();
    let mut named: Vec<&str> = items
        .iter()
        .map(|item| item["bId"].as_str().unwrap())
        .collect();
    assert_ne!(named, numbers);
    named.sort_by_key(|name| name.parse::<u32>().unwrap());
    assert_eq!(named, numbers);
}

#[tokio::test]
async fn an_item_with_other_bytes_under_its_id_is_a_violation() {
    let store = Store::open().await;
    store
        .send("batch?requestid=r1", &create(&store, &["1"]))
        .await;
    let mut other = create(&store, &["1"]);
    other["BatchItemRequest"][0]["JournalEntry"]["PrivateNote"] = json!("other words");
    store.send("batch?requestid=r1", &other).await;
    assert_eq!(store.control().entry_count(store.realm()), Ok(1));
    assert_eq!(store.control().violations().len(), 1);
}

#[tokio::test]
async fn the_rest_of_a_repeated_batch_is_answered_from_memory_whatever_else_comes_with_it() {
    let store = Store::open().await;
    store
        .send("batch?requestid=r1", &create(&store, &["1", "2", "3"]))
        .await;
    let again = store
        .send("batch?requestid=r1", &create(&store, &["3", "1"]))
        .await;
    assert_eq!(item(&again, "3")["JournalEntry"]["DocNumber"], "3");
    assert_eq!(store.control().entry_count(store.realm()), Ok(3));
    assert!(store.control().violations().is_empty());
}

#[tokio::test]
async fn a_repeated_batch_may_be_told_to_wait_a_few_minutes() {
    let store = Store::open().await;
    store.control().set_switches(Switches {
        repeated_batch_item: RepeatedRequestId::WaitAFewMinutes,
        ..Switches::default()
    });
    let batch = create(&store, &["1"]);
    store.send("batch?requestid=r1", &batch).await;
    let again = store.send("batch?requestid=r1", &batch).await;
    assert_eq!(item(&again, "1")["Fault"]["Error"][0]["code"], "6000");
    assert_eq!(store.control().entry_count(store.realm()), Ok(1));
}

#[tokio::test]
async fn a_batch_is_lost_or_held_as_a_whole() {
    let store = Store::open().await;
    let plan = |outcome| FaultPlan::next(Operation::Batch, outcome);
    store.control().plan(plan(Outcome::Throttled));
    let batch = create(&store, &["1", "2"]);
    let refused = store.send("batch?requestid=r1", &batch).await;
    assert_eq!(refused.status, 429);
    assert_eq!(store.control().entry_count(store.realm()), Ok(0));
    let held = store
        .control()
        .plan(plan(Outcome::Answer).held(Hold::AfterCommit));
    let sending = store.send("batch?requestid=r1", &batch);
    let looking = async {
        store.control().wait_until_held(held, 1).await;
        assert_eq!(store.control().entry_count(store.realm()), Ok(2));
        store.control().release(held);
    };
    let (answer, ()) = tokio::join!(sending, looking);
    assert_eq!(item(&answer, "2")["JournalEntry"]["DocNumber"], "2");
}
