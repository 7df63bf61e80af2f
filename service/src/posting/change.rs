//! The posting machine's table of states as statements: what each change may be made from, and what it makes.
//!
//! Rows are found by their ids. Where a change may begin is a condition that no index serves (`array_position`), or the planner,
//! before it knows a tenant's rows, reads all there are by state.

use crate::error::Error;
use crate::webhook;
use accounting::posting::{Absences, BatchName, EntryChange, EntryState, EventChange, EventStatus};
use entity::id::{EventId, JournalEntryId};
use entity::store::TenantTx;
use sea_orm::FromQueryResult;
use std::collections::HashSet;
use std::time::Duration;

/// Changes the state of entries, each from where the change may begin; those that changed. `qbo_ids`, where they come to be
/// in the books, are of `ids` in their order.
pub(crate) async fn entries(
    tx: &TenantTx,
    ids: &[JournalEntryId],
    change: EntryChange,
    qbo_ids: &[String],
) -> Result<HashSet<JournalEntryId>, Error> {
    let changed = tx
        .query_as::<Entry>(
            "UPDATE journal_entry j SET state = $4, qbo_id = c.qbo_id, due_at = tillpost_now() + make_interval(secs => $5),
               absences = CASE WHEN $6 THEN j.absences + 1 ELSE 0 END, attempts = j.attempts + $7,
               settled_at = CASE WHEN $8 THEN tillpost_now() END
              FROM unnest($2::uuid[], $3::text[]) AS c(id, qbo_id)
              WHERE {mine:j} AND j.id = c.id AND array_position($9, j.state) IS NOT NULL RETURNING j.id",
            vec![
                uuids(ids).into(),
                qbo_ids.to_vec().into(),
                change.to().as_str().into(),
                seconds(change.due_after()).into(),
                (change.absences() == Absences::Count).into(),
                attempts(change)?.into(),
                change.settles().into(),
                states(change.from()).into(),
            ],
        )
        .await?;
    Ok(changed.into_iter().map(|row| row.id).collect())
}

/// The intent of entries, each with the name that it goes out under as an item, which is fixed for good; those that changed.
pub(crate) async fn intend(
    tx: &TenantTx,
    intended: &[(JournalEntryId, Option<BatchName>)],
) -> Result<HashSet<JournalEntryId>, Error> {
    if intended.is_empty() {
        return Ok(HashSet::new());
    }
    let change = EntryChange::Intend;
    let ids: Vec<JournalEntryId> = intended.iter().map(|(id, _)| *id).collect();
    let names = |part: fn(&BatchName) -> &String| -> Vec<String> {
        let part = |name: &Option<BatchName>| name.as_ref().map(part).cloned().unwrap_or_default();
        intended.iter().map(|(_, name)| part(name)).collect()
    };
    let changed = tx
        .query_as::<Entry>(
            "UPDATE journal_entry j SET state = $5, due_at = NULL, absences = 0, attempts = j.attempts + $6, settled_at = NULL,
               batch_request_id = coalesce(j.batch_request_id, nullif(c.batch_request_id, '')),
               batch_item_id = coalesce(j.batch_item_id, nullif(c.batch_item_id, ''))
              FROM unnest($2::uuid[], $3::text[], $4::text[]) AS c(id, batch_request_id, batch_item_id)
              WHERE {mine:j} AND j.id = c.id AND array_position($7, j.state) IS NOT NULL RETURNING j.id",
            vec![
                uuids(&ids).into(),
                names(|name| &name.request_id).into(),
                names(|name| &name.item_id).into(),
                change.to().as_str().into(),
                attempts(change)?.into(),
                states(change.from()).into(),
            ],
        )
        .await?;
    Ok(changed.into_iter().map(|row| row.id).collect())
}

/// Withdraws the entries of these events in the company that were never sent; tells how many.
pub(crate) async fn withdraw(
    tx: &TenantTx,
    company_id: Option<&str>,
    events: &[uuid::Uuid],
) -> Result<u64, Error> {
    let change = EntryChange::Withdraw;
    let done = tx
        .execute(
            "UPDATE journal_entry SET state = $2, settled_at = tillpost_now()
              WHERE {mine} AND company_id = coalesce($3, company_id) AND event_id = ANY($4) AND array_position($5, state) IS NOT NULL",
            vec![
                change.to().as_str().into(),
                company_id.map(str::to_owned).into(),
                events.to_vec().into(),
                states(change.from()).into(),
            ],
        )
        .await?;
    Ok(done.rows_affected())
}

/// Changes the status of events, where it brings no problem and no success with it; those that changed, each from where the
/// change may begin. With `versions`, of `ids` in their order, only in these.
pub(crate) async fn events(
    tx: &TenantTx,
    ids: &[EventId],
    change: EventChange,
    versions: Option<&[i32]>,
) -> Result<HashSet<EventId>, Error> {
    let tries = i32::from(matches!(change, EventChange::QueueAgain { .. }));
    let versions = versions.unwrap_or_default();
    let changed = tx
        .query_as::<Event>(
            "UPDATE event e SET status = $4, due_at = tillpost_now() + make_interval(secs => $5), tries = e.tries + $6,
               updated_at = tillpost_now()
              FROM unnest($2::uuid[], $3::int[]) AS c(id, version)
              WHERE {mine:e} AND e.id = c.id AND array_position($7, e.status) IS NOT NULL AND e.version = coalesce(c.version, e.version)
              RETURNING e.id",
            vec![
                ids.iter().map(|id| id.0).collect::<Vec<_>>().into(),
                versions.to_vec().into(),
                change.to().as_str().into(),
                seconds(change.due_after()).into(),
                tries.into(),
                statuses(change.from()).into(),
            ],
        )
        .await?;
    Ok(changed.into_iter().map(|row| row.id).collect())
}

/// The events' entries are in the books, and whoever wants to hear of it is told.
pub(crate) async fn synced(tx: &TenantTx, ids: &[EventId]) -> Result<(), Error> {
    let change = EventChange::Sync;
    let changed = tx.query_as::<Event>(
        "UPDATE event SET status = $3, due_at = NULL, problem_code = NULL, problem_detail = NULL,
           problem_facts = NULL, synced_at = tillpost_now(), retried_code = NULL, updated_at = tillpost_now()
          WHERE {mine} AND id = ANY($2) AND array_position($4, status) IS NOT NULL RETURNING id",
        vec![
            ids.iter().map(|id| id.0).collect::<Vec<_>>().into(),
            change.to().as_str().into(),
            statuses(change.from()).into(),
        ],
    )
    .await?;
    let changed: Vec<EventId> = changed.into_iter().map(|row| row.id).collect();
    webhook::events(tx, &changed).await
}

#[derive(FromQueryResult)]
struct Entry {
    id: JournalEntryId,
}

#[derive(FromQueryResult)]
struct Event {
    id: EventId,
}

fn uuids(ids: &[JournalEntryId]) -> Vec<uuid::Uuid> {
    ids.iter().map(|id| id.0).collect()
}

fn attempts(change: EntryChange) -> Result<i32, Error> {
    i32::try_from(change.attempts()).map_err(Error::internal)
}

/// The statuses as a statement's list.
pub(crate) fn statuses(of: &[EventStatus]) -> Vec<String> {
    of.iter().map(|status| status.as_str().to_owned()).collect()
}

/// The states as a statement's list.
pub(crate) fn states(of: &[EntryState]) -> Vec<String> {
    of.iter().map(|state| state.as_str().to_owned()).collect()
}

fn seconds(after: Option<Duration>) -> Option<f64> {
    after.map(|after| after.as_secs_f64())
}
