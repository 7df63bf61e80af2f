//! Short-lived tokens of our own: whoever has an API key exchanges it for one (OAuth 2.0, client credentials), with all its scopes
//! or some of them. A token lives for fifteen minutes and never longer than its key: each use looks at the key again, so that
//! revoking it, or suspending its tenant, ends its tokens with it.

mod keys;

pub use keys::{Keys, PublicKey, PublicKeys};

use crate::access::{Caller, Scope};
use crate::api_key::Stands;
use crate::audit::{Denial, Reason};
use crate::credential::Presented;
use crate::error::Error;
use crate::jwt::{self, Times, Unproven};
use crate::{Service, api_key, audit};
use entity::id::{ApiKeyId, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How long a token lives.
pub const LIFETIME_SECONDS: i64 = 15 * 60;
/// What our tokens are, so that nothing else that we may come to sign passes for one (RFC 9068).
const TYPE: &str = "at+jwt";
/// What is asked for at the token endpoint.
const ISSUE: &str = "issue_token";

/// A token, as OAuth 2.0 answers with it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct IssuedToken {
    /// Send it as `Authorization: Bearer …`.
    #[schema(example = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSIsImtpZCI6Ii4uLiJ9.….…")]
    pub access_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    pub token_type: String,
    /// How many seconds it lives.
    #[schema(example = 900)]
    pub expires_in: i64,
    /// What it may do: scopes, separated by spaces.
    #[schema(example = "events:read events:write")]
    pub scope: String,
}

/// Why no token is issued, in the words of RFC 6749.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The key or its secret does not hold.
    #[error(
        "the client does not hold: its id and secret are those of no API key, or the key was revoked, has expired, or its tenant is suspended"
    )]
    InvalidClient,
    /// A scope is none, or not one of the key's.
    #[error("{0}")]
    InvalidScope(String),
    /// Something else went wrong.
    #[error(transparent)]
    Failed(#[from] Error),
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    /// The key's id.
    sub: String,
    client_id: String,
    tenant_id: TenantId,
    scope: String,
    exp: i64,
    nbf: i64,
    iat: i64,
    jti: String,
}

/// Who asks for a token, and has shown to be that.
#[derive(Debug)]
pub struct Client {
    /// The key's id.
    pub key: String,
    /// Whose it is.
    pub tenant: TenantId,
    scopes: Vec<Scope>,
}

/// The client that this id and secret are those of. Why another is refused stands in the audit log of whoever is known.
///
/// # Errors
/// [`Refusal::InvalidClient`] where they are nobody's; the database does not answer.
pub async fn client(
    service: &Service,
    client_id: &str,
    client_secret: &str,
) -> Result<Client, Refusal> {
    let denial = match api_key::authenticate(service, client_secret, ISSUE).await? {
        Presented::By(Caller::OfTenant {
            tenant,
            actor,
            scopes,
        }) => {
            if actor == client_id {
                return Ok(Client {
                    key: actor,
                    tenant,
                    scopes,
                });
            }
            Denial::of(tenant, &actor, ISSUE, Reason::AnotherClient)
        }
        Presented::By(caller) => {
            let reason = Reason::NotAClient;
            Denial::of(TenantId::PLATFORM, caller.actor(), ISSUE, reason)
        }
        Presented::Refused => return Err(Refusal::InvalidClient),
        Presented::Nobodys(reason) => {
            // What is no key of ours is no secret of the key that the client names, either.
            let named = client_id.parse::<ApiKeyId>().ok();
            let stands = match named {
                Some(id) => api_key::standing(service, id, Some(&[]), ISSUE).await?,
                None => Stands::Nowhere,
            };
            if !matches!(stands, Stands::Refused) {
                audit::knock(service, None, ISSUE, reason);
            }
            return Err(Refusal::InvalidClient);
        }
    };
    audit::deny(service, denial).await;
    Err(Refusal::InvalidClient)
}

