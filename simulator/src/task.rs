//! A turn under way in a worker: does the machine's steps against the store, and may be paused or die at every one.

use crate::company::Truth;
use crate::rows::Key;
use crate::weather::{CALL, GAP, LEASE, MINUTE, QUIET, SECOND, WINDOW};
use crate::world::{Happens, World};
use accounting::posting::{
    Course, Effect, Heard, LeaseChange, LeaseGuard, Mutant, Policy, Step, Waits, Wave, acts,
};
use std::time::Duration;

pub(crate) const WAITS: Waits = Waits {
    quiet_period: QUIET,
    call_timeout: CALL,
    absence_gap: GAP,
};

/// A turn.
pub(crate) struct Task {
    pub(crate) of: usize,
    pub(crate) worker: usize,
    pub(crate) is_alive: bool,
    pub(crate) fence: i64,
    pub(crate) holder: u64,
    pub(crate) wave: Option<Wave<Key>>,
    pub(crate) outstanding: usize,
    pub(crate) effects: Vec<Effect>,
    /// The entries that were claimed: their events' versions and tries then.
    pub(crate) ready: Vec<(Key, i32, u32)>,
    pub(crate) errored: bool,
    pub(crate) token: u64,
    pub(crate) course: Course<Key>,
    pub(crate) step: Option<Step<Key>>,
    pub(crate) told: Option<Heard<Key>>,
    pub(crate) found: Vec<(Key, Option<usize>)>,
    pub(crate) doubts: Vec<Key>,
    // What was never intended when it was claimed.
    pub(crate) fresh: Vec<Key>,
    pub(crate) bell: u64,
    pub(crate) begun: bool,
    pub(crate) until: u64,
    // How often in a row the company had refused us when this round began.
    pub(crate) refused: u32,
}

// What a step came to.
pub(crate) enum Done {
    Told(Heard<Key>),
    Later(Heard<Key>, u64),
    Waits,
    Ended,
}

impl World {
    /// The clock that a worker measures its gate on.
    pub(crate) fn clock(&self, worker: usize) -> Duration {
        let of = &self.workers[worker];
        let booted = 7_919 * SECOND * (worker as u64 + 1);
        let shown = if acts(Mutant::GateOnAwakeClock) {
            self.now + booted - of.slept
        } else if acts(Mutant::GateOnWallClock) {
            (self.now + booted).saturating_add_signed(of.wall)
        } else {
            self.now + booted
        };
        Duration::from_millis(shown)
    }

    /// How long a worker is kept from doing anything.
    pub(crate) fn hindered(&mut self, worker: usize) -> Option<u64> {
        let now = self.now;
        if self.workers[worker].paused_until > now {
            return Some(self.workers[worker].paused_until - now);
        }
        if self.dice.chance(self.weather.clock_jump) {
            let jump = self.dice.between(0, 7200 * SECOND).cast_signed();
            self.workers[worker].wall += jump - 3_600_000;
        }
        if !self.dice.chance(self.weather.pause) {
            return None;
        }
        let pause = match self.dice.place(if self.weather.long_pause { 4 } else { 2 }) {
            0 => self.dice.between(SECOND, 20 * SECOND),
            1 => self.dice.between(LEASE, 2 * MINUTE),
            _ => self.dice.between(4 * MINUTE, 10 * MINUTE),
        };
        self.counts.add("pauses");
        if pause > LEASE {
            self.counts.add("pauses beyond the lease");
        }
        self.workers[worker].paused_until = now + pause;
        if self.weather.suspend {
            self.workers[worker].slept += pause;
        }
        self.story.tell(now, "pause", [worker as u64, pause], || {
            format!("worker {worker} stands still for {} s", pause / 1000)
        });
        Some(pause)
    }

    /// Whether a worker dies now; then everything it does is gone.
    pub(crate) fn crashes(&mut self, worker: usize, when: &'static str) -> bool {
        if !self.dice.chance(self.weather.crash) {
            return false;
        }
        self.counts.add("crashes");
        self.story.tell(self.now, "crash", [worker as u64, 0], || {
            format!("worker {worker} dies, {when}")
        });
        self.workers[worker].is_up = false;
        for task in &mut self.tasks {
            task.is_alive &= task.worker != worker;
        }
        let after = self.dice.between(SECOND, 90 * SECOND);
        self.schedule(after, Happens::Restart(worker));
        true
    }

    /// Whether the task's fence is the highest; a rule that a mutant drops is broken where it matters.
    pub(crate) fn holds(&mut self, task: usize, dropped: Mutant) -> bool {
        let of = &self.tasks[task];
        let lease = &self.tenants[of.of].rows.lease;
        let holds = lease.allows(LeaseGuard::Fence, self.now, of.holder, of.fence);
        if !holds && acts(dropped) {
            let (of, fence, highest) = (of.of, of.fence, lease.fence);
            self.breaks(|| format!("stale write: a holder of tenant {of} writes under fence {fence}, and {highest} is the highest"));
            return true;
        }
        holds
    }

