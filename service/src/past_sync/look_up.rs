//! What a dry run asks QuickBooks before it looks at events: the closing date as it is now, what changed in the lists that the
//! mapping stands on, and which numbers are held already.
//! Without a transaction, within the company's pace, and never for long.

use super::Window;
use super::lists::Look;
use super::numbers::Held;
use crate::budget::{Kind, Priority};
use crate::connection::{self, refusal};
use crate::error::Error;
use crate::grant::{self, NoAccess};
use crate::{Service, posting};
use accounting::posting::Outcome;
use entity::connection::Model as Connection;
use entity::id::TenantId;
use quickbooks::{Answer, Cause, Company, Failure};
use std::future::Future;
use std::time::Duration;
use tokio::time::Instant;

/// How long is looked for.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// What is told besides of a company that cannot be asked.
const THEN: &str = "QuickBooks can be asked then.";

/// What is looked up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub(super) numbers: bool,
    pub(super) closing_date: bool,
    pub(super) lists: bool,
}

/// Why looking up stopped early.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// The access token was refused.
    #[error("QuickBooks refuses our access token; try again later")]
    Refused,
    /// Anything else, in words for a person.
    #[error("{0}")]
    Other(String),
}

impl Trouble {
    pub(super) fn of(failure: &Failure) -> Self {
        if failure.cause == Cause::Unauthorised {
            return Self::Refused;
        }
        tracing::warn!("a dry run was not answered: {failure}");
        if posting::outcome(failure) == Outcome::Halted {
            let (_, detail) = refusal::of(Some(&failure.cause));
            return Self::Other(format!("{detail} {THEN}"));
        }
        Self::Other(
            "QuickBooks did not answer a look-up of the closing date, of its lists or of numbers well; try again later".to_owned(),
        )
    }

    /// There was no room in the company's pace.
    pub(super) fn busy() -> Self {
        Self::Other(
            "QuickBooks is asked for too much else to look anything up; try again later".to_owned(),
        )
    }

    /// No answer came for long.
    pub(super) fn late() -> Self {
        Self::Other("QuickBooks did not answer in time".to_owned())
    }
}

/// Reads the closing date anew and what changed in the lists, and looks the numbers of the window's never-synced events up, as far as
/// time and pace allow.
/// Trouble with QuickBooks is told, not returned: what is not looked up is taken as it was known before.
///
/// # Errors
/// Trouble on our own side.
pub(super) async fn look_up(
    service: &Service,
    tenant: TenantId,
    window: &Window,
    wanted: Wanted,
) -> Result<(Held, Look), Error> {
    let mut held = Held::default();
    if !wanted.numbers {
        held.stop("numbers were not to be looked up");
    }
    let tx = service.tenant(tenant).await?;
    let connection = connection::company(&tx).await?;
    let mut look = Look::of(&tx, &connection, wanted.lists).await?;
    drop(tx);
    if !wanted.numbers && !wanted.closing_date && !look.is_due {
        return Ok((held, look));
    }
    let until = Instant::now() + PATIENCE;
    let mut refused = None;
    let mut is_fresh = !wanted.closing_date;
    loop {
        let (company, version) = match company(service, tenant, &connection, refused).await? {
            Ok(found) => found,
            Err(why) => {
                look.stop(&why);
                held.stop(why);
                return Ok((held, look));
            }
        };
        let mut asked = Ok(());
        if !is_fresh {
            asked = read_closing_date(service, tenant, &connection, &company, until).await?;
            is_fresh = asked.is_ok();
            held.count_read(is_fresh);
        }
        if asked.is_ok() && look.is_due {
            let made = look.make(service, tenant, &connection, &company, until, &mut held);
            asked = made.await?;
        }
        if asked.is_ok() && wanted.numbers {
            let visit = Visit {
                service,
                window,
                company: &company,
                connection: &connection,
                until,
            };
            asked = held.run(&visit).await?;
        }
        match asked {
            Ok(()) => return Ok((held, look)),
            // Once with a fresh token, from where it stopped.
            Err(Trouble::Refused) if refused.is_none() => refused = Some(version),
            Err(trouble) => {
                let why = trouble.to_string();
                look.stop(&why);
                held.stop(why);
                return Ok((held, look));
            }
        }
    }
}

/// A company that is asked about the numbers of a window, until a time.
pub(super) struct Visit<'a> {
    pub(super) service: &'a Service,
    pub(super) window: &'a Window,
    pub(super) company: &'a Company,
    pub(super) connection: &'a Connection,
    until: Instant,
}

impl Visit<'_> {
    /// What the company answers, asked once its pace allows it.
    pub(super) async fn ask<T>(
        &self,
        asked: impl Future<Output = Result<Answer<T>, Failure>>,
    ) -> Result<T, Trouble> {
        if !leave(self.service, self.connection, self.until).await {
            return Err(Trouble::Other(format!(
                "looking numbers up took longer than {} seconds at the pace QuickBooks allows; take a shorter window to have all of \
                 them looked up",
                PATIENCE.as_secs()
            )));
        }
        match tokio::time::timeout_at(self.until + PATIENCE, asked).await {
            Ok(Ok(answer)) => Ok(answer.value),
            Ok(Err(failure)) => Err(Trouble::of(&failure)),
            Err(_) => Err(Trouble::late()),
        }
    }
}

/// Waits for the company's pace; whether that was in time.
pub(super) async fn leave(service: &Service, connection: &Connection, until: Instant) -> bool {
    let left = until.saturating_duration_since(Instant::now());
    let budget = service.budget();
    let leave = budget.leave(&connection.company_id, Kind::Single, Priority::First, left);
    let in_time = leave.await;
    in_time.is_ok() && Instant::now() < until
}

// The preferences as they are now, and not as they were at the last look, which may be a day ago.
async fn read_closing_date(
    service: &Service,
    tenant: TenantId,
    connection: &Connection,
    company: &Company,
    until: Instant,
) -> Result<Result<(), Trouble>, Error> {
    if !leave(service, connection, until).await {
        return Ok(Err(Trouble::busy()));
    }
    match tokio::time::timeout_at(until + PATIENCE, company.preferences()).await {
        Ok(Ok(answer)) => {
            let tx = service.tenant(tenant).await?;
            connection::refresh_preferences(&tx, connection.id, &answer.value).await?;
            tx.commit().await?;
            Ok(Ok(()))
        }
        Ok(Err(failure)) => Ok(Err(Trouble::of(&failure))),
        Err(_) => Ok(Err(Trouble::late())),
    }
}

async fn company(
    service: &Service,
    tenant: TenantId,
    connection: &Connection,
    refused: Option<i64>,
) -> Result<Result<(Company, i64), String>, Error> {
    if let Some(why) = refusal::in_the_way(connection) {
        return Ok(Err(format!("{why} {THEN}")));
    }
    match grant::access(service, tenant, connection.id, refused).await {
        Ok(access) => {
            let company = service
                .quickbooks()
                .company(&connection.company_id, &access.token);
            Ok(Ok((company, access.version)))
        }
        Err(NoAccess::Ended) => Ok(Err(
            "QuickBooks no longer accepts our grant; connect it again to have anything looked up"
                .to_owned(),
        )),
        Err(NoAccess::Later(why)) => {
            tracing::warn!(tenant.id = %tenant, "no access token to look anything up: {why}");
            Ok(Err(
                "QuickBooks gives no access token at the moment; try again later".to_owned(),
            ))
        }
        Err(NoAccess::Error(error)) => Err(error),
    }
}
