//! Which document numbers of a window are held in QuickBooks already: looked up without a transaction, within the company's
//! pace, and never for long.

use super::Window;
use crate::budget::{Kind, Priority};
use crate::error::Error;
use crate::grant::{self, NoAccess};
use crate::{Service, connection};
use entity::connection::Model as Connection;
use entity::id::TenantId;
use entity::store::TenantTx;
use futures::StreamExt;
use quickbooks::{Cause, Company, Failure, PostedEntry};
use sea_orm::FromQueryResult;
use serde::Serialize;
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;
use utoipa::ToSchema;

/// Numbers asked for by one query, which is one metered read.
const NUMBERS_A_READ: usize = 100;
/// Numbers looked up by one dry run at the most.
const NUMBERS_MAX: i64 = 50_000;
/// Entries found at the most: beyond that something else is wrong with the numbers than single clashes.
const HELD_MAX: usize = 1_000;
/// Reads on their way at once.
const READS_AT_ONCE: usize = 4;
/// How long is looked for.
const PATIENCE: Duration = Duration::from_secs(30);

/// How the numbers of a window were looked up in QuickBooks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = DryRunNumbers)]
pub struct Numbers {
    /// How many numbers were looked up.
    #[schema(example = 4)]
    pub checked: u64,
    /// How many were not: an event whose number is taken among them fails when it is posted.
    #[schema(example = 0)]
    pub unchecked: u64,
    /// Events whose number another entry holds; they are among the problems, as `number_taken`.
    #[schema(example = 0)]
    pub taken: u64,
    /// What it cost: metered reads of QuickBooks.
    #[schema(example = 1)]
    pub metered_reads: u64,
    /// Why numbers were not looked up; none where all were.
    pub detail: Option<String>,
}

/// What was found, by number.
#[derive(Default)]
pub(super) struct Held {
    pub(super) entries: HashMap<String, Vec<PostedEntry>>,
    /// Numbers asked for, reads made, and why it was stopped early.
    checked: u64,
    reads: u64,
    stopped: Option<String>,
}

/// Looks the numbers of the window's never-synced events up, as far as time and pace allow. Trouble with QuickBooks is told,
/// not returned.
pub(super) async fn look_up(
    service: &Service,
    tenant: TenantId,
    window: &Window,
    wanted: bool,
) -> Result<Held, Error> {
    let mut held = Held::default();
    if !wanted {
        held.stopped = Some("numbers were not to be looked up".to_owned());
        return Ok(held);
    }
    let tx = service.tenant(tenant).await?;
    let connection = connection::company(&tx).await?;
    let numbers = numbers(&tx, window).await?;
    drop(tx);
    let mut refused = None;
    loop {
        let (company, version) = match company(service, tenant, &connection, refused).await? {
            Ok(found) => found,
            Err(why) => {
                held.stopped = Some(why);
                return Ok(held);
            }
        };
        match held.run(service, &company, &connection, &numbers).await {
            Ok(()) => return Ok(held),
            // Once with a fresh token, from where it stopped.
            Err(Trouble::Refused) if refused.is_none() => refused = Some(version),
            Err(trouble) => {
                held.stopped = Some(trouble.to_string());
                return Ok(held);
            }
        }
    }
}

/// Why looking up stopped early.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    /// The access token was refused.
    #[error("QuickBooks refuses our access token; try again later")]
    Refused,
    #[error("{0}")]
    Other(String),
}

impl Held {
    /// What is told of the look-ups, once it is known how many numbers there are and how many of them are taken.
    pub(super) fn told(self, numbers: u64, taken: u64) -> Numbers {
        let unchecked = numbers.saturating_sub(self.checked);
        let too_many = || {
            format!(
                "a dry run looks up {NUMBERS_MAX} numbers at the most; take a shorter window to have all of them looked up"
            )
        };
        Numbers {
            checked: self.checked,
            unchecked,
            taken,
            metered_reads: self.reads,
            detail: (unchecked > 0).then(|| self.stopped.unwrap_or_else(too_many)),
        }
    }
}

