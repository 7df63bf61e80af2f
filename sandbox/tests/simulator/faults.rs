//! Faults on demand, with and without effect.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use sandbox::quickbooks::{FaultPlan, Hold, Operation, Outcome, Violation};

use crate::Store;

fn creating(outcome: Outcome) -> FaultPlan {
    FaultPlan::next(Operation::CreateJournalEntry, outcome)
}

#[tokio::test]
async fn a_dropped_call_ends_before_any_byte_of_an_answer() {
    let store = Store::open().await;
    store.control().plan(creating(Outcome::Drop));
    let body = store.sale("1").to_string();
    let request = format!(
        "POST /v3/company/{}/journalentry HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        store.realm(),
        store.access_token,
        body.len()
    );
    let address = store.simulator.base_url().socket_addrs(|| None).unwrap();
    let received = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(&*address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut received = Vec::new();
        // An end and a reset are both an end without an answer.
        let _ = stream.read_to_end(&mut received);
        received
    });
    assert_eq!(received.await.unwrap(), b"");
    assert_eq!(store.numbered("1"), 0);
    let calls = store.control().calls();
    let call = calls.last().unwrap();
    assert!(call.cut && call.status.is_none() && call.planned_fault.is_some());
}

#[tokio::test]
async fn a_call_dropped_after_its_effect_has_posted() {
    let store = Store::open().await;
    store.control().plan(creating(Outcome::Drop).with_commit());
    let path = "journalentry?requestid=r1";
    assert!(store.post(path, &store.sale("1")).send().await.is_err());
    assert_eq!(store.numbered("1"), 1);
    store
        .create_with_id("r1", &store.sale("1"))
        .await
        .entry_id();
    assert_eq!(
        store.numbered("1"),
        1,
        "the repeat finds the answer that was lost"
    );
}

#[tokio::test]
async fn server_errors_come_as_pages_with_and_without_effect() {
    let store = Store::open().await;
    for (status, commit) in [(500, false), (502, true), (503, false), (504, true)] {
        let number = status.to_string();
        store.control().plan(FaultPlan {
            commit,
            ..creating(Outcome::Status(status))
        });
        let answer = store.create(&store.sale(&number)).await;
        assert_eq!(answer.status, status);
        assert!(
            answer.headers["content-type"].starts_with("text/html"),
            "{}",
            answer.text
        );
        assert_eq!(store.numbered(&number), usize::from(commit));
    }
}

#[tokio::test]
async fn wait_a_few_minutes_may_have_been_saved_or_not() {
    let store = Store::open().await;
    for (number, commit) in [("1", false), ("2", true)] {
        store.control().plan(FaultPlan {
            commit,
            ..creating(Outcome::WaitAFewMinutes)
        });
        let answer = store.create(&store.sale(number)).await;
        assert_eq!(answer.codes(), ["6000"]);
        assert!(
            answer
                .detail()
                .contains("Please wait a few minutes and try again.")
        );
        assert_eq!(store.numbered(number), usize::from(commit));
    }
}

#[tokio::test]
async fn throttled_unauthorized_and_garbage_answers() {
    let store = Store::open().await;
    store.control().plan(creating(Outcome::Throttled));
    let throttled = store.create(&store.sale("1")).await;
    assert_eq!(
        (
            throttled.status,
            &throttled.body["fault"]["error"][0]["code"]
        ),
        (429, &"3001".into())
    );
    store.control().plan(creating(Outcome::Unauthorized));
    assert_eq!(store.create(&store.sale("1")).await.status, 401);
    store
        .control()
        .plan(creating(Outcome::Garbage).with_commit());
    let garbage = store.create(&store.sale("1")).await;
    assert_eq!(
        (garbage.status, garbage.body),
        (200, serde_json::Value::Null)
    );
    assert_eq!(store.numbered("1"), 1);
}

#[tokio::test]
async fn a_client_that_gives_up_does_not_undo_what_it_asked_for() {
    let store = Store::open().await;
    let plan = store
        .control()
        .plan(creating(Outcome::Answer).held(Hold::BeforeCommit));
    let slow = store.post("journalentry", &store.sale("1"));
    let slow = tokio::spawn(slow.send());
    store.control().wait_until_held(plan, 1).await;
    slow.abort();
    assert!(slow.await.unwrap_err().is_cancelled());
    assert_eq!(store.numbered("1"), 0);
    store.control().release(plan);
    until_posted(&store, "1").await;
}

/// Comes back when the late effect is in the books; a further call of the company makes it progress.
async fn until_posted(store: &Store, number: &str) {
    while store.numbered(number) == 0 {
        store.read("preferences").await;
    }
}

