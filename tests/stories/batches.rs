//! A backlog goes to QuickBooks in batches, each of whose entries has a fate of its own; live events go singly and first.

use crate::world::{Tenant, World, golden, ticket_at};
use chrono::TimeDelta;
use sandbox::quickbooks::{CompanySummary, FaultPlan, Hold, Operation, Outcome};
use serde_json::{Value, json};
use service::posting;
use tokio_util::sync::CancellationToken;

/// A store whose sync runs, and so many tickets of October that a past sync has queued.
async fn backlog<'w>(world: &'w World, count: usize) -> (Tenant<'w>, CompanySummary, Vec<String>) {
    let (store, company) = world.store("Harbour").await;
    let ids = queue(&store, count).await;
    (store, company, ids)
}

async fn queue(store: &Tenant<'_>, count: usize) -> Vec<String> {
    let events = (0..count).map(|place| {
        let mut event = ticket_at(
            &format!("past-{place}"),
            "2026-10-05T15:00:00Z".parse().unwrap(),
        );
        event["number"] = json!(number(place));
        event
    });
    let ids = store.send_events(events.collect()).await;
    past_sync(store).await;
    ids
}

fn number(place: usize) -> String {
    format!("77{place:04}")
}

async fn past_sync(store: &Tenant<'_>) -> Value {
    let window = json!({ "from_date": "2026-10-01", "to_date": "2026-10-31" });
    store.post("/past-syncs", window).await
}

async fn statuses(store: &Tenant<'_>, ids: &[String]) -> Vec<String> {
    let mut statuses = Vec::new();
    for id in ids {
        statuses.push(store.status(id).await);
    }
    statuses
}

/// How many items each batch had that arrived.
fn batches(world: &World) -> Vec<usize> {
    let calls = world.quickbooks().calls();
    calls.iter().filter_map(|call| call.items).collect()
}

fn count(world: &World, operation: Operation) -> usize {
    let calls = world.quickbooks().calls();
    calls
        .iter()
        .filter(|call| call.operation == operation)
        .count()
}

fn entries(world: &World, company: &CompanySummary) -> usize {
    world.quickbooks().entry_count(&company.realm_id).unwrap()
}

fn plan(world: &World, outcome: Outcome) -> u64 {
    let plan = FaultPlan::next(Operation::Batch, outcome);
    world.quickbooks().plan(plan)
}

async fn attempts(store: &Tenant<'_>, id: &str) -> Vec<String> {
    let event = store.event(id).await;
    event["journal_entries"][0]["attempts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|attempt| {
            attempt["outcome"]
                .as_str()
                .unwrap_or("under way")
                .to_owned()
        })
        .collect()
}

#[tokio::test]
async fn a_backlog_of_every_kind_goes_in_batches_and_equals_the_ledger() {
    let world = World::new().await;
    let mut balances = Vec::new();
    // The same events once in batches and once singly.
    for in_batches in [true, false] {
        let (store, company) = world.store("Harbour").await;
        store.patch_settings(json!({ "batches": in_batches })).await;
        let cases = golden();
        let events = cases["cases"].as_array().unwrap().iter().zip(1..);
        let events = events.map(|(case, place)| {
            let mut event = case["event"].clone();
            event["external_id"] = json!(format!("case-{place}"));
            event["business_date"] = json!(format!("2026-10-{place:02}"));
            event["occurred_at"] = json!(format!("2026-10-{place:02}T18:22:05Z"));
            event.as_object_mut().unwrap().remove("number");
            event
        });
        let ids = store.send_events(events.collect()).await;
        let before: usize = batches(&world).iter().sum();
        past_sync(&store).await;
        store.settle().await;
        let statuses = statuses(&store, &ids).await;
        let synced = statuses.iter().filter(|status| *status == "synced").count();
        assert!(
            statuses
                .iter()
                .all(|status| status != "processing" && status != "not_synced")
        );
        assert_eq!(synced, entries(&world, &company));
        assert!(synced > 20, "{statuses:?}");
        let items = batches(&world).iter().sum::<usize>() - before;
        assert!(
            if in_batches {
                items >= synced
            } else {
                items == 0
            },
            "{items}"
        );
        let balance = world.quickbooks().trial_balance(&company.realm_id).unwrap();
        let rows = balance.accounts.into_iter();
        let rows = rows.map(|row| {
            (
                row.account_id,
                row.debit.to_string(),
                row.credit.to_string(),
            )
        });
        balances.push(rows.collect::<Vec<_>>());
    }
    assert_eq!(balances[0], balances[1]);
    assert!(world.quickbooks().violations().is_empty());
}

