//! A request under way: when it leaves, what QuickBooks makes of it and when, what is answered, and how that is settled.

use crate::company::{Incoming, Truth};
use crate::rows::Key;
use crate::steps::single_name;
use crate::task::id_of;
use crate::weather::{CALL, CUT, GAP, QUIET, SECOND, ms};
use crate::world::{Happens, World};
use accounting::posting::{
    Effect, EntryChange, EventChange, Heard, Mutant, Outcome, Request, Settlement, acts,
    item_outcome,
};

/// What the answer says of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Report {
    /// What became of it.
    Truth,
    /// Nothing that tells.
    Unknown,
    /// Success, in bytes that cannot be read.
    Garbage,
    /// It is not in the answer.
    Missing,
}

/// An entry in a request.
#[derive(Clone, Debug)]
pub(crate) struct Carried {
    pub(crate) key: Key,
    name: (String, String),
    truth: Option<Truth>,
    report: Report,
}

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Flight {
    task: usize,
    of: usize,
    items: Vec<Carried>,
    // What is answered for all of it.
    whole: Option<Outcome>,
    is_answered: bool,
    is_retried: bool,
}

impl World {
    /// A request may leave: while the gate is open.
    pub(crate) fn leave(&mut self, task: usize, request: usize) {
        if !self.tasks[task].is_alive {
            return;
        }
        let worker = self.tasks[task].worker;
        if let Some(wait) = self.hindered(worker) {
            return self.schedule(wait, Happens::Leave(task, request));
        }
        if self.crashes(worker, "before a request leaves") {
            return;
        }
        let clock = self.clock(worker);
        let Some(wave) = &self.tasks[task].wave else {
            return;
        };
        let may_leave = wave.may_leave(clock);
        let request = wave.requests[request].clone();
        let of = self.tasks[task].of;
        let items: Vec<Carried> = request
            .keys()
            .into_iter()
            .enumerate()
            .map(|(place, key)| Carried {
                key,
                name: self.name(of, &request, place, key),
                truth: None,
                report: Report::Unknown,
            })
            .collect();
        if !may_leave {
            self.counts.add("gates found closed");
            self.fly(task, items, Some(Outcome::NotSent));
            return;
        }
        self.judge_leaving(task, &items);
        if self.broken.is_some() {
            return;
        }
        if acts(Mutant::SettleBeforeAnswer) {
            for item in &items {
                let settlement = Settlement {
                    entry: EntryChange::Post,
                    event: Some(EventChange::Sync),
                };
                self.settle_row(of, item.key, settlement, None);
            }
        }
        self.counts.add(match request {
            Request::Single(_) => "requests",
            Request::Batch { .. } => "batches",
        });
        let gateway = self.gateway(task);
        self.fly(task, items, gateway);
    }

    fn name(&self, of: usize, request: &Request<Key>, place: usize, key: Key) -> (String, String) {
        match request.batch_name(place) {
            Some(name) => (name.request_id, name.item_id),
            None => {
                let row = &self.tenants[of].rows.entries[key as usize];
                (single_name(of, row.event, row.generation), String::new())
            }
        }
    }

    // Each request is preceded by its committed intent, goes out under the name and with the bytes that are fixed, and once.
    fn judge_leaving(&mut self, task: usize, items: &[Carried]) {
        let (of, now, fence) = (self.tasks[task].of, self.now, self.tasks[task].fence);
        for item in items {
            let tenant = &mut self.tenants[of];
            let row = &mut tenant.rows.entries[item.key as usize];
            let (event, body) = (row.event, row.body);
            let looked_late = !tenant.company.guards_numbers
                && row.attempts.len() == 1
                && tenant.company.ledger.iter().any(|booked| {
                    booked.number == event
                        && booked.body.is_none()
                        && booked.visible_at < row.sealed_at
                });
            let Some(attempt) = row.attempts.last_mut() else {
                return self.breaks(|| {
                    format!(
                        "no intent: a request of event {event}, tenant {of}, leaves without one"
                    )
                });
            };
            let is_intended = attempt.fence == fence && attempt.left == 0;
            let is_late = attempt.send_not_after < now;
            attempt.left += 1;
            let bytes = *tenant
                .company
                .bytes
                .entry(item.name.clone())
                .or_insert(body);
            if !is_intended {
                self.breaks(|| format!("no intent: a request of event {event}, tenant {of}, leaves without one of its own"));
            } else if is_late {
                self.breaks(|| {
                    format!(
                        "late: a request of event {event}, tenant {of}, leaves after its window"
                    )
                });
            } else if bytes != body {
                self.breaks(|| format!("other bytes: event {event}, tenant {of}, goes out under a name that had others"));
            } else if looked_late {
                self.breaks(|| format!("foreign number: event {event}, tenant {of}, is sent although somebody else has its number"));
            }
        }
    }

