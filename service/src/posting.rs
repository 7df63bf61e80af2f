//! Posting exactly once: one tenant's turn at its company.
//!
//! A turn holds the company's lease, looks up what is in doubt, claims a slice of the queue, builds and seals the entries,
//! commits each intent before its POST leaves, and settles every outcome in one transaction. No transaction is held across
//! a call. The decisions are `accounting::posting`'s; here are the effects.

mod claim;
pub(crate) mod doubt;
pub(crate) mod entry;
mod identity;
pub(crate) mod known;
mod lease;
pub mod pace;
mod send;
mod settle;

use crate::account_creation::{self, Created};
use crate::alert::Cause as AlertCause;
use crate::chart::{Imported, Looked};
use crate::dimension::{self, ImportRun};
use crate::error::Error;
use crate::grant::{self, Access, NoAccess};
use crate::{Service, alert, bell, chart, connection, event, need, past_sync, sync};
use accounting::posting::Waits;
use chrono::{DateTime, TimeDelta, Utc};
use entity::connection::Model as Connection;
use entity::id::TenantId;
use entity::store::TenantTx;
pub(crate) use identity::derived_id;
use lease::Lease;
use quickbooks::{Cause, Company, Failure};
use sea_orm::FromQueryResult;
pub(crate) use settle::outcome;
use tokio_util::sync::CancellationToken;

/// How a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnEnd {
    /// Nothing is due, until something happens.
    Idle,
    /// The next turn is due then, by the database's clock.
    Later(DateTime<Utc>),
    /// More is due now: ring again, so that others have their turns first.
    Again,
    /// Another holder has the company.
    Busy,
}

/// Takes one turn for a tenant. Safe to call at any time, any number of times, from any number of places.
///
/// # Errors
/// The database does not answer, or something is wrong on our side; what was under way is found again by the next holder.
pub async fn turn(
    service: &Service,
    tenant: TenantId,
    holder: &str,
    stop: &CancellationToken,
) -> Result<TurnEnd, Error> {
    let tx = service.tenant(tenant).await?;
    let Some(connection) = may_work(&tx).await? else {
        return rest(tx).await;
    };
    let Some(lease) = lease::take(&tx, service, &connection.company_id, holder).await? else {
        return Ok(TurnEnd::Busy);
    };
    let Some(rung) = bell::begin(&tx).await? else {
        return Ok(TurnEnd::Idle);
    };
    tx.commit().await?;
    let work = lease::renewed(service, &lease, work(service, tenant, &lease, stop)).await;
    let tx = service.tenant(tenant).await?;
    if !lease::give_back(&tx, &lease).await? {
        // Somebody else holds the company: when the next turn is due is theirs to say.
        work?;
        return Ok(TurnEnd::Busy);
    }
    let due_at = match &work {
        Ok(()) => next_due(&tx, &lease.company_id).await?,
        // Something of ours failed: not at once again, or it would spin.
        Err(_) => Some(tx.now().await? + TimeDelta::seconds(5)),
    };
    // Whoever held the company has settled all it will: a past sync of which nothing waits any more is done.
    past_sync::finish(&tx).await?;
    sync::note_queue(&tx).await?;
    alert::review(&tx).await?;
    let due_at = bell::end(&tx, rung, due_at).await?;
    let now = tx.now().await?;
    event::counts::fold(&tx).await?;
    tx.commit().await?;
    work?;
    Ok(end(due_at, now))
}

fn end(due_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> TurnEnd {
    match due_at {
        None => TurnEnd::Idle,
        Some(at) if at <= now => TurnEnd::Again,
        Some(at) => TurnEnd::Later(at),
    }
}

// Nothing can be done for this tenant until somebody acts, who will wake us; unless they did so this moment.
async fn rest(tx: TenantTx) -> Result<TurnEnd, Error> {
    let now = tx.now().await?;
    let mut due_at = None;
    if let Some(rung) = bell::begin(&tx).await? {
        let acted = may_work(&tx).await?.is_some();
        due_at = bell::end(&tx, rung, acted.then_some(now)).await?;
    }
    tx.commit().await?;
    Ok(end(due_at, now))
}

// The connection of a tenant that is served and has not disconnected.
async fn may_work(tx: &TenantTx) -> Result<Option<Connection>, Error> {
    let connection = connection::current(tx).await?;
    Ok(match connection.filter(|row| row.state != "disconnected") {
        Some(connection) if is_served(tx).await? => Some(connection),
        _ => None,
    })
}

/// Whether the tenant is active, and not suspended.
pub(crate) async fn is_served(tx: &TenantTx) -> Result<bool, Error> {
    Ok(tx
        .one(tx.find::<entity::tenant::Entity>())
        .await?
        .is_some_and(|tenant| tenant.status == "active"))
}

/// What a turn works with.
pub(crate) struct Turn<'a> {
    pub(crate) service: &'a Service,
    pub(crate) tenant: TenantId,
    pub(crate) lease: &'a Lease,
    pub(crate) connection: Connection,
    pub(crate) access: Access,
    pub(crate) waits: Waits,
}

