//! QuickBooks does not say which account it refused. When the chart was looked at again it may tell: then the failed events
//! are told so too.

use super::Code;
use super::facts::Facts;
use super::fault::{decided, fits};
use super::names::Names;
use crate::dimension;
use crate::error::Error;
use accounting::{Dimension, Unusable};
use entity::id::EventId;
use entity::store::TenantTx;
use sea_orm::FromQueryResult;

/// Events that are told at once: those of one cause are few, because it keeps the others from being sent.
const AT_ONCE: i64 = 500;

/// Names the accounts that failed events are about, as far as the company's chart of accounts tells now.
pub(crate) async fn tell(tx: &TenantTx, company_id: &str) -> Result<(), Error> {
    #[derive(FromQueryResult)]
    struct Undecided {
        id: EventId,
        problem_code: String,
        problem_facts: serde_json::Value,
    }
    let codes: Vec<String> = [
        Code::AccountInactive,
        Code::ReferenceMissing,
        Code::NameRequired,
    ]
    .map(|code| code.as_str().to_owned())
    .into();
    let rows = tx
        .query_as::<Undecided>(
            "SELECT id, problem_code, problem_facts FROM event
              WHERE {mine} AND status = 'failed' AND problem_code = ANY($2) 
                AND (problem_facts -> 'suspects' IS NOT NULL OR problem_facts -> 'suspect_dimensions' IS NOT NULL)
              ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED",
            vec![codes.into(), AT_ONCE.into()],
        )
        .await?;
    if rows.is_empty() {
        return Ok(());
    }
    let events: Vec<(EventId, String, Facts)> = rows
        .into_iter()
        .filter_map(|row| {
            let facts = serde_json::from_value(row.problem_facts).ok()?;
            Some((row.id, row.problem_code, facts))
        })
        .collect();
    let ids = events.iter().flat_map(|(_, _, facts)| &facts.suspects);
    let mut names = Names::read(tx, company_id, ids.map(|suspect| suspect.qbo_id.as_str())).await?;
    if events
        .iter()
        .any(|(_, _, facts)| !facts.suspect_dimensions.is_empty())
    {
        names.and_dimensions(tx, company_id).await?;
    }
    for (event, code, facts) in events {
        let ids: Vec<String> = facts
            .suspects
            .iter()
            .map(|one| one.qbo_id.clone())
            .collect();
        let told = REASONS
            .into_iter()
            .filter(|why| why.code() == code)
            .map(|why| (why, names.those(&ids, |row| fits(row, why))))
            .find(|(_, accounts)| !accounts.is_empty());
        if let Some((why, accounts)) = told {
            let detail = decided(why, &accounts);
            let facts = Facts {
                accounts,
                suspects: Vec::new(),
                suspect_dimensions: Vec::new(),
                ..facts
            };
            write(tx, event, &detail, &facts).await?;
            continue;
        }
        let carried: Vec<(Dimension, String)> = facts
            .suspect_dimensions
            .iter()
            .map(|one| (one.kind.into(), one.qbo_id.clone()))
            .collect();
        let told = REASONS
            .into_iter()
            .filter(|why| why.code() == code)
            .find_map(|why| {
                let known = |row: &entity::dimension::Model| dimension::unusable(row) == Some(why);
                let dimensions = names.those_dimensions(&carried, known);
                (!dimensions.is_empty()).then_some((why, dimensions))
            });
        if let Some((why, dimensions)) = told {
            let detail = decided(why, &dimensions);
            let facts = Facts {
                dimensions,
                suspects: Vec::new(),
                suspect_dimensions: Vec::new(),
                ..facts
            };
            write(tx, event, &detail, &facts).await?;
        }
    }
    Ok(())
}

const REASONS: [Unusable; 4] = [
    Unusable::Vanished,
    Unusable::Inactive,
    Unusable::NeedsCustomer,
    Unusable::NeedsVendor,
];

async fn write(tx: &TenantTx, event: EventId, detail: &str, facts: &Facts) -> Result<(), Error> {
    let facts = serde_json::to_value(facts).map_err(Error::internal)?;
    tx.execute(
        "UPDATE event SET problem_detail = $3, problem_facts = $4 WHERE {mine} AND id = $2",
        vec![event.into(), detail.into(), facts.into()],
    )
    .await?;
    Ok(())
}
