//! Refusals in the audit log of whoever was refused.
//!
//! Each is known, and none can fill the log: of each key, operation and reason the first in a minute is recorded at once, and
//! those that follow in that minute are counted and recorded as one when it is over. A process keeps that count; one that is
//! killed loses the count of its last minute, and never a first.

use super::record;
use crate::access::Denied;
use crate::error::Error;
use crate::{Service, tenant};
use entity::id::TenantId;
use serde_json::json;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// As it stands in a record.
const ACTION: &str = "access.denied";
/// How long refusals are taken together.
const WINDOW: Duration = Duration::from_secs(60);
/// Windows that a process keeps. Beyond it all operations of a key are taken together.
const WINDOWS_MAX: usize = 10_000;
/// Stands for the operation where there are too many to tell apart.
const ANY: &str = "any";

/// Why somebody was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The credential may not do this.
    InsufficientScope,
    /// The resource is another tenant's, or nobody's: the two are not told apart.
    NotYours,
    /// The secret is not the key's.
    WrongSecret,
    /// The key was revoked.
    Revoked,
    /// The key has expired.
    Expired,
    /// The tenant is not served.
    Suspended,
}

impl Reason {
    /// As it stands in a record.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InsufficientScope => "insufficient_scope",
            Self::NotYours => "not_yours",
            Self::WrongSecret => "wrong_secret",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::Suspended => "suspended",
        }
    }
}

impl From<Denied> for Reason {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::NotFound => Self::NotYours,
            Denied::Scope(_) => Self::InsufficientScope,
        }
    }
}

/// Whom something was refused, and what.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Denial {
    /// In whose log it stands: the caller's own tenant, whatever was asked for.
    pub tenant: TenantId,
    /// The key, as the log names it.
    pub actor: String,
    /// The operation.
    pub operation: &'static str,
    /// Why.
    pub reason: Reason,
}

/// The refusals of the minutes that run, and how many there were.
#[derive(Debug, Default)]
pub(crate) struct Denials(Mutex<HashMap<Denial, u64>>);

/// What follows from a refusal.
#[derive(Debug, PartialEq, Eq)]
enum Noted {
    /// It is the first of its minute: it is recorded.
    First(Denial),
    /// The minute's others are recorded together.
    Counted,
}

impl Denials {
    fn note(&self, mut denial: Denial) -> Noted {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if running.len() >= WINDOWS_MAX && !running.contains_key(&denial) {
            denial.operation = ANY;
        }
        match running.entry(denial) {
            Entry::Vacant(place) => {
                let denial = place.key().clone();
                place.insert(0);
                Noted::First(denial)
            }
            Entry::Occupied(mut place) => {
                *place.get_mut() += 1;
                Noted::Counted
            }
        }
    }

    // Its minute is over: how many came after the first.
    fn end(&self, denial: &Denial) -> u64 {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        running.remove(denial).unwrap_or(0)
    }

    fn all(&self) -> Vec<Denial> {
        let running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        running.keys().cloned().collect()
    }
}

/// Records a refusal. A log that cannot be written keeps nobody from being refused: that is told in the process's own log.
pub async fn deny(service: &Service, denial: Denial) {
    let Noted::First(denial) = service.denials().note(denial) else {
        return;
    };
    write(
        service,
        &denial,
        json!({ "reason": denial.reason.as_str() }),
    )
    .await;
    let later = service.clone();
    service.detach(async move {
        tokio::time::sleep(WINDOW).await;
        end(&later, &denial).await;
    });
}

/// Records what was counted and not recorded yet; for a process that ends.
pub async fn settle_denials(service: &Service) {
    for denial in service.denials().all() {
        end(service, &denial).await;
    }
}

async fn end(service: &Service, denial: &Denial) {
    let more = service.denials().end(denial);
    if more > 0 {
        let detail = json!({ "reason": denial.reason.as_str(), "times_more": more });
        write(service, denial, detail).await;
    }
}

async fn write(service: &Service, denial: &Denial, detail: serde_json::Value) {
    if let Err(error) = try_to_write(service, denial, detail).await {
        tracing::error!(
            tenant.id = %denial.tenant, key.id = denial.actor,
            "a refusal of {} is not in the audit log: {error}", denial.operation
        );
    }
}

async fn try_to_write(
    service: &Service,
    denial: &Denial,
    detail: serde_json::Value,
) -> Result<(), Error> {
    if denial.tenant == TenantId::PLATFORM {
        tenant::ensure_platform(service).await?;
    }
    let tx = service.tenant(denial.tenant).await?;
    record(&tx, &denial.actor, ACTION, denial.operation, detail).await?;
    Ok(tx.commit().await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denial(operation: &'static str) -> Denial {
        Denial {
            tenant: TenantId::PLATFORM,
            actor: "key_x".into(),
            operation,
            reason: Reason::NotYours,
        }
    }

    #[test]
    fn the_first_of_a_minute_is_recorded_and_the_others_are_counted() {
        let denials = Denials::default();
        assert_eq!(denials.note(denial("a")), Noted::First(denial("a")));
        assert_eq!(denials.note(denial("a")), Noted::Counted);
        assert_eq!(denials.note(denial("b")), Noted::First(denial("b")));
        assert_eq!(denials.note(denial("a")), Noted::Counted);
        assert_eq!(
            (denials.end(&denial("a")), denials.end(&denial("b"))),
            (2, 0)
        );
        assert_eq!(denials.note(denial("a")), Noted::First(denial("a")));
    }

    #[test]
    fn a_flood_of_many_kinds_is_taken_together() {
        let denials = Denials::default();
        for n in 0..WINDOWS_MAX {
            denials.note(Denial {
                actor: n.to_string(),
                ..denial("a")
            });
        }
        assert_eq!(denials.note(denial("b")), Noted::First(denial(ANY)));
        assert_eq!(denials.note(denial("c")), Noted::Counted);
    }
}
