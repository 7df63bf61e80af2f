//! The sweep: whoever is due and was not rung for lately is rung for now. It makes good every ring that was lost.

use crate::line::Line;
use crate::turns::Turns;
use service::Service;
use service::bell;
use service::fail_point::{FailPoint, reach};
use std::sync::Arc;

/// Tenants found by one sweep; the rest is found by the next.
const MOST: u32 = 500;

/// Sweeps once. Where Redis does not take the ring, the turns are taken here: losing Redis costs seconds, not service.
pub(crate) async fn sweep(
    service: &Service,
    line: &Line,
    turns: &Arc<Turns>,
) -> anyhow::Result<()> {
    let mut due = bell::sweep(service, MOST).await?;
    due.retain(|tenant| !turns.under_way(*tenant));
    if due.is_empty() {
        return Ok(());
    }
    if let Err(error) = line.join(&due).await {
        tracing::warn!(
            "redis does not answer, {} tenants have their turns here: {error}",
            due.len()
        );
        for tenant in due {
            turns.begin(tenant).await;
        }
    }
    reach(FailPoint::SweepRung);
    Ok(())
}
