//! A certificate authority of one story: certificates (RFC 5280) of Ed25519 keys, written out by hand.

use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::sync::Arc;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OBJECT: u8 = 0x06;
const UTF8: u8 = 0x0c;
const TIME: u8 = 0x18;
/// `TRUE`, as a whole value.
const TRUE: [u8; 3] = [0x01, 0x01, 0xff];

const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
const ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1d, 0x11];

const AUTHORITY: &str = "An authority of the stories";

/// Signs certificates.
pub struct Authority {
    pair: Ed25519KeyPair,
    certificate: Vec<u8>,
}

impl Authority {
    pub fn new() -> Self {
        let (pair, _) = new_pair();
        let is_authority = extension(BASIC_CONSTRAINTS, &[&value(SEQUENCE, &[&TRUE])]);
        let certificate = certificate(&pair, &pair, AUTHORITY, 2999, &is_authority);
        Self { pair, certificate }
    }

    /// Its own certificate.
    pub fn der(&self) -> &[u8] {
        &self.certificate
    }

    /// A server with a certificate of this name, which holds until the end of this year.
    pub fn server(&self, name: &str, last_year: u16) -> Arc<ServerConfig> {
        let (pair, key) = new_pair();
        let names = value(SEQUENCE, &[&value(0x82, &[name.as_bytes()])]);
        let its_names = extension(ALTERNATIVE_NAME, &[&names]);
        let certificate = certificate(&self.pair, &pair, name, last_year, &its_names);
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![CertificateDer::from(certificate)], key)
            .unwrap();
        Arc::new(config)
    }
}

fn new_pair() -> (Ed25519KeyPair, PrivateKeyDer<'static>) {
    let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
    let key = PrivatePkcs8KeyDer::from(document.as_ref().to_vec());
    (pair, key.into())
}

fn certificate(
    issuer: &Ed25519KeyPair,
    subject: &Ed25519KeyPair,
    name: &str,
    last_year: u16,
    extension: &[u8],
) -> Vec<u8> {
    let algorithm = value(SEQUENCE, &[&value(OBJECT, &[ED25519])]);
    let until = format!("{last_year}1231235959Z");
    let times = [
        value(TIME, &[b"20000101000000Z"]),
        value(TIME, &[until.as_bytes()]),
    ];
    let key = value(BIT_STRING, &[&[0], subject.public_key().as_ref()]);
    let signed = value(
        SEQUENCE,
        &[
            // Version 3.
            &value(0xa0, &[&value(INTEGER, &[&[2]])]),
            &value(INTEGER, &[&[1]]),
            &algorithm,
            &name_of(AUTHORITY),
            &value(SEQUENCE, &[&times[0], &times[1]]),
            &name_of(name),
            &value(SEQUENCE, &[&algorithm, &key]),
            &value(0xa3, &[&value(SEQUENCE, &[extension])]),
        ],
    );
    let signature = issuer.sign(&signed);
    let signature = value(BIT_STRING, &[&[0], signature.as_ref()]);
    value(SEQUENCE, &[&signed, &algorithm, &signature])
}

fn name_of(name: &str) -> Vec<u8> {
    let is = [
        value(OBJECT, &[COMMON_NAME]),
        value(UTF8, &[name.as_bytes()]),
    ];
    let is = value(SEQUENCE, &[&is[0], &is[1]]);
    value(SEQUENCE, &[&value(SET, &[&is])])
}

fn extension(kind: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let (kind, content) = (value(OBJECT, &[kind]), value(OCTET_STRING, parts));
    value(SEQUENCE, &[&kind, &TRUE, &content])
}

// A value in DER: its tag, its length, and its parts.
fn value(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = u16::try_from(content.len()).unwrap();
    let mut der = vec![tag];
    match length {
        0..128 => der.push(length.to_be_bytes()[1]),
        128..256 => der.extend([0x81, length.to_be_bytes()[1]]),
        256.. => der.extend([&[0x82], &length.to_be_bytes()[..]].concat()),
    }
    der.extend(content);
    der
}
