//! The OAuth grant of a connection: sealed at rest, refreshed once for everybody.
//!
//! A refresh is claimed by compare-and-set on the grant's version, made without holding a transaction, and its answer is
//! committed before it is used. Who loses the claim reads again.

use crate::alert::Cause;
use crate::error::Error;
use crate::vault::Place;
use crate::{Service, connection};
use chrono::TimeDelta;
use entity::connection_grant::{Column, Entity, Model};
use entity::id::{ConnectionId, TenantId};
use entity::store::TenantTx;
use quickbooks::{Grant, OAuthFailure};
use sea_orm::{ColumnTrait, QueryFilter};
use secrecy::SecretString;
use std::time::Duration;

/// A token this close to its end is refreshed first.
const REFRESH_AHEAD_MINUTES: i64 = 5;
/// After this long a claimed refresh is given up for dead: longer than two calls and a discovery may take.
const CLAIM_SECONDS: f64 = 180.0;

/// An access token that may be used now.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    pub(crate) token: SecretString,
    /// The grant's version, to tell a token that was refused from one that replaced it.
    pub(crate) version: i64,
}

/// Why there is no access token.
#[derive(Debug)]
pub(crate) enum NoAccess {
    /// The grant has ended: a person must connect again. The alert is open.
    Ended,
    /// Intuit cannot be asked now; wait and try again.
    Later(String),
    /// Ours.
    Error(Error),
}

impl<E: Into<Error>> From<E> for NoAccess {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

/// Keeps a grant, sealed, as the connection's only one.
pub(crate) async fn store(
    service: &Service,
    tx: &TenantTx,
    connection: ConnectionId,
    grant: &Grant,
) -> Result<(), Error> {
    let access = service
        .vault()
        .seal(tx, place("access_token", connection), &grant.access_token)
        .await?;
    let refresh = service
        .vault()
        .seal(tx, place("refresh_token", connection), &grant.refresh_token)
        .await?;
    let now = tx.now().await?;
    tx.execute(
        "INSERT INTO connection_grant (tenant_id, connection_id, version, access_token, refresh_token, access_expires_at,
           refresh_expires_at, hard_expires_at)
         VALUES ($1, $2, 1, $3, $4, $5, $6, $7)
         ON CONFLICT (tenant_id, connection_id) DO UPDATE SET version = connection_grant.version + 1,
           access_token = excluded.access_token, refresh_token = excluded.refresh_token,
           access_expires_at = excluded.access_expires_at, refresh_expires_at = excluded.refresh_expires_at,
           hard_expires_at = coalesce(excluded.hard_expires_at, connection_grant.hard_expires_at),
           refreshed_at = tillpost_now(), refresh_started_at = NULL",
        vec![
            connection.into(),
            access.into(),
            refresh.into(),
            (now + delta(grant.access_expires_in)).into(),
            (now + delta(grant.refresh_expires_in)).into(),
            grant.refresh_hard_expires_in.map(|left| now + delta(left)).into(),
        ],
    )
    .await?;
    Ok(())
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::zero())
}

