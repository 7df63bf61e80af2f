//! Stories told through the two doors: over HTTP, and by turns that are taken when the story says so.
//!
//! Each story has a [`world::World`] of its own: a database cloned from a migrated template, a Redis prefix, a simulated
//! QuickBooks, the API on a port of its own. Time is set, never slept for.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "a story that breaks says where"
)]

mod account_creations;
mod alerts;
mod attacks;
mod audit;
mod batches;
mod bell;
mod beside;
mod chart;
mod closed_books;
mod contract;
mod denials;
mod desk;
mod event_counts;
mod event_export;
mod event_history;
mod event_list;
mod first_hour;
mod foretold;
mod hints;
mod holders;
mod idempotency;
mod intake;
mod isolation;
mod kept_answers;
mod key_rotation;
mod lab;
mod lifecycle;
mod limits;
mod lines;
mod links;
mod locations;
mod lookalikes;
mod mapping;
mod members;
mod mishaps;
mod oauth;
mod openapi;
mod operations;
mod past_sync;
mod problems;
mod readiness;

mod receiver;
mod reconciliations;
mod refused;
mod retailers;
mod roles;
mod secrets;
mod ssrf;
mod start;
mod suggestions;
mod surface;
mod tidy;
mod tls;
mod tokens;
mod walls;
mod webhooks;
mod world;

use world::idp;
