//! What open alerts keep from the books, as it is when somebody looks. The queue changes with every event, and no event writes
//! to an alert for that: it is counted when an alert is read or told.

use super::row::of_problem;
use super::tally::EXAMPLES;
use super::{Alert, Cause};
use crate::error::Error;
use crate::problem::Code;
use crate::{connection, event};
use entity::alert::Model;
use entity::connection::Model as Connection;
use entity::id::EventId;
use entity::store::TenantTx;
use sea_orm::FromQueryResult;
use std::collections::HashSet;
use uuid::Uuid;

/// Where the events that wait are listed.
const WAITING: &str = "/events?status=not_synced,processing";

/// Alerts as they are told, in the order of their rows.
///
/// # Errors
/// The database's.
pub(super) async fn view(tx: &TenantTx, rows: Vec<Model>) -> Result<Vec<Alert>, Error> {
    let now = match rows.iter().any(|row| row.closed_at.is_none()) {
        true => Some(Now::read(tx).await?),
        false => None,
    };
    rows.into_iter()
        .map(|row| {
            let now = now.as_ref().filter(|_| row.closed_at.is_none());
            let alert = Alert::try_from(row)?;
            Ok(match now {
                Some(now) => now.told(alert),
                None => alert,
            })
        })
        .collect()
}

/// An alert as it is told.
///
/// # Errors
/// The database's.
pub(super) async fn view_one(tx: &TenantTx, row: Model) -> Result<Alert, Error> {
    let alert = view(tx, vec![row]).await?.pop();
    alert.ok_or(Error::NotFound)
}

/// The problem for which the company's queue is held: every entry was refused for it.
pub(super) fn holding(connection: &Connection) -> Option<Code> {
    let code = connection.held_code.as_deref()?;
    Code::read(code).filter(|_| connection.state == "connected")
}

/// A few of the events that wait, those first that go out first, and those last whose outcome is not known.
///
/// # Errors
/// The database's.
pub(super) async fn examples(tx: &TenantTx) -> Result<Vec<Uuid>, Error> {
    #[derive(FromQueryResult)]
    struct Example {
        id: Uuid,
    }
    let rows = tx
        .query_as::<Example>(
            "SELECT few.id FROM (
               SELECT part.past::int AS place, first.* FROM (VALUES (false), (true)) AS part(past), LATERAL
                 (SELECT e.occurred_at, e.id FROM event e WHERE {mine:e} AND e.status = 'not_synced' AND e.past = part.past
                   ORDER BY e.occurred_at, e.id LIMIT $2) AS first
               UNION ALL SELECT 2, under_way.* FROM
                 (SELECT e.occurred_at, e.id FROM event e WHERE {mine:e} AND e.status = 'processing'
                   ORDER BY e.business_date, e.occurred_at, e.id LIMIT $2) AS under_way) AS few
              ORDER BY few.place, few.occurred_at, few.id LIMIT $2",
            vec![i64::try_from(EXAMPLES).unwrap_or(i64::MAX).into()],
        )
        .await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

// How the tenant's events stand.
struct Now {
    waiting: i64,
    examples: Vec<EventId>,
    failing: HashSet<(Cause, String)>,
    holding: Option<(Cause, String)>,
}

impl Now {
    async fn read(tx: &TenantTx) -> Result<Self, Error> {
        let counts = event::counts::glance(tx).await?;
        let waiting = counts.of("not_synced") + counts.of("processing");
        let examples = match waiting {
            0 => Vec::new(),
            _ => examples(tx).await?,
        };
        let failed = counts.problems.iter().filter(|row| row.status == "failed");
        let connection = connection::current(tx).await?;
        Ok(Self {
            waiting,
            examples: examples.into_iter().map(EventId).collect(),
            failing: failed
                .filter_map(|row| Code::read(&row.code).map(of_problem))
                .collect(),
            holding: connection.as_ref().and_then(holding).map(of_problem),
        })
    }

    fn told(&self, mut alert: Alert) -> Alert {
        let is = (alert.code, alert.problem_code.clone().unwrap_or_default());
        if alert.code.keeps_the_queue() || self.holding.as_ref() == Some(&is) {
            alert.events += self.waiting;
            if alert.code.keeps_the_queue() {
                // Those that its row names waited when it was looked at last.
                alert.example_event_ids.clear();
            }
            for waiting in &self.examples {
                if !alert.example_event_ids.contains(waiting) {
                    alert.example_event_ids.push(*waiting);
                }
            }
            alert.example_event_ids.truncate(EXAMPLES);
        }
        // A list of failed events is no help once all of them are tried again.
        if alert.code.link().starts_with("/events?") && !self.failing.contains(&is) {
            alert.link = alert.link.replace(alert.code.link(), WAITING);
        }
        alert
    }
}
