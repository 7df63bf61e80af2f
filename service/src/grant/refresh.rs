//! One refresh, from its claim to its settling.
//!
//! Three commits order it, and a process may die between any two of them: the claim, before anything is sent; the settling,
//! before the new pair is used. No transaction is open while the request is out. What a dead refresher leaves behind is a
//! claim that nobody gives back: the next one takes it over after its time, and remembers that an answer is missing.

use super::answer::{self, Life, Meaning};
use super::{lock, place, seal, when};
use crate::alert::{self, Cause};
use crate::error::Error;
use crate::fail_point::{FailPoint, reach};
use crate::gate::Gate;
use crate::{Service, bell, connection, webhook};
use chrono::{DateTime, Utc};
use entity::connection_grant::Model as Row;
use entity::id::{ConnectionId, TenantId};
use entity::store::TenantTx;
use quickbooks::{Grant, OAuthFailure};
use sea_orm::FromQueryResult;
use secrecy::SecretString;
use std::time::Duration;
use tokio::time::Instant;
use tracing::Instrument;

/// After the claim, requests leave for so long and no longer: each is answered or given up before the claim's time is over.
const SEND_WINDOW: Duration = Duration::from_secs(90);
/// A new pair that cannot be stored is kept at hand for so long: without it the grant is lost.
const STORE_WITHIN: Duration = Duration::from_secs(120);

/// The right to refresh a grant.
pub(super) struct Claim {
    tenant: TenantId,
    connection: ConnectionId,
    /// Orders the claims of a grant: only the latest one's answer counts.
    number: i64,
    /// The pair that is to be replaced.
    version: i64,
    at: DateTime<Utc>,
    refresh_token: SecretString,
    gate: Gate,
}

/// What came of asking.
struct Answer {
    grant: Result<Grant, OAuthFailure>,
    /// Whether the first answer was lost.
    lost: bool,
}

/// Claims the refresh of a grant as it was read, and commits; `None` where somebody else was faster.
pub(super) async fn claim(
    service: &Service,
    tx: TenantTx,
    row: &Row,
    left_behind: Option<DateTime<Utc>>,
) -> Result<Option<Claim>, Error> {
    #[derive(FromQueryResult)]
    struct Claimed {
        claims: i64,
        refresh_started_at: DateTime<Utc>,
    }
    let gate = Gate::open(SEND_WINDOW);
    let claimed = tx
        .query_as::<Claimed>(
            "UPDATE connection_grant SET refresh_started_at = tillpost_now(), claims = claims + 1,
               doubt_since = coalesce(doubt_since, $5)
              WHERE {mine} AND connection_id = $2 AND version = $3 AND claims = $4
              RETURNING claims, refresh_started_at",
            vec![
                row.connection_id.into(),
                row.version.into(),
                row.claims.into(),
                left_behind.into(),
            ],
        )
        .await?
        .pop();
    let Some(claimed) = claimed else {
        return Ok(None);
    };
    if let Some(since) = left_behind {
        tracing::warn!(tenant.id = %row.tenant_id, "a refresh that began at {since} was never settled; it is made again");
    }
    let refresh_token = service
        .vault()
        .open(
            &tx,
            place("refresh_token", row.connection_id),
            &row.refresh_token,
        )
        .await?;
    let tenant = tx.tenant();
    tx.commit().await?;
    reach(FailPoint::RefreshClaimed);
    Ok(Some(Claim {
        tenant,
        connection: row.connection_id,
        number: claimed.claims,
        version: row.version,
        at: claimed.refresh_started_at,
        refresh_token,
        gate,
    }))
}

/// Asks for the next pair and settles what comes of it: the row tells. It is done whether or not the caller waits for it, since
/// an answer that nobody stores is a grant lost.
pub(super) async fn run(service: &Service, claim: Claim) -> Result<(), Error> {
    let apart = service.clone();
    let done = service
        .detach(async move { ask_and_settle(&apart, &claim).await }.in_current_span())
        .await;
    done.map_err(Error::internal)?
}

