//! `tenant`: tenants and their keys from the command line, as the platform.

use crate::commands::serve;
use crate::config::Config;
use clap::Subcommand;
use entity::id::TenantId;
use service::Service;
use service::access::Caller;
use service::api_key::{self, CreateApiKey};
use service::bell::Silent;
use service::error::Error;
use service::tenant::{self, CreateTenant};
use std::sync::Arc;

/// Make and list tenants and their keys.
#[derive(clap::Args)]
pub(crate) struct Tenant {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Make a tenant and its first key.
    Create {
        /// The retailer's name.
        name: String,
    },
    /// List the tenants, newest first.
    List,
    /// Make another key. The secret is shown once.
    Key {
        /// Whose key, as `list` shows it.
        tenant_id: TenantId,
        /// What the key is for.
        #[arg(long, default_value = "made on the command line")]
        name: String,
        /// What it may do, such as `events:write`; may be repeated. Left out: everything a tenant's key may.
        #[arg(long = "scope")]
        scopes: Vec<String>,
    },
}

impl Tenant {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let service = serve::open(&Config::read()?, Arc::new(Silent)).await?;
        match self.action {
            Action::Create { name } => {
                let request = CreateTenant {
                    name,
                    rounding_tolerance: None,
                    net_lines: None,
                    closed_period: None,
                    batches: None,
                };
                let tenant = tenant::create(&service, &Caller::Platform, request).await?;
                println!("{}  {}", tenant.id, tenant.name);
                show_key(&service, tenant.id, "first key", Vec::new()).await?;
            }
            Action::List => list(&service).await?,
            Action::Key {
                tenant_id,
                name,
                scopes,
            } => show_key(&service, tenant_id, &name, scopes).await?,
        }
        service.store().clone().close().await?;
        Ok(())
    }
}

async fn list(service: &Service) -> anyhow::Result<()> {
    let mut after = None;
    loop {
        let page = tenant::list(service, after.as_deref(), None).await?;
        for tenant in page.items {
            println!(
                "{}  {:9}  {}",
                tenant.id,
                format!("{:?}", tenant.status).to_lowercase(),
                tenant.name
            );
        }
        match page.next_cursor {
            Some(cursor) => after = Some(cursor),
            None => return Ok(()),
        }
    }
}

async fn show_key(
    service: &Service,
    tenant: TenantId,
    name: &str,
    scopes: Vec<String>,
) -> anyhow::Result<()> {
    tenant::read(service, tenant)
        .await
        .map_err(|error| match error {
            Error::NotFound => anyhow::anyhow!("there is no tenant {tenant}"),
            error => error.into(),
        })?;
    let request = CreateApiKey {
        name: name.to_owned(),
        role: None,
        scopes,
        expires_at: None,
    };
    let key = api_key::create(service, &Caller::Platform, tenant, request).await?;
    println!("{}", key.secret);
    eprintln!("(this key, {}, is shown only now)", key.key.id);
    Ok(())
}
