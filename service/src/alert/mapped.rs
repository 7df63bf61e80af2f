//! The alerts of the mapping: what it has no account for, and what of it broke. Each speaks of the events that its own subjects
//! keep from the books, and of no others.

use super::Cause;
use super::row::Condition;
use super::tally::{self, Count, EXAMPLES, Tally};
use crate::error::Error;
use crate::location_mapping::Stand;
use crate::mapping::{self, CompanyMapping};
use crate::problem::Code;
use crate::{books, location_mapping, readiness};
use accounting::{Missing, Slot};
use chrono::{DateTime, Utc};
use entity::alert::Model;
use entity::store::TenantTx;
use sea_orm::FromQueryResult;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// The problems of events that something broken keeps from the books.
const BROKEN: [Code; 3] = [
    Code::AccountInactive,
    Code::ReferenceMissing,
    Code::NameRequired,
];

/// Subjects by their names, each with what asks for it.
type Subjects<'n> = BTreeMap<String, Vec<&'n Missing>>;

/// What events ever asked for and has no account, whether an event waits for it or not: the next one will. `failing`: whether
/// any event failed for want of an account.
///
/// # Errors
/// The database's.
pub(super) async fn missing(
    tx: &TenantTx,
    desk: &CompanyMapping,
    needs: &[Missing],
    failing: bool,
    open: Option<&Model>,
) -> Result<Option<Condition>, Error> {
    let mapping = desk.resolution();
    let lacks = |need: &&Missing| {
        mapping
            .resolve(need.slot, need.key.as_deref(), need.location.as_deref())
            .is_none()
    };
    let subjects: Subjects<'_> = needs
        .iter()
        .filter(lacks)
        .map(|need| (need.to_string(), vec![need]))
        .collect();
    let groups: Vec<_> = subjects.values().cloned().collect();
    let codes = [Code::MissingMappings];
    let tally = match groups.is_empty() {
        true => Tally::default(),
        false => tally::tally(tx, &groups, &codes).await?,
    };
    let mut named: BTreeMap<String, Count> =
        subjects.into_keys().zip(tally.of.iter().copied()).collect();
    let (mut total, mut examples) = (tally.total, tally.examples);
    if failing && readiness::rounds(tx).await? {
        for row in tally::rounding(tx, &groups).await? {
            let need = Missing {
                slot: Slot::Rounding,
                key: None,
                location: (!row.location.is_empty()).then_some(row.location),
            };
            if lacks(&&need) {
                let count = Count {
                    failed: row.events,
                    waiting: 0,
                };
                named.insert(need.to_string(), count);
                total.failed += row.others;
                let known: BTreeSet<Uuid> = examples.iter().copied().collect();
                examples.extend(row.examples.into_iter().filter(|id| !known.contains(id)));
                examples.truncate(EXAMPLES);
            }
        }
    }
    if named.is_empty() {
        return Ok(None);
    }
    let seen = match is_less(&named, open) {
        true => tally::times(tx, &groups, &codes).await?,
        false => None,
    };
    let seen = seen.and_then(|times| {
        let last = times.last_failed_at.or(times.last_seen_at);
        times.first_seen_at.zip(last)
    });
    let detail = format!(
        "No account is mapped for {}; {}.",
        listed(&named),
        so_far(total, named.len())
            .unwrap_or_else(|| "nothing that is queued needs it yet".to_owned())
    );
    Ok(Some(condition(
        Cause::MissingMapping,
        detail,
        named,
        total,
        examples,
        seen,
    )))
}

/// What the lists say is mapped and unusable; and what QuickBooks refused though the lists do not say so, which is `failed`.
///
/// # Errors
/// The database's.
pub(super) async fn broken(
    tx: &TenantTx,
    desk: &CompanyMapping,
    locations: &Stand,
    needs: &[Missing],
    failed: Option<Condition>,
    open: Option<&Model>,
) -> Result<Option<Condition>, Error> {
    let subjects = broken_subjects(desk, locations, needs);
    if subjects.is_empty() {
        return unexplained(tx, failed).await;
    }
    let groups: Vec<_> = subjects.values().cloned().collect();
    let tally = tally::tally(tx, &groups, &BROKEN).await?;
    let named: BTreeMap<String, Count> =
        subjects.into_keys().zip(tally.of.iter().copied()).collect();
    let seen = match is_less(&named, open) {
        true => tally::times(tx, &groups, &BROKEN).await?,
        false => None,
    };
    let seen = seen.and_then(|times| times.first_failed_at.zip(times.last_failed_at));
    let (is, it) = match named.len() {
        1 => ("is", "it"),
        _ => ("are", "them"),
    };
    let so_far = so_far(tally.total, named.len());
    let so_far = so_far.unwrap_or_else(|| format!("events that need {it} will fail"));
    let detail = format!(
        "{} {is} mapped but cannot be used any more; {so_far}.",
        listed(&named)
    );
    let (total, examples) = (tally.total, tally.examples);
    Ok(Some(condition(
        Cause::BrokenMapping,
        detail,
        named,
        total,
        examples,
        seen,
    )))
}