impl Turn<'_> {
    pub(crate) fn company(&self) -> Company {
        self.service
            .quickbooks()
            .company(&self.lease.company_id, &self.access.token)
    }

    /// Takes leave for one read, which a turn waits for a little.
    pub(crate) async fn may_ask(&self) -> bool {
        let patience = std::time::Duration::from_secs(1);
        let leave = self.service.pace().leave(&self.lease.company_id, patience);
        leave.await.is_ok()
    }

    pub(crate) async fn tx(&self) -> Result<TenantTx, Error> {
        self.service.tenant(self.tenant).await
    }
}

async fn work(
    service: &Service,
    tenant: TenantId,
    lease: &Lease,
    stop: &CancellationToken,
) -> Result<(), Error> {
    let posting = &service.settings().posting;
    let tx = service.tenant(tenant).await?;
    let waits = Waits {
        quiet_period: posting.quiet_period,
        call_timeout: posting.call_timeout,
        absence_gap: posting.absence_gap,
    };
    doubt::recover(&tx, lease, &waits).await?;
    let connection = connection::company(&tx).await?;
    tx.commit().await?;
    // Another company meanwhile: its turn takes its own lease.
    if connection.state != "connected" || connection.company_id != lease.company_id {
        return Ok(());
    }
    let Some(access) = access(service, lease, &connection, None).await? else {
        return Ok(());
    };
    let mut turn = Turn {
        service,
        tenant,
        lease,
        connection,
        access,
        waits,
    };
    let until = tokio::time::Instant::now() + posting.turn;
    while need::catch_up(service, tenant).await? && tokio::time::Instant::now() < until {}
    // A token that was refused is refreshed once in a turn; a company that refuses the fresh one too is looked at by a person.
    let mut refreshed = false;
    loop {
        match round(&mut turn).await? {
            Round::More if !stop.is_cancelled() && tokio::time::Instant::now() < until => {}
            Round::More | Round::Done => return Ok(()),
            Round::Refused if !refreshed => {
                refreshed = true;
                match access_again(&turn).await? {
                    Some(access) => turn.access = access,
                    None => return Ok(()),
                }
            }
            Round::Refused => {
                let tx = turn.tx().await?;
                let detail =
                    "QuickBooks refuses an access token that it has just given. Connect again.";
                connection::halt(
                    &tx,
                    turn.connection.id,
                    AlertCause::AuthenticationLost,
                    detail,
                )
                .await?;
                tx.commit().await?;
                return Ok(());
            }
        }
    }
}

/// How one round of a turn ended.
pub(crate) enum Round {
    /// There may be more to do at once.
    More,
    /// Nothing more can be done now.
    Done,
    /// QuickBooks refused the access token.
    Refused,
}

// First what was asked for by a person, then what is in doubt, then a slice of the queue.
async fn round(turn: &mut Turn<'_>) -> Result<Round, Error> {
    let tx = turn.tx().await?;
    if lease::is_throttled(&tx, turn.lease).await? {
        return Ok(Round::Done);
    }
    turn.connection = connection::company(&tx).await?;
    if turn.connection.company_id != turn.lease.company_id || turn.connection.state != "connected" {
        return Ok(Round::Done);
    }
    let read_again = turn.connection.preferences_read_at + TimeDelta::days(1);
    let is_stale = turn.connection.preferences_stale || read_again < tx.now().await?;
    drop(tx);
    if is_stale {
        return read_preferences(turn).await;
    }
    match chart::look(turn).await? {
        Looked::NotDue => {}
        Looked::Done => return Ok(Round::More),
        Looked::Later => return Ok(Round::Done),
        Looked::Failed(failure) => return settle::trouble(turn, &failure).await,
    }
    match chart::run_import(turn).await? {
        Imported::Nothing => {}
        Imported::Done => return Ok(Round::More),
        Imported::Later => return Ok(Round::Done),
        Imported::Failed(id, failure) => {
            let tx = turn.tx().await?;
            chart::put_off(&tx, id, import_again_in(&failure), &failure.to_string()).await?;
            tx.commit().await?;
            return settle::trouble(turn, &failure).await;
        }
    }
    match dimension::run_import(turn).await? {
        ImportRun::Nothing => {}
        ImportRun::Ended => return Ok(Round::More),
        ImportRun::Later => return Ok(Round::Done),
        ImportRun::Failed(id, failure) => {
            let tx = turn.tx().await?;
            dimension::put_off(&tx, id, import_again_in(&failure), &failure.to_string()).await?;
            tx.commit().await?;
            return settle::trouble(turn, &failure).await;
        }
    }
    match account_creation::run(turn).await? {
        Created::Nothing => {}
        Created::Then(round) => return Ok(round),
        Created::Trouble(failure) => return settle::trouble(turn, &failure).await,
    }
    match doubt::look_up(turn).await? {
        Round::More => {}
        end => return Ok(end),
    }
    send::slice(turn).await
}

