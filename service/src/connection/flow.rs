//! The browser's way to Intuit and back.
//!
//! The `state` is 256 random bits, stored as a hash, used once, good for ten minutes and only in the browser that began.
//! The company is believed only after a call with the new token.

use super::company;
use crate::access::Caller;
use crate::audit::{Denial, Reason};
use crate::budget::{Kind, Priority};
use crate::error::Error;
use crate::{Service, audit, secret};
use chrono::{DateTime, Utc};
use entity::authorization_request;
use entity::id::{AuthorizationRequestId, ConnectionLinkId, TenantId};
use entity::store::TenantTx;
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::{ColumnTrait, FromQueryResult, QueryFilter};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use url::Url;
use utoipa::ToSchema;

const REQUEST_MINUTES: i64 = 10;
/// What a browser does here, as operations are called.
const BEGIN: &str = "open_connect_link";
const FINISH: &str = "finish_authorization";

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
    /// The company keeps its books in a currency that is not known here.
    CurrencyUnsupported,
    /// The link that it began from was used by somebody else meanwhile, or ended.
    LinkSpent,
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
            Self::CurrencyUnsupported => "currency_unsupported",
            Self::LinkSpent => "link_spent",
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
    let tx = service.tenant(tenant).await?;
    let allow_company_change = request.allow_company_change;
    let asked = Asked {
        return_url: request.return_url.unwrap_or_default(),
        allow_company_change,
        requested_by: caller.actor().to_owned(),
        link: None,
    };
    let (id, start, expires_at) = ask(&tx, asked).await?;
    audit::record(
        &tx,
        caller.actor(),
        "authorization_request.created",
        &id.to_string(),
        serde_json::json!({ "allow_company_change": allow_company_change }),
    )
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

/// Who asks for a flow, and how it may end.
pub(super) struct Asked {
    pub(super) return_url: String,
    pub(super) allow_company_change: bool,
    pub(super) requested_by: String,
    pub(super) link: Option<ConnectionLinkId>,
}

/// Writes a request down; tells the secret of its link, and until when that is good.
pub(super) async fn ask(
    tx: &TenantTx,
    asked: Asked,
) -> Result<(AuthorizationRequestId, SecretString, DateTime<Utc>), Error> {
    let (id, start) = (AuthorizationRequestId::new(), secret::random());
    let expires_at = tx.now().await? + chrono::TimeDelta::minutes(REQUEST_MINUTES);
    tx.insert(authorization_request::ActiveModel {
        tenant_id: Set(tx.tenant()),
        id: Set(id),
        start_hash: Set(secret::hash(start.expose_secret())),
        state_hash: Set(None),
        browser_hash: Set(None),
        return_url: Set(asked.return_url),
        allow_company_change: Set(asked.allow_company_change),
        requested_by: Set(asked.requested_by),
        created_at: NotSet,
        expires_at: Set(expires_at),
        used_at: Set(None),
        connection_link_id: Set(asked.link),
    })
    .await?;
    Ok((id, start, expires_at))
}

