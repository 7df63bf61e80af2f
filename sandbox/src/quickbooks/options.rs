//! How a simulator is set up, and the switches for what Intuit leaves open.

use std::net::{Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};
use url::Url;

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

/// Both answers to each question that the service's documents leave open. The default is the
/// documented reading, or the safer one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Switches {
    /// How long a superseded refresh token still works: 0 (the help article) or 24 (the older guide).
    pub refresh_grace_hours: u32,
    /// Whether the use of a superseded refresh token ends the whole grant.
    pub second_use_revokes_family: bool,
    /// Whether a `requestid` has any effect at all; `false` makes the service forget every one at once.
    pub honour_request_ids: bool,
    /// How long an answer is kept for its `requestid`; for ever when absent.
    pub request_id_retention_seconds: Option<u32>,
    /// Whether a fault is kept and replayed like a success.
    pub store_faults: bool,
    /// What a second request gets while the first of its `requestid` still runs.
    pub concurrent_request_id: ConcurrentRequestId,
    /// What a repeated request gets.
    pub repeated_request_id: RepeatedRequestId,
    /// What a repeated `requestid` with another body gets. Recorded as a violation in any case.
    pub changed_body: RepeatedRequestId,
    /// How long a new journal entry stays invisible to queries.
    pub query_lag_seconds: u32,
    /// Whether journal entries carry `TotalAmt: 0`, as the reference says and no recording shows.
    pub total_amount: bool,
    /// Whether `STARTPOSITION 0` is taken for 1 rather than refused.
    pub start_position_zero: bool,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            refresh_grace_hours: 0,
            second_use_revokes_family: false,
            honour_request_ids: true,
            request_id_retention_seconds: None,
            store_faults: false,
            concurrent_request_id: ConcurrentRequestId::Wait,
            repeated_request_id: RepeatedRequestId::FirstAnswer,
            changed_body: RepeatedRequestId::FirstAnswer,
            query_lag_seconds: 0,
            total_amount: false,
            start_position_zero: false,
        }
    }
}

/// What a request gets whose `requestid` is still being processed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConcurrentRequestId {
    /// It waits and gets the first one's answer.
    Wait,
    /// Fault 6000, "Please wait a few minutes".
    Refuse,
}

/// What a repeated `requestid` gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RepeatedRequestId {
    /// The first request's answer, nothing done again.
    FirstAnswer,
    /// Fault 600, Duplicate Request ID.
    DuplicateFault,
    /// Fault 6000, "Please wait a few minutes", as there is a report of repeated batches.
    WaitAFewMinutes,
}
