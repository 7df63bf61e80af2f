//! Between the rows and the comparison: which entries of ours a part is about, which of QuickBooks' must be asked for before
//! anything is said of them, and what is known besides.

use super::notes::{Noted, Notes};
use crate::error::Error;
use crate::posting::marker;
use accounting::Ref;
use accounting::reconciliation::{Content, Known, Ours, PostedLine};
use chrono::{DateTime, NaiveDate, Utc};
use entity::id::EventId;
use entity::store::TenantTx;
use quickbooks::{DraftedEntry, Posting, normalise_amount};
use sea_orm::FromQueryResult;
use std::collections::{BTreeSet, HashMap, HashSet};
use uuid::Uuid;

/// Of which entries of ours a part must say whether they are there.
pub(super) struct Scope {
    /// Those that were settled before.
    pub(super) settled_until: DateTime<Utc>,
    /// Of changes: those that were settled since, which therefore stand among the changes.
    pub(super) settled_since: Option<DateTime<Utc>>,
    /// Of days: those of these days.
    pub(super) days: Option<(NaiveDate, NaiveDate)>,
}

#[derive(FromQueryResult)]
struct Id {
    id: String,
}

/// Notes what must still be asked for, one entry at a time, before the part can be compared: ours that did not turn up, those
/// that others pass for, and what an earlier run found. What was deleted once is not asked for again.
pub(super) async fn complete(
    tx: &TenantTx,
    company_id: &str,
    scope: &Scope,
    notes: &mut Notes,
) -> Result<(), Error> {
    loop {
        let mut wanted: BTreeSet<String> = expected(tx, company_id, scope).await?;
        wanted.extend(passed_for(tx, company_id, notes).await?);
        wanted.extend(found_before(tx, company_id, scope, notes).await?);
        wanted.retain(|id| !notes.knows(id));
        if wanted.is_empty() {
            return Ok(());
        }
        let gone = deleted_before(tx, company_id, &wanted).await?;
        wanted.retain(|id| !gone.contains(id));
        notes.deleted.extend(gone.iter().cloned());
        if !wanted.is_empty() {
            notes.to_ask = wanted.into_iter().collect();
            return Ok(());
        }
    }
}

async fn expected(
    tx: &TenantTx,
    company_id: &str,
    scope: &Scope,
) -> Result<BTreeSet<String>, Error> {
    let (from, to) = scope.days.unzip();
    let rows = match scope.settled_since {
        Some(since) => {
            tx.query_as::<Id>(
                "SELECT qbo_id AS id FROM journal_entry WHERE {mine} AND company_id = $2 AND state = 'posted'
                    AND settled_at >= $3 AND settled_at <= $4",
                vec![company_id.into(), since.into(), scope.settled_until.into()],
            )
            .await?
        }
        None => {
            tx.query_as::<Id>(
                "SELECT qbo_id AS id FROM journal_entry WHERE {mine} AND company_id = $2 AND state = 'posted'
                    AND accounting_date BETWEEN $3 AND $4 AND settled_at <= $5",
                vec![
                    company_id.into(),
                    from.into(),
                    to.into(),
                    scope.settled_until.into(),
                ],
            )
            .await?
        }
    };
    Ok(rows.into_iter().map(|row| row.id).collect())
}

