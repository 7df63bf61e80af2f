//! The real binary in real processes: started as an operator starts it, killed as machines die, judged by QuickBooks' own
//! ledger.
//!
//! Each test has a [`house::House`] of its own: a private PostgreSQL and Redis, a simulated QuickBooks in this process, and
//! the product's processes beside it. The database's clock is set ahead, never waited for.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "a test that breaks says where"
)]

mod bell;
mod canaries;
mod deliveries;
#[allow(dead_code, reason = "the storm needs the rest")]
mod house;
#[path = "../stories/idp.rs"]
#[allow(dead_code, reason = "stories need the rest")]
mod idp;
#[allow(dead_code, reason = "the storm needs the rest")]
mod judge;
#[allow(dead_code, reason = "the measurement needs the rest")]
mod post;
#[path = "../stories/receiver.rs"]
mod receiver;
#[allow(dead_code, reason = "the storm needs the rest")]
mod running;
mod secrecy;
mod starting;
mod stopping;
#[allow(dead_code, reason = "the storm needs the rest")]
mod store;
mod storm;
mod trap;
