//! The sweep: whoever is due and was not rung for lately is rung for now. It makes good every ring that was lost.

use crate::line::Line;
use crate::turns::Turns;
use crate::work::Work;
use service::bell::Urgency;
use service::fail_point::{FailPoint, reach};
use std::sync::Arc;

/// Tenants found at once.
const MOST: u32 = 500;

/// Sweeps once. Where Redis does not take the ring, the turns are taken here: losing Redis costs seconds, not service.
pub(crate) async fn sweep(work: &dyn Work, line: &Line, turns: &Arc<Turns>) -> anyhow::Result<()> {
    for urgency in Urgency::ALL {
        while more(work, line, turns, urgency).await? {}
    }
    Ok(())
}

// Whether there are more to be found, and room for them in the line.
async fn more(
    work: &dyn Work,
    line: &Line,
    turns: &Arc<Turns>,
    urgency: Urgency,
) -> anyhow::Result<bool> {
    let mut due = work.due(urgency, MOST).await?;
    let all = due.len() >= MOST as usize;
    due.retain(|tenant| !turns.knows(*tenant));
    if due.is_empty() {
        return Ok(all);
    }
    let more = match line.join(urgency, &due).await {
        Ok(joined) => all && joined == due.len(),
        Err(error) => {
            tracing::warn!(
                "redis does not answer, {} tenants have their turns here: {error}",
                due.len()
            );
            for tenant in due {
                turns.begin(tenant, urgency).await;
            }
            false
        }
    };
    reach(FailPoint::SweepRung);
    Ok(more)
}
