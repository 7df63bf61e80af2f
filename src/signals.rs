//! Ctrl-C and SIGTERM ask for an end; asked twice, the process ends where it stands.

use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// What a shell expects of a process ended by Ctrl-C.
const INTERRUPTED: i32 = 130;
/// Signals so close together are one wish: `timeout` and others signal a process and its group.
const ONE_WISH: Duration = Duration::from_millis(500);

/// A token that is cancelled by the first SIGINT or SIGTERM.
pub(crate) fn stop() -> CancellationToken {
    let stop = CancellationToken::new();
    let asked = stop.clone();
    tokio::spawn(async move {
        if let Err(error) = listen(&asked).await {
            tracing::error!("signals are not heard: {error}");
        }
    });
    stop
}

async fn listen(stop: &CancellationToken) -> std::io::Result<()> {
    asked().await?;
    tracing::info!("ending: what is under way is finished first; ask again to end at once");
    stop.cancel();
    tokio::time::sleep(ONE_WISH).await;
    asked().await?;
    // What is under way is safe to leave: its intent is committed and the next holder settles it.
    std::process::exit(INTERRUPTED)
}

async fn asked() -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
    Ok(())
}
