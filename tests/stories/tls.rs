//! Messages over HTTPS: they go to the address that was looked at, under the endpoint's own name, and to nobody who cannot prove
//! to be of that name.

mod authority;

use crate::receiver::{Manner, Receiver};
use authority::Authority;
use futures::future::{BoxFuture, FutureExt};
use rustls::ServerConfig;
use service::webhook::client::{Attempted, Client, Lookup, Post};
use service::webhook::destination::Rules;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use url::Url;

const NAME: &str = "hooks.example.com";

/// TLS before a receiver, until it is dropped.
struct Front {
    port: u16,
    receiver: Receiver,
    names: Arc<Mutex<Vec<Option<String>>>>,
    serving: JoinHandle<()>,
}

impl Front {
    async fn start(server: Arc<ServerConfig>) -> Self {
        let receiver = Receiver::start(Manner::Well).await;
        let (behind, listener) = (
            receiver.port(),
            TcpListener::bind("127.0.0.1:0").await.unwrap(),
        );
        let port = listener.local_addr().unwrap().port();
        let names = Arc::new(Mutex::new(Vec::new()));
        let (acceptor, asked) = (TlsAcceptor::from(server), Arc::clone(&names));
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // Whoever does not believe the certificate goes away here.
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    continue;
                };
                let name = stream.get_ref().1.server_name().map(str::to_owned);
                asked.lock().unwrap().push(name);
                tokio::spawn(async move {
                    let mut plain = TcpStream::connect(("127.0.0.1", behind)).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut stream, &mut plain).await;
                });
            }
        });
        Self {
            port,
            receiver,
            names,
            serving,
        }
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Every name leads to this machine.
struct Here;

impl Lookup for Here {
    fn lookup(&self, _: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        async { Ok(vec![Ipv4Addr::LOCALHOST.into()]) }.boxed()
    }
}

/// Sends one message to a server at this port of this machine, under the name, as a client that believes this authority.
async fn send(port: u16, authority: Option<&Authority>) -> Attempted {
    let rules = Rules {
        loopback: true,
        ports: vec![port],
        own_hosts: Vec::new(),
    };
    let authorities: Vec<_> = authority.iter().map(|authority| authority.der()).collect();
    let client = Client::trusting(rules, Arc::new(Here), &authorities).unwrap();
    let url: Url = format!("https://{NAME}:{port}/hook").parse().unwrap();
    let post = Post {
        id: "msg_1".into(),
        timestamp: 1,
        signature: "v1,x".into(),
        body: b"{\"of\":\"the store\"}".to_vec(),
    };
    client.send(&url, post).await
}

fn install() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

#[tokio::test]
async fn a_message_goes_to_the_address_that_was_looked_at_under_the_name_of_its_endpoint() {
    install();
    let authority = Authority::new();
    let front = Front::start(authority.server(NAME, 2999)).await;
    let attempted = send(front.port, Some(&authority)).await;
    assert_eq!(
        (attempted.outcome, attempted.http_status),
        ("delivered", Some(200)),
        "{attempted:?}"
    );
    assert_eq!(*front.names.lock().unwrap(), [Some(NAME.to_owned())]);
    let received = front.receiver.received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].id(), "msg_1");
    assert_eq!(received[0].body, b"{\"of\":\"the store\"}");
    assert_eq!(
        received[0].headers["host"],
        format!("{NAME}:{}", front.port)
    );
}

#[tokio::test]
async fn whoever_cannot_prove_the_name_gets_nothing_and_the_owner_is_told_why() {
    install();
    let (authority, other) = (Authority::new(), Authority::new());
    for (server, believed, why) in [
        (
            authority.server("hooks.example.org", 2999),
            Some(&authority),
            "not valid for name",
        ),
        (
            authority.server("example.com", 2999),
            Some(&authority),
            "not valid for name",
        ),
        (authority.server(NAME, 2020), Some(&authority), "expired"),
        // Of the same name, and with another key.
        (other.server(NAME, 2999), Some(&authority), "BadSignature"),
        (authority.server(NAME, 2999), None, "UnknownIssuer"),
    ] {
        let front = Front::start(server).await;
        let attempted = send(front.port, believed).await;
        assert_eq!(attempted.outcome, "unreachable", "{why}: {attempted:?}");
        let told = attempted.detail.unwrap();
        assert!(told.contains(why), "{told}");
        assert!(front.receiver.received().is_empty(), "{why}");
        assert_eq!(front.receiver.connections(), 0, "{why}");
    }
}

#[tokio::test]
async fn an_https_endpoint_that_speaks_plain_http_gets_nothing() {
    install();
    let authority = Authority::new();
    let receiver = Receiver::start(Manner::Well).await;
    let attempted = send(receiver.port(), Some(&authority)).await;
    assert_eq!(attempted.outcome, "unreachable", "{attempted:?}");
    assert!(receiver.received().is_empty());
}
