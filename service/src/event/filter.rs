//! Which events are listed: what a request says, read and judged before anything is looked up.

use super::STATUSES;
use crate::error::Error;
use crate::problem::Code;
use accounting::event::TransactionType;
use chrono::{Datelike, NaiveDate};
use entity::id::PastSyncId;

/// Letters in a text that is searched for, and values in a list, at the most.
const TEXT_MAX: usize = 128;

/// Which events, as a request says it: lists are written with commas. Nothing given means all.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// Statuses.
    pub status: Option<String>,
    /// Types of transactions.
    pub kind: Option<String>,
    /// The first business date; it belongs to the window.
    pub from_date: Option<NaiveDate>,
    /// The last business date; it belongs to the window.
    pub to_date: Option<NaiveDate>,
    /// Locations, exactly; `none` for events that have none. A backslash makes the sign after it count as itself.
    pub location: Option<String>,
    /// Codes of problems.
    pub problem: Option<String>,
    /// The number, exactly.
    pub number: Option<String>,
    /// What `external_id` or `number` begins with, whatever the case of A to Z; or the entry's id in QuickBooks.
    pub text: Option<String>,
    /// The past sync that queued it.
    pub past_sync_id: Option<String>,
}

/// Which events, read: a list that is empty narrows nothing.
#[derive(Debug, Clone, Default)]
pub(super) struct Filter {
    pub(super) statuses: Vec<String>,
    pub(super) types: Vec<String>,
    pub(super) from_date: Option<NaiveDate>,
    pub(super) to_date: Option<NaiveDate>,
    /// None among them: events that have none.
    pub(super) locations: Vec<Option<String>>,
    pub(super) problems: Vec<String>,
    pub(super) number: Option<String>,
    pub(super) text: Option<Typed>,
    pub(super) past_sync_id: Option<PastSyncId>,
}

/// A text that was typed to find events by: each of its letters small and large.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Typed {
    pub(super) text: String,
    pub(super) small: Vec<String>,
    pub(super) large: Vec<String>,
}

/// The word for events that have no location.
const NOWHERE: &str = "none";

impl Filter {
    /// # Errors
    /// `invalid_status`, `invalid_type`, `unknown_problem_code`, `invalid_window`, `invalid_past_sync_id`, `invalid_filter`.
    pub(super) fn read(filter: &EventFilter) -> Result<Self, Error> {
        let types = TransactionType::ALL.map(TransactionType::as_str);
        for (field, date) in [("from_date", filter.from_date), ("to_date", filter.to_date)] {
            if let Some(date) = date.filter(|date| !(1990..=2100).contains(&date.year())) {
                return Err(Error::invalid(
                    "invalid_window",
                    field,
                    format!("{date} is no business date: write a day from 1990 to 2100"),
                ));
            }
        }
        if let (Some(from), Some(to)) = (filter.from_date, filter.to_date)
            && from > to
        {
            return Err(Error::invalid(
                "invalid_window",
                "to_date",
                format!("the window ends ({to}) before it begins ({from})"),
            ));
        }
        Ok(Self {
            statuses: known(
                "invalid_status",
                "status",
                filter.status.as_deref(),
                &STATUSES,
            )?,
            types: known("invalid_type", "type", filter.kind.as_deref(), &types)?,
            from_date: filter.from_date,
            to_date: filter.to_date,
            locations: locations(filter.location.as_deref())?,
            problems: known(
                "unknown_problem_code",
                "problem",
                filter.problem.as_deref(),
                &Code::ALL.map(Code::as_str),
            )?,
            number: word("number", filter.number.as_deref())?,
            text: word("text", filter.text.as_deref())?.map(Typed::of),
            past_sync_id: filter.past_sync_id.as_deref().map(past_sync).transpose()?,
        })
    }
}

impl Typed {
    // Only A to Z have two cases here, as in the database, which compares identities by their bytes.
    fn of(text: String) -> Self {
        let each = |of: fn(&char) -> char| text.chars().map(|c| of(&c).to_string()).collect();
        Self {
            small: each(char::to_ascii_lowercase),
            large: each(char::to_ascii_uppercase),
            text,
        }
    }
}

// A name may hold a comma, or be that of the word for none: after a backslash, signs are only themselves.
fn locations(value: Option<&str>) -> Result<Vec<Option<String>>, Error> {
    let Some(value) = value else {
        return Ok(Vec::new());
    };
    let mut elements = vec![Vec::new()];
    let mut signs = value.chars();
    while let Some(sign) = signs.next() {
        let (sign, is_itself) = match sign {
            '\\' => (signs.next().unwrap_or('\\'), true),
            other => (other, false),
        };
        match elements.last_mut() {
            Some(element) if sign != ',' || is_itself => element.push((sign, is_itself)),
            _ => elements.push(Vec::new()),
        }
    }
    let mut locations = Vec::new();
    for element in &elements {
        let is_space = |(sign, is_itself): &(char, bool)| *sign == ' ' && !is_itself;
        let start = element.iter().take_while(|sign| is_space(sign)).count();
        let end = element.len()
            - element
                .iter()
                .rev()
                .take_while(|sign| is_space(sign))
                .count();
        let element = element.get(start..end).unwrap_or_default();
        let name: String = element.iter().map(|(sign, _)| *sign).collect();
        let is_word = name == NOWHERE && element.iter().all(|(_, is_itself)| !is_itself);
        let Some(name) = word("location", Some(&name))? else {
            continue;
        };
        let location = (!is_word).then_some(name);
        if !locations.contains(&location) {
            locations.push(location);
        }
    }
    check_count("location", locations.len())?;
    Ok(locations)
}

