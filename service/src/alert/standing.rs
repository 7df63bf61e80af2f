//! What holds now, read from the tenant's rows; and the alerts brought into line with it.

use super::row::{self, Condition, of_problem};
use super::tally::EXAMPLES;
use super::{Cause, findings, kept, mapped};
use crate::error::Error;
use crate::grant::when::{HARD_END_TOLD, IDLE_END_TOLD};
use crate::mapping::CompanyMapping;
use crate::problem::Code;
use crate::{connection, grant, location_mapping, need, sync, webhook};
use chrono::{DateTime, TimeDelta, Utc};
use entity::alert::Model as Row;
use entity::connection::Model as Connection;
use entity::store::TenantTx;
use entity::sync::Model as Sync;
use sea_orm::FromQueryResult;
use std::collections::HashMap;
use uuid::Uuid;

/// QuickBooks may be away for so long before a person is told.
const UNREACHABLE_MINUTES: i64 = 15;
/// Events may wait for so long without one that is posted.
const STALLED_MINUTES: i64 = 60;

/// Opens the alerts of what holds, and closes those whose cause is gone. Safe to call at any time; call it in the
/// transaction that changed what they are about.
///
/// # Errors
/// The database's.
pub(crate) async fn review(tx: &TenantTx) -> Result<(), Error> {
    let open = row::open_ones(tx).await?;
    let held = conditions(tx, &open).await?;
    for condition in &held {
        let open = open.iter().find(|row| condition.is_of(row));
        row::holds(tx, condition, open).await?;
    }
    let gone: Vec<_> = open
        .into_iter()
        .filter(|row| !held.iter().any(|condition| condition.is_of(row)))
        .collect();
    if gone.is_empty() {
        return Ok(());
    }
    let on_trial = on_trial(tx).await?;
    for row in gone {
        // A retry that has not shown yet whether it helps closes nothing.
        match on_trial.iter().find(|condition| condition.is_of(&row)) {
            Some(condition) => {
                let condition = condition.clone().about(row.subjects.clone());
                row::holds(tx, &condition, Some(&row)).await?;
            }
            None => row::close(tx, row.id).await?,
        }
    }
    Ok(())
}

async fn conditions(tx: &TenantTx, open: &[Row]) -> Result<Vec<Condition>, Error> {
    let mut failed = of_failed_events(tx).await?;
    // That events failed for want of a mapping is the mapping's alert while it is wanting; then they wait to be retried.
    let failed_before = failed.len();
    failed.retain(|condition| condition.cause != Cause::MissingMapping);
    let unmapped = failed.len() < failed_before;
    // So it is with a mapping that broke: its failures are its alert's.
    let (broken, failed) = failed
        .into_iter()
        .partition(|condition| condition.cause == Cause::BrokenMapping);
    let mut held: Vec<Condition> = failed;
    held.extend(webhook::conditions(tx).await?);
    let connection = connection::current(tx).await?;
    // Of a company that was left, nothing but what became of events is still of interest.
    let Some(connection) = connection.filter(|row| row.state != "disconnected") else {
        held.extend(one_of(broken));
        return Ok(held);
    };
    let now = tx.now().await?;
    let sync = sync::row(tx).await?;
    if let Some(holding) = of_held(&connection, &sync, &held) {
        held.retain(|other| {
            other.cause != holding.cause || other.problem_code != holding.problem_code
        });
        held.push(holding);
    }
    let whole = of_connection(&connection).or_else(|| of_waiting(&connection, &sync, now));
    if let Some(whole) = whole {
        let examples = kept::examples(tx).await?;
        held.push(Condition { examples, ..whole });
    }
    held.extend(of_grant(tx, &connection, now).await?);
    let locations = location_mapping::Stand::read(tx, &connection.company_id).await?;
    held.extend(findings::of_company(tx, &connection.company_id).await?);
    let desk = CompanyMapping::read(tx, connection).await?;
    let needs = need::seen(tx).await?;
    let of = |cause: Cause| open.iter().find(|row| row.code == cause.code());
    let missing = mapped::missing(tx, &desk, &needs, unmapped, of(Cause::MissingMapping));
    held.extend(missing.await?);
    let (broken, open) = (one_of(broken), of(Cause::BrokenMapping));
    held.extend(mapped::broken(tx, &desk, &locations, &needs, broken, open).await?);
    Ok(held)
}

