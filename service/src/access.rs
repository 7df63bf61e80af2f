//! Who is calling, and what they may do: scopes, and the one table from operation to scope.

use crate::error::Error;
use entity::id::TenantId;
use serde::{Deserialize, Serialize};

macro_rules! scopes {
    ($($(#[$doc:meta])* $name:ident = $text:tt;)+) => {
        /// What a credential may do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
        pub enum Scope {$(
            $(#[$doc])*
            #[serde(rename = $text)]
            $name,
        )+}

        impl Scope {
            /// Every scope.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// As it is written in a request.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {$(Self::$name => $text),+}
            }
        }
    };
}

scopes! {
    /// Create, read and change tenants: the platform's credential only.
    PlatformTenants = "platform:tenants";
    /// Create, list and revoke API keys.
    KeysManage = "keys:manage";
    /// Read the connection.
    ConnectionRead = "connection:read";
    /// Connect, reconnect and disconnect.
    ConnectionManage = "connection:manage";
    /// Read the chart of accounts, Locations and Classes, and their imports.
    AccountsRead = "accounts:read";
    /// Import the chart, Locations and Classes; delete accounts locally.
    AccountsManage = "accounts:manage";
    /// Read the mapping of slots and locations.
    MappingsRead = "mappings:read";
    /// Set and clear mappings of slots and locations.
    MappingsManage = "mappings:manage";
    /// Read events, their entries and previews.
    EventsRead = "events:read";
    /// Take events in.
    EventsWrite = "events:write";
    /// Retry failed events.
    EventsRetry = "events:retry";
    /// Read the sync, past syncs, reconciliations and the settings of the books.
    SyncRead = "sync:read";
    /// Start and stop the sync, sync past events, reconcile, change the settings of the books.
    SyncManage = "sync:manage";
    /// Read alerts.
    AlertsRead = "alerts:read";
    /// Acknowledge alerts.
    AlertsManage = "alerts:manage";
    /// Read webhook endpoints and their deliveries.
    WebhooksRead = "webhooks:read";
    /// Create and change webhook endpoints, see new secrets once, test and replay.
    WebhooksManage = "webhooks:manage";
    /// Read the audit log.
    AuditRead = "audit:read";
}

impl Scope {
    /// Whether a tenant's own key may carry it.
    #[must_use]
    pub fn of_tenant(self) -> bool {
        self != Self::PlatformTenants
    }
}

/// Every operation and the scope it asks for; an operation that is not here is refused.
pub const OPERATIONS: &[(&str, Scope)] = &[
    ("create_tenant", Scope::PlatformTenants),
    ("list_tenants", Scope::PlatformTenants),
    ("read_tenant", Scope::PlatformTenants),
    ("update_tenant", Scope::PlatformTenants),
    ("delete_tenant", Scope::PlatformTenants),
    ("read_settings", Scope::SyncRead),
    ("update_settings", Scope::SyncManage),
    ("create_api_key", Scope::KeysManage),
    ("list_api_keys", Scope::KeysManage),
    ("revoke_api_key", Scope::KeysManage),
    ("create_authorization_request", Scope::ConnectionManage),
    ("read_connection", Scope::ConnectionRead),
    ("disconnect", Scope::ConnectionManage),
    ("create_account_import", Scope::AccountsManage),
    ("read_account_import", Scope::AccountsRead),
    ("create_account_creation", Scope::AccountsManage),
    ("read_account_creation", Scope::AccountsRead),
    ("list_accounts", Scope::AccountsRead),
    ("read_account", Scope::AccountsRead),
    ("delete_account", Scope::AccountsManage),
    ("list_mappings", Scope::MappingsRead),
    ("set_mapping", Scope::MappingsManage),
    ("set_mappings", Scope::MappingsManage),
    ("clear_mapping", Scope::MappingsManage),
    ("create_dimension_import", Scope::AccountsManage),
    ("read_dimension_import", Scope::AccountsRead),
    ("list_dimensions", Scope::AccountsRead),
    ("list_location_mappings", Scope::MappingsRead),
    ("set_location_mappings", Scope::MappingsManage),
    ("clear_location_mapping", Scope::MappingsManage),
    ("list_mapping_changes", Scope::MappingsRead),
    ("read_mapping_readiness", Scope::MappingsRead),
    ("list_mapping_suggestions", Scope::MappingsRead),
    ("apply_mapping_suggestions", Scope::MappingsManage),
    ("list_known_keys", Scope::MappingsRead),
    ("declare_known_keys", Scope::MappingsManage),
    ("forget_known_key", Scope::MappingsManage),
    ("take_in_events", Scope::EventsWrite),
    ("list_events", Scope::EventsRead),
    ("export_events", Scope::EventsRead),
    ("read_event_counts", Scope::EventsRead),
    ("read_event", Scope::EventsRead),
    ("preview_event", Scope::EventsRead),
    ("retry_event", Scope::EventsRetry),
    ("retry_failed_events", Scope::EventsRetry),
    ("read_sync", Scope::SyncRead),
    ("start_sync", Scope::SyncManage),
    ("stop_sync", Scope::SyncManage),
    ("dry_run_past_sync", Scope::SyncManage),
    ("create_past_sync", Scope::SyncManage),
    ("list_past_syncs", Scope::SyncRead),
    ("read_past_sync", Scope::SyncRead),
    ("read_past_sync_effect", Scope::SyncRead),
    ("cancel_past_sync", Scope::SyncManage),
    ("create_reconciliation", Scope::SyncManage),
    ("list_reconciliations", Scope::SyncRead),
    ("read_reconciliation", Scope::SyncRead),
    ("list_findings", Scope::SyncRead),
    ("read_finding", Scope::SyncRead),
    ("accept_finding", Scope::SyncManage),
    ("list_alerts", Scope::AlertsRead),
    ("read_alert", Scope::AlertsRead),
    ("acknowledge_alert", Scope::AlertsManage),
    ("create_webhook_endpoint", Scope::WebhooksManage),
    ("list_webhook_endpoints", Scope::WebhooksRead),
    ("read_webhook_endpoint", Scope::WebhooksRead),
    ("update_webhook_endpoint", Scope::WebhooksManage),
    ("delete_webhook_endpoint", Scope::WebhooksManage),
    ("rotate_webhook_secret", Scope::WebhooksManage),
    ("test_webhook_endpoint", Scope::WebhooksManage),
    ("replay_webhook_messages", Scope::WebhooksManage),
    ("list_webhook_deliveries", Scope::WebhooksRead),
    ("read_webhook_delivery", Scope::WebhooksRead),
    ("replay_webhook_delivery", Scope::WebhooksManage),
    ("list_audit_records", Scope::AuditRead),
    ("export_audit_log", Scope::AuditRead),
    ("read_audit_head", Scope::AuditRead),
];

/// The scope an operation asks for.
#[must_use]
pub fn scope_of(operation: &str) -> Option<Scope> {
    OPERATIONS
        .iter()
        .find(|(name, _)| *name == operation)
        .map(|(_, scope)| *scope)
}

/// Whoever presented a credential that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// The platform's own credential: creates tenants and their first keys, and reads no books.
    Platform,
    /// A key of one tenant.
    Key {
        /// Whose.
        tenant: TenantId,
        /// Which, as the audit log names it.
        actor: String,
        /// What it may do.
        scopes: Vec<Scope>,
    },
}

impl Caller {
    /// As the audit log names the caller.
    #[must_use]
    pub fn actor(&self) -> &str {
        match self {
            Self::Platform => "platform",
            Self::Key { actor, .. } => actor,
        }
    }

    /// Whose audit log tells what was refused to the caller.
    #[must_use]
    pub fn home(&self) -> TenantId {
        match self {
            Self::Platform => TenantId::PLATFORM,
            Self::Key { tenant, .. } => *tenant,
        }
    }

    /// Whether the caller may do `operation` on `tenant`'s resources (`None`: on the platform's).
    ///
    /// # Errors
    /// [`Denied::NotFound`] for another tenant's resources, which look as if they were not there; [`Denied::Scope`] where
    /// the credential lacks the scope.
    pub fn may(&self, operation: &str, tenant: Option<TenantId>) -> Result<(), Denied> {
        let scope = scope_of(operation).ok_or(Denied::NotFound)?;
        match self {
            Self::Platform if scope == Scope::PlatformTenants => Ok(()),
            // A new tenant has no key yet: the platform makes its first one, and may see and revoke them.
            Self::Platform if scope == Scope::KeysManage => Ok(()),
            // Its own endpoints stand below an id that is no tenant's.
            Self::Platform
                if tenant == Some(TenantId::PLATFORM)
                    && matches!(scope, Scope::WebhooksRead | Scope::WebhooksManage) =>
            {
                Ok(())
            }
            Self::Platform => Err(Denied::Scope(scope)),
            Self::Key {
                tenant: own,
                scopes,
                ..
            } => {
                if tenant.is_some_and(|tenant| tenant != *own) {
                    return Err(Denied::NotFound);
                }
                if scopes.contains(&scope) {
                    Ok(())
                } else {
                    Err(Denied::Scope(scope))
                }
            }
        }
    }
}

/// Why a caller may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// To this caller it does not exist.
    NotFound,
    /// The credential lacks this scope.
    Scope(Scope),
}

