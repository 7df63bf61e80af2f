//! The kinds of call the service knows, as plans and logs name them.

use serde::{Deserialize, Serialize};

/// What a call asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// A discovery document.
    Discovery,
    /// The consent page in the user's browser.
    Authorize,
    /// An authorization code for tokens.
    ExchangeCode,
    /// A refresh token for new tokens.
    Refresh,
    /// The end of a grant, asked for by the app.
    Revoke,
    /// `GET companyinfo/{realm}`.
    ReadCompanyInfo,
    /// `GET preferences`.
    ReadPreferences,
    /// `POST account` without an `Id`.
    CreateAccount,
    /// `GET account/{id}`.
    ReadAccount,
    /// `POST account` with an `Id`.
    UpdateAccount,
    /// `GET department/{id}` and the other name lists.
    ReadName,
    /// `POST journalentry` without an `Id`.
    CreateJournalEntry,
    /// `GET journalentry/{id}`.
    ReadJournalEntry,
    /// `POST journalentry` with an `Id`.
    UpdateJournalEntry,
    /// `POST journalentry?operation=delete`.
    DeleteJournalEntry,
    /// A statement of the query language.
    Query,
    /// `GET cdc`: what changed since a moment.
    ReadChanges,
    /// Up to thirty operations in one request.
    Batch,
    /// Anything else under a company.
    Unsupported,
}

impl Operation {
    /// Whether it changes the books, so that a `requestid` guards it.
    pub(crate) fn writes(self) -> bool {
        matches!(
            self,
            Self::CreateAccount
                | Self::UpdateAccount
                | Self::CreateJournalEntry
                | Self::UpdateJournalEntry
                | Self::DeleteJournalEntry
        )
    }

    /// Whether it reads data out, which the partner programme meters as CorePlus.
    pub(crate) fn reads(self) -> bool {
        matches!(
            self,
            Self::ReadCompanyInfo
                | Self::ReadPreferences
                | Self::ReadAccount
                | Self::ReadName
                | Self::ReadJournalEntry
                | Self::Query
                | Self::ReadChanges
        )
    }
}
