//! Location mappings with what they are mapped to, read once.

use super::{LocationMapping, MappedDimension, rows};
use crate::dimension;
use crate::error::Error;
use entity::dimension::Model as DimensionRow;
use entity::id::DimensionId;
use entity::location_mapping::Model;
use entity::store::TenantTx;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How the locations of a company are mapped now.
pub(crate) struct Stand {
    pub(crate) rows: Vec<Model>,
    dimensions: HashMap<DimensionId, DimensionRow>,
}

impl Stand {
    pub(crate) async fn read(tx: &TenantTx, company_id: &str) -> Result<Self, Error> {
        let rows = rows(tx, company_id).await?;
        // Most tenants map none: then nothing more is read.
        let dimensions = match rows.is_empty() {
            true => Vec::new(),
            false => dimension::row::all(tx, company_id).await?,
        };
        Ok(Self {
            rows,
            dimensions: dimensions.into_iter().map(|row| (row.id, row)).collect(),
        })
    }

    pub(crate) fn dimensions(&self) -> impl Iterator<Item = &DimensionRow> {
        self.dimensions.values()
    }

    pub(super) fn location(&self, row: &Model) -> Option<&DimensionRow> {
        self.dimensions.get(&row.dimension_location_id?)
    }

    pub(super) fn class(&self, row: &Model) -> Option<&DimensionRow> {
        self.dimensions.get(&row.dimension_class_id?)
    }

    // What it is mapped to and cannot be used, in words.
    fn broken(&self, row: &Model) -> Vec<String> {
        let mapped = [self.location(row), self.class(row)].into_iter().flatten();
        mapped
            .filter_map(|mapped| {
                let why = dimension::unusable(mapped)?;
                Some(format!("{} {why}", dimension::row::named(mapped)))
            })
            .collect()
    }

    /// The mappings that entries cannot carry.
    pub(crate) fn broken_ones(&self) -> Vec<LocationMapping> {
        let broken = self.rows.iter().filter(|row| !self.broken(row).is_empty());
        broken.map(|row| self.view(row)).collect()
    }

    pub(super) fn view(&self, row: &Model) -> LocationMapping {
        let broken = self.broken(row);
        LocationMapping {
            id: Some(row.id),
            location: row.location.clone(),
            quickbooks_location: self.location(row).map(MappedDimension::from),
            quickbooks_class: self.class(row).map(MappedDimension::from),
            broken: (!broken.is_empty()).then(|| {
                format!(
                    "{}; make it active there and import again, or map another",
                    broken.join("; ")
                )
            }),
            set_by: Some(row.set_by.clone()),
            set_at: Some(row.set_at),
        }
    }
}

/// The Locations and Classes that are mapped and cannot be used, by name, each with the tenant's locations that carry it.
pub(crate) fn broken(stand: &Stand) -> BTreeMap<String, BTreeSet<String>> {
    let mut broken: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in &stand.rows {
        let mapped = [stand.location(row), stand.class(row)]
            .into_iter()
            .flatten();
        for dimension in mapped.filter(|mapped| dimension::unusable(mapped).is_some()) {
            let name = dimension::row::named(dimension);
            broken.entry(name).or_default().insert(row.location.clone());
        }
    }
    broken
}
