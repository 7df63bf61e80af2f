//! The rows of events on their way in: what is known of them, new ones all at once, and the next version of one.

use super::series::Series;
use super::{Candidate, Line, Taken, TakenEvent};
use crate::access::Caller;
use crate::error::Error;
use crate::event::Happened;
use crate::event::history::{self, Change};
use crate::{audit, posting};
use entity::id::EventId;
use entity::store::TenantTx;
use sea_orm::{FromQueryResult, Value};
use std::collections::HashMap;

/// What is stored of an event with the same identity.
#[derive(Debug, Clone, FromQueryResult)]
pub(super) struct Known {
    pub(super) id: EventId,
    pub(super) r#type: String,
    pub(super) external_id: String,
    pub(super) number: String,
    pub(super) version: i32,
    pub(super) body_hash: Vec<u8>,
    pub(super) status: String,
}

pub(super) async fn known(
    tx: &TenantTx,
    candidates: &[Candidate],
) -> Result<HashMap<(String, String), Known>, Error> {
    let rows = tx
        .query_as::<Known>(
            // The order and the limit leave the planner no way but one step into the unique index for each event. A plan made
            // while the table is empty, and kept while it fills, would otherwise read all of the tenant's events each time.
            "SELECT known.* FROM unnest($2::text[], $3::text[]) AS wanted(type, external_id), LATERAL
               (SELECT e.id, e.type, e.external_id, e.number, e.version, e.body_hash, e.status FROM event e
                 WHERE {mine:e} AND (e.type, e.external_id) >= (wanted.type, wanted.external_id)
                 ORDER BY e.type, e.external_id LIMIT 1) AS known
              WHERE known.type = wanted.type AND known.external_id = wanted.external_id",
            vec![
                candidates.iter().map(|c| c.kind.to_owned()).collect::<Vec<_>>().into(),
                candidates.iter().map(|c| c.external_id.clone()).collect::<Vec<_>>().into(),
            ],
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| ((row.r#type.clone(), row.external_id.clone()), row))
        .collect())
}

// One statement for all new events, with arrays: its text is the same for any number of rows.
pub(super) async fn flush(
    tx: &TenantTx,
    caller: &Caller,
    line: &Line,
    new: &mut Vec<(Candidate, Known)>,
) -> Result<(), Error> {
    if new.is_empty() {
        return Ok(());
    }
    let texts = |of: fn(&(Candidate, Known)) -> String| -> Value {
        new.iter().map(of).collect::<Vec<String>>().into()
    };
    let values = vec![
        new.iter().map(|(_, k)| k.id.0).collect::<Vec<_>>().into(),
        texts(|(c, _)| c.kind.to_owned()),
        texts(|(c, _)| c.external_id.clone()),
        texts(|(_, k)| k.number.clone()),
        texts(|(c, _)| c.body.clone()),
        new.iter()
            .map(|(c, _)| c.body_hash.clone())
            .collect::<Vec<Vec<u8>>>()
            .into(),
        new.iter()
            .map(|(c, _)| c.occurred_at)
            .collect::<Vec<_>>()
            .into(),
        new.iter()
            .map(|(c, _)| c.business_date)
            .collect::<Vec<_>>()
            .into(),
        texts(|(c, _)| c.location.clone().unwrap_or_default()),
        new.iter()
            .map(|(c, _)| line.queues(c.occurred_at))
            .collect::<Vec<bool>>()
            .into(),
        new.iter()
            .map(|(c, _)| c.footprint)
            .collect::<Vec<_>>()
            .into(),
        caller.actor().into(),
    ];
    tx.execute(
        "INSERT INTO event (tenant_id, id, type, external_id, number, body, body_hash, occurred_at, business_date, location,
           status, due_at, footprint_id, taken_in_by, queued_on_intake)
         SELECT $1, e.id, e.type, e.external_id, e.number, e.body, e.body_hash, e.occurred_at, e.business_date, nullif(e.location, ''),
           CASE WHEN e.queued THEN 'not_synced' ELSE 'never_synced' END, CASE WHEN e.queued THEN tillpost_now() END,
           e.footprint_id, $13, e.queued
           FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[], $8::timestamptz[],
             $9::date[], $10::text[], $11::bool[], $12::uuid[])
             AS e(id, type, external_id, number, body, body_hash, occurred_at, business_date, location, queued, footprint_id)",
        values,
    )
    .await?;
    new.clear();
    Ok(())
}

