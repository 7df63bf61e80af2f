//! `keys`: which keys secrets are sealed under, and changing them while everything runs.

use crate::commands::serve;
use crate::config::Config;
use chrono::{DateTime, SecondsFormat, Utc};
use clap::Subcommand;
use service::Service;
use service::bell::Silent;
use service::vault::rotation::{self, Changed};
use std::sync::Arc;

/// Show and change the keys that secrets are sealed under.
#[derive(clap::Args)]
pub(crate) struct Keys {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Which key-encryption keys wrap data keys, and how many.
    Show,
    /// Change keys; may be interrupted and run again, while API and workers serve.
    Rotate(Rotate),
}

#[derive(clap::Args)]
struct Rotate {
    /// Also give every tenant a new data key and seal its secrets anew under it. Without: only wrap data keys anew by
    /// TILLPOST_KEY_ENCRYPTION_KEY.
    #[arg(long)]
    data_keys: bool,
    /// With --data-keys, only of tenants whose data key is from before: goes on after an interruption with the time that the
    /// first run printed. Left out: now.
    #[arg(long, requires = "data_keys", value_parser = super::instant)]
    before: Option<DateTime<Utc>>,
}

impl Keys {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let service = serve::open(&Config::read()?, Arc::new(Silent)).await?;
        let done = match self.action {
            Action::Show => show(&service).await,
            Action::Rotate(rotate) => rotate.run(&service).await,
        };
        service.store().clone().close().await?;
        done
    }
}

impl Rotate {
    async fn run(&self, service: &Service) -> anyhow::Result<()> {
        let Changed { tenants, values } = rotation::rewrap(service).await?;
        println!("{values} data keys of {tenants} tenants are wrapped anew");
        if self.data_keys {
            let before = match self.before {
                Some(before) => before,
                None => service.store().platform().await?.now().await?,
            };
            eprintln!(
                "(to go on after an interruption: --before {})",
                before.to_rfc3339_opts(SecondsFormat::Micros, true)
            );
            let Changed { tenants, values } = rotation::renew(service, before).await?;
            println!(
                "{tenants} tenants have a new data key, and {values} rows are sealed anew under it"
            );
            if tenants > 0 {
                println!("a worker destroys the old ones in ten minutes");
            }
        }
        show(service).await
    }
}

async fn show(service: &Service) -> anyhow::Result<()> {
    for key in rotation::in_use(service).await? {
        println!(
            "{}  {:8}  {} data keys, the oldest from {}",
            key.key_encryption_key,
            if key.current { "current" } else { "previous" },
            key.data_keys,
            key.oldest_at.date_naive()
        );
    }
    Ok(())
}
