//! Links: what may be asked with the id that an answer tells. They follow from the paths: what is made or listed at a path has its
//! operations below it, and its id is their parameter.

use super::operations;
use serde_json::Value;
use utoipa::openapi::link::LinkBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{OpenApi as Document, RefOr};

/// Whatever has a tenant stands below it: what is told of a tenant itself leads no further than to the tenant.
const TENANTS: &str = "/v1/tenants";
/// Answers to a POST that do not tell an `id`, but one a row.
const IN_ROWS: [(&str, &str); 1] = [("take_in_events", "/results/0/id")];

/// An operation that takes an id in its path.
struct Taker {
    /// The path above the id.
    above: String,
    /// The parameter that the id is.
    parameter: String,
    operation: String,
}

/// Adds the links of every operation.
pub(super) fn add(document: &mut Document) {
    let mut takers = Vec::new();
    for (path, item) in &mut document.paths.paths {
        let ids = operations(item).filter_map(|operation| operation.operation_id.clone());
        takers.extend(ids.filter_map(|id| taker(path, id)));
    }
    for (path, item) in &mut document.paths.paths {
        let made = item.post.as_mut().map(|operation| {
            let id = operation.operation_id.as_deref().unwrap_or_default();
            let rows = IN_ROWS.iter().find(|(name, _)| *name == id);
            (rows.map_or("/id", |(_, place)| place), operation)
        });
        let listed = item
            .get
            .as_mut()
            .map(|operation| ("/items/0/id", operation));
        for (place, operation) in made.into_iter().chain(listed) {
            let of_path = takers.iter().filter(|taker| taker.above == *path);
            of_path.for_each(|taker| link(operation, place, path, taker));
        }
    }
}

// The last parameter of a path, where no more than a word follows it.
fn taker(path: &str, operation: String) -> Option<Taker> {
    let (above, rest) = path.rsplit_once("/{")?;
    above.starts_with(TENANTS).then_some(())?;
    let (parameter, word) = rest.split_once('}')?;
    let leads = word.is_empty() || (above != TENANTS && word.matches('/').count() == 1);
    leads.then(|| Taker {
        above: above.to_owned(),
        parameter: parameter.to_owned(),
        operation,
    })
}

fn link(operation: &mut Operation, place: &str, path: &str, taker: &Taker) {
    let mut link = LinkBuilder::new().operation_id(&taker.operation).parameter(
        &taker.parameter,
        Value::from(format!("$response.body#{place}")),
    );
    for part in path.split("/{").skip(1) {
        let name = part.split('}').next().unwrap_or_default();
        link = link.parameter(name, Value::from(format!("$request.path.{name}")));
    }
    let link = link.build();
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && status.starts_with('2')
        {
            response
                .links
                .insert(taker.operation.clone(), link.clone().into());
        }
    }
}