// The same identity with another body: the next version, as long as nothing of the old one can be in the books.
pub(super) async fn replace(
    tx: &TenantTx,
    caller: &Caller,
    line: &Line,
    series: &mut Series,
    candidate: &Candidate,
    row: &Known,
) -> Result<TakenEvent, Error> {
    if let Some(wanted) = &candidate.wanted_number
        && *wanted != row.number
        && series.taken.contains(wanted)
    {
        return Ok(candidate.refused(
            "number_in_use",
            "number",
            format!(
                "number {wanted} belongs to another event; send another number, or leave it out"
            ),
        ));
    }
    let number = candidate.wanted_number.as_ref().unwrap_or(&row.number);
    let queues = line.queues(candidate.occurred_at);
    // Where nothing can be in the books: not queued, queued and never sent, failed, or skipped. A sealed entry that was
    // definitely not executed is withdrawn with the version it was made of; one that was in doubt goes out again first, under its name.
    let replaced = tx
        .query_as::<Known>(
            "UPDATE event SET version = version + 1, number = $3, body = $4, body_hash = $5, occurred_at = $6,
               business_date = $7, location = $8, footprint_id = $10, updated_at = tillpost_now(), problem_code = NULL, problem_detail = NULL,
               problem_facts = NULL, tries = 0, retried_code = coalesce(CASE WHEN status = 'failed' THEN problem_code END, retried_code),
               status = CASE WHEN status = 'never_synced' AND NOT $9 THEN 'never_synced' ELSE 'not_synced' END,
               due_at = CASE WHEN status = 'never_synced' AND NOT $9 THEN NULL ELSE tillpost_now() END
             WHERE {mine} AND id = $2 AND status IN ('never_synced', 'not_synced', 'failed', 'skipped') AND NOT EXISTS (
               SELECT 1 FROM journal_entry j JOIN attempt a ON {mine:a} AND a.journal_entry_id = j.id
                WHERE {mine:j} AND j.event_id = $2 AND j.state = 'sealed' AND a.outcome IN ('unknown', 'abandoned'))
             RETURNING id, type, external_id, number, version, body_hash, status",
            vec![
                row.id.into(),
                number.clone().into(),
                candidate.body.clone().into(),
                candidate.body_hash.clone().into(),
                candidate.occurred_at.into(),
                candidate.business_date.into(),
                candidate.location.clone().into(),
                queues.into(),
                candidate.footprint.into(),
            ],
        )
        .await?
        .pop();
    let Some(replaced) = replaced else {
        return Ok(candidate.refused(
            "event_already_posted",
            "external_id",
            format!(
                "event {} is {} and its journal entry cannot be changed from here; send a correcting event with its own external_id",
                row.id,
                if row.status == "synced" { "posted" } else { "being posted" }
            ),
        ));
    };
    // Taken for the events after it in the same request too.
    series.taken.insert(replaced.number.clone());
    posting::withdraw(tx, None, &[row.id.0]).await?;
    let detail = format!(
        "version {} takes the place of version {}",
        replaced.version, row.version
    );
    let change = Change {
        detail: Some(&detail),
        ..Change::by(caller.actor(), Happened::Replaced)
    };
    history::record(tx, row.id, change).await?;
    audit::record(
        tx,
        caller.actor(),
        "event.replaced",
        &row.id.to_string(),
        serde_json::json!({ "from_version": row.version, "to_version": replaced.version }),
    )
    .await?;
    Ok(candidate.taken(Taken::Replaced, &replaced))
}
