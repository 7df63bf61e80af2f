//! The look at what changed in QuickBooks' lists: one metered read, before the first entry of a day goes out, and at once when
//! QuickBooks refuses an entry for something that its lists hold. A tenant with nothing to post is not looked at.

use super::queue_import;
use super::rows::{self, Source};
use crate::audit::OURSELVES;
use crate::dimension::{self, Kept, Kind};
use crate::error::Error;
use crate::posting::{Turn, outcome};
use crate::{alert, problem};
use accounting::posting::Outcome;
use chrono::{DateTime, TimeDelta, Utc};
use entity::id::ConnectionId;
use entity::store::TenantTx;
use quickbooks::{Changed, Changes, Failure, List};

/// QuickBooks remembers changes for 30 days; what is longer ago is read whole.
const REMEMBERED_DAYS: i64 = 29;
/// A look begins a little before the last one ended: what is told twice does no harm.
const OVERLAP_MINUTES: i64 = 5;
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

/// Looks, where a look is due.
///
/// # Errors
/// The database's.
pub(crate) async fn look(turn: &Turn<'_>) -> Result<Looked, Error> {
    let company_id = &turn.lease.company_id;
    let tx = turn.tx().await?;
    let now = tx.now().await?;
    if turn
        .connection
        .lists_due_at
        .is_none_or(|due_at| due_at > now)
    {
        return Ok(Looked::NotDue);
    }
    let with_dimensions = !dimension::row::all(&tx, company_id).await?.is_empty();
    let remembered = now - TimeDelta::days(REMEMBERED_DAYS);
    let known_through = turn.connection.lists_known_through;
    let Some(through) = known_through.filter(|through| *through >= remembered) else {
        read_whole(&tx, turn, with_dimensions).await?;
        tx.commit().await?;
        return Ok(Looked::Done);
    };
    drop(tx);
    if !turn.may_ask().await {
        return Ok(Looked::Later);
    }
    // A plan without Locations and Classes refuses to tell of them: they are asked for where some were imported.
    let lists: &[List] = match with_dimensions {
        true => &[List::Accounts, List::Departments, List::Classes],
        false => &[List::Accounts],
    };
    let answer = turn.company().changes(lists, through).await;
    let tx = turn.tx().await?;
    match answer {
        Ok(answer) => match answer.value {
            Changes::Complete(changed) => apply(&tx, turn, &changed).await?,
            Changes::TooMany => read_whole(&tx, turn, with_dimensions).await?,
        },
        Err(failure) => match outcome(&failure) {
            Outcome::Unauthorised | Outcome::Throttled { .. } | Outcome::Halted => {
                return Ok(Looked::Failed(failure));
            }
            Outcome::Unknown | Outcome::NotSent => {
                let again = tx.now().await? + TimeDelta::minutes(AGAIN_MINUTES);
                look_at(&tx, turn, again).await?;
            }
            Outcome::Posted | Outcome::Rejected | Outcome::NumberTaken => {
                tracing::warn!(tenant.id = %turn.tenant, "QuickBooks will not tell what changed: {failure}");
                read_whole(&tx, turn, with_dimensions).await?;
            }
        },
    }
    tx.commit().await?;
    Ok(Looked::Done)
}

async fn apply(tx: &TenantTx, turn: &Turn<'_>, changed: &Changed) -> Result<(), Error> {
    let company_id = &turn.lease.company_id;
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
        "UPDATE connection SET lists_known_through = $3, lists_due_at = tillpost_now() + interval '1 day'
          WHERE {mine} AND id = $2",
        vec![turn.connection.id.into(), through.into()],
    )
    .await?;
    problem::tell(tx, company_id).await?;
    alert::review(tx).await
}

async fn look_at(tx: &TenantTx, turn: &Turn<'_>, at: DateTime<Utc>) -> Result<(), Error> {
    tx.execute(
        "UPDATE connection SET lists_due_at = $3 WHERE {mine} AND id = $2",
        vec![turn.connection.id.into(), at.into()],
    )
    .await?;
    Ok(())
}

// Looks begin again when the chart was read.
async fn read_whole(tx: &TenantTx, turn: &Turn<'_>, with_dimensions: bool) -> Result<(), Error> {
    let company_id = &turn.lease.company_id;
    queue_import(tx, company_id, OURSELVES).await?;
    if with_dimensions {
        dimension::queue_import(tx, company_id, OURSELVES).await?;
    }
    tx.execute(
        "UPDATE connection SET lists_known_through = NULL, lists_due_at = tillpost_now() + interval '1 day'
          WHERE {mine} AND id = $2",
        vec![turn.connection.id.into()],
    )
    .await?;
    Ok(())
}
