//! The machine's steps against the store: each is one transaction, or one call.

use crate::rows::{Attempt, EntryRow, Key};
use crate::task::Done;
use crate::weather::{SECOND, WINDOW, ms};
use crate::world::{Happens, World};
use accounting::posting::{
    Candidate, Claimed, Doubt, Dues, EntryChange, EntryState, Errands, EventChange, EventStatus,
    Found, Halt, Heard, Known, LeaseChange, LeaseGuard, Mutant, Outcome, Request, RequestIdOf,
    Settlement, Shares, Step, Wave, acts, next_due, request_id,
};
use std::time::Duration;

impl World {
    pub(crate) fn perform(&mut self, task: usize, step: Step<Key>) -> Done {
        let (of, worker, now) = (self.tasks[task].of, self.tasks[task].worker, self.now);
        self.story
            .tell(now, "step", [task as u64, step_code(&step)], || {
                format!("worker {worker}, turn {task} of tenant {of}: {step:?}")
            });
        match step {
            Step::TakeOver { after } => Done::Told(self.take_over(task, after)),
            Step::Errands => Done::Told(self.errands(task)),
            Step::Doubts { most } => Done::Told(self.doubts(task, most)),
            Step::Ask { keys } => self.ask(task, &keys),
            Step::Settle { settlements } => Done::Told(self.settle_found(task, &settlements)),
            Step::Claim { most } => Done::Told(self.claim(task, most)),
            Step::Share(wanted) => {
                if self.dice.chance(30) {
                    return Done::Told(Heard::NoShare(Duration::from_secs(3)));
                }
                let (singles, batches) = (wanted.singles_at_most(), wanted.batches_at_most(30));
                let most = if self.dice.chance(200) { 1 } else { 12 };
                Done::Told(Heard::Shares(Shares {
                    singles: singles.min(most),
                    batches: batches.max(wanted.batches_at_most(2)).min(most),
                }))
            }
            Step::Intend { requests } => {
                let heard = self.intend(task, requests);
                let after = self.dice.between(1, 20);
                Done::Later(heard, after)
            }
            Step::Send(wave) => self.send(task, wave),
            Step::Refresh => {
                self.tenants[of].rows.token = self.tenants[of].company.token;
                self.tasks[task].token = self.tenants[of].rows.token;
                self.tasks[task].begun = false;
                Done::Told(Heard::Done)
            }
            Step::Wait { why, wait } => {
                let of = &self.tasks[task];
                let rows = &mut self.tenants[of.of].rows;
                if !rows
                    .lease
                    .allows(LeaseChange::Throttle.guard(), now, of.holder, of.fence)
                {
                    return Done::Told(Heard::Lost);
                }
                rows.on_trial |= why == accounting::posting::Why::Unwell;
                rows.lease.throttled_until = rows.lease.throttled_until.max(Some(now + ms(wait)));
                Done::Told(Heard::Done)
            }
            Step::Halt(Halt::TokenRefused) => {
                self.tenants[of].rows.connected = false;
                Done::Told(Heard::Done)
            }
            Step::Halt(Halt::CompanyRefuses) => {
                let before = self.tasks[task].refused;
                self.tenants[of].rows.refuses(before, now);
                Done::Told(Heard::Done)
            }
            Step::Hold => Done::Told(Heard::Done),
            Step::GiveBack => self.give_back(task),
        }
    }

    fn take_over(&mut self, task: usize, after: Duration) -> Heard<Key> {
        if !self.holds(task, Mutant::NoFenceOnTakeOver) {
            return Heard::Lost;
        }
        let rows = &mut self.tenants[self.tasks[task].of].rows;
        for key in 0..rows.entries.len() {
            let row = &rows.entries[key];
            if row.state == EntryState::Sending {
                let at = row.attempts.last().map_or(0, |last| last.send_not_after);
                rows.entry(key as Key, EntryChange::Abandon { after }, at);
                self.counts.add("attempts abandoned");
            }
        }
        Heard::Done
    }

