//! What happens beside a turn that is under way: its POST is held at QuickBooks while others act.

use crate::world::{Tenant, World};
use chrono::TimeDelta;
use reqwest::Method;
use sandbox::quickbooks::{FaultPlan, Hold, Operation, Outcome};
use serde_json::json;
use service::error::Error;
use service::posting::{self, TurnEnd};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Begins a turn whose next POST stands still at QuickBooks; gives the plan to release and the turn to await.
async fn begin_held(store: &Tenant<'_>, hold: Hold) -> (u64, JoinHandle<Result<TurnEnd, Error>>) {
    let plan = FaultPlan::next(Operation::CreateJournalEntry, Outcome::Answer).held(hold);
    let plan = store.world.quickbooks().plan(plan);
    let (service, tenant) = (store.world.service.clone(), store.id);
    let turn = tokio::spawn(async move {
        posting::turn(&service, tenant, "held", &CancellationToken::new()).await
    });
    store.world.quickbooks().wait_until_held(plan, 1).await;
    (plan, turn)
}

#[tokio::test]
async fn a_holder_that_wakes_after_its_lease_settles_nothing() {
    for hold in [Hold::BeforeCommit, Hold::AfterCommit] {
        let world = World::new().await;
        let (store, company) = world.store("Harbour").await;
        let id = store.send_event(store.ticket("t1").await).await;
        let (plan, turn) = begin_held(&store, hold).await;
        world.advance(TimeDelta::seconds(61)).await;
        // A second holder takes over: what the first one sends is in doubt, and looked up when it has had its time.
        let due = store.drain().await;
        assert!(due.is_some(), "the second holder knows when to look");
        assert_eq!(store.status(&id).await, "processing");
        let other = store.send_event(store.ticket("t2").await).await;
        store.drain().await;
        assert_eq!(
            store.status(&other).await,
            "synced",
            "the others do not wait"
        );
        world.quickbooks().release(plan);
        assert_eq!(turn.await.unwrap().unwrap(), TurnEnd::Busy, "{hold:?}");
        let event = store.event(&id).await;
        assert_eq!(
            event["status"], "processing",
            "a stale holder settles nothing: {event:#}"
        );
        assert_eq!(
            event["journal_entries"][0]["attempts"][0]["outcome"], "abandoned",
            "{event:#}"
        );
        // And says nothing of when the next turn is due: the doubt is cleared without anybody waking the tenant.
        store.settle().await;
        let event = store.event(&id).await;
        assert_eq!(event["status"], "synced", "{event:#}");
        assert_eq!(
            event["journal_entries"][0]["attempts"]
                .as_array()
                .unwrap()
                .len(),
            1,
            "{event:#}"
        );
        assert_eq!(
            world.quickbooks().entry_count(&company.realm_id).unwrap(),
            2,
            "{hold:?}"
        );
    }
}

#[tokio::test]
async fn two_holders_do_not_post_to_one_company_at_once() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    store.send_event(store.ticket("t1").await).await;
    let (plan, turn) = begin_held(&store, Hold::BeforeCommit).await;
    store.send_event(store.ticket("t2").await).await;
    let second = posting::turn(
        &world.service,
        store.id,
        "second",
        &CancellationToken::new(),
    )
    .await;
    assert_eq!(second.unwrap(), TurnEnd::Busy);
    assert_eq!(
        world.quickbooks().entry_count(&company.realm_id).unwrap(),
        0
    );
    world.quickbooks().release(plan);
    turn.await.unwrap().unwrap();
    store.drain().await;
    assert_eq!(
        world.quickbooks().entry_count(&company.realm_id).unwrap(),
        2
    );
}

#[tokio::test]
async fn after_stop_sync_has_answered_only_what_was_under_way_is_settled() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let under_way = store.send_event(store.ticket("t1").await).await;
    let (plan, turn) = begin_held(&store, Hold::BeforeCommit).await;
    let queued = store.send_event(store.ticket("t2").await).await;
    store.post("/sync/stop", json!({})).await;
    world.quickbooks().release(plan);
    turn.await.unwrap().unwrap();
    store.drain().await;
    assert_eq!(store.status(&under_way).await, "synced");
    assert_eq!(store.status(&queued).await, "not_synced");
    assert_eq!(
        world.quickbooks().entry_count(&company.realm_id).unwrap(),
        1
    );
}

