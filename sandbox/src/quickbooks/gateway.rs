//! The gateway before a company: whose token, which company, how many requests.

use super::fault::{Fault, catalogue};
use super::oauth::BearerRefused;
use super::world::World;

/// Lets a call in and gives the app it belongs to. What is let in must leave the throttle again.
pub(crate) fn enter(
    world: &mut World,
    realm_id: &str,
    bearer: Option<&str>,
    batch: bool,
) -> Result<String, Fault> {
    let now = world.clock.now();
    let token = bearer.ok_or_else(catalogue::token_missing)?;
    let grant = world.oauth.bearer(token, now).map_err(|refused| {
        catalogue::token_refused(match refused {
            BearerRefused::Expired => format!("Token expired: {token}"),
            BearerRefused::Revoked => format!("Token revoked: {token}"),
            // Assumed text.
            BearerRefused::Unknown => format!("Token invalid: {token}"),
        })
    })?;
    // That a removed user is refused like a foreign company is assumed.
    if grant.realm_id != realm_id || grant.user_removed {
        return Err(catalogue::company_not_granted());
    }
    let app = grant.client_id.clone();
    let company = world
        .companies
        .get_mut(realm_id)
        .ok_or_else(catalogue::company_not_granted)?;
    if company.throttle.enter(&app, batch, &world.limits, now) {
        Ok(app)
    } else {
        Err(catalogue::throttled())
    }
}
