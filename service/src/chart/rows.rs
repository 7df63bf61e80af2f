//! The rows of the chart, brought into line with what QuickBooks answered.

use crate::error::Error;
use crate::need::texts;
use entity::id::AccountId;
use entity::store::TenantTx;
use sea_orm::Value;

/// Where accounts come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// An import of the whole chart: one deleted locally is back, and one that is no longer there vanished.
    Import,
    /// A look at what changed: what was deleted locally stays so, and what is not named is as it was.
    Look,
}

/// Writes accounts down. They keep their ids, and so their mappings.
///
/// # Errors
/// The database's.
pub(super) async fn write(
    tx: &TenantTx,
    company_id: &str,
    accounts: &[quickbooks::Account],
    source: Source,
) -> Result<(), Error> {
    // An array that is bound holds no nulls: what is absent goes as an empty text.
    let texts_of = |of: fn(&quickbooks::Account) -> Option<String>| -> Value {
        accounts
            .iter()
            .map(|account| of(account).unwrap_or_default())
            .collect::<Vec<String>>()
            .into()
    };
    let ids: Vec<uuid::Uuid> = accounts.iter().map(|_| AccountId::new().0).collect();
    tx.execute(
        "INSERT INTO account (tenant_id, id, company_id, qbo_id, name, fully_qualified_name, number, account_type,
           account_sub_type, classification, currency, active)
         SELECT $1, a.id, $2, a.qbo_id, a.name, a.fully_qualified_name, nullif(a.number, ''), a.account_type,
           nullif(a.account_sub_type, ''), nullif(a.classification, ''), nullif(a.currency, ''), a.active
           FROM unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::bool[])
             AS a(id, qbo_id, name, fully_qualified_name, number, account_type, account_sub_type, classification, currency, active)
         ON CONFLICT (tenant_id, company_id, qbo_id) DO UPDATE SET name = excluded.name,
           fully_qualified_name = excluded.fully_qualified_name, number = excluded.number,
           account_type = excluded.account_type, account_sub_type = excluded.account_sub_type,
           classification = excluded.classification, currency = excluded.currency, active = excluded.active,
           deleted_at = CASE WHEN $13 THEN NULL ELSE account.deleted_at END, vanished_at = NULL, imported_at = tillpost_now()",
        vec![
            company_id.into(),
            ids.into(),
            texts_of(|a| Some(a.id.clone())),
            texts_of(|a| Some(a.name.clone())),
            texts_of(|a| Some(a.fully_qualified_name.clone())),
            texts_of(|a| a.number.clone()),
            texts_of(|a| a.account_type.clone()),
            texts_of(|a| a.account_sub_type.clone()),
            texts_of(|a| a.classification.clone()),
            texts_of(|a| a.currency.clone()),
            accounts.iter().map(|a| a.active).collect::<Vec<bool>>().into(),
            (source == Source::Import).into(),
        ],
    )
    .await?;
    if source == Source::Import {
        tx.execute(
            "UPDATE account SET active = false, vanished_at = tillpost_now()
              WHERE {mine} AND company_id = $2 AND vanished_at IS NULL AND NOT (qbo_id = ANY($3))",
            vec![
                company_id.into(),
                texts(accounts.iter().map(|account| account.id.as_str())),
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
pub(super) async fn vanish(tx: &TenantTx, company_id: &str, qbo_ids: &[&str]) -> Result<(), Error> {
    tx.execute(
        "UPDATE account SET active = false, vanished_at = tillpost_now()
          WHERE {mine} AND company_id = $2 AND vanished_at IS NULL AND qbo_id = ANY($3)",
        vec![company_id.into(), texts(qbo_ids.iter().copied())],
    )
    .await?;
    Ok(())
}
