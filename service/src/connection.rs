//! Connecting a tenant to its QuickBooks company: the request, the browser's way to Intuit and back, and the end of it.
//!
//! The `state` is 256 random bits, stored as a hash, used once, good for ten minutes and only in the browser that began.
//! The company is believed only after a call with the new token.

use crate::access::Caller;
use crate::alert::{self, Cause};
use crate::error::Error;
use crate::{Service, audit, bell, chart, grant, secret};
use chrono::{DateTime, Days, NaiveDate, Utc};
use entity::connection::{Column, Entity, Model};
use entity::id::{AuthorizationRequestId, ConnectionId, TenantId};
use entity::store::TenantTx;
use entity::{authorization_request, connection_grant};
use quickbooks::{CompanyInfo, Grant, Preferences};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::{ColumnTrait, FromQueryResult, QueryFilter};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

const REQUEST_MINUTES: i64 = 10;

/// Asks for a person's consent at Intuit.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateAuthorizationRequest {
    /// Where the browser goes afterwards, with `outcome` in its query; one of the configured places. Left out: a plain page.
    #[schema(example = "https://pos.example.com/settings/quickbooks")]
    pub return_url: Option<String>,
    /// Whether another company than the present one is accepted: its mapping starts empty and every event is unsynced in it.
    #[serde(default)]
    pub allow_company_change: bool,
}

/// A request for consent, waiting for a browser.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AuthorizationRequest {
    /// Its id.
    pub id: AuthorizationRequestId,
    /// Open it in a browser: it leads to Intuit and back, once.
    #[schema(example = "https://api.example.com/v1/connect/kq3…")]
    pub authorization_url: String,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}

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
    /// When it was connected last.
    pub connected_at: Option<DateTime<Utc>>,
    /// When QuickBooks answered well last.
    pub last_success_at: Option<DateTime<Utc>>,
}

/// What the browser brings back from Intuit.
#[derive(Debug, Clone, Deserialize)]
pub struct Callback {
    /// The state we gave.
    pub state: String,
    /// The authorization code, unless the person refused.
    pub code: Option<SecretString>,
    /// The company consented to.
    #[serde(rename = "realmId")]
    pub realm_id: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
}

/// How a flow ended, and where the browser goes now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Whose flow it was.
    pub tenant: TenantId,
    /// How it ended.
    pub outcome: Outcome,
    /// Where to go; the outcome is in its query.
    pub return_url: Option<Url>,
}

/// How a flow ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The company is connected.
    Connected,
    /// The person refused.
    Denied,
    /// Another company than the present one, and the request did not allow that.
    CompanyMismatch,
    /// The company's books already take entries from another tenant.
    CompanyTaken,
    /// Intuit or QuickBooks did not answer well; begin again.
    Failed,
}

impl Outcome {
    /// As it stands in the return address.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Denied => "denied",
            Self::CompanyMismatch => "company_mismatch",
            Self::CompanyTaken => "company_taken",
            Self::Failed => "failed",
        }
    }
}

/// Begins a flow: a link that a person opens in a browser, once.
///
/// # Errors
/// `invalid_return_url`.
pub async fn request(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    request: CreateAuthorizationRequest,
) -> Result<AuthorizationRequest, Error> {
    if let Some(return_url) = &request.return_url {
        check_return_url(service, return_url)?;
    }
    let (id, start) = (AuthorizationRequestId::new(), secret::random());
    let tx = service.tenant(tenant).await?;
    let expires_at = tx.now().await? + chrono::TimeDelta::minutes(REQUEST_MINUTES);
    tx.insert(authorization_request::ActiveModel {
        tenant_id: Set(tenant),
        id: Set(id),
        start_hash: Set(secret::hash(start.expose_secret())),
        state_hash: Set(None),
        browser_hash: Set(None),
        return_url: Set(request.return_url.unwrap_or_default()),
        allow_company_change: Set(request.allow_company_change),
        requested_by: Set(caller.actor().to_owned()),
        created_at: NotSet,
        expires_at: Set(expires_at),
        used_at: Set(None),
    })
    .await?;
    tx.commit().await?;
    let authorization_url = service
        .settings()
        .public_url
        .join(&format!("v1/connect/{}", start.expose_secret()))
        .map_err(Error::internal)?;
    Ok(AuthorizationRequest {
        id,
        authorization_url: authorization_url.into(),
        expires_at,
    })
}