    pub(crate) fn ring(&mut self, of: usize, worker: usize) {
        if !self.workers[worker].is_up {
            return;
        }
        if let Some(wait) = self.hindered(worker) {
            return self.schedule(wait, Happens::Ring(of, worker));
        }
        let is_busy = |task: &Task| task.is_alive && task.of == of && task.worker == worker;
        if self.tasks.iter().any(is_busy) {
            return;
        }
        let now = self.now;
        let rows = &mut self.tenants[of].rows;
        if !rows.connected {
            (rows.turn.rung_until, rows.turn.due_at) = (0, None);
            return;
        }
        if !rows.lease.allows(LeaseChange::Take.guard(), now, 0, 0) {
            return;
        }
        if rows.lease.expires_at > now {
            return self.breaks(|| {
                format!(
                    "stolen: the lease of tenant {of} is taken from a holder whose time is not over"
                )
            });
        }
        let holder = self.tasks.len() as u64 + 1;
        rows.lease.fence += LeaseChange::Take.raises_fence();
        (rows.lease.holder, rows.lease.expires_at) = (holder, now + LEASE);
        rows.turn.rung_until = 0;
        let policy = Policy {
            waits: WAITS,
            send_window: WINDOW,
            slice: if rows.batch_items > 1 { 40 } else { 10 },
            look_up_most: 30,
            batch_items: rows.batch_items,
        };
        let (course, step) = Course::begin(policy);
        let (fence, bell, token) = (rows.lease.fence, rows.turn.bell, rows.token);
        self.counts.add("turns");
        self.story.tell(now, "take", [of as u64, holder], || {
            format!("worker {worker} takes the lease of tenant {of} under fence {fence}")
        });
        self.tasks.push(Task {
            of,
            worker,
            is_alive: true,
            fence,
            holder,
            wave: None,
            outstanding: 0,
            effects: Vec::new(),
            ready: Vec::new(),
            errored: false,
            token,
            course,
            step: Some(step),
            told: None,
            found: Vec::new(),
            doubts: Vec::new(),
            fresh: Vec::new(),
            bell,
            begun: false,
            until: now + 2 * SECOND,
            refused: 0,
        });
        let task = self.tasks.len() - 1;
        if self.crashes(worker, "having taken the lease") {
            return;
        }
        self.act_soon(task);
        self.schedule(LEASE / 4, Happens::Renew(task));
    }

    fn act_soon(&mut self, task: usize) {
        let after = self.dice.between(1, 30);
        self.schedule(after, Happens::Act(task));
    }

    pub(crate) fn renew(&mut self, task: usize) {
        if !self.tasks[task].is_alive {
            return;
        }
        let worker = self.tasks[task].worker;
        let now = self.now;
        let paused = self.workers[worker].paused_until;
        if paused > now {
            return self.schedule(paused - now, Happens::Renew(task));
        }
        let of = &self.tasks[task];
        let lease = &mut self.tenants[of.of].rows.lease;
        if lease.allows(LeaseChange::Prolong.guard(), now, of.holder, of.fence) {
            lease.expires_at = now + LEASE;
            self.schedule(LEASE / 4, Happens::Renew(task));
        }
    }

    /// Does a turn's next step.
    pub(crate) fn act(&mut self, task: usize) {
        if !self.tasks[task].is_alive {
            return;
        }
        let worker = self.tasks[task].worker;
        if let Some(wait) = self.hindered(worker) {
            return self.schedule(wait, Happens::Act(task));
        }
        if let Some(told) = self.tasks[task].told.take() {
            return self.tell(task, told);
        }
        let Some(step) = self.tasks[task].step.take() else {
            return;
        };
        if self.crashes(worker, "before a step") {
            return;
        }
        let is_write = !matches!(step, Step::Send(_) | Step::Ask { .. });
        let fails = is_write && self.dice.chance(self.weather.database_error);
        let commits = fails && self.dice.chance(500);
        if fails && !commits {
            if let (Step::Intend { requests }, true) = (&step, acts(Mutant::SendBeforeCommit)) {
                return self.tell(task, Heard::Intended(requests.clone()));
            }
            return self.fails(task, &step, "and nothing is committed");
        }
        let is_end = step == Step::GiveBack;
        let done = self.perform(task, step);
        if self.crashes(worker, "after a step") {
            return;
        }
        match done {
            _ if commits && !is_end => {
                self.fails(task, &Step::Errands, "although all is committed")
            }
            Done::Told(heard) => self.tell(task, heard),
            Done::Later(heard, after) => {
                self.tasks[task].told = Some(heard);
                self.schedule(after, Happens::Act(task));
            }
            Done::Waits => {}
            Done::Ended => self.tasks[task].is_alive = false,
        }
    }

    // The database does not answer: the turn ends, and says so where it can.
    fn fails(&mut self, task: usize, step: &Step<Key>, how: &'static str) {
        self.counts.add("database errors");
        self.story.tell(self.now, "database", [task as u64, 0], || {
            format!("the database does not answer turn {task}, {how}")
        });
        if *step == Step::GiveBack {
            self.tasks[task].is_alive = false;
            return;
        }
        self.tasks[task].errored = true;
        self.tasks[task].step = Some(Step::GiveBack);
        self.act_soon(task);
    }

    /// Tells the machine what came of its step, and goes on with the next.
    pub(crate) fn tell(&mut self, task: usize, heard: Heard<Key>) {
        let clock = self.clock(self.tasks[task].worker);
        let of = &mut self.tasks[task];
        let step = of.course.heard(heard, clock);
        of.step = Some(if of.errored { Step::GiveBack } else { step });
        self.act_soon(task);
    }
}

/// What a truth says of the entry's id.
pub(crate) fn id_of(truth: Option<Truth>) -> Option<usize> {
    truth.and_then(|truth| truth.qbo_id)
}
