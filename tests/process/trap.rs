//! Where a worker is killed. A trap holds it at one step of an entry's way, by a call that QuickBooks does not answer or by a
//! lock in the database; there it is killed; then the world goes on without it.

use crate::house::House;
use crate::running::eventually;
use rand::RngExt;
use rand::rngs::StdRng;
use sandbox::quickbooks::{FaultPlan, Hold, Operation, Outcome};
use sea_orm::{ConnectionTrait, DatabaseTransaction, TransactionTrait};
use std::time::Duration;

/// A step of an entry's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Marking what a dead holder left behind.
    TakeOver,
    /// Taking a slice of the queue.
    Claim,
    /// Asking QuickBooks who holds a number: of an entry that was never sent, or of one in doubt.
    LookUp,
    /// Recording that POSTs are about to leave, or what a look-up found.
    Intent,
    /// The POST was received and never has an effect.
    Lost,
    /// The POST was received and takes effect later, when another worker is at work.
    Late,
    /// The POST has taken effect, and nobody heard the answer.
    Posted,
    /// The answer was heard and is being recorded.
    Settle,
    /// Wherever it is.
    Anywhere,
}

/// A trap that was set for the next worker.
pub struct Trap {
    step: Step,
    plan: Option<u64>,
    /// Calls that the plan will hold, or that are waited for.
    calls: usize,
    lock: Option<DatabaseTransaction>,
    pause: Duration,
    calls_before: usize,
}

impl Trap {
    /// Sets a trap while no worker is running.
    pub async fn set(house: &House, step: Step, dice: &mut StdRng) -> Self {
        let (before, after) = (Some(Hold::BeforeCommit), Some(Hold::AfterCommit));
        let post = Operation::CreateJournalEntry;
        let (held, calls) = match step {
            Step::LookUp => (Some((Operation::Query, Outcome::Answer, before)), 1),
            Step::Lost => (
                Some((post, Outcome::Drop, before)),
                dice.random_range(1..=3),
            ),
            Step::Late => (
                Some((post, Outcome::Answer, before)),
                dice.random_range(1..=3),
            ),
            Step::Posted => (
                Some((post, Outcome::Answer, after)),
                dice.random_range(1..=3),
            ),
            Step::Settle => (Some((post, Outcome::Answer, after)), 1),
            Step::Anywhere => (None, dice.random_range(0..=3)),
            Step::TakeOver | Step::Claim | Step::Intent => (None, 0),
        };
        let plan = held.map(|(operation, outcome, hold)| {
            let next = u32::try_from(calls).unwrap();
            let plan = FaultPlan::next(operation, outcome);
            house.quickbooks().plan(FaultPlan {
                next: Some(next),
                hold,
                ..plan
            })
        });
        let lock = match step {
            // What a turn writes first of all.
            Step::TakeOver => Some("LOCK TABLE journal_entry IN SHARE MODE"),
            // Keeps rows from being claimed.
            Step::Claim => Some("LOCK TABLE event IN EXCLUSIVE MODE"),
            // Lets them be claimed, and keeps them from being marked as under way.
            Step::Intent => Some("LOCK TABLE event IN SHARE MODE"),
            _ => None,
        };
        let mut trap = Self {
            step,
            plan,
            calls,
            lock: None,
            pause: Duration::from_millis(dice.random_range(0..250)),
            calls_before: posts(house),
        };
        if let Some(lock) = lock {
            trap.lock(house, lock).await;
        }
        trap
    }

    async fn lock(&mut self, house: &House, sql: &str) {
        let tx = house.database.begin().await.unwrap();
        tx.execute_unprepared(sql).await.unwrap();
        self.lock = Some(tx);
    }

    /// Comes back when the worker stands in the trap; tells what it was doing.
    pub async fn sprung(&mut self, house: &House) -> String {
        if let Some(plan) = self.plan {
            let held = house.quickbooks().wait_until_held(plan, self.calls);
            tokio::time::timeout(Duration::from_secs(60), held)
                .await
                .unwrap_or_else(|_| panic!("{:?}: {} calls are not made", self.step, self.calls));
        }
        match self.step {
            Step::Anywhere => {
                eventually("more POSTs", async || {
                    (posts(house) >= self.calls_before + self.calls).then_some(())
                })
                .await;
                tokio::time::sleep(self.pause).await;
                format!("after {} POSTs and {:?}", self.calls, self.pause)
            }
            Step::Settle => {
                self.lock(house, "SELECT FROM company_lease FOR UPDATE")
                    .await;
                house.quickbooks().release(self.plan.unwrap());
                blocked(house).await
            }
            Step::TakeOver | Step::Claim | Step::Intent => blocked(house).await,
            _ => format!("{} calls held", self.calls),
        }
    }

    /// Lets the world go on after the worker's death.
    pub async fn let_go(self, house: &House) {
        if let Some(lock) = self.lock {
            lock.rollback().await.unwrap();
        }
        if let Some(plan) = self.plan {
            house.quickbooks().release(plan);
        }
    }

    /// Sees that a death under a POST left behind what nobody recorded.
    pub async fn check(&self, house: &House) {
        if matches!(
            self.step,
            Step::Lost | Step::Late | Step::Posted | Step::Settle
        ) {
            let left = house
                .number("SELECT count(*) FROM journal_entry WHERE state = 'sending'")
                .await;
            let least = i64::try_from(self.calls).unwrap();
            assert!(left >= least, "{:?} left {left} entries behind", self.step);
        }
    }
}

/// POSTs that have arrived.
pub fn posts(house: &House) -> usize {
    let calls = house.quickbooks().calls();
    let is_post = |call: &&_| {
        matches!(
            call,
            sandbox::quickbooks::CallRecord {
                operation: Operation::CreateJournalEntry,
                ..
            }
        )
    };
    calls.iter().filter(is_post).count()
}

// The statement of the product that waits for a lock.
async fn blocked(house: &House) -> String {
    eventually("a statement that waits for the lock", async || {
        let rows = house
            .rows(
                "SELECT regexp_replace(query, '\\s+', ' ', 'g') FROM pg_stat_activity
                  WHERE usename = 'tillpost_app' AND wait_event_type = 'Lock'",
            )
            .await;
        let statement: String = rows.first()?.try_get_by_index(0).unwrap();
        Some(format!(
            "waits in: {}",
            statement.chars().take(60).collect::<String>()
        ))
    })
    .await
}