/// Gives a client a token. `scope` narrows it: scopes of the key, separated by spaces.
///
/// # Errors
/// [`Refusal`] says which part of the request does not hold.
pub async fn issue(
    service: &Service,
    client: &Client,
    scope: Option<&str>,
) -> Result<IssuedToken, Refusal> {
    let granted = match narrowed(&client.scopes, scope) {
        Ok(granted) => granted,
        Err(refusal) => {
            let reason = Reason::InsufficientScope;
            let denial = Denial::of(client.tenant, &client.key, ISSUE, reason);
            audit::deny(service, denial).await;
            return Err(refusal);
        }
    };
    let now = service.now().await?.timestamp();
    let issuer = service.settings().issuer();
    let claims = Claims {
        iss: issuer.clone(),
        aud: issuer,
        sub: client.key.clone(),
        client_id: client.key.clone(),
        tenant_id: client.tenant,
        scope: spelt(&granted),
        exp: now + LIFETIME_SECONDS,
        nbf: now,
        iat: now,
        jti: uuid::Uuid::new_v4().simple().to_string(),
    };
    Ok(IssuedToken {
        access_token: service.token_keys().sign(TYPE, &claims)?,
        token_type: "Bearer".to_owned(),
        expires_in: LIFETIME_SECONDS,
        scope: claims.scope,
    })
}

fn narrowed(own: &[Scope], wanted: Option<&str>) -> Result<Vec<Scope>, Refusal> {
    let Some(wanted) = wanted.filter(|text| !text.is_empty()) else {
        return Ok(own.to_vec());
    };
    wanted
        .split(' ')
        .map(|name| {
            own.iter()
                .copied()
                .find(|scope| scope.as_str() == name)
                .ok_or_else(|| {
                    let name: String = name
                        .chars()
                        .filter(char::is_ascii_graphic)
                        .take(64)
                        .collect();
                    Refusal::InvalidScope(format!(
                        "this key does not have the scope {name}; it has {}",
                        spelt(own)
                    ))
                })
        })
        .collect()
}

fn spelt(scopes: &[Scope]) -> String {
    let names: Vec<_> = scopes.iter().map(|scope| scope.as_str()).collect();
    names.join(" ")
}

/// Who presents this token of ours.
///
/// # Errors
/// The database does not answer.
pub(crate) async fn authenticate(
    service: &Service,
    token: &str,
    unproven: &Unproven,
    operation: &'static str,
) -> Result<Presented, Error> {
    let Some((id, claims)) = proven(service, token, unproven) else {
        return Ok(Presented::Nobodys(Reason::InvalidToken));
    };
    let key = match api_key::standing(service, id, None, operation).await? {
        Stands::Well(key) if key.tenant == claims.tenant_id => key,
        Stands::Refused => return Ok(Presented::Refused),
        _ => return Ok(Presented::Nobodys(Reason::InvalidToken)),
    };
    let times = Times {
        exp: claims.exp,
        nbf: claims.nbf,
    };
    if !times.hold(key.now, 0) {
        let reason = Reason::TokenExpired;
        let denial = Denial::of(key.tenant, &id.to_string(), operation, reason);
        audit::deny(service, denial).await;
        return Ok(Presented::Refused);
    }
    let named: Vec<_> = claims.scope.split(' ').collect();
    Ok(Presented::By(Caller::OfTenant {
        tenant: key.tenant,
        actor: id.to_string(),
        scopes: key
            .scopes
            .into_iter()
            .filter(|scope| named.contains(&scope.as_str()))
            .collect(),
    }))
}

// The key that a token was given for, whenever; none where we did not make it.
fn proven(service: &Service, token: &str, unproven: &Unproven) -> Option<(ApiKeyId, Claims)> {
    let key = service.token_keys().of(unproven.kid.as_deref()?)?;
    let claims = jwt::prove::<Claims>(token, key, jwt::Algorithm::EdDSA, &[TYPE])?;
    let issuer = service.settings().issuer();
    let lasts = claims.exp.checked_sub(claims.iat);
    let sound = claims.iss == issuer
        && claims.aud == issuer
        && claims.client_id == claims.sub
        && lasts.is_some_and(|seconds| (1..=LIFETIME_SECONDS).contains(&seconds));
    let id = claims.sub.parse().ok().filter(|_| sound)?;
    Some((id, claims))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_the_scopes_that_were_asked_for_and_no_others() {
        let own = [Scope::EventsRead, Scope::EventsWrite];
        assert_eq!(narrowed(&own, None).unwrap(), own);
        assert_eq!(narrowed(&own, Some("")).unwrap(), own);
        assert_eq!(
            narrowed(&own, Some("events:write")).unwrap(),
            [Scope::EventsWrite]
        );
        for wanted in [
            "events:retry",
            "events:read events:retry",
            "events:read  events:write",
            "*",
            " ",
        ] {
            assert!(
                matches!(narrowed(&own, Some(wanted)), Err(Refusal::InvalidScope(_))),
                "{wanted}"
            );
        }
    }
}
