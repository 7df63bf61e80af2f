//! Which document numbers of a window are held in QuickBooks already: asked for by number, or found among all entries of the
//! company, whichever costs fewer reads.

use super::Window;
use super::look_up::{Trouble, Visit};
use super::whole;
use crate::error::Error;
use chrono::{DateTime, NaiveDate, Utc};
use entity::id::EventId;
use entity::store::TenantTx;
use futures::StreamExt;
use quickbooks::PostedEntry;
use sea_orm::FromQueryResult;
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;

/// Numbers asked for by one query, which is one metered read.
pub(super) const NUMBERS_A_READ: usize = 100;
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
    pub(super) async fn run(&mut self, visit: &Visit<'_>) -> Result<Result<(), Trouble>, Error> {
        if self.place.is_none() {
            match whole::read(self, visit).await? {
                Ok(Some(numbers)) => {
                    self.checked = numbers;
                    return Ok(Ok(()));
                }
                Ok(None) => {}
                Err(trouble) => return Ok(Err(trouble)),
            }
        }
        loop {
            let checked = i64::try_from(self.checked).unwrap_or(NUMBERS_MAX);
            let most = NUMBERS_A_PAGE.min(NUMBERS_MAX - checked);
            let tx = visit.service.tenant(visit.connection.tenant_id).await?;
            let page = after(&tx, visit.window, self.place, most).await?;
            drop(tx);
            if page.is_empty() {
                return Ok(Ok(()));
            }
            let asked = self.ask(visit, &page).await;
            if asked.is_err() {
                return Ok(asked);
            }
        }
    }

    async fn ask(&mut self, visit: &Visit<'_>, page: &[Number]) -> Result<(), Trouble> {
        let mut reads = futures::stream::iter(page.chunks(NUMBERS_A_READ))
            .map(|chunk| async move {
                let numbers: Vec<&str> = chunk.iter().map(|row| row.number.as_str()).collect();
                let asked = visit.company.journal_entries_numbered(&numbers);
                Ok((chunk, visit.ask(asked).await?))
            })
            .buffered(READS_AT_ONCE);
        while let Some(read) = reads.next().await {
            let (asked, found) = read?;
            self.count_read(true);
            self.checked += u64::try_from(asked.len()).unwrap_or_default();
            if let Some(last) = asked.last() {
                self.place = Some((last.business_date, last.occurred_at, last.id));
            }
            self.keep(found)?;
        }
        Ok(())
    }

    /// Keeps entries that hold numbers of the window.
    pub(super) fn keep(&mut self, found: Vec<PostedEntry>) -> Result<(), Trouble> {
        for entry in found {
            if let Some(number) = entry.document_number.clone() {
                self.entries.entry(number).or_default().push(entry);
            }
        }
        if self.entries.len() > HELD_MAX {
            return Err(Trouble::Other(format!(
                "more than {HELD_MAX} numbers are taken in QuickBooks; the rest was not looked up"
            )));
        }
        Ok(())
    }
}
