//! Past syncs: events of a date window from before the sync are queued, behind the live ones; tried beforehand, watched while
//! they run, cancelled, and summed up.

mod cancel;
mod dry_run;
mod effect;
mod fate;
mod lists;
mod look_up;
mod numbers;
mod progress;
mod report;
mod tally;
mod whole;

pub(crate) use cancel::abandon;
pub use cancel::cancel;
pub use dry_run::{DryRunPastSync, dry_run};
pub use effect::{AccountEffect, Effect, PlaceEffect, effect};
pub use lists::Lists;
pub use numbers::Numbers;
pub(crate) use progress::{count, finish};
pub use report::{ClosedPeriodHits, DryRun, DryRunCause, DryRunCounts, DryRunProblem, DryRunType};

use crate::access::Caller;
use crate::bell::Urgency;
use crate::cursor::{Cursors, Page, PageQuery};
use crate::error::Error;
use crate::event::Happened;
use crate::event::history::{self, Change};
use crate::fail_point::{FailPoint, reach};
use crate::{Service, audit, bell, books, connection, sync};
use accounting::Currency;
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use entity::id::{PastSyncId, TenantId};
use entity::past_sync::{Column, Entity, Model};
use entity::store::TenantTx;
use sea_orm::{ColumnTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A past sync to be made.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePastSync {
    /// The first business date of the window; it belongs to it.
    #[schema(example = "2026-11-01")]
    pub from_date: NaiveDate,
    /// The last business date of the window; it belongs to it.
    #[schema(example = "2026-11-15")]
    pub to_date: NaiveDate,
}

/// A past sync and how far it is.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PastSync {
    /// Its id.
    pub id: PastSyncId,
    /// The first business date of its window.
    pub from_date: NaiveDate,
    /// The last business date of its window.
    pub to_date: NaiveDate,
    /// Where it stands.
    pub state: State,
    /// Events it queued.
    #[schema(example = 4)]
    pub events: i64,
    /// Of them: waiting or under way.
    pub waiting: i64,
    /// Of them: in the books.
    pub synced: i64,
    /// Of them: a person must act.
    pub failed: i64,
    /// Of them: nothing to post.
    pub skipped: i64,
    /// Of them: never synced again, because it was cancelled or the company was left.
    pub returned: i64,
    /// How much of it is done, in whole percents: 100 only when nothing waits and nothing was returned.
    #[schema(minimum = 0, maximum = 100, example = 100)]
    pub percent_done: u8,
    /// Live events in the queue, which go first; none where nothing waits or nothing can go out.
    pub live_events_ahead: Option<i64>,
    /// How long the rest takes at the pace QuickBooks allows, live events first; none where nothing waits or nothing can go
    /// out.
    pub remaining_seconds: Option<i64>,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When it was cancelled.
    pub cancelled_at: Option<DateTime<Utc>>,
    /// When the last of its events was settled; a later retry of a failed one does not change it.
    pub finished_at: Option<DateTime<Utc>>,
}

/// Where a past sync stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PastSyncState)]
pub enum State {
    /// Events of it wait.
    Running,
    /// Every event of it was settled.
    Finished,
    /// What it had not sent went back to never synced.
    Cancelled,
}

