//! The authorization server: registered apps, authorization codes, grants and their tokens.

pub(crate) mod authorize;
pub(crate) mod discovery;
pub(crate) mod error;
pub(crate) mod grant;
pub(crate) mod token;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use grant::Grant;

/// The scope that opens the Accounting API.
pub(crate) const ACCOUNTING_SCOPE: &str = "com.intuit.quickbooks.accounting";

/// A registered app.
#[derive(Clone, Debug)]
pub(crate) struct App {
    pub(crate) client_id: String,
    client_secret: String,
    pub(crate) redirect_uris: Vec<String>,
}

/// An authorization code on its way.
#[derive(Clone, Debug)]
struct Code {
    client_id: String,
    redirect_uri: String,
    realm_id: String,
    issued_at: DateTime<Utc>,
    used: bool,
}

/// Which answer the next consent page gives, until it is changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Consent {
    /// The company that is chosen; the first seeded one when absent.
    pub realm_id: Option<String>,
    /// Whether the user refuses.
    pub deny: bool,
}

#[derive(Clone, Copy, Debug)]
struct AccessToken {
    grant: usize,
    expires_at: DateTime<Utc>,
}

/// The authorization server's state.
#[derive(Debug)]
pub(crate) struct OAuth {
    apps: Vec<App>,
    codes: HashMap<String, Code>,
    pub(crate) grants: Vec<Grant>,
    /// Every refresh token value ever issued, by its grant.
    refresh_tokens: HashMap<String, usize>,
    access_tokens: HashMap<String, AccessToken>,
    pub(crate) consent: Consent,
    /// How many refreshes of a grant are on their way.
    refreshing: HashMap<usize, u32>,
}

/// Why a bearer token opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BearerRefused {
    Unknown,
    Expired,
    Revoked,
}

impl OAuth {
    pub(crate) fn new(client_id: &str, client_secret: &str, redirect_uris: &[String]) -> Self {
        let mut oauth = Self {
            apps: Vec::new(),
            codes: HashMap::new(),
            grants: Vec::new(),
            refresh_tokens: HashMap::new(),
            access_tokens: HashMap::new(),
            consent: Consent::default(),
            refreshing: HashMap::new(),
        };
        oauth.register(client_id, client_secret, redirect_uris);
        oauth
    }

    /// Registers an app, or changes the one of this client id.
    pub(crate) fn register(
        &mut self,
        client_id: &str,
        client_secret: &str,
        redirect_uris: &[String],
    ) {
        self.apps.retain(|app| app.client_id != client_id);
        self.apps.push(App {
            client_id: client_id.to_owned(),
            client_secret: client_secret.to_owned(),
            redirect_uris: redirect_uris.to_vec(),
        });
    }

    /// Adds a redirect URI to an app.
    pub(crate) fn register_redirect_uri(&mut self, client_id: &str, uri: &str) {
        for app in self
            .apps
            .iter_mut()
            .filter(|app| app.client_id == client_id)
        {
            if !app.redirect_uris.iter().any(|known| known == uri) {
                app.redirect_uris.push(uri.to_owned());
            }
        }
    }

    fn app(&self, client_id: &str) -> Option<&App> {
        self.apps.iter().find(|app| app.client_id == client_id)
    }

    /// Whether this is a registered app's id with its secret.
    fn knows(&self, client_id: &str, client_secret: &str) -> bool {
        self.app(client_id)
            .is_some_and(|app| app.client_secret == client_secret)
    }

    /// The grant a bearer token stands for.
    pub(crate) fn bearer(&self, token: &str, now: DateTime<Utc>) -> Result<&Grant, BearerRefused> {
        let access = self
            .access_tokens
            .get(token)
            .ok_or(BearerRefused::Unknown)?;
        let grant = &self.grants[access.grant];
        if grant.ended {
            Err(BearerRefused::Revoked)
        } else if now >= access.expires_at {
            Err(BearerRefused::Expired)
        } else {
            Ok(grant)
        }
    }

    /// Ends every access token of a company now; refresh tokens live on.
    pub(crate) fn expire_access_tokens(&mut self, realm_id: &str, now: DateTime<Utc>) {
        for access in self.access_tokens.values_mut() {
            if self.grants[access.grant].realm_id == realm_id {
                access.expires_at = access.expires_at.min(now);
            }
        }
    }

    /// Ends every grant of a company, as a user does who disconnects the app.
    pub(crate) fn revoke_grants(&mut self, realm_id: &str) {
        self.of_realm(realm_id).for_each(|grant| grant.ended = true);
    }

    /// Takes the users who connected out of the company, or back in.
    pub(crate) fn set_user_removed(&mut self, realm_id: &str, removed: bool) {
        self.of_realm(realm_id)
            .for_each(|grant| grant.user_removed = removed);
    }

    pub(crate) fn issued_secrets(&self) -> Vec<String> {
        let (codes, refresh, access) = (
            self.codes.keys(),
            self.refresh_tokens.keys(),
            self.access_tokens.keys(),
        );
        codes.chain(refresh).chain(access).cloned().collect()
    }

    fn of_realm(&mut self, realm_id: &str) -> impl Iterator<Item = &mut Grant> {
        self.grants
            .iter_mut()
            .filter(move |grant| grant.realm_id == realm_id)
    }
}
