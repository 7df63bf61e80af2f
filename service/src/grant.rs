//! The OAuth grant of a connection: sealed at rest, refreshed once for everybody, kept alive while nobody needs it.
//!
//! A refresh is claimed by compare-and-set on the grant's version, made without holding a transaction, and its answer is
//! committed before it is used. Who loses the claim reads again. The decisions are apart from the effects: `when` something is
//! due, which `step` a grant's row allows, what an `answer` means; `refresh` and `keep` act.

mod answer;
mod keep;
mod refresh;
mod step;
pub(crate) mod when;

pub use keep::look_after;

use crate::Service;
use crate::error::Error;
use crate::vault::Place;
use chrono::{DateTime, TimeDelta, Utc};
use entity::connection_grant::{Column, Entity, Model};
use entity::id::{ConnectionId, TenantId};
use entity::store::TenantTx;
use quickbooks::Grant;
use sea_orm::{ColumnTrait, QueryFilter};
use secrecy::SecretString;
use std::time::Duration;
use step::{Step, Want, step};

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
        match step(&row, Want::Token { refused }, tx.now().await?) {
            Step::Use => return Ok(hand_out(service, tx, &row).await?),
            Step::Ended => return Err(NoAccess::Ended),
            Step::Later(until) => {
                return Err(NoAccess::Later(format!(
                    "the token endpoint is in trouble and is asked again at {until}"
                )));
            }
            // What comes of it stands in the row.
            Step::Refresh { left_behind } => {
                if let Some(claim) = refresh::claim(service, tx, &row, left_behind).await? {
                    refresh::run(service, claim).await?;
                }
            }
            Step::Wait => {
                drop(tx);
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    Err(NoAccess::Later(
        "another process is refreshing the grant".to_owned(),
    ))
}

// Whoever is the first to use a token orders its successor: so grants in use are refreshed ahead, and idle ones are not.
async fn hand_out(service: &Service, tx: TenantTx, row: &Model) -> Result<Access, Error> {
    let token = service
        .vault()
        .open(
            &tx,
            place("access_token", row.connection_id),
            &row.access_token,
        )
        .await?;
    let successor = when::successor(row.access_expires_at, when::Place::of(row.connection_id));
    if row.failures == 0 && row.due_at.is_none_or(|due_at| due_at > successor) {
        tx.execute(
            "UPDATE connection_grant SET due_at = $4
              WHERE {mine} AND connection_id = $2 AND version = $3 AND due_at > $4 AND ended_at IS NULL",
            vec![
                row.connection_id.into(),
                row.version.into(),
                successor.into(),
            ],
        )
        .await?;
    }
    tx.commit().await?;
    Ok(Access {
        token,
        version: row.version,
    })
}

/// Keeps the grant of a new consent, sealed, as the connection's only one: whatever was under way for the one before counts no
/// more.
pub(crate) async fn store(
    service: &Service,
    tx: &TenantTx,
    connection: ConnectionId,
    grant: &Grant,
) -> Result<(), Error> {
    let now = tx.now().await?;
    let sealed = seal(service, tx, connection, grant, now).await?;
    let due_at = when::next_look(
        sealed.refresh_expires_at,
        sealed.hard_expires_at,
        now,
        when::Place::of(connection),
    );
    tx.execute(
        "INSERT INTO connection_grant AS present (tenant_id, connection_id, version, access_token, refresh_token,
           access_expires_at, refresh_expires_at, hard_expires_at, due_at)
         VALUES ($1, $2, 1, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (tenant_id, connection_id) DO UPDATE SET version = present.version + 1,
           access_token = excluded.access_token, refresh_token = excluded.refresh_token,
           access_expires_at = excluded.access_expires_at, refresh_expires_at = excluded.refresh_expires_at,
           hard_expires_at = excluded.hard_expires_at, due_at = excluded.due_at, refreshed_at = tillpost_now(),
           claims = present.claims + 1, answered = present.claims + 1, refresh_started_at = NULL, doubt_since = NULL,
           failures = 0, retry_at = NULL, ended_at = NULL",
        vec![
            connection.into(),
            sealed.access_token.into(),
            sealed.refresh_token.into(),
            sealed.access_expires_at.into(),
            sealed.refresh_expires_at.into(),
            sealed.hard_expires_at.into(),
            due_at.into(),
        ],
    )
    .await?;
    Ok(())
}

/// A grant as its row keeps it.
struct Sealed {
    access_token: Vec<u8>,
    refresh_token: Vec<u8>,
    access_expires_at: DateTime<Utc>,
    refresh_expires_at: DateTime<Utc>,
    hard_expires_at: Option<DateTime<Utc>>,
}

async fn seal(
    service: &Service,
    tx: &TenantTx,
    connection: ConnectionId,
    grant: &Grant,
    given_at: DateTime<Utc>,
) -> Result<Sealed, Error> {
    let vault = service.vault();
    Ok(Sealed {
        access_token: vault
            .seal(tx, place("access_token", connection), &grant.access_token)
            .await?,
        refresh_token: vault
            .seal(tx, place("refresh_token", connection), &grant.refresh_token)
            .await?,
        access_expires_at: given_at + delta(grant.access_expires_in),
        refresh_expires_at: given_at + delta(grant.refresh_expires_in),
        hard_expires_at: grant
            .refresh_hard_expires_in
            .map(|left| given_at + delta(left)),
    })
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

/// The connection's grant as it is stored.
pub(crate) async fn find(tx: &TenantTx, connection: ConnectionId) -> Result<Option<Model>, Error> {
    Ok(tx
        .one(
            tx.find::<Entity>()
                .filter(Column::ConnectionId.eq(connection)),
        )
        .await?)
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
