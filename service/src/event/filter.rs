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
    /// The location, exactly.
    pub location: Option<String>,
    /// Codes of problems.
    pub problem: Option<String>,
    /// The number, exactly.
    pub number: Option<String>,
    /// What `external_id` or `number` begins with.
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
    pub(super) location: Option<String>,
    pub(super) problems: Vec<String>,
    pub(super) number: Option<String>,
    pub(super) text: Option<Beginning>,
    pub(super) past_sync_id: Option<PastSyncId>,
}

/// All texts that begin alike, as a range of texts compared by their bytes: from the first to before the second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Beginning(pub(super) String, pub(super) Option<String>);

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
            location: word("location", filter.location.as_deref())?,
            problems: known(
                "unknown_problem_code",
                "problem",
                filter.problem.as_deref(),
                &Code::ALL.map(Code::as_str),
            )?,
            number: word("number", filter.number.as_deref())?,
            text: word("text", filter.text.as_deref())?.map(Beginning::of),
            past_sync_id: filter.past_sync_id.as_deref().map(past_sync).transpose()?,
        })
    }
}

impl Beginning {
    fn of(text: String) -> Self {
        let mut letters: Vec<char> = text.chars().collect();
        while let Some(last) = letters.pop() {
            // The letters of the range skip those that are none.
            if let Some(next) = (last..=char::MAX).nth(1) {
                letters.push(next);
                return Self(text, Some(letters.into_iter().collect()));
            }
        }
        Self(text, None)
    }
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
    if values.len() > 32 {
        return Err(Error::invalid(
            "invalid_filter",
            field,
            format!("{} values: write at most 32", values.len()),
        ));
    }
    Ok(values)
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
    fn texts_that_begin_alike_are_a_range() {
        let range = |text: &str| Beginning::of(text.to_owned()).1;
        assert_eq!(range("tkt_1").as_deref(), Some("tkt_2"));
        assert_eq!(range("a\u{d7ff}").as_deref(), Some("a\u{e000}"));
        assert_eq!(range("a\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(range("\u{10ffff}"), None);
        let (from, to) = ("käse".to_owned(), range("käse").unwrap());
        for text in ["käse", "käse-1", "käse\u{10ffff}"] {
            assert!(text.as_bytes() >= from.as_bytes() && text.as_bytes() < to.as_bytes());
        }
        assert!("käsf".as_bytes() >= to.as_bytes() && "kä".as_bytes() < from.as_bytes());
    }
}
