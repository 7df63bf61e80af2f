#![doc = include_str!("../README.md")]

mod amount;
mod books;
mod currency;
mod decimal;
mod effect;
mod entry;
pub mod event;
mod footprint;
mod journalize;
pub mod mapping;
pub mod posting;
pub mod reconciliation;
mod reference;
mod refusal;
mod rules;
pub mod suggestion;
mod text;

pub use amount::{Amount, allocate};
pub use books::{
    Books, ClosedPeriod, Dimension, LocationRefs, Unusable, max_rounding_tolerance_minor,
};
pub use currency::{Currency, UnknownCurrency};
pub use decimal::{Decimal, DecimalError, EventAmount, Quantity, UnitCost};
pub use effect::{Effect, Place, Sides, Sum};
pub use entry::{EntryError, JournalEntry, Line, Side};
pub use event::{Event, EventError, Transaction, TransactionType};
pub use footprint::{Footprint, needs_of_declared};
pub use journalize::{Journalized, SkipReason, journalize, journalize_text};
pub use mapping::{KeyKind, Mapping, Slot};
pub use reference::Ref;
pub use refusal::{Missing, Refusal};
pub use rules::Need;
pub use text::{DocumentNumber, ExternalId, Key, Memo, Text, TextError};
