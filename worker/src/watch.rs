//! The watch: tenants whose turns are long overdue are looked after, so that a person hears of a stall.

use crate::work::Work;

/// Looks once.
pub(crate) async fn watch(work: &dyn Work) -> anyhow::Result<()> {
    let overdue = work.overdue().await?;
    if overdue > 0 {
        tracing::warn!("the turns of {overdue} tenants are long overdue");
    }
    Ok(())
}
