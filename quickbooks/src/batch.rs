//! Up to thirty entries posted by one request, each with a fate of its own.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::company::{Answer, Company, decode, not_built, posted};
use crate::envelope::WireFault;
use crate::failure::Failure;
use crate::fault;
use crate::posted::{PostedEntry, WireEntry};
use crate::wire::Received;

/// Most items of one batch. [DOC-BATCH]
pub const BATCH_ITEMS_MAX: usize = 30;
/// Longest request id of a batch, in characters. [DOC-FIELDS]
pub const BATCH_REQUEST_ID_LENGTH_MAX: usize = 36;
/// Longest id of an item in a batch that has a request id, in characters. [DOC-FIELDS]
pub const BATCH_ITEM_ID_LENGTH_MAX: usize = 10;

/// One entry of a batch.
#[derive(Debug, Clone, Copy)]
pub struct BatchItem<'a> {
    /// `bId`: tells the items of one batch apart, and with the request id what is repeated. At most
    /// [`BATCH_ITEM_ID_LENGTH_MAX`] characters.
    pub id: &'a str,
    /// The bytes that a single POST of the entry would carry. They go out as they are.
    pub body: &'a [u8],
}

impl Company {
    /// Posts entries by one request: up to [`BATCH_ITEMS_MAX`] items with ids of their own. QuickBooks
    /// answers a repeat of (`request_id`, item's id) as it answered the first, as far as its memory reaches.
    ///
    /// The answers stand in the items' order. Each says what became of its item alone: posted, refused,
    /// or, where the answer does not name it, unknown.
    ///
    /// # Errors
    /// See [`Failure`]: the batch as a whole was not answered with its items, and the
    /// [`certainty`](Failure::certainty) holds for each of them.
    pub async fn create_journal_entries(
        &self,
        request_id: &str,
        items: &[BatchItem<'_>],
    ) -> Result<Vec<Result<Answer<PostedEntry>, Failure>>, Failure> {
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let request = self.post("batch", request_id, to_body(items)?)?;
        let received = self.send("create journal entries", request).await?;
        let mut answered = answered(&received)?;
        let of_item = |item: &BatchItem<'_>| match answered.remove(item.id) {
            Some(Named::Once(answer)) => answer,
            Some(Named::Twice) => Err(unknown(&received, "the answer names this item twice")),
            None => Err(unknown(&received, "the answer does not name this item")),
        };
        Ok(items.iter().map(of_item).collect())
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct WireBatch<'a> {
    batch_item_request: Vec<WireItem<'a>>,
}

#[derive(Serialize)]
struct WireItem<'a> {
    #[serde(rename = "bId")]
    id: &'a str,
    operation: &'static str,
    #[serde(rename = "JournalEntry")]
    entry: &'a RawValue,
}

/// # Errors
/// A body is no JSON; nothing is sent.
fn to_body(items: &[BatchItem<'_>]) -> Result<Vec<u8>, Failure> {
    let batch = WireBatch {
        batch_item_request: items.iter().map(to_wire).collect::<Result<_, _>>()?,
    };
    Ok(serde_json::to_vec(&batch).expect("texts into memory cannot fail"))
}

fn to_wire<'a>(item: &BatchItem<'a>) -> Result<WireItem<'a>, Failure> {
    let entry = serde_json::from_slice(item.body)
        .map_err(|_| not_built("the body of a batch's item is no JSON"))?;
    Ok(WireItem {
        id: item.id,
        operation: "create",
        entry,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireAnswer {
    batch_item_response: Vec<Box<RawValue>>,
}

#[derive(Deserialize)]
struct WireName {
    #[serde(rename = "bId")]
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireMember {
    journal_entry: Option<WireEntry>,
    #[serde(alias = "fault")]
    fault: Option<WireFault>,
}

/// What an answer says of one item.
enum Named {
    Once(Result<Answer<PostedEntry>, Failure>),
    Twice,
}

/// The members of an answer by item. One without a readable id says nothing of anybody.
fn answered(received: &Received) -> Result<HashMap<String, Named>, Failure> {
    let answer: WireAnswer = decode(received)?;
    let mut by_item = HashMap::with_capacity(answer.batch_item_response.len());
    for member in answer.batch_item_response {
        let Ok(WireName { id }) = serde_json::from_str(member.get()) else {
            continue;
        };
        let named = match by_item.contains_key(&id) {
            true => Named::Twice,
            false => Named::Once(read(&member, received)),
        };
        by_item.insert(id, named);
    }
    Ok(by_item)
}

fn read(member: &RawValue, received: &Received) -> Result<Answer<PostedEntry>, Failure> {
    let member: WireMember = serde_json::from_str(member.get())
        .map_err(|_| unknown(received, "the item's answer is unreadable"))?;
    match (member.journal_entry, member.fault) {
        (Some(entry), None) => Ok(Answer {
            value: posted(entry, received)?,
            intuit_tid: received.intuit_tid.clone(),
        }),
        (None, Some(fault)) => Err(refused(fault, received)),
        (Some(_), Some(_)) => Err(unknown(received, "a fault beside what was written")),
        (None, None) => Err(unknown(received, "the item's answer says nothing")),
    }
}

// An item has no status of its own, so only the table can tell what its fault means.
fn refused(fault: WireFault, received: &Received) -> Failure {
    let faults = fault.faults();
    Failure::of_item(fault::cause(received.status, &faults), faults, received)
}

fn unknown(received: &Received, reason: &str) -> Failure {
    Failure::unreadable(received, reason.to_owned())
}