    fn errands(&mut self, task: usize) -> Heard<Key> {
        let now = self.now;
        let of = &mut self.tasks[task];
        let rows = &self.tenants[of.of].rows;
        let is_first = !std::mem::replace(&mut of.begun, true);
        let is_throttled = rows.lease.throttled_until.is_some_and(|until| until > now);
        of.refused = rows.refused.map_or(0, |(times, _)| times);
        let is_refused = rows.refused.is_some_and(|(_, until)| until > now);
        if is_throttled || is_refused || !rows.connected || (!is_first && now >= of.until) {
            return Heard::Errands(Errands::Over);
        }
        Heard::Errands(Errands::Nothing)
    }

    fn doubts(&mut self, task: usize, most: usize) -> Heard<Key> {
        let now = self.now;
        let rows = &self.tenants[self.tasks[task].of].rows;
        let mut due: Vec<(u64, Key, u32)> = rows
            .entries
            .iter()
            .zip(0..)
            .filter(|(row, _)| row.state == EntryState::Unknown)
            .filter_map(|(row, key)| Some((row.due_at?, key, row.absences)))
            .filter(|(due, ..)| *due <= now)
            .collect();
        due.sort_unstable();
        due.truncate(most);
        self.tasks[task].doubts = due.iter().map(|(_, key, _)| *key).collect();
        Heard::Doubts(
            due.into_iter()
                .map(|(_, key, absences)| Doubt { key, absences })
                .collect(),
        )
    }

    fn ask(&mut self, task: usize, keys: &[Key]) -> Done {
        let (of, now) = (self.tasks[task].of, self.now);
        let is_free = |world: &Self, key: &Key| {
            let tenant = &world.tenants[of];
            world.tasks[task].doubts.contains(key)
                || (!tenant.company.guards_numbers && world.tasks[task].fresh.contains(key))
        };
        if keys.is_empty() || !keys.iter().all(|key| is_free(self, key)) {
            self.breaks(|| format!("metered read: tenant {of} looks up what is in no doubt"));
        }
        self.counts.add("look-ups");
        let after = self.dice.between(50, 2 * SECOND);
        if let Some(outcome) = self.gateway(task) {
            return Done::Later(Heard::Trouble(outcome), after);
        }
        if self.dice.chance(self.weather.server_error / 2) {
            return Done::Later(Heard::Trouble(Outcome::Unknown), after);
        }
        let tenant = &self.tenants[of];
        let mut told = Vec::with_capacity(keys.len());
        let mut found = Vec::with_capacity(keys.len());
        for key in keys {
            let row = &tenant.rows.entries[*key as usize];
            let holders = || {
                tenant
                    .company
                    .ledger
                    .iter()
                    .enumerate()
                    .filter(|(_, booked)| {
                        booked.number == row.event && booked.visible_at <= now && !booked.deleted
                    })
            };
            let ours = holders().find(|(_, booked)| booked.body == Some(row.body));
            let what = match ours {
                Some(_) => Found::Ours,
                None if holders().next().is_some() => Found::Foreign,
                None => Found::Nothing,
            };
            told.push((*key, what));
            found.push((*key, ours.map(|(id, _)| id)));
        }
        self.tasks[task].found = found;
        Done::Later(Heard::Found(told), after)
    }

    fn settle_found(&mut self, task: usize, settlements: &[(Key, Settlement)]) -> Heard<Key> {
        if !self.holds(task, Mutant::NoFenceOnSettle) {
            return Heard::Lost;
        }
        let of = self.tasks[task].of;
        for (key, settlement) in settlements {
            let found = self.tasks[task].found.iter().find(|(of, _)| of == key);
            let qbo_id = found.and_then(|(_, id)| *id);
            self.settle_row(of, *key, *settlement, qbo_id);
        }
        Heard::Done
    }