#[tokio::test]
async fn one_faulty_item_fails_alone_and_in_its_own_words() {
    let world = World::new().await;
    let (store, company, ids) = backlog(&world, 20).await;
    let refused = FaultPlan::next(Operation::CreateJournalEntry, Outcome::Fault(6430));
    world.quickbooks().plan(refused.for_doc_number(&number(7)));
    store.drain().await;
    let event = store.event(&ids[7]).await;
    assert_eq!(event["status"], "failed", "{event:#}");
    assert_eq!(attempts(&store, &ids[7]).await, ["rejected"]);
    let mut statuses = statuses(&store, &ids).await;
    statuses.remove(7);
    assert!(
        statuses.iter().all(|status| status == "synced"),
        "{statuses:?}"
    );
    assert_eq!((entries(&world, &company), batches(&world)), (19, vec![20]));
}

#[tokio::test]
async fn a_lost_batch_is_looked_up_by_one_query_and_posted_exactly_once() {
    for arrived in [true, false] {
        let world = World::new().await;
        let (store, company, ids) = backlog(&world, 25).await;
        let lost = FaultPlan::next(Operation::Batch, Outcome::Drop);
        let lost = if arrived { lost.with_commit() } else { lost };
        world.quickbooks().plan(lost);
        store.drain().await;
        assert!(
            statuses(&store, &ids)
                .await
                .iter()
                .all(|status| status == "processing")
        );
        let queries = count(&world, Operation::Query);
        store.settle().await;
        assert!(
            statuses(&store, &ids)
                .await
                .iter()
                .all(|status| status == "synced")
        );
        assert_eq!(entries(&world, &company), 25);
        let looked_up = count(&world, Operation::Query) - queries;
        // Absent twice, and then sent again as the same items: one, to see whether the company is well, and the rest.
        let (queries, sent) = if arrived {
            (1, vec![25])
        } else {
            (2, vec![25, 1, 24])
        };
        assert_eq!((looked_up, batches(&world)), (queries, sent));
        let names: Vec<Option<String>> = world
            .quickbooks()
            .calls()
            .into_iter()
            .filter(|call| call.items.is_some())
            .map(|call| call.request_id)
            .collect();
        assert!(names.iter().all(|name| *name == names[0]), "{names:?}");
        assert!(world.quickbooks().violations().is_empty());
    }
}

#[tokio::test]
async fn an_item_that_is_missing_or_in_doubt_is_looked_up_alone() {
    for arrived in [true, false] {
        let world = World::new().await;
        let (store, company, ids) = backlog(&world, 20).await;
        for (place, outcome) in [
            (3, Outcome::Drop),
            (8, Outcome::WaitAFewMinutes),
            (9, Outcome::Garbage),
        ] {
            let plan = FaultPlan::next(Operation::CreateJournalEntry, outcome);
            let plan = plan.for_doc_number(&number(place));
            world
                .quickbooks()
                .plan(if arrived { plan.with_commit() } else { plan });
        }
        store.drain().await;
        let after = statuses(&store, &ids).await;
        let in_doubt: Vec<usize> = (0..20)
            .filter(|place| after[*place] == "processing")
            .collect();
        assert_eq!(in_doubt, [3, 8, 9]);
        store.settle().await;
        assert!(
            statuses(&store, &ids)
                .await
                .iter()
                .all(|status| status == "synced")
        );
        assert_eq!(entries(&world, &company), 20);
        let sent = if arrived { vec![20] } else { vec![20, 3] };
        assert_eq!(batches(&world), sent, "as the items that they were");
        assert!(world.quickbooks().violations().is_empty());
    }
}

#[tokio::test]
async fn a_throttled_batch_waits_and_goes_out_again_under_its_names() {
    let world = World::new().await;
    let (store, company, ids) = backlog(&world, 20).await;
    plan(&world, Outcome::Throttled);
    let due = store.drain().await.unwrap();
    assert!(
        due - store.now().await > TimeDelta::seconds(50),
        "the company is left alone"
    );
    assert_eq!(store.get("/sync").await["waiting"], "throttled");
    store.settle().await;
    assert!(
        statuses(&store, &ids)
            .await
            .iter()
            .all(|status| status == "synced")
    );
    assert_eq!(
        (entries(&world, &company), batches(&world)),
        (20, vec![20, 20])
    );
    assert_eq!(attempts(&store, &ids[0]).await, ["throttled", "posted"]);
    assert!(world.quickbooks().violations().is_empty());
}