// Ours whose mark another entry carries: whether that one is a second or stands in depends on whether ours is there.
async fn passed_for(tx: &TenantTx, company_id: &str, notes: &Notes) -> Result<Vec<String>, Error> {
    let rows = tx
        .query_as::<Id>(
            "SELECT qbo_id AS id FROM journal_entry
              WHERE {mine} AND company_id = $2 AND state = 'posted' AND event_id = ANY($3)",
            vec![company_id.into(), events(notes.there.iter()).into()],
        )
        .await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

// What an earlier run found in these days, or about the same events, and ours whose stand-in is gone.
async fn found_before(
    tx: &TenantTx,
    company_id: &str,
    scope: &Scope,
    notes: &Notes,
) -> Result<Vec<String>, Error> {
    let (from, to) = scope.days.unzip();
    let ids = notes.known_ids();
    let rows = tx
        .query_as::<Id>(
            "SELECT f.qbo_id AS id FROM finding f WHERE {mine:f} AND f.company_id = $2 AND f.state <> 'gone'
                AND f.accounting_date BETWEEN $3 AND $4
             UNION
             SELECT f.qbo_id FROM finding f WHERE {mine:f} AND f.company_id = $2 AND f.state <> 'gone' AND f.event_id IN (
               SELECT unnest($5::uuid[])
               UNION SELECT j.event_id FROM journal_entry j
                WHERE {mine:j} AND j.company_id = $2 AND j.qbo_id = ANY($6)
               UNION SELECT g.event_id FROM finding g
                WHERE {mine:g} AND g.company_id = $2 AND g.qbo_id = ANY($6) AND g.event_id IS NOT NULL)
             UNION
             SELECT f.our_qbo_id FROM finding f
              WHERE {mine:f} AND f.company_id = $2 AND f.our_qbo_id IS NOT NULL
                AND (f.qbo_id = ANY($6) AND f.state <> 'gone' OR f.stand_in = ANY($6))
             UNION
             SELECT f.stand_in FROM finding f
              WHERE {mine:f} AND f.company_id = $2 AND f.qbo_id = ANY($6) AND f.stand_in IS NOT NULL",
            vec![
                company_id.into(),
                from.into(),
                to.into(),
                events(notes.there.iter()).into(),
                ids.into(),
            ],
        )
        .await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

async fn deleted_before(
    tx: &TenantTx,
    company_id: &str,
    ids: &BTreeSet<String>,
) -> Result<HashSet<String>, Error> {
    let ids: Vec<String> = ids.iter().cloned().collect();
    let rows = tx
        .query_as::<Id>(
            "SELECT DISTINCT qbo_id AS id FROM finding WHERE {mine} AND company_id = $2 AND qbo_id = ANY($3) AND kind = 'deleted'",
            vec![company_id.into(), ids.into()],
        )
        .await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// The ids of our events among the marks of entries, as far as they are ids of events at all.
fn events<'a>(entries: impl Iterator<Item = &'a Noted>) -> Vec<Uuid> {
    let ids: BTreeSet<Uuid> = entries
        .flat_map(Noted::events)
        .filter_map(|event| event.parse::<EventId>().ok())
        .map(|event| event.0)
        .collect();
    ids.into_iter().collect()
}

/// Our side of a comparison.
pub(super) struct OurSide {
    pub(super) ours: Vec<Ours>,
    /// The marker of each, by its id in QuickBooks.
    pub(super) marks: HashMap<Ref, String>,
    /// Its event, by that event as it stands in marks.
    pub(super) events: HashMap<Ref, EventId>,
}

/// The entries of ours that a part is about: by their ids, by the marks that others carry, by numbers that others have.
pub(super) async fn our_side(
    tx: &TenantTx,
    company_id: &str,
    notes: &Notes,
) -> Result<OurSide, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        event_id: EventId,
        qbo_id: String,
        number: String,
        content_hash: String,
        body: Vec<u8>,
    }
    let unmarked = notes
        .there
        .iter()
        .filter(|entry| entry.events().next().is_none());
    let numbers: Vec<String> = unmarked.filter_map(|entry| entry.number.clone()).collect();
    let rows = tx
        .query_as::<Row>(
            "SELECT j.event_id, j.qbo_id, j.number, j.content_hash, j.body FROM journal_entry j WHERE {mine:j} AND j.id IN (
               SELECT k.id FROM journal_entry k
                WHERE {mine:k} AND k.company_id = $2 AND k.state = 'posted' AND k.qbo_id = ANY($3)
               UNION SELECT k.id FROM journal_entry k
                WHERE {mine:k} AND k.company_id = $2 AND k.state = 'posted' AND k.event_id = ANY($4)
               UNION SELECT k.id FROM event e JOIN journal_entry k
                  ON {mine:k} AND k.event_id = e.id AND k.company_id = $2 AND k.state = 'posted' AND k.number = e.number
                WHERE {mine:e} AND e.number = ANY($5))
              ORDER BY j.event_id",
            vec![
                company_id.into(),
                notes.known_ids().into(),
                events(notes.there.iter()).into(),
                numbers.into(),
            ],
        )
        .await?;
    let mut side = OurSide {
        ours: Vec::with_capacity(rows.len()),
        marks: HashMap::new(),
        events: HashMap::new(),
    };
    for row in rows {
        let entry = Ref::from(row.qbo_id);
        let event = Ref::from(row.event_id.to_string());
        let mark = marker(row.event_id, &row.content_hash);
        side.marks.insert(entry.clone(), mark);
        side.events.insert(event.clone(), row.event_id);
        side.ours.push(Ours {
            content: content(row.number, &row.body)?,
            entry,
            event,
            hash: row.content_hash,
        });
    }
    Ok(side)
}

/// What sealed bytes say.
fn content(number: String, body: &[u8]) -> Result<Content, Error> {
    let drafted = DraftedEntry::read(body).map_err(Error::internal)?;
    let lines = drafted.lines.into_iter().map(|line| PostedLine {
        account: line.account_id.into(),
        side: match line.posting {
            Posting::Debit => accounting::Side::Debit,
            Posting::Credit => accounting::Side::Credit,
        },
        amount: normalise_amount(&line.amount).unwrap_or(line.amount),
    });
    Ok(Content {
        number: Some(number),
        date: drafted.accounting_date,
        lines: lines.collect(),
    })
}

/// What is known besides what was read.
pub(super) async fn known(tx: &TenantTx, company_id: &str, notes: &Notes) -> Result<Known, Error> {
    #[derive(FromQueryResult)]
    struct Event {
        event_id: EventId,
    }
    let unsettled = tx
        .query_as::<Event>(
            "SELECT event_id FROM journal_entry WHERE {mine} AND company_id = $2 AND event_id = ANY($3)
                AND state IN ('sealed', 'sending', 'unknown')",
            vec![company_id.into(), events(notes.there.iter()).into()],
        )
        .await?;
    let refs = |ids: &BTreeSet<String>| ids.iter().map(|id| Ref::from(id.as_str())).collect();
    Ok(Known {
        deleted: refs(&notes.deleted),
        absent: refs(&notes.absent),
        unsettled: unsettled
            .into_iter()
            .map(|row| Ref::from(row.event_id.to_string()))
            .collect(),
    })
}
