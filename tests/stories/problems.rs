//! Failures that explain themselves: each code is caused for real, read as a person reads it, cured as its steps say, and
//! retried.

use crate::problems::told::calls;
use crate::world::World;
use chrono::TimeDelta;
use reqwest::{Method, StatusCode};
use sandbox::quickbooks::{FaultPlan, Operation, Outcome};
use serde_json::{Value, json};
use service::problem::{Code, registry};

mod books;
mod event;
mod mapping;
mod together;
mod told;
mod words;

/// A story for each code; a code without one does not compile.
///
/// QuickBooks itself refuses what a person can lead it to refuse. Four refusals are planned faults instead: an account type (6430) is
/// refused by rules that nobody has recorded; a currency (2220) only where an entry names one, and ours name none; a property
/// (2010) only where we send one that does not exist; a matched transaction (6480) only where an entry is changed, which we never do.
macro_rules! stories {
    ($($code:ident => $kind:ident::$story:ident;)+) => {
        $(#[tokio::test] async fn $story() { $kind::$story().await; })+

        fn story_of(code: Code) -> &'static str {
            match code {$(Code::$code => stringify!($story)),+}
        }
    };
}

stories! {
    MissingMappings => mapping::what_is_paid_with_something_unknown_names_it;
    UnbalancedEvent => event::a_ticket_whose_payments_differ_names_both_sums;
    ForeignCurrency => event::an_event_in_another_currency_names_both;
    TooManyDecimals => event::cents_in_a_company_without_cents_are_named;
    AmountTooLarge => event::a_sum_beyond_what_books_hold_is_the_senders;
    ClosedPeriod => books::a_closed_period_is_named_with_its_date;
    NumberTaken => books::a_taken_number_names_its_holder;
    AccountInactive => mapping::an_account_made_inactive_is_named;
    ReferenceMissing => mapping::an_account_that_is_gone_is_named;
    NameRequired => mapping::an_account_that_became_receivable_is_named;
    AccountTypeRefused => mapping::a_refused_type_lists_the_accounts_with_their_types;
    CurrencyNotEnabled => books::a_refused_currency_is_quoted;
    PlanLacksFeature => books::a_plan_that_lacks_a_feature_is_quoted;
    InvalidEntry => books::a_mistake_of_ours_says_so;
    EventAlreadyPosted => books::another_version_in_the_books_is_named;
    UnreadableEvent => event::an_event_of_older_rules_is_the_senders;
    Rejected => books::a_refusal_of_quickbooks_own_is_quoted;
    NothingToPost => event::an_event_of_zeros_needs_nobody;
    NetsToZero => event::an_event_that_nets_to_nothing_needs_nobody;
}

#[test]
fn each_code_has_a_story_of_its_own() {
    let mut names: Vec<_> = Code::ALL.into_iter().map(story_of).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Code::ALL.len());
}

#[tokio::test]
async fn anybody_may_read_the_codes_and_what_to_do_about_them() {
    let world = World::new().await;
    let answer = world
        .answer(
            world
                .http()
                .get(world.base.join("v1/problem-codes").unwrap()),
        )
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json()["items"], json!(registry()));
    assert_eq!(
        answer.json()["items"].as_array().unwrap().len(),
        Code::ALL.len()
    );
}

