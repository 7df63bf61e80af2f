//! A company's entries, read whole and held against the numbers of a window: a page of them is one read, as a hundred numbers are.
//! So a store's first past sync costs a read or two, since its company has few entries of its own yet.

use super::look_up::{Trouble, Visit};
use super::numbers::{Held, NUMBERS_A_READ};
use crate::error::Error;
use futures::StreamExt;
use quickbooks::{PAGE_ROWS_MAX, PostedEntry};
use sea_orm::FromQueryResult;
use std::collections::HashSet;

/// Pages read at the most. A page is some megabytes, and half a listing tells of no number that it is free.
const PAGES_MAX: usize = 10;
/// Pages on their way at once.
const PAGES_AT_ONCE: usize = 2;

/// Keeps the company's entries that hold numbers of the window. Tells how many numbers that were; nothing where it is cheaper to
/// ask for them, or where the entries could not be read as they stand.
///
/// # Errors
/// Trouble on our own side; and within, a refused token.
pub(super) async fn read(
    held: &mut Held,
    visit: &Visit<'_>,
) -> Result<Result<Option<u64>, Trouble>, Error> {
    let numbers = count(visit).await?;
    let asking = usize::try_from(numbers)
        .unwrap_or(usize::MAX)
        .div_ceil(NUMBERS_A_READ);
    // The count of entries is a read too.
    if asking <= 2 {
        return Ok(Ok(None));
    }
    let entries = match visit.ask(visit.company.journal_entry_count()).await {
        Ok(entries) => entries,
        Err(trouble) => return Ok(trouble.unless_refused()),
    };
    held.count_read(true);
    let pages = entries.div_ceil(PAGE_ROWS_MAX);
    if pages > PAGES_MAX || pages >= asking {
        return Ok(Ok(None));
    }
    let starts = (1_u32..).step_by(PAGE_ROWS_MAX).take(pages);
    let mut reads = futures::stream::iter(starts)
        .map(|start| visit.ask(visit.company.journal_entries(start)))
        .buffered(PAGES_AT_ONCE);
    let mut seen = 0;
    while let Some(page) = reads.next().await {
        let page = match page {
            Ok(page) => page,
            Err(trouble) => return Ok(trouble.unless_refused()),
        };
        held.count_read(true);
        seen += page.len();
        if let Err(trouble) = held.keep(of_window(visit, page).await?) {
            return Ok(trouble.unless_refused());
        }
    }
    // Where one was deleted meanwhile, another may have slipped from a page into the one before.
    Ok(Ok((seen >= entries).then_some(numbers)))
}

impl Trouble {
    // Whatever else there is, asking for numbers meets it too, and tells.
    fn unless_refused(self) -> Result<Option<u64>, Self> {
        match self {
            Self::Refused => Err(self),
            Self::Other(_) => Ok(None),
        }
    }
}

// How many numbers the window has: one an event.
async fn count(visit: &Visit<'_>) -> Result<u64, Error> {
    #[derive(FromQueryResult)]
    struct Events {
        events: i64,
    }
    let tx = visit.service.tenant(visit.connection.tenant_id).await?;
    let rows = tx
        .query_as::<Events>(
            "SELECT count(*) AS events FROM event
              WHERE {mine} AND status = 'never_synced' AND business_date BETWEEN $2 AND $3",
            vec![visit.window.from.into(), visit.window.to.into()],
        )
        .await?;
    let events = rows.first().map_or(0, |row| row.events);
    Ok(u64::try_from(events).unwrap_or_default())
}

// Those of the entries whose numbers are of the window.
async fn of_window(visit: &Visit<'_>, page: Vec<PostedEntry>) -> Result<Vec<PostedEntry>, Error> {
    #[derive(FromQueryResult)]
    struct Number {
        number: String,
    }
    let numbers: Vec<String> = page
        .iter()
        .filter_map(|entry| entry.document_number.clone())
        .collect();
    let tx = visit.service.tenant(visit.connection.tenant_id).await?;
    let known: HashSet<String> = tx
        .query_as::<Number>(
            "SELECT number FROM event
              WHERE {mine} AND number = ANY($4) AND status = 'never_synced' AND business_date BETWEEN $2 AND $3",
            vec![
                visit.window.from.into(),
                visit.window.to.into(),
                numbers.into(),
            ],
        )
        .await?
        .into_iter()
        .map(|row| row.number)
        .collect();
    let is_known = |entry: &PostedEntry| {
        let number = entry.document_number.as_ref();
        number.is_some_and(|number| known.contains(number))
    };
    Ok(page.into_iter().filter(is_known).collect())
}