    /// Writes what becomes of an entry and its event; false where it was in no such state.
    pub(crate) fn settle_row(
        &mut self,
        of: usize,
        key: Key,
        settlement: Settlement,
        qbo_id: Option<usize>,
    ) -> bool {
        let now = self.now;
        let rows = &mut self.tenants[of].rows;
        if !rows.entry(key, settlement.entry, now) {
            return false;
        }
        let row = &mut rows.entries[key as usize];
        let event = row.event;
        match settlement.entry {
            EntryChange::Clear => self.counts.add("proven absent"),
            EntryChange::Find => self.counts.add("found by look-up"),
            _ => {}
        }
        if row.state == EntryState::Posted {
            row.qbo_id = qbo_id;
            rows.on_trial = false;
            if settlement.entry == EntryChange::Post {
                rows.refused = None;
            }
        }
        if let Some(change) = settlement.event {
            rows.event(event, change, None, now);
        }
        let state = rows.entries[key as usize].state;
        self.story
            .tell(now, "settle", [u64::from(key), of as u64], || {
                format!(
                    "    entry {key} of event {event}, tenant {of}, is {}",
                    state.as_str()
                )
            });
        if state == EntryState::Posted {
            self.judge_posted(of, key);
        }
        true
    }

    fn claim(&mut self, task: usize, most: usize) -> Heard<Key> {
        let (of, now) = (self.tasks[task].of, self.now);
        let holder = (self.tasks[task].holder, self.tasks[task].fence);
        let tenant = &mut self.tenants[of];
        let guards_numbers = tenant.company.guards_numbers;
        let rows = &mut tenant.rows;
        let holds = rows
            .lease
            .allows(LeaseGuard::Fence, now, holder.0, holder.1);
        if !holds || !(rows.running || acts(Mutant::IgnoreStop)) {
            return Heard::Lost;
        }
        let most = if rows.on_trial || rows.refused.is_some() {
            1
        } else {
            most
        };
        let mut queue: Vec<(bool, usize)> = rows
            .events
            .iter()
            .enumerate()
            .filter(|(_, row)| row.status == EventStatus::NotSynced)
            .filter(|(_, row)| row.due_at.is_some_and(|due| due <= now))
            .map(|(event, row)| (row.past, event))
            .collect();
        queue.sort_unstable();
        queue.truncate(most);
        let taken = queue.len();
        let mut ready = Vec::new();
        let mut candidates = Vec::new();
        for (past, event) in queue {
            let version = rows.events[event].version;
            let latest = rows.latest(event);
            let generation =
                Known::next_generation(latest.map(|key| rows.entries[key as usize].generation));
            let known = latest.map_or(Known::Fresh, |key| {
                let row = &rows.entries[key as usize];
                Known::of(row.state, row.version, version)
            });
            let key = match (known, latest) {
                (Known::Again, Some(key)) => key,
                (Known::Posted, _) => {
                    rows.event(event, EventChange::Sync, None, now);
                    continue;
                }
                (Known::PostedOtherwise, _) => {
                    rows.event(event, EventChange::Fail, None, now);
                    continue;
                }
                (Known::InDoubt, _) => {
                    rows.event(event, EventChange::Await, None, now);
                    continue;
                }
                (Known::Outdated, Some(key)) => {
                    rows.entry(key, EntryChange::Withdraw, now);
                    rows.seal(of, event, generation, now, !guards_numbers)
                }
                _ => rows.seal(of, event, generation, now, !guards_numbers),
            };
            let row = &rows.entries[key as usize];
            candidates.push(Candidate {
                key,
                request_id: row.request_id.clone(),
                attempts: u32::try_from(row.attempts.len()).unwrap_or(u32::MAX),
                batch: row.batch.clone(),
                past,
            });
            ready.push((key, version, rows.events[event].tries));
        }
        self.tasks[task].ready = ready;
        self.tasks[task].fresh = candidates
            .iter()
            .filter(|entry| entry.attempts == 0)
            .map(|entry| entry.key)
            .collect();
        Heard::Claimed(Claimed {
            taken,
            ready: candidates,
            guards_numbers,
        })
    }

