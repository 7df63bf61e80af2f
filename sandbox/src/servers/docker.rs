//! The second way: Docker, where the programs are neither here nor ours to install.
//!
//! Two things differ from the programs' way: the servers listen on a loopback port that Docker draws, without a password,
//! so anyone on this machine can reach them; and kept data belongs to the containers' users. This way is not covered by
//! the tests, which run where there is no Docker.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::answers::Address;
use super::keeper::Job;
use super::{Data, Options, Server, ServersError, kept, postgres};

/// Whether a Docker daemon answers.
pub(super) fn answers() -> bool {
    Command::new("docker")
        .arg("version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The keeper's job when the servers are containers.
pub(super) fn job(options: &Options, folder: &Path) -> Result<Job, ServersError> {
    let mut job = Job::new(include_str!("docker.sh"), folder);
    job.with_our_environment = true;
    // A container has its own network: it listens on all of it, and Docker publishes one loopback port.
    job.arguments = postgres::settings(options.durable)
        .into_iter()
        .map(|setting| {
            if setting == "listen_addresses=" {
                "listen_addresses=*".into()
            } else {
                setting
            }
        })
        .collect();
    job.set("NAME", folder.file_name().unwrap_or_default());
    job.set(
        "POSTGRES",
        if options.postgres { "postgres:17" } else { "" },
    );
    job.set("REDIS", if options.redis { "redis:7" } else { "" });
    match &options.data {
        Data::ThrowAway => {
            job.set("KEPT", "");
            job.set("REDIS_APPENDONLY", "no");
        }
        Data::Kept(folder_of_kept) => {
            // Beside the programs' data, not among it: the versions and owners differ.
            job.set(
                "KEPT",
                kept::own_folder(&folder_of_kept.join("docker"), None)?,
            );
            job.set("REDIS_APPENDONLY", "yes");
            job.held = Some(kept::hold(folder_of_kept)?);
        }
    }
    Ok(job)
}

/// The loopback address Docker published `server` at, once it has.
pub(super) fn published(folder: &Path, server: Server) -> Option<Address> {
    let said = fs::read_to_string(folder.join(format!("{}.port", server.key()))).ok()?;
    said.lines()
        .next()?
        .trim()
        .parse()
        .ok()
        .map(Address::Loopback)
}
