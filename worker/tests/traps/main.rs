//! The traps of apalis on Redis, each sprung against a real Redis. The crate's README says which is which.
//!
//! Turns are played here (`house::Played`), so that a story has thousands of tenants, turns that hang and turns that panic;
//! everything between the ring and the turn is the product's.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails where it stands"
)]

mod ends;
mod growth;
mod hands_full;
mod house;
mod long_lines;
mod names;
mod poison;
mod stalls;
