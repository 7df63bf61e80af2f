//! What would become of one never-synced event if its turn came now: the decisions of the claim and of the look-up before the
//! first send, on the same values.

use crate::error::Error;
use crate::posting::entry::{charset, is_ours, seal, unseal};
use crate::problem::{Finding, Names};
use accounting::posting::{EntryState, Known};
use accounting::{Books, JournalEntry, Journalized, Refusal, SkipReason};
use entity::connection::Model as Connection;
use entity::id::EventId;
use quickbooks::PostedEntry;
use sea_orm::FromQueryResult;
use sea_orm::prelude::Date;
use std::collections::HashMap;

/// A never-synced event, with the latest entry it has in the company.
#[derive(FromQueryResult)]
pub(super) struct Candidate {
    pub(super) id: EventId,
    pub(super) kind: String,
    pub(super) business_date: Date,
    number: String,
    version: i32,
    body: String,
    entry_state: Option<String>,
    entry_version: Option<i32>,
    /// The bytes of an entry that is sealed and not posted.
    sealed: Option<Vec<u8>>,
}

/// What would become of an event.
pub(super) enum Fate {
    /// This entry would be posted.
    Post(JournalEntry),
    /// Its entry is in the books already.
    AlreadyPosted,
    /// An earlier outcome is looked up first.
    InDoubt,
    /// There is nothing to post.
    Skip(SkipReason),
    /// It would fail.
    Refuse {
        finding: Box<Finding>,
        causes: Vec<String>,
    },
}

/// What would become of `event` with these books, whose unusable accounts have these names, while `held` are the entries that hold numbers in QuickBooks.
pub(super) fn of(
    event: &Candidate,
    books: &Books,
    connection: &Connection,
    names: &Names,
    held: &HashMap<String, Vec<PostedEntry>>,
) -> Result<Fate, Error> {
    let entry = match known(event) {
        Known::Posted => return Ok(Fate::AlreadyPosted),
        Known::InDoubt => return Ok(Fate::InDoubt),
        Known::PostedOtherwise => {
            let entry_version = event.entry_version.unwrap_or_default();
            return Ok(Fate::Refuse {
                finding: Box::new(Finding::already_posted(entry_version, event.version)),
                causes: Vec::new(),
            });
        }
        Known::Again => unseal(
            event.sealed.as_deref().unwrap_or_default(),
            books.home_currency,
        )?,
        Known::Fresh | Known::Outdated => match accounting::journalize_text(&event.body, books) {
            Ok(Journalized::Entry(entry)) => entry,
            Ok(Journalized::Skipped(reason)) => return Ok(Fate::Skip(reason)),
            Err(refusal) => {
                let finding = Finding::of_refusal(&refusal, names);
                let accounts = finding.facts.accounts.iter();
                let dimensions = finding.facts.dimensions.iter();
                let causes = match &refusal {
                    Refusal::AccountsUnusable(_) => accounts.map(ToString::to_string).collect(),
                    Refusal::DimensionsUnusable(_) => dimensions.map(ToString::to_string).collect(),
                    _ => refusal.causes(),
                };
                return Ok(Fate::Refuse {
                    finding: Box::new(finding),
                    causes,
                });
            }
        },
    };
    let Some(holders) = held.get(&event.number) else {
        return Ok(Fate::Post(entry));
    };
    let content_hash = seal(event.id, &event.number, &entry, charset(connection)).content_hash;
    let ours = |holder: &PostedEntry| is_ours(holder, event.id, &event.number, &content_hash);
    if holders.iter().any(ours) {
        return Ok(Fate::AlreadyPosted);
    }
    Ok(Fate::Refuse {
        finding: Box::new(Finding::number_taken(&event.number, holders.first())),
        causes: vec![event.number.clone()],
    })
}

fn known(event: &Candidate) -> Known {
    let state = event.entry_state.as_deref().and_then(EntryState::read);
    match (state, event.entry_version) {
        (Some(state), Some(version)) => Known::of(state, version, event.version),
        _ => Known::Fresh,
    }
}
