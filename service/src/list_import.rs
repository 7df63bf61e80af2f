//! What imports of QuickBooks' lists have in common: one that waits for its turn serves everybody who asks before it begins.

use crate::connection::{self, refusal};
use crate::error::Error;
use entity::connection::Model as Connection;
use entity::store::TenantTx;
use sea_orm::FromQueryResult;
use uuid::Uuid;

/// A table of imports.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Imports {
    Accounts,
    Dimensions,
}

/// The company's import that has not begun, due at once; none, where another is to be queued. One that a worker takes up at
/// this moment may have read past what the caller changed, and is none of these.
///
/// # Errors
/// The database's.
pub(crate) async fn waiting(
    tx: &TenantTx,
    of: Imports,
    company_id: &str,
) -> Result<Option<Uuid>, Error> {
    #[derive(FromQueryResult)]
    struct Waiting {
        id: Uuid,
    }
    let table = match of {
        Imports::Accounts => "account_import",
        Imports::Dimensions => "dimension_import",
    };
    let joined = tx
        .query_as::<Waiting>(
            &format!(
                "UPDATE {table} SET due_at = least(due_at, tillpost_now()) WHERE {{mine}} AND id = (
                   SELECT id FROM {table} WHERE {{mine}} AND company_id = $2 AND state = 'queued'
                    ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
                 RETURNING id"
            ),
            vec![company_id.into()],
        )
        .await?;
    Ok(joined.first().map(|row| row.id))
}

/// What an import of this company, or another errand there, waits for as long as it has not ended, in words; none where nothing is in the way.
///
/// # Errors
/// The database's.
pub(crate) async fn in_the_way(
    tx: &TenantTx,
    company_id: &str,
    state: &str,
) -> Result<Option<String>, Error> {
    if !matches!(state, "queued" | "running") {
        return Ok(None);
    }
    let connection = connection::current(tx).await?;
    Ok(at(connection.as_ref(), company_id))
}

/// What keeps us from asking this company anything, where this is the tenant's connection.
pub(crate) fn at(connection: Option<&Connection>, company_id: &str) -> Option<String> {
    match connection.filter(|row| row.company_id == company_id) {
        Some(connection) => refusal::in_the_way(connection),
        None => Some(
            "Another company is connected now; it goes on when this one is connected again."
                .to_owned(),
        ),
    }
}
