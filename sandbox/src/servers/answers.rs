//! Where a server is, and whether it answers there.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use super::Server;

/// How long a server that accepted us may keep us waiting for its first byte.
const FIRST_BYTE_WITHIN: Option<Duration> = Some(Duration::from_secs(2));

/// Where a server listens.
#[derive(Clone, Debug)]
pub(super) enum Address {
    /// A Unix socket: the programs of this machine.
    Socket(PathBuf),
    /// A loopback port: Docker.
    Loopback(SocketAddr),
}

impl Address {
    /// Whether the server there takes work now.
    pub(super) fn answers(&self, server: Server) -> bool {
        let greeting = match server {
            Server::Postgres => greet(self, &startup_message(), b"R"),
            Server::Redis => greet(self, b"PING\r\n", b"+PONG"),
        };
        greeting.unwrap_or(false)
    }
}

/// Says `hello` and tells whether the answer begins as `expected`.
fn greet(address: &Address, hello: &[u8], expected: &[u8]) -> io::Result<bool> {
    let mut answer = vec![0; expected.len()];
    match address {
        Address::Socket(path) => {
            let mut stream = UnixStream::connect(path)?;
            stream.set_read_timeout(FIRST_BYTE_WITHIN)?;
            stream.write_all(hello)?;
            stream.read_exact(&mut answer)?;
        }
        Address::Loopback(address) => {
            let mut stream = TcpStream::connect(address)?;
            stream.set_read_timeout(FIRST_BYTE_WITHIN)?;
            stream.write_all(hello)?;
            stream.read_exact(&mut answer)?;
        }
    }
    Ok(answer == expected)
}

/// PostgreSQL's `StartupMessage`, protocol 3.0. A server that is still starting answers `E`; one that would let us in
/// answers `R`. (PostgreSQL manual, "Message Formats".)
fn startup_message() -> Vec<u8> {
    let parameters = b"user\0postgres\0database\0postgres\0\0";
    let length = u32::try_from(8 + parameters.len()).expect("a few dozen bytes");
    [&length.to_be_bytes()[..], &[0, 3, 0, 0], parameters].concat()
}
