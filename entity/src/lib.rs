#![doc = include_str!("../README.md")]

pub mod account;
pub mod account_creation;
pub mod account_import;
pub mod alert;
pub mod api_key;
pub mod attempt;
pub mod audit_record;
pub mod authorization_request;
pub mod company_lease;
pub mod connection;
pub mod connection_grant;
pub mod data_key;
pub mod event;
pub mod event_change;
mod home;
pub mod id;
pub mod journal_entry;
pub mod known_key;
pub mod mapping;
pub mod mapping_change;
pub mod past_sync;
pub mod store;
pub mod sync;
pub mod tenant;
pub mod turn;