async fn ask_and_settle(service: &Service, claim: &Claim) -> Result<(), Error> {
    let answer = ask(service, claim).await;
    reach(FailPoint::RefreshAnswered);
    let until = Instant::now() + STORE_WITHIN;
    loop {
        match settle(service, claim, &answer).await {
            Err(error) if answer.grant.is_ok() && Instant::now() < until => {
                tracing::error!(tenant.id = %claim.tenant, "a new pair of tokens is not stored yet and is tried again: {error}");
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
            settled => return settled,
        }
    }
}

async fn ask(service: &Service, claim: &Claim) -> Answer {
    let first = ask_once(service, claim).await;
    match &first {
        Err(failure) if answer::meaning(failure) == Meaning::Lost => Answer {
            grant: ask_once(service, claim).await,
            lost: true,
        },
        _ => Answer {
            grant: first,
            lost: false,
        },
    }
}

async fn ask_once(service: &Service, claim: &Claim) -> Result<Grant, OAuthFailure> {
    if !claim.gate.is_open() {
        return Err(OAuthFailure::NotSent {
            reason: "this process was stopped for longer than a refresh may wait".to_owned(),
        });
    }
    service.quickbooks().refresh(&claim.refresh_token).await
}

// The connection's row first, then the grant's, as whoever connects or disconnects takes them.
async fn settle(service: &Service, claim: &Claim, answer: &Answer) -> Result<(), Error> {
    let tx = service.tenant(claim.tenant).await?;
    let problem = lock_connection(&tx, claim.connection).await?;
    let Some(row) = lock(&tx, claim.connection).await? else {
        // Disconnected meanwhile: what we hold is nobody's any more.
        return Ok(());
    };
    let healed = match &answer.grant {
        Ok(grant) => {
            if row.answered >= claim.number {
                tracing::info!(tenant.id = %claim.tenant, "a refresh was overtaken; its pair is not the newest");
                return Ok(());
            }
            store(service, &tx, claim, &row, grant).await?;
            row.ended_at.is_some() && heal(&tx, claim.connection, problem.as_deref()).await?
        }
        // A later claim is out, or its answer is in: it knows more than we do.
        Err(failure) if row.claims != claim.number => {
            tracing::info!(tenant.id = %claim.tenant, "a refresh was overtaken: {failure}");
            return Ok(());
        }
        // Somebody has had another token meanwhile: that one is to be used.
        Err(failure) if row.version != claim.version => {
            tracing::info!(tenant.id = %claim.tenant, "a refresh found another pair in its place: {failure}");
            release(&tx, claim.connection).await?;
            false
        }
        Err(failure) => {
            match answer::meaning(failure) {
                Meaning::Ended => end(&tx, claim, &row, failure, answer.lost).await?,
                Meaning::Lost => put_off(&tx, claim, &row, failure, true).await?,
                Meaning::Later { in_doubt } => {
                    put_off(&tx, claim, &row, failure, in_doubt || answer.lost).await?
                }
            }
            false
        }
    };
    alert::review(&tx).await?;
    if healed {
        bell::wake(&tx).await?;
    }
    reach(FailPoint::RefreshBeforeCommit);
    tx.commit().await?;
    reach(FailPoint::RefreshCommitted);
    if healed {
        service.ring(claim.tenant).await;
    }
    Ok(())
}

// Its problem, where a person must act.
async fn lock_connection(tx: &TenantTx, id: ConnectionId) -> Result<Option<String>, Error> {
    #[derive(FromQueryResult)]
    struct Locked {
        problem_code: Option<String>,
    }
    Ok(tx
        .query_as::<Locked>(
            "SELECT problem_code FROM connection WHERE {mine} AND id = $2 FOR NO KEY UPDATE",
            vec![id.into()],
        )
        .await?
        .pop()
        .and_then(|row| row.problem_code))
}

async fn store(
    service: &Service,
    tx: &TenantTx,
    claim: &Claim,
    row: &Row,
    grant: &Grant,
) -> Result<(), Error> {
    // Lives are reckoned from the claim: the answer may have waited long for the database.
    let sealed = seal(service, tx, claim.connection, grant, claim.at).await?;
    let hard_end = sealed.hard_expires_at.or(row.hard_expires_at);
    let due_at = when::next_look(
        sealed.refresh_expires_at,
        hard_end,
        tx.now().await?,
        when::Place::of(claim.connection),
    );
    tx.execute(
        "UPDATE connection_grant SET version = version + 1, access_token = $3, refresh_token = $4, access_expires_at = $5,
           refresh_expires_at = $6, hard_expires_at = $7, due_at = $8, refreshed_at = tillpost_now(), answered = $9,
           refresh_started_at = CASE WHEN claims <> $9 THEN refresh_started_at END,
           doubt_since = NULL, failures = 0, retry_at = NULL, ended_at = NULL
          WHERE {mine} AND connection_id = $2",
        vec![
            claim.connection.into(),
            sealed.access_token.into(),
            sealed.refresh_token.into(),
            sealed.access_expires_at.into(),
            sealed.refresh_expires_at.into(),
            hard_end.into(),
            due_at.into(),
            claim.number.into(),
        ],
    )
    .await?;
    tracing::info!(tenant.id = %claim.tenant, intuit_tid = grant.intuit_tid, "refreshed the grant");
    Ok(())
}

// A grant was given up because its next pair was missing, and here it is: whoever held it was away for long, not dead.
async fn heal(tx: &TenantTx, id: ConnectionId, problem: Option<&str>) -> Result<bool, Error> {
    if problem != Some(Cause::AuthenticationLost.code()) {
        return Ok(false);
    }
    let healed = tx
        .execute(
            "UPDATE connection SET state = 'connected', problem_code = NULL WHERE {mine} AND id = $2 AND state = 'action_required'",
            vec![id.into()],
        )
        .await?;
    if healed.rows_affected() > 0 {
        webhook::connection_changed(tx).await?;
    }
    Ok(healed.rows_affected() > 0)
}

async fn end(
    tx: &TenantTx,
    claim: &Claim,
    row: &Row,
    failure: &OAuthFailure,
    lost: bool,
) -> Result<(), Error> {
    let life = Life {
        doubt_since: row.doubt_since.or(lost.then_some(claim.at)),
        idle_end: row.refresh_expires_at,
        hard_end: row.hard_expires_at,
    };
    let detail = answer::why_ended(failure, life, tx.now().await?);
    tracing::warn!(tenant.id = %claim.tenant, answer_lost = life.doubt_since.is_some(), "the grant has ended: {failure}");
    connection::halt(tx, claim.connection, Cause::AuthenticationLost, &detail).await?;
    tx.execute(
        "UPDATE connection_grant SET ended_at = tillpost_now(), due_at = NULL, refresh_started_at = NULL, doubt_since = $3
          WHERE {mine} AND connection_id = $2",
        vec![claim.connection.into(), life.doubt_since.into()],
    )
    .await?;
    Ok(())
}

async fn put_off(
    tx: &TenantTx,
    claim: &Claim,
    row: &Row,
    failure: &OAuthFailure,
    in_doubt: bool,
) -> Result<(), Error> {
    if matches!(failure, OAuthFailure::Misconfigured { .. }) {
        tracing::error!(tenant.id = %claim.tenant, "our OAuth settings are wrong, no grant can be refreshed: {failure}");
    } else {
        tracing::warn!(tenant.id = %claim.tenant, "the grant was not refreshed: {failure}");
    }
    let failures = row.failures.saturating_add(1);
    let after = |longest| {
        when::wait(
            failures.unsigned_abs(),
            answer::asks_to_wait(failure),
            longest,
            when::Place::of(claim.connection),
        )
    };
    let now = tx.now().await?;
    tx.execute(
        "UPDATE connection_grant SET refresh_started_at = NULL, failures = $3, retry_at = $4, due_at = $5,
           doubt_since = coalesce(doubt_since, $6)
          WHERE {mine} AND connection_id = $2",
        vec![
            claim.connection.into(),
            failures.into(),
            (now + after(when::WAIT_IN_USE)).into(),
            (now + after(when::WAIT_IDLE)).into(),
            in_doubt.then_some(claim.at).into(),
        ],
    )
    .await?;
    Ok(())
}

async fn release(tx: &TenantTx, connection: ConnectionId) -> Result<(), Error> {
    tx.execute(
        "UPDATE connection_grant SET refresh_started_at = NULL WHERE {mine} AND connection_id = $2",
        vec![connection.into()],
    )
    .await?;
    Ok(())
}
