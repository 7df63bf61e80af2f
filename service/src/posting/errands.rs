//! What comes before the queue: getting in, and whatever else is to be done at the company in a turn.

use super::drive::Told;
use super::lease::{self, Lease};
use super::{Turn, patience};
use crate::account_creation::{self, Created};
use crate::chart::{self, Imported, Looked};
use crate::connection::{self, refusal};
use crate::dimension::{self, ImportRun};
use crate::error::Error;
use crate::grant::{self, Access, NoAccess};
use crate::reconciliation::{self, Step};
use crate::{Service, alert, need, sync};
use accounting::posting::{Errands, Heard, Policy};
use chrono::{DateTime, TimeDelta, Utc};
use entity::connection::Model as Connection;
use entity::id::TenantId;
use entity::store::TenantTx;
use quickbooks::{Cause, Failure};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

const OVER: Told = Heard::Errands(Errands::Over);
const AGAIN: Told = Heard::Errands(Errands::Again);

/// How one errand of a turn ended.
pub(crate) enum Round {
    /// There may be more to do at once.
    More,
    /// Nothing more can be done now.
    Done,
}

/// Gets what the turn works with; `None` where nothing can be done at the lease's company now.
pub(super) async fn open<'a>(
    service: &'a Service,
    tenant: TenantId,
    lease: &'a Lease,
    policy: Policy,
) -> Result<Option<Turn<'a>>, Error> {
    let tx = service.tenant(tenant).await?;
    let connection = connection::company(&tx).await?;
    let now = tx.now().await?;
    drop(tx);
    // Another company meanwhile: its turn takes its own lease.
    if !is_at(lease, &connection, now) {
        return Ok(None);
    }
    let Some(access) = access(service, lease, &connection, None).await? else {
        return Ok(None);
    };
    let until = Instant::now() + service.settings().posting.turn;
    while need::catch_up(service, tenant).await? && Instant::now() < until {}
    Ok(Some(Turn::new(
        service, tenant, lease, connection, access, until, policy,
    )))
}

/// Runs what is due: a round of the turn begins.
pub(super) async fn run(turn: &mut Turn<'_>, stop: &CancellationToken) -> Result<Told, Error> {
    let is_first = !std::mem::replace(&mut turn.begun, true);
    if !is_first && (stop.is_cancelled() || Instant::now() >= turn.until) {
        return Ok(OVER);
    }
    let tx = turn.tx().await?;
    if lease::is_throttled(&tx, turn.lease).await? {
        return Ok(OVER);
    }
    turn.connection = connection::company(&tx).await?;
    let now = tx.now().await?;
    if !is_at(turn.lease, &turn.connection, now) {
        return Ok(OVER);
    }
    let read_again = turn.connection.preferences_read_at + TimeDelta::days(1);
    let is_stale = turn.connection.preferences_stale || read_again < now;
    let waits = turn.asks_again() && posts_something(&tx).await?;
    drop(tx);
    if is_stale || turn.asks_again() && !waits {
        return read_preferences(turn, !waits).await;
    }
    // What it refused was to be posted: whether it takes it now is told by one entry, before anything else is asked.
    if turn.asks_again() {
        return Ok(Heard::Errands(Errands::Nothing));
    }
    match chart::look(turn).await? {
        Looked::NotDue => {}
        Looked::Done => return Ok(AGAIN),
        Looked::Later => return Ok(OVER),
        Looked::Failed(failure) => return Ok(patience::trouble(turn, failure)),
    }
    match chart::run_import(turn).await? {
        Imported::Nothing => {}
        Imported::Done => return Ok(AGAIN),
        Imported::Later => return Ok(OVER),
        Imported::Failed(id, failure) => {
            let tx = turn.tx().await?;
            chart::put_off(&tx, id, import_again_in(&failure), &failure.to_string()).await?;
            tx.commit().await?;
            return Ok(patience::trouble(turn, failure));
        }
    }
    match dimension::run_import(turn).await? {
        ImportRun::Nothing => {}
        ImportRun::Ended => return Ok(AGAIN),
        ImportRun::Later => return Ok(OVER),
        ImportRun::Failed(id, failure) => {
            let tx = turn.tx().await?;
            dimension::put_off(&tx, id, import_again_in(&failure), &failure.to_string()).await?;
            tx.commit().await?;
            return Ok(patience::trouble(turn, failure));
        }
    }
    match account_creation::run(turn).await? {
        Created::Nothing => {}
        Created::Then(Round::More) => return Ok(AGAIN),
        Created::Then(Round::Done) => return Ok(OVER),
        Created::Trouble(failure) => return Ok(patience::trouble(turn, failure)),
    }
    match reconciliation::run(turn).await? {
        Step::Nothing | Step::Later => Ok(Heard::Errands(Errands::Nothing)),
        Step::More => Ok(AGAIN),
        Step::Trouble(failure) => Ok(patience::trouble(turn, failure)),
    }
}

