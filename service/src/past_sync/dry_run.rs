//! A dry run: what a past sync over a window would do. First the closing date, the lists and numbers are looked up in QuickBooks,
//! without a transaction; then the window's events are read once, one after another, in one snapshot, and nothing of them is kept but sums.

use super::Window;
use super::effect::{Effect, EffectNames};
use super::fate::{self, Candidate};
use super::look_up::{Wanted, look_up};
use super::report::{ClosedPeriodHits, DryRun};
use super::tally::{Closed, Tally};
use crate::error::Error;
use crate::problem::{Code, Names};
use crate::tenant::ClosedPeriod;
use crate::{Service, books, chart, connection};
use accounting::Books;
use chrono::NaiveDate;
use entity::connection::Model as Connection;
use entity::id::TenantId;
use entity::store::TenantTx;
use futures::TryStreamExt;
use quickbooks::PostedEntry;
use serde::Deserialize;
use std::collections::HashMap;
use utoipa::ToSchema;

/// A window to be tried.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DryRunPastSync {
    /// The first business date of the window; it belongs to it.
    #[schema(example = "2026-11-01")]
    pub from_date: NaiveDate,
    /// The last business date of the window; it belongs to it.
    #[schema(example = "2026-11-15")]
    pub to_date: NaiveDate,
    /// Whether numbers are looked up in QuickBooks, a metered read for each hundred of them, or for each thousand entries of the
    /// company where those are fewer; left out: they are.
    pub check_numbers: Option<bool>,
    /// Whether the closing date is read from QuickBooks as it is now, which is one metered read; left out: it is.
    pub read_closing_date: Option<bool>,
    /// Whether QuickBooks is asked what changed among accounts, Locations and Classes where they were read more than minutes ago,
    /// which is one metered read; left out: it is.
    pub read_lists: Option<bool>,
}

/// Tells what a past sync over the window would do. Of events nothing is written; QuickBooks is asked for the closing date, for
/// what changed in its lists and for numbers, and nothing is written there. The sync need not run.
///
/// # Errors
/// `invalid_window`, `not_connected`.
pub async fn dry_run(
    service: &Service,
    tenant: TenantId,
    request: DryRunPastSync,
) -> Result<DryRun, Error> {
    let window = Window::new(request.from_date, request.to_date)?;
    let wanted = Wanted {
        numbers: request.check_numbers.unwrap_or(true),
        closing_date: request.read_closing_date.unwrap_or(true),
        lists: request.read_lists.unwrap_or(true),
    };
    let (held, look) = look_up(service, tenant, &window, wanted).await?;
    let tx = service.store().snapshot(tenant).await?;
    let as_of = tx.now().await?;
    let company = connection::company(&tx).await?;
    let lists = look.told(chart::known_at(&tx, &company).await?);
    let books = books::read(&tx, &company).await?;
    let names = Names::of_unusable(&tx, &company.company_id, &books).await?;
    let mut tally = count(&tx, &window, &books, &company, &names, &held.entries).await?;
    let effect_names = EffectNames::read(&tx, &company.company_id).await?;
    let numbers = held.told(tally.all.total, tally.of_problem(Code::NumberTaken));
    let (problems, skipped) = tally.reasons(tenant);
    Ok(DryRun {
        from_date: window.from,
        to_date: window.to,
        as_of,
        lists,
        events: tally.all,
        types: tally.types(),
        problems,
        skipped,
        closed_period: hits(&tally.closed, &books, &company),
        numbers,
        effect: Effect::named(&tally.effect, books.home_currency, &effect_names),
    })
}

// One pass: a row is read, decided, added and forgotten.
async fn count(
    tx: &TenantTx,
    window: &Window,
    books: &Books,
    company: &Connection,
    names: &Names,
    held: &HashMap<String, Vec<PostedEntry>>,
) -> Result<Tally, Error> {
    let mut tally = Tally::default();
    let mut events = tx
        .stream_as::<Candidate>(
            "SELECT e.id, e.type AS kind, e.business_date, e.number, e.version, e.body,
               j.state AS entry_state, j.event_version AS entry_version,
               CASE WHEN j.state = 'sealed' THEN j.body END AS sealed
               FROM event e
               LEFT JOIN LATERAL (
                 SELECT state, event_version, body FROM journal_entry j
                  WHERE {mine:j} AND j.event_id = e.id AND j.company_id = $4 ORDER BY generation DESC LIMIT 1) j ON true
              WHERE {mine:e} AND e.status = 'never_synced' AND e.business_date BETWEEN $2 AND $3",
            vec![
                window.from.into(),
                window.to.into(),
                company.company_id.clone().into(),
            ],
        )
        .await?;
    while let Some(event) = events.try_next().await? {
        let fate = fate::of(&event, books, company, names, held)?;
        tally.add(event.id, &event.kind, event.business_date, fate);
    }
    Ok(tally)
}

fn hits(closed: &Closed, books: &Books, company: &Connection) -> ClosedPeriodHits {
    let dated = match books.closed_period {
        accounting::ClosedPeriod::Fail => None,
        accounting::ClosedPeriod::FirstOpenDay => {
            books.closing_date.and_then(|date| date.succ_opt())
        }
    };
    let detail = match (books.closing_date, closed.first, closed.last) {
        (Some(closing_date), Some(first), Some(last)) => {
            let which = format!(
                "{} dated from {first} to {last}, and the books are closed through {closing_date}",
                if closed.events == 1 {
                    "1 event is".to_owned()
                } else {
                    format!("{} events are", closed.events)
                }
            );
            Some(match dated {
                Some(day) => format!(
                    "{which}: their entries would be dated {day}, the first open day, with the original date in the note"
                ),
                None => format!(
                    "{which}: they would fail; reopen the period, or set closed_period to first_open_day"
                ),
            })
        }
        _ => None,
    };
    ClosedPeriodHits {
        closing_date: books.closing_date,
        policy: ClosedPeriod::from(books.closed_period),
        events: closed.events,
        first_date: closed.first,
        last_date: closed.last,
        dated,
        detail,
        closing_date_read_at: company.preferences_read_at,
        closing_date_in_doubt: company.preferences_stale,
    }
}
