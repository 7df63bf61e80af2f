//! How many events each subject of an alert keeps from the books, and which: those that ask for what it is about. Counted by
//! footprints; no event's body is read.

use crate::error::Error;
use crate::need;
use crate::problem::Code;
use accounting::Missing;
use chrono::{DateTime, Utc};
use entity::store::TenantTx;
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

/// Events that an alert gives as examples.
pub(super) const EXAMPLES: usize = 5;

/// Events that are kept from the books.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Count {
    /// They failed.
    pub(super) failed: i64,
    /// They are queued, and will fail.
    pub(super) waiting: i64,
}

impl Count {
    pub(super) fn all(self) -> i64 {
        self.failed + self.waiting
    }
}

/// What some subjects keep from the books.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Of each subject; an event that needs two stands under both.
    pub(super) of: Vec<Count>,
    /// Of all of them; each event once.
    pub(super) total: Count,
    /// A few of the events: failed ones, where any failed.
    pub(super) examples: Vec<Uuid>,
}

/// The footprints of the events that ask for anything of each group.
const ASKED: &str = "SELECT DISTINCT n.place, f.footprint_id
  FROM unnest($2::int[], $3::text[], $4::text[], $5::text[]) AS n(place, slot, key, location)
  JOIN footprint_need f ON {mine:f} AND f.slot = n.slot AND f.key = n.key AND f.location = n.location";

fn about(sql: &str) -> String {
    sql.replace("ASKED", ASKED)
}

fn values(groups: &[Vec<&Missing>], codes: &[Code]) -> Vec<Value> {
    let names: Vec<String> = codes.iter().map(|code| code.as_str().to_owned()).collect();
    let mut values = need::grouped(groups);
    values.push(names.into());
    values
}

/// Counts the events that ask for any need of each group: those that failed with one of `codes`, and those that are queued.
///
/// # Errors
/// The database's.
pub(super) async fn tally(
    tx: &TenantTx,
    groups: &[Vec<&Missing>],
    codes: &[Code],
) -> Result<Tally, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        place: Option<i32>,
        failed: i64,
        waiting: i64,
    }
    let mut tally = Tally {
        of: vec![Count::default(); groups.len()],
        ..Tally::default()
    };
    let rows = tx
        .query_as::<Row>(
            &about(
                "WITH asked AS MATERIALIZED (ASKED),
                   kept AS MATERIALIZED (
                     SELECT e.footprint_id, count(*) FILTER (WHERE e.status = 'failed') AS failed,
                            count(*) FILTER (WHERE e.status = 'not_synced') AS waiting
                       FROM (SELECT DISTINCT footprint_id FROM asked) AS a
                       JOIN event e ON {mine:e} AND e.footprint_id = a.footprint_id
                        AND (e.status = 'not_synced' OR e.status = 'failed' AND e.problem_code = ANY($6))
                      GROUP BY e.footprint_id)
                 SELECT a.place, sum(k.failed)::bigint AS failed, sum(k.waiting)::bigint AS waiting
                   FROM asked a JOIN kept k ON k.footprint_id = a.footprint_id GROUP BY a.place
                 UNION ALL
                 SELECT NULL, coalesce(sum(failed), 0)::bigint, coalesce(sum(waiting), 0)::bigint FROM kept",
            ),
            values(groups, codes),
        )
        .await?;
    for row in rows {
        let count = Count {
            failed: row.failed,
            waiting: row.waiting,
        };
        match row.place {
            None => tally.total = count,
            Some(place) => {
                if let Some(of) = usize::try_from(place)
                    .ok()
                    .and_then(|place| tally.of.get_mut(place))
                {
                    *of = count;
                }
            }
        }
    }
    tally.examples = examples(tx, groups, codes, tally.total).await?;
    Ok(tally)
}

