#![doc = include_str!("../README.md")]

pub mod quickbooks;
pub mod servers;
pub mod store;
