//! Past syncs: events of a date window from before the sync are queued, behind the live ones.

use crate::access::Caller;
use crate::cursor::{Page, PageQuery};
use crate::error::Error;
use crate::event::Happened;
use crate::event::history::{self, Change};
use crate::{Service, audit, bell, connection, sync};
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use entity::id::{PastSyncId, TenantId};
use entity::past_sync::{Column, Entity, Model};
use entity::store::TenantTx;
use sea_orm::{ColumnTrait, FromQueryResult, QueryFilter};
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
    /// `running`, or `finished` when no event of it waits.
    #[schema(example = "finished")]
    pub state: String,
    /// Events it queued.
    pub events: i64,
    /// Of them: waiting or under way.
    pub waiting: i64,
    /// Of them: in the books.
    pub synced: i64,
    /// Of them: a person must act.
    pub failed: i64,
    /// Of them: nothing to post.
    pub skipped: i64,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: DateTime<Utc>,
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
    // Days that tills and the database both know: business dates lie there.
    for (field, date) in [
        ("from_date", request.from_date),
        ("to_date", request.to_date),
    ] {
        if !(1990..=2100).contains(&date.year()) {
            return Err(Error::invalid(
                "invalid_window",
                field,
                format!("{date} is no business date: write a day from 1990 to 2100"),
            ));
        }
    }
    if request.from_date > request.to_date {
        return Err(Error::invalid(
            "invalid_window",
            "to_date",
            format!(
                "the window ends ({}) before it begins ({})",
                request.to_date, request.from_date
            ),
        ));
    }
    let tx = service.tenant(tenant).await?;
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
            request.from_date.into(),
            request.to_date.into(),
            caller.actor().into(),
        ],
    )
    .await?;
    let queued = history::update(
            &tx,
            "UPDATE event SET status = 'not_synced', due_at = tillpost_now(), past = true, past_sync_id = $2,
               updated_at = tillpost_now()
              WHERE {mine} AND status = 'never_synced' AND business_date BETWEEN $3 AND $4",
            vec![id.into(), request.from_date.into(), request.to_date.into()],
            Change { past_sync: Some(id), ..Change::by(caller.actor(), Happened::Queued) },
        )
        .await?;
    tx.execute(
        "UPDATE past_sync SET events = $3 WHERE {mine} AND id = $2",
        vec![id.into(), i64::try_from(queued).unwrap_or(i64::MAX).into()],
    )
    .await?;
    bell::wake(&tx).await?;
    audit::record(
        &tx,
        caller.actor(),
        "past_sync.created",
        &id.to_string(),
        serde_json::json!({ "from_date": request.from_date, "to_date": request.to_date, "events": queued }),
    )
    .await?;
    let past_sync = view(&tx, row(&tx, id).await?).await?;
    tx.commit().await?;
    service.ring(tenant).await;
    Ok(past_sync)
}

/// A past sync.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn read(service: &Service, tenant: TenantId, id: PastSyncId) -> Result<PastSync, Error> {
    let tx = service.tenant(tenant).await?;
    view(&tx, row(&tx, id).await?).await
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
    let rows = tx
        .all(query.newest_first(tx.find::<Entity>(), Column::CreatedAt, Column::Id)?)
        .await?;
    let page = query.page(rows, |row| (row.created_at, row.id.0), |row| row);
    let mut items = Vec::with_capacity(page.items.len());
    for row in page.items {
        items.push(view(&tx, row).await?);
    }
    Ok(Page {
        items,
        next_cursor: page.next_cursor,
    })
}

async fn row(tx: &TenantTx, id: PastSyncId) -> Result<Model, Error> {
    tx.one(tx.find::<Entity>().filter(Column::Id.eq(id)))
        .await?
        .ok_or(Error::NotFound)
}

async fn view(tx: &TenantTx, row: Model) -> Result<PastSync, Error> {
    #[derive(FromQueryResult)]
    struct Progress {
        waiting: i64,
        synced: i64,
        failed: i64,
        skipped: i64,
    }
    let progress = tx
        .query_as::<Progress>(
            "SELECT count(*) FILTER (WHERE status IN ('not_synced', 'processing')) AS waiting,
               count(*) FILTER (WHERE status = 'synced') AS synced,
               count(*) FILTER (WHERE status = 'failed') AS failed,
               count(*) FILTER (WHERE status = 'skipped') AS skipped
               FROM event WHERE {mine} AND past_sync_id = $2",
            vec![row.id.into()],
        )
        .await?
        .pop()
        .ok_or(Error::NotFound)?;
    Ok(PastSync {
        id: row.id,
        from_date: row.from_date,
        to_date: row.to_date,
        state: if progress.waiting > 0 {
            "running"
        } else {
            "finished"
        }
        .to_owned(),
        events: row.events,
        waiting: progress.waiting,
        synced: progress.synced,
        failed: progress.failed,
        skipped: progress.skipped,
        created_by: row.created_by,
        created_at: row.created_at,
    })
}