#[tokio::test]
async fn an_event_that_is_being_posted_is_not_replaced() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    let ticket = store.ticket("t1").await;
    let id = store.send_event(ticket.clone()).await;
    let (plan, turn) = begin_held(&store, Hold::BeforeCommit).await;
    let mut other = ticket;
    other["memo"] = json!("changed");
    let (_, answer) = store
        .send(Method::POST, "/events", Some(json!({ "events": [other] })))
        .await;
    assert_eq!(
        answer["results"][0]["problem"]["code"], "event_already_posted",
        "{answer:#}"
    );
    world.quickbooks().release(plan);
    turn.await.unwrap().unwrap();
    let event = store.event(&id).await;
    assert_eq!(
        (&event["status"], &event["version"]),
        (&json!("synced"), &json!(1)),
        "{event:#}"
    );
}

#[tokio::test]
async fn an_event_whose_entry_was_in_doubt_is_not_replaced_until_it_is_settled() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let lost = FaultPlan::next(Operation::CreateJournalEntry, Outcome::Drop);
    world.quickbooks().plan(lost);
    let ticket = store.ticket("t1").await;
    let id = store.send_event(ticket.clone()).await;
    store.drain().await;
    store.post("/sync/stop", json!({})).await;
    store.settle().await;
    // Proven absent, it waits for the sync. Under another name it might come to be there twice all the same.
    assert_eq!(store.status(&id).await, "not_synced");
    let mut other = ticket;
    other["memo"] = json!("changed");
    let request = json!({ "events": [other] });
    let (_, answer) = store.send(Method::POST, "/events", Some(request)).await;
    assert_eq!(
        answer["results"][0]["problem"]["code"], "event_already_posted",
        "{answer:#}"
    );
    store.post("/sync/start", json!({})).await;
    store.settle().await;
    let event = store.event(&id).await;
    assert_eq!(
        (&event["status"], &event["version"]),
        (&json!("synced"), &json!(1)),
        "{event:#}"
    );
    assert_eq!(
        world.quickbooks().entry_count(&company.realm_id).unwrap(),
        1
    );
}

#[tokio::test]
async fn a_company_change_while_a_post_is_under_way_settles_nothing_across() {
    let world = World::new().await;
    let (store, old) = world.store("Harbour").await;
    let id = store.send_event(store.ticket("t1").await).await;
    let (plan, turn) = begin_held(&store, Hold::AfterCommit).await;
    let new = world.company("Hillside");
    let request = json!({ "allow_company_change": true });
    assert_eq!(
        store.consent(&new.realm_id, request.clone()).await,
        "connected"
    );
    world.quickbooks().release(plan);
    assert_eq!(turn.await.unwrap().unwrap(), TurnEnd::Busy);
    store.drain().await;
    assert_eq!(store.status(&id).await, "never_synced");
    assert_eq!(world.quickbooks().entry_count(&new.realm_id).unwrap(), 0);

    // Back in the old company, the entry that came to be there is found, and no other is made.
    assert_eq!(store.consent(&old.realm_id, request).await, "connected");
    store.post("/sync/start", json!({})).await;
    store.post(&format!("/events/{id}/retry"), json!({})).await;
    store.settle().await;
    assert_eq!(store.status(&id).await, "synced");
    assert_eq!(world.quickbooks().entry_count(&old.realm_id).unwrap(), 1);
}

#[tokio::test]
async fn a_retry_after_reopening_the_period_counts_although_a_turn_is_under_way() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let realm = &company.realm_id;
    world
        .quickbooks()
        .close_books(realm, "2026-10-31".parse().unwrap(), false)
        .unwrap();
    let mut belated = store.ticket("belated").await;
    belated["business_date"] = json!("2026-10-15");
    let belated = store.send_event(belated).await;
    store.settle().await;
    assert_eq!(store.status(&belated).await, "failed");
    // The turn begins knowing the books as closed.
    store.send_event(store.ticket("t1").await).await;
    let (plan, turn) = begin_held(&store, Hold::BeforeCommit).await;
    world.quickbooks().reopen_books(realm).unwrap();
    store.post("/retry-failed", json!({})).await;
    world.quickbooks().release(plan);
    turn.await.unwrap().unwrap();
    store.drain().await;
    assert_eq!(store.status(&belated).await, "synced");
}

#[tokio::test]
async fn a_company_that_another_tenant_tried_to_take_goes_on_taking_entries() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let stranger = world.tenant("Stranger").await;
    assert_eq!(
        stranger.consent(&company.realm_id, json!({})).await,
        "company_taken"
    );
    let id = store.send_event(store.ticket("t1").await).await;
    store.drain().await;
    assert_eq!(store.status(&id).await, "synced");
    assert_eq!(store.get("/connection").await["state"], "connected");
}