// Its words are those it was opened with.
fn of_connection(connection: &Connection) -> Option<Condition> {
    let code = connection
        .problem_code
        .as_deref()
        .filter(|_| connection.state == "action_required")?;
    Cause::of_connection(code).map(|cause| Condition::new(cause, ""))
}

// The queue is held and events wait in it: what it is held for holds, whatever became of the events that failed for it.
fn of_held(connection: &Connection, sync: &Sync, failed: &[Condition]) -> Option<Condition> {
    let code = kept::holding(connection)?;
    let until = connection.held_until?;
    sync.queue_since?;
    let (cause, problem_code) = of_problem(code);
    let is_it = |held: &&Condition| held.cause == cause && held.problem_code == problem_code;
    let failed = failed.iter().find(is_it).cloned();
    let held = failed.unwrap_or_else(|| Condition {
        problem_code,
        ..Condition::new(cause, code.title())
    });
    let what = held.detail.trim_end_matches('.');
    Some(Condition {
        detail: format!(
            "{what}. Everything that is queued waits; one entry is tried at {}, or at once when failed events are retried or the sync is started.",
            spell(until)
        ),
        ..held
    })
}

fn of_waiting(connection: &Connection, sync: &Sync, now: DateTime<Utc>) -> Option<Condition> {
    // What stops all posting has an alert of its own, and a sync that is stopped does not stall.
    if connection.state != "connected" || kept::holding(connection).is_some() || !sync.running {
        return None;
    }
    let queued_since = sync.queue_since?;
    let unreachable_since = sync
        .waiting_since
        .filter(|_| sync.waiting_code.as_deref() == Some(sync::UNAVAILABLE))
        .filter(|since| *since + TimeDelta::minutes(UNREACHABLE_MINUTES) <= now);
    if let Some(since) = unreachable_since {
        return Some(Condition::new(
            Cause::QuickbooksUnreachable,
            format!(
                "QuickBooks has not answered well since {}; events wait.",
                spell(since)
            ),
        ));
    }
    let still_since = [Some(queued_since), sync.last_success_at, sync.started_at]
        .into_iter()
        .flatten()
        .max()?;
    (still_since + TimeDelta::minutes(STALLED_MINUTES) <= now).then(|| {
        let why = match sync.waiting_code.as_deref() {
            Some("throttled") => "; QuickBooks is limiting requests",
            _ => "",
        };
        Condition::new(
            Cause::SyncStalled,
            format!(
                "Events wait, and none was posted since {}{why}.",
                spell(still_since)
            ),
        )
    })
}

async fn of_grant(
    tx: &TenantTx,
    connection: &Connection,
    now: DateTime<Utc>,
) -> Result<Option<Condition>, Error> {
    // What has ended already is another alert.
    let grant = grant::find(tx, connection.id).await?;
    Ok(grant
        .filter(|grant| grant.ended_at.is_none())
        .and_then(|grant| {
            grant_ending(grant.refresh_expires_at, grant.hard_expires_at, now)
                .map(|detail| Condition::new(Cause::GrantEnding, detail))
        }))
}

