//! Entries whose answers say that they are in the books. What becomes of them is written with one statement: at QuickBooks' pace
//! entries are answered one at a time, and then a statement costs more than what it writes.

use super::change::{states, statuses};
use super::outcome::name;
use super::{Turn, settle::Sent};
use crate::error::Error;
use crate::webhook;
use accounting::posting::{EntryChange, EventChange, Outcome};
use entity::id::{EventId, JournalEntryId};
use entity::store::TenantTx;
use sea_orm::FromQueryResult;
use std::collections::HashSet;

/// The entry, its attempt and its event; and that nothing is in the way of others. That is noted once a second: settlements side by
/// side would wait for each other at its rows. They are written after all events, as everybody does.
/// Only under the fence, which is held until the transaction ends.
const POSTED: &str = "WITH held AS MATERIALIZED (
    SELECT 1 FROM company_lease l WHERE {mine:l} AND l.company_id = $13 AND l.fence = $14 AND l.holder = $15 FOR SHARE),
  answer AS (
    SELECT * FROM unnest($2::uuid[], $3::int[], $4::text[], $5::int[], $6::text[]) AS a(id, number, qbo_id, http_status, intuit_tid)),
  entry AS (
    UPDATE journal_entry j SET state = $7, qbo_id = a.qbo_id, due_at = NULL, absences = 0, settled_at = tillpost_now()
      FROM answer a WHERE EXISTS (SELECT FROM held) AND {mine:j} AND j.id = a.id AND array_position($8, j.state) IS NOT NULL
    RETURNING j.id, j.event_id),
  attempted AS (
    UPDATE attempt t SET finished_at = tillpost_now(), outcome = $9, http_status = nullif(a.http_status, 0),
        intuit_tid = nullif(a.intuit_tid, '')
      FROM answer a, entry WHERE a.id = entry.id AND {mine:t} AND t.journal_entry_id = a.id AND t.number = a.number),
  synced AS (
    UPDATE event e SET status = $10, due_at = NULL, problem_code = NULL, problem_detail = NULL, problem_facts = NULL,
        synced_at = tillpost_now(), retried_code = NULL, updated_at = tillpost_now()
      FROM entry WHERE {mine:e} AND e.id = entry.event_id AND array_position($11, e.status) IS NOT NULL
    RETURNING e.id),
  sync_is_well AS (
    UPDATE sync s SET last_success_at = tillpost_now(), waiting_code = NULL, waiting_until = NULL, waiting_since = NULL
     WHERE {mine:s} AND (SELECT count(*) FROM synced) > 0
       AND (waiting_code IS NOT NULL OR coalesce(last_success_at < tillpost_now() - interval '1 second', true))
    RETURNING 1),
  company_is_well AS (
    UPDATE connection c SET last_success_at = tillpost_now(), held_code = NULL, held_until = NULL, held_times = 0
     WHERE {mine:c} AND c.id = $12 AND (SELECT count(*) FROM synced) > 0
       AND (held_code IS NOT NULL OR held_until IS NOT NULL OR held_times > 0
         OR coalesce(last_success_at < tillpost_now() - interval '1 second', true))
       AND (SELECT count(*) FROM sync_is_well) >= 0)
  SELECT entry.id, entry.event_id, coalesce((SELECT bool_or(types = '{}' OR 'event.synced' = ANY (types))
      FROM webhook_endpoint w WHERE {mine:w} AND deleted_at IS NULL), false) AS is_wanted
    FROM entry";

/// Writes that these entries are in the books; those of which that is news, and none where the lease was lost. Whoever wants to hear of their events is told.
///
/// # Errors
/// The database's.
pub(super) async fn posted(
    tx: &TenantTx,
    turn: &Turn<'_>,
    sent: &[Sent<'_>],
) -> Result<HashSet<JournalEntryId>, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        id: JournalEntryId,
        event_id: EventId,
        is_wanted: bool,
    }
    let (entry, event) = (EntryChange::Post, EventChange::Sync);
    let rows = tx
        .query_as::<Row>(
            POSTED,
            vec![
                sent.iter()
                    .map(|sent| sent.entry.id.0)
                    .collect::<Vec<_>>()
                    .into(),
                sent.iter()
                    .map(|sent| sent.entry.attempts)
                    .collect::<Vec<_>>()
                    .into(),
                sent.iter().map(Sent::qbo_id).collect::<Vec<_>>().into(),
                sent.iter()
                    .map(Sent::http_status)
                    .collect::<Vec<_>>()
                    .into(),
                sent.iter().map(Sent::intuit_tid).collect::<Vec<_>>().into(),
                entry.to().as_str().into(),
                states(entry.from()).into(),
                name(Outcome::Posted).into(),
                event.to().as_str().into(),
                statuses(event.from()).into(),
                turn.connection.id.into(),
                turn.lease.company_id.clone().into(),
                turn.lease.fence.into(),
                turn.lease.holder.clone().into(),
            ],
        )
        .await?;
    if rows.iter().any(|row| row.is_wanted) {
        let events: Vec<EventId> = rows.iter().map(|row| row.event_id).collect();
        webhook::events(tx, &events).await?;
    }
    Ok(rows.into_iter().map(|row| row.id).collect())
}
