//! The look at what changed in QuickBooks' lists: one metered read a day for every connected company, before the first entry of
//! the day where one goes out, and at once when QuickBooks refuses an entry for something that its lists hold.

use super::queue_import;
use super::rows::{self, Source};
use crate::audit::OURSELVES;
use crate::dimension::{self, Kept, Kind};
use crate::error::Error;
use crate::posting::{Turn, outcome};
use crate::{alert, problem};
use accounting::posting::Outcome;
use chrono::{DateTime, TimeDelta, Utc};
use entity::connection::Model as Connection;
use entity::id::ConnectionId;
use entity::store::TenantTx;
use quickbooks::{Changed, Changes, Company, Failure, List};
use sea_orm::FromQueryResult;

/// QuickBooks remembers changes for 30 days; what is longer ago is read whole.
const REMEMBERED_DAYS: i64 = 29;
/// A look begins a little before the last one ended: what is told twice does no harm.
const OVERLAP_MINUTES: i64 = 5;
/// So long the lists are taken to be as they were read, where somebody asks what they say now.
const FRESH_MINUTES: i64 = 5;
/// A look that QuickBooks did not answer well keeps nothing from being posted, and is tried again so much later.
const AGAIN_MINUTES: i64 = 10;

/// What became of a look.
pub(crate) enum Looked {
    /// None was due.
    NotDue,
    /// The lists are known as they are now, or are about to be read whole, or the look was put off.
    Done,
    /// The pace of the company does not allow it now; it stays due.
    Later,
    /// The company does not answer, or refuses every call; the failure decides how the turn goes on.
    Failed(Failure),
}

/// The chart was read whole: looks begin from here, unless they have begun.
///
/// # Errors
/// The database's.
pub(super) async fn begin(tx: &TenantTx, company_id: &str) -> Result<(), Error> {
    tx.execute(
        // An hour of two clocks' disagreement is allowed for.
        "UPDATE connection SET lists_known_through = coalesce(lists_known_through, tillpost_now() - interval '1 hour'),
           lists_due_at = coalesce(lists_due_at, tillpost_now() + interval '1 day')
          WHERE {mine} AND company_id = $2",
        vec![company_id.into()],
    )
    .await?;
    Ok(())
}

/// QuickBooks refused something that its lists hold: they changed since they were looked at.
///
/// # Errors
/// The database's.
pub(crate) async fn look_soon(tx: &TenantTx, connection: ConnectionId) -> Result<(), Error> {
    tx.execute(
        "UPDATE connection SET lists_due_at = least(lists_due_at, tillpost_now()) WHERE {mine} AND id = $2",
        vec![connection.into()],
    )
    .await?;
    Ok(())
}

/// Has the look of the day made where nothing is posted that would bring it about; tells whether a turn has to make it. A company
/// that QuickBooks refuses everything for is left alone until that is over.
///
/// # Errors
/// The database's.
pub(crate) async fn look_today(tx: &TenantTx, connection: ConnectionId) -> Result<bool, Error> {
    let due = tx
        .execute(
            // A look a day after the last one would find it due some seconds later, and so be made every other day.
            "UPDATE connection SET lists_due_at = least(lists_due_at, tillpost_now())
              WHERE {mine} AND id = $2 AND lists_due_at <= tillpost_now() + interval '1 hour'
                AND (held_until IS NULL OR held_until <= tillpost_now())",
            vec![connection.into()],
        )
        .await?;
    Ok(due.rows_affected() > 0)
}

/// Looks, where a look is due.
///
/// # Errors
/// The database's.
pub(crate) async fn look(turn: &Turn<'_>) -> Result<Looked, Error> {
    let connection = &turn.connection;
    let tx = turn.tx().await?;
    let now = tx.now().await?;
    if connection.lists_due_at.is_none_or(|due_at| due_at > now) {
        return Ok(Looked::NotDue);
    }
    let Some(question) = Question::of(&tx, connection).await? else {
        read_whole(&tx, connection).await?;
        tx.commit().await?;
        return Ok(Looked::Done);
    };
    drop(tx);
    if !turn.may_ask().await {
        return Ok(Looked::Later);
    }
    let answer = question.ask(&turn.company()).await;
    let tx = turn.tx().await?;
    match answer {
        Ok(changes) => learn(&tx, connection, &changes).await?,
        Err(failure) => match outcome(&failure) {
            Outcome::Unauthorised | Outcome::Throttled { .. } | Outcome::Halted => {
                return Ok(Looked::Failed(failure));
            }
            Outcome::Unknown | Outcome::NotSent => {
                let again = tx.now().await? + TimeDelta::minutes(AGAIN_MINUTES);
                look_at(&tx, connection, again).await?;
            }
            Outcome::Posted | Outcome::Rejected | Outcome::NumberTaken => {
                tracing::warn!(tenant.id = %turn.tenant, "QuickBooks will not tell what changed: {failure}");
                read_whole(&tx, connection).await?;
            }
        },
    }
    tx.commit().await?;
    Ok(Looked::Done)
}

/// What a look asks QuickBooks.
pub(crate) struct Question {
    lists: &'static [List],
    since: DateTime<Utc>,
}

