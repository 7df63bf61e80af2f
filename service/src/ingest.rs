//! Taking events in: each is stored once by its identity, numbered, and queued when the sync runs, all in one commit.

use crate::access::Caller;
use crate::error::Error;
use crate::{Service, audit, bell, books, connection};
use accounting::{Currency, Event, EventError};
use chrono::{DateTime, NaiveDate, Utc};
use entity::id::{EventId, TenantId};
use entity::store::TenantTx;
use sea_orm::{FromQueryResult, Value};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};
use utoipa::ToSchema;

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
    for (index, event) in events.into_iter().enumerate() {
        match event.and_then(|event| line.check(event)) {
            Ok(event) => {
                results.push(None);
                candidates.push(Candidate::new(index, event));
            }
            Err(error) => results.push(Some(refused(index, None, error.into()))),
        }
    }
    let queued = store(&tx, caller, &line, candidates, &mut results).await?;
    if queued {
        bell::wake(&tx).await?;
    }
    tx.commit().await?;
    if queued {
        service.ring(tenant).await;
    }
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
    // The share lock makes Start Sync and Stop Sync wait: an event is on one side of the line or the other.
    async fn read(tx: &TenantTx) -> Result<Self, Error> {
        let sync = tx
            .query_as::<entity::sync::Model>("SELECT * FROM sync WHERE {mine} FOR SHARE", vec![])
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
}

