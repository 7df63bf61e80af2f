//! Taking events in: each is stored once by its identity, numbered, and queued when the sync runs, all in one commit.

mod rows;
mod series;

use crate::access::Caller;
use crate::error::Error;
use crate::fail_point::{FailPoint, reach};
use crate::need::Footprints;
use crate::{Service, alert, bell, books, connection, readiness};
use accounting::{Currency, Event, EventError};
use chrono::{DateTime, NaiveDate, Utc};
use entity::id::{EventId, TenantId};
use entity::store::TenantTx;
use rows::{Known, flush, known, replace};
use serde::Serialize;
use series::Series;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

/// Events that are taken in at once; a longer stream is taken in by so many at a time.
pub const BULK_MAX: usize = 1000;

/// What became of one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Taken {
    /// New, and stored.
    Accepted,
    /// Known with the same body; nothing changed.
    Duplicate,
    /// Known with another body and not yet posted; the new body is stored as the next version.
    Replaced,
    /// Not stored; the problem says why.
    Refused,
}

/// The result of one event.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TakenEvent {
    /// Its place in the request, from 0.
    pub index: usize,
    /// What became of it.
    pub result: Taken,
    /// Its id, where it is stored.
    pub id: Option<EventId>,
    /// The source's own id, where it could be read.
    pub external_id: Option<String>,
    /// Its number, where it is stored.
    #[schema(example = "100001")]
    pub number: Option<String>,
    /// Its version, where it is stored.
    pub version: Option<i32>,
    /// Where it stands: `never_synced`, `not_synced`, …
    #[schema(example = "not_synced")]
    pub status: Option<String>,
    /// Why it was refused.
    pub problem: Option<IngestProblem>,
}

/// Why an event was refused.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct IngestProblem {
    /// Stable.
    #[schema(example = "number_as_json")]
    pub code: String,
    /// What is wrong and how to mend it.
    pub detail: String,
    /// Path of the field inside the event.
    #[schema(example = "transaction.lines[3].amount")]
    pub field: Option<String>,
}

impl From<EventError> for IngestProblem {
    fn from(error: EventError) -> Self {
        Self {
            code: error.code.to_owned(),
            detail: error.message,
            field: Some(error.path).filter(|path| !path.is_empty()),
        }
    }
}

/// Takes events in, in their order; each gets its own result and none stands in another's way.
///
/// # Errors
/// `too_many_events`; the database does not answer, and then none is stored.
pub async fn take_in(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    events: Vec<Result<Event, EventError>>,
) -> Result<Vec<TakenEvent>, Error> {
    if events.len() > BULK_MAX {
        return Err(Error::invalid(
            "too_many_events",
            "events",
            format!(
                "{} events at once: send at most {BULK_MAX}, or stream them as application/x-ndjson, one a line",
                events.len()
            ),
        ));
    }
    let tx = service.tenant(tenant).await?;
    let line = Line::read(&tx).await?;
    let mut results: Vec<Option<TakenEvent>> = Vec::with_capacity(events.len());
    let mut candidates = Vec::with_capacity(events.len());
    let mut footprints = Footprints::default();
    for (index, event) in events.into_iter().enumerate() {
        match event.and_then(|event| line.check(event)) {
            Ok(event) => {
                results.push(None);
                let footprint = footprints.note(&event);
                candidates.push(Candidate::new(index, event, footprint));
            }
            Err(error) => results.push(Some(refused(index, None, error.into()))),
        }
    }
    reach(FailPoint::IngestBegun);
    let stored = store(&tx, caller, &line, candidates, &mut results).await?;
    reach(FailPoint::IngestStored);
    for (footprint, event) in stored.carried {
        footprints.carried_by(footprint, event);
    }
    let learned = footprints.learn(&tx).await?;
    // A key without an account is told of as soon as it is seen, before anything fails for want of it; and an event that failed
    // and is sent again is on trial from now on.
    if stored.corrected || !readiness::unmapped_among(&tx, &learned).await?.is_empty() {
        alert::review(&tx).await?;
    }
    let queued = stored.queued;
    if queued {
        bell::wake(&tx).await?;
    }
    reach(FailPoint::IngestBeforeCommit);
    tx.commit().await?;
    reach(FailPoint::IngestCommitted);
    if queued {
        service.ring(tenant).await;
    }
    reach(FailPoint::IngestRung);
    Ok(results.into_iter().flatten().collect())
}

fn refused(index: usize, external_id: Option<String>, problem: IngestProblem) -> TakenEvent {
    TakenEvent {
        index,
        result: Taken::Refused,
        id: None,
        external_id,
        number: None,
        version: None,
        status: None,
        problem: Some(problem),
    }
}

/// What the tenant's state says of a new event: the home currency, and the line of Start Sync.
struct Line {
    home_currency: Option<Currency>,
    queue_from: Option<DateTime<Utc>>,
}

impl Line {
    // The lock makes Start Sync and Stop Sync wait, so that an event is on one side of the line or the other, and lets those
    // pass who only note that an entry was posted.
    async fn read(tx: &TenantTx) -> Result<Self, Error> {
        let sync = tx
            .query_as::<entity::sync::Model>(
                "SELECT * FROM sync WHERE {mine} FOR KEY SHARE",
                vec![],
            )
            .await?
            .pop()
            .ok_or(Error::NotFound)?;
        let connection = connection::current(tx).await?;
        Ok(Self {
            home_currency: connection.as_ref().map(books::home_currency).transpose()?,
            queue_from: sync.started_at.filter(|_| sync.running),
        })
    }

