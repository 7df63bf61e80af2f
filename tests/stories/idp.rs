//! A vendor's identity provider: it publishes keys on loopback and signs tokens, sound ones and others. And signed tokens made by
//! hand, since no library makes the ones that must be refused.

use chrono::{DateTime, Utc};
use data_encoding::BASE64URL_NOPAD;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use service::settings::{Access, IdentityProvider as Provider, KeyPace, TokenAlgorithm};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// `iss` of the identity provider in every world.
pub const ISSUER: &str = "https://login.example.com/";
/// What `aud` of its tokens must name.
pub const AUDIENCE: &str = "tillpost-of-the-stories";

/// Signs with Ed25519.
pub struct Signer {
    pub kid: String,
    pair: Ed25519KeyPair,
}

impl Signer {
    pub fn new(kid: &str, seed: u8) -> Self {
        Self {
            kid: kid.to_owned(),
            pair: Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap(),
        }
    }

    pub fn public(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    /// The public half, as a set of keys holds it.
    pub fn jwk(&self) -> Value {
        json!({ "kty": "OKP", "crv": "Ed25519", "kid": self.kid, "x": BASE64URL_NOPAD.encode(self.public()) })
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }

    /// A token as it should be: of this key, with these claims.
    pub fn token(&self, claims: &Value) -> String {
        let header = json!({ "alg": "EdDSA", "typ": "JWT", "kid": self.kid });
        jws(&header, &claims.to_string(), |message| self.sign(message))
    }
}

/// A token of any header, claims and signature.
pub fn jws(header: &Value, claims: &str, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let signed = format!(
        "{}.{}",
        BASE64URL_NOPAD.encode(header.to_string().as_bytes()),
        BASE64URL_NOPAD.encode(claims.as_bytes())
    );
    let signature = sign(signed.as_bytes());
    format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature))
}

/// The claims of a person, sound for ten minutes.
pub fn person(subject: &str, now: DateTime<Utc>) -> Value {
    let now = now.timestamp();
    json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": subject, "iat": now, "nbf": now, "exp": now + 600 })
}

/// How a world is set up that asks an identity provider at this port who people are.
pub fn asking(port: u16) -> Access {
    Access {
        token_keys: Vec::new(),
        identity_provider: Some(Provider {
            issuer: ISSUER.to_owned(),
            audience: AUDIENCE.to_owned(),
            jwks_url: format!("http://127.0.0.1:{port}/keys").parse().unwrap(),
            algorithm: TokenAlgorithm::EdDsa,
            pace: KeyPace::default(),
        }),
        origins: Vec::new(),
    }
}

struct State {
    keys: Vec<Value>,
    up: bool,
    fetched: usize,
}

/// The provider, until it is dropped.
pub struct IdentityProvider {
    pub signer: Signer,
    port: u16,
    state: Arc<Mutex<State>>,
    serving: JoinHandle<()>,
}

impl IdentityProvider {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let signer = Signer::new("first", 21);
        let state = Arc::new(Mutex::new(State {
            keys: vec![signer.jwk()],
            up: true,
            fetched: 0,
        }));
        let its = Arc::clone(&state);
        let serving = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut asked = vec![0; 4096];
                let _ = stream.read(&mut asked).await;
                let (status, body) = {
                    let mut state = its.lock().unwrap();
                    state.fetched += 1;
                    match state.up {
                        true => ("200 OK", json!({ "keys": state.keys }).to_string()),
                        false => ("503 Service Unavailable", "{}".to_owned()),
                    }
                };
                let answer = format!(
                    "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self {
            signer,
            port,
            state,
            serving,
        }
    }

    /// How a world that asks this provider is set up.
    pub fn access(&self) -> Access {
        asking(self.port)
    }

    /// The same, by another pace of looking at its keys.
    pub fn paced(&self, pace: KeyPace) -> Access {
        let mut access = self.access();
        access.identity_provider.as_mut().unwrap().pace = pace;
        access
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/keys", self.port)
    }

    /// From now on these are its keys.
    pub fn publishes(&self, keys: Vec<Value>) {
        self.state.lock().unwrap().keys = keys;
    }

    pub fn is_up(&self, up: bool) {
        self.state.lock().unwrap().up = up;
    }

    /// How often its keys were fetched.
    pub fn fetched(&self) -> usize {
        self.state.lock().unwrap().fetched
    }
}

impl Drop for IdentityProvider {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