impl Candidate {
    fn new(index: usize, event: Event) -> Self {
        // Identity is by meaning (`19.9` is `19.90`); what is kept is the event as its sender wrote it.
        let canonical = event.canonical_json();
        let body = serde_json::to_string(&event).expect("an event holds only texts, lists and objects with text keys");
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

/// What is stored of an event with the same identity.
#[derive(Debug, Clone, FromQueryResult)]
struct Known {
    id: EventId,
    r#type: String,
    external_id: String,
    number: String,
    version: i32,
    body_hash: Vec<u8>,
    status: String,
}

// Numbers are given under the lock of the tenant's series, which also makes two ingests of one tenant follow each other:
// so what is read here as known stays true until the commit.
async fn store(
    tx: &TenantTx,
    caller: &Caller,
    line: &Line,
    candidates: Vec<Candidate>,
    results: &mut [Option<TakenEvent>],
) -> Result<bool, Error> {
    if candidates.is_empty() {
        return Ok(false);
    }
    let mut series = Series::lock(tx).await?;
    let mut known = known(tx, &candidates).await?;
    series.avoid(tx, &candidates).await?;
    let mut new = Vec::new();
    let mut queued = false;
    for candidate in candidates {
        let index = candidate.index;
        let result = match known.get(&candidate.identity()) {
            Some(row) if row.body_hash == candidate.body_hash => {
                candidate.taken(Taken::Duplicate, row)
            }
            Some(row) => {
                let row = row.clone();
                flush(tx, line, &mut new).await?;
                let result = replace(tx, caller, line, &series, &candidate, &row).await?;
                if let (Some(id), Some(number), Some(version), Some(status)) =
                    (result.id, &result.number, result.version, &result.status)
                {
                    queued |= status == "not_synced";
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
                    queued |= queues;
                    let row = Known {
                        id: EventId::new(),
                        r#type: candidate.kind.to_owned(),
                        external_id: candidate.external_id.clone(),
                        number,
                        version: 1,
                        body_hash: candidate.body_hash.clone(),
                        status: if queues { "not_synced" } else { "never_synced" }.to_owned(),
                    };
                    let result = candidate.taken(Taken::Accepted, &row);
                    known.insert(candidate.identity(), row.clone());
                    new.push((candidate, row));
                    result
                }
            },
        };
        results[index] = Some(result);
    }
    flush(tx, line, &mut new).await?;
    series.keep(tx).await?;
    Ok(queued)
}

async fn known(
    tx: &TenantTx,
    candidates: &[Candidate],
) -> Result<HashMap<(String, String), Known>, Error> {
    let rows = tx
        .query_as::<Known>(
            "SELECT e.id, e.type, e.external_id, e.number, e.version, e.body_hash, e.status
               FROM unnest($2::text[], $3::text[]) AS wanted(type, external_id)
               JOIN event e ON {mine:e} AND e.type = wanted.type AND e.external_id = wanted.external_id",
            vec![
                candidates.iter().map(|c| c.kind.to_owned()).collect::<Vec<_>>().into(),
                candidates.iter().map(|c| c.external_id.clone()).collect::<Vec<_>>().into(),
            ],
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| ((row.r#type.clone(), row.external_id.clone()), row))
        .collect())
}

/// Document numbers: the tenant's own series, which steps over the numbers that events brought with them.
struct Series {
    next: i64,
    taken: HashSet<String>,
    /// What events of this request ask for: given to no other.
    reserved: HashSet<String>,
}

impl Series {
    async fn lock(tx: &TenantTx) -> Result<Self, Error> {
        #[derive(FromQueryResult)]
        struct Row {
            next_number: i64,
        }
        let row = tx
            .query_as::<Row>(
                "SELECT next_number FROM number_series WHERE {mine} FOR UPDATE",
                vec![],
            )
            .await?
            .pop()
            .ok_or(Error::NotFound)?;
        Ok(Self {
            next: row.next_number,
            taken: HashSet::new(),
            reserved: HashSet::new(),
        })
    }

    // Learns which of the numbers that may be given now are taken: those that were asked for, and the stretch of the series.
    async fn avoid(&mut self, tx: &TenantTx, candidates: &[Candidate]) -> Result<(), Error> {
        #[derive(FromQueryResult)]
        struct Row {
            number: String,
        }
        let mut numbers: Vec<String> = candidates
            .iter()
            .filter_map(|c| c.wanted_number.clone())
            .collect();
        self.reserved.extend(numbers.iter().cloned());
        let mut from = self.next;
        let mut free = 0;
        while free < candidates.len() {
            let stretch: Vec<String> = (from..)
                .take(candidates.len())
                .map(|n| n.to_string())
                .collect();
            from += i64::try_from(stretch.len()).map_err(Error::internal)?;
            numbers.extend(stretch.iter().cloned());
            let taken = tx
                .query_as::<Row>(
                    "SELECT number FROM event WHERE {mine} AND number = ANY($2)",
                    vec![std::mem::take(&mut numbers).into()],
                )
                .await?;
            self.taken.extend(taken.into_iter().map(|row| row.number));
            free += stretch
                .iter()
                .filter(|n| !self.taken.contains(*n) && !self.reserved.contains(*n))
                .count();
        }
        Ok(())
    }

    fn give(&mut self, wanted: Option<&str>) -> Result<String, String> {
        if let Some(number) = wanted {
            return if self.taken.insert(number.to_owned()) {
                Ok(number.to_owned())
            } else {
                Err(format!(
                    "number {number} belongs to another event; send another number, or leave it out to have one given"
                ))
            };
        }
        loop {
            let number = self.next.to_string();
            self.next += 1;
            if !self.reserved.contains(&number) && self.taken.insert(number.clone()) {
                return Ok(number);
            }
        }
    }

    async fn keep(&self, tx: &TenantTx) -> Result<(), Error> {
        tx.execute(
            "UPDATE number_series SET next_number = $2 WHERE {mine} AND next_number <> $2",
            vec![self.next.into()],
        )
        .await?;
        Ok(())
    }
}

// One statement for all new events, with arrays: its text is the same for any number of rows.
async fn flush(tx: &TenantTx, line: &Line, new: &mut Vec<(Candidate, Known)>) -> Result<(), Error> {
    if new.is_empty() {
        return Ok(());
    }
    let texts = |of: fn(&(Candidate, Known)) -> String| -> Value {
        new.iter().map(of).collect::<Vec<String>>().into()
    };
    let values = vec![
        new.iter().map(|(_, k)| k.id.0).collect::<Vec<_>>().into(),
        texts(|(c, _)| c.kind.to_owned()),
        texts(|(c, _)| c.external_id.clone()),
        texts(|(_, k)| k.number.clone()),
        texts(|(c, _)| c.body.clone()),
        new.iter()
            .map(|(c, _)| c.body_hash.clone())
            .collect::<Vec<Vec<u8>>>()
            .into(),
        new.iter()
            .map(|(c, _)| c.occurred_at)
            .collect::<Vec<_>>()
            .into(),
        new.iter()
            .map(|(c, _)| c.business_date)
            .collect::<Vec<_>>()
            .into(),
        texts(|(c, _)| c.location.clone().unwrap_or_default()),
        new.iter()
            .map(|(c, _)| line.queues(c.occurred_at))
            .collect::<Vec<bool>>()
            .into(),
    ];
    tx.execute(
        "INSERT INTO event (tenant_id, id, type, external_id, number, body, body_hash, occurred_at, business_date, location,
           status, due_at)
         SELECT $1, e.id, e.type, e.external_id, e.number, e.body, e.body_hash, e.occurred_at, e.business_date, nullif(e.location, ''),
           CASE WHEN e.queued THEN 'not_synced' ELSE 'never_synced' END, CASE WHEN e.queued THEN tillpost_now() END
           FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[], $8::timestamptz[],
             $9::date[], $10::text[], $11::bool[])
             AS e(id, type, external_id, number, body, body_hash, occurred_at, business_date, location, queued)",
        values,
    )
    .await?;
    new.clear();
    Ok(())
}

// The same identity with another body: the next version, as long as nothing of the old one can be in the books.
async fn replace(
    tx: &TenantTx,
    caller: &Caller,
    line: &Line,
    series: &Series,
    candidate: &Candidate,
    row: &Known,
) -> Result<TakenEvent, Error> {
    if let Some(wanted) = &candidate.wanted_number
        && *wanted != row.number
        && series.taken.contains(wanted)
    {
        return Ok(candidate.refused(
            "number_in_use",
            "number",
            format!(
                "number {wanted} belongs to another event; send another number, or leave it out"
            ),
        ));
    }
    let number = candidate.wanted_number.as_ref().unwrap_or(&row.number);
    let queues = line.queues(candidate.occurred_at);
    // Where nothing can be in the books: not queued, queued and never sent, failed, or skipped. A sealed entry that was
    // definitely not executed is withdrawn with the version it was made of.
    let replaced = tx
        .query_as::<Known>(
            "UPDATE event SET version = version + 1, number = $3, body = $4, body_hash = $5, occurred_at = $6,
               business_date = $7, location = $8, updated_at = tillpost_now(), problem_code = NULL, problem_detail = NULL,
               tries = 0,
               status = CASE WHEN status = 'never_synced' AND NOT $9 THEN 'never_synced' ELSE 'not_synced' END,
               due_at = CASE WHEN status = 'never_synced' AND NOT $9 THEN NULL ELSE tillpost_now() END
             WHERE {mine} AND id = $2 AND status IN ('never_synced', 'not_synced', 'failed', 'skipped')
             RETURNING id, type, external_id, number, version, body_hash, status",
            vec![
                row.id.into(),
                number.clone().into(),
                candidate.body.clone().into(),
                candidate.body_hash.clone().into(),
                candidate.occurred_at.into(),
                candidate.business_date.into(),
                candidate.location.clone().into(),
                queues.into(),
            ],
        )
        .await?
        .pop();
    let Some(replaced) = replaced else {
        return Ok(candidate.refused(
            "event_already_posted",
            "external_id",
            format!(
                "event {} is {} and its journal entry cannot be changed from here; send a correcting event with its own external_id",
                row.id,
                if row.status == "synced" { "posted" } else { "being posted" }
            ),
        ));
    };
    tx.execute(
        "UPDATE journal_entry SET state = 'withdrawn', settled_at = tillpost_now() WHERE {mine} AND event_id = $2 AND state = 'sealed'",
        vec![row.id.into()],
    )
    .await?;
    audit::record(
        tx,
        caller.actor(),
        "event.replaced",
        &row.id.to_string(),
        serde_json::json!({ "from_version": row.version, "to_version": replaced.version }),
    )
    .await?;
    Ok(candidate.taken(Taken::Replaced, &replaced))
}
