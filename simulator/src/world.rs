//! One schedule: tenants, their companies, workers and people, on one clock, in one thread.

use crate::company::{Booked, Company};
use crate::dice::Dice;
use crate::flight::Flight;
use crate::rows::{EventRow, LeaseRow, Rows, TurnRow};
use crate::story::Story;
use crate::task::Task;
use crate::weather::{MINUTE, SECOND, Weather};
use accounting::posting::{EventChange, EventStatus};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// Everything must be at rest so long after the weather has turned fair.
const BOUND: u64 = 180 * MINUTE;
/// A schedule with more steps goes in circles.
const STEPS_MAX: u64 = 400_000;
/// How long a ring is believed to be on its way.
const RING: u64 = 10 * SECOND;

/// What happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Happens {
    /// The sweep looks whether a tenant is due.
    Sweep(usize),
    /// A ring is heard by a worker.
    Ring(usize, usize),
    /// A turn does its next step.
    Act(usize),
    /// A turn's lease is prolonged.
    Renew(usize),
    /// A request may leave.
    Leave(usize, usize),
    /// QuickBooks executes an item of a request.
    Execute(usize, usize),
    /// An answer, or none any more.
    Answer(usize),
    /// An item of an answer is settled.
    Settle(usize, usize),
    /// A worker that died is started again.
    Restart(usize),
    /// Somebody does something.
    Person(usize),
    /// The weather turns fair.
    Fair,
}

#[derive(Clone, Debug)]
pub(crate) struct Worker {
    pub(crate) is_up: bool,
    pub(crate) paused_until: u64,
    /// How long it was suspended in all.
    pub(crate) slept: u64,
    /// What its wall clock shows, less the true time.
    pub(crate) wall: i64,
}

pub(crate) struct Tenant {
    pub(crate) rows: Rows,
    pub(crate) company: Company,
    // The sweep that is already to come.
    sweep_at: Option<u64>,
}

/// A promise that was broken, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken(pub String);

/// What happened in a schedule, or in many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts(pub BTreeMap<&'static str, u64>);

impl Counts {
    pub(crate) fn add(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }

    /// Adds those of others.
    pub fn merge(&mut self, others: &Self) {
        for (what, times) in &others.0 {
            *self.0.entry(what).or_default() += times;
        }
    }
}

pub(crate) struct World {
    pub(crate) now: u64,
    pub(crate) dice: Dice,
    pub(crate) weather: Weather,
    pub(crate) tenants: Vec<Tenant>,
    pub(crate) workers: Vec<Worker>,
    pub(crate) tasks: Vec<Task>,
    pub(crate) flights: Vec<Flight>,
    pub(crate) counts: Counts,
    pub(crate) story: Story,
    pub(crate) broken: Option<Broken>,
    pub(crate) steps: u64,
    pub(crate) executions_to_come: usize,
    heap: BinaryHeap<Reverse<(u64, u64, Happens)>>,
    order: u64,
}

impl World {
    pub(crate) fn new(seed: u64, is_told: bool) -> Self {
        let mut dice = Dice::new(seed);
        let weather = Weather::of(&mut dice);
        let tenants = (0..weather.tenants)
            .map(|_| tenant(&mut dice, &weather))
            .collect();
        let workers = (0..weather.workers)
            .map(|_| Worker {
                is_up: true,
                paused_until: 0,
                slept: 0,
                wall: 0,
            })
            .collect();
        let mut world = Self {
            now: 0,
            dice,
            weather,
            tenants,
            workers,
            tasks: Vec::new(),
            flights: Vec::new(),
            counts: Counts::default(),
            story: Story::new(is_told),
            broken: None,
            steps: 0,
            executions_to_come: 0,
            heap: BinaryHeap::new(),
            order: 0,
        };
        for of in 0..world.tenants.len() {
            world.wake(of);
            if world.weather.people > 0 {
                let at = world.dice.between(0, MINUTE);
                world.schedule(at, Happens::Person(of));
            }
        }
        world.schedule(world.weather.fair_from, Happens::Fair);
        world
    }

    pub(crate) fn schedule(&mut self, after: u64, happens: Happens) {
        self.order += 1;
        if matches!(happens, Happens::Execute(..)) {
            self.executions_to_come += 1;
        }
        self.heap
            .push(Reverse((self.now + after, self.order, happens)));
    }

    pub(crate) fn breaks(&mut self, why: impl FnOnce() -> String) {
        if self.broken.is_none() {
            self.broken = Some(Broken(why()));
        }
    }

