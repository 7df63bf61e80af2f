//! Installing PostgreSQL and Redis on a machine that is ours to change: Debian's or Ubuntu's root, as in a container.

use std::env;
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{ServersError, tail};

/// Debian asks this program before a package starts a service.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// Held while one of us installs: many tests may find the programs missing at the same moment.
const TURN: &str = "/run/tillpost-install.lock";

/// Whether we may install: root, and `apt-get` is there.
pub(super) fn possible() -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    rustix::process::geteuid().is_root()
        && env::split_paths(&path).any(|folder| folder.join("apt-get").is_file())
}

/// Installs both packages, unless `found` says that another of us did so while we waited for our turn. Their own services
/// are not started: we want the programs, not another server on a port.
pub(super) fn with_apt(
    found: impl Fn() -> bool,
    progress: &dyn Fn(&str),
) -> Result<(), ServersError> {
    let turn = fs::File::options().create(true).append(true).open(TURN);
    let turn = turn.map_err(ServersError::machine(format!("open {TURN}")))?;
    turn.lock()
        .map_err(ServersError::machine(format!("wait for {TURN}")))?;
    if found() {
        return Ok(());
    }
    progress("installing PostgreSQL and Redis with apt-get (once; takes a minute)");
    let _no_services = NoServices::for_now();
    apt(&["update", "-qq"])?;
    apt(&[
        "install",
        "-y",
        "-qq",
        "--no-install-recommends",
        "postgresql",
        "redis-server",
    ])
}

fn apt(arguments: &[&str]) -> Result<(), ServersError> {
    let output = Command::new("apt-get")
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .output()
        .map_err(ServersError::machine("run apt-get"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(ServersError::Install {
        said: tail(&String::from_utf8_lossy(&said)),
    })
}

/// While this lives, packages start no services. Where the machine has a policy of its own, that one stays.
struct NoServices {
    ours: bool,
}

impl NoServices {
    fn for_now() -> Self {
        let file = fs::File::options()
            .write(true)
            .create_new(true)
            .mode(0o755)
            .open(POLICY);
        // 101: "action forbidden by policy" (Debian's invoke-rc.d interface).
        let ours = file
            .and_then(|mut file| file.write_all(b"#!/bin/sh\nexit 101\n"))
            .is_ok();
        Self { ours }
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if self.ours {
            // Nothing to be done about an error here; a policy left behind only keeps services from starting by themselves.
            let _ = fs::remove_file(Path::new(POLICY));
        }
    }
}
