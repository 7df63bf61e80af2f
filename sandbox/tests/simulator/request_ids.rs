//! Repeats, by both answers to each open question.

use chrono::TimeDelta;
use sandbox::quickbooks::{
    ConcurrentRequestId, FaultPlan, Hold, NewCompany, Operation, Outcome, RepeatedRequestId,
    Switches, Violation,
};
use serde_json::json;

use crate::Store;

#[tokio::test]
async fn a_repeat_gets_the_first_answer_and_does_nothing() {
    let store = Store::open().await;
    let first = store.create_with_id("r1", &store.sale("1")).await;
    store.control().advance_clock(TimeDelta::minutes(5));
    let again = store.create_with_id("r1", &store.sale("1")).await;
    assert_eq!(
        (again.status, &again.text),
        (200, &first.text),
        "the same bytes, its time included"
    );
    assert_ne!(again.tid, first.tid);
    assert_eq!(store.numbered("1"), 1);
    let calls = store.control().calls();
    assert!(calls.last().unwrap().replayed && !calls[calls.len() - 2].replayed);
    assert_eq!(store.control().counters().core, 1);
    assert!(store.control().violations().is_empty());
}

#[tokio::test]
async fn another_body_gets_the_first_answer_and_is_recorded() {
    let store = Store::open().await;
    let first = store.create_with_id("r1", &store.sale("1")).await;
    let other = store.create_with_id("r1", &store.sale("2")).await;
    assert_eq!(other.text, first.text);
    assert_eq!((store.numbered("1"), store.numbered("2")), (1, 0));
    let violation = Violation::RequestIdReusedWithAnotherBody {
        realm_id: store.company.realm_id.clone(),
        request_id: "r1".to_owned(),
    };
    assert_eq!(store.control().violations(), [violation]);
}

#[tokio::test]
async fn by_switch_repeats_are_refused_with_600() {
    let store = Store::open().await;
    store.control().set_switches(Switches {
        repeated_request_id: RepeatedRequestId::DuplicateFault,
        changed_body: RepeatedRequestId::DuplicateFault,
        ..Switches::default()
    });
    store
        .create_with_id("r1", &store.sale("1"))
        .await
        .entry_id();
    assert_eq!(
        store.create_with_id("r1", &store.sale("1")).await.codes(),
        ["600"]
    );
    assert_eq!(
        store.create_with_id("r1", &store.sale("2")).await.codes(),
        ["600"]
    );
    assert_eq!(store.control().entry_count(store.realm()), Ok(1));
}

#[tokio::test]
async fn faults_are_not_kept_unless_switched() {
    let store = Store::open().await;
    let mut wrong = store.sale("1");
    wrong["Line"][0]["Amount"] = json!(11);
    assert_eq!(store.create_with_id("r1", &wrong).await.codes(), ["2300"]);
    assert_eq!(
        store.create_with_id("r1", &store.sale("1")).await.status,
        200
    );
    store.control().set_switches(Switches {
        store_faults: true,
        ..Switches::default()
    });
    assert_eq!(store.create_with_id("r2", &wrong).await.codes(), ["2300"]);
    assert_eq!(
        store.create_with_id("r2", &store.sale("2")).await.codes(),
        ["2300"]
    );
    assert_eq!(store.numbered("2"), 0);
}

#[tokio::test]
async fn after_its_retention_or_when_forgotten_an_id_posts_again() {
    let store = Store::open().await;
    store.control().set_switches(Switches {
        request_id_retention_seconds: Some(86_400),
        ..Switches::default()
    });
    store.control().set_clock_standing(true);
    store
        .create_with_id("r1", &store.sale("1"))
        .await
        .entry_id();
    store.control().advance_clock(TimeDelta::seconds(86_399));
    let tokens = store.refresh(&store.refresh_token).await;
    let mut store = store;
    store.keep(&tokens);
    store
        .create_with_id("r1", &store.sale("1"))
        .await
        .entry_id();
    assert_eq!(store.numbered("1"), 1);
    store.control().advance_clock(TimeDelta::seconds(1));
    store
        .create_with_id("r1", &store.sale("1"))
        .await
        .entry_id();
    assert_eq!(store.numbered("1"), 2);
    store.control().forget_request_ids(store.realm()).unwrap();
    store
        .create_with_id("r1", &store.sale("1"))
        .await
        .entry_id();
    assert_eq!(store.numbered("1"), 3);
    store.control().set_switches(Switches {
        honour_request_ids: false,
        ..Switches::default()
    });
    store
        .create_with_id("r1", &store.sale("1"))
        .await
        .entry_id();
    assert_eq!(store.numbered("1"), 4);
}

#[tokio::test]
async fn ids_belong_to_their_company() {
    let mut store = Store::open().await;
    store
        .create_with_id("r1", &store.sale("1"))
        .await
        .entry_id();
    let other = store.control().seed_company(NewCompany {
        accounts: crate::corner_store().accounts,
        ..NewCompany::named("Other")
    });
    store.company = other.unwrap();
    let consent = sandbox::quickbooks::Consent {
        realm_id: Some(store.company.realm_id.clone()),
        deny: false,
    };
    store.control().set_consent(consent).unwrap();
    store.connect().await;
    store
        .create_with_id("r1", &store.sale("1"))
        .await
        .entry_id();
    assert_eq!(store.numbered("1"), 1);
}

#[tokio::test]
async fn an_id_has_at_most_fifty_characters() {
    let store = Store::open().await;
    assert_eq!(
        store
            .create_with_id(&"x".repeat(51), &store.sale("1"))
            .await
            .codes(),
        ["2130"]
    );
    assert_eq!(
        store
            .create_with_id(&"x".repeat(50), &store.sale("1"))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_twin_waits_for_the_first_and_gets_its_answer() {
    let store = Store::open().await;
    let plan = store.control().plan(
        FaultPlan::next(Operation::CreateJournalEntry, Outcome::Answer).held(Hold::BeforeCommit),
    );
    let sale = store.sale("1");
    let release = async {
        store.control().wait_until_held(plan, 1).await;
        assert_eq!(store.control().release(plan), 1);
    };
    let twin = async {
        store.control().wait_until_held(plan, 1).await;
        store.create_with_id("r1", &sale).await
    };
    let (first, second, ()) = tokio::join!(store.create_with_id("r1", &sale), twin, release);
    assert_eq!(first.text, second.text);
    assert_eq!(store.numbered("1"), 1);
}

#[tokio::test]
async fn by_switch_a_twin_is_told_to_wait_a_few_minutes() {
    let store = Store::open().await;
    store.control().set_switches(Switches {
        concurrent_request_id: ConcurrentRequestId::Refuse,
        ..Switches::default()
    });
    let plan = store.control().plan(
        FaultPlan::next(Operation::CreateJournalEntry, Outcome::Answer).held(Hold::BeforeCommit),
    );
    let sale = store.sale("1");
    let twin = async {
        store.control().wait_until_held(plan, 1).await;
        let refused = store.create_with_id("r1", &sale).await;
        store.control().release(plan);
        refused
    };
    let (first, refused) = tokio::join!(store.create_with_id("r1", &sale), twin);
    assert_eq!(refused.codes(), ["6000"]);
    assert!(refused.detail().contains("Please wait a few minutes"));
    assert_eq!(first.status, 200);
    assert_eq!(store.numbered("1"), 1);
}
