//! Refusals in the audit log of whoever was refused.
//!
//! Each is known, and none can fill the log: of each key, operation and reason the first in a minute is recorded at once, and
//! those that follow in that minute are counted and recorded as one when it is over. A process keeps that count; one that is
//! killed loses the count of its last minute, and never a first.
//!
//! Whom a refusal is of decides in which log it stands. A key's, and a token's of a key, in its tenant's, whatever was asked for; a
//! member's in that of each tenant it is a member of; the platform's in the platform's own; that of a browser whose flow is known in
//! that of the flow's tenant. Of whom nobody knows who it is, in the platform's own log, with the tenant at whose door it was: there
//! operations are taken together, and doors too once there are many, so that a process writes at the most some two hundred such
//! records a minute, whatever comes. Nobody waits for those, so that no answer tells by its time what is there.

use super::record;
use crate::access::{Caller, Denied};
use crate::error::Error;
use crate::{Service, member, tenant};
use entity::id::{AuthorizationRequestId, TenantId};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// As it stands in a record.
const ACTION: &str = "access.denied";
/// How long refusals are taken together.
const WINDOW: Duration = Duration::from_secs(60);
/// Windows that a process keeps. Beyond it all operations of a key are taken together.
const WINDOWS_MAX: usize = 10_000;
/// Windows that a process keeps of callers whom nobody knows. Beyond it all of them are taken together.
const UNKNOWN_MAX: usize = 100;
/// Stands for the operation where there are too many to tell apart.
const ANY: &str = "any";
/// Whoever is not known.
const NOBODY: &str = "nobody";

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
    /// The token was good, and its time is over or has not come.
    TokenExpired,
    /// The client names another key than the one it shows.
    AnotherClient,
    /// A token is given for a key of a tenant, and to nobody else.
    NotAClient,
    /// No credential came with the request, or none that could be read.
    NoCredential,
    /// The credential is none that was ever given out here.
    UnknownCredential,
    /// The token was not signed by whom it names, or is not meant for us, or not for now.
    InvalidToken,
    /// The state of a browser's return, or the secret of a link, is none that was ever given out here.
    UnknownSecret,
    /// The flow was begun in another browser.
    AnotherBrowser,
    /// The flow or the link was used before, has ended, or is too old.
    Spent,
    /// The body is not signed by whom it should be.
    WrongSignature,
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
            Self::TokenExpired => "token_expired",
            Self::AnotherClient => "another_client",
            Self::NotAClient => "not_a_client",
            Self::NoCredential => "no_credential",
            Self::UnknownCredential => "unknown_credential",
            Self::InvalidToken => "invalid_token",
            Self::UnknownSecret => "unknown_secret",
            Self::AnotherBrowser => "another_browser",
            Self::Spent => "spent",
            Self::WrongSignature => "wrong_signature",
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
    /// In whose log it stands.
    pub tenant: TenantId,
    /// The caller, as the log names it.
    pub actor: String,
    /// The operation.
    pub operation: &'static str,
    /// Why.
    pub reason: Reason,
    /// What else is known of it, by name.
    pub detail: BTreeMap<&'static str, String>,
}

impl Denial {
    /// Of a caller who is known.
    #[must_use]
    pub fn of(tenant: TenantId, actor: &str, operation: &'static str, reason: Reason) -> Self {
        Self {
            tenant,
            actor: actor.to_owned(),
            operation,
            reason,
            detail: BTreeMap::new(),
        }
    }

    /// Of a browser, in a flow that is known.
    pub(crate) fn of_browser(
        tenant: TenantId,
        flow: AuthorizationRequestId,
        operation: &'static str,
        reason: Reason,
    ) -> Self {
        Self {
            detail: BTreeMap::from([("authorization_request_id", flow.to_string())]),
            ..Self::of(tenant, NOBODY, operation, reason)
        }
    }