    fn intend(&mut self, task: usize, requests: Vec<Request<Key>>) -> Heard<Key> {
        let (of, now) = (self.tasks[task].of, self.now);
        if !self.holds(task, Mutant::NoFenceOnIntent) {
            return Heard::Lost;
        }
        if !self.tenants[of].rows.running {
            if !acts(Mutant::IgnoreStop) {
                return Heard::Lost;
            }
            self.breaks(|| format!("stopped: tenant {of} sends after its sync was stopped"));
        }
        let fence = self.tasks[task].fence;
        let rows = &mut self.tenants[of].rows;
        let mut intended = Vec::new();
        let before = rows.clone_of(&requests);
        let mut unqueued = None;
        for request in &requests {
            for (place, key) in request.keys().into_iter().enumerate() {
                let Some((_, version, _)) =
                    self.tasks[task].ready.iter().find(|(of, ..)| *of == key)
                else {
                    continue;
                };
                let event = rows.entries[key as usize].event;
                let is_queued = rows.events[event].status == EventStatus::NotSynced;
                if !rows.event(event, EventChange::Intend, Some(*version), now) {
                    continue;
                }
                if !is_queued {
                    unqueued = Some(event);
                }
                let is_kept = rows.entries[key as usize].kept || rows.keep(key);
                if !is_kept || !rows.entry(key, EntryChange::Intend, now) {
                    rows.restore(before);
                    return Heard::Intended(Vec::new());
                }
                let row = &mut rows.entries[key as usize];
                if row.batch.is_none() {
                    row.batch = request.batch_name(place);
                }
                row.attempts.push(Attempt {
                    fence,
                    send_not_after: now + ms(WINDOW),
                    left: 0,
                });
                intended.push(key);
            }
        }
        if let Some(event) = unqueued {
            self.breaks(|| format!("unqueued: event {event} of tenant {of} is sent although it was taken out of the queue"));
        }
        Heard::Intended(
            requests
                .into_iter()
                .filter_map(|request| request.keeping(|key| intended.contains(&key)))
                .collect(),
        )
    }

    fn send(&mut self, task: usize, wave: Wave<Key>) -> Done {
        let requests = wave.requests.len();
        self.tasks[task].outstanding = requests;
        self.tasks[task].effects.clear();
        self.tasks[task].wave = Some(wave);
        let mut after = 0;
        for request in 0..requests {
            after += self.dice.between(1, 200);
            self.schedule(after, Happens::Leave(task, request));
        }
        Done::Waits
    }

    fn give_back(&mut self, task: usize) -> Done {
        let (of, now) = (self.tasks[task].of, self.now);
        let (holder, fence) = (self.tasks[task].holder, self.tasks[task].fence);
        let rows = &mut self.tenants[of].rows;
        if !rows
            .lease
            .allows(LeaseChange::GiveBack.guard(), now, holder, fence)
        {
            return Done::Ended;
        }
        rows.lease.expires_at = now;
        let earliest = |wanted: EventStatus| {
            let of_status = rows.events.iter().filter(|row| row.status == wanted);
            of_status.filter_map(|row| row.due_at).min()
        };
        let due_at = if self.tasks[task].errored {
            Some(now + 5 * SECOND)
        } else if rows.connected {
            next_due(Dues {
                queue: rows
                    .running
                    .then(|| earliest(EventStatus::NotSynced))
                    .flatten(),
                held_until: None,
                doubt: rows.entries.iter().filter_map(|row| row.due_at).min(),
                errand: None,
                refused_until: rows.refused.map(|(_, until)| until),
                throttled_until: rows.lease.throttled_until,
            })
        } else {
            None
        };
        let is_news = rows.turn.bell != self.tasks[task].bell;
        rows.turn.due_at = if is_news { Some(now) } else { due_at };
        match rows.turn.due_at {
            Some(due) if due <= now => self.ring_soon(of),
            _ => self.sweep_soon(of),
        }
        Done::Ended
    }

