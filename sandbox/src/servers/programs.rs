//! Where this machine keeps PostgreSQL's and Redis' programs.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Options, ServersError, docker, install};

/// The programs that were asked for and found.
#[derive(Debug)]
pub(super) struct Programs {
    /// The folder of `initdb` and `postgres`.
    pub(super) postgres: Option<PathBuf>,
    /// `redis-server`, or Valkey's.
    pub(super) redis: Option<PathBuf>,
}

impl Programs {
    /// Finds what `options` ask for, or installs it. `None` means: not here, but Docker answers.
    pub(super) fn ready(
        options: &Options,
        progress: &dyn Fn(&str),
    ) -> Result<Option<Self>, ServersError> {
        if let Some(programs) = Self::find(options) {
            return Ok(Some(programs));
        }
        let installed = if install::possible() {
            install::with_apt(|| Self::find(options).is_some(), progress)
        } else {
            Err(not_installed(options))
        };
        if installed.is_ok()
            && let Some(programs) = Self::find(options)
        {
            return Ok(Some(programs));
        }
        if docker::answers() {
            return Ok(None);
        }
        Err(installed.err().unwrap_or_else(|| not_installed(options)))
    }

    fn find(options: &Options) -> Option<Self> {
        let postgres = options.postgres.then(find_postgres);
        let redis = options.redis.then(find_redis);
        if postgres == Some(None) || redis == Some(None) {
            return None;
        }
        Some(Self {
            postgres: postgres.flatten(),
            redis: redis.flatten(),
        })
    }
}

fn not_installed(options: &Options) -> ServersError {
    let absent = [
        (options.postgres && find_postgres().is_none()).then_some("PostgreSQL"),
        (options.redis && find_redis().is_none()).then_some("Redis"),
    ];
    ServersError::NotInstalled {
        missing: absent
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" and "),
        cure: if cfg!(target_os = "macos") {
            "run `brew install postgresql@17 redis`, or start Docker, or set DATABASE_URL and REDIS_URL"
        } else {
            "install them (Debian, Ubuntu: `sudo apt-get install postgresql redis-server`; Fedora: `sudo dnf install \
             postgresql-server valkey`), or start Docker, or set DATABASE_URL and REDIS_URL"
        },
    }
}

/// The folder of PostgreSQL's server programs. Debian keeps them off the `PATH`, one folder for each version.
fn find_postgres() -> Option<PathBuf> {
    on_path()
        .into_iter()
        .chain(by_version("/usr/lib/postgresql", ""))
        .chain(bindir_of_pg_config())
        .chain(by_version("/opt/homebrew/opt", "postgresql@"))
        .chain(by_version("/usr/local/opt", "postgresql@"))
        .chain(by_version("/usr", "pgsql-"))
        .find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
}

fn find_redis() -> Option<PathBuf> {
    let homes = [
        "/usr/bin",
        "/usr/sbin",
        "/usr/local/bin",
        "/opt/homebrew/bin",
    ]
    .map(PathBuf::from);
    let folders: Vec<PathBuf> = on_path().into_iter().chain(homes).collect();
    ["redis-server", "valkey-server"]
        .into_iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|program| program.is_file())
}

fn on_path() -> Vec<PathBuf> {
    env::var_os("PATH")
        .map(|path| env::split_paths(&path).collect())
        .unwrap_or_default()
}

/// The `bin` folders of `parent`'s folders named `prefix` and a number, newest first.
fn by_version(parent: &str, prefix: &str) -> Vec<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry
                .file_name()
                .to_str()?
                .strip_prefix(prefix)?
                .parse()
                .ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    versions.into_iter().map(|(_, folder)| folder).collect()
}

fn bindir_of_pg_config() -> Option<PathBuf> {
    let answer = Command::new("pg_config").arg("--bindir").output().ok()?;
    let folder = String::from_utf8(answer.stdout).ok()?;
    answer
        .status
        .success()
        .then(|| Path::new(folder.trim()).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_tried_newest_first_and_by_number() {
        let parent = tempfile::tempdir().unwrap();
        for name in ["9", "15", "17", "common"] {
            fs::create_dir(parent.path().join(name)).unwrap();
        }
        let found = by_version(parent.path().to_str().unwrap(), "");
        assert_eq!(
            found,
            ["17", "15", "9"].map(|name| parent.path().join(name).join("bin"))
        );
    }
}