fn check_return_url(service: &Service, text: &str) -> Result<(), Error> {
    let allowed = &service.settings().return_urls;
    let fits = Url::parse(text).is_ok_and(|url| {
        url.username().is_empty()
            && url.password().is_none()
            && allowed
                .iter()
                .any(|base| url.origin() == base.origin() && url.path().starts_with(base.path()))
    });
    if fits {
        return Ok(());
    }
    let places: Vec<_> = allowed.iter().map(Url::as_str).collect();
    Err(Error::invalid(
        "invalid_return_url",
        "return_url",
        format!("a browser may be sent only below: {}", places.join(", ")),
    ))
}

/// The browser has opened the link: gives Intuit's address, and the secret that binds the flow to this browser.
///
/// # Errors
/// [`Error::NotFound`] for a link that is unknown, used or too old.
pub async fn begin(service: &Service, start: &str) -> Result<(Url, SecretString), Error> {
    let (tenant, id) = find(service, "start_hash", start).await?;
    let (state, browser) = (secret::random(), secret::random());
    let tx = service.tenant(tenant).await?;
    let begun = tx
        .execute(
            "UPDATE authorization_request SET state_hash = $3, browser_hash = $4
              WHERE {mine} AND id = $2 AND used_at IS NULL AND state_hash IS NULL AND expires_at > tillpost_now()",
            vec![
                id.into(),
                secret::hash(state.expose_secret()).into(),
                secret::hash(browser.expose_secret()).into(),
            ],
        )
        .await?;
    if begun.rows_affected() == 0 {
        return Err(Error::NotFound);
    }
    tx.commit().await?;
    let url = service
        .quickbooks()
        .authorization_url(state.expose_secret())
        .await
        .map_err(|failure| Error::QuickBooks {
            code: "quickbooks_unreachable",
            detail: format!("Intuit could not be asked where consent is given ({failure}); open a new link in a moment"),
        })?;
    Ok((url, browser))
}

/// The browser is back from Intuit: exchanges the code, once, and connects the company.
///
/// # Errors
/// [`Error::NotFound`] for a state that is unknown, used, too old, or begun in another browser.
pub async fn finish(
    service: &Service,
    callback: Callback,
    browser: Option<&str>,
) -> Result<Ended, Error> {
    let (tenant, id) = find(service, "state_hash", &callback.state).await?;
    let request = take(service, tenant, id, browser).await?;
    let outcome = match (callback.code, callback.realm_id) {
        (Some(code), Some(company)) if callback.error.is_none() => {
            connect(service, tenant, &request, &code, &company).await?
        }
        _ => Outcome::Denied,
    };
    let return_url = Url::parse(&request.return_url).ok().map(|mut url| {
        url.query_pairs_mut()
            .append_pair("outcome", outcome.as_str());
        url
    });
    Ok(Ended {
        tenant,
        outcome,
        return_url,
    })
}

async fn find(
    service: &Service,
    column: &str,
    secret: &str,
) -> Result<(TenantId, AuthorizationRequestId), Error> {
    #[derive(FromQueryResult)]
    struct Found {
        tenant_id: TenantId,
        id: AuthorizationRequestId,
    }
    let tx = service.store().platform().await?;
    tx.query_as::<Found>(
        &format!("SELECT tenant_id, id FROM authorization_request WHERE {column} = $1"),
        vec![secret::hash(secret).into()],
    )
    .await?
    .pop()
    .map(|found| (found.tenant_id, found.id))
    .ok_or(Error::NotFound)
}

// Single use is settled before the code is exchanged: a second callback finds the request taken.
async fn take(
    service: &Service,
    tenant: TenantId,
    id: AuthorizationRequestId,
    browser: Option<&str>,
) -> Result<authorization_request::Model, Error> {
    let tx = service.tenant(tenant).await?;
    let taken = tx
        .execute(
            "UPDATE authorization_request SET used_at = tillpost_now()
              WHERE {mine} AND id = $2 AND used_at IS NULL AND expires_at > tillpost_now() AND browser_hash = $3",
            vec![id.into(), secret::hash(browser.unwrap_or_default()).into()],
        )
        .await?;
    if taken.rows_affected() == 0 {
        return Err(Error::NotFound);
    }
    let request = tx
        .one(
            tx.find::<authorization_request::Entity>()
                .filter(authorization_request::Column::Id.eq(id)),
        )
        .await?
        .ok_or(Error::NotFound)?;
    tx.commit().await?;
    Ok(request)
}

