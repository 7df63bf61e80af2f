//! A folder whose data outlives its servers: who owns it, and how one owner at a time is kept to one.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::user::User;
use super::{LOOK_EVERY, ServersError};

/// How long the servers of a previous owner may take to let go of a kept folder.
const RELEASE_WITHIN: Duration = Duration::from_secs(30);

/// Makes `folder` where missing, for the user the servers run as, closed to everyone else.
pub(super) fn own_folder(folder: &Path, user: Option<&User>) -> Result<PathBuf, ServersError> {
    let doing = || format!("make the folder {}", folder.display());
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent).map_err(ServersError::machine(doing()))?;
    }
    match fs::DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => {
            if let Some(user) = user {
                std::os::unix::fs::chown(folder, Some(user.id), Some(user.group))
                    .map_err(ServersError::machine(doing()))?;
            }
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(ServersError::machine(doing())(error)),
    }
    folder
        .canonicalize()
        .map_err(ServersError::machine(doing()))
}

/// Takes the kept folder for one owner. The lock belongs to the open file, which the keeper inherits: it is free again
/// when the last of the servers is gone, not merely when the owner is.
pub(super) fn hold(kept: &Path) -> Result<File, ServersError> {
    let path = kept.join("in-use");
    let doing = format!("open {}", path.display());
    let file = File::options()
        .create(true)
        .append(true)
        .open(&path)
        .map_err(ServersError::machine(doing.as_str()))?;
    let started = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if started.elapsed() < RELEASE_WITHIN => {
                thread::sleep(LOOK_EVERY)
            }
            Err(TryLockError::WouldBlock) => {
                return Err(ServersError::InUse {
                    folder: kept.to_owned(),
                });
            }
            Err(TryLockError::Error(source)) => {
                return Err(ServersError::Machine { doing, source });
            }
        }
    }
}