    fn of_nobody(door: Option<TenantId>, operation: &'static str, reason: Reason) -> Self {
        let door = door.map(|tenant| ("tenant_id", tenant.to_string()));
        Self {
            detail: door.into_iter().collect(),
            ..Self::of(TenantId::PLATFORM, NOBODY, operation, reason)
        }
    }

    fn is_of_nobody(&self) -> bool {
        self.tenant == TenantId::PLATFORM && self.actor == NOBODY
    }

    fn told(&self) -> Value {
        let mut told = json!(self.detail);
        told["reason"] = json!(self.reason.as_str());
        told
    }
}

/// The refusals of the minutes that run, and how many there were.
#[derive(Debug, Default)]
pub(crate) struct Denials(Mutex<Running>);

#[derive(Debug, Default)]
struct Running {
    known: HashMap<Denial, u64>,
    unknown: HashMap<Denial, u64>,
}

impl Running {
    fn of(&mut self, window: &Denial) -> &mut HashMap<Denial, u64> {
        if window.is_of_nobody() {
            &mut self.unknown
        } else {
            &mut self.known
        }
    }

    // What a refusal is taken together with.
    fn window(&self, denial: &Denial) -> Denial {
        let mut window = denial.clone();
        if denial.is_of_nobody() {
            window.operation = ANY;
            if self.unknown.len() >= UNKNOWN_MAX && !self.unknown.contains_key(&window) {
                window.detail.clear();
            }
        } else if self.known.len() >= WINDOWS_MAX && !self.known.contains_key(&window) {
            window.operation = ANY;
            window.detail.clear();
        }
        window
    }
}

/// What follows from a refusal.
#[derive(Debug, PartialEq, Eq)]
enum Noted {
    /// It is the first of its minute: it is recorded, and those that follow are counted in its window.
    First(Denial),
    /// The minute's others are recorded together.
    Counted,
}

impl Denials {
    fn lock(&self) -> MutexGuard<'_, Running> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, denial: &Denial) -> Noted {
        let mut running = self.lock();
        let window = running.window(denial);
        match running.of(&window).entry(window) {
            Entry::Vacant(place) => {
                let window = place.key().clone();
                place.insert(0);
                Noted::First(window)
            }
            Entry::Occupied(mut place) => {
                *place.get_mut() += 1;
                Noted::Counted
            }
        }
    }

    // Its minute is over: how many came after the first.
    fn end(&self, window: &Denial) -> u64 {
        self.lock().of(window).remove(window).unwrap_or(0)
    }

    fn all(&self) -> Vec<Denial> {
        let running = self.lock();
        let both = running.known.keys().chain(running.unknown.keys());
        both.cloned().collect()
    }
}

/// Records a refusal. A log that cannot be written keeps nobody from being refused: that is told in the process's own log.
pub async fn deny(service: &Service, denial: Denial) {
    if let Noted::First(window) = service.denials().note(&denial) {
        begin(service, denial, window).await;
    }
}

/// Records that somebody of whom nobody knows who it is was refused, at the door of a tenant or of none. Nobody waits for it.
pub fn knock(service: &Service, door: Option<TenantId>, operation: &'static str, reason: Reason) {
    spawn(service, Denial::of_nobody(door, operation, reason));
}

fn spawn(service: &Service, denial: Denial) {
    if let Noted::First(window) = service.denials().note(&denial) {
        let its = service.clone();
        service.detach(async move { begin(&its, denial, window).await });
    }
}

