//! Cancelling a past sync: what was not sent goes back to never synced; what is sent or in doubt is finished.

use super::{PastSync, progress, row};
use crate::access::Caller;
use crate::error::Error;
use crate::event::Happened;
use crate::event::history::{self, Change};
use crate::{Service, audit, posting, sync, webhook};
use entity::id::{PastSyncId, TenantId};
use entity::store::TenantTx;
use sea_orm::FromQueryResult;

/// Takes what a past sync has not sent yet out of the queue again. Cancelling a past sync that is finished or cancelled
/// changes nothing.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn cancel(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    id: PastSyncId,
) -> Result<PastSync, Error> {
    let tx = service.tenant(tenant).await?;
    // Whoever is about to send, takes events in or cancels too goes before us or after us.
    sync::lock(&tx).await?;
    let past_sync = row(&tx, id).await?;
    if past_sync.cancelled_at.is_none() && past_sync.finished_at.is_none() {
        let returned = give_back(&tx, caller.actor(), id, &past_sync.company_id).await?;
        tx.execute(
            "UPDATE past_sync SET cancelled_at = tillpost_now(), cancelled_by = $3 WHERE {mine} AND id = $2",
            vec![id.into(), caller.actor().into()],
        )
        .await?;
        progress::finish(&tx).await?;
        audit::record(
            &tx,
            caller.actor(),
            "past_sync.cancelled",
            &id.to_string(),
            serde_json::json!({ "events_returned": returned }),
        )
        .await?;
    }
    let rows = vec![row(&tx, id).await?];
    let told = progress::view(service, &tx, rows).await?.pop();
    tx.commit().await?;
    told.ok_or(Error::NotFound)
}

// First the events, then their entries: an entry that was sealed while we waited for its event is seen by the later
// statement. An event whose entry may be in the books stays in the queue, where its look-up is.
async fn give_back(
    tx: &TenantTx,
    actor: &str,
    id: PastSyncId,
    company_id: &str,
) -> Result<u64, Error> {
    #[derive(FromQueryResult)]
    struct Unsent {
        id: uuid::Uuid,
    }
    let unsent: Vec<uuid::Uuid> = tx
        .query_as::<Unsent>(
            "SELECT e.id FROM event e
              WHERE {mine:e} AND e.past_sync_id = $2 AND e.status = 'not_synced' AND NOT EXISTS (
                SELECT 1 FROM journal_entry j WHERE {mine:j} AND j.company_id = $3 AND j.event_id = e.id
                   AND (j.state IN ('sending', 'unknown', 'posted') OR j.state = 'sealed' AND EXISTS (
                     SELECT 1 FROM attempt a WHERE {mine:a} AND a.journal_entry_id = j.id AND a.outcome IN ('unknown', 'abandoned'))))
              FOR UPDATE OF e",
            vec![id.into(), company_id.into()],
        )
        .await?
        .into_iter()
        .map(|event| event.id)
        .collect();
    let change = Change {
        past_sync: Some(id),
        ..Change::by(actor, Happened::Unqueued)
    };
    let returned = history::update(
        tx,
        "UPDATE event SET status = 'never_synced', due_at = NULL, past = false, past_sync_id = NULL, tries = 0,
           retried_code = NULL, updated_at = tillpost_now()
          WHERE {mine} AND id = ANY($2)",
        vec![unsent.clone().into()],
        change,
    )
    .await?;
    posting::withdraw(tx, Some(company_id), &unsent).await?;
    Ok(returned)
}

/// The tenant leaves its company: past syncs that were still running there end, and their events go back with all others.
pub(crate) async fn abandon(tx: &TenantTx, actor: &str) -> Result<(), Error> {
    let ended = tx.query_as::<entity::past_sync::Model>(
        "UPDATE past_sync SET cancelled_at = coalesce(cancelled_at, tillpost_now()), cancelled_by = coalesce(cancelled_by, $2),
           finished_at = tillpost_now() WHERE {mine} AND finished_at IS NULL RETURNING *",
        vec![actor.into()],
    )
    .await?;
    webhook::past_syncs_finished(tx, ended).await
}
