//! The one binary. Each command is a file in `commands`; `demo` is the one to begin with.

mod commands;
mod config;
mod logging;
mod schema;
mod secrets;
mod signals;
mod stage;

use clap::Parser;
use std::process::ExitCode;

/// Posts the financial events of retail tills to QuickBooks Online as journal entries, exactly once.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: commands::Command,
}

#[tokio::main]
async fn main() -> ExitCode {
    if rustls::crypto::ring::default_provider()
        .install_default()
        .is_err()
    {
        eprintln!("another TLS provider was installed before ours");
        return ExitCode::FAILURE;
    }
    let command = Arguments::parse().command;
    logging::start(command.is_told_on_the_terminal());
    match command.run(signals::stop()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("tillpost: {error:#}");
            ExitCode::FAILURE
        }
    }
}
