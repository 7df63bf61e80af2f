//! Pages of lists. One type for each list, since an OpenAPI document knows no generic ones.

use serde::Serialize;
use service::alert::Alert;
use service::api_key::ApiKey;
use service::audit::AuditRecord;
use service::chart::{Account, AccountImport};
use service::connection::link::ConnectionLink;
use service::cursor::Page;
use service::dimension::{Dimension, DimensionImport};
use service::event::Event;
use service::known_key::KnownKey;
use service::location_mapping::LocationMapping;
use service::mapping::{Mapping, MappingChange};
use service::member::Member;
use service::past_sync::PastSync;
use service::readiness::UnmappedNeed;
use service::reconciliation::{Finding, Reconciliation};
use service::suggestion::MappingSuggestion;
use service::tenant::Tenant;
use service::webhook::{Delivery, Endpoint};
use utoipa::ToSchema;

macro_rules! pages {
    ($($(#[$doc:meta])* $name:ident of $item:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Serialize, ToSchema)]
        pub(crate) struct $name {
            /// The rows of this page.
            pub(crate) items: Vec<$item>,
            /// Gives the next page as `cursor`; none on the last.
            pub(crate) next_cursor: Option<String>,
        }

        impl From<Page<$item>> for $name {
            fn from(page: Page<$item>) -> Self {
                Self { items: page.items, next_cursor: page.next_cursor }
            }
        }

        impl From<Vec<$item>> for $name {
            fn from(items: Vec<$item>) -> Self {
                Self { items, next_cursor: None }
            }
        }
    )+};
}

pages! {
    /// Tenants.
    TenantPage of Tenant;
    /// API keys.
    ApiKeyPage of ApiKey;
    /// Members.
    MemberPage of Member;
    /// Links that were handed out.
    ConnectionLinkPage of ConnectionLink;
    /// Accounts of the chart.
    AccountPage of Account;
    /// Imports of the chart.
    AccountImportPage of AccountImport;
    /// Changes of the mapping.
    MappingChangePage of MappingChange;
    /// Suggestions for the mapping.
    MappingSuggestionPage of MappingSuggestion;
    /// Locations and Classes of the company.
    DimensionPage of Dimension;
    /// Imports of Locations and Classes.
    DimensionImportPage of DimensionImport;
    /// The tenant's locations.
    LocationMappingPage of LocationMapping;
    /// Known keys.
    KnownKeyPage of KnownKey;
    /// Events.
    EventPage of Event;
    /// Past syncs.
    PastSyncPage of PastSync;
    /// Reconciliations.
    ReconciliationPage of Reconciliation;
    /// Findings.
    FindingPage of Finding;
    /// Alerts.
    AlertPage of Alert;
    /// Webhook endpoints.
    WebhookEndpointPage of Endpoint;
    /// Deliveries of an endpoint.
    WebhookDeliveryPage of Delivery;
    /// Records of the audit log.
    AuditRecordPage of AuditRecord;
}

/// Rows of the mapping, and what it lacks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MappingPage {
    /// Every row.
    pub(crate) items: Vec<Mapping>,
    /// What events or declared keys ask for and no account is mapped for, the first 1,000; what keeps most events comes first.
    pub(crate) unmapped: Vec<UnmappedNeed>,
    /// None: there is one page.
    pub(crate) next_cursor: Option<String>,
}