    fn check(&self, event: Event) -> Result<Event, EventError> {
        if let Some(currency) = event.currency.or(self.home_currency) {
            event.check(currency)?;
        }
        Ok(event)
    }

    fn queues(&self, occurred_at: DateTime<Utc>) -> bool {
        self.queue_from.is_some_and(|from| occurred_at >= from)
    }
}

/// An event on its way into the rows.
struct Candidate {
    index: usize,
    kind: &'static str,
    external_id: String,
    wanted_number: Option<String>,
    occurred_at: DateTime<Utc>,
    business_date: NaiveDate,
    location: Option<String>,
    body: String,
    body_hash: Vec<u8>,
    footprint: Uuid,
}

/// What became of a batch.
#[derive(Default)]
struct Stored {
    /// Whether any event was queued.
    queued: bool,
    /// Whether any event that had failed was sent again, changed.
    corrected: bool,
    /// Each footprint with an event that was stored with it.
    carried: Vec<(Uuid, EventId)>,
}

impl Candidate {
    fn new(index: usize, event: Event, footprint: Uuid) -> Self {
        // Identity is by meaning (`19.9` is `19.90`); what is kept is the event as its sender wrote it.
        let canonical = event.canonical_json();
        let body = serde_json::to_string(&event)
            .expect("an event holds only texts, lists and objects with text keys");
        Self {
            index,
            kind: event.kind().as_str(),
            external_id: event.external_id.as_str().to_owned(),
            wanted_number: event
                .number
                .as_ref()
                .map(|number| number.as_str().to_owned()),
            occurred_at: event.occurred_at.to_utc(),
            business_date: event.accounting_date(),
            location: event
                .location
                .as_ref()
                .map(|location| location.as_str().to_owned()),
            body_hash: Sha256::digest(canonical.as_bytes()).to_vec(),
            body,
            footprint,
        }
    }

    fn identity(&self) -> (String, String) {
        (self.kind.to_owned(), self.external_id.clone())
    }

    fn taken(&self, result: Taken, row: &Known) -> TakenEvent {
        TakenEvent {
            index: self.index,
            result,
            id: Some(row.id),
            external_id: Some(self.external_id.clone()),
            number: Some(row.number.clone()),
            version: Some(row.version),
            status: Some(row.status.clone()),
            problem: None,
        }
    }

    fn refused(&self, code: &str, field: &str, detail: String) -> TakenEvent {
        refused(
            self.index,
            Some(self.external_id.clone()),
            IngestProblem {
                code: code.to_owned(),
                detail,
                field: Some(field.to_owned()),
            },
        )
    }
}

// Numbers are given under the lock of the tenant's series, which also makes two ingests of one tenant follow each other:
// so what is read here as known stays true until the commit.
async fn store(
    tx: &TenantTx,
    caller: &Caller,
    line: &Line,
    candidates: Vec<Candidate>,
    results: &mut [Option<TakenEvent>],
) -> Result<Stored, Error> {
    let mut stored = Stored::default();
    if candidates.is_empty() {
        return Ok(stored);
    }
    let mut series = Series::lock(tx).await?;
    let mut known = known(tx, &candidates).await?;
    let wanted = candidates
        .iter()
        .filter_map(|candidate| candidate.wanted_number.clone())
        .collect();
    series.avoid(tx, wanted, candidates.len()).await?;
    let mut new = Vec::new();
    for candidate in candidates {
        let index = candidate.index;
        let result = match known.get(&candidate.identity()) {
            Some(row) if row.body_hash == candidate.body_hash => {
                candidate.taken(Taken::Duplicate, row)
            }
            Some(row) => {
                let row = row.clone();
                flush(tx, caller, line, &mut new).await?;
                let result = replace(tx, caller, line, &mut series, &candidate, &row).await?;
                if let (Some(id), Some(number), Some(version), Some(status)) =
                    (result.id, &result.number, result.version, &result.status)
                {
                    stored.queued |= status == "not_synced";
                    stored.corrected |= row.status == "failed";
                    stored.carried.push((candidate.footprint, id));
                    known.insert(
                        candidate.identity(),
                        Known {
                            id,
                            number: number.clone(),
                            version,
                            status: status.clone(),
                            body_hash: candidate.body_hash.clone(),
                            ..row
                        },
                    );
                }
                result
            }
            None => match series.give(candidate.wanted_number.as_deref()) {
                Err(holder) => candidate.refused("number_in_use", "number", holder),
                Ok(number) => {
                    let queues = line.queues(candidate.occurred_at);
                    stored.queued |= queues;
                    let row = Known {
                        id: EventId::new(),
                        r#type: candidate.kind.to_owned(),
                        external_id: candidate.external_id.clone(),
                        number,
                        version: 1,
                        body_hash: candidate.body_hash.clone(),
                        status: if queues { "not_synced" } else { "never_synced" }.to_owned(),
                    };
                    stored.carried.push((candidate.footprint, row.id));
                    let result = candidate.taken(Taken::Accepted, &row);
                    known.insert(candidate.identity(), row.clone());
                    new.push((candidate, row));
                    result
                }
            },
        };
        results[index] = Some(result);
    }
    flush(tx, caller, line, &mut new).await?;
    series.keep(tx).await?;
    Ok(stored)
}
