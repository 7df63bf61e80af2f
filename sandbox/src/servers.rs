//! Private PostgreSQL and Redis for development and tests: started from the machine's own programs (or installed, or
//! taken from Docker), reachable through Unix sockets only, and gone with their owner, even when it is killed.
//!
//! The calls block: from async code, use `tokio::task::spawn_blocking`.
//!
//! ```
//! use sandbox::servers::{Options, Servers};
//!
//! # fn main() -> Result<(), sandbox::servers::ServersError> {
//! let servers = Servers::start(Options { postgres: false, ..Options::default() }, &|line| eprintln!("{line}"))?;
//! assert!(servers.redis_url().expect("redis was asked for").starts_with("redis"));
//! # Ok(())
//! # }
//! ```
//!
//! How it holds together: [`Servers`] has one child, a small shell script (`servers/keeper.sh`), whose standard input is
//! a pipe from us. The script is the parent of PostgreSQL and Redis. When the pipe ends, because we closed it or because
//! we are dead, it stops them and removes the folder. It lives in its own process group, so a Ctrl-C in the terminal
//! reaches the product first and the servers only after it.

mod answers;
mod docker;
mod error;
mod install;
mod keeper;
mod kept;
mod postgres;
mod programs;
mod user;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use answers::Address;
pub use error::ServersError;
use keeper::{Job, Keeper};
use programs::Programs;
use user::User;

/// How long a server may take to answer before we call it a failure. Making a fresh PostgreSQL takes about a second;
/// the rest is for machines that are busy compiling, and for Docker fetching its images.
const ANSWER_WITHIN: Duration = Duration::from_secs(300);

/// How often a condition is looked at while waiting for it.
const LOOK_EVERY: Duration = Duration::from_millis(15);

/// What to start.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the data lives.
    pub data: Data,
    /// Whether PostgreSQL waits for the disk on commit. `false` is faster and loses data only when the machine itself
    /// goes down or the server [crashes](Servers::crash), so it is right for tests of anything else.
    pub durable: bool,
    /// Start PostgreSQL. `false` when the caller was given a database.
    pub postgres: bool,
    /// Start Redis. `false` when the caller was given one.
    pub redis: bool,
}

impl Default for Options {
    /// Both servers, with data that is thrown away.
    fn default() -> Self {
        Self {
            data: Data::ThrowAway,
            durable: false,
            postgres: true,
            redis: true,
        }
    }
}

/// Where the data lives, and for how long.
#[derive(Clone, Debug)]
pub enum Data {
    /// In a folder that is removed when the servers stop.
    ThrowAway,
    /// In this folder, which is created when missing and found again by the next start. One owner at a time.
    Kept(PathBuf),
}

/// One of the two servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// PostgreSQL.
    Postgres,
    /// Redis.
    Redis,
}

impl Server {
    /// The name of its files in the folder, and in orders to the keeper.
    const fn key(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Redis => "redis",
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Postgres => "PostgreSQL",
            Self::Redis => "Redis",
        })
    }
}

/// Running private servers. They stop when this is dropped, and when the process that holds it ends in any way.
#[derive(Debug)]
pub struct Servers {
    keeper: Keeper,
    folder: PathBuf,
    postgres: Option<Address>,
    redis: Option<Address>,
}

impl Servers {
    /// Starts what `options` ask for and returns once each server answers. `progress` gets a line for a person whenever
    /// something takes noticeable time.
    ///
    /// # Errors
    /// See [`ServersError`]. Nothing is left behind when this fails.
    pub fn start(options: Options, progress: &dyn Fn(&str)) -> Result<Self, ServersError> {
        let folder = Path::new("/tmp").join(format!("tillpost-{}", short_name()));
        let (job, docker) = match Programs::ready(&options, progress)? {
            Some(programs) => {
                let user = User::for_servers()?;
                (programs_job(&programs, &options, &folder, user)?, false)
            }
            None => (docker::job(&options, &folder)?, true),
        };
        progress(match (options.postgres, options.redis) {
            (true, true) => "starting a private PostgreSQL and Redis",
            (true, false) => "starting a private PostgreSQL",
            (false, true) => "starting a private Redis",
            (false, false) => "both servers were given, none to start",
        });
        let keeper = Keeper::start(job)?;
        let mut servers = Self {
            keeper,
            folder,
            postgres: None,
            redis: None,
        };
        if options.postgres {
            servers.postgres = Some(servers.wait_for(Server::Postgres, docker)?);
        }
        if options.redis {
            servers.redis = Some(servers.wait_for(Server::Redis, docker)?);
        }
        Ok(servers)
    }

    /// The URL by which `user` reaches `database`, as sqlx, sea-orm and `psql` read it; `None` when PostgreSQL was not
    /// asked for. The superuser is `postgres`, and so is the first database; no role needs a password here.
    #[must_use]
    pub fn database_url(&self, user: &str, database: &str) -> Option<String> {
        self.postgres
            .as_ref()
            .map(|address| postgres::url(address, user, database))
    }

    /// The URL of Redis, as the `redis` crate reads it; `None` when Redis was not asked for.
    #[must_use]
    pub fn redis_url(&self) -> Option<String> {
        self.redis.as_ref().map(|address| match address {
            Address::Socket(path) => format!("redis+unix://{}", path.display()),
            Address::Loopback(address) => format!("redis://{address}"),
        })
    }