#[tokio::test]
async fn a_batch_whose_token_is_refused_goes_out_again_with_a_fresh_one() {
    let world = World::new().await;
    let (store, company, ids) = backlog(&world, 10).await;
    plan(&world, Outcome::Unauthorized);
    store.settle().await;
    assert!(
        statuses(&store, &ids)
            .await
            .iter()
            .all(|status| status == "synced")
    );
    assert_eq!(
        (entries(&world, &company), batches(&world)),
        (10, vec![10, 10])
    );
    assert_eq!(count(&world, Operation::Refresh), 1);
}

#[tokio::test]
async fn a_batch_that_is_refused_as_a_whole_is_halved_until_the_item_is_found() {
    let world = World::new().await;
    let (store, company, ids) = backlog(&world, 8).await;
    // The whole, then the first half, and then one quarter; what is left goes well.
    for _ in 0..3 {
        plan(&world, Outcome::Fault(2010));
    }
    store.settle().await;
    assert!(
        statuses(&store, &ids)
            .await
            .iter()
            .all(|status| status == "synced")
    );
    assert_eq!(batches(&world), [8, 4, 2, 1, 1, 2, 4]);
    assert_eq!(entries(&world, &company), 8);
    assert!(world.quickbooks().violations().is_empty());
}

#[tokio::test]
async fn a_live_event_goes_ahead_of_a_backlog_that_is_under_way() {
    let world = World::new().await;
    let (store, company, ids) = backlog(&world, 20).await;
    let held = FaultPlan::next(Operation::Batch, Outcome::Answer).held(Hold::BeforeCommit);
    let held = world.quickbooks().plan(held);
    let (service, tenant) = (world.service.clone(), store.id);
    let turn = tokio::spawn(async move {
        posting::turn(&service, tenant, "held", &CancellationToken::new()).await
    });
    world.quickbooks().wait_until_held(held, 1).await;
    let live = store.send_event(store.ticket("live").await).await;
    for _ in 0..600 {
        if store.status(&live).await == "synced" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(
        store.status(&live).await,
        "synced",
        "while the batch stands still"
    );
    assert_eq!(entries(&world, &company), 1);
    assert!(
        statuses(&store, &ids)
            .await
            .iter()
            .all(|status| status == "processing")
    );
    world.quickbooks().release(held);
    turn.await.unwrap().unwrap();
    store.drain().await;
    assert_eq!(entries(&world, &company), 21);
    assert_eq!(batches(&world), [20], "live ones go singly");
}

#[tokio::test]
async fn without_batches_everything_goes_singly() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    assert_eq!(store.get("/settings").await["batches"], true);
    let settings = store.patch_settings(json!({ "batches": false })).await;
    assert_eq!(settings["batches"], false);
    queue(&store, 40).await;
    store.drain().await;
    assert_eq!((entries(&world, &company), batches(&world)), (40, vec![]));
    // What goes out in a batch goes out again as its item, whatever is wished meanwhile.
    store.patch_settings(json!({ "batches": true })).await;
    let more = (100..120).map(|place| {
        ticket_at(
            &format!("more-{place}"),
            "2026-10-06T15:00:00Z".parse().unwrap(),
        )
    });
    store.send_events(more.collect()).await;
    past_sync(&store).await;
    plan(&world, Outcome::Drop);
    store.drain().await;
    store.patch_settings(json!({ "batches": false })).await;
    store.settle().await;
    assert_eq!(
        (entries(&world, &company), batches(&world)),
        (60, vec![20, 1, 19])
    );
    assert!(world.quickbooks().violations().is_empty());
}

#[tokio::test]
async fn several_batches_cost_one_read_where_the_company_does_not_guard_its_numbers() {
    let world = World::new().await;
    let (store, company, _) = backlog(&world, 120).await;
    let before = world.quickbooks().counters().core_plus;
    store.drain().await;
    assert_eq!(entries(&world, &company), 120);
    let read = world.quickbooks().counters().core_plus - before;
    assert_eq!((read, batches(&world)), (1, vec![30, 30, 30, 30]));
}
