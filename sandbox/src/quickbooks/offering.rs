//! What a company subscribes to.

use serde::{Deserialize, Serialize};

/// A subscription of QuickBooks Online, as far as journal entries differ by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Offering {
    /// Without locations and classes.
    SimpleStart,
    /// Without locations and classes.
    Essentials,
    /// With all that is simulated.
    #[default]
    Plus,
    /// With all that is simulated.
    Advanced,
}

impl Offering {
    /// Its name, as `CompanyInfo` says it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SimpleStart => "QuickBooks Online Simple Start",
            Self::Essentials => "QuickBooks Online Essentials",
            Self::Plus => "QuickBooks Online Plus",
            Self::Advanced => "QuickBooks Online Advanced",
        }
    }

    /// Whether lines may name locations and classes.
    pub(crate) fn has_locations_and_classes(self) -> bool {
        matches!(self, Self::Plus | Self::Advanced)
    }
}
