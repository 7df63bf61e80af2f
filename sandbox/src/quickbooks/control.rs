//! What stands outside the service's public face: seeding, breaking, looking.

mod books;
mod company;
mod faults;
pub(crate) mod handlers;
mod lists;
pub(crate) mod notify;
pub(crate) mod routes;
pub(crate) mod view;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::company::Company;
use super::fault::Fault;
use super::oauth::Consent;
use super::record::{CallRecord, Counters, Violation};
use super::switches::Switches;
use super::throttle::ThrottleLimits;
use super::world::{Shared, World};

/// The simulator's controls. Cheap to clone; every operation takes effect before it returns.
#[derive(Clone, Debug)]
pub struct Control {
    shared: Arc<Shared>,
}

/// Why a control operation did nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// There is no such company, account, name, entry or plan; the caller names another.
    #[error("there is no {0}")]
    Unknown(String),
    /// It contradicts the books; the caller sends something else.
    #[error("{0}")]
    Refused(String),
}

impl From<Fault> for ControlError {
    fn from(fault: Fault) -> Self {
        let error = fault.errors.into_iter().next();
        Self::Refused(error.and_then(|error| error.detail).unwrap_or_default())
    }
}

type Outcome<T> = Result<T, ControlError>;

impl Control {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        act(&mut self.shared.lock())
    }

    fn on<T>(
        &self,
        realm_id: &str,
        act: impl FnOnce(&mut Company, DateTime<Utc>) -> Outcome<T>,
    ) -> Outcome<T> {
        let mut world = self.shared.lock();
        let now = world.clock.now();
        let company = world.companies.get_mut(realm_id);
        act(
            company.ok_or_else(|| ControlError::Unknown(format!("company {realm_id}")))?,
            now,
        )
    }

    // Apps and consent

    /// Registers another app, or changes the one of this client id.
    pub fn register_app(&self, client_id: &str, client_secret: &str, redirect_uris: &[String]) {
        self.with(|world| {
            world
                .oauth
                .register(client_id, client_secret, redirect_uris)
        });
    }

    /// Registers one more redirect URI for the simulator's own app.
    pub fn register_redirect_uri(&self, uri: &str) {
        self.with(|world| {
            world
                .oauth
                .register_redirect_uri(&self.shared.options.client_id, uri)
        });
    }

    /// Decides what the consent page answers from now on.
    ///
    /// # Errors
    /// [`ControlError::Unknown`] when it names a company that does not exist.
    pub fn set_consent(&self, consent: Consent) -> Outcome<()> {
        self.with(|world| {
            if let Some(realm_id) = consent
                .realm_id
                .as_ref()
                .filter(|realm_id| !world.companies.contains_key(*realm_id))
            {
                return Err(ControlError::Unknown(format!("company {realm_id}")));
            }
            world.oauth.consent = consent;
            Ok(())
        })
    }

    /// Ends every grant of a company, as a user does who disconnects the app in QuickBooks.
    ///
    /// # Errors
    /// [`ControlError::Unknown`] for a company that does not exist; so with all that follow.
    pub fn revoke_grants(&self, realm_id: &str) -> Outcome<()> {
        self.on(realm_id, |_, _| Ok(()))?;
        self.with(|world| world.oauth.revoke_grants(realm_id));
        Ok(())
    }

    /// Ends every access token of a company; refresh tokens live on.
    pub fn expire_access_tokens(&self, realm_id: &str) -> Outcome<()> {
        self.on(realm_id, |_, _| Ok(()))?;
        self.with(|world| {
            let now = world.clock.now();
            world.oauth.expire_access_tokens(realm_id, now);
        });
        Ok(())
    }

    /// Every authorization code and every token it ever gave away, for whoever searches for them.
    pub fn issued_secrets(&self) -> Vec<String> {
        self.with(|world| world.oauth.issued_secrets())
    }

    /// Takes the people who connected out of the company, or back in.
    pub fn set_user_removed(&self, realm_id: &str, removed: bool) -> Outcome<()> {
        self.on(realm_id, |_, _| Ok(()))?;
        self.with(|world| world.oauth.set_user_removed(realm_id, removed));
        Ok(())
    }

    // Clock, switches, limits

    /// The time it is.
    pub fn now(&self) -> DateTime<Utc> {
        self.with(|world| world.clock.now())
    }

    /// Makes it `at` now.
    pub fn set_clock(&self, at: DateTime<Utc>) {
        self.with(|world| world.clock.set(at));
    }

    /// Moves the clock, backwards when negative.
    pub fn advance_clock(&self, by: TimeDelta) {
        self.with(|world| world.clock.advance(by));
    }

    /// Stops the clock, or lets it run again.
    pub fn set_clock_standing(&self, standing: bool) {
        self.with(|world| {
            if standing {
                world.clock.stand()
            } else {
                world.clock.run()
            }
        });
    }

    /// Whether the clock stands still.
    pub fn clock_is_standing(&self) -> bool {
        self.with(|world| world.clock.is_standing())
    }

    /// The switches as they are.
    pub fn switches(&self) -> Switches {
        self.with(|world| world.switches.clone())
    }

    /// Sets the switches.
    pub fn set_switches(&self, switches: Switches) {
        self.with(|world| world.switches = switches);
    }

    /// The throttle's limits as they are.
    pub fn limits(&self) -> ThrottleLimits {
        self.with(|world| world.limits)
    }

    /// Sets the throttle's limits.
    pub fn set_limits(&self, limits: ThrottleLimits) {
        self.with(|world| world.limits = limits);
    }

    // Record

    /// Every call, oldest first.
    pub fn calls(&self) -> Vec<CallRecord> {
        self.with(|world| world.record.calls().cloned().collect())
    }

    /// The calls after the one of this number, oldest first.
    pub fn calls_after(&self, sequence: u64) -> Vec<CallRecord> {
        let later = |call: &&CallRecord| call.sequence > sequence;
        self.with(|world| world.record.calls().filter(later).cloned().collect())
    }

    /// What a well-behaved client would not have done.
    pub fn violations(&self) -> Vec<Violation> {
        self.with(|world| world.record.violations.clone())
    }

    /// Metered calls of all companies.
    pub fn counters(&self) -> Counters {
        self.with(|world| world.record.counters)
    }

    /// Metered calls of one company.
    pub fn company_counters(&self, realm_id: &str) -> Outcome<Counters> {
        self.on(realm_id, |company, _| Ok(company.counters))
    }

    /// Makes everything as it was at the start: no companies, grants, plans or records.
    pub fn reset(&self) {
        self.with(|world| *world = World::new(&self.shared.options));
    }
}
