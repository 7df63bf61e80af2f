//! A link that a vendor hands to a retailer, who need not have an account with the vendor's software to open it: it shows what
//! is to be connected and to whom, and leads to Intuit. It connects one company, once; it ends, and can be ended.

use super::flow::{self, Asked};
use super::{current, flow::check_return_url};
use crate::access::Caller;
use crate::audit::{Denial, Reason};
use crate::cursor::{Cursors, Page, PageQuery};
use crate::error::Error;
use crate::{Service, audit, secret};
use chrono::{DateTime, TimeDelta, Utc};
use entity::connection_link::{ActiveModel, Column, Entity, Model};
use entity::id::{ConnectionLinkId, TenantId};
use entity::store::TenantTx;
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::{ColumnTrait, FromQueryResult, QueryFilter};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

/// A week, where nobody says otherwise.
const HOURS: u16 = 7 * 24;
/// The longest.
const HOURS_MAX: u16 = 30 * 24;
/// Times that somebody may go on to Intuit with one link.
const BEGUN_MAX: i32 = 20;
/// What a browser does here, as operations are called.
const SHOW: &str = "open_connection_link";
const BEGIN: &str = "begin_connection_link";

/// Asks for a link to hand out.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateConnectionLink {
    /// Where the browser goes afterwards, with `outcome` in its query; one of the configured places. Left out: a plain page.
    #[schema(example = "https://pos.example.com/settings/quickbooks")]
    pub return_url: Option<String>,
    /// Whether another company than the present one is accepted.
    #[serde(default)]
    pub allow_company_change: bool,
    /// How long it may be opened, 1 to 720 hours; left out: a week.
    #[schema(minimum = 1, maximum = 720, example = 168)]
    pub expires_in_hours: Option<u16>,
}

/// Where a link stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ConnectionLinkState)]
pub enum LinkState {
    /// It can be opened.
    Open,
    /// A company was connected through it.
    Used,
    /// Its time is over.
    Expired,
    /// Somebody ended it.
    Revoked,
}

/// A link that was handed out, without its secret.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ConnectionLink {
    /// Its id.
    pub id: ConnectionLinkId,
    /// Where it stands.
    pub state: LinkState,
    /// Who made it.
    #[schema(example = "key_01jd5zk8x9e3qr0v7m2c4n6p8t")]
    pub created_by: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Until when it can be opened.
    pub expires_at: DateTime<Utc>,
    /// When a company was connected through it.
    pub used_at: Option<DateTime<Utc>>,
    /// When it was ended.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// A new link with its address, which is shown this once.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NewConnectionLink {
    /// The link.
    #[serde(flatten)]
    pub link: ConnectionLink,
    /// Hand it to the retailer. It cannot be shown again.
    #[schema(example = "https://api.example.com/v1/links/kq3…")]
    pub url: String,
}

impl ConnectionLink {
    fn of(row: Model, now: DateTime<Utc>) -> Self {
        let state = if row.used_at.is_some() {
            LinkState::Used
        } else if row.revoked_at.is_some() {
            LinkState::Revoked
        } else if row.expires_at <= now {
            LinkState::Expired
        } else {
            LinkState::Open
        };
        Self {
            id: row.id,
            state,
            created_by: row.created_by,
            created_at: row.created_at,
            expires_at: row.expires_at,
            used_at: row.used_at,
            revoked_at: row.revoked_at,
        }
    }
}

/// What a person sees who opens a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Whose books are to be connected.
    pub tenant_name: String,
    /// To whom: the vendor's software.
    pub vendor_name: String,
    /// The company that is connected already, where one is.
    pub company_name: Option<String>,
}

/// Makes a link to hand out.
///
/// # Errors
/// `invalid_return_url`, `invalid_expiry`.
pub async fn create(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    request: CreateConnectionLink,
) -> Result<NewConnectionLink, Error> {
    if let Some(return_url) = &request.return_url {
        check_return_url(service, return_url)?;
    }
    let hours = request.expires_in_hours.unwrap_or(HOURS);
    if !(1..=HOURS_MAX).contains(&hours) {
        return Err(Error::invalid(
            "invalid_expiry",
            "expires_in_hours",
            format!("{hours} hours: a link may be opened for 1 to {HOURS_MAX} hours"),
        ));
    }
    let (id, secret) = (ConnectionLinkId::new(), secret::random());
    let tx = service.tenant(tenant).await?;
    let now = tx.now().await?;
    tx.insert(ActiveModel {
        tenant_id: Set(tenant),
        id: Set(id),
        secret_hash: Set(secret::hash(secret.expose_secret())),
        return_url: Set(request.return_url.unwrap_or_default()),
        allow_company_change: Set(request.allow_company_change),
        created_by: Set(caller.actor().to_owned()),
        created_at: NotSet,
        expires_at: Set(now + TimeDelta::hours(hours.into())),
        begun: NotSet,
        used_at: NotSet,
        revoked_at: NotSet,
    })
    .await?;
    let detail = serde_json::json!({ "expires_in_hours": hours, "allow_company_change": request.allow_company_change });
    audit::record(
        &tx,
        caller.actor(),
        "connection_link.created",
        &id.to_string(),
        detail,
    )
    .await?;
    let link = row(&tx, id).await?;
    tx.commit().await?;
    let url = service
        .settings()
        .public_url
        .join(&format!("v1/links/{}", secret.expose_secret()))
        .map_err(Error::internal)?;
    Ok(NewConnectionLink {
        link: ConnectionLink::of(link, now),
        url: url.into(),
    })
}

