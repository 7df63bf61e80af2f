//! Grants that are due: the successor of a token in use is fetched ahead, an idle grant is kept alive, and a person hears in
//! time of one that ends.

use service::Service;
use tokio_util::sync::CancellationToken;

/// Looks once.
pub(crate) async fn look(service: &Service, stop: &CancellationToken) -> anyhow::Result<()> {
    service::grant::look_after(service, stop).await?;
    Ok(())
}
