//! What the examples of locations show: two shops of one retailer, and what they are in QuickBooks.

use super::values::{at, id};
use service::dimension::{Dimension, DimensionImport, ImportState, Kind};
use service::location_mapping::{
    LocationMapping, LocationMappingResult, MappedDimension, MappedLocations,
};
use service::mapping::MappingProblem;

pub(super) const BOSTON: &str = "dim_01jd5zk8x9e3qr0v7m2c4n6p8t";
pub(super) const RETAIL: &str = "dim_01jd5zkfh2e8vs3hj6w5q9r4ta";

pub(super) fn dimension_import(state: ImportState) -> DimensionImport {
    let done = state == ImportState::Done;
    DimensionImport {
        id: id("dii_01jd5zk8x9e3qr0v7m2c4n6p8t"),
        state,
        locations_read: if done { 2 } else { 0 },
        classes_read: i32::from(done),
        message: if done {
            "2 Locations and 1 Class were imported."
        } else {
            "It waits for its turn."
        }
        .to_owned(),
        problem_code: None,
        requested_by: "key_01jd5zk8x9e3qr0v7m2c4n6p8t".to_owned(),
        requested_at: at("2026-11-02T10:20:00Z"),
        finished_at: done.then(|| at("2026-11-02T10:20:01Z")),
    }
}

pub(super) fn dimensions() -> Vec<Dimension> {
    let dimension = |of: &str, kind, qbo_id: &str, name: &str| Dimension {
        id: id(of),
        kind,
        qbo_id: qbo_id.to_owned(),
        name: name.to_owned(),
        fully_qualified_name: name.to_owned(),
        active: true,
        vanished_at: None,
        imported_at: at("2026-11-02T10:20:01Z"),
    };
    vec![
        dimension(RETAIL, Kind::Class, "5000000000000085682", "Retail"),
        dimension(BOSTON, Kind::Location, "1", "Boston"),
    ]
}

pub(super) fn location_mapping() -> LocationMapping {
    let mapped = |of: &str, qbo_id: &str, name: &str| MappedDimension {
        id: id(of),
        qbo_id: qbo_id.to_owned(),
        name: name.to_owned(),
    };
    LocationMapping {
        id: Some(id("lom_01jd5zk8x9e3qr0v7m2c4n6p8t")),
        location: "boston".to_owned(),
        quickbooks_location: Some(mapped(BOSTON, "1", "Boston")),
        quickbooks_class: Some(mapped(RETAIL, "5000000000000085682", "Retail")),
        broken: None,
        set_by: Some("key_01jd5zk8x9e3qr0v7m2c4n6p8t".to_owned()),
        set_at: Some(at("2026-11-02T10:25:00Z")),
    }
}

pub(super) fn unmapped_location() -> LocationMapping {
    LocationMapping {
        id: None,
        location: "salem".to_owned(),
        quickbooks_location: None,
        quickbooks_class: None,
        broken: None,
        set_by: None,
        set_at: None,
    }
}

pub(super) fn mapped_locations() -> MappedLocations {
    MappedLocations {
        results: vec![
            LocationMappingResult {
                index: 0,
                mapping: Some(location_mapping()),
                problem: None,
            },
            LocationMappingResult {
                index: 1,
                mapping: None,
                problem: Some(MappingProblem {
                    code: "unusable_dimension".to_owned(),
                    detail: "location Salem is inactive in QuickBooks; make it active there and import again, or choose another"
                        .to_owned(),
                    field: Some("quickbooks_location_id".to_owned()),
                }),
            },
        ],
        cures: 0,
    }
}