    /// Lets everything happen, until all is at rest or a promise is broken.
    pub(crate) fn run(&mut self) {
        let until = self.weather.fair_from + BOUND;
        while self.broken.is_none() {
            let Some(Reverse((at, _, happens))) = self.heap.pop() else {
                break;
            };
            self.now = self.now.max(at);
            self.steps += 1;
            if self.now > until || self.steps > STEPS_MAX {
                break;
            }
            self.happen(happens);
            if self.now > self.weather.fair_from
                && self.executions_to_come == 0
                && self.tenants.iter().all(Tenant::is_settled)
            {
                break;
            }
        }
        if self.broken.is_none() {
            self.judge();
        }
    }

    fn happen(&mut self, happens: Happens) {
        match happens {
            Happens::Sweep(of) => self.sweep(of),
            Happens::Ring(of, worker) => self.ring(of, worker),
            Happens::Act(task) => self.act(task),
            Happens::Renew(task) => self.renew(task),
            Happens::Leave(task, request) => self.leave(task, request),
            Happens::Execute(flight, item) => {
                self.executions_to_come -= 1;
                self.execute(flight, item);
            }
            Happens::Answer(flight) => self.answer(flight),
            Happens::Settle(flight, item) => self.settle(flight, item),
            Happens::Restart(worker) => {
                self.workers[worker].is_up = true;
                self.story
                    .tell(self.now, "restart", [worker as u64, 0], || {
                        format!("worker {worker} is started again")
                    });
            }
            Happens::Person(of) => self.person(of),
            Happens::Fair => self.fair(),
        }
    }

    /// Writes the wake-up, and rings.
    pub(crate) fn wake(&mut self, of: usize) {
        let now = self.now;
        self.tenants[of].rows.wake(now);
        self.ring_soon(of);
    }

    /// Rings for a tenant; Redis may lose it.
    pub(crate) fn ring_soon(&mut self, of: usize) {
        self.sweep_soon(of);
        if self.dice.chance(self.weather.lost_ring) {
            self.counts.add("rings lost");
            return;
        }
        let after = self.dice.between(1, 50);
        let worker = self.dice.place(self.workers.len());
        self.schedule(after, Happens::Ring(of, worker));
        if self.dice.chance(100) {
            let other = self.dice.place(self.workers.len());
            self.schedule(after + 1, Happens::Ring(of, other));
        }
    }

    /// The sweep will see that a tenant is due.
    pub(crate) fn sweep_soon(&mut self, of: usize) {
        let turn = &self.tenants[of].rows.turn;
        let Some(due) = turn.due_at else { return };
        let at = due.max(turn.rung_until).max(self.now);
        if self.tenants[of]
            .sweep_at
            .is_some_and(|planned| planned <= at + SECOND)
        {
            return;
        }
        let at = at + self.dice.between(1, SECOND);
        self.tenants[of].sweep_at = Some(at);
        self.schedule(at - self.now, Happens::Sweep(of));
    }

    fn sweep(&mut self, of: usize) {
        self.tenants[of].sweep_at = None;
        let now = self.now;
        let awake = |worker: &Worker| worker.is_up && worker.paused_until <= now;
        if !self.workers.iter().any(awake) {
            self.tenants[of].sweep_at = Some(now + SECOND);
            self.schedule(SECOND, Happens::Sweep(of));
            return;
        }
        let turn = &mut self.tenants[of].rows.turn;
        if turn.due_at.is_some_and(|due| due <= now) && turn.rung_until <= now {
            turn.rung_until = now + RING;
            self.ring_soon(of);
        } else {
            self.sweep_soon(of);
        }
    }

    fn fair(&mut self) {
        self.story
            .tell(self.now, "fair", [0, 0], || "the weather turns fair".into());
        self.weather.clears();
        for of in 0..self.tenants.len() {
            self.schedule(1, Happens::Person(of));
        }
    }

    fn person(&mut self, of: usize) {
        if self.now >= self.weather.fair_from {
            self.mend(of);
            if !self.tenants[of].is_settled() {
                self.schedule(5 * MINUTE, Happens::Person(of));
            }
            return;
        }
        self.do_something(of);
        let after = self.dice.between(5 * SECOND, 4 * MINUTE);
        self.schedule(after, Happens::Person(of));
    }

    // In fair weather: whatever a person can mend is mended, and what failed is retried.
    fn mend(&mut self, of: usize) {
        let now = self.now;
        let tenant = &mut self.tenants[of];
        let mut mends = !tenant.rows.running || !tenant.rows.connected;
        tenant.rows.running = true;
        tenant.rows.connected = true;
        // Of this nobody tells us: we ask again by ourselves.
        tenant.company.refuses = false;
        let foreign: Vec<bool> = (0..tenant.rows.events.len())
            .map(|event| tenant.company.is_foreign(event))
            .collect();
        for (event, is_foreign) in foreign.into_iter().enumerate() {
            tenant.rows.events[event].defect = false;
            let is_failed = tenant.rows.events[event].status != EventStatus::NeverSynced
                && !is_foreign
                && EventChange::Retry
                    .from()
                    .contains(&tenant.rows.events[event].status);
            if is_failed || tenant.rows.events[event].status == EventStatus::NeverSynced {
                mends |= tenant.rows.event(event, EventChange::Retry, None, now);
            }
        }
        self.story.tell(now, "mend", [of as u64, 0], || {
            format!("people mend what they can for tenant {of} and retry what failed")
        });
        // Whoever changes nothing wakes nobody: what is in doubt comes to its end by itself.
        if mends {
            self.wake(of);
        }
    }