// When an import that failed is tried again; never, where QuickBooks would refuse it again.
fn import_again_in(failure: &Failure) -> Option<TimeDelta> {
    match failure.cause {
        Cause::Invalid | Cause::Forbidden | Cause::SubscriptionLapsed => None,
        Cause::Unauthorised => Some(TimeDelta::zero()),
        _ => {
            let wait = failure.retry_after.unwrap_or_default();
            let wait = wait.max(std::time::Duration::from_secs(5));
            Some(TimeDelta::from_std(wait).unwrap_or(TimeDelta::minutes(1)))
        }
    }
}

async fn read_preferences(turn: &Turn<'_>) -> Result<Round, Error> {
    if !turn.may_ask().await {
        return Ok(Round::Done);
    }
    match turn.company().preferences().await {
        Ok(answer) => {
            let tx = turn.tx().await?;
            connection::refresh_preferences(&tx, turn.connection.id, &answer.value).await?;
            tx.commit().await?;
            Ok(Round::More)
        }
        Err(failure) => settle::trouble(turn, &failure).await,
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
                sync::waits(&tx, sync::UNAVAILABLE, until).await?;
                tx.commit().await?;
            }
            Ok(None)
        }
        Err(NoAccess::Error(error)) => Err(error),
    }
}

async fn access_again(turn: &Turn<'_>) -> Result<Option<Access>, Error> {
    access(
        turn.service,
        turn.lease,
        &turn.connection,
        Some(turn.access.version),
    )
    .await
}

// When the tenant's next turn is due: the earliest of what is queued (while the sync runs), in doubt, or to be imported,
// and not before the company is patient again. The daily look wakes nobody: it comes before what is posted.
async fn next_due(tx: &TenantTx, company_id: &str) -> Result<Option<DateTime<Utc>>, Error> {
    #[derive(FromQueryResult)]
    struct Due {
        due_at: Option<DateTime<Utc>>,
    }
    let connected = connection::current(tx)
        .await?
        .is_some_and(|row| row.state == "connected");
    if !connected {
        return Ok(None);
    }
    Ok(tx
        .query_as::<Due>(
            "SELECT greatest(work.due_at,
                 (SELECT throttled_until FROM company_lease l WHERE {mine:l} AND l.company_id = $2)) AS due_at
               FROM (SELECT least(
                 (SELECT greatest(min(e.due_at), min(c.held_until)) FROM event e, sync s, connection c
                   WHERE {mine:e} AND {mine:s} AND {mine:c} AND c.is_current AND s.running AND e.status = 'not_synced'),
                 (SELECT min(j.due_at) FROM journal_entry j WHERE {mine:j} AND j.company_id = $2 AND j.state = 'unknown'),
                 (SELECT min(i.due_at) FROM account_import i
                   WHERE {mine:i} AND i.company_id = $2 AND i.state IN ('queued', 'running')),
                 (SELECT min(d.due_at) FROM dimension_import d
                   WHERE {mine:d} AND d.company_id = $2 AND d.state IN ('queued', 'running')),
                 (SELECT min(l.lists_due_at) FROM connection l
                   WHERE {mine:l} AND l.is_current AND l.lists_due_at <= tillpost_now()),
                 (SELECT min(c.due_at) FROM account_creation c
                   WHERE {mine:c} AND c.company_id = $2 AND c.state = 'queued')) AS due_at) AS work
              WHERE work.due_at IS NOT NULL",
            vec![company_id.into()],
        )
        .await?
        .pop()
        .and_then(|row| row.due_at))
}
