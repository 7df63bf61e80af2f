//! Settling together what was answered together. Whoever comes while a settlement is under way waits for it, and is settled
//! with all the others that came meanwhile; and a settlement waits a moment for what is about to be answered: the busier a
//! company is, the fewer transactions an entry takes.

use super::settle::{self, Sent, Settled};
use super::{Turn, Wave};
use crate::error::Error;
use accounting::posting::Outcome;
use entity::id::JournalEntryId;
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// How long an answer waits for others at the most.
const MOMENT: Duration = Duration::from_millis(10);

/// The answers of one wave that wait to be settled.
pub(super) struct Gathered<'t> {
    /// Whether requests follow each other within a moment: then those that have not left yet are waited for, too.
    is_brisk: bool,
    /// Requests that are to be answered within a moment, as far as we know.
    expected: AtomicUsize,
    /// So many are under way at once: where all of them are answered, nothing more leaves before they are settled.
    most: usize,
    /// Requests that wait to be settled.
    answered: AtomicUsize,
    more: Notify,
    waiting: Mutex<Vec<Sent<'t>>>,
    under_way: tokio::sync::Mutex<()>,
}

impl<'t> Gathered<'t> {
    /// For a wave of so many requests, of which `most` are under way at once, and each leaves `spacing` after the last.
    pub(super) fn of(requests: usize, most: usize, spacing: Duration) -> Self {
        let is_brisk = spacing < MOMENT;
        Self {
            is_brisk,
            expected: AtomicUsize::new(if is_brisk { requests } else { 0 }),
            most,
            answered: AtomicUsize::new(0),
            more: Notify::new(),
            waiting: Mutex::default(),
            under_way: tokio::sync::Mutex::default(),
        }
    }

    /// A request is about to leave; what comes of it is brought to [`settle`](Self::settle).
    pub(super) fn leaves(&self) {
        if !self.is_brisk {
            self.expected.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Settles what came of a request. Returns once it is settled; what others brought is told to whoever settled it, and to them
    /// nothing.
    pub(super) async fn settle(
        &self,
        turn: &Turn<'_>,
        wave: &Wave<JournalEntryId>,
        sent: Vec<Sent<'t>>,
    ) -> Result<Vec<Settled>, Error> {
        let went_well = sent.iter().all(|sent| sent.outcome == Outcome::Posted);
        self.waiting().extend(sent);
        self.answered.fetch_add(1, Ordering::Relaxed);
        self.expected.fetch_sub(1, Ordering::Relaxed);
        self.more.notify_waiters();
        let _one_at_a_time = self.under_way.lock().await;
        // What did not go well may keep others from leaving, and is told of at once.
        if went_well {
            let _ = tokio::time::timeout(MOMENT, self.enough()).await;
        }
        let sent = mem::take(&mut *self.waiting());
        self.answered.store(0, Ordering::Relaxed);
        if sent.is_empty() {
            return Ok(Vec::new());
        }
        settle::all(turn, wave, sent).await
    }

    // Until nothing more is to come.
    async fn enough(&self) {
        loop {
            let more = self.more.notified();
            let answered = self.answered.load(Ordering::Relaxed);
            // What nobody waits for was settled meanwhile with others'.
            if answered == 0 || answered >= self.most || self.expected.load(Ordering::Relaxed) == 0
            {
                return;
            }
            more.await;
        }
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Sent<'t>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
