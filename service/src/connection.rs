//! A tenant's connection to its QuickBooks company: how it stands, and the end of it. How it begins is told in `flow`.

mod company;
mod flow;
pub mod link;
pub(crate) mod refusal;

pub use flow::{
    AuthorizationRequest, Callback, CreateAuthorizationRequest, Ended, Outcome, begin, finish,
    request,
};

use crate::access::Caller;
use crate::alert::{self, Cause};
use crate::error::Error;
use crate::{Service, audit, grant, webhook};
use chrono::{DateTime, NaiveDate, Utc};
use entity::connection::{Column, Entity, Model};
use entity::id::{ConnectionId, TenantId};
use entity::store::TenantTx;
use quickbooks::Preferences;
use sea_orm::{ColumnTrait, QueryFilter};
use serde::Serialize;
use utoipa::ToSchema;

/// Where a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ConnectionState)]
pub enum State {
    /// Never connected.
    NotConnected,
    /// In use.
    Connected,
    /// A person must act: see the alerts.
    ActionRequired,
    /// Ended by us or the tenant.
    Disconnected,
}

/// A tenant's connection.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Connection {
    /// Where it stands.
    pub state: State,
    /// Its id; none before the first connection.
    pub id: Option<ConnectionId>,
    /// The company, by Intuit's realm ID.
    #[schema(example = "9341453474484455")]
    pub company_id: Option<String>,
    /// The company's name.
    #[schema(example = "Harbour Street Outfitters, Inc.")]
    pub company_name: Option<String>,
    /// ISO 4217.
    #[schema(example = "USD")]
    pub home_currency: Option<String>,
    /// The last day of the closed accounting periods.
    pub closing_date: Option<NaiveDate>,
    /// When the grant ends unless it is used: 100 days from its last use.
    pub grant_expires_at: Option<DateTime<Utc>>,
    /// When the grant ends whatever happens: five years from consent, where Intuit told.
    pub grant_hard_expires_at: Option<DateTime<Utc>>,
    /// When the grant was refreshed last, because somebody needed it or to keep it alive; or given.
    pub grant_refreshed_at: Option<DateTime<Utc>>,
    /// When the access token ends. Where it is in use, its successor is there before.
    pub access_expires_at: Option<DateTime<Utc>>,
    /// When it was connected last.
    pub connected_at: Option<DateTime<Utc>>,
    /// When QuickBooks answered well last.
    pub last_success_at: Option<DateTime<Utc>>,
    /// When a company that refuses us, as for a lapsed subscription, is asked again by itself; starting the sync asks at once.
    /// None where nothing is in the way, or only a person can help.
    pub asked_again_at: Option<DateTime<Utc>>,
}

/// The tenant's connection.
///
/// # Errors
/// The database does not answer.
pub async fn read(service: &Service, tenant: TenantId) -> Result<Connection, Error> {
    let tx = service.tenant(tenant).await?;
    let Some(row) = current(&tx).await? else {
        return Ok(Connection {
            state: State::NotConnected,
            id: None,
            company_id: None,
            company_name: None,
            home_currency: None,
            closing_date: None,
            grant_expires_at: None,
            grant_hard_expires_at: None,
            grant_refreshed_at: None,
            access_expires_at: None,
            connected_at: None,
            last_success_at: None,
            asked_again_at: None,
        });
    };
    let grant = grant::find(&tx, row.id).await?;
    Ok(Connection {
        asked_again_at: refusal::asked_again_at(&row),
        state: match row.state.as_str() {
            "connected" => State::Connected,
            "action_required" => State::ActionRequired,
            _ => State::Disconnected,
        },
        id: Some(row.id),
        company_id: Some(row.company_id),
        company_name: Some(row.company_name),
        home_currency: Some(row.home_currency),
        closing_date: row.closing_date,
        grant_expires_at: grant.as_ref().map(|grant| grant.refresh_expires_at),
        grant_hard_expires_at: grant.as_ref().and_then(|grant| grant.hard_expires_at),
        grant_refreshed_at: grant.as_ref().map(|grant| grant.refreshed_at),
        access_expires_at: grant.map(|grant| grant.access_expires_at),
        connected_at: Some(row.connected_at),
        last_success_at: row.last_success_at,
    })
}

