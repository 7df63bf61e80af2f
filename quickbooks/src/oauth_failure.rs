//! Why an OAuth call failed, decided on the body's `error` and not on the status
//! (`quickbooks-online.md` §1.5).

use std::time::Duration;

use serde::Deserialize;
use thiserror::Error;

use crate::wire::{Lost, Received};

/// Why an OAuth call gave nothing, by what can be done about it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OAuthFailure {
    /// `invalid_grant`: the code was used or is too old, or the refresh token was superseded, expired
    /// or revoked. The user connects again, unless somebody else has just refreshed.
    #[error("the grant has ended{}", suffix(intuit_tid))]
    GrantEnded {
        /// Intuit's words.
        description: Option<String>,
        /// Intuit's id of the exchange.
        intuit_tid: Option<String>,
    },
    /// The person who connected is no longer in the company; another administrator connects.
    #[error(
        "the connecting user is not in the company any more{}",
        suffix(intuit_tid)
    )]
    UserNotInCompany {
        /// Intuit's id of the exchange.
        intuit_tid: Option<String>,
    },
    /// Our keys or our request are wrong. The operator acts; connecting again cannot help, and the
    /// token may be perfectly alive.
    #[error("OAuth is misconfigured: {error}{}", suffix(intuit_tid))]
    Misconfigured {
        /// The body's `error`, such as `invalid_client`.
        error: String,
        /// Intuit's words.
        description: Option<String>,
        /// Intuit's id of the exchange.
        intuit_tid: Option<String>,
    },
    /// Definitely not sent: the same call may be made again at once.
    #[error("not sent: {reason}")]
    NotSent {
        /// What stood in the way.
        reason: String,
    },
    /// May or may not have happened: time-out, reset, 429, 5xx, an answer nobody can read.
    #[error("outcome unknown: {reason}{}", suffix(intuit_tid))]
    Unknown {
        /// What was seen instead of an answer.
        reason: String,
        /// The HTTP status, when there was one.
        http_status: Option<u16>,
        /// Intuit's id of the exchange.
        intuit_tid: Option<String>,
        /// How long Intuit asks to wait.
        retry_after: Option<Duration>,
    },
}

impl OAuthFailure {
    /// Intuit's id of the exchange, for a support case.
    pub fn intuit_tid(&self) -> Option<&str> {
        match self {
            Self::GrantEnded { intuit_tid, .. }
            | Self::UserNotInCompany { intuit_tid }
            | Self::Misconfigured { intuit_tid, .. }
            | Self::Unknown { intuit_tid, .. } => intuit_tid.as_deref(),
            Self::NotSent { .. } => None,
        }
    }

    /// An answer that should have been a success and cannot be used.
    pub(crate) fn unreadable(received: &Received, reason: &str) -> Self {
        Self::Unknown {
            reason: reason.to_owned(),
            http_status: Some(received.status),
            intuit_tid: received.intuit_tid.clone(),
            retry_after: received.retry_after,
        }
    }
}

impl From<Lost> for OAuthFailure {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::NotSent { reason } => Self::NotSent { reason },
            Lost::Unknown {
                reason,
                http_status,
                intuit_tid,
                retry_after,
            } => Self::Unknown {
                reason,
                http_status,
                intuit_tid,
                retry_after,
            },
        }
    }
}

/// RFC 6749 §5.2, with Intuit's own members.
#[derive(Deserialize)]
struct Refusal {
    error: String,
    error_description: Option<String>,
    x_error_reason: Option<String>,
}

/// Reads an answer of an OAuth endpoint as a refusal; `None` when it is a success.
///
/// 429 and 5xx stay unknown whatever their body says: a grant is never given up on the word of a
/// server in trouble.
pub(crate) fn refusal(received: &Received) -> Option<OAuthFailure> {
    let trouble = received.status == 429 || received.status >= 500;
    let refusal = serde_json::from_slice::<Refusal>(&received.body).ok();
    match refusal {
        Some(refusal) if !trouble => Some(meaning(refusal, received)),
        _ if received.is_success() => None,
        _ => Some(OAuthFailure::unreadable(received, "no OAuth answer")),
    }
}

fn meaning(refusal: Refusal, received: &Received) -> OAuthFailure {
    let intuit_tid = received.intuit_tid.clone();
    let description = refusal.error_description;
    // Another client id's token, or an access token: the token itself stays alive [§1.5].
    let not_ours = description
        .as_deref()
        .is_some_and(|text| text.contains("Incorrect Token type or clientID"));
    match refusal.error.as_str() {
        "invalid_grant" if refusal.x_error_reason.as_deref() == Some("user_not_in_realm") => {
            OAuthFailure::UserNotInCompany { intuit_tid }
        }
        "invalid_grant" if !not_ours => OAuthFailure::GrantEnded {
            description,
            intuit_tid,
        },
        "invalid_grant"
        | "invalid_client"
        | "invalid_request"
        | "invalid_scope"
        | "unauthorized_client"
        | "unsupported_grant_type" => OAuthFailure::Misconfigured {
            error: refusal.error,
            description,
            intuit_tid,
        },
        _ => OAuthFailure::unreadable(received, "an OAuth error outside the table"),
    }
}

fn suffix(intuit_tid: &Option<String>) -> String {
    intuit_tid
        .as_ref()
        .map(|tid| format!(" (intuit_tid {tid})"))
        .unwrap_or_default()
}