    /// What the gateway answers before the company is reached.
    pub(crate) fn gateway(&mut self, task: usize) -> Option<Outcome> {
        let of = self.tasks[task].of;
        if self.dice.chance(self.weather.refused_token) {
            self.tenants[of].company.token += 1;
        }
        if self.dice.chance(self.weather.halted) {
            self.tenants[of].company.refuses = true;
        }
        if self.dice.chance(self.weather.not_sent) {
            self.counts.add("not sent");
            return Some(Outcome::NotSent);
        }
        if self.dice.chance(self.weather.throttled) {
            self.counts.add("throttles");
            let wait = Duration::from_secs(60);
            return Some(Outcome::Throttled { wait });
        }
        if self.tasks[task].token != self.tenants[of].company.token {
            self.counts.add("tokens refused");
            return Some(Outcome::Unauthorised);
        }
        if self.tenants[of].company.refuses {
            self.counts.add("halts");
            return Some(Outcome::Halted);
        }
        None
    }
}

impl crate::rows::Rows {
    // Fixes the bytes of a new entry.
    fn seal(&mut self, of: usize, event: usize, generation: i32, now: u64, kept: bool) -> Key {
        let version = self.events[event].version;
        let body = (event as u64) << 40 | u64::from(version.unsigned_abs()) << 20 | self.mapping;
        self.entries.push(EntryRow {
            event,
            kept,
            version,
            generation,
            request_id: single_name(of, event, generation),
            batch: None,
            body,
            state: EntryState::Sealed,
            due_at: None,
            absences: 0,
            attempts: Vec::new(),
            doubted: false,
            sealed_at: now,
            qbo_id: None,
        });
        (self.entries.len() - 1) as Key
    }

    // What an intent changes, for when it is rolled back.
    fn clone_of(&self, requests: &[Request<Key>]) -> Vec<(Key, EntryRow, crate::rows::EventRow)> {
        requests
            .iter()
            .flat_map(Request::keys)
            .map(|key| {
                let row = self.entries[key as usize].clone();
                let event = self.events[row.event].clone();
                (key, row, event)
            })
            .collect()
    }

    fn restore(&mut self, before: Vec<(Key, EntryRow, crate::rows::EventRow)>) {
        for (key, row, event) in before {
            self.events[row.event] = event;
            self.entries[key as usize] = row;
        }
    }
}

/// The name that an entry goes out under singly: the same whenever it is made.
pub(crate) fn single_name(of: usize, event: usize, generation: i32) -> String {
    request_id(&RequestIdOf {
        environment: "test",
        tenant: TENANTS[of % TENANTS.len()],
        company: "1",
        event: &event.to_string(),
        generation,
    })
}

const TENANTS: [&str; 4] = ["a", "b", "c", "d"];

fn step_code(step: &Step<Key>) -> u64 {
    match step {
        Step::TakeOver { .. } => 1,
        Step::Errands => 2,
        Step::Doubts { .. } => 3,
        Step::Ask { keys } => 4 + (keys.len() as u64) * 100,
        Step::Settle { settlements } => 5 + (settlements.len() as u64) * 100,
        Step::Claim { .. } => 6,
        Step::Share(_) => 7,
        Step::Intend { requests } => 8 + (requests.len() as u64) * 100,
        Step::Send(wave) => 9 + (wave.requests.len() as u64) * 100,
        Step::Refresh => 10,
        Step::Wait { .. } => 11,
        Step::Halt(_) => 12,
        Step::Hold => 13,
        Step::GiveBack => 14,
    }
}
