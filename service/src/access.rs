//! Who is calling, and what they may do: scopes, roles, and the one table from operation to scope.

mod operations;
mod role;
mod scope;

pub use operations::{OPERATIONS, scope_of};
pub use role::Role;
pub use scope::Scope;

use crate::error::Error;
use entity::id::TenantId;

/// Whoever presented a credential that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// The platform's own credential: creates tenants and their first keys, and reads no books.
    Platform,
    /// A key of one tenant, a token that it was exchanged for, or one of its members.
    OfTenant {
        /// Whose.
        tenant: TenantId,
        /// The key or the member, as the audit log names it.
        actor: String,
        /// What it may do.
        scopes: Vec<Scope>,
    },
    /// A person whom the identity provider knows, and who is no member where they ask.
    Stranger {
        /// Who says who it is.
        issuer: String,
        /// Who it is.
        subject: String,
    },
}

impl Caller {
    /// As the audit log names the caller.
    #[must_use]
    pub fn actor(&self) -> &str {
        match self {
            Self::Platform => "platform",
            Self::OfTenant { actor, .. } => actor,
            Self::Stranger { .. } => "stranger",
        }
    }

    /// Whose caller it is, where it is one tenant's.
    #[must_use]
    pub fn tenant(&self) -> Option<TenantId> {
        match self {
            Self::OfTenant { tenant, .. } => Some(*tenant),
            Self::Platform | Self::Stranger { .. } => None,
        }
    }

    /// The first of these scopes that the caller does not have and so cannot give away. The platform gives whatever a tenant's
    /// key may carry, since it makes the first one.
    #[must_use]
    pub fn lacks(&self, scopes: &[Scope]) -> Option<Scope> {
        match self {
            Self::Platform => None,
            Self::Stranger { .. } => scopes.first().copied(),
            Self::OfTenant { scopes: own, .. } => {
                scopes.iter().find(|scope| !own.contains(scope)).copied()
            }
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
            Self::Platform if scope.of_platform() => Ok(()),
            // What is its own stands below an id that is no tenant's.
            Self::Platform if tenant == Some(TenantId::PLATFORM) && scope.of_platform_itself() => {
                Ok(())
            }
            Self::Platform => Err(Denied::Scope(scope)),
            Self::Stranger { .. } => Err(match tenant {
                Some(_) => Denied::NotFound,
                None => Denied::Scope(scope),
            }),
            Self::OfTenant {
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

/// Reads what a key is to do, as a request names it: by a role, by scopes, or not at all, which means every scope that a
/// tenant's key may carry.
///
/// # Errors
/// `unknown_scope`: a name is not a scope, or not one of a tenant's; `role_and_scopes`: both are given.
pub fn read_scopes(role: Option<Role>, names: &[String]) -> Result<Vec<Scope>, Error> {
    if let Some(role) = role {
        if names.is_empty() {
            return Ok(role.scopes());
        }
        return Err(Error::invalid(
            "role_and_scopes",
            "role",
            "a role stands for its scopes: give either `role` or `scopes`",
        ));
    }
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
            let platforms = matches!(
                scope,
                Scope::PlatformTenants | Scope::KeysManage | Scope::MembersManage
            );
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
    fn the_platforms_own_things_are_its_own_and_nothing_else_below_its_id_is() {
        for (operation, scope) in OPERATIONS {
            let own = matches!(
                scope,
                Scope::PlatformTenants
                    | Scope::KeysManage
                    | Scope::MembersManage
                    | Scope::WebhooksRead
                    | Scope::WebhooksManage
                    | Scope::AlertsRead
                    | Scope::AlertsManage
                    | Scope::AuditRead
            );
            let platform = Some(TenantId::PLATFORM);
            assert_eq!(Caller::Platform.may(operation, platform).is_ok(), own);
        }
    }

    #[test]
    fn a_stranger_finds_nothing_and_gives_nothing() {
        let stranger = Caller::Stranger {
            issuer: "https://people.example.com".into(),
            subject: "ada".into(),
        };
        for (operation, scope) in OPERATIONS {
            let tenant = Some(TenantId::new());
            assert_eq!(stranger.may(operation, tenant), Err(Denied::NotFound));
            assert_eq!(stranger.may(operation, None), Err(Denied::Scope(*scope)));
            assert_eq!(stranger.lacks(&[*scope]), Some(*scope));
        }
    }

    #[test]
    fn another_tenants_resources_are_not_there_whatever_the_scopes() {
        let caller = Caller::OfTenant {
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
