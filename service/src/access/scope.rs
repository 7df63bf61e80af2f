//! Scopes: what a credential may do, and which roles of people include each.

use super::Role;
use serde::{Deserialize, Serialize};

macro_rules! scopes {
    ($(#[doc = $doc:tt] $name:ident = $text:tt;)+) => {
        /// What a credential may do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
        pub enum Scope {$(
            #[doc = $doc]
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

            /// What it lets do, in words.
            #[must_use]
            pub fn description(self) -> &'static str {
                match self {$(Self::$name => $doc),+}.trim()
            }
        }
    };
}

scopes! {
    /// Create, read and change tenants: the platform's credential only.
    PlatformTenants = "platform:tenants";
    /// Create, list and revoke API keys.
    KeysManage = "keys:manage";
    /// Add, list, change and remove members.
    MembersManage = "members:manage";
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

    /// Whether the platform's own credential has it, for every tenant. It makes a new tenant's first key and first
    /// owner, and reads no books.
    #[must_use]
    pub fn of_platform(self) -> bool {
        matches!(
            self,
            Self::PlatformTenants | Self::KeysManage | Self::MembersManage
        )
    }

    /// Whether the platform's own credential has it below the platform's own id: what is the platform's itself and no tenant's, its
    /// webhook endpoints, its alerts and its audit log.
    #[must_use]
    pub fn of_platform_itself(self) -> bool {
        matches!(
            self,
            Self::WebhooksRead
                | Self::WebhooksManage
                | Self::AlertsRead
                | Self::AlertsManage
                | Self::AuditRead
        )
    }

    /// The roles that include it. A new scope asks here whose it is.
    #[must_use]
    pub fn roles(self) -> &'static [Role] {
        use Role::{Accountant, Admin, Owner, ReadOnly};
        match self {
            Self::PlatformTenants => &[],
            Self::MembersManage => &[Owner],
            Self::KeysManage
            | Self::ConnectionManage
            | Self::EventsWrite
            | Self::WebhooksManage => &[Owner, Admin],
            Self::AccountsManage
            | Self::MappingsManage
            | Self::EventsRetry
            | Self::SyncManage
            | Self::AlertsManage => &[Owner, Admin, Accountant],
            Self::ConnectionRead
            | Self::AccountsRead
            | Self::MappingsRead
            | Self::EventsRead
            | Self::SyncRead
            | Self::AlertsRead
            | Self::WebhooksRead
            | Self::AuditRead => &[Owner, Admin, Accountant, ReadOnly],
        }
    }
}