fn place(column: &'static str, connection: ConnectionId) -> Place<'static> {
    Place {
        table: "connection_grant",
        column,
        row: connection.0,
    }
}

/// The refresh token, to revoke it.
pub(crate) async fn refresh_token(
    service: &Service,
    tx: &TenantTx,
    connection: ConnectionId,
) -> Result<Option<SecretString>, Error> {
    match find(tx, connection).await? {
        None => Ok(None),
        Some(row) => service
            .vault()
            .open(tx, place("refresh_token", connection), &row.refresh_token)
            .await
            .map(Some),
    }
}

async fn find(tx: &TenantTx, connection: ConnectionId) -> Result<Option<Model>, Error> {
    Ok(tx
        .one(
            tx.find::<Entity>()
                .filter(Column::ConnectionId.eq(connection)),
        )
        .await?)
}

/// An access token of the connection. `refused` is the version QuickBooks has just refused: it is refreshed whatever its age.
pub(crate) async fn access(
    service: &Service,
    tenant: TenantId,
    connection: ConnectionId,
    refused: Option<i64>,
) -> Result<Access, NoAccess> {
    for _ in 0..50 {
        let tx = service.tenant(tenant).await?;
        let row = find(&tx, connection).await?.ok_or(NoAccess::Ended)?;
        let ahead = tx.now().await? + TimeDelta::minutes(REFRESH_AHEAD_MINUTES);
        if row.access_expires_at > ahead && refused != Some(row.version) {
            let token = service
                .vault()
                .open(&tx, place("access_token", connection), &row.access_token)
                .await?;
            return Ok(Access {
                token,
                version: row.version,
            });
        }
        if claim(&tx, connection, row.version).await? {
            let refresh_token = service
                .vault()
                .open(&tx, place("refresh_token", connection), &row.refresh_token)
                .await?;
            tx.commit().await?;
            refresh(service, tenant, connection, row.version, &refresh_token).await?;
        } else {
            // Somebody else refreshes: read again when they may be done.
            drop(tx);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    Err(NoAccess::Later(
        "another process is refreshing the grant".to_owned(),
    ))
}

async fn claim(tx: &TenantTx, connection: ConnectionId, version: i64) -> Result<bool, Error> {
    let claimed = tx
        .execute(
            "UPDATE connection_grant SET refresh_started_at = tillpost_now()
              WHERE {mine} AND connection_id = $2 AND version = $3
                AND (refresh_started_at IS NULL OR refresh_started_at < tillpost_now() - make_interval(secs => $4))",
            vec![connection.into(), version.into(), CLAIM_SECONDS.into()],
        )
        .await?;
    Ok(claimed.rows_affected() > 0)
}

async fn refresh(
    service: &Service,
    tenant: TenantId,
    connection: ConnectionId,
    version: i64,
    refresh_token: &SecretString,
) -> Result<(), NoAccess> {
    let mut answer = service.quickbooks().refresh(refresh_token).await;
    if is_lost(&answer) {
        // A lost answer is asked for once more with the same token: inside a day its value has usually not changed.
        answer = service.quickbooks().refresh(refresh_token).await;
    }
    let tx = service.tenant(tenant).await?;
    let present = lock(&tx, connection).await?;
    if present.as_ref().is_none_or(|row| row.version != version) {
        // Reconnected or disconnected meanwhile: what we hold is not the connection's any more.
        return Ok(());
    }
    match answer {
        Ok(grant) => {
            store(service, &tx, connection, &grant).await?;
            tx.commit().await?;
            tracing::info!(tenant.id = %tenant, intuit_tid = grant.intuit_tid, "refreshed the grant");
            Ok(())
        }
        Err(
            failure @ (OAuthFailure::GrantEnded { .. } | OAuthFailure::UserNotInCompany { .. }),
        ) => {
            let detail = match failure {
                OAuthFailure::UserNotInCompany { .. } => {
                    "The person who connected QuickBooks was removed from the company; an administrator of it must connect again."
                }
                _ => {
                    "QuickBooks no longer accepts our access: it was revoked there, or has ended. Connect again."
                }
            };
            tracing::warn!(tenant.id = %tenant, "the grant has ended: {failure}");
            connection::halt(&tx, connection, Cause::AuthenticationLost, detail).await?;
            release(&tx, connection).await?;
            tx.commit().await?;
            Err(NoAccess::Ended)
        }
        Err(failure) => {
            if matches!(failure, OAuthFailure::Misconfigured { .. }) {
                tracing::error!(tenant.id = %tenant, "our OAuth settings are wrong, no grant can be refreshed: {failure}");
            } else {
                tracing::warn!(tenant.id = %tenant, "the grant was not refreshed: {failure}");
            }
            release(&tx, connection).await?;
            tx.commit().await?;
            Err(NoAccess::Later(failure.to_string()))
        }
    }
}

// No answer at all, or one that cannot be read: never an answer that says the service is in trouble.
fn is_lost(answer: &Result<Grant, OAuthFailure>) -> bool {
    matches!(answer, Err(OAuthFailure::Unknown { http_status, .. }) if http_status.is_none_or(|status| status < 400))
}

// The row as it is until this transaction ends: a reconnection waits, or is seen.
async fn lock(tx: &TenantTx, connection: ConnectionId) -> Result<Option<Model>, Error> {
    Ok(tx
        .query_as::<Model>(
            "SELECT * FROM connection_grant WHERE {mine} AND connection_id = $2 FOR UPDATE",
            vec![connection.into()],
        )
        .await?
        .pop())
}

async fn release(tx: &TenantTx, connection: ConnectionId) -> Result<(), Error> {
    tx.execute(
        "UPDATE connection_grant SET refresh_started_at = NULL WHERE {mine} AND connection_id = $2",
        vec![connection.into()],
    )
    .await?;
    Ok(())
}
