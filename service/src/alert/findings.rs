//! The alerts of what a reconciliation found and nobody has accepted: one a kind.

use super::Cause;
use super::row::Condition;
use crate::error::Error;
use entity::store::TenantTx;
use sea_orm::FromQueryResult;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Findings that an alert names by their numbers; all are counted.
const NAMED: i64 = 50;
/// Events that an alert gives as examples.
const EXAMPLES: usize = 5;

/// What holds of a company's books.
pub(super) async fn of_company(tx: &TenantTx, company_id: &str) -> Result<Vec<Condition>, Error> {
    #[derive(FromQueryResult)]
    struct Open {
        kind: String,
        findings: i64,
        details: Vec<String>,
        subjects: Vec<String>,
        events: Vec<Uuid>,
    }
    let rows = tx
        .query_as::<Open>(
            "SELECT f.kind, f.findings, few.details, few.subjects, few.events FROM
               (SELECT kind, count(*) AS findings FROM finding
                 WHERE {mine} AND company_id = $2 AND state = 'open' GROUP BY kind) AS f,
               LATERAL (SELECT array_agg(detail ORDER BY found_at DESC, id DESC) AS details,
                   array_agg(coalesce(number, 'entry ' || qbo_id)) AS subjects,
                   coalesce(array_agg(event_id ORDER BY found_at DESC, id DESC) FILTER (WHERE event_id IS NOT NULL), '{}') AS events
                 FROM (SELECT * FROM finding WHERE {mine} AND company_id = $2 AND state = 'open' AND kind = f.kind
                        ORDER BY found_at DESC, id DESC LIMIT $3) AS latest) AS few",
            vec![company_id.into(), NAMED.into()],
        )
        .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            let subjects: BTreeSet<String> = row.subjects.into_iter().collect();
            let mut examples = row.events;
            examples.truncate(EXAMPLES);
            let (cause, what) = of_kind(&row.kind)?;
            let first = row.details.first().map_or("", String::as_str);
            let detail = match row.findings {
                1 => first.to_owned(),
                more => format!("{more} {what}, such as this: {first}"),
            };
            Some(Condition {
                events: row.findings,
                examples,
                ..Condition::new(cause, detail).about(subjects.into_iter().collect())
            })
        })
        .collect())
}

fn of_kind(kind: &str) -> Option<(Cause, &'static str)> {
    Some(match kind {
        "missing" => (
            Cause::EntriesMissing,
            "entries are not in QuickBooks any more",
        ),
        "deleted" => (Cause::EntriesDeleted, "entries were deleted in QuickBooks"),
        "duplicated" => (Cause::EntriesDuplicated, "entries are in QuickBooks twice"),
        "edited" => (Cause::EntriesEdited, "entries were changed in QuickBooks"),
        "foreign" => (
            Cause::EntriesForeign,
            "entries pass for Tillpost's and are not",
        ),
        _ => return None,
    })
}
