#![doc = include_str!("../README.md")]

mod accept;
mod authorised;
mod body;
mod cors;
mod document;
mod headers;
mod idempotent;
mod limited;
mod load;
mod open;
mod origin;
mod page;
mod parameter;
mod pieces;
mod problem;
mod request_name;
mod resource;
mod routes;
mod routing;
mod server;
mod span;

pub use document::{document, openapi};
pub use problem::{FieldProblem, Problem};
pub use server::{AlwaysReady, Bound, Options, Ready, bind, serve};
