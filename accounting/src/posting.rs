//! Posting exactly once, as a machine without effects: the worker drives it against PostgreSQL and QuickBooks, a simulator
//! drives it against its own, and both run this code.
//!
//! Start at [`Course`]: it says what one holder's turn does next, is told what came of it, and never acts itself. What each
//! outcome means is in [`after_send`] and [`after_look_up`]; which state an entry or an event may leave for which is in
//! [`EntryChange`] and [`EventChange`], the one table that statements and simulated rows are both made of; who may post is
//! [`LeaseChange`]; when a request may still leave is [`Gate`]; what is sent under which name is [`Request`].
//!
//! The promise rests on four rules. Nothing leaves before its intent is committed. What is not definitely known is
//! *unknown*. An unknown outcome is looked up, after its full time and the quiet period, before anything is sent again. What is sent
//! again carries the same name.

mod course;
mod decision;
mod gate;
mod known;
mod lease;
mod mutant;
mod name;
mod request;
mod state;
mod wake;
mod wave;

pub use course::{Claimed, Course, Doubt, Errands, Halt, Heard, Policy, Step, Why};
pub use decision::{
    ABSENCES_NEEDED, Found, NUMBER_REFUSALS_MAX, Outcome, Settlement, UNWELL_WAIT, Waits,
    abandoned, after_look_up, after_send, back_off, before_first_send, refused_wait,
};
pub use gate::Gate;
pub use known::Known;
pub use lease::{LeaseChange, LeaseGuard};
pub use mutant::Mutant;
#[cfg(feature = "mutants")]
pub use mutant::{act, acts};
pub use name::{RequestIdOf, batch_request_id, derived_id, request_id};
pub use request::{BATCH_ITEMS_MAX, BatchName, Candidate, Item, Request, Shares, Wanted};
pub use state::{Absences, EntryChange, EntryState, EventChange, EventStatus};
pub use wake::{Dues, next_due};
pub use wave::{Effect, Wave, item_outcome};