    /// The folder of the sockets and logs. It is removed when the servers stop.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Stops one server as a crash would, starts it again on what it had on disk, and returns once it answers. Redis
    /// forgets everything unless its data is kept. For stories about crashes.
    ///
    /// # Errors
    /// [`ServersError::NotAnswering`] when it does not come back or was never asked for.
    pub fn crash(&self, server: Server) -> Result<(), ServersError> {
        let address = match server {
            Server::Postgres => &self.postgres,
            Server::Redis => &self.redis,
        };
        let Some(address) = address else {
            return Err(ServersError::NotAnswering {
                server,
                said: "it was not asked for".into(),
            });
        };
        let before = self.incarnation(server);
        self.keeper.order(&format!("crash {}", server.key()))?;
        self.wait_until(server, before.as_deref(), || {
            let now = self.incarnation(server);
            (now.is_some() && now != before && address.answers(server)).then_some(())
        })
    }

    /// Stops the servers and returns when they are gone, with their folder. Dropping does the same.
    pub fn stop(self) {
        drop(self);
    }

    /// Waits until `server` answers and gives its address.
    fn wait_for(&self, server: Server, docker: bool) -> Result<Address, ServersError> {
        self.wait_until(server, None, || {
            let address = match (docker, server) {
                (true, _) => docker::published(&self.folder, server)?,
                (false, Server::Postgres) => Address::Socket(self.folder.join(postgres::SOCKET)),
                (false, Server::Redis) => Address::Socket(self.folder.join("redis.sock")),
            };
            address.answers(server).then_some(address)
        })
    }

    /// Looks at `condition` until it gives a value, the server has ended, or the time is up. The end of the process
    /// `before` is not news.
    fn wait_until<T>(
        &self,
        server: Server,
        before: Option<&str>,
        condition: impl Fn() -> Option<T>,
    ) -> Result<T, ServersError> {
        let started = Instant::now();
        loop {
            if let Some(value) = condition() {
                return Ok(value);
            }
            // In this order: a new start removes the mark of the end before the name of the process that ended.
            let now = self.incarnation(server);
            let marked = self.folder.join(format!("{}.ended", server.key())).exists();
            let ended = marked && (now.is_none() || now.as_deref() != before);
            if ended || self.keeper.has_ended() || started.elapsed() > ANSWER_WITHIN {
                return Err(ServersError::NotAnswering {
                    server,
                    said: self.last_words(server),
                });
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    /// The process (or, with Docker, the start) that serves now; it changes with every start.
    fn incarnation(&self, server: Server) -> Option<String> {
        let said = fs::read_to_string(self.folder.join(format!("{}.pid", server.key()))).ok()?;
        (!said.trim().is_empty()).then_some(said)
    }

    /// The end of the server's log.
    fn last_words(&self, server: Server) -> String {
        let log = self.folder.join(format!("{}.log", server.key()));
        match fs::read(&log) {
            Ok(bytes) => tail(&String::from_utf8_lossy(&bytes)),
            Err(_) => format!("its keeper ended before writing {}", log.display()),
        }
    }
}

/// The keeper's job when the servers are programs of this machine.
fn programs_job(
    programs: &Programs,
    options: &Options,
    folder: &Path,
    user: Option<User>,
) -> Result<Job, ServersError> {
    let (postgres_data, redis_data, kept) = match &options.data {
        Data::ThrowAway => (folder.join("postgres"), folder.join("redis"), None),
        Data::Kept(kept) => {
            let home = |name: &str| kept::own_folder(&kept.join(name), user.as_ref());
            let (postgres, redis) = (home("postgres")?, home("redis")?);
            (postgres.join("data"), redis, Some(kept::hold(kept)?))
        }
    };
    let throw_away = kept.is_none();
    let mut job = Job::new(include_str!("servers/keeper.sh"), folder);
    job.user = user;
    job.held = kept;
    job.arguments = postgres::settings(options.durable);
    job.set(
        "POSTGRES_BIN",
        programs.postgres.as_deref().unwrap_or(Path::new("")),
    );
    job.set("POSTGRES_DATA", postgres_data);
    job.set("POSTGRES_LOCALE", postgres::LOCALE);
    // A throw-away database is not worth an orderly goodbye; a kept one gets its checkpoint.
    job.set("POSTGRES_STOP", if throw_away { "QUIT" } else { "INT" });
    job.set("INITDB_OPTIONS", if throw_away { "--no-sync" } else { "" });
    job.set("REDIS", programs.redis.as_deref().unwrap_or(Path::new("")));
    job.set("REDIS_DATA", redis_data);
    job.set("REDIS_APPENDONLY", if throw_away { "no" } else { "yes" });
    Ok(job)
}

/// A name no other servers have. Short, because a socket's path has room for about a hundred bytes.
fn short_name() -> String {
    let mut name = uuid::Uuid::new_v4().simple().to_string();
    name.truncate(12);
    name
}

/// The last lines of what a program said.
fn tail(said: &str) -> String {
    let lines: Vec<&str> = said.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
