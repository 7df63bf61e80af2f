//! How a private PostgreSQL is set up and addressed.

use std::fmt::Write as _;

use super::answers::Address;

/// The name PostgreSQL gives its socket, after the port it would have.
pub(super) const SOCKET: &str = ".s.PGSQL.5432";

/// The same order of text everywhere. macOS has no `C.UTF-8`; there `C` with the encoding UTF-8 sorts alike.
pub(super) const LOCALE: &str = if cfg!(target_os = "macos") {
    "C"
} else {
    "C.UTF-8"
};

/// The settings as arguments of `postgres`, beyond its defaults.
pub(super) fn settings(durable: bool) -> Vec<String> {
    let mut settings = vec![
        // Sockets only: no port to clash on, nobody else on the network.
        "listen_addresses=",
        // Enough for many tests at once, each with pools of its own.
        "max_connections=400",
        "shared_buffers=64MB",
        "timezone=UTC",
        "log_timezone=UTC",
    ];
    if !durable {
        settings.extend([
            "fsync=off",
            "full_page_writes=off",
            "synchronous_commit=off",
            "wal_level=minimal",
            "max_wal_senders=0",
        ]);
    }
    settings
        .into_iter()
        .flat_map(|setting| ["-c".to_owned(), setting.to_owned()])
        .collect()
}

/// The URL by which `user` reaches `database`. A socket's folder stands percent-encoded in the host's place.
pub(super) fn url(address: &Address, user: &str, database: &str) -> String {
    let host = match address {
        Address::Socket(path) => encode(&path.parent().unwrap_or(path).to_string_lossy()),
        Address::Loopback(address) => address.to_string(),
    };
    format!("postgres://{}@{host}/{}", encode(user), encode(database))
}

/// Percent-encodes everything that is not plainly part of a name (RFC 3986's unreserved characters).
fn encode(text: &str) -> String {
    text.bytes()
        .fold(String::with_capacity(text.len()), |mut encoded, byte| {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                encoded.push(char::from(byte));
            } else {
                write!(encoded, "%{byte:02X}").expect("writing to a string cannot fail");
            }
            encoded
        })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn a_socket_stands_percent_encoded_in_the_hosts_place() {
        let address = Address::Socket(PathBuf::from("/tmp/tillpost-1/.s.PGSQL.5432"));
        assert_eq!(
            url(&address, "post gres", "shop/1"),
            "postgres://post%20gres@%2Ftmp%2Ftillpost-1/shop%2F1"
        );
    }

    #[test]
    fn durable_servers_keep_waiting_for_the_disk() {
        let settings = settings(true);
        assert!(
            settings
                .iter()
                .all(|setting| !setting.contains("fsync") && !setting.contains("commit"))
        );
    }
}