fn word(field: &str, value: Option<&str>) -> Result<Option<String>, Error> {
    let Some(value) = value else { return Ok(None) };
    if value.is_empty() || value.chars().count() > TEXT_MAX {
        return Err(Error::invalid(
            "invalid_filter",
            field,
            format!("write 1 to {TEXT_MAX} letters, or leave it out"),
        ));
    }
    Ok(Some(value.to_owned()))
}

// Said twice is said once.
fn list(field: &str, value: Option<&str>) -> Result<Vec<String>, Error> {
    let mut values = Vec::new();
    for value in value.into_iter().flat_map(|value| value.split(',')) {
        let value = value.trim();
        if value.is_empty() || value.len() > TEXT_MAX {
            return Err(Error::invalid(
                "invalid_filter",
                field,
                "an element of the list is empty or too long; write values with commas between them, or leave it out",
            ));
        }
        if !values.iter().any(|known| known == value) {
            values.push(value.to_owned());
        }
    }
    check_count(field, values.len())?;
    Ok(values)
}

fn check_count(field: &str, values: usize) -> Result<(), Error> {
    if values > 32 {
        return Err(Error::invalid(
            "invalid_filter",
            field,
            format!("{values} values: write at most 32"),
        ));
    }
    Ok(())
}

fn known(
    code: &'static str,
    field: &str,
    value: Option<&str>,
    allowed: &[&str],
) -> Result<Vec<String>, Error> {
    let values: Vec<String> = value
        .into_iter()
        .flat_map(|value| value.split(','))
        .map(|value| value.trim().to_owned())
        .collect();
    match values
        .iter()
        .find(|value| !allowed.contains(&value.as_str()))
    {
        None => list(field, value),
        Some(unknown) => Err(Error::invalid(
            code,
            field,
            format!(
                "`{}` is no {field} of an event; use some of {}, with commas between them",
                unknown.chars().take(64).collect::<String>(),
                allowed.join(", ")
            ),
        )),
    }
}

// What is not an id names nothing, as anywhere; but here nothing is found by mistake.
fn past_sync(text: &str) -> Result<PastSyncId, Error> {
    text.parse().map_err(|_| {
        Error::invalid(
            "invalid_past_sync_id",
            "past_sync_id",
            "this is no id of a past sync; use one of the list of past syncs, as in pas_01jd5zk8x9e3qr0v7m2c4n6p8t",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_with_commas() {
        let filter = Filter::read(&EventFilter {
            status: Some("failed, not_synced,failed".into()),
            kind: Some("ticket".into()),
            ..EventFilter::default()
        })
        .unwrap();
        assert_eq!(filter.statuses, ["failed", "not_synced"]);
        assert_eq!(filter.types, ["ticket"]);
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_its_field() {
        let day = |text: &str| Some(text.parse().unwrap());
        let usual = EventFilter::default;
        for (filter, code, field) in [
            (
                EventFilter {
                    status: Some("done".into()),
                    ..usual()
                },
                "invalid_status",
                "status",
            ),
            (
                EventFilter {
                    status: Some("failed,".into()),
                    ..usual()
                },
                "invalid_status",
                "status",
            ),
            (
                EventFilter {
                    kind: Some("sale".into()),
                    ..usual()
                },
                "invalid_type",
                "type",
            ),
            (
                EventFilter {
                    problem: Some("a,,b".into()),
                    ..usual()
                },
                "unknown_problem_code",
                "problem",
            ),
            (
                EventFilter {
                    text: Some(String::new()),
                    ..usual()
                },
                "invalid_filter",
                "text",
            ),
            (
                EventFilter {
                    location: Some("x".repeat(129)),
                    ..usual()
                },
                "invalid_filter",
                "location",
            ),
            (
                EventFilter {
                    from_date: day("1812-01-01"),
                    ..usual()
                },
                "invalid_window",
                "from_date",
            ),
            (
                EventFilter {
                    from_date: day("2026-02-02"),
                    to_date: day("2026-02-01"),
                    ..usual()
                },
                "invalid_window",
                "to_date",
            ),
            (
                EventFilter {
                    past_sync_id: Some("7".into()),
                    ..usual()
                },
                "invalid_past_sync_id",
                "past_sync_id",
            ),
        ] {
            match Filter::read(&filter) {
                Err(Error::Invalid {
                    code: told,
                    field: Some(at),
                    ..
                }) => {
                    assert_eq!((told, at.as_str()), (code, field));
                }
                other => panic!("{filter:?}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_location_may_hold_a_comma_or_be_called_none() {
        let read = |text: &str| locations(Some(text)).ok();
        let named = |names: &[&str]| {
            let names = names.iter().map(|name| match *name {
                "" => None,
                name => Some(name.to_owned()),
            });
            Some(names.collect::<Vec<_>>())
        };
        assert_eq!(read("boston"), named(&["boston"]));
        assert_eq!(read("boston, salem,boston"), named(&["boston", "salem"]));
        assert_eq!(read("none,boston"), named(&["", "boston"]));
        assert_eq!(read(r"\none,n\one"), named(&["none"]));
        assert_eq!(read(r"Boston\, MA,a\\b"), named(&["Boston, MA", r"a\b"]));
        assert_eq!(read(r"\ x\ "), named(&[" x "]));
        for refused in ["", " ", "boston,", ",", &"x,".repeat(40), &"x".repeat(129)] {
            assert_eq!(read(refused), None, "{refused}");
        }
    }

    #[test]
    fn what_is_typed_is_looked_for_small_and_large() {
        let typed = Typed::of("Kä-1".to_owned());
        assert_eq!(typed.small, ["k", "ä", "-", "1"]);
        assert_eq!(typed.large, ["K", "ä", "-", "1"]);
    }
}