impl Question {
    /// None where QuickBooks does not remember for so long, or the lists are being read whole.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn of(tx: &TenantTx, connection: &Connection) -> Result<Option<Self>, Error> {
        let remembered = tx.now().await? - TimeDelta::days(REMEMBERED_DAYS);
        let known_through = connection.lists_known_through;
        let Some(since) = known_through.filter(|through| *through >= remembered) else {
            return Ok(None);
        };
        // A plan without Locations and Classes refuses to tell of them: they are asked for where some were imported.
        let lists: &[List] = match has_dimensions(tx, connection).await? {
            true => &[List::Accounts, List::Departments, List::Classes],
            false => &[List::Accounts],
        };
        Ok(Some(Self { lists, since }))
    }

    /// Asks; one metered read.
    ///
    /// # Errors
    /// QuickBooks'.
    pub(crate) async fn ask(&self, company: &Company) -> Result<Changes, Failure> {
        let answer = company.changes(self.lists, self.since).await?;
        Ok(answer.value)
    }
}

/// Writes down what QuickBooks answered; more than it can tell at once is read whole.
///
/// # Errors
/// The database's.
pub(crate) async fn learn(
    tx: &TenantTx,
    connection: &Connection,
    changes: &Changes,
) -> Result<(), Error> {
    match changes {
        Changes::Complete(changed) => apply(tx, connection, changed).await,
        Changes::TooMany => read_whole(tx, connection).await,
    }
}

/// Since when the lists are known: what QuickBooks held at that moment is known here, by a look or by imports of all of them; none
/// where they were never read.
///
/// # Errors
/// The database's.
pub(crate) async fn known_at(
    tx: &TenantTx,
    connection: &Connection,
) -> Result<Option<DateTime<Utc>>, Error> {
    #[derive(FromQueryResult)]
    struct Known {
        known_at: Option<DateTime<Utc>>,
    }
    let known = tx
        .query_as::<Known>(
            "SELECT greatest(c.lists_known_through + make_interval(mins => $3),
                least((SELECT max(i.requested_at) FROM account_import i
                        WHERE {mine:i} AND i.company_id = c.company_id AND i.state = 'done'),
                  (SELECT max(d.requested_at) FROM dimension_import d
                    WHERE {mine:d} AND d.company_id = c.company_id AND d.state = 'done'))) AS known_at
               FROM connection c WHERE {mine:c} AND c.id = $2",
            vec![
                connection.id.into(),
                i32::try_from(OVERLAP_MINUTES).unwrap_or_default().into(),
            ],
        )
        .await?;
    Ok(known.into_iter().find_map(|row| row.known_at))
}

/// Whether the lists are known as they were within the last minutes.
///
/// # Errors
/// The database's.
pub(crate) async fn is_fresh(tx: &TenantTx, connection: &Connection) -> Result<bool, Error> {
    let recently = tx.now().await? - TimeDelta::minutes(FRESH_MINUTES);
    let known_at = known_at(tx, connection).await?;
    Ok(known_at.is_some_and(|known_at| known_at >= recently))
}

async fn has_dimensions(tx: &TenantTx, connection: &Connection) -> Result<bool, Error> {
    let dimensions = dimension::row::all(tx, &connection.company_id).await?;
    Ok(!dimensions.is_empty())
}

async fn apply(tx: &TenantTx, connection: &Connection, changed: &Changed) -> Result<(), Error> {
    let company_id = &connection.company_id;
    rows::write(tx, company_id, &changed.accounts, Source::Look).await?;
    for (kind, of_kind) in [
        (Kind::Location, &changed.departments),
        (Kind::Class, &changed.classes),
    ] {
        dimension::row::write(tx, company_id, kind, of_kind, Kept::Others).await?;
    }
    let gone = |list| -> Vec<&str> {
        let gone = changed.deleted.iter().filter(|(of, _)| *of == list);
        gone.map(|(_, id)| id.as_str()).collect()
    };
    rows::vanish(tx, company_id, &gone(List::Accounts)).await?;
    dimension::row::vanish(tx, company_id, Kind::Location, &gone(List::Departments)).await?;
    dimension::row::vanish(tx, company_id, Kind::Class, &gone(List::Classes)).await?;
    let through = changed.answered_at - TimeDelta::minutes(OVERLAP_MINUTES);
    tx.execute(
        "UPDATE connection SET lists_known_through = greatest(lists_known_through, $3), lists_due_at = tillpost_now() + interval '1 day'
          WHERE {mine} AND id = $2",
        vec![connection.id.into(), through.into()],
    )
    .await?;
    problem::tell(tx, company_id).await?;
    alert::review(tx).await
}

async fn look_at(tx: &TenantTx, connection: &Connection, at: DateTime<Utc>) -> Result<(), Error> {
    tx.execute(
        "UPDATE connection SET lists_due_at = $3 WHERE {mine} AND id = $2",
        vec![connection.id.into(), at.into()],
    )
    .await?;
    Ok(())
}

// Looks begin again when the chart was read.
async fn read_whole(tx: &TenantTx, connection: &Connection) -> Result<(), Error> {
    let company_id = &connection.company_id;
    queue_import(tx, company_id, OURSELVES).await?;
    if has_dimensions(tx, connection).await? {
        dimension::queue_import(tx, company_id, OURSELVES).await?;
    }
    tx.execute(
        "UPDATE connection SET lists_known_through = NULL, lists_due_at = tillpost_now() + interval '1 day'
          WHERE {mine} AND id = $2",
        vec![connection.id.into()],
    )
    .await?;
    Ok(())
}
