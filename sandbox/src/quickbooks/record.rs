//! What happened, kept for assertions: calls, metered counts, and what a client should never do.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::operation::Operation;

/// How many calls the log keeps; older ones fall out.
const CALLS_MAX: usize = 200_000;

/// Successful calls as the partner programme meters them; each batch item counts by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Data in: creates, changes, deletes.
    pub core: u64,
    /// Data out: reads and queries.
    pub core_plus: u64,
}

impl Counters {
    pub(crate) fn count(&mut self, operation: Operation) {
        self.core += u64::from(operation.writes());
        self.core_plus += u64::from(operation.reads());
    }
}

/// One call as it arrived and as it was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRecord {
    /// Counts from 1.
    pub sequence: u64,
    /// When it arrived, on the simulator's clock.
    pub at: DateTime<Utc>,
    /// The HTTP method.
    pub method: String,
    /// What it asked for.
    pub operation: Operation,
    /// The company in its path.
    pub realm_id: Option<String>,
    /// Its `requestid`.
    pub request_id: Option<String>,
    /// The document number in its body.
    pub doc_number: Option<String>,
    /// Of a batch, how many items it holds.
    #[serde(default)]
    pub items: Option<usize>,
    /// The status it was answered with; absent while it runs and when the connection was cut.
    pub status: Option<u16>,
    /// The code of the fault it was answered with.
    pub fault_code: Option<String>,
    /// Its `intuit_tid`.
    pub tid: String,
    /// The planned fault it met.
    pub planned_fault: Option<u64>,
    /// Whether it was answered from its request id's memory, without a second effect.
    pub replayed: bool,
    /// Whether its connection was closed without an answer.
    pub cut: bool,
}

/// Something that a well-behaved client never does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Violation {
    /// One request id was sent with two bodies.
    RequestIdReusedWithAnotherBody {
        /// The company.
        realm_id: String,
        /// The id.
        request_id: String,
    },
    /// A refresh token was presented after its successor was issued.
    SupersededRefreshToken {
        /// The company of the grant.
        realm_id: String,
    },
    /// Two refreshes of one grant were on their way at once.
    ConcurrentRefresh {
        /// The company of the grant.
        realm_id: String,
    },
    /// An authorization code was exchanged twice.
    AuthorizationCodeReused {
        /// The company of the code.
        realm_id: String,
    },
}

/// The whole record.
#[derive(Debug, Default)]
pub(crate) struct Record {
    calls: VecDeque<CallRecord>,
    sequence: u64,
    pub(crate) violations: Vec<Violation>,
    pub(crate) counters: Counters,
}

impl Record {
    /// Notes an arriving call and gives its sequence number.
    pub(crate) fn arrive(&mut self, mut call: CallRecord) -> u64 {
        self.sequence += 1;
        call.sequence = self.sequence;
        if self.calls.len() == CALLS_MAX {
            self.calls.pop_front();
        }
        self.calls.push_back(call);
        self.sequence
    }

    /// The call with this number, unless it has fallen out.
    pub(crate) fn call(&mut self, sequence: u64) -> Option<&mut CallRecord> {
        let first = self.calls.front()?.sequence;
        self.calls
            .get_mut(usize::try_from(sequence.checked_sub(first)?).ok()?)
    }

    pub(crate) fn calls(&self) -> impl Iterator<Item = &CallRecord> {
        self.calls.iter()
    }
}
