//! A request to a company, read: what it asks for and how it was sent.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::name_list::NameKind;
use super::operation::Operation;
use super::property::text;

/// What is asked of a company.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    CompanyInfo,
    Preferences,
    CreateAccount(Map<String, Value>),
    UpdateAccount(Map<String, Value>),
    ReadAccount(String),
    ReadName(NameKind, String),
    CreateJournalEntry {
        sent: Map<String, Value>,
        allow_duplicate_number: bool,
    },
    UpdateJournalEntry {
        sent: Map<String, Value>,
        allow_duplicate_number: bool,
    },
    DeleteJournalEntry(Map<String, Value>),
    ReadJournalEntry(String),
    Query(String),
    Changes {
        entities: String,
        since: String,
    },
    Batch(Vec<BatchItem>),
    /// A body that is not a JSON object, sent for this.
    Unreadable(Operation, String),
    /// A path or method that does not exist.
    Unsupported(String),
}

/// One item of a batch.
#[derive(Clone, Debug)]
pub(crate) struct BatchItem {
    pub(crate) b_id: String,
    pub(crate) ask: Ask,
    /// What tells two items of one request id apart: the bytes as they were sent.
    pub(crate) fingerprint: u64,
}

impl Ask {
    pub(crate) fn operation(&self) -> Operation {
        match self {
            Self::CompanyInfo => Operation::ReadCompanyInfo,
            Self::Preferences => Operation::ReadPreferences,
            Self::CreateAccount(_) => Operation::CreateAccount,
            Self::UpdateAccount(_) => Operation::UpdateAccount,
            Self::ReadAccount(_) => Operation::ReadAccount,
            Self::ReadName(..) => Operation::ReadName,
            Self::CreateJournalEntry { .. } => Operation::CreateJournalEntry,
            Self::UpdateJournalEntry { .. } => Operation::UpdateJournalEntry,
            Self::DeleteJournalEntry(_) => Operation::DeleteJournalEntry,
            Self::ReadJournalEntry(_) => Operation::ReadJournalEntry,
            Self::Query(_) => Operation::Query,
            Self::Changes { .. } => Operation::ReadChanges,
            Self::Batch(_) => Operation::Batch,
            Self::Unreadable(operation, _) => *operation,
            Self::Unsupported(_) => Operation::Unsupported,
        }
    }

    /// The document number it carries.
    pub(crate) fn doc_number(&self) -> Option<String> {
        match self {
            Self::CreateJournalEntry { sent, .. } | Self::UpdateJournalEntry { sent, .. } => {
                text(sent, "DocNumber")
            }
            _ => None,
        }
    }

    /// How many items it has, as a batch.
    pub(crate) fn items(&self) -> Option<usize> {
        match self {
            Self::Batch(items) => Some(items.len()),
            _ => None,
        }
    }
}

/// The parts of a request that say what it asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    /// What follows `/v3/company/{realm}/`.
    pub(crate) tail: &'a str,
    pub(crate) query: &'a [(String, String)],
    pub(crate) body: &'a [u8],
}

