//! Answers to requests with an Idempotency-Key that are kept no longer.

use crate::work::Work;

/// Forgets them.
pub(crate) async fn forget(work: &dyn Work) -> anyhow::Result<()> {
    let forgotten = work.answers().await?;
    if forgotten > 0 {
        tracing::info!("{forgotten} answers were kept for their time and are forgotten");
    }
    Ok(())
}
