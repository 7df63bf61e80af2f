//! Endpoints that need a person: nothing reaches them for days, or they were given up.

use super::endpoint::health;
use crate::alert::{Cause, Condition};
use crate::error::Error;
use entity::store::TenantTx;
use entity::webhook_endpoint::{Column, Entity, Model};
use sea_orm::{ColumnTrait, ExprTrait, QueryFilter};

/// What holds of the tenant's endpoints.
pub(crate) async fn conditions(tx: &TenantTx) -> Result<Vec<Condition>, Error> {
    let in_trouble = Column::FailingSince
        .is_not_null()
        .or(Column::DisabledReason.eq("gone"))
        .or(Column::DisabledReason.eq("failing"));
    let rows = tx
        .all(
            tx.find::<Entity>()
                .filter(Column::DeletedAt.is_null())
                .filter(in_trouble),
        )
        .await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let now = tx.now().await?;
    let named = |row: &Model| row.url.clone();
    let mut failing: Vec<(Model, usize)> = Vec::new();
    let mut given_up: Vec<Model> = Vec::new();
    for row in rows {
        let (warnings, _) = health(&row).warnings(now);
        match (row.enabled, row.disabled_reason.as_deref()) {
            (true, _) if warnings > 0 => failing.push((row, warnings)),
            (false, Some("gone" | "failing")) => given_up.push(row),
            _ => {}
        }
    }
    let mut held = Vec::new();
    if let Some((first, warnings)) = failing
        .iter()
        .max_by_key(|(row, _)| (now - row.failing_since.unwrap_or(now), row.id))
    {
        let (_, end) = health(first).warnings(now);
        let days = if *warnings > 1 { "three days" } else { "a day" };
        let end = end.map_or_else(String::new, |end| {
            format!(" It is disabled on {} if that stays so.", end.date_naive())
        });
        let mut subjects: Vec<String> = failing.iter().map(|(row, _)| named(row)).collect();
        subjects.sort();
        held.push(
            Condition::new(
                Cause::WebhookFailing,
                format!("No message has reached {} for {days}.{end}", first.url),
            )
            .about(subjects),
        );
    }
    if !given_up.is_empty() {
        let mut subjects: Vec<String> = given_up.iter().map(named).collect();
        subjects.sort();
        let detail = match &given_up[..] {
            [row] if row.disabled_reason.as_deref() == Some("gone") => {
                format!(
                    "{} answered that it wants no more messages (410), so it is disabled.",
                    row.url
                )
            }
            [row] => format!(
                "No message has reached {} for five days, so it is disabled.",
                row.url
            ),
            more => format!(
                "{} webhook endpoints are disabled: no message reached them.",
                more.len()
            ),
        };
        held.push(Condition::new(Cause::WebhookDisabled, detail).about(subjects));
    }
    Ok(held)
}
