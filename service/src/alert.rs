//! Alerts: a condition that needs a person. One is open for each cause, however often it happens. The product opens and
//! closes them, in the transaction in which it learns of it; people acknowledge them.

mod cause;
mod findings;
mod kept;
mod mapped;
mod row;
mod standing;
mod tally;

pub use cause::{Cause, Severity};
pub(crate) use row::{Condition, end, happened, in_vain, open};
pub(crate) use standing::review;

use crate::access::Caller;
use crate::cursor::{Cursors, Page, PageQuery};
use crate::error::Error;
use crate::{Service, audit};
use chrono::{DateTime, Utc};
use entity::alert::{Column, Entity, Model};
use entity::id::{AlertId, EventId, TenantId};
use entity::store::TenantTx;
use sea_orm::{ColumnTrait, QueryFilter};
use serde::Serialize;
use utoipa::ToSchema;

/// Whether an alert's cause is still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AlertState)]
pub enum State {
    /// It is.
    Open,
    /// It is gone.
    Closed,
}

/// An alert.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Alert {
    /// Its id.
    pub id: AlertId,
    /// What it is about; stable.
    pub code: Cause,
    /// Of `events_failed`: the problem that they have.
    #[schema(example = "foreign_currency")]
    pub problem_code: Option<String>,
    /// How much it matters now: what the mapping lacks is a warning until an event waits or has failed for it.
    pub severity: Severity,
    /// Whether its cause is still there.
    pub state: State,
    /// What happened, in plain words.
    pub detail: String,
    /// What to do.
    pub steps: Vec<String>,
    /// Where it is looked at and mended.
    #[schema(example = "/v1/tenants/ten_01jd5zk8x9e3qr0v7m2c4n6p8t/connection")]
    pub link: String,
    /// What it is about in particular: slots and keys, accounts. May be empty.
    #[schema(example = json!(["payment[paypal]"]))]
    pub subjects: Vec<String>,
    /// Events that it keeps from the books now: those that failed for it; those that are queued or under way, where nothing is
    /// posted while it stands; and those that are queued and will fail, where the mapping must be mended. Those that were never
    /// synced are not among them, and readiness tells how many they are. Or events whose entries there are not as they were
    /// posted. Of a closed alert: none.
    pub events: i64,
    /// A few of them, five at the most.
    pub example_event_ids: Vec<EventId>,
    /// How often it happened since it opened: events that failed for it, or requests that were refused or not answered well.
    pub occurrences: i64,
    /// When it happened first.
    pub opened_at: DateTime<Utc>,
    /// When it happened last; of what goes on until it is mended, when it was last seen to do so, to a minute.
    pub last_seen_at: DateTime<Utc>,
    /// When a person said that they know. Something new of the same cause takes it back.
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// Who.
    pub acknowledged_by: Option<String>,
    /// When its cause was gone.
    pub closed_at: Option<DateTime<Utc>>,
}

impl TryFrom<Model> for Alert {
    type Error = Error;

    fn try_from(row: Model) -> Result<Self, Error> {
        let cause = Cause::read(&row.code).ok_or_else(|| {
            Error::internal(format!("alert {} has the code {}", row.id, row.code))
        })?;
        Ok(Self {
            id: row.id,
            code: cause,
            problem_code: Some(row.cause).filter(|code| !code.is_empty()),
            // What it kept from the books once was no warning, also when it is closed.
            severity: cause.severity_of(row.events > 0 || !row.example_events.is_empty()),
            state: if row.closed_at.is_some() {
                State::Closed
            } else {
                State::Open
            },
            detail: row.detail,
            steps: cause.steps().iter().map(|&step| step.to_owned()).collect(),
            link: format!("/v1/tenants/{}{}", row.tenant_id, cause.link()),
            subjects: row.subjects,
            events: row.events,
            example_event_ids: row.example_events.into_iter().map(EventId).collect(),
            occurrences: row.occurrences,
            opened_at: row.opened_at,
            last_seen_at: row.last_seen_at,
            acknowledged_at: row.acknowledged_at,
            acknowledged_by: row.acknowledged_by,
            closed_at: row.closed_at,
        })
    }
}

impl Alert {
    /// What happened and what to do first, in one line.
    #[must_use]
    pub fn to_do(&self) -> String {
        let stop = if self.detail.ends_with('.') { "" } else { "." };
        let first = self.steps.first().map_or("", String::as_str);
        format!("{}{stop} {first}", capital(&self.detail))
    }
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(characters).collect()
    })
}

/// The open alerts, those nobody acknowledged first, and the most important first.
///
/// # Errors
/// The database's.
pub(crate) async fn open_by_importance(tx: &TenantTx) -> Result<Vec<Alert>, Error> {
    let rows = row::open_ones(tx).await?;
    let mut open = kept::view(tx, rows).await?;
    open.sort_by_key(|alert| (alert.acknowledged_at.is_some(), alert.code, alert.id));
    Ok(open)
}

/// The tenant's alerts, newest first; `state` narrows them to `open` or `closed`.
///
/// # Errors
/// `invalid_state`, `invalid_cursor`, `invalid_limit`.
pub async fn list(
    service: &Service,
    tenant: TenantId,
    state: Option<&str>,
    query: &PageQuery,
) -> Result<Page<Alert>, Error> {
    let tx = service.tenant(tenant).await?;
    let mut read = tx.find::<Entity>();
    if let Some(state) = state {
        if !matches!(state, "open" | "closed") {
            return Err(Error::invalid(
                "invalid_state",
                "state",
                format!("`{state}` is no state of an alert; use `open` or `closed`"),
            ));
        }
        read = read.filter(Column::State.eq(state));
    }
    let cursors = Cursors::of(service, tenant, "alerts");
    let rows = tx
        .all(query.newest_first(cursors, read, Column::OpenedAt, Column::Id)?)
        .await?;
    let page = query.page(cursors, rows, |row| (row.opened_at, row.id.0), |row| row);
    Ok(Page {
        items: kept::view(&tx, page.items).await?,
        next_cursor: page.next_cursor,
    })
}

/// An alert.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn read(service: &Service, tenant: TenantId, id: AlertId) -> Result<Alert, Error> {
    let tx = service.tenant(tenant).await?;
    let row = find(&tx, id).await?;
    kept::view_one(&tx, row).await
}

/// Notes that a person knows of an open alert. Doing so again, or of a closed one, changes nothing.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn acknowledge(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    id: AlertId,
) -> Result<Alert, Error> {
    let tx = service.tenant(tenant).await?;
    let done = tx
        .execute(
            "UPDATE alert SET acknowledged_at = tillpost_now(), acknowledged_by = $3
              WHERE {mine} AND id = $2 AND state = 'open' AND acknowledged_at IS NULL",
            vec![id.into(), caller.actor().into()],
        )
        .await?;
    let row = find(&tx, id).await?;
    if done.rows_affected() > 0 {
        audit::record(
            &tx,
            caller.actor(),
            "alert.acknowledged",
            &id.to_string(),
            serde_json::json!({ "code": row.code }),
        )
        .await?;
    }
    let alert = kept::view_one(&tx, row).await?;
    tx.commit().await?;
    Ok(alert)
}

async fn find(tx: &TenantTx, id: AlertId) -> Result<Model, Error> {
    tx.one(tx.find::<Entity>().filter(Column::Id.eq(id)))
        .await?
        .ok_or(Error::NotFound)
}