/// Records that a caller who is known may not do an operation on a tenant's resources, or on the platform's.
pub async fn deny_caller(
    service: &Service,
    caller: &Caller,
    door: Option<TenantId>,
    operation: &'static str,
    denied: Denied,
) {
    let reason = Reason::from(denied);
    match caller {
        Caller::Platform => {
            let denial = Denial::of(TenantId::PLATFORM, caller.actor(), operation, reason);
            deny(service, denial).await;
        }
        Caller::OfTenant { tenant, actor, .. } => {
            deny(service, Denial::of(*tenant, actor, operation, reason)).await;
        }
        Caller::Stranger { issuer, subject } => {
            let places = member::places(service, issuer, subject).await;
            let places = places.unwrap_or_else(|error| {
                tracing::error!(
                    "of whom a refusal of {operation} is could not be looked up: {error}"
                );
                Vec::new()
            });
            if places.is_empty() {
                let mut denial = Denial::of_nobody(door, operation, reason);
                denial.detail.insert("person", subject.clone());
                spawn(service, denial);
            }
            for (tenant, member) in places {
                let denial = Denial::of(tenant, &member.to_string(), operation, reason);
                deny(service, denial).await;
            }
        }
    }
}

// The first is recorded as it is, unless it stands for others.
async fn begin(service: &Service, denial: Denial, window: Denial) {
    let first = Denial {
        operation: denial.operation,
        ..window.clone()
    };
    write(service, &first, first.told()).await;
    let later = service.clone();
    service.detach(async move {
        tokio::time::sleep(WINDOW).await;
        end(&later, &window).await;
    });
}

/// Records what was counted and not recorded yet; for a process that ends.
pub async fn settle_denials(service: &Service) {
    for denial in service.denials().all() {
        end(service, &denial).await;
    }
}

async fn end(service: &Service, window: &Denial) {
    let more = service.denials().end(window);
    if more > 0 {
        let mut detail = window.told();
        detail["times_more"] = json!(more);
        write(service, window, detail).await;
    }
}

async fn write(service: &Service, denial: &Denial, detail: Value) {
    if let Err(error) = try_to_write(service, denial, detail).await {
        tracing::error!(
            tenant.id = %denial.tenant, key.id = denial.actor,
            "a refusal of {} is not in the audit log: {error}", denial.operation
        );
    }
}

async fn try_to_write(service: &Service, denial: &Denial, detail: Value) -> Result<(), Error> {
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
        Denial::of(TenantId::PLATFORM, "key_x", operation, Reason::NotYours)
    }

    fn first(denial: &Denial) -> Noted {
        Noted::First(denial.clone())
    }

    #[test]
    fn the_first_of_a_minute_is_recorded_and_the_others_are_counted() {
        let denials = Denials::default();
        let (a, b) = (denial("a"), denial("b"));
        assert_eq!(denials.note(&a), first(&a));
        assert_eq!(denials.note(&a), Noted::Counted);
        assert_eq!(denials.note(&b), first(&b));
        assert_eq!(denials.note(&a), Noted::Counted);
        assert_eq!((denials.end(&a), denials.end(&b)), (2, 0));
        assert_eq!(denials.note(&a), first(&a));
    }

    #[test]
    fn a_flood_of_many_kinds_is_taken_together() {
        let denials = Denials::default();
        for n in 0..WINDOWS_MAX {
            denials.note(&Denial {
                actor: n.to_string(),
                ..denial("a")
            });
        }
        assert_eq!(denials.note(&denial("b")), first(&denial(ANY)));
        assert_eq!(denials.note(&denial("c")), Noted::Counted);
    }

    #[test]
    fn of_whom_nobody_knows_few_are_told_apart_and_all_are_counted() {
        let denials = Denials::default();
        let knocks = |tenant, operation| {
            denials.note(&Denial::of_nobody(tenant, operation, Reason::InvalidToken))
        };
        let mut firsts = 0;
        for n in 0..100_000 {
            let noted = knocks(Some(TenantId::new()), if n % 2 == 0 { "a" } else { "b" });
            firsts += u64::from(noted != Noted::Counted);
        }
        assert_eq!(firsts, UNKNOWN_MAX as u64 + 1);
        let together = Denial::of_nobody(None, ANY, Reason::InvalidToken);
        assert_eq!(denials.end(&together), 100_000 - firsts);
        // Nor do they take the place of those who are known.
        assert_eq!(denials.note(&denial("a")), first(&denial("a")));
    }
}
