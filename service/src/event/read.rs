//! One event with its body, its journal entries and what was tried.

use super::history::{self, HistoryRecord};
use super::{Event, link, row};
use crate::Service;
use crate::error::Error;
use chrono::{DateTime, NaiveDate, Utc};
use entity::id::{EventId, JournalEntryId, TenantId};
use entity::{attempt, journal_entry};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder};
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;

/// An event with its body, its journal entries and what was tried.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EventDetail {
    /// The event.
    #[serde(flatten)]
    pub event: Event,
    /// As it was taken in.
    #[schema(value_type = Object)]
    pub body: serde_json::Value,
    /// Its journal entries, the latest generation last: more than one where a definite refusal was mended.
    pub journal_entries: Vec<JournalEntry>,
    /// What became of it, in order of time; of very many records, the latest.
    pub history: Vec<HistoryRecord>,
}

/// The journal entry of an event in a company.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct JournalEntry {
    /// Its id.
    pub id: JournalEntryId,
    /// The company it goes to, by Intuit's realm ID.
    pub company_id: String,
    /// Which try at an entry this is, from 1.
    pub generation: i32,
    /// `sealed`, `sending`, `unknown`, `posted`, `rejected` or `withdrawn`.
    #[schema(example = "posted")]
    pub state: String,
    /// Its date in the books.
    pub accounting_date: NaiveDate,
    /// Its id in QuickBooks.
    #[schema(example = "228")]
    pub qbo_id: Option<String>,
    /// Its page in QuickBooks' own web app, once it is posted; it opens in the company that the browser is signed in to.
    #[schema(
        format = "uri",
        example = "https://qbo.intuit.com/app/journal?txnId=228"
    )]
    pub link: Option<String>,
    /// When it came to an end: posted, refused or withdrawn.
    pub settled_at: Option<DateTime<Utc>>,
    /// What was tried, in order.
    pub attempts: Vec<Attempt>,
}

/// One try at posting a journal entry.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Attempt {
    /// From 1.
    pub number: i32,
    /// When it was begun.
    pub started_at: DateTime<Utc>,
    /// When its outcome was recorded.
    pub finished_at: Option<DateTime<Utc>>,
    /// `posted`, `rejected`, `unknown`, …; none while it is under way.
    #[schema(example = "posted")]
    pub outcome: Option<String>,
    /// What QuickBooks answered with.
    #[schema(example = 200)]
    pub http_status: Option<i32>,
    /// Intuit's id of the exchange, for their support.
    pub intuit_tid: Option<String>,
    /// More words, where there are any.
    pub detail: Option<String>,
}

/// An event with its body, entries and attempts.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn read(service: &Service, tenant: TenantId, id: EventId) -> Result<EventDetail, Error> {
    let tx = service.tenant(tenant).await?;
    let row = row(&tx, id).await?;
    let entries = tx
        .all(
            tx.find::<journal_entry::Entity>()
                .filter(journal_entry::Column::EventId.eq(id))
                .order_by_asc(journal_entry::Column::SealedAt)
                .order_by_asc(journal_entry::Column::Generation),
        )
        .await?;
    let attempts = tx
        .among(
            tx.find::<attempt::Entity>()
                .order_by_asc(attempt::Column::Number),
            attempt::Column::JournalEntryId,
            entries.iter().map(|entry| entry.id),
        )
        .await?;
    let mut by_entry: HashMap<JournalEntryId, Vec<Attempt>> = HashMap::new();
    for attempt in attempts {
        by_entry
            .entry(attempt.journal_entry_id)
            .or_default()
            .push(Attempt {
                number: attempt.number,
                started_at: attempt.started_at,
                finished_at: attempt.finished_at,
                outcome: attempt.outcome,
                http_status: attempt.http_status,
                intuit_tid: attempt.intuit_tid,
                detail: attempt.detail,
            });
    }
    let journal_entries: Vec<JournalEntry> = entries
        .into_iter()
        .map(|entry| JournalEntry {
            attempts: by_entry.remove(&entry.id).unwrap_or_default(),
            id: entry.id,
            company_id: entry.company_id,
            generation: entry.generation,
            state: entry.state,
            accounting_date: entry.accounting_date,
            link: entry
                .qbo_id
                .as_deref()
                .and_then(|id| link::to_entry(&service.settings().quickbooks_app_url, id)),
            qbo_id: entry.qbo_id,
            settled_at: entry.settled_at,
        })
        .collect();
    Ok(EventDetail {
        body: serde_json::from_str(&row.body).map_err(Error::internal)?,
        history: history::read(&tx, &row, &journal_entries).await?,
        journal_entries,
        event: row.into(),
    })
}
