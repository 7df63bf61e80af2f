//! Events as they stand: listed, read with their entry and attempts, and previewed without posting.

use crate::cursor::{Page, PageQuery};
use crate::error::Error;
use crate::problem::{self, Problem};
use crate::{Service, books, connection};
use accounting::{Event as Financial, Journalized, Side};
use chrono::{DateTime, NaiveDate, Utc};
use entity::event::{Column, Entity, Model};
use entity::id::{EventId, JournalEntryId, PastSyncId, TenantId};
use entity::store::TenantTx;
use entity::{account, attempt, journal_entry};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder};
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;

/// The statuses of an event.
pub const STATUSES: [&str; 6] = [
    "never_synced",
    "not_synced",
    "processing",
    "synced",
    "failed",
    "skipped",
];

/// A financial event, and where it stands.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// The source's own id.
    #[schema(example = "tkt_1001")]
    pub external_id: String,
    /// Its kind of transaction.
    #[serde(rename = "type")]
    #[schema(example = "ticket")]
    pub kind: String,
    /// Its number, which is its journal entry's too.
    #[schema(example = "100001")]
    pub number: String,
    /// How often its body was replaced, from 1.
    pub version: i32,
    /// When it occurred.
    pub occurred_at: DateTime<Utc>,
    /// The accounting date.
    pub business_date: NaiveDate,
    /// The store that made it.
    #[schema(example = "boston")]
    pub location: Option<String>,
    /// Where it stands: `never_synced`, `not_synced`, `processing`, `synced`, `failed` or `skipped`.
    #[schema(example = "synced")]
    pub status: String,
    /// What is wrong, or why there was nothing to post.
    pub problem: Option<Problem>,
    /// The past sync that queued it.
    pub past_sync_id: Option<PastSyncId>,
    /// When it was taken in.
    pub taken_in_at: DateTime<Utc>,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
    /// When its entry was in the books.
    pub synced_at: Option<DateTime<Utc>>,
}

impl From<Model> for Event {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            external_id: row.external_id,
            kind: row.r#type,
            number: row.number,
            version: row.version,
            occurred_at: row.occurred_at,
            business_date: row.business_date,
            location: row.location,
            status: row.status,
            problem: row.problem_code.map(|code| {
                problem::explain(&code, row.problem_detail.as_deref().unwrap_or_default())
            }),
            past_sync_id: row.past_sync_id,
            taken_in_at: row.taken_in_at,
            updated_at: row.updated_at,
            synced_at: row.synced_at,
        }
    }
}

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

/// The entry an event would make now.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Preview {
    /// `entry`, `skipped` or `refused`.
    #[schema(example = "entry")]
    pub result: String,
    /// The entry, where there would be one.
    pub entry: Option<PreviewedEntry>,
    /// Why there would be none.
    pub problem: Option<Problem>,
}

/// A journal entry that is not posted.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PreviewedEntry {
    /// Its number.
    #[schema(example = "100001")]
    pub number: String,
    /// Its date in the books.
    pub accounting_date: NaiveDate,
    /// ISO 4217.
    #[schema(example = "USD")]
    pub currency: String,
    /// The memo of its private note.
    pub note: Option<String>,
    /// The sum of its debits, which is that of its credits.
    #[schema(example = "108.25")]
    pub total: String,
    /// Its lines.
    pub lines: Vec<PreviewedLine>,
}

/// A line of a journal entry.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PreviewedLine {
    /// The account's number.
    #[schema(example = "4000")]
    pub account_number: Option<String>,
    /// The account's name.
    #[schema(example = "Sales Apparel")]
    pub account_name: String,
    /// `debit` or `credit`.
    #[schema(example = "credit")]
    pub side: String,
    /// A decimal string, above zero.
    #[schema(example = "100.00")]
    pub amount: String,
    /// In words a bookkeeper reads.
    #[schema(example = "Sales: apparel")]
    pub description: String,
}

