#![doc = include_str!("../README.md")]

mod account;
mod amount;
mod cause;
mod client;
mod company;
mod company_info;
mod draft;
mod envelope;
mod failure;
pub mod fault;
mod grant;
mod oauth;
mod oauth_failure;
mod posted;
mod preferences;
mod query;
mod settings;
mod text;
mod wire;

pub use account::Account;
pub use amount::normalise as normalise_amount;
pub use cause::{Cause, Certainty, Ledger, Reference};
pub use client::QuickBooks;
pub use company::{Answer, Company, PAGE_ROWS_MAX};
pub use company_info::CompanyInfo;
pub use draft::{DraftLine, DraftedEntry, JournalEntryDraft, UnreadableBody};
pub use failure::{Failure, THROTTLE_WAIT};
pub use fault::Fault;
pub use grant::Grant;
pub use oauth::SCOPE;
pub use oauth_failure::OAuthFailure;
pub use posted::{PostedEntry, PostedLine, Posting};
pub use preferences::Preferences;
pub use settings::{Endpoints, Settings, SetupError, Timeouts};
pub use text::{
    Charset, DESCRIPTION_LENGTH_MAX, DOCUMENT_NUMBER_LENGTH_MAX, PRIVATE_NOTE_LENGTH_MAX,
};
