//! How a simulator is set up.

use std::net::{Ipv4Addr, SocketAddr};

use url::Url;

use super::switches::Switches;
use super::throttle::ThrottleLimits;

/// How to start a simulator. `Options::default()` binds a free loopback port.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub bind: SocketAddr,
    /// The base URL that discovery announces, when it is not the bound address itself.
    pub public_url: Option<Url>,
    /// Seeds tokens, transaction ids and the chances of planned faults.
    pub seed: u64,
    /// The registered app's client id.
    pub client_id: String,
    /// The registered app's client secret.
    pub client_secret: String,
    /// The app's registered redirect URIs, compared exactly. More can be registered while it runs.
    pub redirect_uris: Vec<String>,
    /// Server threads.
    pub workers: usize,
    /// Answers to what Intuit's documents leave open.
    pub switches: Switches,
    /// The throttle's buckets.
    pub throttle: ThrottleLimits,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            public_url: None,
            seed: 1,
            client_id: "ABsandboxClientIdOfTheSimulatedApp00000000000000".to_owned(),
            client_secret: "simulatedClientSecret0000000000000000000".to_owned(),
            redirect_uris: Vec::new(),
            workers: 2,
            switches: Switches::default(),
            throttle: ThrottleLimits::default(),
        }
    }
}
