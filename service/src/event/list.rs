//! Events listed, newest first: by business date, then by when they occurred.

use super::filter::{EventFilter, Filter};
use super::position::Position;
use super::{COLUMNS, Event, Row, find};
use crate::Service;
use crate::cursor::{Cursors, Page, PageQuery};
use crate::error::Error;
use entity::id::TenantId;
use entity::store::TenantTx;
use sea_orm::FromQueryResult;

/// As its cursors name it.
const LIST: &str = "events";

/// The tenant's events that the filter lets through, newest first.
///
/// # Errors
/// `invalid_cursor`, `invalid_limit`; `text_too_short` where a text begins more than 10,000 events; otherwise a value of
/// the filter cannot be meant, and the code says which.
pub async fn list(
    service: &Service,
    tenant: TenantId,
    filter: &EventFilter,
    query: &PageQuery,
) -> Result<Page<Event>, Error> {
    let filter = Filter::read(filter)?;
    let cursors = Cursors::of(service, tenant, LIST);
    let after = Position::of(cursors, query)?;
    let limit = query.rows()?;
    let tx = service.tenant(tenant).await?;
    check_text(&tx, &filter).await?;
    let page = find::page(&filter, after, limit + 1, COLUMNS, "");
    let mut rows: Vec<Row> = tx.query_as(&page.sql, page.values).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    Ok(Page {
        next_cursor: rows
            .last()
            .filter(|_| more)
            .map(|row| cursors.sign(&Position::after(row).encode())),
        items: rows.into_iter().map(Event::from).collect(),
    })
}

/// A statement in a tenant's transaction, and its values from `$2` on.
pub type Sql = (String, Vec<sea_orm::Value>);

/// The statements that read a page, in order: for whoever looks at their plans or measures them.
///
/// # Errors
/// As [`list`].
pub fn statements(
    service: &Service,
    tenant: TenantId,
    filter: &EventFilter,
    query: &PageQuery,
) -> Result<Vec<Sql>, Error> {
    let filter = Filter::read(filter)?;
    let page = find::page(
        &filter,
        Position::of(Cursors::of(service, tenant, LIST), query)?,
        query.rows()? + 1,
        COLUMNS,
        "",
    );
    let found = find::found(&filter).filter(|_| filter.number.is_none());
    let all = found.into_iter().chain([page]);
    Ok(all.map(|one| (one.sql, one.values)).collect())
}

/// A text that begins very many events is no search.
pub(super) async fn check_text(tx: &TenantTx, filter: &Filter) -> Result<(), Error> {
    #[derive(FromQueryResult)]
    struct Count {
        found: i64,
    }
    // A number is one event at the most, whatever the text begins.
    let Some(found) = find::found(filter).filter(|_| filter.number.is_none()) else {
        return Ok(());
    };
    let counts: Vec<Count> = tx.query_as(&found.sql, found.values).await?;
    if counts.iter().any(|count| count.found > find::FOUND_MAX) {
        return Err(Error::invalid(
            "text_too_short",
            "text",
            format!(
                "more than {} events begin with this; write more of the external_id or the number",
                find::FOUND_MAX
            ),
        ));
    }
    Ok(())
}