// Any few, the latest of them first.
async fn examples(
    tx: &TenantTx,
    groups: &[Vec<&Missing>],
    codes: &[Code],
    total: Count,
) -> Result<Vec<Uuid>, Error> {
    #[derive(FromQueryResult)]
    struct Example {
        id: Uuid,
    }
    if total == Count::default() {
        return Ok(Vec::new());
    }
    let mut values = values(groups, codes);
    values.push((total.failed > 0).into());
    values.push(i64::try_from(EXAMPLES).unwrap_or(i64::MAX).into());
    let rows = tx
        .query_as::<Example>(
            &about(
                "SELECT few.id FROM (
                   SELECT e.id FROM (SELECT DISTINCT asked.footprint_id FROM (ASKED) AS asked) AS a
                     JOIN event e ON {mine:e} AND e.footprint_id = a.footprint_id
                      AND CASE WHEN $7 THEN e.status = 'failed' AND e.problem_code = ANY($6) ELSE e.status = 'not_synced' END
                    LIMIT $8) AS few ORDER BY few.id DESC",
            ),
            values,
        )
        .await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// When subjects were met.
#[derive(Debug, Clone, Copy, FromQueryResult)]
pub(super) struct Times {
    /// When the first and the last of the events that failed for them did; none where none did.
    pub(super) first_failed_at: Option<DateTime<Utc>>,
    pub(super) last_failed_at: Option<DateTime<Utc>>,
    /// When events asked for the first of them, and for the last, for the first time.
    pub(super) first_seen_at: Option<DateTime<Utc>>,
    pub(super) last_seen_at: Option<DateTime<Utc>>,
}

/// When what some groups are about was met. Reads every failed event that asks for it.
///
/// # Errors
/// The database's.
pub(super) async fn times(
    tx: &TenantTx,
    groups: &[Vec<&Missing>],
    codes: &[Code],
) -> Result<Option<Times>, Error> {
    Ok(tx
        .query_as::<Times>(
            &about(
                "SELECT failed.*, seen.* FROM
                   (SELECT min(e.updated_at) AS first_failed_at, max(e.updated_at) AS last_failed_at
                      FROM (SELECT DISTINCT asked.footprint_id FROM (ASKED) AS asked) AS a
                      JOIN event e ON {mine:e} AND e.footprint_id = a.footprint_id AND e.status = 'failed'
                       AND e.problem_code = ANY($6)) AS failed,
                   (SELECT min(need.first_seen_at) AS first_seen_at, max(need.first_seen_at) AS last_seen_at
                      FROM unnest($3::text[], $4::text[], $5::text[]) AS n(slot, key, location)
                      JOIN need ON {mine:need} AND need.slot = n.slot AND need.key = n.key AND need.location = n.location) AS seen",
            ),
            values(groups, codes),
        )
        .await?
        .pop())
}

/// Failed events that lack a rounding account at one location.
#[derive(FromQueryResult)]
pub(super) struct Rounding {
    /// Empty: at none.
    pub(super) location: String,
    pub(super) events: i64,
    /// Those of them that ask for nothing else of the groups.
    pub(super) others: i64,
    pub(super) examples: Vec<Uuid>,
}

/// The failed events that lack a rounding account, as they failed: whether an event asks for one shows only when its entry is
/// built, so that it is in no footprint.
///
/// # Errors
/// The database's.
pub(super) async fn rounding(
    tx: &TenantTx,
    groups: &[Vec<&Missing>],
) -> Result<Vec<Rounding>, Error> {
    tx.query_as::<Rounding>(
        &about(
            "WITH asked AS MATERIALIZED (ASKED)
             SELECT coalesce(m.location, '') AS location, count(*) AS events,
                    count(*) FILTER (WHERE NOT EXISTS (SELECT 1 FROM asked WHERE asked.footprint_id = e.footprint_id)) AS others,
                    (array_agg(e.id))[1:5] AS examples
               FROM event e, jsonb_to_recordset(e.problem_facts -> 'missing') AS m(slot text, location text)
              WHERE {mine:e} AND e.status = 'failed' AND e.problem_code = ANY($6) AND m.slot = 'rounding'
              GROUP BY m.location",
        ),
        values(groups, &[Code::MissingMappings]),
    )
    .await
    .map_err(Error::from)
}
