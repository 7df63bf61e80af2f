//! Logs: for a person on a terminal, as JSON lines everywhere else, always on standard error.

use std::io::IsTerminal;
use tracing::Metadata;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// What is logged unless `RUST_LOG` says otherwise: our own story, and of others only what should worry.
const USUAL: &str =
    "warn,tillpost=info,api=info,service=info,worker=info,quickbooks=info,sandbox=info";
/// Where the terminal is for a command's own words.
const QUIET: &str = "error";

/// Begins to log. `quietly` leaves the terminal to the command; `RUST_LOG` is heard in any case.
pub(crate) fn start(quietly: bool) {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new(if quietly { QUIET } else { USUAL }));
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let is_shown = filter_fn(|span| !shows_a_password(span));
    if std::io::stderr().is_terminal() {
        logs.finish().with(is_shown).init();
    } else {
        let lines = logs.json().with_ansi(false).flatten_event(true);
        lines.finish().with(is_shown).init();
    }
}

// SeaORM's span of a login holds the database's address, its password included. Nobody sees it, whatever `RUST_LOG` says.
fn shows_a_password(span: &Metadata<'_>) -> bool {
    span.target().starts_with("sea_orm::driver") && span.name() == "connect"
}
