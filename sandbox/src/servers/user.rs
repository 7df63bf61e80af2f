//! Who the servers run as.

use std::process::Command;

use super::ServersError;

/// A user of this machine.
#[derive(Clone, Debug)]
pub(super) struct User {
    pub(super) id: u32,
    pub(super) group: u32,
}

impl User {
    /// `None` when we are a normal user: the servers then run as ourselves. PostgreSQL refuses to run as root, so root
    /// lends the servers to `postgres` where there is such a user, else to `nobody`.
    pub(super) fn for_servers() -> Result<Option<Self>, ServersError> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        ["postgres", "nobody"]
            .into_iter()
            .find_map(Self::named)
            .map(Some)
            .ok_or_else(|| ServersError::NotInstalled {
                missing: "a user for PostgreSQL".into(),
                cure: "it does not run as root: add a user named postgres, or run as a normal user",
            })
    }

    fn named(name: &str) -> Option<Self> {
        Some(Self {
            id: ask_id("-u", name)?,
            group: ask_id("-g", name)?,
        })
    }
}

/// What `id` says. It knows every directory of users, which `/etc/passwd` does not.
fn ask_id(what: &str, name: &str) -> Option<u32> {
    let answer = Command::new("id").args([what, name]).output().ok()?;
    answer
        .status
        .success()
        .then(|| String::from_utf8(answer.stdout).ok())??
        .trim()
        .parse()
        .ok()
}