/// Queues the never-synced events whose business date lies in the window, both ends included. Windows may overlap and be
/// repeated: an event that was queued once is not queued again.
///
/// # Errors
/// `invalid_window`, `not_connected`, `sync_stopped`.
pub async fn create(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    request: CreatePastSync,
) -> Result<PastSync, Error> {
    let window = Window::new(request.from_date, request.to_date)?;
    let tx = service.tenant(tenant).await?;
    // Two of them at once follow each other: what the first has queued, the second does not find.
    sync::lock(&tx).await?;
    let company = connection::company(&tx).await?;
    if !sync::row(&tx).await?.running {
        return Err(Error::conflict(
            "sync_stopped",
            "the sync is stopped; start it before past events are synced",
        ));
    }
    let id = PastSyncId::new();
    tx.execute(
        "INSERT INTO past_sync (tenant_id, id, company_id, from_date, to_date, events, created_by)
         VALUES ($1, $2, $3, $4, $5, 0, $6)",
        vec![
            id.into(),
            company.company_id.into(),
            window.from.into(),
            window.to.into(),
            caller.actor().into(),
        ],
    )
    .await?;
    let queued = history::update(
            &tx,
            "UPDATE event SET status = 'not_synced', due_at = tillpost_now(), past = true, past_sync_id = $2,
               updated_at = tillpost_now()
              WHERE {mine} AND status = 'never_synced' AND business_date BETWEEN $3 AND $4",
            vec![id.into(), window.from.into(), window.to.into()],
            Change { past_sync: Some(id), ..Change::by(caller.actor(), Happened::Queued) },
        )
        .await?;
    tx.execute(
        "UPDATE past_sync SET events = $3, finished_at = CASE WHEN $3 = 0 THEN tillpost_now() END WHERE {mine} AND id = $2",
        vec![id.into(), i64::try_from(queued).unwrap_or(i64::MAX).into()],
    )
    .await?;
    bell::wake_for(&tx, Urgency::Past).await?;
    audit::record(
        &tx,
        caller.actor(),
        "past_sync.created",
        &id.to_string(),
        serde_json::json!({ "from_date": window.from, "to_date": window.to, "events": queued }),
    )
    .await?;
    let past_sync = view(service, &tx, id).await?;
    reach(FailPoint::PastSyncBeforeCommit);
    tx.commit().await?;
    reach(FailPoint::PastSyncCommitted);
    service.ring_for(tenant, Urgency::Past).await;
    Ok(past_sync)
}

/// A past sync.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn read(service: &Service, tenant: TenantId, id: PastSyncId) -> Result<PastSync, Error> {
    let tx = service.tenant(tenant).await?;
    view(service, &tx, id).await
}

async fn view(service: &Service, tx: &TenantTx, id: PastSyncId) -> Result<PastSync, Error> {
    let rows = vec![row(tx, id).await?];
    let told = progress::view(service, tx, rows).await?.pop();
    told.ok_or(Error::NotFound)
}

/// The tenant's past syncs, newest first.
///
/// # Errors
/// `invalid_cursor`, `invalid_limit`.
pub async fn list(
    service: &Service,
    tenant: TenantId,
    query: &PageQuery,
) -> Result<Page<PastSync>, Error> {
    let tx = service.tenant(tenant).await?;
    let cursors = Cursors::of(service, tenant, "past syncs");
    let rows = tx
        .all(query.newest_first(cursors, tx.find::<Entity>(), Column::CreatedAt, Column::Id)?)
        .await?;
    let page = query.page(cursors, rows, |row| (row.created_at, row.id.0), |row| row);
    Ok(Page {
        items: progress::view(service, &tx, page.items).await?,
        next_cursor: page.next_cursor,
    })
}

pub(crate) async fn row(tx: &TenantTx, id: PastSyncId) -> Result<Model, Error> {
    tx.one(tx.find::<Entity>().filter(Column::Id.eq(id)))
        .await?
        .ok_or(Error::NotFound)
}

// The home currency of a company the tenant is or was connected to.
async fn currency_of(tx: &TenantTx, company_id: &str) -> Result<Currency, Error> {
    let connection = tx
        .one(
            tx.find::<entity::connection::Entity>()
                .filter(entity::connection::Column::CompanyId.eq(company_id)),
        )
        .await?
        .ok_or(Error::NotFound)?;
    books::home_currency(&connection)
}

/// The days of a past sync, both ends included.
struct Window {
    from: NaiveDate,
    to: NaiveDate,
}

impl Window {
    // Days that tills and the database both know: business dates lie there.
    fn new(from: NaiveDate, to: NaiveDate) -> Result<Self, Error> {
        for (field, date) in [("from_date", from), ("to_date", to)] {
            if !(1990..=2100).contains(&date.year()) {
                return Err(Error::invalid(
                    "invalid_window",
                    field,
                    format!("{date} is no business date: write a day from 1990 to 2100"),
                ));
            }
        }
        if from > to {
            return Err(Error::invalid(
                "invalid_window",
                "to_date",
                format!("the window ends ({to}) before it begins ({from})"),
            ));
        }
        Ok(Self { from, to })
    }
}