/// Ends the connection: the grant is revoked at Intuit and destroyed here. Events and mappings stay.
///
/// # Errors
/// `not_connected`.
pub async fn disconnect(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
) -> Result<Connection, Error> {
    let tx = service.tenant(tenant).await?;
    let row = current(&tx)
        .await?
        .filter(|row| row.state != "disconnected")
        .ok_or_else(not_connected)?;
    let refresh_token = grant::refresh_token(service, &tx, row.id).await?;
    tx.execute(
        "UPDATE connection SET state = 'disconnected', disconnected_at = tillpost_now() WHERE {mine} AND id = $2",
        vec![row.id.into()],
    )
    .await?;
    tx.execute(
        "DELETE FROM connection_grant WHERE {mine} AND connection_id = $2",
        vec![row.id.into()],
    )
    .await?;
    webhook::connection_changed(&tx).await?;
    alert::review(&tx).await?;
    audit::record(
        &tx,
        caller.actor(),
        "connection.disconnected",
        &row.id.to_string(),
        serde_json::json!({}),
    )
    .await?;
    tx.commit().await?;
    if let Some(token) = refresh_token
        && let Err(failure) = service.quickbooks().revoke(&token).await
    {
        tracing::warn!(tenant.id = %tenant, "the grant is destroyed here but was not revoked at Intuit: {failure}");
    }
    read(service, tenant).await
}

/// The company the tenant's events go to, connected or not.
pub(crate) async fn current(tx: &TenantTx) -> Result<Option<Model>, Error> {
    Ok(tx
        .one(tx.find::<Entity>().filter(Column::IsCurrent.eq(true)))
        .await?)
}

/// The company the tenant's events go to.
///
/// # Errors
/// `not_connected`.
pub(crate) async fn company(tx: &TenantTx) -> Result<Model, Error> {
    current(tx).await?.ok_or_else(not_connected)
}

pub(crate) fn not_connected() -> Error {
    Error::conflict(
        "not_connected",
        "no QuickBooks company is connected; create an authorization request and open its link in a browser",
    )
}

/// Posting stops until a person has helped: the cause is shown, and nothing is lost.
pub(crate) async fn halt(
    tx: &TenantTx,
    id: ConnectionId,
    cause: Cause,
    detail: &str,
) -> Result<(), Error> {
    let halted = tx
        .execute(
            "UPDATE connection SET state = 'action_required', problem_code = $3
              WHERE {mine} AND id = $2 AND state <> 'disconnected' AND (state, problem_code) IS DISTINCT FROM ('action_required', $3)",
            vec![id.into(), cause.code().into()],
        )
        .await?;
    if halted.rows_affected() > 0 {
        webhook::connection_changed(tx).await?;
    }
    alert::open(tx, cause, detail).await
}

/// Reads the company's preferences anew.
pub(crate) async fn refresh_preferences(
    tx: &TenantTx,
    id: ConnectionId,
    preferences: &Preferences,
) -> Result<(), Error> {
    tx.execute(
        "UPDATE connection SET closing_date = $3, guards_numbers = $4, home_currency = $5,
           preferences_read_at = tillpost_now(), preferences_stale = false,
           closed_through_refused = CASE WHEN closing_date IS NOT DISTINCT FROM $3 THEN closed_through_refused END
          WHERE {mine} AND id = $2",
        vec![
            id.into(),
            preferences.book_close_date.into(),
            preferences.warn_duplicate_journal_number.into(),
            home_currency(preferences).into(),
        ],
    )
    .await?;
    Ok(())
}

/// The company's preferences are to be read before anything else is posted.
pub(crate) async fn doubt_preferences(tx: &TenantTx, id: ConnectionId) -> Result<(), Error> {
    tx.execute(
        "UPDATE connection SET preferences_stale = true WHERE {mine} AND id = $2",
        vec![id.into()],
    )
    .await?;
    Ok(())
}

// A company without multicurrency may not name its currency; QuickBooks' own default is the US dollar.
fn home_currency(preferences: &Preferences) -> String {
    preferences
        .home_currency
        .clone()
        .unwrap_or_else(|| "USD".to_owned())
}
