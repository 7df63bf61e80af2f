//! The posting machine's table of states as statements: what each change may be made from, and what it makes.

use crate::error::Error;
use accounting::posting::{Absences, BatchName, EntryChange, EntryState, EventChange, EventStatus};
use entity::id::{EventId, JournalEntryId};
use entity::store::TenantTx;
use std::time::Duration;

/// Changes an entry's state; `qbo_id` where it comes to be in the books. False, and nothing written, where the entry is in no
/// state that this leads from.
pub(crate) async fn entry(
    tx: &TenantTx,
    id: JournalEntryId,
    change: EntryChange,
    qbo_id: Option<&str>,
) -> Result<bool, Error> {
    let done = tx
        .execute(
            "UPDATE journal_entry SET state = $3, qbo_id = $4, due_at = tillpost_now() + make_interval(secs => $5),
               absences = CASE WHEN $6 THEN absences + 1 ELSE 0 END, attempts = attempts + $7,
               settled_at = CASE WHEN $8 THEN tillpost_now() END
              WHERE {mine} AND id = $2 AND state = ANY($9)",
            vec![
                id.into(),
                change.to().as_str().into(),
                qbo_id.map(str::to_owned).into(),
                seconds(change.due_after()).into(),
                (change.absences() == Absences::Count).into(),
                i32::try_from(change.attempts()).map_err(Error::internal)?.into(),
                change.settles().into(),
                states(change.from()).into(),
            ],
        )
        .await?;
    Ok(done.rows_affected() > 0)
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
              WHERE {mine} AND company_id = coalesce($3, company_id) AND event_id = ANY($4) AND state = ANY($5)",
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

/// Fixes the name that an entry goes out under as an item, with its intent and for good.
pub(crate) async fn name(tx: &TenantTx, id: JournalEntryId, name: &BatchName) -> Result<(), Error> {
    tx.execute(
        "UPDATE journal_entry SET batch_request_id = $3, batch_item_id = $4
          WHERE {mine} AND id = $2 AND batch_request_id IS NULL",
        vec![
            id.into(),
            name.request_id.clone().into(),
            name.item_id.clone().into(),
        ],
    )
    .await?;
    Ok(())
}

/// Changes an event's status, where it brings no problem and no success with it; only in `version`, where one is given.
/// False, and nothing written, where the event has no status that this leads from.
pub(crate) async fn event(
    tx: &TenantTx,
    id: EventId,
    change: EventChange,
    version: Option<i32>,
) -> Result<bool, Error> {
    let tries = i32::from(matches!(change, EventChange::QueueAgain { .. }));
    let done = tx
        .execute(
            "UPDATE event SET status = $3, due_at = tillpost_now() + make_interval(secs => $4), tries = tries + $5,
               updated_at = tillpost_now()
              WHERE {mine} AND id = $2 AND status = ANY($6) AND version = coalesce($7, version)",
            vec![
                id.into(),
                change.to().as_str().into(),
                seconds(change.due_after()).into(),
                tries.into(),
                statuses(change.from()).into(),
                version.into(),
            ],
        )
        .await?;
    Ok(done.rows_affected() > 0)
}

/// The event's entry is in the books.
pub(crate) async fn synced(tx: &TenantTx, id: EventId) -> Result<(), Error> {
    let change = EventChange::Sync;
    tx.execute(
        "UPDATE event SET status = $3, due_at = NULL, problem_code = NULL, problem_detail = NULL,
           problem_facts = NULL, synced_at = tillpost_now(), retried_code = NULL, updated_at = tillpost_now()
          WHERE {mine} AND id = $2 AND status = ANY($4)",
        vec![
            id.into(),
            change.to().as_str().into(),
            statuses(change.from()).into(),
        ],
    )
    .await?;
    Ok(())
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
