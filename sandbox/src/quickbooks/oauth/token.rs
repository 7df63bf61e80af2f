//! The token endpoint and the revocation endpoint.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::quickbooks::record::Violation;
use crate::quickbooks::reply::Reply;
use crate::quickbooks::world::World;

use super::error::OAuthError;
use super::grant::{ACCESS_SECONDS, Grant, HARD_SECONDS, IDLE_SECONDS, Refresh};
use super::{AccessToken, OAuth};

/// A request to the token endpoint.
#[derive(Clone, Debug, Default)]
pub(crate) struct TokenRequest {
    /// The `Authorization` header.
    pub(crate) authorization: Option<String>,
    /// The form.
    pub(crate) form: HashMap<String, String>,
    /// Whether the hard expiry was asked for by its header.
    pub(crate) include_hard_expiry: bool,
}

impl TokenRequest {
    fn value(&self, name: &str) -> Option<&str> {
        self.form
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// The authenticated app's client id.
    fn client(&self, oauth: &OAuth) -> Result<String, OAuthError> {
        let basic = self.authorization.as_deref().and_then(basic_credentials);
        let posted = || {
            Some((
                self.value("client_id")?.to_owned(),
                self.value("client_secret")?.to_owned(),
            ))
        };
        let (id, secret) = basic.or_else(posted).ok_or(OAuthError::InvalidClient)?;
        if oauth.knows(&id, &secret) {
            Ok(id)
        } else {
            Err(OAuthError::InvalidClient)
        }
    }

    /// Whether it wants to refresh rather than to exchange a code.
    pub(crate) fn refreshes(&self) -> bool {
        self.value("grant_type") == Some("refresh_token")
    }

    /// The grant whose refresh token it presents.
    pub(crate) fn grant(&self, oauth: &OAuth) -> Option<usize> {
        self.value("refresh_token")
            .and_then(|token| oauth.refresh_tokens.get(token))
            .copied()
    }
}

fn basic_credentials(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(BASE64.decode(encoded.trim().as_bytes()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

/// Answers the token endpoint.
pub(crate) fn issue(world: &mut World, request: &TokenRequest) -> Reply {
    let now = world.clock.now();
    let answer =
        request
            .client(&world.oauth)
            .and_then(|client_id| match request.value("grant_type") {
                Some("authorization_code") => exchange(world, request, &client_id, now),
                Some("refresh_token") => refresh(world, request, &client_id, now),
                Some(_) => Err(OAuthError::UnsupportedGrantType),
                None => Err(OAuthError::InvalidRequest),
            });
    match answer {
        Ok(grant) => Reply::json(&tokens(world, grant, request.include_hard_expiry, now)),
        Err(error) => error.reply(),
    }
}

fn exchange(
    world: &mut World,
    request: &TokenRequest,
    client_id: &str,
    now: DateTime<Utc>,
) -> Result<usize, OAuthError> {
    let presented = request.value("code").ok_or(OAuthError::InvalidRequest)?;
    let code = world
        .oauth
        .codes
        .get_mut(presented)
        .ok_or(OAuthError::InvalidGrant)?;
    if code.client_id != client_id {
        return Err(OAuthError::WrongClient);
    }
    if code.used {
        world
            .record
            .violations
            .push(Violation::AuthorizationCodeReused {
                realm_id: code.realm_id.clone(),
            });
        return Err(OAuthError::TokenInvalid);
    }
    let too_old = now - code.issued_at
        >= TimeDelta::seconds(world.switches.authorization_code_seconds.into());
    if too_old || request.value("redirect_uri") != Some(&code.redirect_uri) {
        return Err(OAuthError::InvalidGrant);
    }
    code.used = true;
    let refresh_token = world
        .dice
        .refresh_token(now + TimeDelta::seconds(IDLE_SECONDS));
    let grant = world.oauth.grants.len();
    world
        .oauth
        .refresh_tokens
        .insert(refresh_token.clone(), grant);
    world.oauth.grants.push(Grant {
        client_id: client_id.to_owned(),
        realm_id: code.realm_id.clone(),
        authorized_at: now,
        refresh_token,
        value_since: now,
        used_at: now,
        superseded: Vec::new(),
        ended: false,
        user_removed: false,
    });
    Ok(grant)
}

fn refresh(
    world: &mut World,
    request: &TokenRequest,
    client_id: &str,
    now: DateTime<Utc>,
) -> Result<usize, OAuthError> {
    let presented = request
        .value("refresh_token")
        .ok_or(OAuthError::InvalidRequest)?;
    if world.oauth.access_tokens.contains_key(presented) {
        return Err(OAuthError::WrongClient);
    }
    let index = request
        .grant(&world.oauth)
        .ok_or(OAuthError::InvalidGrant)?;
    let grant = &mut world.oauth.grants[index];
    match grant.refresh(presented, client_id, now, &world.switches) {
        Refresh::Refused(error) => return Err(error),
        Refresh::Superseded { ends_grant } => {
            grant.ended |= ends_grant;
            world
                .record
                .violations
                .push(Violation::SupersededRefreshToken {
                    realm_id: grant.realm_id.clone(),
                });
            return Err(OAuthError::TokenInvalid);
        }
        Refresh::Keep => {}
        Refresh::Rotate => {
            let value = world
                .dice
                .refresh_token(now + TimeDelta::seconds(IDLE_SECONDS));
            let old = std::mem::replace(&mut grant.refresh_token, value.clone());
            grant.superseded.push((old, now));
            grant.value_since = now;
            world.oauth.refresh_tokens.insert(value, index);
        }
    }
    world.oauth.grants[index].used_at = now;
    Ok(index)
}

/// A fresh access token and the current refresh token. Earlier access tokens live on (assumed).
fn tokens(world: &mut World, index: usize, include_hard_expiry: bool, now: DateTime<Utc>) -> Value {
    let access_token = world.dice.access_token();
    let expires_at = now + TimeDelta::seconds(ACCESS_SECONDS);
    world.oauth.access_tokens.insert(
        access_token.clone(),
        AccessToken {
            grant: index,
            expires_at,
        },
    );
    let grant = &world.oauth.grants[index];
    let hard_seconds = (grant.hard_expires_at() - now)
        .num_seconds()
        .clamp(0, HARD_SECONDS);
    let mut answer = json!({
        "token_type": "bearer",
        "access_token": access_token,
        "expires_in": ACCESS_SECONDS,
        "refresh_token": grant.refresh_token,
        "x_refresh_token_expires_in": IDLE_SECONDS.min(hard_seconds),
    });
    if include_hard_expiry {
        answer["x_refresh_token_hard_expires_in"] = json!(hard_seconds);
    }
    answer
}

/// Notes that a refresh of a grant is on its way and gives its company; two at once are recorded.
pub(crate) fn refresh_begins(world: &mut World, grant: usize) -> String {
    let realm_id = world.oauth.grants[grant].realm_id.clone();
    let running = world.oauth.refreshing.entry(grant).or_default();
    *running += 1;
    if *running > 1 {
        world.record.violations.push(Violation::ConcurrentRefresh {
            realm_id: realm_id.clone(),
        });
    }
    realm_id
}

/// Notes that it has been answered.
pub(crate) fn refresh_ends(world: &mut World, grant: usize) {
    if let Some(running) = world.oauth.refreshing.get_mut(&grant) {
        *running = running.saturating_sub(1);
    }
}

/// Answers the revocation endpoint: an access or refresh token ends its whole grant.
pub(crate) fn revoke(
    world: &mut World,
    authorization: Option<String>,
    token: Option<&str>,
) -> Reply {
    let request = TokenRequest {
        authorization,
        ..TokenRequest::default()
    };
    let client_id = match request.client(&world.oauth) {
        Ok(client_id) => client_id,
        Err(error) => return error.reply(),
    };
    let oauth = &mut world.oauth;
    let grant = token.and_then(|token| {
        let refresh = oauth.refresh_tokens.get(token).copied();
        refresh.or_else(|| oauth.access_tokens.get(token).map(|access| access.grant))
    });
    match grant.map(|index| oauth.grants[index].clone()) {
        // Revoking removes the app's access to the company [§1.7]: whoever else got a grant of it loses it too.
        Some(grant) if grant.client_id == client_id && !grant.ended => {
            for other in &mut oauth.grants {
                other.ended |= other.client_id == client_id && other.realm_id == grant.realm_id;
            }
            Reply::empty(200)
        }
        Some(grant) if grant.client_id != client_id => OAuthError::WrongClient.reply(),
        // A token revoked before, or never issued: 400 by the documents, body assumed.
        _ => OAuthError::InvalidGrant.reply(),
    }
}
