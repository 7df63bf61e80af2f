//! Posting exactly once: one tenant's turn at its company.
//!
//! What is done next, and what follows from each answer, is `accounting::posting`'s to say; here are the effects. `drive` does
//! step after step: `doubt` takes over what a dead holder left and looks up what is not known, `claim` takes a slice of the
//! queue and makes its entries, `send` commits each with its intent before its request leaves, `aside` lets live events go past a
//! backlog, `settle` records each outcome in one transaction
//! (`posted`: success, in one statement). `change` is the machine's table of states as statements. No transaction is held across a call.

mod aside;
mod change;
mod claim;
pub(crate) mod doubt;
mod drive;
pub(crate) mod entry;
mod errands;
mod gather;
mod identity;
mod lease;
mod outcome;
mod patience;
mod posted;
mod send;
mod settle;

use crate::budget::{Kind, Priority};
use crate::connection::{self, refusal};
use crate::error::Error;
use crate::fail_point::{FailPoint, reach};
use crate::grant::Access;
use crate::problem::Code;
use crate::{Service, alert, bell, event, past_sync, sync};
use accounting::posting::{Dues, Policy, Wave};
pub(crate) use change::withdraw;
use chrono::{DateTime, TimeDelta, Utc};
use claim::Ready;
use doubt::Sought;
use entity::connection::Model as Connection;
use entity::id::{JournalEntryId, TenantId};
use entity::store::TenantTx;
pub(crate) use errands::Round;
pub(crate) use identity::{derived_id, marker, markers};
use lease::Lease;
pub(crate) use outcome::of as outcome;
use quickbooks::{Company, Failure, PostedEntry};
use sea_orm::FromQueryResult;
use std::collections::HashMap;
use tokio::time::Instant;
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
    let Some((connection, batches)) = may_work(&tx).await? else {
        return rest(tx).await;
    };
    let Some(lease) = lease::take(&tx, service, &connection.company_id, holder).await? else {
        return Ok(TurnEnd::Busy);
    };
    let Some(rung) = bell::begin(&tx).await? else {
        return Ok(TurnEnd::Idle);
    };
    reach(FailPoint::LeaseTaken);
    tx.commit().await?;
    reach(FailPoint::LeaseCommitted);
    let work = lease::renewed(
        service,
        &lease,
        drive::work(service, tenant, &lease, batches, stop),
    )
    .await;
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
    reach(FailPoint::GiveBackBeforeCommit);
    tx.commit().await?;
    reach(FailPoint::GiveBackCommitted);
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

// The connection of a tenant that is served and has not disconnected, and whether its backlogs go in batches.
async fn may_work(tx: &TenantTx) -> Result<Option<(Connection, bool)>, Error> {
    let connection = connection::current(tx).await?;
    let Some(connection) = connection.filter(|row| row.state != "disconnected") else {
        return Ok(None);
    };
    let tenant = served(tx).await?;
    Ok(tenant.map(|tenant| (connection, tenant.batches)))
}

/// Whether the tenant is active, and not suspended.
pub(crate) async fn is_served(tx: &TenantTx) -> Result<bool, Error> {
    Ok(served(tx).await?.is_some())
}

async fn served(tx: &TenantTx) -> Result<Option<entity::tenant::Model>, Error> {
    let tenant = tx.one(tx.find::<entity::tenant::Entity>()).await?;
    Ok(tenant.filter(|tenant| tenant.status == "active"))
}

/// What a turn works with.
pub(crate) struct Turn<'a> {
    pub(crate) service: &'a Service,
    pub(crate) tenant: TenantId,
    pub(crate) lease: &'a Lease,
    pub(crate) connection: Connection,
    pub(crate) access: Access,
    // When others are to have their turns.
    until: Instant,
    // Whether a round was begun.
    begun: bool,
    // The entries that were claimed, and what may be looked for in the books.
    ready: HashMap<JournalEntryId, Ready>,
    sought: HashMap<JournalEntryId, Sought>,
    // What the last look-up found, and how the last read failed.
    found: Vec<PostedEntry>,
    failure: Option<Failure>,
    // What the whole company lacks, as the last wave says.
    held_up: Option<Code>,
    policy: Policy,
    // Whether it is beside a wave, for live events alone.
    is_aside: bool,
    // Whether what was claimed last is to show whether the company takes anything.
    on_trial: bool,
}

