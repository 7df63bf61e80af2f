//! One process of the product.

use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::time::Duration;
use tokio::process::{Child, Command};

/// The environment of a process: it has no other.
pub type Environment = BTreeMap<&'static str, String>;

/// A process that goes on until it is told, or killed. Dropped, it is killed.
pub struct Running {
    command: &'static str,
    child: Child,
    log: PathBuf,
}

impl Running {
    /// Starts `tillpost <command>`; its log goes to a file of its own in `folder`.
    pub fn start(command: &'static str, environment: &Environment, folder: &Path) -> Self {
        let log = (1..)
            .map(|n| folder.join(format!("{command}-{n}.log")))
            .find(|path| !path.exists())
            .unwrap();
        let child = binary(command, environment)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&log).unwrap())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self {
            command,
            child,
            log,
        }
    }

    /// Kills it where it still runs.
    pub async fn end(&mut self) {
        // One that has ended by itself needs no killing.
        let _ = self.child.start_kill();
        self.child.wait().await.unwrap();
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.ended_with().is_some()
    }

    /// How it ended, where it has.
    pub fn ended_with(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Stops it where it stands, as a machine that hangs (SIGSTOP).
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on (SIGCONT).
    pub fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    /// Kills it as the machine would, where it stands (`kill -9`).
    pub async fn kill(mut self) {
        self.child.start_kill().unwrap();
        let ended = self.child.wait().await.unwrap();
        assert_eq!(ended.code(), None, "it had ended before: {}", self.log());
    }

    /// Asks it to end (SIGTERM).
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    // A process that has ended and was seen to has no id any more, and hears nothing.
    fn signal(&self, signal: Signal) {
        if let Some(id) = self.child.id() {
            let id = i32::try_from(id).unwrap();
            kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
        }
    }

    /// Comes back when it has ended by itself, with what it has logged.
    pub async fn ended(mut self) -> (ExitStatus, String) {
        let ended = tokio::time::timeout(Duration::from_secs(60), self.child.wait())
            .await
            .unwrap_or_else(|_| panic!("{} does not end: {}", self.command, self.log()))
            .unwrap();
        (ended, self.log())
    }

    /// Asks it to end and sees that it ends well.
    pub async fn stop(self) {
        self.terminate();
        let (ended, log) = self.ended().await;
        assert!(ended.success(), "{ended}: {log}");
    }

    /// All that it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Comes back with the line of its log that holds `words`.
    pub async fn says(&mut self, words: &str) -> String {
        for _ in 0..LOOKS {
            if let Some(line) = self.log().lines().find(|line| line.contains(words)) {
                return line.to_owned();
            }
            let ended = self.ended_with();
            assert!(
                ended.is_none(),
                "{} has ended: {ended:?} {}",
                self.command,
                self.log()
            );
            tokio::time::sleep(LOOK_EVERY).await;
        }
        panic!("{} does not say `{words}`: {}", self.command, self.log());
    }
}

/// Runs `tillpost <arguments>` to its end.
pub async fn run(arguments: &str, environment: &Environment) -> Output {
    binary(arguments, environment)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap()
}

fn binary(arguments: &str, environment: &Environment) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tillpost"));
    command
        .args(arguments.split(' '))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_clear()
        .envs(environment);
    command
}

const LOOKS: u32 = 6000;
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Looks again and again until there is something to see.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..LOOKS {
        if let Some(seen) = look().await {
            return seen;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    panic!("not seen: {what}");
}