pub(super) fn check_return_url(service: &Service, text: &str) -> Result<(), Error> {
    let allowed = &service.settings().return_urls;
    let fits = Url::parse(text).is_ok_and(|url| {
        url.username().is_empty()
            && url.password().is_none()
            && allowed
                .iter()
                .any(|base| url.origin() == base.origin() && is_below(base.path(), url.path()))
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

fn is_below(base: &str, path: &str) -> bool {
    path.strip_prefix(base.trim_end_matches('/'))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The browser has opened the link: gives Intuit's address, and the secret that binds the flow to this browser.
///
/// # Errors
/// [`Error::NotFound`] for a link that is unknown, used or too old.
pub async fn begin(service: &Service, start: &str) -> Result<(Url, SecretString), Error> {
    let found = find(service, "start_hash", start).await?;
    let (tenant, id) = found.ok_or_else(|| nobodys(service, BEGIN))?;
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
        drop(tx);
        let denial = Denial::of_browser(tenant, id, BEGIN, Reason::Spent);
        audit::deny(service, denial).await;
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
    let found = find(service, "state_hash", &callback.state).await?;
    let (tenant, id) = found.ok_or_else(|| nobodys(service, FINISH))?;
    let request = match take(service, tenant, id, browser).await? {
        Ok(request) => request,
        Err(reason) => {
            let denial = Denial::of_browser(tenant, id, FINISH, reason);
            audit::deny(service, denial).await;
            return Err(Error::NotFound);
        }
    };
    let outcome = match (callback.code, callback.realm_id) {
        (Some(code), Some(company)) if callback.error.is_none() => {
            connect(service, tenant, &request, &code, &company).await?
        }
        _ => Outcome::Denied,
    };
    if outcome != Outcome::Connected {
        record_failure(service, tenant, &request, outcome).await?;
    }
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

// A consent that was asked for and led to nothing is told like one that led to a connection.
async fn record_failure(
    service: &Service,
    tenant: TenantId,
    request: &authorization_request::Model,
    outcome: Outcome,
) -> Result<(), Error> {
    let tx = service.tenant(tenant).await?;
    audit::record(
        &tx,
        &request.requested_by,
        "authorization_request.failed",
        &request.id.to_string(),
        serde_json::json!({ "outcome": outcome.as_str() }),
    )
    .await?;
    Ok(tx.commit().await?)
}

/// What somebody brings is none of our secrets: that is recorded, and to them nothing is there.
pub(super) fn nobodys(service: &Service, operation: &'static str) -> Error {
    audit::knock(service, None, operation, Reason::UnknownSecret);
    Error::NotFound
}

async fn find(
    service: &Service,
    column: &str,
    secret: &str,
) -> Result<Option<(TenantId, AuthorizationRequestId)>, Error> {
    #[derive(FromQueryResult)]
    struct Found {
        tenant_id: TenantId,
        id: AuthorizationRequestId,
    }
    let tx = service.store().platform().await?;
    let found = tx
        .query_as::<Found>(
            &format!("SELECT tenant_id, id FROM authorization_request WHERE {column} = $1"),
            vec![secret::hash(secret).into()],
        )
        .await?
        .pop();
    Ok(found.map(|found| (found.tenant_id, found.id)))
}

// Single use is settled before the code is exchanged: a second callback finds the request taken, and is told why it is refused.
async fn take(
    service: &Service,
    tenant: TenantId,
    id: AuthorizationRequestId,
    browser: Option<&str>,
) -> Result<Result<authorization_request::Model, Reason>, Error> {
    let tx = service.tenant(tenant).await?;
    let browser = secret::hash(browser.unwrap_or_default());
    let taken = tx
        .execute(
            "UPDATE authorization_request SET used_at = tillpost_now()
              WHERE {mine} AND id = $2 AND used_at IS NULL AND expires_at > tillpost_now() AND browser_hash = $3",
            vec![id.into(), browser.clone().into()],
        )
        .await?;
    let request = tx
        .one(
            tx.find::<authorization_request::Entity>()
                .filter(authorization_request::Column::Id.eq(id)),
        )
        .await?
        .ok_or(Error::NotFound)?;
    tx.commit().await?;
    Ok(match taken.rows_affected() {
        0 if request.browser_hash.as_ref() != Some(&browser) => Err(Reason::AnotherBrowser),
        0 => Err(Reason::Spent),
        _ => Ok(request),
    })
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
    // A person waits in front of a browser: over the pace is better than not at all.
    for _ in 0..2 {
        let patience = Duration::from_secs(2);
        let budget = service.budget();
        let leave = budget.leave(company_id, Kind::Single, Priority::First, patience);
        let _ = leave.await;
    }
    let (info, preferences) = match (company.info().await, company.preferences().await) {
        (Ok(info), Ok(preferences)) => (info.value, preferences.value),
        (Err(failure), _) | (_, Err(failure)) => {
            tracing::warn!(tenant.id = %tenant, "the company did not answer the new token: {failure}");
            return Ok(Outcome::Failed);
        }
    };
    let outcome = company::settle(
        service,
        tenant,
        request,
        company_id,
        &grant,
        &info,
        &preferences,
    )
    .await?;
    // A grant that is not kept is forgotten, never revoked: revoking ends the app's access to the company, and with it the
    // grant of whoever is connected to it rightfully.
    service.ring(tenant).await;
    Ok(outcome)
}
