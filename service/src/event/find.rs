//! How a page of events is found. The list has one order; every index of it holds some equalities before that order, so a
//! page is the newest of a few ranges, one for each combination of values that is asked for, each read from its end.
//!
//! Narrowed by an index, exactly: status, type, location and the window of days, in any combination; a number; a past sync
//! with status and window; problems with the window. A text is looked up first, letter by letter. Whatever else stands beside a
//! number, a text, a past sync or a problem is looked at row by row.

use super::STATUSES;
use super::filter::{Filter, Typed};
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
    let newest = |each: &String| {
        format!(
            "(SELECT e.business_date, e.occurred_at, e.id FROM event e WHERE {{mine:e}} AND {each}{window}{rest}
               ORDER BY e.business_date DESC, e.occurred_at DESC, e.id DESC LIMIT {limit})"
        )
    };
    let newest: Vec<String> = each.iter().map(newest).collect();
    let newest = newest.join(" UNION ALL ");
    // Limits inside leave the planner no way but the index's own order, whatever it believes of the table's size.
    statement.sql = format!(
        "SELECT {columns} FROM
           (SELECT k.* FROM {of}LATERAL ({newest}) AS k
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

/// The ranges of a page: what they are made of, what holds in each (or in each of two kinds), and what each row is still asked.
struct Ranges {
    of: String,
    each: Vec<String>,
    rest: String,
}

fn ranges(filter: &Filter, statement: &mut Statement) -> Ranges {
    let (mut of, mut each, mut rest) = (String::new(), Vec::new(), String::new());
    let mut places = Vec::new();
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
        let locations = std::mem::take(&mut left.locations);
        if !locations.is_empty() || !left.types.is_empty() {
            let all = TransactionType::ALL.map(TransactionType::as_str);
            of += &each_of("type", or_all(&mut left.types, &all), &mut each, statement);
        }
        of += &each_of(
            "status",
            or_all(&mut left.statuses, &STATUSES),
            &mut each,
            statement,
        );
        of += &each_location(&locations, &mut places, statement);
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
    if !left.locations.is_empty() {
        let nowhere = left.locations.contains(&None);
        let named: Vec<String> = left.locations.into_iter().flatten().collect();
        rest += &format!(
            " AND (e.location COLLATE \"C\" = ANY({}) OR {nowhere} AND e.location IS NULL)",
            statement.bind(named)
        );
    }
    if let Some(past_sync) = left.past_sync_id {
        rest += &format!(" AND e.past_sync_id = {}", statement.bind(past_sync.0));
    }
    if let Some(text) = left.text {
        rest += &begins(&text, statement);
    }
    let each = each.join(" AND ");
    if places.is_empty() {
        places.push(String::new());
    }
    Ranges {
        of,
        each: places
            .iter()
            .map(|place| format!("{each}{place}"))
            .collect(),
        rest,
    }
}

// What holds of events at each of these locations, and of those that have none, which no equality finds.
fn each_location(
    locations: &[Option<String>],
    places: &mut Vec<String>,
    statement: &mut Statement,
) -> String {
    let nowhere = locations.contains(&None);
    let named: Vec<String> = locations.iter().flatten().cloned().collect();
    if named.is_empty() {
        if nowhere {
            places.push(" AND e.location IS NULL".to_owned());
        }
        return String::new();
    }
    places.push(" AND e.location = each_location.value".to_owned());
    let mut values = named;
    if nowhere {
        // No location is an empty text.
        values.push(String::new());
        places.push(" AND each_location.value = '' AND e.location IS NULL".to_owned());
    }
    format!(
        "unnest({}::text[]) AS each_location(value), ",
        statement.bind(values)
    )
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

// The events that a text begins, through the unique indexes of identities and of numbers: each letter in the cases in which an
// event has it there, so that few spellings are left however long it is. Where a range ends is a column, since row-level security
// lets no index be narrowed by a condition that reckons. And the event whose entry has it as its id in QuickBooks.
fn beginning(typed: &Typed, filter: &Filter, statement: &mut Statement) -> String {
    let all = TransactionType::ALL.map(TransactionType::as_str);
    let types = statement.bind(or_all(&mut filter.types.clone(), &all));
    let small = statement.bind(typed.small.clone());
    let large = statement.bind(typed.large.clone());
    let text = statement.bind(typed.text.clone());
    let (letters, most) = (typed.small.len(), FOUND_MAX + 1);
    let of_type = format!("unnest({types}::text[]) AS each_type(value), ");
    let any = |column: &str, spelling: &str, limit: i64| {
        let is_of_type = match column {
            "external_id" => " AND e.type = each_type.value",
            _ => "",
        };
        format!(
            "LATERAL (SELECT e.id FROM event e WHERE {{mine:e}}{is_of_type} AND e.{column} >= {spelling}.text
               AND e.{column} < {spelling}.past ORDER BY e.{column} LIMIT {limit}) AS k"
        )
    };
    let begun = |column: &str, of: &str| {
        format!(
            "SELECT k.id FROM (
               WITH RECURSIVE spelled(text, past, letters) AS (
                 SELECT ''::text COLLATE \"C\", ''::text COLLATE \"C\", 0
                 UNION ALL
                 SELECT longer.text, longer.past, spelled.letters + 1 FROM spelled, LATERAL (
                     SELECT DISTINCT (spelled.text || letter.one) COLLATE \"C\" AS text,
                            (spelled.text || letter.one || chr(1114111)) COLLATE \"C\" AS past
                       FROM unnest(ARRAY[({small}::text[])[spelled.letters + 1], ({large}::text[])[spelled.letters + 1]])
                         AS letter(one)) AS longer
                  WHERE spelled.letters < {letters} AND (SELECT true FROM {of}{} LIMIT 1))
               SELECT text, past FROM spelled WHERE letters = {letters}) AS spelled, {of}{}",
            any(column, "longer", 1),
            any(column, "spelled", most),
        )
    };
    format!(
        "({} UNION {} UNION
           SELECT k.event_id FROM connection c, LATERAL
             (SELECT j.event_id FROM journal_entry j WHERE {{mine:j}} AND j.company_id = c.company_id AND j.qbo_id = {text}
               ORDER BY j.qbo_id LIMIT 1) AS k WHERE {{mine:c}}) AS found",
        begun("external_id", &of_type),
        begun("number", ""),
    )
}

// The same, asked of one row.
fn begins(typed: &Typed, statement: &mut Statement) -> String {
    let small = statement.bind(typed.small.concat());
    let text = statement.bind(typed.text.clone());
    format!(
        " AND (starts_with(lower(e.external_id), {small}) OR starts_with(lower(e.number), {small})
           OR EXISTS (SELECT 1 FROM journal_entry j WHERE {{mine:j}} AND j.event_id = e.id AND j.qbo_id = {text}))"
    )
}
