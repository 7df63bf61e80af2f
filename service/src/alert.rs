//! Alerts: a condition that needs a person. One is open for each cause, however often it happens, and the product closes it.

use crate::Service;
use crate::cursor::{Page, PageQuery};
use crate::error::Error;
use chrono::{DateTime, Utc};
use entity::alert::{Column, Entity, Model};
use entity::id::{AlertId, TenantId};
use entity::store::TenantTx;
use sea_orm::{ColumnTrait, QueryFilter};
use serde::Serialize;
use utoipa::ToSchema;

/// What an alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// QuickBooks no longer accepts the grant.
    AuthenticationLost,
    /// The company's QuickBooks subscription does not allow posting.
    SubscriptionLapsed,
    /// The company refuses us for another reason a person must look at.
    CompanyRefuses,
}

/// The causes that a fresh connection cures.
pub(crate) const OF_CONNECTION: &[Cause] = &[
    Cause::AuthenticationLost,
    Cause::CompanyRefuses,
    Cause::SubscriptionLapsed,
];

impl Cause {
    const ALL: [Self; 3] = [
        Self::AuthenticationLost,
        Self::SubscriptionLapsed,
        Self::CompanyRefuses,
    ];

    /// Stable, for programs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::AuthenticationLost => "authentication_lost",
            Self::SubscriptionLapsed => "subscription_lapsed",
            Self::CompanyRefuses => "company_refuses",
        }
    }

    /// What cures it, step by step.
    #[must_use]
    pub fn steps(self) -> &'static [&'static str] {
        match self {
            Self::AuthenticationLost => &[
                "Connect QuickBooks again: create an authorization request and open its link in a browser.",
                "Nothing was lost: waiting events are posted as soon as the connection is back.",
            ],
            Self::SubscriptionLapsed => &[
                "Renew the QuickBooks Online subscription of the company.",
                "Then start the sync again: waiting events are posted.",
            ],
            Self::CompanyRefuses => &[
                "Look at the company in QuickBooks: it is locked, or the connecting user lost rights.",
                "Then start the sync again, or connect again with another user.",
            ],
        }
    }

    fn read(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.code() == code)
    }
}

/// An alert.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Alert {
    /// Its id.
    pub id: AlertId,
    /// What it is about; stable.
    #[schema(example = "authentication_lost")]
    pub code: String,
    /// `open`, or `closed` since its cause is gone.
    #[schema(example = "open")]
    pub state: String,
    /// What happened, in plain words.
    pub detail: String,
    /// What to do.
    pub steps: Vec<String>,
    /// How often it happened.
    pub occurrences: i64,
    /// When it happened first.
    pub opened_at: DateTime<Utc>,
    /// When it happened last.
    pub last_seen_at: DateTime<Utc>,
    /// When its cause was gone.
    pub closed_at: Option<DateTime<Utc>>,
}

impl From<Model> for Alert {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            steps: Cause::read(&row.code)
                .map(|cause| cause.steps().iter().map(|&step| step.to_owned()).collect())
                .unwrap_or_default(),
            code: row.code,
            state: row.state,
            detail: row.detail,
            occurrences: row.occurrences,
            opened_at: row.opened_at,
            last_seen_at: row.last_seen_at,
            closed_at: row.closed_at,
        }
    }
}

/// Opens the alert of a cause, or counts one more occurrence of the open one.
///
/// # Errors
/// The database's.
pub(crate) async fn open(tx: &TenantTx, cause: Cause, detail: &str) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO alert (tenant_id, id, code, detail) VALUES ($1, $2, $3, $4)
           ON CONFLICT (tenant_id, code, cause) WHERE state = 'open'
           DO UPDATE SET occurrences = alert.occurrences + 1, last_seen_at = tillpost_now(), detail = excluded.detail",
        vec![AlertId::new().into(), cause.code().into(), detail.into()],
    )
    .await?;
    Ok(())
}

/// Closes the alerts of causes that are gone.
///
/// # Errors
/// The database's.
pub(crate) async fn close(tx: &TenantTx, causes: &[Cause]) -> Result<(), Error> {
    for cause in causes {
        tx.execute(
            "UPDATE alert SET state = 'closed', closed_at = tillpost_now() WHERE {mine} AND code = $2 AND state = 'open'",
            vec![cause.code().into()],
        )
        .await?;
    }
    Ok(())
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
    let rows = tx
        .all(query.newest_first(read, Column::OpenedAt, Column::Id)?)
        .await?;
    Ok(query.page(rows, |row| (row.opened_at, row.id.0), Alert::from))
}

/// An alert.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn read(service: &Service, tenant: TenantId, id: AlertId) -> Result<Alert, Error> {
    let tx = service.tenant(tenant).await?;
    tx.one(tx.find::<Entity>().filter(Column::Id.eq(id)))
        .await?
        .map(Alert::from)
        .ok_or(Error::NotFound)
}
