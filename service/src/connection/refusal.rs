//! A company that refuses us as a whole: it is left alone, asked again with one request when a pause is over, and well as soon
//! as it answers. The pause grows each time it refuses.

use crate::alert::Cause as AlertCause;
use crate::error::Error;
use crate::webhook;
use accounting::posting::refused_wait;
use chrono::{DateTime, TimeDelta, Utc};
use entity::connection::Model;
use entity::id::ConnectionId;
use entity::store::TenantTx;
use quickbooks::Cause;

/// The alerts of a company that refuses.
const REFUSING: [AlertCause; 2] = [AlertCause::SubscriptionLapsed, AlertCause::CompanyRefuses];

/// What a refusal is an alert of, and what happened in words.
pub(crate) fn of(cause: Option<&Cause>) -> (AlertCause, &'static str) {
    match cause {
        Some(Cause::SubscriptionLapsed) => (
            AlertCause::SubscriptionLapsed,
            "The company's QuickBooks subscription has lapsed, so QuickBooks takes no entries.",
        ),
        Some(Cause::CompanyLocked) => (
            AlertCause::CompanyRefuses,
            "The company is locked in QuickBooks.",
        ),
        Some(Cause::CompanyReset) => (
            AlertCause::CompanyRefuses,
            "The company was reset in QuickBooks.",
        ),
        _ => (
            AlertCause::CompanyRefuses,
            "QuickBooks says that the company did not authorise us, or that the connecting user lost rights.",
        ),
    }
}

/// When a company that refuses is asked again; none, where it does not refuse, or only a person can help.
pub(crate) fn asked_again_at(connection: &Model) -> Option<DateTime<Utc>> {
    let code = connection.problem_code.as_deref()?;
    let refuses = REFUSING.iter().any(|cause| cause.code() == code);
    (connection.state == "action_required" && refuses)
        .then(|| connection.held_until.unwrap_or(connection.connected_at))
}

/// Whether the company may be spoken to: it is connected, or it refused and is to be asked again.
pub(crate) fn may_be_asked(connection: &Model, now: DateTime<Utc>) -> bool {
    connection.state == "connected" || asked_again_at(connection).is_some_and(|at| at <= now)
}

/// What keeps us from asking the company anything, what helps, and when it is asked again by itself; none where nothing does.
pub(crate) fn in_the_way(connection: &Model) -> Option<String> {
    match connection.state.as_str() {
        "connected" => return None,
        "disconnected" => return Some("QuickBooks is disconnected: connect it again.".to_owned()),
        _ => {}
    }
    let Some(at) = asked_again_at(connection) else {
        return Some("QuickBooks needs to be connected again.".to_owned());
    };
    let what = match connection.problem_code.as_deref() {
        Some("subscription_lapsed") => "The QuickBooks subscription has lapsed: renew it.",
        _ => "QuickBooks refuses us for this company: see the alert.",
    };
    let at = at.format("%Y-%m-%d %H:%M UTC");
    Some(format!(
        "{what} It is tried again by itself at {at}, or at once when the sync is started."
    ))
}

/// Leaves a company that refuses alone for a while, longer each time. `was` is the connection as it was before the requests left:
/// several that are refused together are one refusal.
pub(crate) async fn refuses(
    tx: &TenantTx,
    was: &Model,
    cause: AlertCause,
    detail: &str,
) -> Result<(), Error> {
    let again = was.state == "action_required" && was.problem_code.as_deref() == Some(cause.code());
    let before = if again { was.held_times } else { 0 };
    let times = before.saturating_add(1);
    let wait = refused_wait(u32::try_from(times).unwrap_or_default());
    let until = tx.now().await? + TimeDelta::from_std(wait).map_err(Error::internal)?;
    tx.execute(
        "UPDATE connection SET held_code = $3, held_until = $4, held_times = $5 WHERE {mine} AND id = $2",
        vec![was.id.into(), cause.code().into(), until.into(), times.into()],
    )
    .await?;
    super::halt(tx, was.id, cause, detail).await
}

/// A company that refused has answered: it is well. Its alert closes with the review that ends the transaction.
pub(crate) async fn answers(tx: &TenantTx, id: ConnectionId) -> Result<(), Error> {
    let codes: Vec<String> = REFUSING.map(|cause| cause.code().to_owned()).into();
    let mended = tx
        .execute(
            "UPDATE connection SET state = 'connected', problem_code = NULL, held_code = NULL, held_until = NULL, held_times = 0
              WHERE {mine} AND id = $2 AND state = 'action_required' AND problem_code = ANY($3)",
            vec![id.into(), codes.into()],
        )
        .await?;
    if mended.rows_affected() > 0 {
        webhook::connection_changed(tx).await?;
    }
    Ok(())
}
