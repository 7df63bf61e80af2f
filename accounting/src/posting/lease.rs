//! One holder a company: when the lease may be taken, and what holding it allows.

use super::mutant::{Mutant, acts};

/// What must be true of a company's lease for a change of it, or for a write under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseGuard {
    /// Nobody's lease runs: there was none, or it has expired.
    Expired,
    /// The writer's fence is still the highest.
    Fence,
}

impl LeaseGuard {
    /// Whether it is fulfilled by a lease that has expired or not, and whose fence is the writer's or not.
    #[must_use]
    pub fn allows(self, is_expired: bool, is_mine: bool) -> bool {
        match self {
            Self::Expired => is_expired || acts(Mutant::StealLease),
            Self::Fence => is_mine,
        }
    }
}

/// A change of a company's lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseChange {
    /// A new holder takes it, under a fence one higher.
    Take,
    /// It lasts from now for its full time.
    Prolong,
    /// The company is left alone for a while.
    Throttle,
    /// It expires now, for the next turn to take at once.
    GiveBack,
}

impl LeaseChange {
    /// What must be true; otherwise it changes nothing.
    #[must_use]
    pub const fn guard(self) -> LeaseGuard {
        match self {
            Self::Take => LeaseGuard::Expired,
            Self::Prolong | Self::Throttle | Self::GiveBack => LeaseGuard::Fence,
        }
    }

    /// How much higher the fence is afterwards.
    #[must_use]
    pub const fn raises_fence(self) -> i64 {
        match self {
            Self::Take => 1,
            Self::Prolong | Self::Throttle | Self::GiveBack => 0,
        }
    }
}
