//! Locations and Classes of the QuickBooks company: what lines carry beside their account.

mod import;
pub(crate) mod row;

pub use import::{DimensionImport, ImportState, import, list_imports, read_import};
pub(crate) use import::{ImportRun, put_off, queue_import, run_import};
pub(crate) use row::{Kept, unusable};

use crate::cursor::{Cursors, LIMIT_MAX, Page};
use crate::error::Error;
use crate::{Service, connection};
use chrono::{DateTime, Utc};
use entity::dimension::{Column, Entity, Model};
use entity::id::{DimensionId, TenantId};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Which of QuickBooks' two lists.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[schema(as = DimensionKind)]
pub enum Kind {
    /// A Location.
    Location,
    /// A Class.
    Class,
}

impl Kind {
    /// As it is stored and written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        accounting::Dimension::from(self).as_str()
    }

    /// The kind of this name.
    #[must_use]
    pub fn read(name: &str) -> Option<Self> {
        [Self::Location, Self::Class]
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }
}

impl From<Kind> for accounting::Dimension {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Location => Self::Location,
            Kind::Class => Self::Class,
        }
    }
}

impl From<accounting::Dimension> for Kind {
    fn from(dimension: accounting::Dimension) -> Self {
        match dimension {
            accounting::Dimension::Location => Self::Location,
            accounting::Dimension::Class => Self::Class,
        }
    }
}

/// A Location or a Class of the QuickBooks company.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Dimension {
    /// Its id, by which location mappings name it.
    pub id: DimensionId,
    /// Whether it is a Location or a Class.
    pub kind: Kind,
    /// Its id in QuickBooks.
    #[schema(example = "1")]
    pub qbo_id: String,
    /// Its name.
    #[schema(example = "Boston")]
    pub name: String,
    /// Its name with those of its parents.
    #[schema(example = "East:Boston")]
    pub fully_qualified_name: String,
    /// False when it was made inactive in QuickBooks.
    pub active: bool,
    /// Since when QuickBooks does not have it any more; none where it has.
    pub vanished_at: Option<DateTime<Utc>>,
    /// When it was imported last.
    pub imported_at: DateTime<Utc>,
}

impl From<Model> for Dimension {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            kind: Kind::read(&row.kind).unwrap_or(Kind::Location),
            qbo_id: row.qbo_id,
            name: row.name,
            fully_qualified_name: row.fully_qualified_name,
            active: row.active,
            vanished_at: row.vanished_at,
            imported_at: row.imported_at,
        }
    }
}

/// Which Locations and Classes.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DimensionQuery {
    /// Only Locations, or only Classes.
    #[param(value_type = Option<Kind>)]
    pub kind: Option<String>,
    /// Only whose full name holds every word of this, in any order and any case; a part of a word is enough.
    pub search: Option<String>,
    /// Only active or only inactive ones.
    pub active: Option<bool>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Rows in the page, 1 to 200; left out: 200.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u64>,
}

/// The imported Locations and Classes, Classes first, by full name; at most 200 a page.
///
/// # Errors
/// `not_connected`, `unknown_kind`, `invalid_limit`, `invalid_cursor`.
pub async fn list(
    service: &Service,
    tenant: TenantId,
    query: &DimensionQuery,
) -> Result<Page<Dimension>, Error> {
    let limit = query.limit.unwrap_or(LIMIT_MAX);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(Error::invalid(
            "invalid_limit",
            "limit",
            format!("{limit} rows in a page: ask for 1 to {LIMIT_MAX}"),
        ));
    }
    let tx = service.tenant(tenant).await?;
    let company = connection::company(&tx).await?;
    let mut read = tx
        .find::<Entity>()
        .filter(Column::CompanyId.eq(&company.company_id))
        .order_by_asc(Column::Kind)
        .order_by_asc(Column::FullyQualifiedName)
        .order_by_asc(Column::Id)
        .limit(limit + 1);
    if let Some(kind) = &query.kind {
        let kind = Kind::read(kind).ok_or_else(|| {
            Error::invalid(
                "unknown_kind",
                "kind",
                "there are Locations and Classes; use `location` or `class`",
            )
        })?;
        read = read.filter(Column::Kind.eq(kind.as_str()));
    }
    if let Some(active) = query.active {
        read = read.filter(Column::Active.eq(active));
    }
    if let Some(search) = &query.search {
        let name = [Column::FullyQualifiedName.into_expr()];
        read = read.filter(crate::cursor::holding_words(&name, search));
    }
    let cursors = Cursors::of(service, tenant, "dimensions");
    if let Some(cursor) = &query.cursor {
        let id = Uuid::from_slice(&cursors.read(cursor)?).map_err(|_| crate::cursor::invalid())?;
        let seen = tx
            .one(tx.find::<Entity>().filter(Column::Id.eq(id)))
            .await?
            .ok_or_else(crate::cursor::invalid)?;
        let place = [
            Column::Kind.into_expr(),
            Column::FullyQualifiedName.into_expr(),
            Column::Id.into_expr(),
        ];
        read = read.filter(Expr::tuple(place).gt(Expr::tuple([
            Expr::value(seen.kind),
            Expr::value(seen.fully_qualified_name),
            Expr::value(seen.id),
        ])));
    }
    let mut rows = tx.all(read).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    Ok(Page {
        next_cursor: rows
            .last()
            .filter(|_| more)
            .map(|row| cursors.sign(row.id.0.as_bytes())),
        items: rows.into_iter().map(Dimension::from).collect(),
    })
}
