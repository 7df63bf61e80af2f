//! Paging by key. A cursor holds the place of the last row seen, and is signed for its list and tenant: one that was altered,
//! or given out elsewhere, is none. So nobody reads a place out of a cursor's bytes and builds upon it, and another tenant's
//! cursor tells nothing.

use crate::error::Error;
use crate::{Service, secret};
use chrono::{DateTime, Utc};
use data_encoding::BASE64URL_NOPAD;
use entity::id::TenantId;
use sea_orm::sea_query::{Expr, ExprTrait, Func};
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

/// How many bytes of a signature a cursor carries.
const SIGNATURE: usize = 16;

/// The cursors of one list of one tenant.
#[derive(Clone, Copy)]
pub struct Cursors<'a> {
    service: &'a Service,
    tenant: TenantId,
    list: &'static str,
}

impl<'a> Cursors<'a> {
    /// Those of `list`, which names it among all lists.
    #[must_use]
    pub fn of(service: &'a Service, tenant: TenantId, list: &'static str) -> Self {
        Self {
            service,
            tenant,
            list,
        }
    }

    /// The cursor of a place.
    pub(crate) fn sign(&self, place: &[u8]) -> String {
        let signature = self.signature(place);
        BASE64URL_NOPAD.encode(&[&signature[..SIGNATURE], place].concat())
    }

    /// The place that a cursor of this list names.
    ///
    /// # Errors
    /// `invalid_cursor`.
    pub(crate) fn read(&self, cursor: &str) -> Result<Vec<u8>, Error> {
        let bytes = BASE64URL_NOPAD
            .decode(cursor.as_bytes())
            .map_err(|_| invalid())?;
        let (signature, place) = bytes.split_at_checked(SIGNATURE).ok_or_else(invalid)?;
        if secret::equal(signature, &self.signature(place)[..SIGNATURE]) {
            Ok(place.to_vec())
        } else {
            Err(invalid())
        }
    }

    fn signature(&self, place: &[u8]) -> [u8; 32] {
        let purpose: [&[u8]; 4] = [
            b"cursor",
            self.tenant.0.as_bytes(),
            self.list.as_bytes(),
            place,
        ];
        secret::derived(&self.service.settings().pepper, &purpose)
    }
}

impl PageQuery {
    /// Narrows a read to this page and one row more, which tells whether another page follows.
    ///
    /// # Errors
    /// `invalid_cursor`, `invalid_limit`.
    pub fn newest_first<E: EntityTrait>(
        &self,
        cursors: Cursors<'_>,
        read: Select<E>,
        at: E::Column,
        id: E::Column,
    ) -> Result<Select<E>, Error> {
        let mut read = read
            .order_by_desc(at)
            .order_by_desc(id)
            .limit(self.rows()? + 1);
        if let Some((seen_at, seen_id)) = self.position(cursors)? {
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
        cursors: Cursors<'_>,
        mut rows: Vec<R>,
        key: impl Fn(&R) -> (DateTime<Utc>, Uuid),
        view: impl Fn(R) -> T,
    ) -> Page<T> {
        let limit = usize::try_from(self.rows().unwrap_or(LIMIT_DEFAULT)).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = rows
            .last()
            .filter(|_| more)
            .map(|row| cursors.sign(&encode(key(row))));
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

    fn position(&self, cursors: Cursors<'_>) -> Result<Option<(DateTime<Utc>, Uuid)>, Error> {
        self.cursor
            .as_deref()
            .map(|cursor| decode(&cursors.read(cursor)?).ok_or_else(invalid))
            .transpose()
    }
}

/// The condition that texts together hold every word of a search, in any order and any case, whatever signs the words hold.
pub(crate) fn holding_words(texts: &[Expr], search: &str) -> Expr {
    let texts = texts.iter().cloned();
    let together = Func::cust("concat_ws").args([Expr::value(" ")].into_iter().chain(texts));
    let together = Expr::expr(Func::lower(Expr::expr(together)));
    search
        .split_whitespace()
        .map(|word| together.clone().like(containing(word)))
        .fold(Expr::value(true), ExprTrait::and)
}

// The pattern of LIKE for texts in lower case that contain this.
fn containing(text: &str) -> String {
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

fn encode((at, id): (DateTime<Utc>, Uuid)) -> Vec<u8> {
    let mut bytes = at.timestamp_micros().to_be_bytes().to_vec();
    bytes.extend(id.as_bytes());
    bytes
}

fn decode(bytes: &[u8]) -> Option<(DateTime<Utc>, Uuid)> {
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
        for place in ["", "x", "!!!", "AAAA", &"A".repeat(500)] {
            assert_eq!(decode(place.as_bytes()), None, "{place}");
        }
    }
}