    fn do_something(&mut self, of: usize) {
        let now = self.now;
        let event = self.dice.place(self.tenants[of].rows.events.len());
        let what = match self.weather.foreign > 0 && self.dice.chance(250) {
            true => 10,
            false => self.dice.place(11),
        };
        let tenant = &mut self.tenants[of];
        let rows = &mut tenant.rows;
        let status = rows.events[event].status;
        let told = match what {
            0 | 1 => {
                rows.events[event].defect = false;
                rows.event(event, EventChange::Retry, None, now);
                "retries, having mended the cause"
            }
            2 => {
                rows.event(event, EventChange::Retry, None, now);
                "retries"
            }
            3 | 4 if status != EventStatus::Processing && status != EventStatus::Synced => {
                if rows.may_be_booked(event) {
                    return;
                }
                rows.withdraw(event, now);
                let row = &mut rows.events[event];
                (row.version, row.tries) = (row.version + 1, 0);
                (row.status, row.due_at) = (EventStatus::NotSynced, Some(now));
                "replaces by a new version"
            }
            5 => {
                rows.running = false;
                "stops the sync before"
            }
            6 => {
                rows.running = true;
                rows.connected = true;
                rows.refused = rows.refused.map(|_| (0, now));
                tenant.company.refuses = false;
                "starts the sync before"
            }
            7 => {
                rows.mapping += 1;
                "changes the mapping before"
            }
            8 if status == EventStatus::NotSynced && rows.events[event].past => {
                if rows.may_be_booked(event) {
                    return;
                }
                rows.withdraw(event, now);
                let row = &mut rows.events[event];
                (row.status, row.due_at) = (EventStatus::NeverSynced, None);
                "cancels the past sync of"
            }
            9 if rows.events.len() < self.weather.events => {
                let past = self.dice.chance(500);
                let defect = self.dice.chance(self.weather.defect);
                rows.events.push(queued(now, past, defect));
                "sends a new event after"
            }
            10 if self.weather.foreign > 0 => {
                // Somebody is impatient: what is under way is posted by hand as well.
                let under_way = |row: &EventRow| row.status == EventStatus::Processing;
                let event = rows.events.iter().position(under_way).unwrap_or(event);
                let is_taken = tenant.company.ours(event) > 0 && tenant.company.guards_numbers;
                let is_over = rows.events[event].status == EventStatus::Synced;
                if is_over || is_taken || tenant.company.is_foreign(event) {
                    return;
                }
                tenant.company.ledger.push(foreign(event, now));
                "posts by hand under the number of"
            }
            _ => return,
        };
        self.counts.add("things people did");
        self.story.tell(now, told, [of as u64, event as u64], || {
            format!("a person of tenant {of} {told} event {event}")
        });
        self.wake(of);
    }
}

impl Tenant {
    // Whether nothing is left to do.
    pub(crate) fn is_settled(&self) -> bool {
        (0..self.rows.events.len()).all(|event| match self.rows.events[event].status {
            EventStatus::Synced => true,
            EventStatus::Failed => self.company.is_foreign(event),
            _ => false,
        })
    }
}

pub(crate) fn foreign(number: usize, visible_at: u64) -> Booked {
    Booked {
        number,
        body: None,
        visible_at,
        deleted: false,
    }
}

fn queued(now: u64, past: bool, defect: bool) -> EventRow {
    EventRow {
        status: EventStatus::NotSynced,
        version: 1,
        due_at: Some(now),
        tries: 0,
        past,
        defect,
    }
}

fn tenant(dice: &mut Dice, weather: &Weather) -> Tenant {
    let at_first = 1 + dice.place(weather.events);
    let is_past = dice.one(&[0, 500, 1000]);
    let events: Vec<EventRow> = (0..at_first)
        .map(|_| queued(0, dice.chance(is_past), dice.chance(weather.defect)))
        .collect();
    let mut company = Company::new(dice.chance(500));
    for number in 0..events.len() {
        if dice.chance(weather.foreign) {
            company.ledger.push(foreign(number, 0));
        }
    }
    Tenant {
        rows: Rows {
            events,
            entries: Vec::new(),
            lease: LeaseRow::default(),
            turn: TurnRow::default(),
            running: true,
            connected: true,
            refused: None,
            mapping: 0,
            token: 0,
            batch_items: dice.one(&[0, 2, 5, 30]),
            on_trial: false,
        },
        company,
        sweep_at: None,
    }
}