// The first numbers of the window.
async fn numbers(tx: &TenantTx, window: &Window) -> Result<Vec<String>, Error> {
    #[derive(FromQueryResult)]
    struct Number {
        number: String,
    }
    let rows = tx
        .query_as::<Number>(
            "SELECT number FROM event WHERE {mine} AND status = 'never_synced' AND business_date BETWEEN $2 AND $3
              ORDER BY business_date LIMIT $4",
            vec![window.from.into(), window.to.into(), NUMBERS_MAX.into()],
        )
        .await?;
    Ok(rows.into_iter().map(|row| row.number).collect())
}

async fn company(
    service: &Service,
    tenant: TenantId,
    connection: &Connection,
    refused: Option<i64>,
) -> Result<Result<(Company, i64), String>, Error> {
    if connection.state != "connected" {
        return Ok(Err(
            "QuickBooks is not connected at the moment; connect it again to have numbers looked up"
                .to_owned(),
        ));
    }
    match grant::access(service, tenant, connection.id, refused).await {
        Ok(access) => {
            let company = service
                .quickbooks()
                .company(&connection.company_id, &access.token);
            Ok(Ok((company, access.version)))
        }
        Err(NoAccess::Ended) => Ok(Err(
            "QuickBooks no longer accepts our grant; connect it again to have numbers looked up"
                .to_owned(),
        )),
        Err(NoAccess::Later(why)) => {
            tracing::warn!(tenant.id = %tenant, "no access token to look numbers up: {why}");
            Ok(Err(
                "QuickBooks gives no access token at the moment; try again later".to_owned(),
            ))
        }
        Err(NoAccess::Error(error)) => Err(error),
    }
}

impl Held {
    async fn run(
        &mut self,
        service: &Service,
        company: &Company,
        connection: &Connection,
        numbers: &[String],
    ) -> Result<(), Trouble> {
        let until = Instant::now() + PATIENCE;
        let checked = usize::try_from(self.checked).unwrap_or_default();
        let rest = numbers.get(checked..).unwrap_or_default();
        let mut reads = futures::stream::iter(rest.chunks(NUMBERS_A_READ))
            .map(|chunk| read(service, company, connection, chunk, until))
            .buffered(READS_AT_ONCE);
        while let Some(read) = reads.next().await {
            let (asked, found) = read?;
            self.keep(asked, found);
            if self.entries.len() > HELD_MAX {
                return Err(Trouble::Other(format!(
                    "more than {HELD_MAX} numbers are taken in QuickBooks; the rest was not looked up"
                )));
            }
        }
        Ok(())
    }

    fn keep(&mut self, asked: usize, found: Vec<PostedEntry>) {
        self.reads += 1;
        self.checked += u64::try_from(asked).unwrap_or_default();
        for entry in found {
            if let Some(number) = entry.document_number.clone() {
                self.entries.entry(number).or_default().push(entry);
            }
        }
    }
}

async fn read(
    service: &Service,
    company: &Company,
    connection: &Connection,
    numbers: &[String],
    until: Instant,
) -> Result<(usize, Vec<PostedEntry>), Trouble> {
    let left = until.saturating_duration_since(Instant::now());
    let budget = service.budget();
    let leave = budget.leave(&connection.company_id, Kind::Single, Priority::First, left);
    let in_time = leave.await;
    if in_time.is_err() || Instant::now() >= until {
        return Err(Trouble::Other(format!(
            "looking numbers up took longer than {} seconds at the pace QuickBooks allows; take a shorter window to have all of \
             them looked up",
            PATIENCE.as_secs()
        )));
    }
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let asked =
        tokio::time::timeout_at(until + PATIENCE, company.journal_entries_numbered(&numbers));
    match asked.await {
        Ok(Ok(answer)) => Ok((numbers.len(), answer.value)),
        Ok(Err(failure)) if failure.cause == Cause::Unauthorised => Err(Trouble::Refused),
        Ok(Err(failure)) => Err(Trouble::Other(spoken(&failure))),
        Err(_) => Err(Trouble::Other(
            "QuickBooks did not answer in time".to_owned(),
        )),
    }
}

fn spoken(failure: &Failure) -> String {
    tracing::warn!("numbers were not looked up: {failure}");
    "QuickBooks did not answer a look-up of numbers well; try again later".to_owned()
}
