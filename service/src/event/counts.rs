//! How many events stand where, without counting them. Every change of events adds rows to `event_count_change`; a count is
//! the sum of those and of `event_count`, in one statement. Where many changes wait, they are folded.

use crate::Service;
use crate::error::Error;
use entity::id::TenantId;
use entity::store::TenantTx;
use sea_orm::FromQueryResult;
use serde::Serialize;
use utoipa::ToSchema;

/// Changes that may wait before they are folded.
const FOLD_AT: i64 = 200;

/// The statement that counts a tenant's events: for whoever looks at its plan or measures it.
pub const COUNTS: &str = "SELECT status, problem_code, sum(events)::bigint AS events, sum(change)::bigint AS changes FROM (
     SELECT status, problem_code, events, 0 AS change FROM event_count WHERE {mine}
     UNION ALL SELECT status, problem_code, events, 1 FROM event_count_change WHERE {mine}) AS parts
    GROUP BY status, problem_code";

/// How many events stand where.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct EventCounts {
    /// All events.
    #[schema(example = 325)]
    pub total: i64,
    /// Events by status, those without events left out.
    pub statuses: Vec<StatusCount>,
    /// Failed and skipped events by the code of their problem, most events first.
    pub problems: Vec<ProblemCount>,
}

/// How many events stand so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StatusCount {
    /// Where they stand.
    #[schema(example = "synced")]
    pub status: String,
    /// How many.
    #[schema(example = 312)]
    pub events: i64,
}

/// How many events have a problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProblemCount {
    /// The problem's code.
    #[schema(example = "missing_mappings")]
    pub code: String,
    /// Where they stand: `failed` or `skipped`.
    #[schema(example = "failed")]
    pub status: String,
    /// How many.
    #[schema(example = 3)]
    pub events: i64,
}

/// The tenant's events by status and problem.
///
/// # Errors
/// The database does not answer.
pub async fn counts(service: &Service, tenant: TenantId) -> Result<EventCounts, Error> {
    let tx = service.tenant(tenant).await?;
    let counts = read(&tx).await?;
    tx.commit().await?;
    Ok(counts)
}

#[derive(Debug, FromQueryResult)]
struct Row {
    status: String,
    problem_code: String,
    events: i64,
    changes: i64,
}

/// As [`counts`]; folds where many changes wait, which a transaction that commits makes lasting.
pub(crate) async fn read(tx: &TenantTx) -> Result<EventCounts, Error> {
    let rows: Vec<Row> = tx.query_as(COUNTS, vec![]).await?;
    if rows.iter().map(|row| row.changes).sum::<i64>() >= FOLD_AT {
        fold(tx).await?;
    }
    Ok(summed(rows))
}

/// As [`counts`], and folds nothing: for a transaction that has more to do.
pub(crate) async fn glance(tx: &TenantTx) -> Result<EventCounts, Error> {
    Ok(summed(tx.query_as(COUNTS, vec![]).await?))
}

impl EventCounts {
    /// Events of one status.
    pub(crate) fn of(&self, status: &str) -> i64 {
        let count = self.statuses.iter().find(|count| count.status == status);
        count.map_or(0, |count| count.events)
    }
}

fn summed(rows: Vec<Row>) -> EventCounts {
    let mut counts = EventCounts::default();
    for row in rows.into_iter().filter(|row| row.events != 0) {
        counts.total += row.events;
        match counts
            .statuses
            .iter_mut()
            .find(|count| count.status == row.status)
        {
            Some(count) => count.events += row.events,
            None => counts.statuses.push(StatusCount {
                status: row.status.clone(),
                events: row.events,
            }),
        }
        if !row.problem_code.is_empty() {
            counts.problems.push(ProblemCount {
                code: row.problem_code,
                status: row.status,
                events: row.events,
            });
        }
    }
    counts.statuses.sort_by(|a, b| a.status.cmp(&b.status));
    counts
        .problems
        .sort_by(|a, b| (b.events, &a.code).cmp(&(a.events, &b.code)));
    counts
}

/// Folds the changes that wait, where they are many. It is the last thing a transaction does: whoever folds waits for
/// nobody but another who folds, in the order of the counts.
pub(crate) async fn fold(tx: &TenantTx) -> Result<(), Error> {
    tx.execute(
        "WITH folded AS (
           DELETE FROM event_count_change WHERE {mine} AND ctid = ANY(ARRAY(
             SELECT ctid FROM event_count_change WHERE {mine}
                AND (SELECT count(*) FROM (SELECT 1 FROM event_count_change WHERE {mine} LIMIT $2) AS waiting) >= $2
              FOR UPDATE SKIP LOCKED))
           RETURNING status, problem_code, events)
         INSERT INTO event_count AS c (tenant_id, status, problem_code, events)
           SELECT $1, status, problem_code, sum(events) FROM folded GROUP BY status, problem_code
            HAVING sum(events) <> 0 ORDER BY status, problem_code
         ON CONFLICT (tenant_id, status, problem_code) DO UPDATE SET events = c.events + excluded.events",
        vec![FOLD_AT.into()],
    )
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_status_are_added_up_and_what_cancels_out_is_not_shown() {
        let row = |status: &str, code: &str, events| Row {
            status: status.into(),
            problem_code: code.into(),
            events,
            changes: 0,
        };
        let counts = summed(vec![
            row("failed", "b", 2),
            row("synced", "", 5),
            row("failed", "a", 3),
            row("processing", "", 0),
        ]);
        assert_eq!(counts.total, 10);
        let statuses: Vec<_> = counts
            .statuses
            .iter()
            .map(|c| (c.status.as_str(), c.events))
            .collect();
        assert_eq!(statuses, [("failed", 5), ("synced", 5)]);
        let problems: Vec<_> = counts
            .problems
            .iter()
            .map(|c| (c.code.as_str(), c.events))
            .collect();
        assert_eq!(problems, [("a", 3), ("b", 2)]);
    }
}
