//! Reading many entries, whoever made them: all, those of a window of days, some by their ids, and those that changed since a
//! moment. An entry whose lines cannot be read is given without lines: what others wrote must not stop a reader.

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::company::{Answer, Company, decode};
use crate::failure::Failure;
use crate::posted::{PostedEntry, WireEntry};
use crate::query::{self, PAGE_ROWS_MAX};
use crate::wire::Received;

/// Most ids that are asked for at once: the statement has to fit into an address.
pub const IDS_MAX: usize = 100;

/// What [`Company::journal_entry_changes`] gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryChanges {
    /// All of it.
    Complete {
        /// New and changed entries, each as it stands now.
        entries: Vec<PostedEntry>,
        /// Ids of entries that were deleted, as far as QuickBooks tells of them.
        deleted: Vec<String>,
        /// QuickBooks' own time of this answer. The next look asks from a little before it.
        answered_at: DateTime<Utc>,
    },
    /// The answer was full, so something may be missing: read a window instead.
    TooMany,
}

impl Company {
    /// How many entries the company has. One metered read.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn journal_entry_count(&self) -> Result<Answer<usize>, Failure> {
        let request = self.get(&["query"], &[("query", query::JOURNAL_ENTRY_COUNT)])?;
        let received = self.send("count journal entries", request).await?;
        let count = decode::<WirePage>(&received)?.query_response.rows_in_all;
        Ok(Answer {
            value: count
                .ok_or_else(|| Failure::unreadable(&received, "a count without one".to_owned()))?,
            intuit_tid: received.intuit_tid.clone(),
        })
    }

    /// The company's entries, as [`journal_entries_dated`](Self::journal_entries_dated) gives those of some days.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn journal_entries(
        &self,
        start_position: u32,
    ) -> Result<Answer<Vec<PostedEntry>>, Failure> {
        let statement = query::journal_entries_of_all_days(start_position, PAGE_ROWS_MAX);
        self.entries("list all journal entries", &statement).await
    }

    /// The entries of some days, both ends included: a page of at most [`PAGE_ROWS_MAX`] in order of id. Positions count
    /// from 1; a page that is not full is the last. One metered read.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn journal_entries_dated(
        &self,
        from: NaiveDate,
        to: NaiveDate,
        start_position: u32,
    ) -> Result<Answer<Vec<PostedEntry>>, Failure> {
        let statement = query::journal_entries_dated(from, to, start_position, PAGE_ROWS_MAX);
        self.entries("list journal entries", &statement).await
    }

    /// Those of these entries, at most [`IDS_MAX`], that are there. One metered read; none at all for no ids.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn journal_entries_of(
        &self,
        ids: &[&str],
    ) -> Result<Answer<Vec<PostedEntry>>, Failure> {
        if ids.is_empty() {
            return Ok(Answer {
                value: Vec::new(),
                intuit_tid: None,
            });
        }
        let statement = query::journal_entries_of(ids, PAGE_ROWS_MAX);
        self.entries("read journal entries", &statement).await
    }

    /// The entries that changed since a moment, which QuickBooks remembers for 30 days. One metered read.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn journal_entry_changes(
        &self,
        since: DateTime<Utc>,
    ) -> Result<Answer<EntryChanges>, Failure> {
        let since = since.to_rfc3339_opts(SecondsFormat::Secs, true);
        let query = [("entities", "JournalEntry"), ("changedSince", &since)];
        let request = self.get(&["cdc"], &query)?;
        let received = self.send("list changed journal entries", request).await?;
        let wire: WireChanges = decode(&received)?;
        Ok(Answer {
            value: changes(wire, &received)?,
            intuit_tid: received.intuit_tid.clone(),
        })
    }

    async fn entries(
        &self,
        operation: &'static str,
        statement: &str,
    ) -> Result<Answer<Vec<PostedEntry>>, Failure> {
        let request = self.get(&["query"], &[("query", statement)])?;
        let received = self.send(operation, request).await?;
        let rows = decode::<WirePage>(&received)?.query_response.journal_entry;
        let entries = rows.iter().map(|row| entry(row, &received));
        Ok(Answer {
            value: entries.collect::<Result<_, _>>()?,
            intuit_tid: received.intuit_tid.clone(),
        })
    }
}

fn changes(wire: WireChanges, received: &Received) -> Result<EntryChanges, Failure> {
    let (mut entries, mut deleted) = (Vec::new(), Vec::new());
    for list in wire.response.into_iter().flat_map(|one| one.query_response) {
        if list.rows_in_all > list.rows {
            return Ok(EntryChanges::TooMany);
        }
        for row in &list.journal_entry {
            match read::<Gone>(row) {
                Some(gone) => deleted.push(gone.id),
                None => entries.push(entry(row, received)?),
            }
        }
    }
    if entries.len() + deleted.len() >= PAGE_ROWS_MAX {
        return Ok(EntryChanges::TooMany);
    }
    Ok(EntryChanges::Complete {
        entries,
        deleted,
        answered_at: wire.time.to_utc(),
    })
}

fn read<T: serde::de::DeserializeOwned>(row: &RawValue) -> Option<T> {
    serde_json::from_str(row.get()).ok()
}

fn entry(row: &RawValue, received: &Received) -> Result<PostedEntry, Failure> {
    let whole = read::<WireEntry>(row).and_then(|wire| PostedEntry::try_from(wire).ok());
    whole
        .or_else(|| read::<Head>(row).map(PostedEntry::from))
        .ok_or_else(|| Failure::unreadable(received, "an entry without id and date".to_owned()))
}

/// What every entry has, whatever its lines are like.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Head {
    id: String,
    #[serde(default)]
    sync_token: String,
    doc_number: Option<String>,
    txn_date: NaiveDate,
    private_note: Option<String>,
}

impl From<Head> for PostedEntry {
    fn from(head: Head) -> Self {
        Self {
            id: head.id,
            sync_token: head.sync_token,
            document_number: head.doc_number,
            accounting_date: head.txn_date,
            private_note: head.private_note,
            currency: None,
            lines: Vec::new(),
        }
    }
}

#[derive(Deserialize)]
struct Gone {
    #[serde(rename = "status")]
    _status: Deleted,
    #[serde(rename = "Id")]
    id: String,
}

#[derive(Deserialize)]
enum Deleted {
    Deleted,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WirePage {
    query_response: WireRows,
}

// Rows are read one by one: what an untagged enum buffers would lose the decimals of amounts.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireRows {
    #[serde(default)]
    journal_entry: Vec<Box<RawValue>>,
    #[serde(rename = "maxResults")]
    rows: Option<usize>,
    #[serde(rename = "totalCount")]
    rows_in_all: Option<usize>,
}

#[derive(Deserialize)]
struct WireChanges {
    #[serde(rename = "CDCResponse")]
    response: Vec<WireResponse>,
    time: DateTime<chrono::FixedOffset>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireResponse {
    query_response: Vec<WireRows>,
}
