//! The consent page, which answers by itself: it redirects back at once.

use std::collections::HashMap;

use url::Url;

use crate::quickbooks::reply::Reply;
use crate::quickbooks::world::World;

use super::{ACCOUNTING_SCOPE, Code};

/// Answers an authorization request.
pub(crate) fn authorize(world: &mut World, request: &HashMap<String, String>) -> Reply {
    let value = |name: &str| request.get(name).map_or("", String::as_str);
    // A request whose redirect cannot be trusted gets a page, not a redirect (page assumed).
    let Some(app) = world.oauth.app(value("client_id")) else {
        return refusal("This app is not registered.");
    };
    let redirect_uri = value("redirect_uri");
    let registered = app.redirect_uris.iter().any(|uri| uri == redirect_uri);
    let Some(back) = Url::parse(redirect_uri).ok().filter(|_| registered) else {
        return refusal(
            "The redirect_uri query parameter value is invalid. Make sure it is listed for the app.",
        );
    };
    let state = value("state");
    if state.is_empty() {
        return refusal("The state query parameter is missing.");
    }
    if value("response_type") != "code" {
        return redirect(
            back,
            &[("error", "unsupported_response_type"), ("state", state)],
        );
    }
    if !value("scope")
        .split(' ')
        .any(|scope| scope == ACCOUNTING_SCOPE)
    {
        return redirect(back, &[("error", "invalid_scope"), ("state", state)]);
    }
    if world.oauth.consent.deny {
        return redirect(back, &[("error", "access_denied"), ("state", state)]);
    }
    let chosen = world.oauth.consent.realm_id.clone();
    let Some(realm_id) = chosen.or_else(|| world.companies.keys().next().cloned()) else {
        return refusal("There is no company to connect. Seed one first.");
    };
    let code = world.dice.code();
    let issued = Code {
        client_id: app.client_id.clone(),
        redirect_uri: redirect_uri.to_owned(),
        realm_id: realm_id.clone(),
        issued_at: world.clock.now(),
        used: false,
    };
    world.oauth.codes.insert(code.clone(), issued);
    redirect(
        back,
        &[("code", &code), ("state", state), ("realmId", &realm_id)],
    )
}

fn redirect(mut back: Url, pairs: &[(&str, &str)]) -> Reply {
    back.query_pairs_mut().extend_pairs(pairs);
    Reply::redirect(back.into())
}

fn refusal(reason: &str) -> Reply {
    Reply::html(
        400,
        format!(
            "<!doctype html><title>Sorry</title><h1>Sorry, but something went wrong</h1><p>{reason}</p>"
        ),
    )
}
