//! Many at once, in many processes: one refresh.

use super::{all_is_well, old_tokens_live, refreshes, told, well_behaved};
use crate::beside::Beside;
use crate::world::{Tenant, World, ticket_at};
use chrono::TimeDelta;
use sandbox::quickbooks::{FaultPlan, Hold, Operation, Outcome};
use serde_json::{Value, json};

/// Callers at once.
const MANY: usize = 32;
/// Processes that they come to.
const INSTANCES: usize = 4;

/// A connected tenant with an event that waits for a past sync.
async fn store(world: &World) -> (Tenant<'_>, String) {
    let (store, company) = world.store("Harbour").await;
    let before = ticket_at("past", "2026-10-05T15:00:00Z".parse().unwrap());
    store.send_event(before).await;
    (store, company.realm_id)
}

/// Dry runs through the doors of every instance at once, each of which reads in QuickBooks. All reads stand still until all have
/// come, and then all are refused at once. Gives their answers.
async fn refused_at_once(world: &World, store: &Tenant<'_>, instances: &[Beside]) -> Vec<Value> {
    let refusals = world.quickbooks().plan(FaultPlan {
        operation: Some(Operation::Query),
        next: Some(u32::try_from(MANY).unwrap()),
        outcome: Outcome::Unauthorized,
        hold: Some(Hold::BeforeCommit),
        ..FaultPlan::default()
    });
    let callers: Vec<_> = (0..MANY)
        .map(|caller| {
            let base = &instances[caller % INSTANCES].base;
            let path = store.path("/past-syncs/dry-run");
            let request = world
                .http()
                .post(base.join(&path).unwrap())
                .bearer_auth(&store.key)
                .json(&json!({ "from_date": "2026-10-01", "to_date": "2026-10-31" }));
            tokio::spawn(async move {
                let answer = request.send().await.unwrap();
                let text = answer.text().await.unwrap();
                serde_json::from_str::<Value>(&text).unwrap_or_else(|_| panic!("{text}"))
            })
        })
        .collect();
    world.quickbooks().wait_until_held(refusals, MANY).await;
    world.quickbooks().release(refusals);
    let mut answers = Vec::with_capacity(MANY);
    for caller in callers {
        answers.push(caller.await.unwrap());
    }
    answers
}

async fn instances(world: &World) -> Vec<Beside> {
    let mut instances = Vec::with_capacity(INSTANCES);
    for _ in 0..INSTANCES {
        instances.push(Beside::start(world).await);
    }
    instances
}

#[tokio::test]
async fn thirty_two_refusals_at_once_cause_one_refresh() {
    for (hours, revokes_family) in [(0, true), (24, false)] {
        let world = World::new().await;
        old_tokens_live(&world, hours, revokes_family);
        let (store, _) = store(&world).await;
        world.advance(TimeDelta::minutes(10)).await;
        let instances = instances(&world).await;
        assert_eq!(refreshes(&world), 0);
        let answers = refused_at_once(&world, &store, &instances).await;
        for dry_run in &answers {
            assert_eq!(dry_run["numbers"]["checked"], 1, "{dry_run:#}");
        }
        assert_eq!(refreshes(&world), 1);
        well_behaved(&world);
        all_is_well(&store).await;
    }
}

#[tokio::test]
async fn a_dead_grant_is_found_out_by_one_of_thirty_two() {
    let world = World::new().await;
    let (store, realm) = store(&world).await;
    let instances = instances(&world).await;
    let held = world
        .quickbooks()
        .plan(FaultPlan::next(Operation::Refresh, Outcome::Answer).held(Hold::BeforeCommit));
    let revoke = async {
        world.quickbooks().wait_until_held(held, 1).await;
        world.quickbooks().revoke_grants(&realm).unwrap();
        world.quickbooks().release(held);
    };
    let (answers, ()) = tokio::join!(refused_at_once(&world, &store, &instances), revoke);
    for dry_run in &answers {
        assert_eq!(dry_run["numbers"]["checked"], 0, "{dry_run:#}");
    }
    assert_eq!(refreshes(&world), 1);
    let alert = told(&store, "authentication_lost", "revoked").await;
    assert_eq!(alert["occurrences"], 1, "{alert:#}");
    store.connect(&realm).await;
    all_is_well(&store).await;
}

#[tokio::test]
async fn turns_of_one_company_everywhere_refresh_it_once() {
    let world = World::new().await;
    let (store, _) = store(&world).await;
    let instances = instances(&world).await;
    world.advance(TimeDelta::hours(2)).await;
    store.send_event(store.ticket("t1").await).await;
    let turns: Vec<_> = (0..MANY)
        .map(|turn| instances[turn % INSTANCES].turn(store.id))
        .collect();
    let looks: Vec<_> = instances.iter().map(Beside::look_after_grants).collect();
    for turn in turns {
        turn.await.unwrap().unwrap();
    }
    for look in looks {
        look.await.unwrap().unwrap();
    }
    assert_eq!(refreshes(&world), 1);
    well_behaved(&world);
    all_is_well(&store).await;
}

#[tokio::test]
async fn grants_that_are_due_are_refreshed_once_however_many_workers_look() {
    let world = World::new().await;
    let mut stores = Vec::new();
    for name in ["Harbour", "Hillside", "Valley", "Meadow", "Forest"] {
        stores.push(world.store(name).await);
    }
    let instances = instances(&world).await;
    world.advance(TimeDelta::hours(2)).await;
    let looks: Vec<_> = instances.iter().map(Beside::look_after_grants).collect();
    let mut found = 0;
    for look in looks {
        found += look.await.unwrap().unwrap();
    }
    assert!(found >= stores.len(), "{found}");
    assert_eq!(refreshes(&world), stores.len());
    well_behaved(&world);
    for (store, _) in &stores {
        all_is_well(store).await;
    }
}
