//! Where audit logs end, written down apart from them.

use crate::work::Work;

/// Writes down what is due.
pub(crate) async fn witness(work: &dyn Work) -> anyhow::Result<()> {
    let witnessed = work.witness().await?;
    if witnessed > 0 {
        tracing::info!("the ends of {witnessed} audit logs are written down");
    }
    Ok(())
}
