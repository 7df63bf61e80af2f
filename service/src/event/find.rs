//! How a page of events is found. The list has one order; every index of it holds some equalities before that order, so a
//! page is the newest of a few ranges, one for each combination of values that is asked for, each read from its end.
//!
//! Narrowed by an index, exactly: status, type, location and the window of days, in any combination; a number; a past sync
//! with status and window; problems with the window. A text is looked up first. Whatever else stands beside a number, a
//! text, a past sync or a problem is looked at row by row.

use super::STATUSES;
use super::filter::{Beginning, Filter};
use super::position::{ORDER, Position};
use accounting::event::TransactionType;
use sea_orm::Value;

/// Events that a text may begin; more are not sorted for a page.
pub(super) const FOUND_MAX: i64 = 10_000;

/// A statement and its values, from `$2` on.
pub(super) struct Statement {
    pub(super) sql: String,
    pub(super) values: Vec<Value>,
}

impl Statement {
    fn new() -> Self {
        Self {
            sql: String::new(),
            values: Vec::new(),
        }
    }

    fn bind(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len() + 1)
    }
}

/// The page after `after`: `columns` of the events (as `e`) and of what `joins` adds, in the order of the list.
pub(super) fn page(
    filter: &Filter,
    after: Option<Position>,
    limit: u64,
    columns: &str,
    joins: &str,
) -> Statement {
    let mut statement = Statement::new();
    let limit = statement.bind(i64::try_from(limit).unwrap_or(i64::MAX));
    let Ranges { of, each, rest } = ranges(filter, &mut statement);
    let window = window(filter, after, &mut statement);
    // Limits inside leave the planner no way but the index's own order, whatever it believes of the table's size.
    statement.sql = format!(
        "SELECT {columns} FROM
           (SELECT k.* FROM {of}LATERAL
             (SELECT e.business_date, e.occurred_at, e.id FROM event e WHERE {{mine:e}} AND {each}{window}{rest}
               ORDER BY e.business_date DESC, e.occurred_at DESC, e.id DESC LIMIT {limit}) AS k
             ORDER BY {ORDER} LIMIT {limit}) AS k,
           LATERAL (SELECT * FROM event e WHERE {{mine:e}} AND e.id = k.id LIMIT 1) AS e{joins}
          ORDER BY {ORDER}"
    );
    statement
}

/// How many events the filter's text begins, counted up to one more than [`FOUND_MAX`]; `None` without a text.
pub(super) fn found(filter: &Filter) -> Option<Statement> {
    let text = filter.text.as_ref()?;
    let mut statement = Statement::new();
    let found = beginning(text, filter, &mut statement);
    statement.sql = format!("SELECT count(*) AS found FROM {found}");
    Some(statement)
}

/// The ranges of a page: what they are made of, what holds in each, and what each row is still asked.
struct Ranges {
    of: String,
    each: String,
    rest: String,
}

