//! Change data capture: what changed in some lists since a moment.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::clock::metadata_time;
use super::company::Company;
use super::fault::{Fault, catalogue};
use super::query::{self, Entity};
use super::switches::Switches;

/// How far back the service remembers.
const REACH: TimeDelta = TimeDelta::days(30);
/// Most objects of one answer, over all lists (that it is over all is assumed).
const OBJECTS_MAX: usize = 1000;

/// Answers what changed in `entities`, named with commas between, since a moment: the `CDCResponse` member.
pub(crate) fn run(
    company: &Company,
    entities: &str,
    since: &str,
    switches: &Switches,
    now: DateTime<Utc>,
) -> Result<Value, Fault> {
    if entities.is_empty() {
        return Err(catalogue::required("entities").into());
    }
    let Some(from) = query::instant(since) else {
        return Err(catalogue::invalid_date("changedSince", since).into());
    };
    if from < now - REACH {
        return Err(catalogue::changed_since_too_early(since).into());
    }
    let mut left = OBJECTS_MAX;
    let mut lists = Vec::new();
    for name in entities.split(',').map(str::trim) {
        let entity = query::entity(company, name)?;
        let rows = changed(company, entity, from, switches, left);
        left -= rows.len();
        lists.push(if rows.is_empty() {
            json!({})
        } else {
            json!({ "maxResults": rows.len(), entity.name(): rows, "startPosition": 1 })
        });
    }
    Ok(json!([{ "QueryResponse": lists }]))
}

/// The first so many changed objects of a list, the earliest change first; what was deleted comes last.
fn changed(
    company: &Company,
    entity: Entity,
    from: DateTime<Utc>,
    switches: &Switches,
    most: usize,
) -> Vec<Value> {
    let mut rows: Vec<_> = entity
        .rows(company, None)
        .into_iter()
        .filter_map(|row| row.updated_at().map(|at| (at, row)))
        .filter(|(at, _)| *at >= from)
        .collect();
    rows.sort_by_key(|(at, _)| *at);
    let there = rows.iter().map(|(_, row)| row.object(company, switches));
    let gone = entity
        .deleted(company)
        .into_iter()
        .filter(|(_, at)| switches.changes_tell_deleted && *at >= from)
        .map(|(id, at)| {
            json!({
                "status": "Deleted", "domain": "QBO", "Id": id.to_string(),
                "MetaData": { "LastUpdatedTime": metadata_time(at) },
            })
        });
    there.chain(gone).take(most).collect()
}
