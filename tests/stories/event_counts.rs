//! Counts are kept, not counted: after anything that happens to events, alone or at once, they are what counting would give.

use crate::world::{Tenant, World, ticket_at};
use chrono::TimeDelta;
use reqwest::Method;
use sandbox::quickbooks::{FaultPlan, Operation, Outcome};
use serde_json::{Value, json};

/// What counting the rows gives, as the product tells it.
async fn counted(store: &Tenant<'_>) -> Vec<String> {
    store
        .world
        .rows(&format!(
            "SELECT concat_ws(' ', status, problem_code, count(*)) FROM event WHERE tenant_id = '{}'
              GROUP BY status, problem_code ORDER BY status, problem_code",
            store.id.0
        ))
        .await
}

async fn kept(store: &Tenant<'_>) -> Vec<String> {
    store
        .world
        .rows(&format!(
            "SELECT concat_ws(' ', status, nullif(problem_code, ''), sum(events)) FROM (
               SELECT * FROM event_count UNION ALL SELECT * FROM event_count_change) AS parts
              WHERE tenant_id = '{}' GROUP BY status, problem_code HAVING sum(events) <> 0 ORDER BY status, nullif(problem_code, '')",
            store.id.0
        ))
        .await
}

async fn same(store: &Tenant<'_>, when: &str) {
    let counted = counted(store).await;
    assert_eq!(kept(store).await, counted, "{when}");
    let answer = store.get("/events/counts").await;
    let sync = store.get("/sync").await;
    let mut by_status = std::collections::BTreeMap::<&str, i64>::new();
    for line in &counted {
        let words: Vec<_> = line.split(' ').collect();
        *by_status.entry(words[0]).or_default() += words.last().unwrap().parse::<i64>().unwrap();
    }
    let told: Vec<(&str, i64)> = answer["statuses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                row["status"].as_str().unwrap(),
                row["events"].as_i64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        by_status.iter().map(|(&s, &n)| (s, n)).collect::<Vec<_>>(),
        "{when}"
    );
    assert_eq!(
        answer["total"],
        json!(by_status.values().sum::<i64>()),
        "{when}"
    );
    for status in service::event::STATUSES {
        let events = by_status.get(status).copied().unwrap_or_default();
        assert_eq!(sync["events"][status], json!(events), "{when}: {status}");
    }
    let problems: i64 = answer["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["events"].as_i64().unwrap())
        .sum();
    let with_problem = |status: &str| by_status.get(status).copied().unwrap_or_default();
    assert_eq!(
        problems,
        with_problem("failed") + with_problem("skipped"),
        "{when}"
    );
}

fn paid_by(mut event: Value, payment_type: &str) -> Value {
    event["transaction"]["payments"][0]["payment_type"] = json!(payment_type);
    event
}

#[tokio::test]
async fn counts_follow_events_through_everything_that_happens_to_them() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    let other = world.tenant("Hillside").await;
    same(&store, "nothing yet").await;
    let mut events = Vec::new();
    for ticket in 0..12 {
        events.push(store.ticket(&format!("t{ticket}")).await);
    }
    events[3] = paid_by(events[3].clone(), "paypal");
    events[4] = paid_by(events[4].clone(), "paypal");
    store.send_events(events.clone()).await;
    let old = |name: &str| ticket_at(name, "2026-03-01T10:00:00Z".parse().unwrap());
    other.send_events(vec![old("old"), old("older")]).await;
    same(&store, "taken in").await;
    events[5]["memo"] = json!("changed");
    store
        .post("/events", json!({ "events": [events[5], events[6]] }))
        .await;
    same(&store, "replaced, and a duplicate").await;
    world
        .quickbooks()
        .plan(FaultPlan::next(Operation::CreateJournalEntry, Outcome::Drop).with_commit());
    store.drain().await;
    same(&store, "posted, failed and in doubt").await;
    store.settle().await;
    let counts = store.get("/events/counts").await;
    assert_eq!(
        counts["problems"],
        json!([{ "code": "missing_mappings", "status": "failed", "events": 2 }])
    );
    store.map("payment", Some("paypal"), "1010").await;
    store.post("/retry-failed", json!({})).await;
    same(&store, "retried").await;
    store.settle().await;
    same(&store, "settled").await;
    store.send_events(vec![old("p1"), old("p2")]).await;
    store
        .post(
            "/past-syncs",
            json!({ "from_date": "2026-03-01", "to_date": "2026-03-01" }),
        )
        .await;
    same(&store, "a past sync").await;
    store.settle().await;
    let new = world.company("Hillside");
    store
        .consent(&new.realm_id, json!({ "allow_company_change": true }))
        .await;
    same(&store, "another company").await;
    assert_eq!(
        store.get("/events/counts").await["statuses"],
        json!([{ "status": "never_synced", "events": 14 }])
    );
    same(&other, "the neighbour").await;
    world
        .sql("DELETE FROM event WHERE external_id = 'older'")
        .await;
    same(&other, "removed by hand").await;
}

