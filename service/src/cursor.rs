//! Paging by key, newest first: a cursor holds the time and id of the last row seen.

use crate::error::Error;
use chrono::{DateTime, Utc};
use data_encoding::BASE64URL_NOPAD;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use serde::Deserialize;
use uuid::Uuid;

/// Rows in a page where the request does not say.
pub const LIMIT_DEFAULT: u64 = 50;
/// Rows in a page at the most.
pub const LIMIT_MAX: u64 = 200;

/// Which page of a list.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// `next_cursor` of the page before; left out: the first page.
    pub cursor: Option<String>,
    /// Rows in the page, 1 to 200; left out: 50.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u64>,
}

/// A page of a list.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Gives the next page; `None` on the last.
    pub next_cursor: Option<String>,
}

impl PageQuery {
    /// Narrows a read to this page and one row more, which tells whether another page follows.
    ///
    /// # Errors
    /// `invalid_cursor`, `invalid_limit`.
    pub fn newest_first<E: EntityTrait>(
        &self,
        read: Select<E>,
        at: E::Column,
        id: E::Column,
    ) -> Result<Select<E>, Error> {
        let mut read = read
            .order_by_desc(at)
            .order_by_desc(id)
            .limit(self.rows()? + 1);
        if let Some((seen_at, seen_id)) = self.position()? {
            // As a row comparison, which an index over (tenant_id, at, id) serves in one range.
            read = read.filter(
                Condition::all().add(
                    Expr::tuple([at.into_expr(), id.into_expr()])
                        .lt(Expr::tuple([Expr::value(seen_at), Expr::value(seen_id)])),
                ),
            );
        }
        Ok(read)
    }

    /// The page out of the rows that [`PageQuery::newest_first`] read.
    pub fn page<R, T>(
        &self,
        mut rows: Vec<R>,
        key: impl Fn(&R) -> (DateTime<Utc>, Uuid),
        view: impl Fn(R) -> T,
    ) -> Page<T> {
        let limit = usize::try_from(self.rows().unwrap_or(LIMIT_DEFAULT)).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = rows.last().filter(|_| more).map(|row| encode(key(row)));
        Page {
            items: rows.into_iter().map(view).collect(),
            next_cursor,
        }
    }

    /// Rows in the page.
    ///
    /// # Errors
    /// `invalid_limit`.
    pub(crate) fn rows(&self) -> Result<u64, Error> {
        match self.limit {
            None => Ok(LIMIT_DEFAULT),
            Some(limit @ 1..=LIMIT_MAX) => Ok(limit),
            Some(limit) => Err(Error::invalid(
                "invalid_limit",
                "limit",
                format!("{limit} rows in a page: ask for 1 to {LIMIT_MAX}"),
            )),
        }
    }

    fn position(&self) -> Result<Option<(DateTime<Utc>, Uuid)>, Error> {
        self.cursor
            .as_deref()
            .map(|cursor| decode(cursor).ok_or_else(invalid))
            .transpose()
    }
}

/// The pattern of LIKE for texts in lower case that contain this, whatever signs it holds.
pub(crate) fn containing(text: &str) -> String {
    let literal = text
        .to_lowercase()
        .replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_");
    format!("%{literal}%")
}

/// What is given as a cursor is none of this list.
pub(crate) fn invalid() -> Error {
    Error::invalid(
        "invalid_cursor",
        "cursor",
        "not a cursor of this list; use `next_cursor` of the page before, or leave it out",
    )
}

/// A time out of a cursor; only times the database holds, from 1970 to 2200.
pub(crate) fn time(bytes: &[u8]) -> Option<DateTime<Utc>> {
    let micros = i64::from_be_bytes(bytes.try_into().ok()?);
    (0..=7_258_118_400_000_000)
        .contains(&micros)
        .then(|| DateTime::from_timestamp_micros(micros))?
}

fn encode((at, id): (DateTime<Utc>, Uuid)) -> String {
    let mut bytes = at.timestamp_micros().to_be_bytes().to_vec();
    bytes.extend(id.as_bytes());
    BASE64URL_NOPAD.encode(&bytes)
}

fn decode(cursor: &str) -> Option<(DateTime<Utc>, Uuid)> {
    let bytes = BASE64URL_NOPAD.decode(cursor.as_bytes()).ok()?;
    let (at, id) = bytes.split_at_checked(8)?;
    Some((time(at)?, Uuid::from_slice(id).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back() {
        let key = (
            DateTime::from_timestamp_micros(1_790_000_000_123_456).unwrap(),
            Uuid::now_v7(),
        );
        assert_eq!(decode(&encode(key)), Some(key));
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        for cursor in ["", "x", "!!!", "AAAA", &"A".repeat(500)] {
            assert_eq!(decode(cursor), None, "{cursor}");
        }
    }
}