async fn connect(
    service: &Service,
    tenant: TenantId,
    request: &authorization_request::Model,
    code: &SecretString,
    company_id: &str,
) -> Result<Outcome, Error> {
    let grant = match service
        .quickbooks()
        .exchange_code(code.expose_secret())
        .await
    {
        Ok(grant) => grant,
        Err(failure) => {
            tracing::warn!(tenant.id = %tenant, "the authorization code was not exchanged: {failure}");
            return Ok(Outcome::Failed);
        }
    };
    // The realm ID came through a browser: believed only when the new token opens that company.
    let company = service
        .quickbooks()
        .company(company_id, &grant.access_token);
    let (info, preferences) = match (company.info().await, company.preferences().await) {
        (Ok(info), Ok(preferences)) => (info.value, preferences.value),
        (Err(failure), _) | (_, Err(failure)) => {
            tracing::warn!(tenant.id = %tenant, "the company did not answer the new token: {failure}");
            give_back(service, &grant).await;
            return Ok(Outcome::Failed);
        }
    };
    let outcome = settle(
        service,
        tenant,
        request,
        company_id,
        &grant,
        &info,
        &preferences,
    )
    .await?;
    if outcome != Outcome::Connected {
        give_back(service, &grant).await;
    }
    service.ring(tenant).await;
    Ok(outcome)
}

async fn give_back(service: &Service, grant: &Grant) {
    if let Err(failure) = service.quickbooks().revoke(&grant.refresh_token).await {
        tracing::warn!("a grant we do not keep was not revoked: {failure}");
    }
}

async fn settle(
    service: &Service,
    tenant: TenantId,
    request: &authorization_request::Model,
    company_id: &str,
    grant: &Grant,
    info: &CompanyInfo,
    preferences: &Preferences,
) -> Result<Outcome, Error> {
    let tx = service.tenant(tenant).await?;
    // Two flows of one tenant end one after the other.
    tx.query("SELECT 1 FROM sync WHERE {mine} FOR UPDATE", vec![])
        .await?;
    let present = current(&tx).await?;
    if let Some(present) = &present
        && present.company_id != company_id
    {
        if !request.allow_company_change {
            return Ok(Outcome::CompanyMismatch);
        }
        leave(&tx, present, &request.requested_by).await?;
    }
    let id = match upsert(&tx, company_id, info, preferences).await {
        Ok(id) => id,
        Err(Error::Internal(source)) if is_taken(source.as_ref()) => {
            return Ok(Outcome::CompanyTaken);
        }
        Err(error) => return Err(error),
    };
    grant::store(service, &tx, id, grant).await?;
    alert::close(
        &tx,
        &[
            Cause::AuthenticationLost,
            Cause::CompanyRefuses,
            Cause::SubscriptionLapsed,
        ],
    )
    .await?;
    chart::queue_import(&tx, company_id, &request.requested_by).await?;
    bell::wake(&tx).await?;
    audit::record(
        &tx,
        &request.requested_by,
        "connection.connected",
        &id.to_string(),
        serde_json::json!({ "company_id": company_id }),
    )
    .await?;
    tx.commit().await?;
    Ok(Outcome::Connected)
}

