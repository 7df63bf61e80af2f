//! The entry an event would make, without posting it.

use super::row;
use crate::dimension::{self, Kind};
use crate::error::Error;
use crate::problem::{Finding, Names, Problem};
use crate::{Service, books, connection};
use accounting::{Journalized, Ref, Side};
use chrono::NaiveDate;
use entity::account;
use entity::id::{EventId, TenantId};
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;

/// The entry an event would make now.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Preview {
    /// `entry`, `skipped` or `refused`.
    #[schema(example = "entry")]
    pub result: String,
    /// The event's own date.
    pub business_date: NaiveDate,
    /// The entry, where there would be one.
    pub entry: Option<PreviewedEntry>,
    /// Why there would be none.
    pub problem: Option<Problem>,
}

/// A journal entry that is not posted.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PreviewedEntry {
    /// Its number.
    #[schema(example = "100001")]
    pub number: String,
    /// Its date in the books: the event's business date, unless the books are closed on it.
    pub accounting_date: NaiveDate,
    /// Why the date in the books is not the event's own; none where it is.
    #[schema(
        example = "the books are closed through 2026-10-31, so the entry of 2026-10-15 is dated 2026-11-01, the first open day"
    )]
    pub redated: Option<String>,
    /// ISO 4217.
    #[schema(example = "USD")]
    pub currency: String,
    /// The memo of its private note.
    pub note: Option<String>,
    /// The sum of its debits, which is that of its credits.
    #[schema(example = "108.25")]
    pub total: String,
    /// Its lines.
    pub lines: Vec<PreviewedLine>,
}

/// A line of a journal entry.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PreviewedLine {
    /// The account's number.
    #[schema(example = "4000")]
    pub account_number: Option<String>,
    /// The account's name.
    #[schema(example = "Sales Apparel")]
    pub account_name: String,
    /// `debit` or `credit`.
    #[schema(example = "credit")]
    pub side: String,
    /// A decimal string, above zero.
    #[schema(example = "100.00")]
    pub amount: String,
    /// The QuickBooks Location it carries.
    #[schema(example = "Boston")]
    pub location: Option<String>,
    /// The QuickBooks Class it carries.
    #[schema(example = "Retail")]
    pub class: Option<String>,
    /// In words a bookkeeper reads.
    #[schema(example = "Sales: apparel")]
    pub description: String,
}

/// The entry an event would make with the mapping as it is now; nothing is posted and QuickBooks is not asked.
///
/// # Errors
/// [`Error::NotFound`], `not_connected`.
pub async fn preview(service: &Service, tenant: TenantId, id: EventId) -> Result<Preview, Error> {
    let tx = service.tenant(tenant).await?;
    let row = row(&tx, id).await?;
    let company = connection::company(&tx).await?;
    let books = books::read(&tx, &company).await?;
    let none = |result: &str, finding: Finding| Preview {
        result: result.to_owned(),
        business_date: row.business_date,
        entry: None,
        problem: Some(finding.explain(tenant, id)),
    };
    let entry = match accounting::journalize_text(&row.body, &books) {
        Ok(Journalized::Entry(entry)) => entry,
        Ok(Journalized::Skipped(reason)) => {
            return Ok(none("skipped", Finding::of_skip(reason)));
        }
        Err(refusal) => {
            let names = Names::of_refusal(&tx, &company.company_id, &refusal).await?;
            return Ok(none("refused", Finding::of_refusal(&refusal, &names)));
        }
    };
    let accounts: HashMap<String, account::Model> =
        crate::mapping::accounts(&tx, &company.company_id)
            .await?
            .into_values()
            .map(|account| (account.qbo_id.clone(), account))
            .collect();
    let dimensions = match entry
        .lines()
        .iter()
        .any(|line| line.department.is_some() || line.class.is_some())
    {
        true => dimension::row::all(&tx, &company.company_id).await?,
        false => Vec::new(),
    };
    let carried = |kind: Kind, id: Option<&Ref>| {
        let row = dimensions.iter().find(|row| {
            row.kind == kind.as_str() && Some(row.qbo_id.as_str()) == id.map(Ref::as_str)
        });
        row.map(dimension::row::name)
    };
    let lines = entry
        .lines()
        .iter()
        .map(|line| {
            let account = accounts.get(line.account.as_str());
            PreviewedLine {
                account_number: account.and_then(|account| account.number.clone()),
                account_name: account
                    .map(|account| account.name.clone())
                    .unwrap_or_default(),
                side: match line.side {
                    Side::Debit => "debit",
                    Side::Credit => "credit",
                }
                .to_owned(),
                amount: accounting::Amount::of_minor(line.amount_minor, entry.currency())
                    .to_string(),
                location: carried(Kind::Location, line.department.as_ref()),
                class: carried(Kind::Class, line.class.as_ref()),
                description: line.description.clone(),
            }
        })
        .collect();
    Ok(Preview {
        result: "entry".to_owned(),
        business_date: row.business_date,
        problem: None,
        entry: Some(PreviewedEntry {
            number: row.number,
            accounting_date: entry.date(),
            redated: redated(row.business_date, entry.date(), books.closing_date),
            currency: entry.currency().to_string(),
            note: entry.note().map(str::to_owned),
            total: entry.total().to_string(),
            lines,
        }),
    })
}

fn redated(from: NaiveDate, to: NaiveDate, closing_date: Option<NaiveDate>) -> Option<String> {
    let closing_date = closing_date.filter(|_| from != to)?;
    Some(format!(
        "the books are closed through {closing_date}, so the entry of {from} is dated {to}, the first open day"
    ))
}
