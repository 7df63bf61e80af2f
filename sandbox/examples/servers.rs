//! Starts a private PostgreSQL and Redis, prints their URLs, and keeps them until Enter or the end of input.

use sandbox::servers::{Data, Options, Servers};

fn main() -> anyhow::Result<()> {
    let data = std::env::args_os()
        .nth(1)
        .map_or(Data::ThrowAway, |folder| Data::Kept(folder.into()));
    let servers = Servers::start(
        Options {
            data,
            ..Options::default()
        },
        &|line| eprintln!("{line}"),
    )?;
    println!(
        "{}",
        servers
            .database_url("postgres", "postgres")
            .unwrap_or_default()
    );
    println!("{}", servers.redis_url().unwrap_or_default());
    println!("{}", servers.folder().display());
    std::io::stdin().read_line(&mut String::new())?;
    Ok(())
}