fn is_at(lease: &Lease, connection: &Connection, now: DateTime<Utc>) -> bool {
    refusal::may_be_asked(connection, now) && connection.company_id == lease.company_id
}

// Whether an event is due while the sync runs.
async fn posts_something(tx: &TenantTx) -> Result<bool, Error> {
    let due = tx
        .query(
            "SELECT 1 FROM event e, sync s WHERE {mine:e} AND {mine:s} AND s.running AND e.status = 'not_synced'
                AND e.due_at <= tillpost_now() LIMIT 1",
            vec![],
        )
        .await?;
    Ok(!due.is_empty())
}

// When an import that failed is tried again; never, where QuickBooks would refuse it again.
fn import_again_in(failure: &Failure) -> Option<TimeDelta> {
    match failure.cause {
        Cause::Unauthorised => Some(TimeDelta::zero()),
        Cause::Invalid | Cause::Forbidden => None,
        _ => {
            let asked = failure.retry_after.unwrap_or_default();
            let wait = asked.max(Duration::from_secs(5));
            Some(TimeDelta::from_std(wait).unwrap_or(TimeDelta::minutes(1)))
        }
    }
}

// Reads them anew. Of a company that refused, that it answers is `proof` that it is well where nothing is to be posted.
async fn read_preferences(turn: &mut Turn<'_>, proof: bool) -> Result<Told, Error> {
    if !turn.may_ask().await {
        return Ok(OVER);
    }
    match turn.company().preferences().await {
        Ok(answer) => {
            let tx = turn.tx().await?;
            connection::refresh_preferences(&tx, turn.connection.id, &answer.value).await?;
            if turn.asks_again() && proof {
                refusal::answers(&tx, turn.connection.id).await?;
                alert::review(&tx).await?;
            }
            tx.commit().await?;
            Ok(AGAIN)
        }
        Err(failure) => Ok(patience::trouble(turn, failure)),
    }
}

/// Gets a fresh access token in place of one that was refused.
pub(super) async fn refresh(turn: &mut Turn<'_>) -> Result<Told, Error> {
    let refused = Some(turn.access.version);
    match access(turn.service, turn.lease, &turn.connection, refused).await? {
        Some(access) => {
            turn.access = access;
            // The round that was refused is done over, whatever the time.
            turn.begun = false;
            Ok(Heard::Done)
        }
        None => Ok(OVER),
    }
}

async fn access(
    service: &Service,
    lease: &Lease,
    connection: &Connection,
    refused: Option<i64>,
) -> Result<Option<Access>, Error> {
    let tenant = lease.tenant;
    match grant::access(service, tenant, connection.id, refused).await {
        Ok(access) => Ok(Some(access)),
        Err(NoAccess::Ended) => Ok(None),
        Err(NoAccess::Later(why)) => {
            tracing::warn!(tenant.id = %tenant, "no access token for now: {why}");
            let tx = service.tenant(tenant).await?;
            let until = tx.now().await? + TimeDelta::seconds(30);
            if lease::throttle(&tx, lease, until).await? {
                sync::waits_in_vain(&tx, sync::UNAVAILABLE, until).await?;
                tx.commit().await?;
            }
            Ok(None)
        }
        Err(NoAccess::Error(error)) => Err(error),
    }
}
