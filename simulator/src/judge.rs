//! The judge: the company's own ledger, at each booking and at the end.

use crate::world::World;
use accounting::posting::{EntryState, EventStatus};

impl World {
    /// After each booking: at most one entry an event.
    pub(crate) fn judge_booking(&mut self, of: usize, number: usize) {
        let ours = self.tenants[of].company.ours(number);
        if ours > 1 {
            self.breaks(|| {
                format!("duplicate: tenant {of} has {ours} entries of event {number} in its books")
            });
        }
    }

    /// After each settlement: what we call posted is in the books, and it is this event's.
    pub(crate) fn judge_posted(&mut self, of: usize, key: u32) {
        let tenant = &self.tenants[of];
        let row = &tenant.rows.entries[key as usize];
        let is_there = row
            .qbo_id
            .and_then(|id| tenant.company.ledger.get(id))
            .is_some_and(|booked| booked.number == row.event && booked.body == Some(row.body));
        if !is_there {
            let event = row.event;
            self.breaks(|| {
                format!("false success: event {event} of tenant {of} is called posted, and its entry is not in the books")
            });
        }
    }

    /// At the end: exactly one entry of every event that can be posted, and it is the one we know.
    pub(crate) fn judge(&mut self) {
        for of in 0..self.tenants.len() {
            for event in 0..self.tenants[of].rows.events.len() {
                let tenant = &self.tenants[of];
                let (row, ours) = (&tenant.rows.events[event], tenant.company.ours(event));
                let posted = tenant
                    .rows
                    .entries
                    .iter()
                    .filter(|entry| entry.event == event && entry.state == EntryState::Posted)
                    .count();
                let (status, version) = (row.status, row.version);
                let is_foreign = tenant.company.is_foreign(event);
                if status == EventStatus::Failed && is_foreign && ours == 0 {
                    continue;
                }
                if status != EventStatus::Synced {
                    self.breaks(|| {
                        format!("stuck: event {event} of tenant {of} is {} in the end, with {ours} entries in the books", status.as_str())
                    });
                } else if ours != 1 || posted != 1 {
                    self.breaks(|| {
                        format!("lost: event {event} version {version} of tenant {of} is synced, with {ours} entries in the books and {posted} posted")
                    });
                }
            }
        }
    }
}
