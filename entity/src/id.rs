//! Ids that cannot be mistaken for each other: a prefix that names the thing, and a UUIDv7 in Crockford's base 32 (TypeID).

use sea_orm::entity::prelude::*;
use type_safe_id::{StaticType, TypeSafeId};

/// A text that is not an id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an id of the form {prefix}_…")]
pub struct InvalidId {
    text: String,
    prefix: &'static str,
}

macro_rules! typed_id {
    ($($(#[$doc:meta])* $name:ident, $tag:ident, $prefix:literal;)+) => {$(
        #[derive(Default)]
        struct $tag;

        impl StaticType for $tag {
            const TYPE: &'static str = $prefix;
        }

        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, DeriveValueType)]
        pub struct $name(pub Uuid);

        impl $name {
            /// What every id of this kind begins with, before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// A new id, later in order than those made before it.
            #[must_use]
            #[allow(clippy::new_without_default)]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}", TypeSafeId::<$tag>::from_uuid(self.0))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{self}")
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.parse::<TypeSafeId<$tag>>()
                    .map(|id| Self(id.uuid()))
                    .map_err(|_| InvalidId { text: text.chars().take(64).collect(), prefix: $prefix })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl sea_orm::TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, DbErr> {
                Err(DbErr::ConvertFromU64(stringify!($name)))
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .pattern(Some(concat!("^", $prefix, "_[0-7][0-9a-hjkmnp-tv-z]{25}$")))
                    .examples([concat!($prefix, "_01jd5zk8x9e3qr0v7m2c4n6p8t")])
                    .build()
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}
    )+};
}

typed_id! {
    /// A tenant: one retailer.
    TenantId, TenantTag, "ten";
    /// An API key of a tenant.
    ApiKeyId, ApiKeyTag, "key";
    /// A person's place in a tenant.
    MemberId, MemberTag, "mem";
    /// A tenant's connection to one QuickBooks company.
    ConnectionId, ConnectionTag, "con";
    /// A request for a person's consent, from its start to the callback.
    AuthorizationRequestId, AuthorizationRequestTag, "arq";
    /// A link that a vendor hands to a retailer.
    ConnectionLinkId, ConnectionLinkTag, "lnk";
    /// An account of the imported chart of accounts.
    AccountId, AccountTag, "acc";
    /// One import of the chart of accounts.
    AccountImportId, AccountImportTag, "aci";
    /// An account that is to be created in QuickBooks.
    AccountCreationId, AccountCreationTag, "acr";
    /// A Location or a Class of the company.
    DimensionId, DimensionTag, "dim";
    /// One import of the company's Locations and Classes.
    DimensionImportId, DimensionImportTag, "dii";
    /// What a location of the tenant's is in the company's books.
    LocationMappingId, LocationMappingTag, "lom";
    /// A row of the mapping: a slot, and the account that plays it.
    MappingId, MappingTag, "map";
    /// A change of the mapping, in its history.
    MappingChangeId, MappingChangeTag, "mch";
    /// A financial event.
    EventId, EventTag, "evt";
    /// The journal entry of an event.
    JournalEntryId, JournalEntryTag, "jou";
    /// A past sync.
    PastSyncId, PastSyncTag, "pas";
    /// A comparison of the books with what was posted.
    ReconciliationId, ReconciliationTag, "rec";
    /// Something in the books that is not as it was posted.
    FindingId, FindingTag, "fnd";
    /// An alert.
    AlertId, AlertTag, "alr";
    /// A message to the outside.
    WebhookMessageId, WebhookMessageTag, "msg";
    /// An address that messages go to.
    WebhookEndpointId, WebhookEndpointTag, "whe";
    /// A secret that messages are signed with.
    WebhookSecretId, WebhookSecretTag, "whs";
    /// A record of the audit log.
    AuditRecordId, AuditRecordTag, "aud";
}

impl TenantId {
    /// The platform itself, where it stands in a tenant's place: for the endpoints that its own messages go to.
    pub const PLATFORM: Self = Self(Uuid::nil());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_as_it_was_written() {
        let id = EventId::new();
        assert_eq!(id.to_string().parse::<EventId>().unwrap(), id);
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        let error = TenantId::new().to_string().parse::<EventId>().unwrap_err();
        assert!(error.to_string().contains("evt_"), "{error}");
    }

    #[test]
    fn ids_made_later_sort_later() {
        let ids: Vec<_> = (0..100).map(|_| EventId::new()).collect();
        assert!(ids.is_sorted());
    }
}