fn broken_subjects<'n>(
    desk: &CompanyMapping,
    locations: &Stand,
    needs: &'n [Missing],
) -> Subjects<'n> {
    let broken: BTreeMap<_, _> = desk
        .rows
        .iter()
        .filter_map(|row| {
            let account = desk.accounts.get(&row.account_id)?;
            books::unusable(account)?;
            Some((row.id, mapping::named(account)))
        })
        .collect();
    let mut subjects: Subjects<'_> = broken
        .values()
        .map(|name| (name.clone(), Vec::new()))
        .collect();
    let mapping = desk.resolution();
    if !broken.is_empty() {
        for need in needs {
            let name = readiness::row_of(&mapping, need).and_then(|row| broken.get(&row));
            if let Some(asking) = name.and_then(|name| subjects.get_mut(name)) {
                asking.push(need);
            }
        }
    }
    for (name, places) in location_mapping::broken(locations) {
        let is_there = |need: &&Missing| {
            need.location
                .as_ref()
                .is_some_and(|place| places.contains(place))
        };
        subjects
            .entry(name)
            .or_default()
            .extend(needs.iter().filter(is_there));
    }
    subjects
}

// Failures that name what broke are mended when that is; then they wait to be retried. Those that cannot name it still hold.
async fn unexplained(tx: &TenantTx, failed: Option<Condition>) -> Result<Option<Condition>, Error> {
    #[derive(FromQueryResult)]
    struct Unexplained {
        events: i64,
        detail: Option<String>,
        examples: Option<Vec<Uuid>>,
    }
    if failed.is_none() {
        return Ok(None);
    }
    let codes: Vec<String> = BROKEN.map(|code| code.as_str().to_owned()).into();
    let rows = tx
        .query_as::<Unexplained>(
            "SELECT count(*) AS events, min(problem_detail) AS detail, (array_agg(id ORDER BY id DESC))[1:5] AS examples
               FROM event WHERE {mine} AND status = 'failed' AND problem_code = ANY($2)
                AND problem_facts -> 'accounts' IS NULL AND problem_facts -> 'dimensions' IS NULL",
            vec![codes.into()],
        )
        .await?;
    Ok(rows.into_iter().find(|row| row.events > 0).map(|row| {
        let detail = row.detail.unwrap_or_default();
        Condition {
            events: row.events,
            examples: row.examples.unwrap_or_default(),
            ..Condition::new(
                Cause::BrokenMapping,
                super::standing::counted(row.events, &detail),
            )
        }
    }))
}

fn condition(
    cause: Cause,
    detail: String,
    named: BTreeMap<String, Count>,
    total: Count,
    examples: Vec<Uuid>,
    seen: Option<(DateTime<Utc>, DateTime<Utc>)>,
) -> Condition {
    Condition {
        events: total.all(),
        examples,
        seen,
        ..Condition::new(cause, detail).about(named.into_keys().collect())
    }
}

// Whether the open alert speaks of something that is mended: then its times are those of what remains.
fn is_less(named: &BTreeMap<String, Count>, open: Option<&Model>) -> bool {
    open.is_some_and(|open| {
        open.subjects
            .iter()
            .any(|subject| !named.contains_key(subject))
    })
}

/// `3 events have failed for it and 2 wait`; none where no event does either.
fn so_far(count: Count, subjects: usize) -> Option<String> {
    let it = if subjects == 1 { "it" } else { "them" };
    let failed = match count.failed {
        0 => None,
        1 => Some(format!("1 event has failed for {it}")),
        more => Some(format!("{more} events have failed for {it}")),
    };
    match (failed, count.waiting) {
        (failed, 0) => failed,
        (None, 1) => Some(format!("1 event waits for {it}")),
        (None, more) => Some(format!("{more} events wait for {it}")),
        (Some(failed), 1) => Some(format!("{failed} and 1 waits")),
        (Some(failed), more) => Some(format!("{failed} and {more} wait")),
    }
}

/// The first few subjects, each with its own events where there are several, and how many more there are.
fn listed(named: &BTreeMap<String, Count>) -> String {
    const SHOWN: usize = 5;
    let one = |(name, count): (&String, &Count)| match (named.len(), count.all()) {
        (1, _) => name.clone(),
        (_, 0) => format!("{name} (none queued)"),
        (_, 1) => format!("{name} (1 event)"),
        (_, more) => format!("{name} ({more} events)"),
    };
    let shown: Vec<_> = named.iter().take(SHOWN).map(one).collect();
    match named.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(failed: i64, waiting: i64) -> Count {
        Count { failed, waiting }
    }

    #[test]
    fn a_long_list_is_cut_and_says_so() {
        let named = |names: i64| {
            (1..=names)
                .map(|n| (n.to_string(), count(n - 1, 0)))
                .collect()
        };
        assert_eq!(listed(&named(1)), "1");
        assert_eq!(listed(&named(2)), "1 (none queued), 2 (1 event)");
        assert_eq!(
            listed(&named(7)),
            "1 (none queued), 2 (1 event), 3 (2 events), 4 (3 events), 5 (4 events) and 2 more"
        );
    }

    #[test]
    fn what_failed_and_what_waits_is_told_apart() {
        let told = |failed, waiting| so_far(count(failed, waiting), 1).unwrap_or_default();
        assert_eq!(told(0, 0), "");
        assert_eq!(told(1, 0), "1 event has failed for it");
        assert_eq!(told(0, 2), "2 events wait for it");
        assert_eq!(told(3, 1), "3 events have failed for it and 1 waits");
        assert_eq!(
            so_far(count(2, 2), 3).unwrap(),
            "2 events have failed for them and 2 wait"
        );
    }
}
