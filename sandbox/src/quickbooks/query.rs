//! The query language: `select * from Entity where … order by … startposition n maxresults n`.

mod entity;
mod parse;
mod token;

use std::cmp::Ordering;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use serde_json::{Value, json};

use super::amount::Amount;
use super::clock::server_date;
use super::company::Company;
use super::fault::{Fault, FaultError, catalogue};
use super::switches::Switches;
pub(crate) use entity::Entity;
use entity::Row;
use parse::{Condition, Operator, Query};

/// What a property of a row holds.
#[derive(Clone, Debug, PartialEq)]
enum Cell {
    Text(String),
    Number(Amount),
    Flag(bool),
    Day(NaiveDate),
    Instant(DateTime<Utc>),
}

/// Answers a statement: the `QueryResponse` member.
pub(crate) fn run(
    company: &Company,
    statement: &str,
    switches: &Switches,
    now: DateTime<Utc>,
) -> Result<Value, Fault> {
    let query = parse::parse(statement)?;
    let entity = entity(company, &query.entity)?;
    let start = match query.start {
        0 if switches.start_position_zero => 1,
        0 => return Err(too_small(0).into()),
        start => start,
    };
    if query.max == 0 {
        return Err(too_small(0).into());
    }
    check_properties(&query, entity)?;
    let mut rows = matching(company, entity, &query, switches, now)?;
    if query.count {
        return Ok(json!({ "totalCount": rows.len() }));
    }
    if let Some((property, descending)) = &query.order {
        rows.sort_by(|one, other| {
            let order = one
                .cell(company, property)
                .zip(other.cell(company, property))
                .map(|(a, b)| compare(&a, &b));
            let order = order.unwrap_or(Ordering::Equal);
            if *descending { order.reverse() } else { order }
        });
    }
    let page: Vec<Value> = rows
        .iter()
        .skip(start - 1)
        .take(query.max.min(1000))
        .map(|row| row.object(company, switches))
        .collect();
    if page.is_empty() {
        return Ok(json!({}));
    }
    Ok(json!({ entity.name(): page, "startPosition": start, "maxResults": page.len() }))
}

/// The entity of this name, if the company's subscription has it.
pub(crate) fn entity(company: &Company, name: &str) -> Result<Entity, FaultError> {
    let entity = Entity::find(name)
        .ok_or_else(|| catalogue::query_invalid(format!("invalid context declaration: {name}")))?;
    match entity {
        Entity::Name(kind) if !kind.is_offered(company.offering) => {
            Err(catalogue::permission_denied())
        }
        entity => Ok(entity),
    }
}

fn too_small(value: usize) -> FaultError {
    catalogue::query_invalid(format!(
        "value {value} is too small. Min allowed value is 1"
    ))
}

fn check_properties(query: &Query, entity: Entity) -> Result<(), FaultError> {
    let named = query.conditions.iter().map(|condition| &condition.property);
    for property in named.chain(query.order.iter().map(|(property, _)| property)) {
        if entity.filterable().contains(&property.as_str()) {
            continue;
        }
        return Err(catalogue::query_invalid(
            if entity.shown_only().contains(&property.as_str()) {
                // Assumed text.
                format!("property '{property}' is not queryable")
            } else {
                format!("Property {property} not found for Entity {}", entity.name())
            },
        ));
    }
    Ok(())
}

fn matching<'a>(
    company: &'a Company,
    entity: Entity,
    query: &Query,
    switches: &Switches,
    now: DateTime<Utc>,
) -> Result<Vec<Row<'a>>, FaultError> {
    let asks_for_active = query
        .conditions
        .iter()
        .any(|condition| condition.property == "Active");
    let visible_until = now - chrono::TimeDelta::seconds(switches.query_lag_seconds.into());
    let mut rows = Vec::new();
    for row in entity.rows(company, exact_numbers(query)) {
        if !asks_for_active && !row.is_active()
            || row.appeared_at().is_some_and(|at| at > visible_until)
        {
            continue;
        }
        let mut all = true;
        for condition in &query.conditions {
            all &= holds(&row, company, condition)?;
        }
        if all {
            rows.push(row);
        }
    }
    Ok(rows)
}

