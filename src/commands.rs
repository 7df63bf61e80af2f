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
    /// Write `openapi/openapi.json`, or compare it.
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
            Self::Audit(audit) => return audit.run().await,
            Self::Reconcile(reconcile) => return reconcile.run(stop).await,
            Self::Sandbox(sandbox) => sandbox.run(stop).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