#[tokio::test]
async fn counts_hold_while_everything_happens_at_once() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    let at = store.now().await;
    let before = |n| ticket_at(&format!("old-{n}"), at - TimeDelta::days(30));
    store.send_events((0..10).map(before).collect()).await;
    let taking_in = async {
        for batch in 0..8 {
            let events = (0..25)
                .map(|n| {
                    let event = ticket_at(&format!("b{batch}-{n}"), at + TimeDelta::seconds(1));
                    if n % 5 == 0 {
                        paid_by(event, "paypal")
                    } else {
                        event
                    }
                })
                .collect();
            store.send_events(events).await;
        }
    };
    let posting = async {
        for _ in 0..40 {
            service::posting::turn(&world.service, store.id, "story", &Default::default())
                .await
                .unwrap();
        }
    };
    let retrying = async {
        for _ in 0..20 {
            store.post("/retry-failed", json!({})).await;
        }
    };
    let reading = async {
        for _ in 0..40 {
            store.get("/events/counts").await;
            store.get("/sync").await;
        }
    };
    let changing = async {
        for _ in 0..8 {
            // Many changes at once, however few events wait by now, so that there is something to fold.
            world
                .sql(
                    "DO $$ BEGIN FOR i IN 1..60 LOOP
                       UPDATE event SET status = 'not_synced', due_at = now() WHERE id IN
                         (SELECT id FROM event WHERE status = 'never_synced' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED);
                       UPDATE event SET status = 'never_synced', due_at = NULL WHERE id IN
                         (SELECT id FROM event WHERE status = 'not_synced' ORDER BY id DESC LIMIT 1 FOR UPDATE SKIP LOCKED);
                     END LOOP; END $$",
                )
                .await;
        }
    };
    futures::join!(taking_in, posting, retrying, reading, changing);
    same(&store, "after all of it").await;
    let folded = world.rows("SELECT 'x' FROM event_count").await;
    assert!(!folded.is_empty(), "nothing was folded on the way");
    store.settle().await;
    same(&store, "in the end").await;
}

#[tokio::test]
async fn the_first_count_is_of_the_events_that_were_there() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    store
        .send_events(vec![store.ticket("t1").await, store.ticket("t2").await])
        .await;
    let owner = world.database_url(migration::roles::OWNER);
    let applied = world
        .rows("SELECT version FROM seaql_migrations WHERE version >= '0005_event_list'")
        .await;
    // As a house that is brought up to date finds them.
    let steps = u32::try_from(applied.len()).unwrap();
    migration::down(&owner, Some(steps)).await.unwrap();
    migration::up(&owner).await.unwrap();
    same(&store, "brought up to date").await;
    let (status, _) = store.send(Method::GET, "/events/counts", None).await;
    assert!(status.is_success());
}
