//! The store: a tenant's rows in memory. Each method is one transaction's worth of writes; the machine's table of states says
//! from where and to what.

use accounting::posting::{
    Absences, BatchName, EntryChange, EntryState, EventChange, EventStatus, LeaseGuard, Mutant,
    acts,
};

/// A key of an entry: its place among its tenant's.
pub(crate) type Key = u32;

#[derive(Clone, Debug)]
pub(crate) struct EventRow {
    pub(crate) status: EventStatus,
    pub(crate) version: i32,
    pub(crate) due_at: Option<u64>,
    pub(crate) tries: u32,
    pub(crate) past: bool,
    /// Its entry would be refused, until a person mends what is wrong.
    pub(crate) defect: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub(crate) fence: i64,
    pub(crate) send_not_after: u64,
    /// Requests that left for it.
    pub(crate) left: u32,
}

#[derive(Clone, Debug)]
pub(crate) struct EntryRow {
    pub(crate) event: usize,
    /// Whether it is in the store. Where no number is looked up before, an entry is kept with its intent.
    pub(crate) kept: bool,
    pub(crate) version: i32,
    pub(crate) generation: i32,
    pub(crate) request_id: String,
    pub(crate) batch: Option<BatchName>,
    pub(crate) body: u64,
    pub(crate) state: EntryState,
    pub(crate) due_at: Option<u64>,
    pub(crate) absences: u32,
    pub(crate) attempts: Vec<Attempt>,
    /// Whether its outcome was ever unknown.
    pub(crate) doubted: bool,
    pub(crate) sealed_at: u64,
    pub(crate) qbo_id: Option<usize>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct LeaseRow {
    pub(crate) holder: u64,
    pub(crate) fence: i64,
    pub(crate) expires_at: u64,
    pub(crate) throttled_until: Option<u64>,
}

impl LeaseRow {
    pub(crate) fn allows(&self, guard: LeaseGuard, now: u64, holder: u64, fence: i64) -> bool {
        let is_mine = self.fence == fence && self.holder == holder;
        guard.allows(self.expires_at <= now, is_mine)
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct TurnRow {
    pub(crate) bell: u64,
    pub(crate) due_at: Option<u64>,
    pub(crate) rung_until: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Rows {
    pub(crate) events: Vec<EventRow>,
    pub(crate) entries: Vec<EntryRow>,
    pub(crate) lease: LeaseRow,
    pub(crate) turn: TurnRow,
    pub(crate) running: bool,
    /// False: a person must act before anything is posted.
    pub(crate) connected: bool,
    /// The company refuses us: how often in a row, and when it is asked again.
    pub(crate) refused: Option<(u32, u64)>,
    /// Grows with each change of the mapping; what is sealed afterwards has other bytes.
    pub(crate) mapping: u64,
    pub(crate) token: u64,
    pub(crate) batch_items: usize,
    /// The company did not answer well: it is tried with one entry.
    pub(crate) on_trial: bool,
}

impl Rows {
    /// Changes an entry; false where it is in no state that this leads from. `at` is when waits begin.
    pub(crate) fn entry(&mut self, key: Key, change: EntryChange, at: u64) -> bool {
        let Some(row) = self.entries.get_mut(key as usize) else {
            return false;
        };
        if !row.kept || !change.from().contains(&row.state) && !acts(Mutant::AnyState) {
            return false;
        }
        row.state = change.to();
        row.due_at = change
            .due_after()
            .map(|after| at + crate::weather::ms(after));
        row.absences = match change.absences() {
            Absences::Reset => 0,
            Absences::Count => row.absences + 1,
        };
        row.doubted |= match change {
            // A number that is taken says that nothing was executed now.
            EntryChange::Doubt { after } => !after.is_zero(),
            EntryChange::Abandon { .. } => true,
            _ => false,
        };
        true
    }

    /// Changes an event; false where it has no status that this leads from, or not this version.
    pub(crate) fn event(
        &mut self,
        event: usize,
        change: EventChange,
        version: Option<i32>,
        at: u64,
    ) -> bool {
        let row = &mut self.events[event];
        let leads = change.from().contains(&row.status) || acts(Mutant::AnyState);
        if !leads || version.is_some_and(|version| version != row.version) {
            return false;
        }
        row.status = change.to();
        row.due_at = change
            .due_after()
            .map(|after| at + crate::weather::ms(after));
        match change {
            EventChange::QueueAgain { .. } => row.tries += 1,
            EventChange::Retry => row.tries = 0,
            _ => {}
        }
        true
    }

    /// The latest entry of an event.
    pub(crate) fn latest(&self, event: usize) -> Option<Key> {
        self.entries
            .iter()
            .zip(0..)
            .filter(|(row, _)| row.kept && row.event == event)
            .max_by_key(|(row, key)| (row.generation, *key))
            .map(|(_, key)| key)
    }

    /// Whether something of an event may be in the books, or come to be.
    pub(crate) fn may_be_booked(&self, event: usize) -> bool {
        self.entries
            .iter()
            .any(|row| row.kept && row.event == event && row.state.may_be_booked(row.doubted))
    }

    /// Withdraws an event's sealed entry.
    pub(crate) fn withdraw(&mut self, event: usize, now: u64) {
        for key in 0..self.entries.len() {
            let row = &self.entries[key];
            if row.kept && row.event == event && row.state == EntryState::Sealed {
                self.entry(key as Key, EntryChange::Withdraw, now);
            }
        }
    }

    /// Puts an entry into the store; false where its event has one alive there.
    pub(crate) fn keep(&mut self, key: Key) -> bool {
        let event = self.entries[key as usize].event;
        let is_alive = |row: &EntryRow| {
            let over = matches!(row.state, EntryState::Rejected | EntryState::Withdrawn);
            row.kept && row.event == event && !over
        };
        if self.entries.iter().any(is_alive) {
            return false;
        }
        self.entries[key as usize].kept = true;
        true
    }

    /// The company refuses us; `before`: how often in a row until the turn that learned it now.
    pub(crate) fn refuses(&mut self, before: u32, now: u64) {
        let times = before + 1;
        let wait = crate::weather::ms(accounting::posting::refused_wait(times));
        self.refused = Some((times, now + wait));
    }

    /// Writes the wake-up.
    pub(crate) fn wake(&mut self, now: u64) {
        self.turn.bell += 1;
        self.turn.due_at = Some(self.turn.due_at.map_or(now, |due| due.min(now)));
    }
}
