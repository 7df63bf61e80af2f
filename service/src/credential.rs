//! What a caller presents: the platform's credential, an API key, a token of ours, or a token of the vendor's identity provider.

use crate::access::Caller;
use crate::audit::{Reason, knock};
use crate::error::Error;
use crate::{Service, api_key, jwt, member, token};
use entity::id::TenantId;

/// What a credential shows.
pub(crate) enum Presented {
    /// Who calls.
    By(Caller),
    /// It does not hold. Whose it is is known, and the audit log there says so.
    Refused,
    /// It does not hold, and nobody knows whose it is.
    Nobodys(Reason),
}

/// Who presents this for an operation; `None` where it does not hold, which an audit log then tells. What a person may do depends on
/// the tenant whose resources are asked for.
///
/// # Errors
/// The database does not answer; or the identity provider does not, and nothing is known of its keys.
pub async fn authenticate(
    service: &Service,
    presented: &str,
    tenant: Option<TenantId>,
    operation: &'static str,
) -> Result<Option<Caller>, Error> {
    Ok(match look(service, presented, tenant, operation).await? {
        Presented::By(caller) => Some(caller),
        Presented::Refused => None,
        Presented::Nobodys(reason) => {
            knock(service, tenant, operation, reason);
            None
        }
    })
}

async fn look(
    service: &Service,
    presented: &str,
    tenant: Option<TenantId>,
    operation: &'static str,
) -> Result<Presented, Error> {
    let Some(unproven) = jwt::look(presented) else {
        return api_key::authenticate(service, presented, operation).await;
    };
    if unproven.issuer == service.settings().issuer() {
        return token::authenticate(service, presented, &unproven, operation).await;
    }
    match service.identity_provider() {
        Some(provider) if provider.issuer() == unproven.issuer => {
            let Some(person) = provider.person(presented, &unproven).await? else {
                return Ok(Presented::Nobodys(Reason::InvalidToken));
            };
            member::authenticate(service, person, tenant, operation).await
        }
        _ => Ok(Presented::Nobodys(Reason::InvalidToken)),
    }
}
