//! The version of the mapping: each change raises it, and who names the version they saw does not overwrite another's change.

use crate::connection;
use crate::error::Error;
use entity::connection::Model as Connection;
use entity::store::TenantTx;
use sea_orm::FromQueryResult;

pub use crate::version::Expected;

/// The tag of a connection's mapping at a version. It names the connection: another company has another mapping.
pub(crate) fn tag(connection: &Connection) -> String {
    format!("{}-{}", connection.id, connection.mapping_version)
}

/// Locks the mapping of the present company against other changes of it.
///
/// # Errors
/// `not_connected`; `mapping_changed` where its version is none that the caller expects.
pub(crate) async fn lock(tx: &TenantTx, expected: &Expected) -> Result<Connection, Error> {
    let connection = tx
        .query_as::<Connection>(
            "SELECT * FROM connection WHERE {mine} AND is_current FOR NO KEY UPDATE",
            vec![],
        )
        .await?
        .pop()
        .ok_or_else(connection::not_connected)?;
    let now = tag(&connection);
    match expected {
        Expected::OneOf(tags) if !tags.contains(&now) => Err(Error::Stale {
            code: "mapping_changed",
            detail: format!(
                "the mapping was changed since you read it: its ETag is now \"{now}\"; read it again, and send what you want with the new If-Match"
            ),
        }),
        Expected::Any | Expected::OneOf(_) => Ok(connection),
    }
}

/// Raises the version of a mapping that was locked, and gives its new tag.
///
/// # Errors
/// The database's.
pub(crate) async fn raise(tx: &TenantTx, connection: &Connection) -> Result<String, Error> {
    #[derive(FromQueryResult)]
    struct Raised {
        mapping_version: i64,
    }
    let raised = tx
        .query_as::<Raised>(
            "UPDATE connection SET mapping_version = mapping_version + 1 WHERE {mine} AND id = $2
             RETURNING mapping_version",
            vec![connection.id.into()],
        )
        .await?
        .pop()
        .ok_or(Error::NotFound)?;
    Ok(tag(&Connection {
        mapping_version: raised.mapping_version,
        ..connection.clone()
    }))
}
