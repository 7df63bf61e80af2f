//! No message is sent to anything but the public internet, however an address is spelled, whoever a name leads to, and whatever
//! an answer says; and nothing public is refused.

use crate::receiver::{Manner, Receiver};
use futures::future::{BoxFuture, FutureExt};
use service::webhook::client::{Client, Lookup, Post};
use service::webhook::destination::Rules;
use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use url::Url;

/// The first and last address of each part of IPv4 that is not the public internet, written down apart from the product.
const NOT_PUBLIC: &[(&str, &str)] = &[
    ("0.0.0.0", "0.255.255.255"),
    ("10.0.0.0", "10.255.255.255"),
    ("100.64.0.0", "100.127.255.255"),
    ("127.0.0.0", "127.255.255.255"),
    ("169.254.0.0", "169.254.255.255"),
    ("172.16.0.0", "172.31.255.255"),
    ("192.0.0.0", "192.0.0.255"),
    ("192.0.2.0", "192.0.2.255"),
    ("192.88.99.0", "192.88.99.255"),
    ("192.168.0.0", "192.168.255.255"),
    ("198.18.0.0", "198.19.255.255"),
    ("198.51.100.0", "198.51.100.255"),
    ("203.0.113.0", "203.0.113.255"),
    ("224.0.0.0", "239.255.255.255"),
    ("240.0.0.0", "255.255.255.255"),
];

/// Addresses of particular interest within them.
const OF_INTEREST: &[&str] = &[
    "127.0.0.1",
    "169.254.169.254",
    "169.254.170.2",
    "100.100.100.200",
    "192.0.0.192",
    "10.0.0.1",
    "172.17.0.1",
    "192.168.1.1",
    "224.0.0.1",
];

/// Addresses of IPv6 that are not the public internet.
const NOT_PUBLIC_V6: &[&str] = &[
    "::",
    "::1",
    "::2",
    "0:0:0:0:0:0:0:1",
    "0000:0000:0000:0000:0000:0000:0000:0001",
    "::ffff:0:0",
    "::ffff:8.8.8.8",
    "::8.8.8.8",
    "::ffff:0:8.8.8.8",
    "64:ff9b::",
    "64:ff9b::8.8.8.8",
    "64:ff9b:1::8.8.8.8",
    "100::",
    "100::ffff:ffff:ffff:ffff",
    "100:0:0:1::1",
    "1000::1",
    "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "2001::",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
    "2001:db8::",
    "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
    "2002::",
    "2002:808:808::1",
    "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "3fff::",
    "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
    "4000::1",
    "5f00::1",
    "8000::1",
    "e000::1",
    "fc00::",
    "fc00::1",
    "fd00:ec2::254",
    "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "fe00::1",
    "fe80::",
    "fe80::1",
    "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "fec0::1",
    "feff::1",
    "ff00::",
    "ff02::1",
    "ff0e::1",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
];

/// Neighbours of all these, and well-known addresses: public.
const PUBLIC: &[&str] = &[
    "1.0.0.0",
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "191.255.255.255",
    "192.0.1.0",
    "192.0.1.255",
    "192.0.3.0",
    "192.88.98.255",
    "192.88.100.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "198.51.99.255",
    "198.51.101.0",
    "203.0.112.255",
    "203.0.114.0",
    "223.255.255.255",
    "93.184.215.14",
];
const PUBLIC_V6: &[&str] = &[
    "2000::",
    "2000::1",
    "2001:200::",
    "2001:4860:4860::8888",
    "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
    "2001:db9::",
    "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "2003::",
    "2400:cb00::1",
    "2606:4700:4700::1111",
    "2620:fe::fe",
    "2a00:1450:4001:80b::200e",
    "2c0f:f248::1",
    "3ffe::1",
    "3fff:1000::",
    "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
];

/// The ways to write an IPv4 address that a reader of addresses understands.
fn spellings(address: Ipv4Addr) -> Vec<String> {
    let [a, b, c, d] = address.octets().map(u32::from);
    let whole = address.to_bits();
    let digits = |text: String, zero: char| -> String {
        text.chars()
            .map(|c| {
                c.to_digit(10)
                    .map_or(c, |digit| char::from_u32(zero as u32 + digit).unwrap())
            })
            .collect()
    };
    vec![
        format!("{a}.{b}.{c}.{d}"),
        format!("{a}.{b}.{c}.{d}."),
        format!("{whole}"),
        format!("0x{whole:x}"),
        format!("0X{whole:08X}"),
        format!("0{whole:o}"),
        format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
        format!("0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}"),
        format!("0x{a:x}.0{b:o}.{c}.{d}"),
        format!("{a}.{b}.{}", c << 8 | d),
        format!("{a}.{}", b << 16 | c << 8 | d),
        format!("0x{a:x}.{}", b << 16 | c << 8 | d),
        format!("00000{a:o}.0{b:o}.{c}.{d}"),
        format!(
            "%3{}{}.{b}.{c}.{d}",
            a.to_string().remove(0),
            &a.to_string()[1..]
        ),
        digits(format!("{a}.{b}.{c}.{d}"), '０'),
        format!("{a}。{b}．{c}｡{d}"),
    ]
}

