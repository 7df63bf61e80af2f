//! A place in the list of events, and the cursor that names it. The order is the same whatever the list is narrowed to, so
//! a cursor of one list leads to the right place in another.

use super::Row;
use crate::cursor::{self, Cursors, PageQuery};
use crate::error::Error;
use chrono::{DateTime, Days, NaiveDate, Utc};
use uuid::Uuid;

/// The order of the list, in SQL: newest first.
pub(super) const ORDER: &str = "k.business_date DESC, k.occurred_at DESC, k.id DESC";

/// Right after an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) business_date: NaiveDate,
    pub(super) occurred_at: DateTime<Utc>,
    pub(super) id: Uuid,
}

impl Position {
    pub(super) fn after(row: &Row) -> Self {
        Self {
            business_date: row.business_date,
            occurred_at: row.occurred_at,
            id: row.id.0,
        }
    }

    /// The position that a request's cursor names.
    ///
    /// # Errors
    /// `invalid_cursor`.
    pub(super) fn of(cursors: Cursors<'_>, query: &PageQuery) -> Result<Option<Self>, Error> {
        query
            .cursor
            .as_deref()
            .map(|cursor| Self::decode(&cursors.read(cursor)?).ok_or_else(cursor::invalid))
            .transpose()
    }

    pub(super) fn encode(self) -> Vec<u8> {
        let day = (self.business_date - NaiveDate::default()).num_days();
        let mut bytes = u32::try_from(day)
            .unwrap_or_default()
            .to_be_bytes()
            .to_vec();
        bytes.extend(self.occurred_at.timestamp_micros().to_be_bytes());
        bytes.extend(self.id.as_bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (day, rest) = bytes.split_at_checked(4)?;
        let (at, id) = rest.split_at_checked(8)?;
        let day = u64::from(u32::from_be_bytes(day.try_into().ok()?));
        // Days up to 2200, as times are.
        if day > 84_000 {
            return None;
        }
        Some(Self {
            business_date: NaiveDate::default().checked_add_days(Days::new(day))?,
            occurred_at: cursor::time(at)?,
            id: Uuid::from_slice(id).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back() {
        for day in ["1990-01-01", "2026-11-20", "2100-12-31"] {
            let position = Position {
                business_date: day.parse().unwrap(),
                occurred_at: DateTime::from_timestamp_micros(1_790_000_000_123_456).unwrap(),
                id: Uuid::now_v7(),
            };
            assert_eq!(Position::decode(&position.encode()), Some(position));
        }
    }

    #[test]
    fn what_is_no_cursor_of_events_is_refused() {
        for place in [
            &[] as &[u8],
            b"x",
            b"AAAA",
            &[0; 24],
            &[0xff; 28],
            &[0; 375],
        ] {
            assert_eq!(Position::decode(place), None, "{place:?}");
        }
    }
}