/// The tenant's events, newest first; `status` narrows them.
///
/// # Errors
/// `invalid_status`, `invalid_cursor`, `invalid_limit`.
pub async fn list(
    service: &Service,
    tenant: TenantId,
    status: Option<&str>,
    query: &PageQuery,
) -> Result<Page<Event>, Error> {
    let tx = service.tenant(tenant).await?;
    let mut read = tx.find::<Entity>();
    if let Some(status) = status {
        if !STATUSES.contains(&status) {
            return Err(Error::invalid(
                "invalid_status",
                "status",
                format!(
                    "`{}` is no status of an event; use one of {}",
                    status.chars().take(64).collect::<String>(),
                    STATUSES.join(", ")
                ),
            ));
        }
        read = read.filter(Column::Status.eq(status));
    }
    let rows = tx
        .all(query.newest_first(read, Column::OccurredAt, Column::Id)?)
        .await?;
    Ok(query.page(rows, |row| (row.occurred_at, row.id.0), Event::from))
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
        .all(
            tx.find::<attempt::Entity>()
                .filter(attempt::Column::JournalEntryId.is_in(entries.iter().map(|entry| entry.id)))
                .order_by_asc(attempt::Column::Number),
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
    Ok(EventDetail {
        body: serde_json::from_str(&row.body).map_err(Error::internal)?,
        journal_entries: entries
            .into_iter()
            .map(|entry| JournalEntry {
                attempts: by_entry.remove(&entry.id).unwrap_or_default(),
                id: entry.id,
                company_id: entry.company_id,
                generation: entry.generation,
                state: entry.state,
                accounting_date: entry.accounting_date,
                qbo_id: entry.qbo_id,
            })
            .collect(),
        event: row.into(),
    })
}

pub(crate) async fn row(tx: &TenantTx, id: EventId) -> Result<Model, Error> {
    tx.one(tx.find::<Entity>().filter(Column::Id.eq(id)))
        .await?
        .ok_or(Error::NotFound)
}

/// The entry an event would make with the mapping as it is now; nothing is posted and QuickBooks is not asked.
///
/// # Errors
/// [`Error::NotFound`], `not_connected`.
pub async fn preview(service: &Service, tenant: TenantId, id: EventId) -> Result<Preview, Error> {
    let tx = service.tenant(tenant).await?;
    let row = row(&tx, id).await?;
    let company = connection::company(&tx).await?;
    let books = books::read(&tx, &company).await?;
    let event = Financial::parse(row.body.as_bytes()).map_err(Error::internal)?;
    let entry = match accounting::journalize(&event, &books) {
        Ok(Journalized::Entry(entry)) => entry,
        Ok(Journalized::Skipped(reason)) => {
            return Ok(none("skipped", reason.code(), &reason.to_string()));
        }
        Err(refusal) => return Ok(none("refused", refusal.code(), &refusal.to_string())),
    };
    let accounts: HashMap<String, account::Model> =
        crate::mapping::accounts(&tx, &company.company_id)
            .await?
            .into_values()
            .map(|account| (account.qbo_id.clone(), account))
            .collect();
    let lines = entry
        .lines()
        .iter()
        .map(|line| {
            let account = accounts.get(line.account.as_str());
            PreviewedLine {
                account_number: account.and_then(|account| account.number.clone()),
                account_name: account
                    .map(|account| account.name.clone())
                    .unwrap_or_default(),
                side: match line.side {
                    Side::Debit => "debit",
                    Side::Credit => "credit",
                }
                .to_owned(),
                amount: accounting::Amount::of_minor(line.amount_minor, entry.currency())
                    .to_string(),
                description: line.description.clone(),
            }
        })
        .collect();
    Ok(Preview {
        result: "entry".to_owned(),
        problem: None,
        entry: Some(PreviewedEntry {
            number: row.number,
            accounting_date: entry.date(),
            currency: entry.currency().to_string(),
            note: entry.note().map(str::to_owned),
            total: entry.total().to_string(),
            lines,
        }),
    })
}

fn none(result: &str, code: &str, detail: &str) -> Preview {
    Preview {
        result: result.to_owned(),
        entry: None,
        problem: Some(problem::explain(code, detail)),
    }
}
