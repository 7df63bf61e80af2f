//! `reconcile`: the books of one tenant compared with what was posted, from the command line, as the platform.
//!
//! It takes the tenant's turns itself, so it needs no worker; one that has the company is waited for.

use crate::commands::serve;
use crate::config::Config;
use chrono::NaiveDate;
use entity::id::{ReconciliationId, TenantId};
use service::Service;
use service::access::Caller;
use service::bell::Silent;
use service::posting::{self, TurnEnd};
use service::reconciliation::{
    self, CreateReconciliation, FindingQuery, FindingState, Reconciliation, State,
};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Something was found: not an error of ours, but somebody should look.
const FOUND: u8 = 1;
/// It did not come to its end; if it is paused it goes on by itself wherever a worker runs.
const NOT_FINISHED: u8 = 2;
/// Between two looks at a company that somebody else holds, or that is to be left alone.
const AGAIN: Duration = Duration::from_millis(500);

/// Compare the books with what was posted. The status is 0 where they agree, 1 where something was found, 2 where the
/// comparison could not be made or did not come to its end.
#[derive(clap::Args)]
pub(crate) struct Reconcile {
    /// Whose books, as `tenant list` shows it.
    #[arg(long = "tenant")]
    tenant_id: TenantId,
    /// The first accounting date.
    #[arg(long = "from", value_parser = super::day)]
    from_date: NaiveDate,
    /// The last accounting date.
    #[arg(long = "to", value_parser = super::day)]
    to_date: NaiveDate,
    /// Metered reads that it may use in a day.
    #[arg(long)]
    reads_per_day: Option<u32>,
}

impl Reconcile {
    pub(crate) async fn run(self, stop: CancellationToken) -> anyhow::Result<ExitCode> {
        let service = serve::open(&Config::read()?, Arc::new(Silent)).await?;
        let ended = self.reconcile(&service, &stop).await;
        service.store().clone().close().await?;
        ended
    }

    async fn reconcile(
        &self,
        service: &Service,
        stop: &CancellationToken,
    ) -> anyhow::Result<ExitCode> {
        let request = CreateReconciliation {
            from_date: self.from_date,
            to_date: self.to_date,
            reads_per_day: self.reads_per_day,
        };
        let made =
            reconciliation::create(service, &Caller::Platform, self.tenant_id, request).await?;
        let run = self.follow(service, made.id, stop).await?;
        println!(
            "{}: {} entries read with {} metered reads",
            run.id, run.entries_read, run.reads_used
        );
        let open = self.print_findings(service, run.id).await?;
        if run.state != State::Finished {
            let why = run.problem.as_deref().unwrap_or("it was stopped");
            println!("not finished: {why}");
            return Ok(ExitCode::from(NOT_FINISHED));
        }
        println!("{open} findings are open, {} are accepted", run.accepted);
        Ok(if open == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(FOUND)
        })
    }

    async fn follow(
        &self,
        service: &Service,
        id: ReconciliationId,
        stop: &CancellationToken,
    ) -> anyhow::Result<Reconciliation> {
        let mut told = 0;
        loop {
            let end = posting::turn(service, self.tenant_id, "reconcile", stop).await?;
            let run = reconciliation::read(service, self.tenant_id, id).await?;
            let over = matches!(run.state, State::Finished | State::Failed | State::Paused);
            if over || stop.is_cancelled() {
                return Ok(run);
            }
            if let Some(next) = run.next_date
                && told != run.reads_used
            {
                told = run.reads_used;
                eprintln!("{} reads, next {next}", run.reads_used);
            }
            match end {
                TurnEnd::Again => {}
                // Nobody may ask this company anything now, or somebody else does.
                TurnEnd::Busy | TurnEnd::Idle | TurnEnd::Later(_) => {
                    tokio::time::sleep(AGAIN).await
                }
            }
        }
    }

    async fn print_findings(
        &self,
        service: &Service,
        run: ReconciliationId,
    ) -> anyhow::Result<usize> {
        let mut query = FindingQuery {
            state: Some(FindingState::Open.as_str().to_owned()),
            reconciliation_id: Some(run),
            ..FindingQuery::default()
        };
        let mut open = 0;
        loop {
            let page = reconciliation::list_findings(service, self.tenant_id, &query).await?;
            for finding in &page.items {
                println!("{:10}  {}", finding.kind.as_str(), finding.detail);
            }
            open += page.items.len();
            match page.next_cursor {
                Some(cursor) => query.cursor = Some(cursor),
                None => return Ok(open),
            }
        }
    }
}