/// IPv4 addresses wrapped in IPv6: mapped, compatible, translated, 6to4, Teredo.
fn wrapped(address: Ipv4Addr) -> Vec<Ipv6Addr> {
    let [high, low] = [address.to_bits() >> 16, address.to_bits() & 0xffff].map(|half| half as u16);
    vec![
        Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, high, low),
        Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low),
        Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, high, low),
        Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
        Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, high, low),
        Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
        Ipv6Addr::new(0x2001, 0, high, low, 0, 0, !high, !low),
    ]
}

fn v4(text: &str) -> Ipv4Addr {
    text.parse().unwrap()
}

fn denied_v4() -> Vec<Ipv4Addr> {
    let mut addresses: Vec<Ipv4Addr> = NOT_PUBLIC
        .iter()
        .flat_map(|(first, last)| {
            let (first, last) = (v4(first).to_bits(), v4(last).to_bits());
            [first, first + (last - first) / 2, last].map(Ipv4Addr::from_bits)
        })
        .collect();
    addresses.extend(OF_INTEREST.iter().map(|text| v4(text)));
    addresses
}

/// Every form of every address that must not be connected to, as it stands in an address of the web.
fn denied() -> BTreeSet<String> {
    let mut forms = BTreeSet::new();
    for address in denied_v4() {
        forms.extend(spellings(address));
        forms.extend(
            wrapped(address)
                .into_iter()
                .map(|address| format!("[{address}]")),
        );
        let [high, low] = [address.to_bits() >> 16, address.to_bits() & 0xffff];
        forms.insert(format!("[::ffff:{high:x}:{low:x}]"));
    }
    forms.extend(NOT_PUBLIC_V6.iter().map(|text| format!("[{text}]")));
    forms
}

fn rules(port: u16) -> Rules {
    Rules {
        loopback: false,
        ports: vec![443, port],
        own_hosts: Vec::new(),
    }
}

fn post() -> Post {
    Post {
        id: "msg_1".into(),
        timestamp: 1,
        signature: "v1,x".into(),
        body: b"{}".to_vec(),
    }
}

/// Answers with the addresses that it was given last.
#[derive(Default)]
struct Told {
    answers: Mutex<Vec<IpAddr>>,
    asked: AtomicUsize,
}

impl Lookup for Told {
    fn lookup(&self, _: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let answers = self.answers.lock().unwrap().clone();
        async move { Ok(answers) }.boxed()
    }
}

#[tokio::test]
async fn no_form_of_an_address_that_is_not_public_is_connected_to() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    // Whoever got through would arrive here, at least in the forms that mean this machine.
    let canary = Receiver::start(Manner::Well).await;
    let port = canary.port();
    let told = Arc::new(Told::default());
    let client = Client::new(rules(port), told.clone()).unwrap();
    let forms = denied();
    assert!(forms.len() >= 300, "{} forms", forms.len());
    let mut read = 0;
    for form in &forms {
        for scheme in ["https", "http"] {
            let Ok(url) = Url::parse(&format!("{scheme}://{form}:{port}/")) else {
                continue;
            };
            read += 1;
            assert!(
                client.rules().read(url.as_str()).is_err(),
                "{form} is taken"
            );
            let attempted = client.send(&url, post()).await;
            assert_eq!(attempted.outcome, "not_allowed", "{form}: {attempted:?}");
        }
    }
    assert!(read >= 600, "only {read} were read as addresses");
    assert_eq!(
        told.asked.load(Ordering::Relaxed),
        0,
        "an address was taken for a name"
    );
    // The same addresses as answers to a name.
    let name: Url = format!("https://hooks.example.com:{port}/")
        .parse()
        .unwrap();
    let addresses: Vec<IpAddr> = denied_v4()
        .into_iter()
        .flat_map(|address| {
            let wrapped = wrapped(address).into_iter().map(IpAddr::from);
            wrapped.chain([address.into()]).collect::<Vec<_>>()
        })
        .chain(NOT_PUBLIC_V6.iter().map(|text| text.parse().unwrap()))
        .collect();
    assert!(addresses.len() >= 300, "{} addresses", addresses.len());
    for &address in &addresses {
        // Alone, and hidden behind a public one.
        for answers in [vec![address], vec![v4("8.8.8.8").into(), address]] {
            *told.answers.lock().unwrap() = answers;
            let attempted = client.send(&name, post()).await;
            assert_eq!(attempted.outcome, "not_allowed", "{address}: {attempted:?}");
        }
    }
    assert_eq!(canary.connections(), 0);
    println!(
        "door: ssrf: {} forms of addresses and {} answers to a name that are not public tried, 0 connected to",
        forms.len(),
        addresses.len()
    );
}