/// The document numbers a statement asks for exactly, so that the ledger's index can answer.
fn exact_numbers(query: &Query) -> Option<&[String]> {
    query
        .conditions
        .iter()
        .find(|condition| {
            condition.property == "DocNumber"
                && matches!(condition.operator, Operator::Equal | Operator::In)
        })
        .map(|condition| condition.values.as_slice())
}

fn holds(row: &Row<'_>, company: &Company, condition: &Condition) -> Result<bool, FaultError> {
    // An unset property is the empty text.
    let cell = row
        .cell(company, &condition.property)
        .unwrap_or(Cell::Text(String::new()));
    if condition.operator == Operator::Like {
        let Cell::Text(text) = &cell else {
            return Ok(false);
        };
        return Ok(condition
            .values
            .iter()
            .any(|pattern| is_like(text, pattern)));
    }
    for value in &condition.values {
        let literal = literal(&cell, value).ok_or_else(|| {
            // Assumed text.
            catalogue::query_invalid(format!(
                "Invalid value {value} for property {}",
                condition.property
            ))
        })?;
        let order = compare(&cell, &literal);
        let found = match condition.operator {
            Operator::Equal | Operator::In | Operator::Like => order == Ordering::Equal,
            Operator::Less => order == Ordering::Less,
            Operator::Greater => order == Ordering::Greater,
            Operator::AtMost => order != Ordering::Greater,
            Operator::AtLeast => order != Ordering::Less,
        };
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A literal read as the kind of value the cell holds.
fn literal(cell: &Cell, text: &str) -> Option<Cell> {
    match cell {
        Cell::Text(_) => Some(Cell::Text(text.to_owned())),
        Cell::Number(_) => text.parse().ok().map(Cell::Number),
        Cell::Flag(_) => text.to_ascii_lowercase().parse().ok().map(Cell::Flag),
        Cell::Day(_) => day(text).map(Cell::Day),
        Cell::Instant(_) => instant(text).map(Cell::Instant),
    }
}

fn day(text: &str) -> Option<NaiveDate> {
    text.parse().ok().or_else(|| instant(text).map(server_date))
}

/// A timestamp; without an offset it is read as UTC, a bare date as its midnight (assumed).
pub(crate) fn instant(text: &str) -> Option<DateTime<Utc>> {
    let zoned = DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|at| at.with_timezone(&Utc));
    let bare = || {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S")
            .ok()
            .map(|at| at.and_utc())
    };
    let midnight = || {
        text.parse::<NaiveDate>()
            .ok()?
            .and_hms_opt(0, 0, 0)
            .map(|at| at.and_utc())
    };
    zoned.or_else(bare).or_else(midnight)
}

/// Ids are texts and compare as numbers. Other texts compare exactly (that case matters is assumed).
fn compare(one: &Cell, other: &Cell) -> Ordering {
    match (one, other) {
        (Cell::Text(a), Cell::Text(b)) => match (a.parse::<u64>(), b.parse::<u64>()) {
            (Ok(a_number), Ok(b_number)) => a_number.cmp(&b_number).then_with(|| a.cmp(b)),
            _ => a.cmp(b),
        },
        (Cell::Number(a), Cell::Number(b)) => a.cmp(b),
        (Cell::Flag(a), Cell::Flag(b)) => a.cmp(b),
        (Cell::Day(a), Cell::Day(b)) => a.cmp(b),
        (Cell::Instant(a), Cell::Instant(b)) => a.cmp(b),
        _ => Ordering::Equal,
    }
}

/// Whether `text` matches a pattern whose only wildcard is `%`.
fn is_like(text: &str, pattern: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('%') else {
        return text == pattern;
    };
    let Some(mut left) = text.strip_prefix(head) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('%').collect();
    let tail = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = left.find(part) else {
            return false;
        };
        left = &left[at + part.len()..];
    }
    left.ends_with(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_knows_only_the_percent_sign() {
        for (text, pattern, expected) in [
            ("Cash on hand", "Cash%", true),
            ("Cash on hand", "%hand", true),
            ("Cash on hand", "C%on%d", true),
            ("Cash on hand", "%", true),
            ("Cash", "Cas_", false),
            ("Cash", "%x%", false),
            ("aa", "a%aa", false),
        ] {
            assert_eq!(is_like(text, pattern), expected, "{text} like {pattern}");
        }
    }
}
