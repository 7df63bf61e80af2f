//! What the tenant's own locations are in the company's books: a QuickBooks Location, a Class, or both. One that is not mapped
//! posts without either, and nothing fails for it.

mod change;
mod stand;

pub use change::{LocationMappingResult, MappedLocations, SetLocationMapping, clear, set_many};
pub(crate) use stand::{Stand, broken};

use crate::cursor::Page;
use crate::dimension::{self, Kind};
use crate::error::Error;
use crate::mapping::tag;
use crate::need::LOCATION;
use crate::{Service, connection};
use accounting::{Books, LocationRefs, Ref};
use chrono::{DateTime, Utc};
use entity::dimension::Model as DimensionRow;
use entity::id::{DimensionId, LocationMappingId, TenantId};
use entity::location_mapping::{Column, Entity, Model};
use entity::store::TenantTx;
use sea_orm::{ColumnTrait, FromQueryResult, QueryFilter, QueryOrder};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A location of the tenant's, and what it is in QuickBooks.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LocationMapping {
    /// The mapping's id; none where the location is not mapped.
    pub id: Option<LocationMappingId>,
    /// The location, as events carry it.
    #[schema(example = "boston")]
    pub location: String,
    /// The QuickBooks Location its lines carry.
    pub quickbooks_location: Option<MappedDimension>,
    /// The QuickBooks Class its lines carry.
    pub quickbooks_class: Option<MappedDimension>,
    /// Why entries cannot carry it: what it is mapped to is inactive or gone.
    pub broken: Option<String>,
    /// Who mapped it.
    pub set_by: Option<String>,
    /// When.
    pub set_at: Option<DateTime<Utc>>,
}

/// A Location or Class that a location is mapped to.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MappedDimension {
    /// Its id here.
    pub id: DimensionId,
    /// Its id in QuickBooks.
    #[schema(example = "1")]
    pub qbo_id: String,
    /// Its name, with those above it.
    #[schema(example = "Boston")]
    pub name: String,
}

impl From<&DimensionRow> for MappedDimension {
    fn from(row: &DimensionRow) -> Self {
        Self {
            id: row.id,
            qbo_id: row.qbo_id.clone(),
            name: dimension::row::name(row),
        }
    }
}

/// Every location that events carry, that was declared, or that is mapped, by name; and the version of the mapping.
///
/// # Errors
/// `not_connected`.
pub async fn list(
    service: &Service,
    tenant: TenantId,
) -> Result<(Page<LocationMapping>, String), Error> {
    #[derive(FromQueryResult)]
    struct Known {
        key: String,
    }
    let tx = service.tenant(tenant).await?;
    let company = connection::company(&tx).await?;
    let stand = Stand::read(&tx, &company.company_id).await?;
    let known = tx
        .query_as::<Known>(
            "SELECT key FROM known_key WHERE {mine} AND kind = $2",
            vec![LOCATION.into()],
        )
        .await?;
    let mut locations: BTreeMap<String, LocationMapping> = known
        .into_iter()
        .map(|known| (known.key.clone(), unmapped(known.key)))
        .collect();
    for row in &stand.rows {
        locations.insert(row.location.clone(), stand.view(row));
    }
    let page = Page {
        items: locations.into_values().collect(),
        next_cursor: None,
    };
    Ok((page, tag(&company)))
}

fn unmapped(location: String) -> LocationMapping {
    LocationMapping {
        id: None,
        location,
        quickbooks_location: None,
        quickbooks_class: None,
        broken: None,
        set_by: None,
        set_at: None,
    }
}

pub(crate) async fn rows(tx: &TenantTx, company_id: &str) -> Result<Vec<Model>, Error> {
    Ok(tx
        .all(
            tx.find::<Entity>()
                .filter(Column::CompanyId.eq(company_id))
                .order_by_asc(Column::Location),
        )
        .await?)
}

/// Gives the books the tenant's locations. One whose Location or Class broke keeps it: its entries fail and say so, rather than
/// reach the books without what the accountant asked for.
///
/// # Errors
/// The database's.
pub(crate) async fn read_into(
    tx: &TenantTx,
    company_id: &str,
    books: &mut Books,
) -> Result<(), Error> {
    let stand = Stand::read(tx, company_id).await?;
    let id = |row: Option<&DimensionRow>| row.map(|row| Ref::from(row.qbo_id.as_str()));
    for row in &stand.rows {
        let refs = LocationRefs {
            department: id(stand.location(row)),
            class: id(stand.class(row)),
        };
        books.locations.insert(row.location.clone(), refs);
    }
    books.unusable_dimensions = stand
        .dimensions()
        .filter_map(|row| {
            let kind = Kind::read(&row.kind)?;
            let why = dimension::unusable(row)?;
            Some((kind.into(), Ref::from(row.qbo_id.as_str()), why))
        })
        .collect();
    Ok(())
}
