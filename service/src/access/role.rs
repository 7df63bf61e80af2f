//! Roles: what people are to a tenant. A role is a set of scopes and nothing else.

use super::Scope;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a person is to a tenant.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    Owner,
    /// Everything but saying who the members are.
    Admin,
    /// Maps, posts, retries and reconciles; reads everything.
    Accountant,
    /// Reads everything.
    ReadOnly,
}

impl Role {
    /// Every role, the mightiest first.
    pub const ALL: &'static [Self] = &[Self::Owner, Self::Admin, Self::Accountant, Self::ReadOnly];

    /// As it is written in a request.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Accountant => "accountant",
            Self::ReadOnly => "read_only",
        }
    }

    /// The role of this name.
    #[must_use]
    pub fn read(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.as_str() == name)
    }

    /// What it may do.
    #[must_use]
    pub fn scopes(self) -> Vec<Scope> {
        let all = Scope::ALL.iter().copied();
        all.filter(|scope| scope.roles().contains(&self)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_do_all_that_the_next_one_may() {
        for pair in Role::ALL.windows(2) {
            let (more, less) = (pair[0].scopes(), pair[1].scopes());
            assert!(less.iter().all(|scope| more.contains(scope)), "{pair:?}");
            assert!(more.len() >= less.len());
        }
        assert!(Role::Owner.scopes().iter().all(|scope| scope.of_tenant()));
    }
}
