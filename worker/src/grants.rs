//! Grants that are due: the successor of a token in use is fetched ahead, an idle grant is kept alive, and a person hears in
//! time of one that ends.

use crate::work::Work;
use tokio_util::sync::CancellationToken;

/// Looks once.
pub(crate) async fn look(work: &dyn Work, stop: &CancellationToken) -> anyhow::Result<()> {
    work.grants(stop).await?;
    Ok(())
}
