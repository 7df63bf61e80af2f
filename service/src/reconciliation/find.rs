//! Findings: listed, read, and accepted as they are.

use super::finding::{Finding, FindingDifference, FindingKind, FindingState};
use crate::access::Caller;
use crate::cursor::{Cursors, Page, PageQuery};
use crate::error::Error;
use crate::{Service, alert, audit, sheet};
use csv::{Terminator, WriterBuilder};
use entity::finding::{Column, Entity, Model};
use entity::id::{FindingId, ReconciliationId, TenantId};
use entity::store::TenantTx;
use sea_orm::{ColumnTrait, QueryFilter};
use serde::Deserialize;
use utoipa::IntoParams;

/// Which findings.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FindingQuery {
    /// Only those that are `open`, `accepted` or `gone`.
    #[param(example = "open")]
    pub state: Option<String>,
    /// Only those of this kind: `missing`, `deleted`, `duplicated`, `edited` or `foreign`.
    #[param(example = "edited")]
    pub kind: Option<String>,
    /// Only those that this reconciliation saw, and none after it.
    pub reconciliation_id: Option<ReconciliationId>,
    /// `next_cursor` of the page before; left out: the first page.
    pub cursor: Option<String>,
    /// Rows in the page, 1 to 200; left out: 50.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u64>,
}

/// The tenant's findings, newest first.
///
/// # Errors
/// `invalid_state`, `invalid_kind`, `invalid_cursor`, `invalid_limit`.
pub async fn list(
    service: &Service,
    tenant: TenantId,
    query: &FindingQuery,
) -> Result<Page<Finding>, Error> {
    let tx = service.tenant(tenant).await?;
    let mut read = tx.find::<Entity>();
    if let Some(text) = &query.state {
        let state = FindingState::read(text).ok_or_else(|| {
            let detail =
                format!("`{text}` is no state of a finding; use `open`, `accepted` or `gone`");
            Error::invalid("invalid_state", "state", detail)
        })?;
        read = read.filter(Column::State.eq(state.as_str()));
    }
    if let Some(text) = &query.kind {
        let kind = FindingKind::read(text).ok_or_else(|| {
            let detail = format!(
                "`{text}` is no kind of finding; use `missing`, `deleted`, `duplicated`, `edited` or `foreign`"
            );
            Error::invalid("invalid_kind", "kind", detail)
        })?;
        read = read.filter(Column::Kind.eq(kind.as_str()));
    }
    if let Some(run) = query.reconciliation_id {
        read = read.filter(Column::ReconciliationId.eq(run));
    }
    let page = PageQuery {
        cursor: query.cursor.clone(),
        limit: query.limit,
    };
    let cursors = Cursors::of(service, tenant, "findings");
    let rows = tx
        .all(page.newest_first(cursors, read, Column::FoundAt, Column::Id)?)
        .await?;
    let page = page.page(cursors, rows, |row| (row.found_at, row.id.0), |row| row);
    Ok(Page {
        items: page
            .items
            .into_iter()
            .map(|row| Finding::of(service, row))
            .collect::<Result<_, _>>()?,
        next_cursor: page.next_cursor,
    })
}

/// A finding.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn read(service: &Service, tenant: TenantId, id: FindingId) -> Result<Finding, Error> {
    let tx = service.tenant(tenant).await?;
    Finding::of(service, row(&tx, id).await?)
}

async fn row(tx: &TenantTx, id: FindingId) -> Result<Model, Error> {
    tx.one(tx.find::<Entity>().filter(Column::Id.eq(id)))
        .await?
        .ok_or(Error::NotFound)
}

/// Somebody says that it is well as it is: it is kept, and its alert is about it no more. What is changed after that is found
/// again. Accepting again, or what is gone, changes nothing.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn accept(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    id: FindingId,
) -> Result<Finding, Error> {
    let tx = service.tenant(tenant).await?;
    let done = tx
        .execute(
            "UPDATE finding SET state = 'accepted', accepted_at = tillpost_now(), accepted_by = $3
              WHERE {mine} AND id = $2 AND state = 'open'",
            vec![id.into(), caller.actor().into()],
        )
        .await?;
    let row = row(&tx, id).await?;
    if done.rows_affected() > 0 {
        audit::record(
            &tx,
            caller.actor(),
            "finding.accepted",
            &id.to_string(),
            serde_json::json!({ "kind": row.kind, "detail": row.detail }),
        )
        .await?;
        alert::review(&tx).await?;
    }
    tx.commit().await?;
    Finding::of(service, row)
}

const HEADER: [&str; 15] = [
    "kind",
    "state",
    "number",
    "accounting_date",
    "entry",
    "our_entry",
    "event_id",
    "what",
    "account",
    "side",
    "was",
    "is",
    "found_at",
    "accepted_by",
    "detail",
];

/// Findings as comma-separated values (RFC 4180) for a spreadsheet: a row a difference, or one where there is none.
///
/// # Errors
/// Never for findings as they are.
pub fn csv(findings: &[Finding]) -> Result<Vec<u8>, Error> {
    let mut sheet = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .from_writer(Vec::new());
    sheet.write_record(HEADER).map_err(Error::internal)?;
    for finding in findings {
        let mut rows: Vec<Option<&FindingDifference>> =
            finding.differences.iter().map(Some).collect();
        if rows.is_empty() {
            rows.push(None);
        }
        for difference in rows {
            let cells = cells(finding, difference);
            let plain = cells.iter().map(|cell| sheet::plain(cell).into_owned());
            sheet.write_record(plain).map_err(Error::internal)?;
        }
    }
    sheet
        .into_inner()
        .map_err(|error| Error::internal(error.into_error()))
}

fn cells(finding: &Finding, difference: Option<&FindingDifference>) -> [String; HEADER.len()] {
    let text = |text: Option<&String>| text.cloned().unwrap_or_default();
    let what = difference.map(|one| format!("{:?}", one.field).to_lowercase());
    [
        finding.kind.as_str().to_owned(),
        finding.state.as_str().to_owned(),
        text(finding.number.as_ref()),
        finding.accounting_date.to_string(),
        finding.qbo_id.clone(),
        text(finding.our_qbo_id.as_ref()),
        finding
            .event_id
            .map(|id| id.to_string())
            .unwrap_or_default(),
        what.unwrap_or_default(),
        text(difference.and_then(|one| one.account.as_ref())),
        text(difference.and_then(|one| one.side.as_ref())),
        text(difference.and_then(|one| one.was.as_ref())),
        text(difference.and_then(|one| one.is.as_ref())),
        finding.found_at.to_rfc3339(),
        text(finding.accepted_by.as_ref()),
        finding.detail.clone(),
    ]
}
