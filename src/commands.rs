//! The commands, on one page.

mod audit;
mod demo;
mod keys;
mod migrate;
mod openapi;
mod reconcile;
mod sandbox;
mod serve;
mod tenant;

use chrono::{DateTime, NaiveDate, Utc};
use clap::Subcommand;
use std::process::ExitCode;
use tokio_util::sync::CancellationToken;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Show everything: private servers, a simulated QuickBooks, a store's week, posted and cured. Asks nothing.
    Demo(demo::Demo),
    /// Serve the API and give turns, in one process.
    Serve,
    /// Serve the API only.
    Api,
    /// Give turns only.
    Worker,
    /// Show and change the keys that secrets are sealed under, while everything runs.
    Keys(keys::Keys),
    /// Bring the database up to date.
    Migrate(migrate::Migrate),
    /// Write the project's `openapi/openapi.json`, compare it, or print it.
    Openapi(openapi::OpenApi),
    /// Make and list tenants and their keys.
    Tenant(tenant::Tenant),
    /// Check that audit logs are as they were written.
    Audit(audit::Audit),
    /// Compare a tenant's books with what was posted, to the end, and print what is not as it was left.
    Reconcile(reconcile::Reconcile),
    /// Run a simulated QuickBooks, for development.
    Sandbox(sandbox::Sandbox),
}

impl Command {
    /// Whether the command speaks to a person on the terminal, so that logs would only disturb.
    pub(crate) fn is_told_on_the_terminal(&self) -> bool {
        !matches!(self, Self::Serve | Self::Api | Self::Worker)
    }

    /// Runs the command until it is done or `stop` is asked for.
    ///
    /// # Errors
    /// Why it could not be done, for a person.
    pub(crate) async fn run(self, stop: CancellationToken) -> anyhow::Result<ExitCode> {
        use serve::Part;
        match self {
            Self::Demo(demo) => return demo.run(stop).await,
            Self::Serve => serve::run(&[Part::Api, Part::Worker], stop).await?,
            Self::Api => serve::run(&[Part::Api], stop).await?,
            Self::Worker => serve::run(&[Part::Worker], stop).await?,
            Self::Keys(keys) => keys.run().await?,
            Self::Migrate(migrate) => migrate.run().await?,
            Self::Openapi(openapi) => openapi.run()?,
            Self::Tenant(tenant) => tenant.run().await?,
            Self::Audit(audit) => return Ok(or_untold(audit.run().await)),
            Self::Reconcile(reconcile) => return Ok(or_untold(reconcile.run(stop).await)),
            Self::Sandbox(sandbox) => sandbox.run(stop).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The status of a command that could not tell: 1 says that it looked, and that something is not as it should be.
const UNTOLD: u8 = 2;

fn or_untold(ended: anyhow::Result<ExitCode>) -> ExitCode {
    ended.unwrap_or_else(|error| {
        eprintln!("tillpost: {error:#}");
        ExitCode::from(UNTOLD)
    })
}

/// Reads an instant of an argument.
fn instant(text: &str) -> Result<DateTime<Utc>, String> {
    text.parse()
        .map_err(|_| "write an instant as in 2026-11-26T18:00:00Z".to_owned())
}

/// Reads a day of an argument.
fn day(text: &str) -> Result<NaiveDate, String> {
    text.parse()
        .map_err(|_| "write a day as in 2026-11-26".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_cannot_be_read_is_told_how_it_is_written() {
        assert!(instant("2026-11-26T18:00:00.25Z").is_ok());
        assert!(instant("yesterday").unwrap_err().contains("T18:00:00Z"));
        assert!(day("2026-11-26").is_ok());
        assert!(day("26.11.2026").unwrap_err().contains("2026-11-26"));
    }

    #[test]
    fn what_could_not_be_told_is_no_finding() {
        let told = |ended| format!("{:?}", or_untold(ended));
        assert_eq!(
            told(Err(anyhow::anyhow!("no database"))),
            format!("{:?}", ExitCode::from(2))
        );
        assert_eq!(
            told(Ok(ExitCode::from(1))),
            format!("{:?}", ExitCode::from(1))
        );
    }
}
