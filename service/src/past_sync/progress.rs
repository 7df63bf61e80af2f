//! How far past syncs are: counted from their events, and estimated from the company's rate budget.

use super::{PastSync, State};
use crate::error::Error;
use crate::settings::Posting;
use crate::{Service, connection, sync, webhook};
use entity::id::PastSyncId;
use entity::past_sync::Model;
use entity::store::TenantTx;
use sea_orm::FromQueryResult;
use std::collections::HashMap;

/// Items of a batch.
const BATCH_ITEMS: i64 = 30;

/// Events of a past sync by where they stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, FromQueryResult)]
pub(crate) struct Counts {
    waiting: i64,
    pub(crate) synced: i64,
    pub(crate) failed: i64,
    pub(crate) skipped: i64,
}

#[derive(FromQueryResult)]
struct CountsRow {
    past_sync_id: PastSyncId,
    #[sea_orm(nested)]
    counts: Counts,
}

/// What the estimate needs to know besides the past sync itself.
struct Pace {
    /// Live events in the queue, which go first.
    live: i64,
    /// Whether each slice costs a look-up of its numbers before it is sent.
    looks_up: bool,
    /// Whether the tenant's backlogs go in batches.
    batches: bool,
}

/// Past syncs as they are told, in the order given.
pub(super) async fn view(
    service: &Service,
    tx: &TenantTx,
    rows: Vec<Model>,
) -> Result<Vec<PastSync>, Error> {
    let counts = count(tx, &rows).await?;
    let of = |row: &Model| counts.get(&row.id).copied().unwrap_or_default();
    let pace = if rows.iter().any(|row| of(row).waiting > 0) {
        pace(tx).await?
    } else {
        None
    };
    let posting = &service.settings().posting;
    Ok(rows
        .into_iter()
        .map(|row| {
            let counts = of(&row);
            told(row, counts, pace.as_ref(), posting)
        })
        .collect())
}

/// The events of past syncs by where they stand.
pub(crate) async fn count(
    tx: &TenantTx,
    rows: &[Model],
) -> Result<HashMap<PastSyncId, Counts>, Error> {
    let ids: Vec<uuid::Uuid> = rows.iter().map(|row| row.id.0).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    Ok(tx
        .query_as::<CountsRow>(
            "SELECT past_sync_id, count(*) FILTER (WHERE status IN ('not_synced', 'processing')) AS waiting,
               count(*) FILTER (WHERE status = 'synced') AS synced,
               count(*) FILTER (WHERE status = 'failed') AS failed,
               count(*) FILTER (WHERE status = 'skipped') AS skipped
               FROM event WHERE {mine} AND past_sync_id = ANY($2) GROUP BY past_sync_id",
            vec![ids.into()],
        )
        .await?
        .into_iter()
        .map(|row| (row.past_sync_id, row.counts))
        .collect())
}

// Nothing is estimated while nothing can go out.
async fn pace(tx: &TenantTx) -> Result<Option<Pace>, Error> {
    #[derive(FromQueryResult)]
    struct Live {
        events: i64,
    }
    let connection = connection::current(tx)
        .await?
        .filter(|connection| connection.state == "connected");
    let Some(connection) = connection else {
        return Ok(None);
    };
    if !sync::row(tx).await?.running {
        return Ok(None);
    }
    let live = tx
        .query_as::<Live>(
            "SELECT count(*) AS events FROM event WHERE {mine} AND status = 'not_synced' AND NOT past",
            vec![],
        )
        .await?
        .pop()
        .map_or(0, |live| live.events);
    let tenant = tx.one(tx.find::<entity::tenant::Entity>()).await?;
    Ok(Some(Pace {
        live,
        looks_up: !connection.guards_numbers,
        batches: tenant.is_some_and(|tenant| tenant.batches),
    }))
}

