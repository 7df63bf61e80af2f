//! The rows of Locations and Classes: brought into line with what QuickBooks answered, and judged.

use super::Kind;
use crate::error::Error;
use crate::need::texts;
use accounting::Unusable;
use entity::dimension::{Column, Entity, Model};
use entity::id::DimensionId;
use entity::store::TenantTx;
use sea_orm::{ColumnTrait, QueryFilter};

/// What is known of those that an answer does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// It was the whole list: what is not in it vanished.
    OnlyThese,
    /// It was some of the list: the others are as they were.
    Others,
}

/// Writes down what QuickBooks answered of one list. Rows keep their ids, and so their mappings.
///
/// # Errors
/// The database's.
pub(crate) async fn write(
    tx: &TenantTx,
    company_id: &str,
    kind: Kind,
    rows: &[quickbooks::Dimension],
    kept: Kept,
) -> Result<(), Error> {
    let ids: Vec<uuid::Uuid> = rows.iter().map(|_| DimensionId::new().0).collect();
    tx.execute(
        "INSERT INTO dimension (tenant_id, id, company_id, kind, qbo_id, name, fully_qualified_name, active)
         SELECT $1, d.id, $2, $3, d.qbo_id, d.name, d.fully_qualified_name, d.active
           FROM unnest($4::uuid[], $5::text[], $6::text[], $7::text[], $8::bool[]) AS d(id, qbo_id, name, fully_qualified_name, active)
         ON CONFLICT (tenant_id, company_id, kind, qbo_id) DO UPDATE SET name = excluded.name,
           fully_qualified_name = excluded.fully_qualified_name, active = excluded.active, vanished_at = NULL,
           imported_at = tillpost_now()",
        vec![
            company_id.into(),
            kind.as_str().into(),
            ids.into(),
            texts(rows.iter().map(|row| row.id.as_str())),
            texts(rows.iter().map(|row| row.name.as_str())),
            texts(rows.iter().map(|row| row.fully_qualified_name.as_str())),
            rows.iter().map(|row| row.active).collect::<Vec<_>>().into(),
        ],
    )
    .await?;
    if kept == Kept::OnlyThese {
        tx.execute(
            "UPDATE dimension SET active = false, vanished_at = tillpost_now()
              WHERE {mine} AND company_id = $2 AND kind = $3 AND vanished_at IS NULL AND NOT (qbo_id = ANY($4))",
            vec![
                company_id.into(),
                kind.as_str().into(),
                texts(rows.iter().map(|row| row.id.as_str())),
            ],
        )
        .await?;
    }
    Ok(())
}

/// QuickBooks does not have these any more.
///
/// # Errors
/// The database's.
pub(crate) async fn vanish(
    tx: &TenantTx,
    company_id: &str,
    kind: Kind,
    qbo_ids: &[&str],
) -> Result<(), Error> {
    tx.execute(
        "UPDATE dimension SET active = false, vanished_at = tillpost_now()
          WHERE {mine} AND company_id = $2 AND kind = $3 AND vanished_at IS NULL AND qbo_id = ANY($4)",
        vec![
            company_id.into(),
            kind.as_str().into(),
            texts(qbo_ids.iter().copied()),
        ],
    )
    .await?;
    Ok(())
}

/// All Locations and Classes of a company.
///
/// # Errors
/// The database's.
pub(crate) async fn all(tx: &TenantTx, company_id: &str) -> Result<Vec<Model>, Error> {
    Ok(tx
        .all(tx.find::<Entity>().filter(Column::CompanyId.eq(company_id)))
        .await?)
}

/// Why QuickBooks would refuse it in an entry.
pub(crate) fn unusable(row: &Model) -> Option<Unusable> {
    if row.vanished_at.is_some() {
        Some(Unusable::Vanished)
    } else if row.active {
        None
    } else {
        Some(Unusable::Inactive)
    }
}

/// `location Boston`, as a person reads it: QuickBooks ends the name of an inactive one so.
pub(crate) fn named(row: &Model) -> String {
    format!("{} {}", row.kind, name(row))
}

/// Its name without what QuickBooks adds to an inactive one's.
pub(crate) fn name(row: &Model) -> String {
    row.fully_qualified_name.replace(" (deleted)", "")
}
