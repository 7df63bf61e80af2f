//! Where a request comes from: the address of its sender, and past the proxies of ours that it came through.
//!
//! Anybody may write `X-Forwarded-For`, so it counts only as far as those who pass it on are trusted: it is read from its end,
//! and the first address that is not a trusted proxy's is the sender.

use actix_web::dev::ServiceRequest;
use actix_web::http::header::HeaderName;
use actix_web::web::ThinData;
use ipnet::IpNet;
use service::Service;
use std::net::{IpAddr, Ipv6Addr};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The sender's address, as its requests are counted by. Whoever has an address of IPv6 has a network of them, which counts as
/// one.
pub(crate) fn of(request: &ServiceRequest) -> Option<String> {
    let peer = request.peer_addr()?.ip();
    let service = request.app_data::<ThinData<Service>>();
    let trusted = service.map_or(&[][..], |service| {
        &service.settings().limits.trusted_proxies
    });
    let forwarded: Vec<_> = request
        .headers()
        .get_all(X_FORWARDED_FOR)
        .filter_map(|value| value.to_str().ok())
        .collect();
    Some(counted(sender(peer, &forwarded.join(","), trusted)))
}

fn sender(peer: IpAddr, forwarded: &str, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut sender = peer.to_canonical();
    for text in forwarded.rsplit(',') {
        if !is_trusted(&sender) {
            break;
        }
        match address(text.trim()) {
            Some(address) => sender = address.to_canonical(),
            None => break,
        }
    }
    sender
}

// Some proxies write the port, too.
fn address(text: &str) -> Option<IpAddr> {
    text.parse().ok().or_else(|| {
        let with_port: std::net::SocketAddr = text.parse().ok()?;
        Some(with_port.ip())
    })
}

fn counted(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let network = address.to_bits() & !u128::from(u64::MAX);
            format!("{}/64", Ipv6Addr::from_bits(network))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &str, trusted: &[&str]) -> String {
        let trusted: Vec<_> = trusted.iter().map(|text| text.parse().unwrap()).collect();
        counted(sender(peer.parse().unwrap(), forwarded, &trusted))
    }

    #[test]
    fn nobody_is_believed_who_is_not_trusted() {
        assert_eq!(seen("192.0.2.7", "", &[]), "192.0.2.7");
        assert_eq!(seen("192.0.2.7", "198.51.100.1", &[]), "192.0.2.7");
        assert_eq!(
            seen("192.0.2.7", "198.51.100.1", &["10.0.0.0/8"]),
            "192.0.2.7"
        );
    }

    #[test]
    fn the_sender_is_the_last_who_is_no_proxy_of_ours() {
        let ours = ["10.0.0.0/8", "fd00::/8"];
        for (forwarded, sender) in [
            ("198.51.100.1", "198.51.100.1"),
            ("203.0.113.9, 198.51.100.1", "198.51.100.1"),
            ("203.0.113.9,198.51.100.1:4711 , 10.1.2.3", "198.51.100.1"),
            ("[2001:db8::1]:443, fd00::2", "2001:db8::/64"),
            ("::ffff:198.51.100.1", "198.51.100.1"),
            // What cannot be read is nobody's word: the proxy that passed it on stands for it.
            ("198.51.100.1, unknown", "10.0.0.1"),
            ("", "10.0.0.1"),
        ] {
            assert_eq!(seen("10.0.0.1", forwarded, &ours), sender, "{forwarded}");
        }
        assert_eq!(
            seen("::ffff:10.0.0.1", "198.51.100.1", &ours),
            "198.51.100.1"
        );
    }

    #[test]
    fn a_network_of_ipv6_is_one_sender() {
        let first = seen("2001:db8:1:2::1", "", &[]);
        assert_eq!(first, seen("2001:db8:1:2:ffff::9", "", &[]));
        assert_ne!(first, seen("2001:db8:1:3::1", "", &[]));
    }
}
