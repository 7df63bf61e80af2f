#![doc = include_str!("../README.md")]

mod account;
mod amount;
mod batch;
mod cause;
mod changes;
mod client;
mod company;
mod company_info;
mod dimension;
mod draft;
mod envelope;
mod failure;
pub mod fault;
mod grant;
mod list;
mod new_account;
pub mod notification;
mod oauth;
mod oauth_failure;
mod posted;
mod preferences;
mod query;
mod reading;
mod settings;
mod text;
mod wire;

pub use account::{ACCOUNT_TYPES, Account};
pub use amount::normalise as normalise_amount;
pub use batch::{
    BATCH_ITEM_ID_LENGTH_MAX, BATCH_ITEMS_MAX, BATCH_REQUEST_ID_LENGTH_MAX, BatchItem,
};
pub use cause::{Cause, Certainty, Ledger, Reference};
pub use changes::{Changed, Changes};
pub use client::QuickBooks;
pub use company::{Answer, Company};
pub use company_info::CompanyInfo;
pub use dimension::Dimension;
pub use draft::{DraftLine, DraftedEntry, JournalEntryDraft, UnreadableBody};
pub use failure::{Failure, THROTTLE_WAIT};
pub use fault::Fault;
pub use grant::Grant;
pub use list::List;
pub use new_account::NewAccount;
pub use oauth::SCOPE;
pub use oauth_failure::OAuthFailure;
pub use posted::{PostedEntry, PostedLine, Posting};
pub use preferences::Preferences;
pub use query::PAGE_ROWS_MAX;
pub use reading::{EntryChanges, IDS_MAX};
pub use settings::{Endpoints, Settings, SetupError, Timeouts};
pub use text::{
    Charset, DESCRIPTION_LENGTH_MAX, DOCUMENT_NUMBER_LENGTH_MAX, PRIVATE_NOTE_LENGTH_MAX,
};
