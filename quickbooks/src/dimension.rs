//! A location or a class: what a line may carry beside its account.

use serde::Deserialize;

use crate::posted::WireRef;

/// A location (QuickBooks' older name is department) or a class.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "WireDimension")]
pub struct Dimension {
    /// QuickBooks' id, unique among the company's locations or among its classes.
    pub id: String,
    /// The name alone; an inactive one's may end in ` (deleted)`.
    pub name: String,
    /// The name with its parents', `Parent:Child`.
    pub fully_qualified_name: String,
    /// False once it was made inactive, which is QuickBooks' way to delete.
    pub active: bool,
    /// The location or class it is a part of.
    pub parent_id: Option<String>,
    /// Counts its changes.
    pub sync_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireDimension {
    id: String,
    name: String,
    fully_qualified_name: Option<String>,
    active: Option<bool>,
    parent_ref: Option<WireRef>,
    sync_token: Option<String>,
}

impl From<WireDimension> for Dimension {
    fn from(wire: WireDimension) -> Self {
        Self {
            fully_qualified_name: wire
                .fully_qualified_name
                .unwrap_or_else(|| wire.name.clone()),
            id: wire.id,
            name: wire.name,
            active: wire.active.unwrap_or(true),
            parent_id: wire.parent_ref.map(|parent| parent.value),
            sync_token: wire.sync_token,
        }
    }
}
