#![doc = include_str!("../README.md")]

pub mod access;
pub mod account_creation;
pub mod alert;
pub mod api_key;
pub mod audit;
pub mod bell;
pub mod books;
pub mod budget;
pub mod catalogue;
pub mod chart;
pub mod connection;
pub mod credential;
pub mod cursor;
pub mod dimension;
pub mod error;
pub mod event;
pub mod fail_point;
mod gate;
pub mod grant;
pub mod hint;
pub mod idempotency;
mod identity_provider;
pub mod ingest;
mod jwt;
pub mod known_key;
mod list_import;
pub mod location_mapping;
pub mod mapping;
pub mod member;
mod need;
pub mod past_sync;
pub mod posting;
pub mod problem;
pub mod rate_limit;
pub mod readiness;
pub mod reconciliation;
pub mod retry;
pub mod secret;
pub mod settings;
mod sheet;
pub mod suggestion;
pub mod sync;
pub mod tenant;
pub mod token;
pub mod vault;
pub mod version;
pub mod watch;
pub mod webhook;

use bell::{Bell, Urgency};
use budget::Budget;
use entity::id::TenantId;
use entity::store::{Store, TenantTx};
use error::Error;
use identity_provider::IdentityProvider;
use quickbooks::QuickBooks;
use settings::Settings;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use vault::{ConfiguredKeys, Vault};
use webhook::client::{Client, SystemLookup};

/// What every use-case needs: the store, the vault, QuickBooks, the bell and the settings. Cheap to clone.
#[derive(Clone)]
pub struct Service(Arc<Parts>, Option<Arc<Within>>);

/// What differs for a use-case whose transactions are parts of one.
struct Within {
    store: Store,
    // Whom to ring for once that one is committed: until then a worker would find nothing.
    rings: Mutex<Vec<(TenantId, Urgency)>>,
    // Whether keys are to be looked up again once it is committed: until then they stand as they stood.
    keys_changed: AtomicBool,
}

struct Parts {
    store: Store,
    vault: Vault,
    quickbooks: QuickBooks,
    bell: Arc<dyn Bell>,
    budget: Budget,
    webhooks: Client,
    denials: audit::Denials,
    recent_keys: api_key::recent::Recent,
    token_keys: token::Keys,
    identity_provider: Option<IdentityProvider>,
    settings: Settings,
    /// The runtime in which the service was made, which outlives every request.
    home: Option<Handle>,
}

/// The settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A secret is missing, too short or malformed; says which.
    #[error("{0}")]
    Setting(String),
    /// How QuickBooks is reached does not make sense.
    #[error("QuickBooks settings: {0}")]
    QuickBooks(#[from] quickbooks::SetupError),
}

impl Service {
    /// The product over its store, in one process that keeps the companies' pace alone.
    ///
    /// # Errors
    /// A setting is missing, default-like or malformed.
    pub fn new(store: Store, bell: Arc<dyn Bell>, settings: Settings) -> Result<Self, SetupError> {
        Self::sharing(store, bell, Arc::new(budget::Alone), settings)
    }

