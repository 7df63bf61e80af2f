//! Where a problem is looked at and mended.

use entity::id::{EventId, TenantId};

/// A resource of the API that a problem leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The mapping.
    Mappings,
    /// What the tenant's locations are in QuickBooks.
    LocationMappings,
    /// The event itself.
    Event,
    /// The connection, with its closing date and company.
    Connection,
}

impl Place {
    /// Its path, with the parameters in braces.
    pub(super) fn template(self) -> &'static str {
        match self {
            Self::Mappings => "/v1/tenants/{tenant_id}/mappings",
            Self::LocationMappings => "/v1/tenants/{tenant_id}/location-mappings",
            Self::Event => "/v1/tenants/{tenant_id}/events/{event_id}",
            Self::Connection => "/v1/tenants/{tenant_id}/connection",
        }
    }

    /// Its path for one event.
    pub(super) fn path(self, tenant: TenantId, event: EventId) -> String {
        self.template()
            .replace("{tenant_id}", &tenant.to_string())
            .replace("{event_id}", &event.to_string())
    }
}
