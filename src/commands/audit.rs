//! `audit verify`: whether an audit log is as it was written, where it lies or in an export.

use crate::commands::serve;
use crate::config::Config;
use anyhow::Context;
use clap::Subcommand;
use entity::id::TenantId;
use service::Service;
use service::audit::chain::{Anchor, Break, Chain};
use service::audit::{self, Verified};
use service::bell::Silent;
use service::tenant;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// A log is not as it was written.
const BROKEN: u8 = 1;
/// The longest line that is read; a record is far shorter.
const LINE_MAX: u64 = 16 << 20;

/// Check audit logs.
#[derive(clap::Args)]
pub(crate) struct Audit {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Tell whether every record is as it was written, and where not. Exit status 1: it is not.
    Verify(Verify),
}

#[derive(clap::Args)]
struct Verify {
    /// An export of one tenant's log (`GET …/audit-log/export`); needs no database. Left out: the logs in the database.
    file: Option<PathBuf>,
    /// Whose log, as `tenant list` shows it. Left out: every tenant's, or whoever the export is of.
    #[arg(long = "tenant")]
    tenant_id: Option<TenantId>,
    /// The head of the log (`GET …/audit-log/head`) as it was once, as in 17:9f86…: tells whether the end was cut off since.
    #[arg(long)]
    anchor: Option<Anchor>,
    /// The anchor before the export's first record, where it does not begin with the first.
    #[arg(long, requires = "file")]
    after: Option<Anchor>,
}

impl Audit {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let Action::Verify(verify) = self.action;
        let whole = match &verify.file {
            Some(file) => verify.export(file)?,
            None => verify.database().await?,
        };
        Ok(if whole {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(BROKEN)
        })
    }
}

impl Verify {
    fn export(&self, path: &Path) -> anyhow::Result<bool> {
        let file = File::open(path).with_context(|| path.display().to_string())?;
        let verified = self.lines(BufReader::new(file))?;
        if self.anchor.is_none() {
            eprintln!("(without --anchor nobody can tell whether records were cut off at the end)");
        }
        Ok(told(&path.display().to_string(), verified))
    }

    fn lines(&self, mut lines: impl BufRead) -> anyhow::Result<Verified> {
        let mut chain = Chain::after(
            self.after.clone().unwrap_or_default(),
            self.anchor.clone().into_iter().collect(),
            self.tenant_id.map(|tenant| tenant.to_string()),
        );
        let mut line = Vec::new();
        loop {
            line.clear();
            if lines.by_ref().take(LINE_MAX).read_until(b'\n', &mut line)? == 0 {
                return Ok(ended(chain.end()));
            }
            // The last line has its end too: without it, it may be only the beginning of one.
            let record = line.strip_suffix(b"\n").unwrap_or_default();
            if let Err(broken) = chain.line(record) {
                return Ok(Verified::Broken(broken));
            }
        }
    }

    async fn database(&self) -> anyhow::Result<bool> {
        anyhow::ensure!(
            self.anchor.is_none() || self.tenant_id.is_some(),
            "an anchor is one tenant's: say whose with --tenant"
        );
        let service = serve::open(&Config::read()?, Arc::new(Silent)).await?;
        let whole = self.logs(&service).await;
        service.store().clone().close().await?;
        whole
    }

    async fn logs(&self, service: &Service) -> anyhow::Result<bool> {
        if let Some(tenant) = self.tenant_id {
            return self.log(service, tenant).await;
        }
        let mut whole = self.log(service, TenantId::PLATFORM).await?;
        let mut after = None;
        loop {
            let page = tenant::list(service, after.as_deref(), None).await?;
            for tenant in page.items {
                whole &= self.log(service, tenant.id).await?;
            }
            match page.next_cursor {
                Some(cursor) => after = Some(cursor),
                None => return Ok(whole),
            }
        }
    }

    async fn log(&self, service: &Service, tenant: TenantId) -> anyhow::Result<bool> {
        let verified = audit::verify(service, tenant, self.anchor.clone()).await?;
        Ok(told(&tenant.to_string(), verified))
    }
}

fn ended(end: Result<Anchor, Break>) -> Verified {
    match end {
        Ok(end) => Verified::Whole(end),
        Err(broken) => Verified::Broken(broken),
    }
}

fn told(log: &str, verified: Verified) -> bool {
    match verified {
        Verified::Whole(end) => {
            println!("{log}  whole   to {end}");
            true
        }
        Verified::Broken(broken) => {
            println!("{log}  BROKEN  {broken}");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verify(lines: &str) -> Verified {
        let nothing = Verify {
            file: None,
            tenant_id: None,
            anchor: None,
            after: None,
        };
        nothing.lines(lines.as_bytes()).unwrap()
    }

    #[test]
    fn an_empty_export_is_whole_and_a_line_without_an_end_is_none() {
        assert_eq!(verify(""), Verified::Whole(Anchor::default()));
        let malformed = Verified::Broken(Break::Malformed { sequence: 1 });
        assert_eq!(verify("\n"), malformed);
        assert_eq!(verify("{}"), malformed);
    }
}
