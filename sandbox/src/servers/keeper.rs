//! The one child of [`Servers`](super::Servers): a shell script that outlives us just long enough to clean up.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use super::ServersError;
use super::user::User;

/// What a keeper is started with.
pub(super) struct Job {
    script: &'static str,
    environment: Vec<(&'static str, OsString)>,
    /// Arguments of the script.
    pub(super) arguments: Vec<String>,
    /// Who runs it; `None` for ourselves.
    pub(super) user: Option<User>,
    /// Held open as long as the keeper lives, and with it the lock on this file.
    pub(super) held: Option<File>,
    /// Whether the script sees our environment. Docker needs it to find its host; PostgreSQL is better without our `PG…`.
    pub(super) with_our_environment: bool,
}

impl Job {
    pub(super) fn new(script: &'static str, folder: &Path) -> Self {
        Self {
            script,
            environment: vec![("FOLDER", folder.into())],
            arguments: Vec::new(),
            user: None,
            held: None,
            with_our_environment: false,
        }
    }

    pub(super) fn set(&mut self, name: &'static str, value: impl AsRef<OsStr>) {
        self.environment.push((name, value.as_ref().to_owned()));
    }
}

/// The running script. Dropping it closes the pipe and waits until the script has cleaned up and ended.
#[derive(Debug)]
pub(super) struct Keeper {
    child: Mutex<Child>,
    /// The pipe. The standard library opens it close-on-exec, so no other child of ours can hold it open after us.
    orders: Option<ChildStdin>,
}

impl Keeper {
    pub(super) fn start(job: Job) -> Result<Self, ServersError> {
        let mut command = Command::new("/bin/sh");
        if !job.with_our_environment {
            command.env_clear();
        }
        command
            .args(["-c", job.script, "keeper"])
            .args(job.arguments)
            .env(
                "PATH",
                std::env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into()),
            )
            .envs(job.environment)
            // Our own folder may be closed to the servers' user.
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(job.held.map_or_else(Stdio::null, Stdio::from))
            .stderr(Stdio::null())
            .process_group(0);
        if let Some(user) = job.user {
            command.uid(user.id).gid(user.group);
        }
        let mut child = command
            .spawn()
            .map_err(ServersError::machine("start /bin/sh"))?;
        let orders = child.stdin.take();
        Ok(Self {
            child: Mutex::new(child),
            orders,
        })
    }

    /// Sends one line to the script.
    pub(super) fn order(&self, order: &str) -> Result<(), ServersError> {
        let mut orders = self
            .orders
            .as_ref()
            .expect("the pipe is taken only by drop");
        writeln!(orders, "{order}").map_err(ServersError::machine(format!(
            "order the servers to {order}"
        )))
    }

    pub(super) fn has_ended(&self) -> bool {
        !matches!(
            self.child
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .try_wait(),
            Ok(None)
        )
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.orders.take());
        // The only error is "no such child", which is what we wait for.
        let _ = self
            .child
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .wait();
    }
}