fn is_taken(source: &(dyn std::error::Error + 'static)) -> bool {
    source
        .downcast_ref::<sea_orm::DbErr>()
        .and_then(sea_orm::DbErr::sql_err)
        .is_some_and(|error| matches!(error, sea_orm::SqlErr::UniqueConstraintViolation(_)))
}

async fn upsert(
    tx: &TenantTx,
    company_id: &str,
    info: &CompanyInfo,
    preferences: &Preferences,
) -> Result<ConnectionId, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        id: ConnectionId,
    }
    let rows = tx
        .query_as::<Row>(
            "INSERT INTO connection (tenant_id, id, company_id, company_name, country, home_currency, closing_date,
               guards_numbers, state, is_current)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'connected', true)
             ON CONFLICT (tenant_id, company_id) DO UPDATE SET company_name = excluded.company_name,
               country = excluded.country, home_currency = excluded.home_currency, closing_date = excluded.closing_date,
               guards_numbers = excluded.guards_numbers, preferences_read_at = tillpost_now(), preferences_stale = false,
               state = 'connected', problem_code = NULL, is_current = true, connected_at = tillpost_now(),
               disconnected_at = NULL
             RETURNING id",
            vec![
                ConnectionId::new().into(),
                company_id.into(),
                info.name.clone().into(),
                info.country.clone().into(),
                home_currency(preferences).into(),
                preferences.book_close_date.into(),
                preferences.warn_duplicate_journal_number.into(),
            ],
        )
        .await?;
    rows.into_iter()
        .next()
        .map(|row| row.id)
        .ok_or(Error::NotFound)
}

// A company without multicurrency may not name its currency; QuickBooks' own default is the US dollar.
fn home_currency(preferences: &Preferences) -> String {
    preferences
        .home_currency
        .clone()
        .unwrap_or_else(|| "USD".to_owned())
}

// Everything the old company was told stays with it; in the new one every event is still to come, and the sync stands still.
async fn leave(tx: &TenantTx, present: &Model, actor: &str) -> Result<(), Error> {
    tx.execute(
        "UPDATE connection SET state = 'disconnected', is_current = false, disconnected_at = tillpost_now()
          WHERE {mine} AND id = $2",
        vec![present.id.into()],
    )
    .await?;
    tx.execute(
        "DELETE FROM connection_grant WHERE {mine} AND connection_id = $2",
        vec![present.id.into()],
    )
    .await?;
    // A holder of the old company must not settle into the new one's state.
    tx.execute(
        "UPDATE company_lease SET fence = fence + 1, expires_at = tillpost_now() WHERE {mine}",
        vec![],
    )
    .await?;
    tx.execute("UPDATE sync SET running = false, stopped_at = tillpost_now(), waiting_code = NULL WHERE {mine}", vec![])
        .await?;
    let unsynced = tx
        .execute(
            "UPDATE event SET status = 'never_synced', due_at = NULL, problem_code = NULL, problem_detail = NULL,
               synced_at = NULL, past = false, past_sync_id = NULL, tries = 0, updated_at = tillpost_now()
              WHERE {mine} AND status <> 'never_synced'",
            vec![],
        )
        .await?;
    audit::record(
        tx,
        actor,
        "connection.company_changed",
        &present.id.to_string(),
        serde_json::json!({ "from_company_id": present.company_id, "events_unsynced": unsynced.rows_affected() }),
    )
    .await
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
            connected_at: None,
            last_success_at: None,
        });
    };
    let grant = tx
        .one(
            tx.find::<connection_grant::Entity>()
                .filter(connection_grant::Column::ConnectionId.eq(row.id)),
        )
        .await?;
    Ok(Connection {
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
        grant_hard_expires_at: grant.and_then(|grant| grant.hard_expires_at),
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
    alert::close(
        &tx,
        &[
            Cause::AuthenticationLost,
            Cause::CompanyRefuses,
            Cause::SubscriptionLapsed,
        ],
    )
    .await?;
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

fn not_connected() -> Error {
    Error::conflict(
        "not_connected",
        "no QuickBooks company is connected; create an authorization request and open its link in a browser",
    )
}

/// Only a person can help: posting stops, the cause is shown, and nothing is lost.
pub(crate) async fn halt(
    tx: &TenantTx,
    id: ConnectionId,
    cause: Cause,
    detail: &str,
) -> Result<(), Error> {
    tx.execute(
        "UPDATE connection SET state = 'action_required', problem_code = $3 WHERE {mine} AND id = $2 AND state <> 'disconnected'",
        vec![id.into(), cause.code().into()],
    )
    .await?;
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
           preferences_read_at = tillpost_now(), preferences_stale = false
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

/// The days the books are open from, given the closing date.
#[must_use]
pub fn first_open_day(closing_date: NaiveDate) -> Option<NaiveDate> {
    closing_date.checked_add_days(Days::new(1))
}
