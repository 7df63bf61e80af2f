//! `audit verify`: whether an audit log is as it was written, where it lies or in an export.

use crate::commands::serve;
use crate::config::Config;
use anyhow::Context;
use clap::Subcommand;
use entity::id::TenantId;
use service::Service;
use service::audit::chain::{Anchor, Chain};
use service::audit::{self, Verified};
use service::bell::Silent;
use service::cursor::LIMIT_MAX;
use service::tenant;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// A log is not as it was written.
const BROKEN: u8 = 1;
/// What the last column says.
const KNOWN: &str = "(known to: the last record that the platform's log, or --anchor, knew of. What came after it might have been cut \
    off, or written anew, together with the head, and nobody could tell: heads kept elsewhere and given as --anchor do)";
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
    /// Tell whether every record is as it was written, and where not. The status is 0 where it is, 1 where it is not, 2 where
    /// that could not be told.
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
        verify.check_anchor()?;
        let whole = match &verify.file {
            Some(file) => verify.export(file)?,
            None => verify.database().await?,
        };
        eprintln!("{KNOWN}");
        Ok(if whole {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(BROKEN)
        })
    }
}

impl Verify {
    // An anchor that no record is compared with would look as if it had been.
    fn check_anchor(&self) -> anyhow::Result<()> {
        let after = self.after.clone().unwrap_or_default();
        match &self.anchor {
            Some(anchor) if anchor.sequence <= after.sequence && *anchor != after => anyhow::bail!(
                "--anchor is of record {}, and what is checked begins with record {}: give an anchor of that or a later one",
                anchor.sequence,
                after.sequence + 1
            ),
            _ => Ok(()),
        }
    }

    fn export(&self, path: &Path) -> anyhow::Result<bool> {
        let name = path.display().to_string();
        let read = || self.lines(BufReader::new(File::open(path)?));
        let verified = read().with_context(|| name.clone())?;
        let start = self.after.clone().unwrap_or_default();
        Ok(print(&name, &start, &verified))
    }

    fn lines(&self, mut lines: impl BufRead) -> anyhow::Result<Verified> {
        let known: Vec<_> = self.after.iter().chain(&self.anchor).cloned().collect();
        let mut chain = Chain::after(
            self.after.clone().unwrap_or_default(),
            known.clone(),
            self.tenant_id.map(|tenant| tenant.to_string()),
        );
        let mut line = Vec::new();
        loop {
            line.clear();
            if lines.by_ref().take(LINE_MAX).read_until(b'\n', &mut line)? == 0 {
                return Ok(Verified::of(chain, &known));
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
            if tenant != TenantId::PLATFORM {
                // Of one that nobody made, every log would be whole.
                tenant::read(service, tenant)
                    .await
                    .with_context(|| format!("--tenant {tenant}"))?;
            }
            return self.check(service, &[tenant]).await;
        }
        let mut whole = self.check(service, &[TenantId::PLATFORM]).await?;
        let mut after = None;
        loop {
            let page = tenant::list(service, after.as_deref(), Some(LIMIT_MAX)).await?;
            let tenants: Vec<_> = page.items.iter().map(|tenant| tenant.id).collect();
            whole &= self.check(service, &tenants).await?;
            match page.next_cursor {
                Some(cursor) => after = Some(cursor),
                None => return Ok(whole),
            }
        }
    }

    // Some logs at a time: the platform's is read once for all of them, and what it knows of them is held meanwhile.
    async fn check(&self, service: &Service, tenants: &[TenantId]) -> anyhow::Result<bool> {
        let mut ends = audit::witnessed(service, tenants).await?;
        let mut whole = true;
        for tenant in tenants {
            let mut known = ends.remove(tenant).unwrap_or_default();
            known.extend(self.anchor.clone());
            let verified = audit::verify_through(service, *tenant, known).await?;
            let name = match *tenant {
                TenantId::PLATFORM => format!("{tenant} (the platform's own)"),
                tenant => tenant.to_string(),
            };
            whole &= print(&name, &Anchor::default(), &verified);
        }
        Ok(whole)
    }
}

// Tells what was found, and whether that is how it should be.
fn print(log: &str, start: &Anchor, verified: &Verified) -> bool {
    println!("{log}  {}", told(start, verified));
    matches!(verified, Verified::Whole { .. })
}

fn told(start: &Anchor, verified: &Verified) -> String {
    match verified {
        Verified::Whole { end, .. } if end == start => {
            format!("empty   no record after {}", end.sequence)
        }
        Verified::Whole { end, known } => format!("whole   to {end}  known to {known}"),
        Verified::Broken(broken) => format!("BROKEN  {broken}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use service::audit::chain::Break;

    fn of(anchor: Option<&str>, after: Option<&str>) -> Verify {
        let read = |text: &str| format!("{text}{}", "0".repeat(63)).parse().unwrap();
        Verify {
            file: None,
            tenant_id: None,
            anchor: anchor.map(read),
            after: after.map(read),
        }
    }

    fn verify(lines: &str) -> Verified {
        of(None, None).lines(lines.as_bytes()).unwrap()
    }

    #[test]
    fn an_anchor_that_nothing_would_be_compared_with_is_refused() {
        for (anchor, after, refused) in [
            (Some("5:1"), None, false),
            (Some("11:1"), Some("10:1"), false),
            // The same place: it was given to begin with.
            (Some("10:1"), Some("10:1"), false),
            (Some("0:0"), None, false),
            (None, Some("10:1"), false),
            (Some("0:1"), None, true),
            (Some("5:1"), Some("10:1"), true),
            (Some("10:2"), Some("10:1"), true),
        ] {
            let checked = of(anchor, after).check_anchor();
            assert_eq!(checked.is_err(), refused, "{anchor:?} after {after:?}");
        }
    }

    #[test]
    fn a_log_without_a_record_is_not_told_like_one_that_was_checked() {
        let (first, third) = (Anchor::default(), of(Some("3:1"), None).anchor.unwrap());
        let told = |verified| told(&first, &verified);
        let whole = |end, known| told(Verified::Whole { end, known });
        assert_eq!(whole(first.clone(), 0), "empty   no record after 0");
        let line = whole(third, 2);
        assert!(line.starts_with("whole   to 3:1000"), "{line}");
        assert!(line.ends_with("  known to 2"), "{line}");
        let broken = Verified::Broken(Break::Hash { sequence: 3 });
        assert!(told(broken).starts_with("BROKEN  record 3 "));
    }

    #[test]
    fn an_empty_export_is_whole_and_a_line_without_an_end_is_none() {
        let end = Anchor::default();
        assert_eq!(verify(""), Verified::Whole { end, known: 0 });
        let malformed = Verified::Broken(Break::Malformed { sequence: 1 });
        assert_eq!(verify("\n"), malformed);
        assert_eq!(verify("{}"), malformed);
    }
}
