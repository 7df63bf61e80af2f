//! What the storm does to the processes, to Redis and PostgreSQL, and to what QuickBooks answers.

use crate::house::House;
use crate::lane::spelt;
use crate::points;
use crate::running::Running;
use crate::store::serving;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use sandbox::quickbooks::{FaultPlan, Operation, Outcome};
use sandbox::servers::Server;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// A holder's lease, in the product's time.
const LEASE: Duration = Duration::from_secs(60);
/// The longest that QuickBooks works on a request, in the product's time.
const WORK_MAX: Duration = Duration::from_secs(110);

/// The chaos, with the processes it is let loose on.
pub struct Chaos<'a> {
    house: &'a House,
    dice: StdRng,
    faster: u32,
    realms: Vec<String>,
    api: Process,
    workers: Vec<Process>,
    /// How often each thing happened.
    pub struck: BTreeMap<String, u32>,
}

/// A process, or the place of one that is to be started again.
struct Process {
    command: &'static str,
    running: Running,
    /// When it goes on, where it was stopped.
    stopped_until: Option<Instant>,
    /// When another is started, where it is dead.
    dead_until: Option<Instant>,
}

impl Process {
    fn of(command: &'static str, running: Running) -> Self {
        Self {
            command,
            running,
            stopped_until: None,
            dead_until: None,
        }
    }

    fn is_up(&self) -> bool {
        self.stopped_until.is_none() && self.dead_until.is_none()
    }
}

impl<'a> Chaos<'a> {
    pub fn over(
        house: &'a House,
        api: Running,
        workers: Vec<Running>,
        realms: Vec<String>,
        faster: u32,
        seed: u64,
    ) -> Self {
        Self {
            house,
            dice: StdRng::seed_from_u64(seed),
            faster,
            realms,
            api: Process::of("api", api),
            workers: workers
                .into_iter()
                .map(|running| Process::of("worker", running))
                .collect(),
            struck: BTreeMap::new(),
        }
    }

    /// Rages until then.
    pub async fn rage(&mut self, until: Instant) {
        self.plan_what_always_happens();
        while Instant::now() < until {
            self.tend().await;
            self.strike().await;
            let pause = Duration::from_millis(self.dice.random_range(500..5500));
            sleep(self.real(pause)).await;
        }
    }

    /// Ends: everybody goes on, nobody is armed, QuickBooks answers well.
    pub async fn end(&mut self) {
        self.house.quickbooks().clear_plans();
        for place in 0..=self.workers.len() {
            let process = self.process(place);
            process.running.go_on();
            process.running.end().await;
            process.stopped_until = None;
            process.dead_until = None;
            let command = process.command;
            let running = self.house.start(command);
            self.process(place).running = running;
        }
        serving(&mut self.api.running).await;
    }

    /// Asks every process to end, and sees that it ends well.
    pub async fn stop(self) {
        for process in self.workers {
            process.running.stop().await;
        }
        self.api.running.stop().await;
    }

    fn process(&mut self, place: usize) -> &mut Process {
        match place {
            0 => &mut self.api,
            place => &mut self.workers[place - 1],
        }
    }

    fn note(&mut self, what: impl Into<String>) {
        *self.struck.entry(what.into()).or_default() += 1;
    }

    // Product's time, as long as it is in the world.
    fn real(&self, product: Duration) -> Duration {
        product / self.faster
    }

    // Whoever was stopped for long enough goes on; the dead are followed by others, some of which are told where to die.
    async fn tend(&mut self) {
        for place in 0..=self.workers.len() {
            let now = Instant::now();
            let process = self.process(place);
            if process.stopped_until.is_some_and(|until| until <= now) {
                process.running.go_on();
                process.stopped_until = None;
            }
            if process.dead_until.is_none() && process.running.has_ended() {
                let command = process.command;
                process.dead_until = Some(now);
                self.note(format!("{command} died at a fail point"));
            }
            if self
                .process(place)
                .dead_until
                .is_some_and(|until| until <= now)
            {
                let command = self.process(place).command;
                let armed = self.dice.random_ratio(1, 2);
                let point = armed.then(|| spelt(points::some(command, &mut self.dice)));
                let running = self.house.start_armed(command, point);
                let process = self.process(place);
                process.running = running;
                process.dead_until = None;
            }
        }
    }

