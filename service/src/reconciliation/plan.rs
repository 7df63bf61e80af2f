//! What a run reads next, and whether it may: its part, and the budget.

use super::notes::Notes;
use super::{READS_PER_DAY_MAX, run::Run};
use crate::error::Error;
use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use entity::store::TenantTx;
use sea_orm::FromQueryResult;

/// QuickBooks tells of changes for 30 days; not asked for to the last moment.
const CHANGES_REACH: TimeDelta = TimeDelta::hours(30 * 24 - 1);
/// Asked for once more before what the last look reached: clocks differ, and entries show late.
const OVERLAP: TimeDelta = TimeDelta::minutes(15);
/// Entries of ours in a part, so that a part is a page where the company has few others.
const PART_ENTRIES: i64 = 900;

/// One metered read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Read {
    /// What changed since then.
    Changes(DateTime<Utc>),
    /// A page of some days.
    Days {
        from: NaiveDate,
        to: NaiveDate,
        position: u32,
    },
    /// Single entries.
    Entries(Vec<String>),
}

/// What is read next. A part that was not begun is begun now.
pub(super) async fn next(
    tx: &TenantTx,
    run: &mut Run,
    notes: &Notes,
    now: DateTime<Utc>,
) -> Result<Read, Error> {
    if !notes.to_ask.is_empty() {
        let most = notes.to_ask.len().min(quickbooks::IDS_MAX);
        return Ok(Read::Entries(notes.to_ask[..most].to_vec()));
    }
    if run.row.phase == "changes" {
        let since = match run.row.changes_since {
            Some(since) => since,
            None => since(tx, &run.row.company_id, now).await?,
        };
        // It may have waited long: the answer is of now, and reaches no further back than it does now.
        run.row.part_began_at = Some(now);
        let since = since.max(now - CHANGES_REACH);
        run.row.changes_since = Some(since);
        return Ok(Read::Changes(since));
    }
    let (Some(from), Some(last)) = (run.row.next_date, run.row.last_date) else {
        return Err(Error::internal("a run reads days and has none"));
    };
    let to = match run.row.part_to {
        Some(to) => to,
        None => {
            run.row.part_began_at = Some(now);
            run.row.position = 1;
            part_end(tx, &run.row.company_id, from, last).await?
        }
    };
    run.row.part_to = Some(to);
    Ok(Read::Days {
        from,
        to,
        position: u32::try_from(run.row.position).unwrap_or(1),
    })
}

// As far as the last look reached, or as far as there can be entries of ours, or as far as QuickBooks remembers.
async fn since(
    tx: &TenantTx,
    company_id: &str,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        at: Option<DateTime<Utc>>,
    }
    let at = tx
        .query_as::<Row>(
            "SELECT coalesce(
               (SELECT max(r.changes_through) FROM reconciliation r WHERE {mine:r} AND r.company_id = $2 AND r.phase = 'days'),
               (SELECT min(j.settled_at) FROM journal_entry j WHERE {mine:j} AND j.company_id = $2 AND j.state = 'posted')) AS at",
            vec![company_id.into()],
        )
        .await?
        .pop()
        .and_then(|row| row.at)
        .unwrap_or(now);
    Ok(at - OVERLAP)
}

// The last day of a part that begins with `from`: as many days as hold about a page of ours, one at the least.
async fn part_end(
    tx: &TenantTx,
    company_id: &str,
    from: NaiveDate,
    last: NaiveDate,
) -> Result<NaiveDate, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        day: Option<NaiveDate>,
    }
    let first_too_many = tx
        .query_as::<Row>(
            "SELECT min(d.day) AS day FROM (
               SELECT j.accounting_date AS day, sum(count(*)) OVER (ORDER BY j.accounting_date) AS entries FROM journal_entry j
                WHERE {mine:j} AND j.company_id = $2 AND j.state = 'posted' AND j.accounting_date BETWEEN $3 AND $4
                GROUP BY j.accounting_date) AS d
              WHERE d.entries > $5 AND d.day > $3",
            vec![
                company_id.into(),
                from.into(),
                last.into(),
                PART_ENTRIES.into(),
            ],
        )
        .await?
        .pop()
        .and_then(|row| row.day);
    Ok(first_too_many.map_or(last, |day| day - Days::new(1)))
}

/// Whether the budget allows another read now; where not, when it does.
pub(super) async fn not_before(
    tx: &TenantTx,
    run: &Run,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        reads: i64,
    }
    let today = now.date_naive();
    let of_tenant = tx
        .query_as::<Row>(
            "SELECT coalesce(sum(reads_today), 0) AS reads FROM reconciliation WHERE {mine} AND reads_on = $2",
            vec![today.into()],
        )
        .await?
        .pop()
        .map_or(0, |row| row.reads);
    let of_run = match run.row.reads_on {
        Some(day) if day == today => run.row.reads_today,
        _ => 0,
    };
    let spent = of_run >= run.row.reads_per_day || of_tenant >= i64::from(READS_PER_DAY_MAX);
    Ok(spent.then(|| (today + Days::new(1)).and_time(NaiveTime::MIN).and_utc()))
}
