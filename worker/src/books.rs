//! The books: whoever was not looked after for a day has their books looked over in one of the next turns.

use crate::work::Work;

/// Queues what is due.
pub(crate) async fn look_over(work: &dyn Work) -> anyhow::Result<()> {
    let queued = work.books().await?;
    if queued > 0 {
        tracing::info!("the books of {queued} tenants are looked over");
    }
    Ok(())
}