impl<'a> Turn<'a> {
    fn new(
        service: &'a Service,
        tenant: TenantId,
        lease: &'a Lease,
        connection: Connection,
        access: Access,
        until: Instant,
        policy: Policy,
    ) -> Self {
        Self {
            service,
            tenant,
            lease,
            connection,
            access,
            until,
            begun: false,
            ready: HashMap::new(),
            sought: HashMap::new(),
            found: Vec::new(),
            failure: None,
            held_up: None,
            policy,
            is_aside: false,
            on_trial: false,
        }
    }

    pub(crate) fn company(&self) -> Company {
        self.service
            .quickbooks()
            .company(&self.lease.company_id, &self.access.token)
    }

    /// Whether the company had refused us when the round began, and is asked again with one request.
    pub(crate) fn asks_again(&self) -> bool {
        self.connection.state != "connected"
    }

    /// Takes leave for one read, which a turn waits for a little.
    pub(crate) async fn may_ask(&self) -> bool {
        let patience = std::time::Duration::from_secs(1);
        let company = &self.lease.company_id;
        let budget = self.service.budget();
        let leave = budget.leave(company, Kind::Single, Priority::First, patience);
        leave.await.is_ok()
    }

    pub(crate) async fn tx(&self) -> Result<TenantTx, Error> {
        Ok(self
            .service
            .store()
            .tenant_planned_once(self.tenant)
            .await?)
    }

    fn claimed(&mut self, ready: Vec<Ready>) {
        let sought = |entry: &Ready| Sought {
            event: entry.event,
            number: entry.number.clone(),
            content_hash: entry.content_hash.clone(),
        };
        self.sought = ready
            .iter()
            .map(|entry| (entry.id, sought(entry)))
            .collect();
        self.ready = ready.into_iter().map(|entry| (entry.id, entry)).collect();
    }
}

// When the tenant's next turn is due, from what is queued (while the sync runs), in doubt, or to be done besides. A look at the
// lists that is not due yet wakes nobody: it comes before what is posted, or once a day by itself.
async fn next_due(tx: &TenantTx, company_id: &str) -> Result<Option<DateTime<Utc>>, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        queue: Option<DateTime<Utc>>,
        held_until: Option<DateTime<Utc>>,
        doubt: Option<DateTime<Utc>>,
        errand: Option<DateTime<Utc>>,
        throttled_until: Option<DateTime<Utc>>,
    }
    let Some(connection) = connection::current(tx).await? else {
        return Ok(None);
    };
    let refused_until = refusal::asked_again_at(&connection);
    if connection.state != "connected" && refused_until.is_none() {
        return Ok(None);
    }
    let row = tx
        .query_as::<Row>(
            "SELECT (SELECT min(e.due_at) FROM event e, sync s
                 WHERE {mine:e} AND {mine:s} AND s.running AND e.status = 'not_synced') AS queue,
               (SELECT c.held_until FROM connection c WHERE {mine:c} AND c.is_current) AS held_until,
               (SELECT min(j.due_at) FROM journal_entry j WHERE {mine:j} AND j.company_id = $2 AND j.state = 'unknown') AS doubt,
               least((SELECT min(i.due_at) FROM account_import i
                   WHERE {mine:i} AND i.company_id = $2 AND i.state IN ('queued', 'running')),
                 (SELECT min(d.due_at) FROM dimension_import d
                   WHERE {mine:d} AND d.company_id = $2 AND d.state IN ('queued', 'running')),
                 (SELECT min(l.lists_due_at) FROM connection l
                   WHERE {mine:l} AND l.is_current AND l.lists_due_at <= tillpost_now()),
                 (SELECT min(r.due_at) FROM reconciliation r
                   WHERE {mine:r} AND r.company_id = $2 AND r.state IN ('queued', 'running', 'paused')),
                 (SELECT min(c.due_at) FROM account_creation c
                   WHERE {mine:c} AND c.company_id = $2 AND c.state = 'queued')) AS errand,
               (SELECT l.throttled_until FROM company_lease l WHERE {mine:l} AND l.company_id = $2) AS throttled_until",
            vec![company_id.into()],
        )
        .await?
        .pop();
    Ok(row.and_then(|row| {
        accounting::posting::next_due(Dues {
            queue: row.queue,
            held_until: row.held_until,
            doubt: row.doubt,
            errand: row.errand,
            refused_until,
            throttled_until: row.throttled_until,
        })
    }))
}