#[test]
fn no_public_address_is_refused() {
    let rules = rules(443);
    let mut forms = BTreeSet::new();
    for text in PUBLIC {
        assert_eq!(rules.check_address(v4(text).into()), Ok(()), "{text}");
        forms.extend(spellings(v4(text)));
    }
    for text in PUBLIC_V6 {
        assert_eq!(rules.check_address(text.parse().unwrap()), Ok(()), "{text}");
        forms.insert(format!("[{text}]"));
    }
    assert!(forms.len() >= 300, "{} forms", forms.len());
    for form in &forms {
        let read = rules.read(&format!("https://{form}/"));
        assert!(read.is_ok(), "{form}: {read:?}");
    }
    println!(
        "door: ssrf: {} forms of public addresses tried, 0 refused",
        forms.len()
    );
    for name in [
        "example.com",
        "hooks.example.co.uk",
        "a.b.c.example.org.",
        "xn--bcher-kva.example.net",
        "1.example.com",
    ] {
        assert!(rules.read(&format!("https://{name}/")).is_ok(), "{name}");
    }
}

#[tokio::test]
async fn a_name_whose_answers_change_leads_nowhere_it_may_not() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    // It ends each connection: one that is open already is not looked up again.
    let receiver = Receiver::start(Manner::Status(200, "connection: close\r\n")).await;
    let told = Arc::new(Told::default());
    // Here 127.0.0.1 stands for what is allowed, and 0.0.0.0, which leads to the same receiver, for what is not.
    let rules = Rules {
        loopback: true,
        ..rules(443)
    };
    let url: Url = format!("http://localhost:{}/", receiver.port())
        .parse()
        .unwrap();
    let (good, bad) = (v4("127.0.0.1"), v4("0.0.0.0"));
    let client = Client::new(rules, told.clone()).unwrap();
    let turns = [
        vec![good],
        vec![bad],
        vec![good, bad],
        vec![bad, good],
        vec![good, v4("169.254.169.254")],
    ];
    let (mut delivered, mut denied) = (0, 0);
    for turn in 0..1000 {
        let answers = &turns[turn % turns.len()];
        *told.answers.lock().unwrap() = answers
            .iter()
            .map(|address| IpAddr::from(*address))
            .collect();
        let attempted = client.send(&url, post()).await;
        match answers == &[good] {
            true => {
                assert_eq!(attempted.outcome, "delivered", "{attempted:?}");
                delivered += 1;
            }
            false => {
                assert_eq!(
                    attempted.outcome, "not_allowed",
                    "{answers:?}: {attempted:?}"
                );
                denied += 1;
            }
        }
    }
    assert_eq!((delivered, denied), (200, 800));
    assert_eq!(receiver.connections(), 200);
    println!(
        "door: ssrf: {denied} of {} answers of a name that changes are not public: 0 connected to, the others delivered",
        delivered + denied
    );
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let canary = Receiver::start(Manner::Well).await;
    let elsewhere: &'static str = format!("location: {}\r\n", canary.url()).leak();
    let metadata = "location: http://169.254.169.254/latest/meta-data/\r\n";
    let rules = Rules {
        loopback: true,
        ..rules(443)
    };
    let client = Client::new(rules, Arc::new(Told::default())).unwrap();
    let mut redirects = 0;
    for status in [301, 302, 303, 307, 308] {
        for location in [elsewhere, metadata] {
            redirects += 1;
            let receiver = Receiver::start(Manner::Status(status, location)).await;
            let attempted = client.send(&receiver.url().parse().unwrap(), post()).await;
            assert_eq!(
                (attempted.outcome, attempted.http_status),
                ("refused", Some(status)),
                "{attempted:?}"
            );
            assert!(
                attempted
                    .detail
                    .unwrap()
                    .contains("redirects are not followed")
            );
        }
    }
    assert_eq!(canary.connections(), 0);
    println!("door: ssrf: {redirects} redirects tried, 0 followed");
}