/// The links of a tenant, newest first.
///
/// # Errors
/// `invalid_cursor`, `invalid_limit`.
pub async fn list(
    service: &Service,
    tenant: TenantId,
    query: &PageQuery,
) -> Result<Page<ConnectionLink>, Error> {
    let tx = service.tenant(tenant).await?;
    let now = tx.now().await?;
    let cursors = Cursors::of(service, tenant, "connection links");
    let read = query.newest_first(cursors, tx.find::<Entity>(), Column::CreatedAt, Column::Id)?;
    let rows = tx.all(read).await?;
    Ok(query.page(
        cursors,
        rows,
        |row| (row.created_at, row.id.0),
        |row| ConnectionLink::of(row, now),
    ))
}

/// Ends a link at once; ending one again, or one that was used, changes nothing.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn revoke(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    id: ConnectionLinkId,
) -> Result<ConnectionLink, Error> {
    let tx = service.tenant(tenant).await?;
    let revoked = tx
        .execute(
            "UPDATE connection_link SET revoked_at = tillpost_now() WHERE {mine} AND id = $2 AND revoked_at IS NULL AND used_at IS NULL",
            vec![id.into()],
        )
        .await?;
    if revoked.rows_affected() > 0 {
        let nothing = serde_json::json!({});
        audit::record(
            &tx,
            caller.actor(),
            "connection_link.revoked",
            &id.to_string(),
            nothing,
        )
        .await?;
    }
    let link = ConnectionLink::of(row(&tx, id).await?, tx.now().await?);
    tx.commit().await?;
    Ok(link)
}

async fn row(tx: &TenantTx, id: ConnectionLinkId) -> Result<Model, Error> {
    tx.one(tx.find::<Entity>().filter(Column::Id.eq(id)))
        .await?
        .ok_or(Error::NotFound)
}

/// What a person sees who opens a link. Looking at it changes nothing: a mail program may look first.
///
/// # Errors
/// [`Error::NotFound`] for a link that is unknown, used, ended or too old.
pub async fn show(service: &Service, presented: &str) -> Result<Shown, Error> {
    let found = find(service, presented).await?;
    let (tenant, id) = found.ok_or_else(|| flow::nobodys(service, SHOW))?;
    let tx = service.tenant(tenant).await?;
    let link = ConnectionLink::of(row(&tx, id).await?, tx.now().await?);
    let tenant = tx.one(tx.find::<entity::tenant::Entity>()).await?;
    let tenant = tenant.filter(|tenant| tenant.status == "active" && link.state == LinkState::Open);
    let Some(tenant) = tenant else {
        return Err(spent(service, tx.tenant(), id, SHOW).await);
    };
    let company = current(&tx).await?;
    Ok(Shown {
        tenant_name: tenant.name,
        vendor_name: service.settings().vendor_name.clone(),
        company_name: company
            .filter(|company| company.state != "disconnected")
            .map(|company| company.company_name),
    })
}

/// The person goes on: gives Intuit's address, and the secret that binds the flow to this browser. Who turns back at Intuit
/// may come again.
///
/// # Errors
/// As [`show`]; `quickbooks_unreachable`.
pub async fn begin(service: &Service, presented: &str) -> Result<(Url, SecretString), Error> {
    let found = find(service, presented).await?;
    let (tenant, id) = found.ok_or_else(|| flow::nobodys(service, BEGIN))?;
    let tx = service.tenant(tenant).await?;
    let begun = tx
        .query_as::<Model>(
            "UPDATE connection_link l SET begun = begun + 1
              WHERE {mine:l} AND id = $2 AND used_at IS NULL AND revoked_at IS NULL AND expires_at > tillpost_now() AND begun < $3
                AND EXISTS (SELECT 1 FROM tenant t WHERE {mine:t} AND t.status = 'active')
             RETURNING l.*",
            vec![id.into(), BEGUN_MAX.into()],
        )
        .await?
        .pop();
    let Some(begun) = begun else {
        return Err(spent(service, tenant, id, BEGIN).await);
    };
    let asked = Asked {
        return_url: begun.return_url,
        allow_company_change: begun.allow_company_change,
        requested_by: id.to_string(),
        link: Some(id),
    };
    let (_, start, _) = flow::ask(&tx, asked).await?;
    tx.commit().await?;
    flow::begin(service, start.expose_secret()).await
}

/// A company is about to be connected through the link; tells whether that may be.
pub(super) async fn spend(tx: &TenantTx, id: ConnectionLinkId) -> Result<bool, Error> {
    let spent = tx
        .execute(
            "UPDATE connection_link SET used_at = tillpost_now()
              WHERE {mine} AND id = $2 AND used_at IS NULL AND revoked_at IS NULL",
            vec![id.into()],
        )
        .await?;
    Ok(spent.rows_affected() > 0)
}

// The link is known, and leads nowhere any more.
async fn spent(
    service: &Service,
    tenant: TenantId,
    id: ConnectionLinkId,
    operation: &'static str,
) -> Error {
    let denial = Denial::of(tenant, &id.to_string(), operation, Reason::Spent);
    audit::deny(service, denial).await;
    Error::NotFound
}

async fn find(
    service: &Service,
    presented: &str,
) -> Result<Option<(TenantId, ConnectionLinkId)>, Error> {
    #[derive(FromQueryResult)]
    struct Found {
        tenant_id: TenantId,
        id: ConnectionLinkId,
    }
    let tx = service.store().platform().await?;
    let found = tx
        .query_as::<Found>(
            "SELECT tenant_id, id FROM connection_link WHERE secret_hash = $1",
            vec![secret::hash(presented).into()],
        )
        .await?
        .pop();
    Ok(found.map(|found| (found.tenant_id, found.id)))
}