#[tokio::test]
async fn an_effect_can_come_after_the_connection_was_lost() {
    let store = Store::open().await;
    let late = FaultPlan {
        drop_first: true,
        ..creating(Outcome::Drop)
            .with_commit()
            .held(Hold::BeforeCommit)
    };
    let plan = store.control().plan(late);
    assert!(
        store
            .post("journalentry", &store.sale("1"))
            .send()
            .await
            .is_err()
    );
    let absent = store
        .query("select * from JournalEntry where DocNumber = '1'")
        .await;
    assert_eq!(absent.body["QueryResponse"], serde_json::json!({}));
    store.control().wait_until_held(plan, 1).await;
    store.control().release(plan);
    until_posted(&store, "1").await;
}

#[tokio::test]
async fn an_answer_can_be_held_after_its_effect() {
    let store = Store::open().await;
    let plan = store
        .control()
        .plan(creating(Outcome::Answer).held(Hold::AfterCommit));
    let release = async {
        store.control().wait_until_held(plan, 1).await;
        assert_eq!(store.numbered("1"), 1);
        store.control().clear_plans();
    };
    let sale = store.sale("1");
    let (answer, ()) = tokio::join!(store.create(&sale), release);
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_slow_call_outlasts_an_impatient_client() {
    let store = Store::open().await;
    store.control().plan(FaultPlan {
        delay_before_ms: 600_000,
        ..creating(Outcome::Answer)
    });
    let impatient = store
        .post("journalentry", &store.sale("1"))
        .timeout(Duration::from_millis(100));
    assert!(impatient.send().await.unwrap_err().is_timeout());
    assert_eq!(store.numbered("1"), 0);
    store.control().plan(FaultPlan {
        delay_before_ms: 1,
        delay_after_ms: 1,
        ..creating(Outcome::Answer)
    });
    assert_eq!(store.create(&store.sale("2")).await.status, 200);
}

#[tokio::test]
async fn plans_meet_only_what_they_name_and_as_often_as_they_say() {
    let store = Store::open().await;
    store.control().plan(FaultPlan {
        next: Some(2),
        ..creating(Outcome::Status(503)).for_doc_number("2")
    });
    assert_eq!(store.create(&store.sale("1")).await.status, 200);
    assert_eq!(store.read("preferences").await.status, 200);
    assert_eq!(store.create(&store.sale("2")).await.status, 503);
    assert_eq!(store.create(&store.sale("2")).await.status, 503);
    assert_eq!(store.create(&store.sale("2")).await.status, 200);
    store.control().plan(FaultPlan {
        next: None,
        ..creating(Outcome::Status(503))
    });
    for _ in 0..3 {
        assert_eq!(store.create(&store.sale("3")).await.status, 503);
    }
    store.control().clear_plans();
    assert_eq!(store.create(&store.sale("3")).await.status, 200);
}

#[tokio::test]
async fn chances_follow_the_seed() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let store = Store::open().await;
        store.control().plan(FaultPlan {
            per_mille: Some(500),
            next: None,
            ..creating(Outcome::Status(503))
        });
        let mut statuses = Vec::new();
        for number in 0..20 {
            statuses.push(store.create(&store.sale(&number.to_string())).await.status);
        }
        assert!(
            statuses.contains(&200) && statuses.contains(&503),
            "{statuses:?}"
        );
        runs.push(statuses);
    }
    assert_eq!(runs[0], runs[1]);
}

#[tokio::test]
async fn a_refresh_can_be_lost_after_the_token_changed() {
    let store = Store::open().await;
    store.control().advance_clock(chrono::TimeDelta::hours(25));
    store
        .control()
        .plan(FaultPlan::next(Operation::Refresh, Outcome::Drop).with_commit());
    let lost = store
        .http
        .post(store.url("/oauth2/v1/tokens/bearer"))
        .basic_auth(
            store.simulator.client_id(),
            Some(store.simulator.client_secret()),
        )
        .form(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", &store.refresh_token),
        ]);
    assert!(lost.send().await.is_err());
    assert_eq!(
        store.refresh(&store.refresh_token).await.body["error"],
        "invalid_grant"
    );
}

#[tokio::test]
async fn two_refreshes_of_one_grant_at_once_are_recorded() {
    let store = Store::open().await;
    let plan = store
        .control()
        .plan(FaultPlan::next(Operation::Refresh, Outcome::Answer).held(Hold::BeforeCommit));
    let second = async {
        store.control().wait_until_held(plan, 1).await;
        let answer = store.refresh(&store.refresh_token).await;
        store.control().release(plan);
        answer
    };
    let (first, second) = tokio::join!(store.refresh(&store.refresh_token), second);
    assert_eq!((first.status, second.status), (200, 200));
    assert_eq!(
        store.control().violations(),
        [Violation::ConcurrentRefresh {
            realm_id: store.company.realm_id.clone()
        }]
    );
}
