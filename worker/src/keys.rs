//! The keys: a data key that was replaced is destroyed when nobody can need it any more.

use crate::work::Work;

/// Destroys what is due.
pub(crate) async fn destroy(work: &dyn Work) -> anyhow::Result<()> {
    let destroyed = work.keys().await?;
    if destroyed > 0 {
        tracing::info!("{destroyed} retired data keys are destroyed");
    }
    Ok(())
}
