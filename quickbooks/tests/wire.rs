//! What goes over the wire, byte by byte, against a server on loopback that replays a script.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

#[path = "wire/batches.rs"]
mod batches;
#[path = "wire/calls.rs"]
mod calls;
#[path = "wire/envelopes.rs"]
mod envelopes;
#[path = "wire/faults.rs"]
mod faults;
#[path = "wire/lists.rs"]
mod lists;
#[path = "wire/logs.rs"]
mod logs;
#[path = "wire/lost.rs"]
mod lost;
#[path = "wire/oauth.rs"]
mod oauth;
#[path = "wire/reading.rs"]
mod reading;
#[path = "wire/server.rs"]
mod server;
#[path = "wire/setup.rs"]
mod setup;
