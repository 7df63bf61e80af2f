//! What an answer of the token endpoint means for the grant, and what a person is told where it has ended.

use chrono::{DateTime, Utc};
use quickbooks::OAuthFailure;
use std::time::Duration;

/// What a refresh without a new pair means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// No answer that can be read: it is asked once more with the same token, which inside a day has usually not changed.
    Lost,
    /// The refresh token is refused for good, unless somebody else has had another meanwhile.
    Ended,
    /// The token endpoint is to be asked later. The grant is as it was, unless `in_doubt`: then the endpoint may have given
    /// another token and failed to say so.
    Later { in_doubt: bool },
}

/// What this failure means. A service in trouble is never asked at once again, and never believed that a grant has ended.
pub(super) fn meaning(failure: &OAuthFailure) -> Meaning {
    match failure {
        OAuthFailure::GrantEnded { .. } | OAuthFailure::UserNotInCompany { .. } => Meaning::Ended,
        // Our keys, our request, or nothing sent.
        OAuthFailure::Misconfigured { .. } | OAuthFailure::NotSent { .. } => {
            Meaning::Later { in_doubt: false }
        }
        OAuthFailure::Unknown { http_status, .. } => match http_status {
            None | Some(..400) => Meaning::Lost,
            Some(400..500) => Meaning::Later { in_doubt: false },
            Some(_) => Meaning::Later { in_doubt: true },
        },
    }
}

/// How long the endpoint itself asks to be left alone.
pub(super) fn asks_to_wait(failure: &OAuthFailure) -> Option<Duration> {
    match failure {
        OAuthFailure::Unknown { retry_after, .. } => *retry_after,
        _ => None,
    }
}

/// What was known of a grant when it ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Life {
    /// Since when an answer to a refresh with its token was missing.
    pub(super) doubt_since: Option<DateTime<Utc>>,
    pub(super) idle_end: DateTime<Utc>,
    pub(super) hard_end: Option<DateTime<Utc>>,
}

/// Why a grant has ended, in words for the person who has to connect again.
pub(super) fn why_ended(failure: &OAuthFailure, life: Life, now: DateTime<Utc>) -> String {
    if matches!(failure, OAuthFailure::UserNotInCompany { .. }) {
        return "The person who connected QuickBooks was removed from the company; an administrator of it must connect again."
            .to_owned();
    }
    if let Some(end) = life.hard_end.filter(|end| *end <= now) {
        return format!(
            "QuickBooks' consent ended on {}: it lasts five years. Connect again.",
            end.date_naive()
        );
    }
    if life.idle_end <= now {
        return format!(
            "QuickBooks' consent ended on {}: it had not been used for 100 days. Connect again.",
            life.idle_end.date_naive()
        );
    }
    match life.doubt_since {
        Some(since) => format!(
            "On {} QuickBooks was asked for a new token and its answer was lost on the way; the token that we still have is no \
             longer accepted. Nothing is wrong with the company or its books. Connect again.",
            since.format("%Y-%m-%d %H:%M UTC")
        ),
        None => "QuickBooks no longer accepts our access: it was revoked there, or has ended. Connect again."
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    fn unknown(http_status: Option<u16>) -> OAuthFailure {
        OAuthFailure::Unknown {
            reason: "seen".to_owned(),
            http_status,
            intuit_tid: None,
            retry_after: Some(Duration::from_secs(7)),
        }
    }

    fn refused() -> OAuthFailure {
        OAuthFailure::GrantEnded {
            description: None,
            intuit_tid: None,
        }
    }

    #[test]
    fn only_a_refusal_ends_a_grant_and_only_a_lost_answer_is_asked_for_again() {
        assert_eq!(meaning(&refused()), Meaning::Ended);
        for (status, means) in [
            (None, Meaning::Lost),
            (Some(200), Meaning::Lost),
            (Some(302), Meaning::Lost),
            (Some(403), Meaning::Later { in_doubt: false }),
            (Some(429), Meaning::Later { in_doubt: false }),
            (Some(500), Meaning::Later { in_doubt: true }),
            (Some(503), Meaning::Later { in_doubt: true }),
        ] {
            assert_eq!(meaning(&unknown(status)), means, "{status:?}");
        }
        let ours = OAuthFailure::Misconfigured {
            error: "invalid_client".to_owned(),
            description: None,
            intuit_tid: None,
        };
        assert_eq!(meaning(&ours), Meaning::Later { in_doubt: false });
        let not_sent = OAuthFailure::NotSent {
            reason: "no connection".to_owned(),
        };
        assert_eq!(meaning(&not_sent), Meaning::Later { in_doubt: false });
        assert_eq!(
            asks_to_wait(&unknown(Some(429))),
            Some(Duration::from_secs(7))
        );
        assert_eq!(asks_to_wait(&not_sent), None);
    }

    #[test]
    fn a_person_is_told_what_ended_the_grant() {
        let now: DateTime<Utc> = "2026-11-26T12:00:00Z".parse().unwrap();
        let life = Life {
            doubt_since: None,
            idle_end: now + TimeDelta::days(90),
            hard_end: Some(now + TimeDelta::days(900)),
        };
        let told = |life| why_ended(&refused(), life, now);
        assert!(told(life).contains("revoked"));
        let lost = Life {
            doubt_since: Some(now - TimeDelta::minutes(5)),
            ..life
        };
        assert!(
            told(lost).contains("2026-11-26 11:55 UTC") && told(lost).contains("answer was lost")
        );
        let idle = Life {
            idle_end: now,
            ..life
        };
        assert!(told(idle).contains("100 days"));
        let hard = Life {
            hard_end: Some(now),
            ..idle
        };
        assert!(told(hard).contains("five years"));
        let removed = OAuthFailure::UserNotInCompany { intuit_tid: None };
        assert!(why_ended(&removed, lost, now).contains("was removed"));
    }
}