/// What a person is told of a grant that ends soon. A hard end comes first: no use of the grant puts it off.
fn grant_ending(
    idle_end: DateTime<Utc>,
    hard_end: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Option<String> {
    let soon = |end: &DateTime<Utc>, told| *end <= now + told;
    if let Some(end) = hard_end.filter(|end| soon(end, HARD_END_TOLD)) {
        return Some(format!(
            "QuickBooks' consent ends on {}, whatever happens: it lasts five years.",
            end.date_naive()
        ));
    }
    soon(&idle_end, IDLE_END_TOLD).then(|| {
        format!(
            "QuickBooks' consent ends on {} unless it is used before: it lasts 100 days without use, and we cannot use it now.",
            idle_end.date_naive()
        )
    })
}

async fn of_failed_events(tx: &TenantTx) -> Result<Vec<Condition>, Error> {
    #[derive(FromQueryResult)]
    struct Failed {
        problem_code: String,
        events: i64,
        detail: String,
        examples: Vec<Uuid>,
    }
    let rows = tx
        .query_as::<Failed>(
            // Examples are any few: the count is an index's, and no failed event is read but these.
            "SELECT f.problem_code, f.events, e.detail, e.examples FROM
               (SELECT problem_code, count(*) AS events FROM event WHERE {mine} AND status = 'failed' GROUP BY problem_code) AS f,
               LATERAL (SELECT min(problem_detail) AS detail, array_agg(id ORDER BY id DESC) AS examples FROM
                 (SELECT id, problem_detail FROM event
                   WHERE {mine} AND status = 'failed' AND problem_code = f.problem_code LIMIT 5) AS few) AS e",
            vec![],
        )
        .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            let (cause, problem_code) = of_problem(Code::read(&row.problem_code)?);
            Some(Condition {
                problem_code,
                events: row.events,
                examples: row.examples,
                ..Condition::new(cause, counted(row.events, &row.detail))
            })
        })
        .collect())
}

/// `3 events, such as this: no account is mapped …`; one alone speaks for itself.
pub(super) fn counted(events: i64, detail: &str) -> String {
    match events {
        1 => detail.to_owned(),
        more => format!("{more} events, such as this: {detail}"),
    }
}

// Several problems of one cause as one condition, in the words of that with most events.
fn one_of(conditions: Vec<Condition>) -> Option<Condition> {
    let events = conditions.iter().map(|condition| condition.events).sum();
    let examples = conditions
        .iter()
        .flat_map(|condition| condition.examples.iter().copied())
        .take(EXAMPLES)
        .collect();
    let most = conditions
        .into_iter()
        .max_by_key(|condition| condition.events)?;
    Some(Condition {
        events,
        examples,
        ..most
    })
}

fn spell(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

// What events failed for that were retried, or sent again, and have not come to an end yet.
async fn on_trial(tx: &TenantTx) -> Result<Vec<Condition>, Error> {
    #[derive(FromQueryResult)]
    struct Retried {
        retried_code: String,
        events: i64,
        examples: Vec<Uuid>,
    }
    let rows = tx
        .query_as::<Retried>(
            // Examples are any few: however many are tried, no more than these are gathered.
            "SELECT r.retried_code, r.events, ARRAY(
               SELECT few.id FROM (SELECT id FROM event WHERE {mine} AND retried_code = r.retried_code LIMIT 5) AS few
                ORDER BY few.id DESC) AS examples
               FROM (SELECT retried_code, count(*) AS events FROM event WHERE {mine} AND retried_code IS NOT NULL
                      GROUP BY retried_code) AS r",
            vec![],
        )
        .await?;
    let mut of: HashMap<(Cause, String), Vec<Condition>> = HashMap::new();
    for row in rows {
        let Some(code) = Code::read(&row.retried_code) else {
            continue;
        };
        let (cause, problem_code) = of_problem(code);
        let are = match row.events {
            1 => "1 event that failed for it is".to_owned(),
            more => format!("{more} events that failed for it are"),
        };
        of.entry((cause, problem_code.clone()))
            .or_default()
            .push(Condition {
                problem_code,
                events: row.events,
                examples: row.examples,
                ..Condition::new(cause, format!("{}: {are} tried again.", code.title()))
            });
    }
    Ok(of.into_values().filter_map(one_of).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_grant_is_told_of_in_time_and_its_hard_end_first() {
        let now = at("2026-11-20T12:00:00Z");
        let days = |days| now + TimeDelta::days(days);
        assert_eq!(grant_ending(days(100), Some(days(1800)), now), None);
        assert_eq!(grant_ending(days(15), None, now), None);
        let idle = grant_ending(days(14), Some(days(31)), now).unwrap();
        assert!(
            idle.contains("2026-12-04") && idle.contains("100 days"),
            "{idle}"
        );
        let hard = grant_ending(days(14), Some(days(30)), now).unwrap();
        assert!(
            hard.contains("2026-12-20") && hard.contains("five years"),
            "{hard}"
        );
    }
}
