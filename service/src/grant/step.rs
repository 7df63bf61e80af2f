//! What may be done with a grant as its row stands: used, refreshed, waited for, or nothing.

use super::when;
use chrono::{DateTime, TimeDelta, Utc};
use entity::connection_grant::Model as Row;

/// After this long a claimed refresh is given up for dead: longer than discovery, two calls and the settling may take.
const CLAIM: TimeDelta = TimeDelta::seconds(180);

/// What somebody wants of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// An access token; one of the version that QuickBooks has just refused is of no use, whatever its age.
    Token { refused: Option<i64> },
    /// Whatever is due: the job's wish.
    Due,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Use the access token that is there; for the job: nothing is due.
    Use,
    /// Claim a refresh. `left_behind`: since when an earlier one is missing whose holder died, so that nobody knows whether
    /// QuickBooks has given another token.
    Refresh { left_behind: Option<DateTime<Utc>> },
    /// Somebody else refreshes; read again when they may be done.
    Wait,
    /// The token endpoint is in trouble, and is left alone until then.
    Later(DateTime<Utc>),
    /// A person must connect again.
    Ended,
}

/// What is to be done with this grant.
pub(super) fn step(row: &Row, want: Want, now: DateTime<Utc>) -> Step {
    if row.ended_at.is_some() {
        return Step::Ended;
    }
    let (fresh, usable) = match want {
        Want::Due => (row.due_at.is_none_or(|at| at > now), false),
        Want::Token { refused } if refused == Some(row.version) => (false, false),
        Want::Token { .. } => (
            when::is_fresh(row.access_expires_at, now),
            when::is_usable(row.access_expires_at, now),
        ),
    };
    if fresh {
        return Step::Use;
    }
    let step = match (row.retry_at, row.refresh_started_at) {
        (_, Some(started)) if started + CLAIM > now => Step::Wait,
        (_, Some(started)) => Step::Refresh {
            left_behind: Some(started),
        },
        (Some(retry_at), None) if retry_at > now => Step::Later(retry_at),
        (_, None) => Step::Refresh { left_behind: None },
    };
    match step {
        // An old token is better than none.
        Step::Wait | Step::Later(_) if usable => Step::Use,
        step => step,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::id::{ConnectionId, TenantId};

    const TOKEN: Want = Want::Token { refused: None };

    fn now() -> DateTime<Utc> {
        "2026-11-26T12:00:00Z".parse().unwrap()
    }

    fn ago(seconds: i64) -> Option<DateTime<Utc>> {
        Some(now() - TimeDelta::seconds(seconds))
    }

    fn row(left_seconds: i64) -> Row {
        Row {
            tenant_id: TenantId::new(),
            connection_id: ConnectionId::new(),
            version: 7,
            access_token: Vec::new(),
            refresh_token: Vec::new(),
            access_expires_at: now() + TimeDelta::seconds(left_seconds),
            refresh_expires_at: now() + TimeDelta::days(100),
            hard_expires_at: None,
            refreshed_at: now(),
            refresh_started_at: None,
            claims: 3,
            answered: 3,
            doubt_since: None,
            failures: 0,
            retry_at: None,
            ended_at: None,
            due_at: ago(-3600),
        }
    }

    #[test]
    fn a_token_is_refreshed_when_little_of_it_is_left_or_it_was_refused() {
        let refresh = Step::Refresh { left_behind: None };
        assert_eq!(step(&row(301), TOKEN, now()), Step::Use);
        assert_eq!(step(&row(300), TOKEN, now()), refresh);
        let refused = |version| Want::Token {
            refused: Some(version),
        };
        assert_eq!(step(&row(3600), refused(7), now()), refresh);
        assert_eq!(step(&row(3600), refused(6), now()), Step::Use);
    }

    #[test]
    fn nobody_refreshes_beside_another_and_what_lives_still_is_used_meanwhile() {
        let claimed = |left, seconds| Row {
            refresh_started_at: ago(seconds),
            ..row(left)
        };
        assert_eq!(step(&claimed(-1, 179), TOKEN, now()), Step::Wait);
        assert_eq!(step(&claimed(60, 179), TOKEN, now()), Step::Use);
        let refused = Want::Token { refused: Some(7) };
        assert_eq!(step(&claimed(3600, 179), refused, now()), Step::Wait);
        assert_eq!(
            step(&claimed(60, 180), TOKEN, now()),
            Step::Refresh {
                left_behind: ago(180)
            }
        );
    }

    #[test]
    fn a_token_endpoint_in_trouble_is_left_alone() {
        let in_trouble = |left| Row {
            retry_at: ago(-1),
            failures: 1,
            ..row(left)
        };
        let until = now() + TimeDelta::seconds(1);
        assert_eq!(step(&in_trouble(60), TOKEN, now()), Step::Use);
        assert_eq!(step(&in_trouble(10), TOKEN, now()), Step::Later(until));
        assert_eq!(
            step(&in_trouble(10), TOKEN, until),
            Step::Refresh { left_behind: None }
        );
    }

    #[test]
    fn the_job_does_what_is_due_and_nothing_to_what_has_ended() {
        let due = |seconds| Row {
            due_at: ago(seconds),
            ..row(3600)
        };
        assert_eq!(step(&due(-1), Want::Due, now()), Step::Use);
        assert_eq!(
            step(&due(0), Want::Due, now()),
            Step::Refresh { left_behind: None }
        );
        let claimed = Row {
            refresh_started_at: ago(1),
            ..due(0)
        };
        assert_eq!(step(&claimed, Want::Due, now()), Step::Wait);
        let ended = Row {
            ended_at: ago(1),
            due_at: None,
            ..row(3600)
        };
        assert_eq!(step(&ended, Want::Due, now()), Step::Ended);
        assert_eq!(step(&ended, TOKEN, now()), Step::Ended);
    }
}