    // Decides what QuickBooks does with a request, and when.
    fn fly(&mut self, task: usize, mut items: Vec<Carried>, gateway: Option<Outcome>) {
        let of = self.tasks[task].of;
        let flight = self.flights.len();
        let words: Vec<Key> = items.iter().map(|item| item.key).collect();
        self.story.tell(
            self.now,
            "leave",
            [flight as u64, words.len() as u64],
            || match gateway {
                Some(outcome) => {
                    format!("    request {flight} with entries {words:?}: {outcome:?}")
                }
                None => format!("    request {flight} leaves with entries {words:?}"),
            },
        );
        if gateway.is_some() {
            self.push_flight(task, of, items, gateway);
            let after = self.dice.between(5, 200);
            return self.schedule(after, Happens::Answer(flight));
        }
        let weather = &self.weather;
        let fates = [
            (weather.lost, "lost requests"),
            (weather.unanswered, "lost answers"),
            (weather.server_error, "server errors"),
            (weather.garbage, "unreadable answers"),
        ];
        let fate = fates
            .into_iter()
            .find(|(often, _)| self.dice.chance(*often))
            .map(|(_, fate)| fate);
        let quickly = match self.dice.chance(self.weather.slow) {
            true => self.dice.between(SECOND, CUT),
            false => self.dice.between(20, 2 * SECOND),
        };
        let answered_at = match fate {
            None | Some("server errors" | "unreadable answers") => quickly,
            _ if self.dice.chance(300) => quickly,
            _ => ms(CALL),
        };
        if let Some(fate) = fate {
            self.counts.add(fate);
        }
        let mut executions = Vec::with_capacity(items.len());
        let is_batch = !items[0].name.1.is_empty();
        for item in &mut items {
            item.report = match fate {
                Some("unreadable answers") => Report::Garbage,
                Some(_) => Report::Unknown,
                None if is_batch && self.dice.chance(self.weather.missing_item) => Report::Missing,
                None if is_batch && self.dice.chance(self.weather.unknown_item) => Report::Unknown,
                None => Report::Truth,
            };
            let executed_at = match item.report {
                Report::Truth => Some(quickly.saturating_sub(5)),
                _ if fate == Some("lost requests") => None,
                _ if fate != Some("lost answers") && self.dice.chance(350) => None,
                _ => Some(self.sometime(answered_at)),
            };
            if executed_at.is_some_and(|at| at > answered_at) {
                self.counts.add("late commits");
            }
            executions.push(executed_at);
        }
        self.push_flight(task, of, items, None);
        for (item, at) in executions.into_iter().enumerate() {
            if let Some(at) = at {
                self.schedule(at, Happens::Execute(flight, item));
            }
        }
        self.schedule(answered_at, Happens::Answer(flight));
    }

    // When something is executed of which no answer tells: at once, or as late as the company's punctuality allows.
    fn sometime(&mut self, answered_at: u64) -> u64 {
        if self.dice.chance(400) {
            return self.dice.between(20, answered_at.max(21));
        }
        // What is found at the very edge of what is allowed is what a wait that is too short overlooks.
        if self.weather.is_punctual && self.dice.chance(300) {
            let edge = answered_at + ms(QUIET);
            return self.dice.between(edge - 20 * SECOND, edge - 1);
        }
        let late = match self.weather.is_punctual {
            true => ms(QUIET) - 1,
            false => 2_000 * SECOND,
        };
        self.dice.between(20, answered_at + late)
    }

    fn push_flight(&mut self, task: usize, of: usize, items: Vec<Carried>, whole: Option<Outcome>) {
        self.flights.push(Flight {
            task,
            of,
            items,
            whole,
            is_answered: false,
            is_retried: false,
        });
    }

    /// QuickBooks executes an item, or recognises its repetition.
    pub(crate) fn execute(&mut self, flight: usize, item: usize) {
        let now = self.now;
        let of = self.flights[flight].of;
        let carried = self.flights[flight].items[item].clone();
        let tenant = &mut self.tenants[of];
        let row = &tenant.rows.entries[carried.key as usize];
        let (event, body) = (row.event, row.body);
        let replay = tenant.company.replay(&carried.name, now, &self.weather);
        if replay.is_none() && tenant.company.had(&carried.name) {
            self.counts.add("request ids forgotten");
        }
        let truth = if let Some(truth) = replay {
            self.counts.add("request ids recognised");
            if truth.qbo_id.is_none() {
                self.counts.add("refusals replayed");
            }
            match self.dice.chance(self.weather.strange_replay) {
                true => Truth {
                    outcome: Outcome::Unknown,
                    qbo_id: None,
                },
                false => truth,
            }
        } else {
            let lag = match (self.dice.chance(self.weather.lag), self.weather.is_punctual) {
                (false, _) => 0,
                (true, true) => {
                    let least = self.dice.one(&[0, 20 * SECOND]);
                    self.dice.between(least, ms(GAP) - 1)
                }
                (true, false) => self.dice.between(0, 3_600 * SECOND),
            };
            let incoming = Incoming {
                name: carried.name,
                number: event,
                body,
                defect: tenant.rows.events[event].defect,
            };
            self.tenants[of]
                .company
                .execute(incoming, now, lag, &self.weather)
        };
        self.flights[flight].items[item].truth = Some(truth);
        self.story
            .tell(now, "execute", [flight as u64, item as u64], || {
                format!(
                    "    QuickBooks executes request {flight}, event {event} of tenant {of}: {:?}",
                    truth.outcome
                )
            });
        self.judge_booking(of, event);
    }