fn ranges(filter: &Filter, statement: &mut Statement) -> Ranges {
    let (mut of, mut each, mut rest) = (String::new(), Vec::new(), String::new());
    // What an index narrows is taken out; what is left is asked of each row.
    let mut left = filter.clone();
    if let Some(number) = left.number.take() {
        each.push(format!("e.number = {}", statement.bind(number)));
    } else if let Some(text) = left.text.take() {
        of = format!("{}, ", beginning(&text, filter, statement));
        each.push("e.id = found.id".to_owned());
    } else if let Some(past_sync) = left.past_sync_id.take() {
        each.push(format!("e.past_sync_id = {}", statement.bind(past_sync.0)));
        of += &each_of(
            "status",
            or_all(&mut left.statuses, &STATUSES),
            &mut each,
            statement,
        );
    } else if !left.problems.is_empty() {
        let problems = std::mem::take(&mut left.problems);
        of += &each_of("problem_code", problems, &mut each, statement);
    } else {
        let location = left.location.take();
        if let Some(location) = &location {
            each.push(format!("e.location = {}", statement.bind(location.clone())));
        }
        if location.is_some() || !left.types.is_empty() {
            let all = TransactionType::ALL.map(TransactionType::as_str);
            of += &each_of("type", or_all(&mut left.types, &all), &mut each, statement);
        }
        of += &each_of(
            "status",
            or_all(&mut left.statuses, &STATUSES),
            &mut each,
            statement,
        );
    }
    // In another collation than an index's, so that no other index tempts the planner away from the list's order.
    for (column, values) in [
        ("status", left.statuses),
        ("type", left.types),
        ("problem_code", left.problems),
    ] {
        if !values.is_empty() {
            rest += &format!(
                " AND e.{column} COLLATE \"C\" = ANY({})",
                statement.bind(values)
            );
        }
    }
    if let Some(location) = left.location {
        rest += &format!(
            " AND e.location COLLATE \"C\" = {}",
            statement.bind(location)
        );
    }
    if let Some(past_sync) = left.past_sync_id {
        rest += &format!(" AND e.past_sync_id = {}", statement.bind(past_sync.0));
    }
    if let Some(text) = left.text {
        rest += &begins(&text, statement);
    }
    Ranges {
        of,
        each: each.join(" AND "),
        rest,
    }
}

fn or_all(given: &mut Vec<String>, all: &[&str]) -> Vec<String> {
    if given.is_empty() {
        return all.iter().map(|&value| value.to_owned()).collect();
    }
    std::mem::take(given)
}

fn each_of(
    column: &str,
    values: Vec<String>,
    each: &mut Vec<String>,
    statement: &mut Statement,
) -> String {
    each.push(format!("e.{column} = each_{column}.value"));
    format!(
        "unnest({}::text[]) AS each_{column}(value), ",
        statement.bind(values)
    )
}

fn window(filter: &Filter, after: Option<Position>, statement: &mut Statement) -> String {
    let mut window = String::new();
    if let Some(from) = filter.from_date {
        window += &format!(" AND e.business_date >= {}", statement.bind(from));
    }
    if let Some(to) = filter.to_date {
        window += &format!(" AND e.business_date <= {}", statement.bind(to));
    }
    if let Some(after) = after {
        let (day, at, id) = (
            statement.bind(after.business_date),
            statement.bind(after.occurred_at),
            statement.bind(after.id),
        );
        window += &format!(" AND (e.business_date, e.occurred_at, e.id) < ({day}, {at}, {id})");
    }
    window
}

// The events that a text begins, through the unique indexes of identities and of numbers.
fn beginning(text: &Beginning, filter: &Filter, statement: &mut Statement) -> String {
    let all = TransactionType::ALL.map(TransactionType::as_str);
    let types = statement.bind(or_all(&mut filter.types.clone(), &all));
    let from = statement.bind(text.0.clone());
    let to = text.1.clone().map(|to| statement.bind(to));
    let begins = |column: &str| match &to {
        Some(to) => format!("e.{column} >= {from} AND e.{column} < {to}"),
        None => format!("e.{column} >= {from}"),
    };
    format!(
        "(SELECT k.id FROM unnest({types}::text[]) AS each_type(value), LATERAL
             (SELECT e.id FROM event e WHERE {{mine:e}} AND e.type = each_type.value AND {}
               ORDER BY e.external_id LIMIT {most}) AS k
           UNION SELECT k.id FROM
             (SELECT e.id FROM event e WHERE {{mine:e}} AND {} ORDER BY e.number LIMIT {most}) AS k) AS found",
        begins("external_id"),
        begins("number"),
        most = FOUND_MAX + 1,
    )
}

// The same, asked of one row.
fn begins(text: &Beginning, statement: &mut Statement) -> String {
    let from = statement.bind(text.0.clone());
    format!(" AND (starts_with(e.external_id, {from}) OR starts_with(e.number, {from}))")
}
