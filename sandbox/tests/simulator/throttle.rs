//! The throttle, on the simulator's clock.

use chrono::TimeDelta;
use sandbox::quickbooks::{FaultPlan, Hold, Operation, Outcome, ThrottleLimits};

use crate::Store;

async fn throttled_store() -> Store {
    let store = Store::open().await;
    store.control().set_clock_standing(true);
    store.control().set_limits(ThrottleLimits::default());
    store
}

#[tokio::test]
async fn ten_requests_a_second_and_then_429() {
    let store = throttled_store().await;
    for _ in 0..10 {
        assert_eq!(store.read("preferences").await.status, 200);
    }
    let answer = store.read("preferences").await;
    assert_eq!(answer.status, 429);
    let error = &answer.body["fault"]["error"][0];
    assert_eq!(error["code"], "3001");
    assert_eq!(
        error["message"],
        "message=ThrottleExceeded; errorCode=003001; statusCode=429"
    );
    assert_eq!(
        error["detail"],
        "The request limit was reached.  Try again later"
    );
    store.control().advance_clock(TimeDelta::seconds(1));
    assert_eq!(store.read("preferences").await.status, 200);
    let counters = store.control().company_counters(store.realm()).unwrap();
    assert_eq!(counters.core_plus, 11, "what is refused is not metered");
}

#[tokio::test]
async fn five_hundred_requests_a_minute() {
    let store = throttled_store().await;
    for _ in 0..50 {
        for _ in 0..10 {
            assert_eq!(store.read("preferences").await.status, 200);
        }
        store.control().advance_clock(TimeDelta::seconds(1));
    }
    assert_eq!(store.read("preferences").await.status, 429);
    store.control().advance_clock(TimeDelta::seconds(10));
    assert_eq!(store.read("preferences").await.status, 200);
}

#[tokio::test]
async fn ten_requests_at_once() {
    let store = throttled_store().await;
    store.control().set_limits(ThrottleLimits {
        app_per_second: None,
        ..ThrottleLimits::default()
    });
    let held = FaultPlan {
        next: Some(10),
        ..FaultPlan::next(Operation::CreateJournalEntry, Outcome::Answer).held(Hold::BeforeCommit)
    };
    let plan = store.control().plan(held);
    let waiting: Vec<_> = (0..10)
        .map(|number| {
            tokio::spawn(
                store
                    .post("journalentry", &store.sale(&number.to_string()))
                    .send(),
            )
        })
        .collect();
    store.control().wait_until_held(plan, 10).await;
    assert_eq!(store.read("preferences").await.status, 429);
    assert_eq!(store.control().release(plan), 10);
    for call in waiting {
        assert_eq!(call.await.unwrap().unwrap().status(), 200);
    }
    assert_eq!(store.read("preferences").await.status, 200);
    assert_eq!(store.control().entry_count(store.realm()), Ok(10));
}

#[tokio::test]
async fn limits_can_be_scaled_and_lifted() {
    let store = throttled_store().await;
    store
        .control()
        .set_limits(ThrottleLimits::default().scaled(3));
    for _ in 0..30 {
        assert_eq!(store.read("preferences").await.status, 200);
    }
    assert_eq!(store.read("preferences").await.status, 429);
    store.control().set_limits(ThrottleLimits::lifted());
    assert_eq!(store.read("preferences").await.status, 200);
}