#[tokio::test]
async fn failed_events_are_retried_by_problem_and_counted() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    let mut events = Vec::new();
    for (name, payment, amount) in [
        ("p1", "paypal", "50.00"),
        ("p2", "paypal", "50.00"),
        ("u1", "cash", "51.00"),
    ] {
        let mut ticket = store.ticket(name).await;
        ticket["transaction"]["payments"][0] = json!({ "payment_type": payment, "amount": amount });
        events.push(ticket);
    }
    let mut cad = store.ticket("c1").await;
    cad["currency"] = json!("CAD");
    events.push(cad);
    let ids = store.send_events(events).await;
    store.drain().await;

    let (status, problem) = store
        .send(
            Method::POST,
            "/retry-failed",
            Some(json!({ "problem_code": "unmapped" })),
        )
        .await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        (&problem["code"], &problem["errors"][0]["field"]),
        (&json!("unknown_problem_code"), &json!("problem_code")),
        "{problem:#}"
    );
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("missing_mappings"),
        "{problem:#}"
    );
    let several = json!({ "problem_codes": ["missing_mappings", "unmapped"] });
    let (_, problem) = store
        .send(Method::POST, "/retry-failed", Some(several))
        .await;
    assert_eq!(
        problem["errors"][0]["field"], "problem_codes[1]",
        "{problem:#}"
    );
    let both = json!({ "problem_code": "rejected", "problem_codes": ["rejected"] });
    let (status, problem) = store.send(Method::POST, "/retry-failed", Some(both)).await;
    assert_eq!(
        (status.as_u16(), &problem["code"]),
        (422, &json!("two_filters"))
    );
    for id in &ids {
        assert_eq!(store.status(id).await, "failed", "nothing was queued");
    }

    store.map("payment", Some("paypal"), "1200").await;
    let codes = json!({ "problem_codes": ["missing_mappings", "unbalanced_event"] });
    let answer = store.post("/retry-failed", codes).await;
    assert_eq!(answer["queued"], 3, "{answer:#}");
    let by_problem = answer["by_problem"].as_array().unwrap();
    assert_eq!(
        (
            &by_problem[0]["problem_code"],
            &by_problem[0]["queued"],
            &by_problem[0]["advice"]
        ),
        (&json!("missing_mappings"), &json!(2), &Value::Null),
        "{answer:#}"
    );
    assert_eq!(
        (&by_problem[1]["problem_code"], &by_problem[1]["queued"]),
        (&json!("unbalanced_event"), &json!(1)),
        "{answer:#}"
    );
    assert!(
        by_problem[1]["advice"]
            .as_str()
            .unwrap()
            .contains("a retry alone does not help"),
        "{answer:#}"
    );
    store.drain().await;
    let mut statuses = Vec::new();
    for id in &ids {
        statuses.push(store.status(id).await);
    }
    assert_eq!(statuses, ["synced", "synced", "failed", "failed"]);
    let one = store
        .post(&format!("/events/{}/retry", ids[2]), json!({}))
        .await;
    assert_eq!(one["status"], "not_synced");
    assert!(
        one["advice"].as_str().unwrap().contains("does not help"),
        "{one:#}"
    );
    store.drain().await;
    let rest = store.post("/retry-failed", json!({})).await;
    assert_eq!(rest["queued"], 2, "{rest:#}");
}

/// A queue that was held is tried again when a person acts, or after a while.
#[tokio::test]
async fn a_held_queue_is_tried_with_one_entry_and_goes_on_when_it_goes_through() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let plan = FaultPlan {
        next: None,
        ..FaultPlan::next(Operation::CreateJournalEntry, Outcome::Fault(5020))
    };
    world.quickbooks().plan(plan);
    let mut events = Vec::new();
    for n in 0..40 {
        events.push(store.ticket(&format!("t{n}")).await);
    }
    store.send_events(events).await;
    let due = store.drain().await.unwrap();
    let sync = store.get("/sync").await;
    assert_eq!(
        (&sync["events"]["failed"], &sync["events"]["not_synced"]),
        (&json!(10), &json!(30)),
        "{sync:#}"
    );
    assert_eq!(sync["waiting"], "plan_lacks_feature", "{sync:#}");
    assert_eq!(calls(&world), 10);
    let wait = due - store.now().await;
    assert!(
        wait > TimeDelta::minutes(4) && wait <= TimeDelta::minutes(5),
        "{wait}"
    );
    world.advance(wait + TimeDelta::seconds(1)).await;
    let due = store.drain().await.unwrap();
    assert_eq!(calls(&world), 11, "one, to see");
    assert!(due - store.now().await > TimeDelta::minutes(50));
    // A person who starts the sync again wants to see whether it goes.
    store.post("/sync/start", json!({})).await;
    let due = store.drain().await.unwrap();
    assert_eq!(calls(&world), 12, "one more");
    assert!(due - store.now().await > TimeDelta::hours(20));
    // The plan was changed in QuickBooks, and a person retries.
    world.quickbooks().clear_plans();
    let answer = store
        .post(
            "/retry-failed",
            json!({ "problem_code": "plan_lacks_feature" }),
        )
        .await;
    assert_eq!(answer["queued"], 12, "{answer:#}");
    assert_eq!(store.drain().await, None);
    assert_eq!(
        world.quickbooks().entry_count(&company.realm_id).unwrap(),
        40
    );
    assert_eq!(store.get("/sync").await["message"], "Things are good");
}
