//! Events listed, newest first.

use super::{Event, STATUSES};
use crate::Service;
use crate::cursor::{Page, PageQuery};
use crate::error::Error;
use entity::event::{Column, Entity};
use entity::id::TenantId;
use sea_orm::{ColumnTrait, QueryFilter};

/// The tenant's events, newest first; `status` narrows them.
///
/// # Errors
/// `invalid_status`, `invalid_cursor`, `invalid_limit`.
pub async fn list(
    service: &Service,
    tenant: TenantId,
    status: Option<&str>,
    query: &PageQuery,
) -> Result<Page<Event>, Error> {
    let tx = service.tenant(tenant).await?;
    let mut read = tx.find::<Entity>();
    if let Some(status) = status {
        if !STATUSES.contains(&status) {
            return Err(Error::invalid(
                "invalid_status",
                "status",
                format!(
                    "`{}` is no status of an event; use one of {}",
                    status.chars().take(64).collect::<String>(),
                    STATUSES.join(", ")
                ),
            ));
        }
        read = read.filter(Column::Status.eq(status));
    }
    let rows = tx
        .all(query.newest_first(read, Column::OccurredAt, Column::Id)?)
        .await?;
    Ok(query.page(rows, |row| (row.occurred_at, row.id.0), Event::from))
}