impl Parts<'_> {
    /// A query parameter that is not empty; names in any case.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let found = self
            .query
            .iter()
            .find(|(key, value)| key.eq_ignore_ascii_case(name) && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }

    /// What tells two bodies of one request id apart.
    pub(crate) fn fingerprint(&self) -> u64 {
        fingerprint(&(
            self.method,
            self.tail,
            self.parameter("operation"),
            self.body,
        ))
    }

    /// What it asks for.
    pub(crate) fn ask(&self) -> Ask {
        let lower = self.tail.trim_matches('/').to_ascii_lowercase();
        let segments: Vec<&str> = lower.split('/').collect();
        match (self.method, segments.as_slice()) {
            ("GET", ["companyinfo", _]) => Ask::CompanyInfo,
            ("GET", ["preferences"]) => Ask::Preferences,
            ("GET", ["account", id]) => Ask::ReadAccount((*id).to_owned()),
            ("GET", ["journalentry", id]) => Ask::ReadJournalEntry((*id).to_owned()),
            ("GET", ["query"]) => {
                Ask::Query(self.parameter("query").unwrap_or_default().to_owned())
            }
            ("GET", ["cdc"]) => Ask::Changes {
                entities: self.parameter("entities").unwrap_or_default().to_owned(),
                since: self
                    .parameter("changedSince")
                    .unwrap_or_default()
                    .to_owned(),
            },
            ("POST", ["query"]) => Ask::Query(String::from_utf8_lossy(self.body).into_owned()),
            ("POST", ["account"]) => self.with_object(Operation::CreateAccount, account),
            ("POST", ["journalentry"]) => self.with_object(Operation::CreateJournalEntry, |sent| {
                journal_entry(sent, self.parameter("operation"), self.parameter("include"))
            }),
            ("POST", ["batch"]) => self.with_object(Operation::Batch, |_| batch(self.body)),
            ("GET", [entity, id]) => match NameKind::find(entity) {
                Some(kind) => Ask::ReadName(kind, (*id).to_owned()),
                None => Ask::Unsupported(self.path.to_owned()),
            },
            _ => Ask::Unsupported(self.path.to_owned()),
        }
    }

    fn with_object(
        &self,
        operation: Operation,
        read: impl FnOnce(Map<String, Value>) -> Ask,
    ) -> Ask {
        match serde_json::from_slice::<Value>(self.body) {
            Ok(Value::Object(sent)) => read(sent),
            Ok(_) => Ask::Unreadable(
                operation,
                "Can not deserialize instance out of this token".to_owned(),
            ),
            Err(error) => Ask::Unreadable(operation, error.to_string()),
        }
    }
}

/// A value's fingerprint.
pub(crate) fn fingerprint(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn account(sent: Map<String, Value>) -> Ask {
    if text(&sent, "Id").is_some() {
        Ask::UpdateAccount(sent)
    } else {
        Ask::CreateAccount(sent)
    }
}

fn journal_entry(sent: Map<String, Value>, operation: Option<&str>, include: Option<&str>) -> Ask {
    let allow_duplicate_number = include.is_some_and(|include| {
        include
            .split(',')
            .any(|word| word.trim() == "allowduplicatedocnum")
    });
    match operation {
        Some("delete") => Ask::DeleteJournalEntry(sent),
        Some("update") | None if text(&sent, "Id").is_some() => Ask::UpdateJournalEntry {
            sent,
            allow_duplicate_number,
        },
        Some("update" | "create") | None => Ask::CreateJournalEntry {
            sent,
            allow_duplicate_number,
        },
        // There is no void for journal entries.
        Some(other) => Ask::Unsupported(format!("journalentry?operation={other}")),
    }
}

fn batch(body: &[u8]) -> Ask {
    #[derive(Deserialize)]
    struct Sent {
        #[serde(rename = "BatchItemRequest")]
        items: Vec<Box<RawValue>>,
    }
    match serde_json::from_slice::<Sent>(body) {
        Ok(sent) => Ask::Batch(
            sent.items
                .iter()
                .filter_map(|item| batch_item(item))
                .collect(),
        ),
        Err(_) => Ask::Unreadable(Operation::Batch, "BatchItemRequest is missing".to_owned()),
    }
}

fn batch_item(sent: &RawValue) -> Option<BatchItem> {
    let item: Map<String, Value> = serde_json::from_str(sent.get()).ok()?;
    let operation = text(&item, "operation");
    let object = |name: &str| item.get(name).and_then(Value::as_object).cloned();
    let ask = if let Some(statement) = text(&item, "Query") {
        Ask::Query(statement)
    } else if let Some(sent) = object("JournalEntry") {
        journal_entry(sent, operation.as_deref(), None)
    } else if let Some(sent) = object("Account") {
        account(sent)
    } else {
        Ask::Unsupported("batch item".to_owned())
    };
    Some(BatchItem {
        b_id: text(&item, "bId").unwrap_or_default(),
        ask,
        fingerprint: fingerprint(&sent.get()),
    })
}
