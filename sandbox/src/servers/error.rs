//! Why there are no servers.

use std::io;
use std::path::PathBuf;

use super::Server;

/// Why there are no servers, by who can do something about it.
#[derive(Debug, thiserror::Error)]
pub enum ServersError {
    /// The programs are not on this machine and we may not install them. The person installs them as told, or starts
    /// Docker, or gives the addresses of servers that run already.
    #[error("not installed: {missing}; {cure}")]
    NotInstalled {
        /// What was looked for.
        missing: String,
        /// What to do.
        cure: &'static str,
    },
    /// `apt-get` was tried and failed. The person reads what it said.
    #[error("could not install PostgreSQL and Redis with apt-get: {said}")]
    Install {
        /// The end of what it said.
        said: String,
    },
    /// Another owner's servers use the kept folder. Stop that one first.
    #[error("{} is in use by other servers that still run", folder.display())]
    InUse {
        /// The kept folder.
        folder: PathBuf,
    },
    /// A server ended, or did not answer in time. Its own words say why.
    #[error("{server} did not start: {said}")]
    NotAnswering {
        /// Which one.
        server: Server,
        /// The end of its log.
        said: String,
    },
    /// The machine refused something plain, such as making a folder or starting a program.
    #[error("could not {doing}")]
    Machine {
        /// What was attempted.
        doing: String,
        /// What the machine said.
        source: io::Error,
    },
}

impl ServersError {
    pub(super) fn machine(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Machine { doing, source }
    }
}
