//! A process dies at every step of a refresh: no grant is lost, except where QuickBooks gave a new token, nobody stored it, and
//! the old one is dead at once; and that is said.

use super::{all_is_well, look, old_tokens_live, refreshes, told};
use crate::beside::Beside;
use crate::world::{Tenant, World};
use chrono::TimeDelta;
use sandbox::quickbooks::{FaultPlan, Hold, Operation, Outcome};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use std::time::Duration;

/// The step at which the process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Death {
    /// It is about to claim the refresh.
    BeforeClaim,
    /// The claim is committed; nothing has left.
    Claimed,
    /// The request has left and never arrives.
    RequestLost,
    /// The request has taken effect; the answer never arrives.
    AnswerLost,
    /// The answer has arrived; nothing is committed.
    Answered,
    /// The pair is committed, and not used.
    Committed,
}

/// Holds the grant's row, so that whoever writes it waits.
struct Row(DatabaseConnection);

impl Row {
    async fn hold(world: &World) -> Self {
        let mut options = sea_orm::ConnectOptions::new(world.database_url("postgres"));
        options.max_connections(1);
        let row = Self(Database::connect(options).await.unwrap());
        row.run("BEGIN; SELECT 1 FROM connection_grant FOR UPDATE")
            .await;
        row
    }

    async fn run(&self, sql: &str) {
        self.0.execute_unprepared(sql).await.unwrap();
    }

    /// Returns when somebody waits for the row.
    async fn is_wanted(&self, world: &World) {
        let waiting = format!(
            "SELECT 'waits' FROM pg_stat_activity WHERE datname = '{}' AND wait_event_type = 'Lock'",
            world.database
        );
        while world.rows(&waiting).await.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn let_go(self) {
        self.run("ROLLBACK").await;
        self.0.close().await.unwrap();
    }
}

/// An instance begins to refresh the grant that is due, and dies at this step.
async fn die(world: &World, death: Death) {
    let instance = Beside::start(world).await;
    let quickbooks = world.quickbooks();
    let begin = |instance: &Beside| drop(instance.look_after_grants());
    match death {
        Death::BeforeClaim => {
            let row = Row::hold(world).await;
            begin(&instance);
            row.is_wanted(world).await;
            instance.kill();
            row.let_go().await;
        }
        Death::Claimed | Death::RequestLost | Death::AnswerLost => {
            let plan = match death {
                // What it asks first, before it can refresh.
                Death::Claimed => FaultPlan::next(Operation::Discovery, Outcome::Drop),
                Death::RequestLost => FaultPlan::next(Operation::Refresh, Outcome::Drop),
                _ => FaultPlan::next(Operation::Refresh, Outcome::Drop).with_commit(),
            };
            let held = quickbooks.plan(plan.held(Hold::AfterCommit));
            begin(&instance);
            quickbooks.wait_until_held(held, 1).await;
            instance.kill();
            quickbooks.release(held);
        }
        Death::Answered => {
            let plan = FaultPlan::next(Operation::Refresh, Outcome::Answer);
            let held = quickbooks.plan(plan.held(Hold::AfterCommit));
            begin(&instance);
            quickbooks.wait_until_held(held, 1).await;
            let row = Row::hold(world).await;
            quickbooks.release(held);
            row.is_wanted(world).await;
            instance.kill();
            row.let_go().await;
        }
        Death::Committed => {
            assert_eq!(instance.look_after_grants().await.unwrap().unwrap(), 1);
            instance.kill();
        }
    }
}

/// Whatever was left behind is found out when its time is over, and by a sale that needs the token.
async fn survive(world: &World, store: &Tenant<'_>, died: Death) -> String {
    let asked = refreshes(world);
    if !matches!(died, Death::BeforeClaim | Death::Committed) {
        look(world).await;
        assert_eq!(
            refreshes(world),
            asked,
            "{died:?}: nobody refreshes beside one who may be alive"
        );
    }
    world.advance(TimeDelta::seconds(181)).await;
    let event = store.ticket("after").await;
    let id = store.send_event(event).await;
    store.settle().await;
    id
}

async fn dies_at(death: Death) {
    // How long after the consent the refresh is made (within a day the token stays as it is), and how long an old token lives.
    for (hours, old_lives, revokes_family) in
        [(2, 0, true), (25, 24, true), (25, 0, false), (25, 0, true)]
    {
        let world = World::new().await;
        old_tokens_live(&world, old_lives, revokes_family);
        let (store, company) = world.store("Harbour").await;
        world.advance(TimeDelta::hours(hours)).await;
        die(&world, death).await;
        let id = survive(&world, &store, death).await;
        let what = format!("{death:?}, {hours} h, old token lives {old_lives} h");
        let answer_lost = matches!(death, Death::AnswerLost | Death::Answered);
        if answer_lost && hours > 24 && old_lives == 0 {
            assert_eq!(store.status(&id).await, "not_synced", "{what}");
            told(
                &store,
                "authentication_lost",
                "its answer was lost on the way",
            )
            .await;
            let asked = refreshes(&world);
            for _ in 0..3 {
                world.advance(TimeDelta::days(1)).await;
                look(&world).await;
                store.drain().await;
            }
            assert_eq!(
                refreshes(&world),
                asked,
                "{what}: a dead token is not tried again"
            );
            store.connect(&company.realm_id).await;
            store.settle().await;
        }
        assert_eq!(store.status(&id).await, "synced", "{what}");
        all_is_well(&store).await;
        let entries = world.quickbooks().entry_count(&company.realm_id).unwrap();
        assert_eq!(entries, 2, "{what}");
    }
}

#[tokio::test]
async fn a_process_dies_before_it_claims_a_refresh() {
    dies_at(Death::BeforeClaim).await;
}

#[tokio::test]
async fn a_process_dies_when_it_has_claimed_a_refresh() {
    dies_at(Death::Claimed).await;
}

#[tokio::test]
async fn a_process_dies_and_its_request_is_lost() {
    dies_at(Death::RequestLost).await;
}

#[tokio::test]
async fn a_process_dies_and_its_answer_is_lost() {
    dies_at(Death::AnswerLost).await;
}

#[tokio::test]
async fn a_process_dies_with_the_answer_in_its_hands() {
    dies_at(Death::Answered).await;
}

#[tokio::test]
async fn a_process_dies_when_the_new_pair_is_committed() {
    dies_at(Death::Committed).await;
}
