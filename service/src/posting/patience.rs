//! Leaving a company alone: for a while, until a person acts, or because it takes nothing at present.

use super::drive::Told;
use super::{Turn, lease, outcome};
use crate::alert::Cause as AlertCause;
use crate::connection::{self, refusal};
use crate::error::Error;
use crate::problem::reach;
use crate::sync;
use crate::sync::UNAVAILABLE;
use accounting::posting::{Halt, Heard, Why};
use chrono::TimeDelta;
use entity::store::TenantTx;
use quickbooks::Failure;
use std::time::Duration;

/// A read failed: what that means for the turn is the machine's to say.
pub(super) fn trouble(turn: &mut Turn<'_>, failure: Failure) -> Told {
    tracing::warn!(tenant.id = %turn.tenant, "QuickBooks did not answer a read well: {failure}");
    let told = Heard::Trouble(outcome::of(&failure));
    turn.failure = Some(failure);
    told
}

/// Leaves the company alone for a while, and tells a person why where there is something to tell.
pub(super) async fn wait(turn: &Turn<'_>, why: Why, wait: Duration) -> Result<Told, Error> {
    if why == Why::Throttled {
        let company = &turn.lease.company_id;
        turn.service.budget().refused(company, wait).await;
    }
    let tx = turn.tx().await?;
    let until = tx.now().await? + TimeDelta::from_std(wait).unwrap_or(TimeDelta::minutes(5));
    if !lease::throttle(&tx, turn.lease, until).await? {
        return Ok(Heard::Lost);
    }
    match why {
        Why::Throttled => sync::waits_in_vain(&tx, "throttled", until).await?,
        Why::Unwell => sync::waits_in_vain(&tx, UNAVAILABLE, until).await?,
        Why::Pace => {}
    }
    tx.commit().await?;
    Ok(Heard::Done)
}

/// Nothing more is tried: until a person acts, or until a company that refuses is asked again.
pub(super) async fn halt(turn: &Turn<'_>, halt: Halt) -> Result<Told, Error> {
    let tx = turn.tx().await?;
    match halt {
        Halt::TokenRefused => {
            let detail =
                "QuickBooks refuses an access token that it has just given. Connect again.";
            let cause = AlertCause::AuthenticationLost;
            connection::halt(&tx, turn.connection.id, cause, detail).await?;
        }
        Halt::CompanyRefuses => company_refuses(&tx, turn, turn.failure.as_ref()).await?,
    }
    tx.commit().await?;
    Ok(Heard::Done)
}

/// The company as a whole refuses, as `failure` says.
pub(super) async fn company_refuses(
    tx: &TenantTx,
    turn: &Turn<'_>,
    failure: Option<&Failure>,
) -> Result<(), Error> {
    let (cause, detail) = refusal::of(failure.map(|failure| &failure.cause));
    refusal::refuses(tx, &turn.connection, cause, detail).await
}

/// The queue is left alone until a person acts, or it is tried again.
pub(super) async fn hold(turn: &mut Turn<'_>) -> Result<Told, Error> {
    let Some(code) = turn.held_up.take() else {
        return Ok(Heard::Done);
    };
    let tx = turn.tx().await?;
    if !lease::holds(&tx, turn.lease).await? {
        return Ok(Heard::Lost);
    }
    let times = turn.connection.held_times.saturating_add(1);
    let wait = TimeDelta::from_std(reach::hold(times)).map_err(Error::internal)?;
    let until = tx.now().await? + wait;
    sync::waits(&tx, code.as_str(), until).await?;
    tx.execute(
        "UPDATE connection SET held_code = $3, held_until = $4, held_times = $5 WHERE {mine} AND id = $2",
        vec![
            turn.connection.id.into(),
            code.as_str().into(),
            until.into(),
            times.into(),
        ],
    )
    .await?;
    tx.commit().await?;
    tracing::warn!(tenant.id = %turn.tenant, "every entry is refused as {}; the queue is held until {until}", code.as_str());
    Ok(Heard::Done)
}
