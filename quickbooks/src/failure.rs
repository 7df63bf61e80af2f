//! A failed call of the Accounting API.

use std::fmt;
use std::time::Duration;

use crate::cause::{Cause, Certainty};
use crate::envelope::{self, Faults};
use crate::fault::{self, Fault};
use crate::wire::{Lost, Received};

/// How long Intuit asks to wait after a 429 that does not say. [DOC-REST: a flat 60 seconds]
pub const THROTTLE_WAIT: Duration = Duration::from_secs(60);

/// Why a call of the Accounting API gave nothing. `Display` and `Debug` are fit for logs: they hold no
/// token and none of the customer's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What it means and what to do.
    pub cause: Cause,
    /// The HTTP status, when there was an answer.
    pub http_status: Option<u16>,
    /// Intuit's id of the exchange, for a support case.
    pub intuit_tid: Option<String>,
    /// What QuickBooks said, for the person who must act.
    pub faults: Vec<Fault>,
    /// How long to wait before the same request: what the answer asks for, or for a throttled one
    /// [`THROTTLE_WAIT`].
    pub retry_after: Option<Duration>,
    /// What was seen when there was no fault to quote: a time-out, an answer cut short.
    pub reason: Option<Box<str>>,
}

impl Failure {
    /// How sure one may be of what the call did.
    pub fn certainty(&self) -> Certainty {
        self.cause.certainty()
    }

    /// A success that cannot be used, so its effect is unknown.
    pub(crate) fn unreadable(received: &Received, reason: String) -> Self {
        Self {
            cause: Cause::Unknown,
            http_status: Some(received.status),
            intuit_tid: received.intuit_tid.clone(),
            faults: Vec::new(),
            retry_after: received.retry_after,
            reason: Some(reason.into()),
        }
    }

    /// What one item of a batch was refused with.
    pub(crate) fn of_item(cause: Cause, faults: Vec<Fault>, received: &Received) -> Self {
        let patience = (cause == Cause::Throttled).then_some(THROTTLE_WAIT);
        Self {
            cause,
            http_status: Some(received.status),
            intuit_tid: received.intuit_tid.clone(),
            faults,
            retry_after: received.retry_after.or(patience),
            reason: None,
        }
    }
}

/// Reads an answer as a failure; `None` when it is a success. A status of 200 may carry faults too.
pub(crate) fn of(received: &Received) -> Option<Failure> {
    let (faults, ambiguous) = match envelope::faults(&received.body) {
        Faults::None if received.is_success() => return None,
        Faults::None => (Vec::new(), false),
        Faults::Some(faults) => (faults, false),
        Faults::BesideAnEffect(faults) => (faults, true),
    };
    let cause = if ambiguous {
        Cause::Unknown
    } else {
        fault::cause(received.status, &faults)
    };
    let patience = (cause == Cause::Throttled).then_some(THROTTLE_WAIT);
    Some(Failure {
        cause,
        http_status: Some(received.status),
        intuit_tid: received.intuit_tid.clone(),
        faults,
        retry_after: received.retry_after.or(patience),
        reason: ambiguous.then(|| "a fault beside what was written".into()),
    })
}

impl From<Lost> for Failure {
    fn from(lost: Lost) -> Self {
        let (cause, reason, http_status, intuit_tid, retry_after) = match lost {
            Lost::NotSent { reason } => (Cause::NotSent, reason, None, None, None),
            Lost::Unknown {
                reason,
                http_status,
                intuit_tid,
                retry_after,
            } => (Cause::Unknown, reason, http_status, intuit_tid, retry_after),
        };
        Self {
            cause,
            http_status,
            intuit_tid,
            faults: Vec::new(),
            retry_after,
            reason: Some(reason.into()),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.cause)?;
        if let Some(reason) = &self.reason {
            write!(formatter, ": {reason}")?;
        }
        let codes: Vec<&str> = self
            .faults
            .iter()
            .map(|fault| fault.code.as_str())
            .collect();
        let mut facts = Vec::new();
        facts.extend(self.http_status.map(|status| format!("HTTP {status}")));
        facts.extend((!codes.is_empty()).then(|| format!("fault {}", codes.join(", "))));
        facts.extend(
            self.intuit_tid
                .as_ref()
                .map(|tid| format!("intuit_tid {tid}")),
        );
        if facts.is_empty() {
            return Ok(());
        }
        write!(formatter, " ({})", facts.join(", "))
    }
}

impl std::error::Error for Failure {}