/// Reads scopes as a request names them; empty means every scope a tenant's key may carry.
///
/// # Errors
/// A name is not a scope, or not one of a tenant's.
pub fn read_scopes(names: &[String]) -> Result<Vec<Scope>, Error> {
    let allowed = || Scope::ALL.iter().copied().filter(|scope| scope.of_tenant());
    if names.is_empty() {
        return Ok(allowed().collect());
    }
    names
        .iter()
        .enumerate()
        .map(|(place, name)| {
            allowed()
                .find(|scope| scope.as_str() == name)
                .ok_or_else(|| {
                    Error::invalid(
                        "unknown_scope",
                        format!("scopes[{place}]"),
                        format!(
                            "`{name}` is not a scope of a tenant's key; use some of {}",
                            allowed().map(Scope::as_str).collect::<Vec<_>>().join(", ")
                        ),
                    )
                })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_stands_once_in_the_table() {
        let mut names: Vec<_> = OPERATIONS.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), OPERATIONS.len());
    }

    #[test]
    fn the_platform_does_not_read_books() {
        for (operation, scope) in OPERATIONS {
            let platforms = matches!(scope, Scope::PlatformTenants | Scope::KeysManage);
            assert_eq!(
                Caller::Platform
                    .may(operation, Some(TenantId::new()))
                    .is_ok(),
                platforms,
                "{operation}"
            );
        }
    }

    #[test]
    fn the_platforms_own_endpoints_are_its_own_and_nothing_else_below_its_id_is() {
        for (operation, scope) in OPERATIONS {
            let own = matches!(
                scope,
                Scope::PlatformTenants
                    | Scope::KeysManage
                    | Scope::WebhooksRead
                    | Scope::WebhooksManage
            );
            let platform = Some(TenantId::PLATFORM);
            assert_eq!(Caller::Platform.may(operation, platform).is_ok(), own);
        }
    }

    #[test]
    fn another_tenants_resources_are_not_there_whatever_the_scopes() {
        let caller = Caller::Key {
            tenant: TenantId::new(),
            actor: "key_x".into(),
            scopes: Scope::ALL.to_vec(),
        };
        for (operation, _) in OPERATIONS {
            assert_eq!(
                caller.may(operation, Some(TenantId::new())),
                Err(Denied::NotFound)
            );
        }
    }
}