    /// An answer comes, or the call's time is over.
    pub(crate) fn answer(&mut self, flight: usize) {
        let task = self.flights[flight].task;
        if self.flights[flight].is_answered || !self.tasks[task].is_alive {
            return;
        }
        let worker = self.tasks[task].worker;
        if let Some(wait) = self.hindered(worker) {
            return self.schedule(wait, Happens::Answer(flight));
        }
        let of = &mut self.flights[flight];
        let is_lost =
            of.whole.is_none() && of.items.iter().all(|item| item.report == Report::Unknown);
        if acts(Mutant::ClientRetries) && is_lost && !of.is_retried {
            (of.is_answered, of.is_retried) = (true, true);
            let items = of.items.clone();
            self.fly(task, items, None);
            let again = self.flights.len() - 1;
            self.flights[again].is_retried = true;
            return;
        }
        of.is_answered = true;
        let after = self.dice.between(1, 20);
        self.schedule(after, Happens::Settle(flight, 0));
    }

    // What an item's answer comes to.
    fn outcome(&self, flight: usize, item: usize) -> (Outcome, Option<usize>) {
        let of = &self.flights[flight];
        let item = if acts(Mutant::FirstItemForAll) {
            0
        } else {
            item
        };
        let carried = &of.items[item];
        let id = id_of(of.items[item].truth);
        if let Some(outcome) = of.whole {
            return (outcome, None);
        }
        match carried.report {
            Report::Truth => (
                carried
                    .truth
                    .map_or(Outcome::Unknown, |truth| truth.outcome),
                id,
            ),
            Report::Missing => (item_outcome(None), None),
            Report::Garbage if acts(Mutant::GarbageIsPosted) => (Outcome::Posted, id),
            Report::Unknown | Report::Garbage => (Outcome::Unknown, None),
        }
    }

    /// Settles one item of an answer, in a transaction of its own.
    pub(crate) fn settle(&mut self, flight: usize, item: usize) {
        let task = self.flights[flight].task;
        if !self.tasks[task].is_alive {
            return;
        }
        let worker = self.tasks[task].worker;
        if let Some(wait) = self.hindered(worker) {
            return self.schedule(wait, Happens::Settle(flight, item));
        }
        if self.crashes(worker, "before an outcome is settled") {
            return;
        }
        let fails = self.dice.chance(self.weather.database_error);
        let commits = !fails || self.dice.chance(500);
        let mut effect = Effect::Lost;
        if commits && self.holds(task, Mutant::NoFenceOnSettle) {
            effect = self.settle_item(task, flight, item);
        }
        if fails {
            self.counts.add("database errors");
            self.tasks[task].errored = true;
        }
        if self.crashes(worker, "having settled an outcome") {
            return;
        }
        self.tasks[task].effects.push(effect);
        if item + 1 < self.flights[flight].items.len() {
            let after = self.dice.between(1, 10);
            return self.schedule(after, Happens::Settle(flight, item + 1));
        }
        self.tasks[task].outstanding -= 1;
        if self.tasks[task].outstanding == 0 {
            let effects = std::mem::take(&mut self.tasks[task].effects);
            self.tell(task, Heard::Sent(effects));
        }
    }

    fn settle_item(&mut self, task: usize, flight: usize, item: usize) -> Effect {
        let of = self.tasks[task].of;
        let key = self.flights[flight].items[item].key;
        let (outcome, qbo_id) = self.outcome(flight, item);
        let tries = self.tasks[task]
            .ready
            .iter()
            .find(|(of, ..)| *of == key)
            .map_or(0, |(.., tries)| *tries);
        let Some(wave) = &self.tasks[task].wave else {
            return Effect::Lost;
        };
        let settlement = wave.settle(outcome, tries);
        if !self.settle_row(of, key, settlement, qbo_id) {
            return Effect::Lost;
        }
        match outcome {
            Outcome::Halted => {
                let (before, now) = (self.tasks[task].refused, self.now);
                self.tenants[of].rows.refuses(before, now);
            }
            Outcome::Rejected | Outcome::NumberTaken => self.tenants[of].rows.refused = None,
            _ => {}
        }
        Effect::of(outcome)
    }
}