    async fn strike(&mut self) {
        match self.dice.random_range(0..100) {
            0..13 => self.kill_a_worker().await,
            13..18 => self.kill(0).await,
            18..25 => self.stop_a_worker(true),
            25..30 => self.stop_a_worker(false),
            30..36 => {
                // Where Redis is just coming up there is nothing to flush.
                let _ = self.house.redis("FLUSHALL").await;
                self.note("redis flushed");
            }
            36..40 => {
                self.house.crash(Server::Redis).await;
                self.note("redis killed, begun anew and empty");
            }
            40..44 => {
                self.house.crash(Server::Postgres).await;
                self.note("postgres restarted immediately");
            }
            44..48 => {
                let realm_id = self.realms.choose(&mut self.dice).unwrap();
                self.house
                    .quickbooks()
                    .forget_request_ids(realm_id)
                    .unwrap();
                self.note("request ids forgotten");
            }
            48..51 => {
                let realm_id = self.realms.choose(&mut self.dice).unwrap();
                self.house
                    .quickbooks()
                    .expire_access_tokens(realm_id)
                    .unwrap();
                self.note("access tokens expired");
            }
            _ => self.plan_a_fault(),
        }
    }

    async fn kill_a_worker(&mut self) {
        let place = self.dice.random_range(1..=self.workers.len());
        self.kill(place).await;
    }

    async fn kill(&mut self, place: usize) {
        let dead_for = Duration::from_millis(self.dice.random_range(0..10_000));
        let dead_for = self.real(dead_for);
        let process = self.process(place);
        if !process.is_up() || process.running.has_ended() {
            return;
        }
        process.running.end().await;
        process.dead_until = Some(Instant::now() + dead_for);
        let command = process.command;
        self.note(format!("{command} killed (-9)"));
    }

    fn stop_a_worker(&mut self, past_its_lease: bool) {
        let place = self.dice.random_range(1..=self.workers.len());
        let (what, shortest) = match past_its_lease {
            true => (
                "worker stopped past its lease",
                LEASE + Duration::from_secs(2),
            ),
            false => ("worker stopped for a moment", Duration::from_secs(1)),
        };
        let more = Duration::from_millis(self.dice.random_range(0..15_000));
        let stopped_for = self.real(shortest + more);
        let process = self.process(place);
        if process.is_up() {
            process.running.pause();
            process.stopped_until = Some(Instant::now() + stopped_for);
            self.note(what);
        }
    }

    // Two answers of a hundred are lost or say nothing, whatever else happens.
    fn plan_what_always_happens(&self) {
        for (outcome, commit) in [
            (Outcome::Drop, true),
            (Outcome::Drop, false),
            (Outcome::WaitAFewMinutes, true),
            (Outcome::Status(503), false),
        ] {
            self.house.quickbooks().plan(FaultPlan {
                operation: Some(Operation::CreateJournalEntry),
                per_mille: Some(5),
                outcome,
                commit,
                ..FaultPlan::default()
            });
        }
    }

    // One to four calls meet it. None of these answers is a definite refusal: whatever they leave behind, nothing may be lost.
    fn plan_a_fault(&mut self) {
        let dice = &mut self.dice;
        let operation = match dice.random_range(0..20) {
            0..11 => Operation::CreateJournalEntry,
            11..15 => Operation::Batch,
            15..19 => Operation::Query,
            _ => Operation::Refresh,
        };
        let (what, outcome) = match dice.random_range(0..10) {
            0 | 1 => ("connection dropped", Outcome::Drop),
            2 => ("cut after 120 s", Outcome::Cut),
            3 => (
                "5xx",
                Outcome::Status(*[500, 502, 503, 504].choose(dice).unwrap()),
            ),
            4 => ("wait a few minutes", Outcome::WaitAFewMinutes),
            5 => ("429", Outcome::Throttled),
            6 => ("401", Outcome::Unauthorized),
            7 => ("garbage", Outcome::Garbage),
            _ => ("late answer", Outcome::Answer),
        };
        let is_late = matches!(outcome, Outcome::Cut | Outcome::Answer) || dice.random_ratio(1, 4);
        let (before_max, after_max) = match (is_late, outcome) {
            (true, Outcome::Cut) => (WORK_MAX, Duration::ZERO),
            (true, _) => (Duration::from_secs(40), Duration::from_secs(40)),
            (false, _) => (Duration::ZERO, Duration::ZERO),
        };
        let mut some = |most: Duration| {
            let most = u64::try_from((most / self.faster).as_millis()).unwrap();
            dice.random_range(0..=most)
        };
        let (delay_before_ms, delay_after_ms) = (some(before_max), some(after_max));
        // A refused token that is refused again halts the company, which is another story.
        let next = match outcome {
            Outcome::Unauthorized => 1,
            _ => dice.random_range(1..=4),
        };
        // A refresh that took effect and was not answered loses the grant. The gateway's own answers, a limit and a refused
        // token, come before any work.
        let works = operation != Operation::Refresh
            && !matches!(outcome, Outcome::Throttled | Outcome::Unauthorized);
        let commit = dice.random_ratio(1, 2) && works;
        self.house.quickbooks().plan(FaultPlan {
            operation: Some(operation),
            next: Some(next),
            outcome,
            commit,
            delay_before_ms,
            delay_after_ms,
            ..FaultPlan::default()
        });
        self.note(format!("quickbooks: {what}"));
    }
}
