//! The token endpoint's errors, byte for byte where recorded.

use crate::quickbooks::reply::Reply;

/// Why the authorization server refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OAuthError {
    /// A code or token it does not know. (That unknown values get the short form is assumed.)
    InvalidGrant,
    /// A refresh token superseded, expired or revoked, or a code used or too old.
    TokenInvalid,
    /// A token of another app, or not a refresh token at all. The token lives on.
    WrongClient,
    /// The person who connected is not in the company any more.
    UserNotInRealm,
    /// The client id or secret is wrong.
    InvalidClient,
    /// A parameter is missing. Form assumed.
    InvalidRequest,
    /// A grant type it does not offer. Form assumed.
    UnsupportedGrantType,
}

impl OAuthError {
    pub(crate) fn reply(self) -> Reply {
        let (status, body) = match self {
            Self::InvalidGrant => (400, r#"{"error":"invalid_grant"}"#),
            Self::TokenInvalid => (
                400,
                r#"{"error_description":"Token invalid","error":"invalid_grant"}"#,
            ),
            Self::WrongClient => (
                400,
                r#"{"error":"invalid_grant","error_description":"Incorrect Token type or clientID"}"#,
            ),
            Self::UserNotInRealm => (
                400,
                r#"{"error_description":"Unauthorized Request: User is not a member of the specified Realm","x_error_reason":"user_not_in_realm","x_error_reason_detail":"The user is not in the specified realm","error":"invalid_grant"}"#,
            ),
            Self::InvalidClient => (401, r#"{"error":"invalid_client"}"#),
            Self::InvalidRequest => (400, r#"{"error":"invalid_request"}"#),
            Self::UnsupportedGrantType => (400, r#"{"error":"unsupported_grant_type"}"#),
        };
        Reply::json_text(status, body)
    }
}
