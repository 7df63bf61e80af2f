//! The simulated company: its ledger, which is the judge, and what it remembers of request ids.

use crate::weather::Weather;
use accounting::posting::Outcome;
use std::collections::HashMap;

/// An entry in the books.
#[derive(Clone, Debug)]
pub(crate) struct Booked {
    /// The number it carries, which is its event's.
    pub(crate) number: usize,
    /// Whose: `None`: somebody else's.
    pub(crate) body: Option<u64>,
    /// A query shows it from here on.
    pub(crate) visible_at: u64,
    pub(crate) deleted: bool,
}

/// What the company made of one entry of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Truth {
    pub(crate) outcome: Outcome,
    pub(crate) qbo_id: Option<usize>,
}

pub(crate) struct Company {
    pub(crate) ledger: Vec<Booked>,
    pub(crate) guards_numbers: bool,
    pub(crate) token: u64,
    pub(crate) refuses: bool,
    remembered: HashMap<(String, String), (u64, Truth)>,
    /// The bytes that came under each name.
    pub(crate) bytes: HashMap<(String, String), u64>,
}

/// An entry as it comes in.
pub(crate) struct Incoming {
    pub(crate) name: (String, String),
    pub(crate) number: usize,
    pub(crate) body: u64,
    pub(crate) defect: bool,
}

impl Company {
    pub(crate) fn new(guards_numbers: bool) -> Self {
        Self {
            ledger: Vec::new(),
            guards_numbers,
            token: 0,
            refuses: false,
            remembered: HashMap::new(),
            bytes: HashMap::new(),
        }
    }

    /// What it remembers of this name.
    pub(crate) fn replay(
        &self,
        name: &(String, String),
        now: u64,
        weather: &Weather,
    ) -> Option<Truth> {
        let (at, truth) = self.remembered.get(name)?;
        let is_forgotten = weather.forgets_after.is_some_and(|after| at + after <= now);
        (weather.honours_ids && !is_forgotten).then_some(*truth)
    }

    /// Whether this name came before.
    pub(crate) fn had(&self, name: &(String, String)) -> bool {
        self.remembered.contains_key(name)
    }

    /// Executes one entry that was not recognised as a repetition.
    pub(crate) fn execute(
        &mut self,
        entry: Incoming,
        now: u64,
        lag: u64,
        weather: &Weather,
    ) -> Truth {
        let is_taken = self
            .ledger
            .iter()
            .any(|booked| booked.number == entry.number && !booked.deleted);
        let outcome = if entry.defect {
            Outcome::Rejected
        } else if self.guards_numbers && is_taken {
            Outcome::NumberTaken
        } else {
            Outcome::Posted
        };
        let qbo_id = (outcome == Outcome::Posted).then_some(self.ledger.len());
        if qbo_id.is_some() {
            self.ledger.push(Booked {
                number: entry.number,
                body: Some(entry.body),
                visible_at: now + lag,
                deleted: false,
            });
        }
        let truth = Truth { outcome, qbo_id };
        if qbo_id.is_some() || weather.remembers_refusals {
            self.remembered.insert(entry.name, (now, truth));
        }
        truth
    }

    /// Whether somebody else's entry has this number.
    pub(crate) fn is_foreign(&self, number: usize) -> bool {
        self.ledger
            .iter()
            .any(|booked| booked.number == number && booked.body.is_none() && !booked.deleted)
    }

    /// Our entries with this number.
    pub(crate) fn ours(&self, number: usize) -> usize {
        let ours = |booked: &&Booked| booked.number == number && booked.body.is_some();
        self.ledger.iter().filter(ours).count()
    }
}
