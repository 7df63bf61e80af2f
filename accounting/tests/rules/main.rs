//! The posting rules from outside: golden entries, readings and refusals by example, and properties of all shapes.

#![allow(clippy::unwrap_used, clippy::panic)]

mod events;
mod golden;
mod posting;
mod properties;
mod reading;
mod suggestions;
