//! Settling together what was answered together. Whoever comes while a settlement is under way waits for it, and is settled
//! with all the others that came meanwhile: the busier a company is, the fewer transactions an entry takes.

use super::settle::{self, Sent, Settled};
use super::{Turn, Wave};
use crate::error::Error;
use entity::id::JournalEntryId;
use std::mem;
use std::sync::{Mutex, PoisonError};

/// The answers of one wave that wait to be settled.
#[derive(Default)]
pub(super) struct Gathered<'t> {
    waiting: Mutex<Vec<Sent<'t>>>,
    under_way: tokio::sync::Mutex<()>,
}

impl<'t> Gathered<'t> {
    /// Settles these. Returns once they are settled; what others brought is told to whoever settled it, and to them nothing.
    pub(super) async fn settle(
        &self,
        turn: &Turn<'_>,
        wave: &Wave<JournalEntryId>,
        sent: Vec<Sent<'t>>,
    ) -> Result<Vec<Settled>, Error> {
        self.waiting().extend(sent);
        let _one_at_a_time = self.under_way.lock().await;
        let sent = mem::take(&mut *self.waiting());
        if sent.is_empty() {
            return Ok(Vec::new());
        }
        settle::all(turn, wave, sent).await
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Sent<'t>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