    /// The product over its store, in one of several processes, which together keep the companies' pace.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn sharing(
        store: Store,
        bell: Arc<dyn Bell>,
        pace: Arc<dyn budget::Shared>,
        settings: Settings,
    ) -> Result<Self, SetupError> {
        use secrecy::ExposeSecret;
        for (name, secret) in [
            ("TILLPOST_PEPPER", &settings.pepper),
            ("TILLPOST_PLATFORM_KEY", &settings.platform_key),
        ] {
            if secret.expose_secret().len() < 32 {
                return Err(SetupError::Setting(format!(
                    "{name} has {} characters; give it at least 32 random ones",
                    secret.expose_secret().len()
                )));
            }
        }
        let keys = ConfiguredKeys::new(
            &settings.key_encryption_key,
            &settings.previous_key_encryption_keys,
        )
        .map_err(|error| {
            SetupError::Setting(format!(
                "TILLPOST_KEY_ENCRYPTION_KEY, TILLPOST_PREVIOUS_KEY_ENCRYPTION_KEYS: {error}"
            ))
        })?;
        jwt::install();
        let token_keys = token::Keys::new(&settings.access.token_keys, &settings.pepper)
            .map_err(|error| SetupError::Setting(format!("TILLPOST_TOKEN_KEYS: {error}")))?;
        let identity_provider = settings
            .access
            .identity_provider
            .clone()
            .map(|provider| IdentityProvider::new(provider, settings.environment))
            .transpose()?;
        let mut quickbooks_settings = settings.quickbooks.clone();
        quickbooks_settings.timeouts.request = settings.posting.call_timeout;
        let parts = Parts {
            store,
            vault: Vault::new(Arc::new(keys)),
            quickbooks: QuickBooks::new(quickbooks_settings)?,
            bell,
            budget: Budget::new(&settings.posting, pace),
            webhooks: Client::new(settings.webhook_rules(), Arc::new(SystemLookup))?,
            denials: audit::Denials::default(),
            recent_keys: api_key::recent::Recent::new(),
            token_keys,
            identity_provider,
            settings,
            home: Handle::try_current().ok(),
        };
        Ok(Self(Arc::new(parts), None))
    }

    /// The same product, whose transactions are parts of one, and which rings for nobody until that is committed.
    fn within(&self, store: Store) -> Self {
        let within = Within {
            store,
            rings: Mutex::default(),
            keys_changed: AtomicBool::new(false),
        };
        Self(Arc::clone(&self.0), Some(Arc::new(within)))
    }

    // Does what was kept back until the commit.
    async fn committed(&self) {
        let Some(within) = &self.1 else { return };
        if within.keys_changed.load(Ordering::Acquire) {
            self.0.recent_keys.forget_all();
        }
        let rings =
            std::mem::take(&mut *within.rings.lock().unwrap_or_else(PoisonError::into_inner));
        for (tenant, urgency) in rings {
            self.0.bell.ring(tenant, urgency).await;
        }
    }

    /// The rows.
    #[must_use]
    pub fn store(&self) -> &Store {
        self.1
            .as_ref()
            .map_or(&self.0.store, |within| &within.store)
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.0.vault
    }

    pub(crate) fn quickbooks(&self) -> &QuickBooks {
        &self.0.quickbooks
    }

    pub(crate) fn budget(&self) -> &Budget {
        &self.0.budget
    }

    pub(crate) fn denials(&self) -> &audit::Denials {
        &self.0.denials
    }

    /// After a key was revoked or a tenant changed, and committed: everybody is looked up again.
    pub(crate) fn forget_recent_keys(&self) {
        match &self.1 {
            Some(within) => within.keys_changed.store(true, Ordering::Release),
            None => self.0.recent_keys.forget_all(),
        }
    }

    pub(crate) fn recent_keys(&self) -> &api_key::recent::Recent {
        &self.0.recent_keys
    }

    pub(crate) fn webhooks(&self) -> &Client {
        &self.0.webhooks
    }

    /// The keys that our tokens are signed with.
    #[must_use]
    pub fn token_keys(&self) -> &token::Keys {
        &self.0.token_keys
    }

    pub(crate) fn identity_provider(&self) -> Option<&IdentityProvider> {
        self.0.identity_provider.as_ref()
    }

    /// The product's time, where no transaction is under way that could tell it.
    pub(crate) async fn now(&self) -> Result<chrono::DateTime<chrono::Utc>, Error> {
        Ok(self.0.store.platform().await?.now().await?)
    }

    /// Looks, before anything is served, whether the store is the one these settings belong to.
    ///
    /// # Errors
    /// [`SetupError::Setting`] says which setting belongs to another database or role.
    pub async fn check(&self) -> Result<(), SetupError> {
        let trouble = |error: Error| SetupError::Setting(format!("the database: {error}"));
        let unknown = self.vault().unknown_keys(self.store());
        let unknown = unknown.await.map_err(trouble)?;
        if !unknown.is_empty() {
            return Err(SetupError::Setting(format!(
                "TILLPOST_KEY_ENCRYPTION_KEY is not the key that this database was sealed with ({}); give it that one, or name it \
                 in TILLPOST_PREVIOUS_KEY_ENCRYPTION_KEYS",
                unknown.join(", ")
            )));
        }
        for (setting, login, role) in catalogue::logins(self.store()).await.map_err(trouble)? {
            if login != role {
                return Err(SetupError::Setting(format!(
                    "{setting} logs in as {login}; it must be {role}"
                )));
            }
        }
        Ok(())
    }

    /// Begins a transaction in a tenant's rows.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn tenant(&self, tenant: TenantId) -> Result<TenantTx, Error> {
        Ok(self.store().tenant(tenant).await?)
    }

    /// Does something that must come to its end even where nobody waits for it any more.
    pub(crate) fn detach<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        match &self.0.home {
            Some(home) => home.spawn(work),
            None => tokio::spawn(work),
        }
    }

    /// Wakes a worker for the tenant at once. It may be lost: the sweep finds whatever is due.
    pub(crate) async fn ring(&self, tenant: TenantId) {
        self.ring_for(tenant, Urgency::Live).await;
    }

    /// [`Service::ring`] for work of this urgency.
    pub(crate) async fn ring_for(&self, tenant: TenantId, urgency: Urgency) {
        match &self.1 {
            Some(within) => within
                .rings
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((tenant, urgency)),
            None => self.0.bell.ring(tenant, urgency).await,
        }
    }
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Service")
    }
}
