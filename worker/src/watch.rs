//! The watch: tenants whose turns are long overdue are looked after, so that a person hears of a stall.

use service::Service;

/// Looks once.
pub(crate) async fn watch(service: &Service) -> anyhow::Result<()> {
    let overdue = service::watch::overdue(service).await?;
    if overdue > 0 {
        tracing::warn!("the turns of {overdue} tenants are long overdue");
    }
    Ok(())
}