fn told(row: Model, counts: Counts, pace: Option<&Pace>, posting: &Posting) -> PastSync {
    let kept = counts.waiting + counts.synced + counts.failed + counts.skipped;
    let state = match (row.cancelled_at, row.finished_at, counts.waiting) {
        (Some(_), _, _) => State::Cancelled,
        (None, None, 1..) => State::Running,
        (None, _, _) => State::Finished,
    };
    let pace = pace.filter(|_| counts.waiting > 0);
    let done = kept - counts.waiting;
    PastSync {
        id: row.id,
        from_date: row.from_date,
        to_date: row.to_date,
        state,
        events: row.events,
        waiting: counts.waiting,
        synced: counts.synced,
        failed: counts.failed,
        skipped: counts.skipped,
        returned: (row.events - kept).max(0),
        percent_done: percent(done, row.events),
        live_events_ahead: pace.map(|pace| pace.live),
        remaining_seconds: pace.map(|pace| remaining_seconds(counts.waiting, pace, posting)),
        created_by: row.created_by,
        created_at: row.created_at,
        cancelled_at: row.cancelled_at,
        finished_at: row.finished_at,
    }
}

// Whole percents, rounded down: 100 only when all is done.
fn percent(done: i64, all: i64) -> u8 {
    if all <= 0 {
        return 100;
    }
    u8::try_from((done.clamp(0, all)).saturating_mul(100) / all).unwrap_or(100)
}

// A live event is one request, and each slice is one more where numbers are looked up first. Of the others, as many go in
// batches as may, and one a request besides.
fn remaining_seconds(waiting: i64, pace: &Pace, posting: &Posting) -> i64 {
    let events = waiting.saturating_add(pace.live);
    let slice = i64::try_from(posting.backlog.max(1)).unwrap_or(i64::MAX);
    let looked_up = if pace.looks_up {
        divided_up(events, slice)
    } else {
        0
    };
    let per_minute = i64::from(posting.requests_per_minute.max(1));
    let in_batches = match pace.batches {
        true => i64::from(posting.batches_per_minute).min(per_minute) * (BATCH_ITEMS - 1),
        false => 0,
    };
    let requests = pace.live.saturating_add(looked_up);
    divided_up(requests.saturating_mul(60), per_minute).saturating_add(divided_up(
        waiting.saturating_mul(60),
        per_minute.saturating_add(in_batches),
    ))
}

fn divided_up(number: i64, by: i64) -> i64 {
    number / by + i64::from(number % by > 0)
}

/// Ends the past syncs of which nothing waits any more. Called where a turn ends, whose holder has settled all it will.
pub(crate) async fn finish(tx: &TenantTx) -> Result<(), Error> {
    let finished = tx.query_as::<Model>(
        "UPDATE past_sync p SET finished_at = tillpost_now()
          WHERE {mine:p} AND p.finished_at IS NULL AND NOT EXISTS (
            SELECT 1 FROM event e WHERE {mine:e} AND e.past_sync_id = p.id AND e.status IN ('not_synced', 'processing'))
          RETURNING p.*",
        vec![],
    )
    .await?;
    webhook::past_syncs_finished(tx, finished).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_percent_is_said_only_when_nothing_waits() {
        assert_eq!(
            (percent(0, 0), percent(0, 7), percent(6, 7), percent(7, 7)),
            (100, 0, 85, 100)
        );
        assert_eq!(percent(49_999, 50_000), 99);
    }

    #[test]
    fn live_events_and_look_ups_take_their_share_of_the_minute() {
        let posting = Posting {
            backlog: 10,
            requests_per_minute: 420,
            ..Posting::default()
        };
        let pace = |live, looks_up| Pace {
            live,
            looks_up,
            batches: false,
        };
        assert_eq!(remaining_seconds(4_200, &pace(0, false), &posting), 600);
        assert_eq!(
            remaining_seconds(4_200, &pace(4_200, false), &posting),
            1200
        );
        assert_eq!(remaining_seconds(4_200, &pace(0, true), &posting), 660);
        assert_eq!(remaining_seconds(1, &pace(0, false), &posting), 1);
        let in_batches = Pace {
            batches: true,
            ..pace(0, false)
        };
        let posting = Posting::default();
        assert_eq!(remaining_seconds(16_600, &in_batches, &posting), 600);
    }
}
