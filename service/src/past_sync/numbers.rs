//! Which document numbers of a window are held in QuickBooks already.

use super::Window;
use super::look_up::{PATIENCE, Trouble, leave};
use crate::Service;
use crate::error::Error;
use chrono::{DateTime, NaiveDate, Utc};
use entity::connection::Model as Connection;
use entity::id::EventId;
use entity::store::TenantTx;
use futures::StreamExt;
use quickbooks::{Company, PostedEntry};
use sea_orm::FromQueryResult;
use serde::Serialize;
use std::collections::HashMap;
use tokio::time::Instant;
use utoipa::ToSchema;

/// Numbers asked for by one query, which is one metered read.
const NUMBERS_A_READ: usize = 100;
/// Numbers read from our own tables at once.
const NUMBERS_A_PAGE: i64 = 1_000;
/// Numbers looked up by one dry run at the most.
const NUMBERS_MAX: i64 = 50_000;
/// Entries found at the most: beyond that something else is wrong with the numbers than single clashes.
const HELD_MAX: usize = 1_000;
/// Reads on their way at once.
const READS_AT_ONCE: usize = 4;

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
    /// What it cost: metered reads of QuickBooks, those of the closing date and of the lists among them.
    #[schema(example = 2)]
    pub metered_reads: u64,
    /// Why numbers were not looked up; none where all were.
    pub detail: Option<String>,
}

/// What was found, by number.
#[derive(Default)]
pub(super) struct Held {
    pub(super) entries: HashMap<String, Vec<PostedEntry>>,
    /// Numbers asked for, where the last of them stands, reads made, and why it was stopped early.
    checked: u64,
    place: Option<Place>,
    reads: u64,
    stopped: Option<String>,
}

impl Held {
    /// Why no more is looked up.
    pub(super) fn stop(&mut self, why: impl Into<String>) {
        self.stopped = Some(why.into());
    }

    /// A metered read was made for something else than numbers, if it was.
    pub(super) fn count_read(&mut self, was_made: bool) {
        self.reads += u64::from(was_made);
    }

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

/// Where an event stands in a window.
type Place = (NaiveDate, DateTime<Utc>, EventId);

/// A number to be looked up, and where its event stands.
#[derive(FromQueryResult)]
struct Number {
    business_date: NaiveDate,
    occurred_at: DateTime<Utc>,
    id: EventId,
    number: String,
}

/// The numbers of the window's never-synced events after a place, so many at the most.
async fn after(
    tx: &TenantTx,
    window: &Window,
    place: Option<Place>,
    most: i64,
) -> Result<Vec<Number>, Error> {
    let mut values = vec![window.from.into(), window.to.into(), most.into()];
    let beyond = place.map_or("", |(date, occurred_at, id)| {
        values.extend([date.into(), occurred_at.into(), id.into()]);
        "AND (business_date, occurred_at, id) > ($5, $6, $7)"
    });
    let sql = format!(
        "SELECT business_date, occurred_at, id, number FROM event
          WHERE {{mine}} AND status = 'never_synced' AND business_date BETWEEN $2 AND $3 {beyond}
          ORDER BY business_date, occurred_at, id LIMIT $4"
    );
    Ok(tx.query_as::<Number>(&sql, values).await?)
}

impl Held {
    /// Looks up those numbers of the window that were not looked up yet. They are read a page at a time, each in a transaction of its
    /// own, and forgotten when they are looked up.
    pub(super) async fn run(
        &mut self,
        service: &Service,
        window: &Window,
        company: &Company,
        connection: &Connection,
        until: Instant,
    ) -> Result<Result<(), Trouble>, Error> {
        loop {
            let checked = i64::try_from(self.checked).unwrap_or(NUMBERS_MAX);
            let most = NUMBERS_A_PAGE.min(NUMBERS_MAX - checked);
            let tx = service.tenant(connection.tenant_id).await?;
            let page = after(&tx, window, self.place, most).await?;
            drop(tx);
            if page.is_empty() {
                return Ok(Ok(()));
            }
            let asked = self.ask(service, company, connection, &page, until).await;
            if asked.is_err() {
                return Ok(asked);
            }
        }
    }

    async fn ask(
        &mut self,
        service: &Service,
        company: &Company,
        connection: &Connection,
        page: &[Number],
        until: Instant,
    ) -> Result<(), Trouble> {
        let mut reads = futures::stream::iter(page.chunks(NUMBERS_A_READ))
            .map(|chunk| async move {
                let found = read(service, company, connection, chunk, until).await?;
                Ok((chunk, found))
            })
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

    fn keep(&mut self, asked: &[Number], found: Vec<PostedEntry>) {
        self.reads += 1;
        self.checked += u64::try_from(asked.len()).unwrap_or_default();
        if let Some(last) = asked.last() {
            self.place = Some((last.business_date, last.occurred_at, last.id));
        }
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
    numbers: &[Number],
    until: Instant,
) -> Result<Vec<PostedEntry>, Trouble> {
    if !leave(service, connection, until).await {
        return Err(Trouble::Other(format!(
            "looking numbers up took longer than {} seconds at the pace QuickBooks allows; take a shorter window to have all of \
             them looked up",
            PATIENCE.as_secs()
        )));
    }
    let numbers: Vec<&str> = numbers.iter().map(|row| row.number.as_str()).collect();
    let asked =
        tokio::time::timeout_at(until + PATIENCE, company.journal_entries_numbered(&numbers));
    match asked.await {
        Ok(Ok(answer)) => Ok(answer.value),
        Ok(Err(failure)) => Err(Trouble::of(&failure)),
        Err(_) => Err(Trouble::late()),
    }
}
