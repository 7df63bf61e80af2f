//! Intuit's notifications, taken as hints: what they name is looked at sooner, through the same doors as always. They may be
//! lost, come twice, or be untrue, and nothing is worse for it than a look too many; and how often hints may cause one is
//! bounded, since reads are metered.

use crate::Service;
use crate::audit::{self, Reason};
use crate::error::Error;
use entity::id::{ConnectionId, TenantId};
use entity::store::TenantTx;
use quickbooks::notification::{self, Change, Entity, Notification};
use sea_orm::FromQueryResult;
use std::collections::BTreeMap;

/// Hints cause a look at the lists at most so often.
const LISTS_MINUTES: i32 = 10;
/// The books are looked over so long after a hint, so that what comes together is looked at together.
const BOOKS_SOON_MINUTES: i32 = 5;
/// Hints cause the books to be looked over at most so often.
const BOOKS_MINUTES: i32 = 30;

/// What came of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is Intuit's, and so many companies of ours are looked at sooner.
    Hints(usize),
    /// No verifier token is configured: nothing can be Intuit's.
    NotConfigured,
    /// It is not Intuit's.
    NotSigned,
    /// It is Intuit's, and in no form that we know.
    Unreadable,
}

/// Takes a body as it came.
///
/// # Errors
/// The database does not answer.
pub async fn take(service: &Service, body: &[u8], signature: &str) -> Result<Taken, Error> {
    let Some(verifier) = &service.settings().webhook_verifier else {
        return Ok(Taken::NotConfigured);
    };
    if !notification::is_signed(body, signature, verifier) {
        audit::knock(
            service,
            None,
            "receive_notifications",
            Reason::WrongSignature,
        );
        return Ok(Taken::NotSigned);
    }
    let Ok(notifications) = notification::read(body) else {
        return Ok(Taken::Unreadable);
    };
    let mut companies: BTreeMap<String, Vec<Notification>> = BTreeMap::new();
    for notification in notifications {
        let company = companies.entry(notification.company_id.clone());
        company.or_default().push(notification);
    }
    let mut hinted = 0;
    for (company_id, notifications) in companies {
        // Whoever is not connected here, or not any more, is none of our business.
        if let Some((tenant, connection)) = find(service, &company_id).await? {
            hint(service, tenant, connection, &company_id, &notifications).await?;
            hinted += 1;
        }
    }
    Ok(Taken::Hints(hinted))
}

async fn find(
    service: &Service,
    company_id: &str,
) -> Result<Option<(TenantId, ConnectionId)>, Error> {
    #[derive(FromQueryResult)]
    struct Found {
        tenant_id: TenantId,
        id: ConnectionId,
    }
    let tx = service.store().platform().await?;
    let found = tx
        .query_as::<Found>(
            "SELECT tenant_id, id FROM connection WHERE company_id = $1 AND state <> 'disconnected'",
            vec![company_id.into()],
        )
        .await?
        .pop();
    Ok(found.map(|found| (found.tenant_id, found.id)))
}

async fn hint(
    service: &Service,
    tenant: TenantId,
    connection: ConnectionId,
    company_id: &str,
    notifications: &[Notification],
) -> Result<(), Error> {
    let any = |kinds: &[Entity]| notifications.iter().any(|n| kinds.contains(&n.entity));
    let tx = service.tenant(tenant).await?;
    if any(&[Entity::Account, Entity::Department, Entity::Class]) {
        tx.execute(
            "UPDATE connection SET lists_due_at = least(lists_due_at, greatest(tillpost_now(),
               coalesce(lists_known_through + make_interval(mins => $3), tillpost_now())))
              WHERE {mine} AND id = $2",
            vec![connection.into(), LISTS_MINUTES.into()],
        )
        .await?;
    }
    if any(&[Entity::Preferences]) {
        tx.execute(
            "UPDATE connection SET preferences_stale = true WHERE {mine} AND id = $2 AND NOT preferences_stale
               AND preferences_read_at < tillpost_now() - make_interval(mins => $3)",
            vec![connection.into(), LISTS_MINUTES.into()],
        )
        .await?;
    }
    if touches_ours(&tx, company_id, notifications).await? {
        // The look over the books is due a day after the last one.
        tx.execute(
            "UPDATE turn SET reconcile_at = least(reconcile_at, greatest(tillpost_now() + make_interval(mins => $2),
               reconcile_at - interval '1 day' + make_interval(mins => $3)))
              WHERE {mine}",
            vec![BOOKS_SOON_MINUTES.into(), BOOKS_MINUTES.into()],
        )
        .await?;
    }
    Ok(tx.commit().await?)
}

// What we post comes back as a creation. An entry that is not ours waits for the daily look: a busy bookkeeper's would cost a
// read each half an hour.
async fn touches_ours(
    tx: &TenantTx,
    company_id: &str,
    notifications: &[Notification],
) -> Result<bool, Error> {
    let ids: Vec<String> = notifications
        .iter()
        .filter(|n| n.entity == Entity::JournalEntry && n.change == Change::Changed)
        .map(|n| n.id.clone())
        .collect();
    if ids.is_empty() {
        return Ok(false);
    }
    let ours = tx
        .query(
            "SELECT 1 FROM journal_entry WHERE {mine} AND company_id = $2 AND state = 'posted' AND qbo_id = ANY($3) LIMIT 1",
            vec![company_id.into(), ids.into()],
        )
        .await?;
    Ok(!ours.is_empty())
}
