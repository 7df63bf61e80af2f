//! What can be wrong with an event: for each code what happened, what to do, who can, and whether a retry helps.
//!
//! The codes are a closed set ([`Code`]); what was found (`finding`, `fault`) is stored with the event in the words and
//! facts of that moment; how far a cause reaches is one table (`reach`).

mod about;
mod code;
mod facts;
mod fault;
mod finding;
mod names;
mod place;
pub(crate) mod reach;
mod suspects;

pub use code::{Code, Party};
pub use facts::{Facts, ForeignEntry, MissingMapping, NamedAccount, NamedDimension, Said};
pub(crate) use fault::Refused;
pub(crate) use finding::Finding;
pub(crate) use names::Names;
pub(crate) use suspects::tell;

use entity::id::{EventId, TenantId};
use serde::Serialize;
use utoipa::ToSchema;

/// What is wrong with an event, and how to cure it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = EventProblem)]
pub struct Problem {
    /// Stable, for programs.
    pub code: Code,
    /// The kind of problem in a few words.
    #[schema(example = "No account is mapped")]
    pub title: String,
    /// What happened, in plain words.
    #[schema(example = "payment type `paypal` has no payment account (payment[paypal])")]
    pub detail: String,
    /// What to do, step by step.
    pub steps: Vec<String>,
    /// Who can do it.
    pub who: Party,
    /// Whether retrying helps once the steps are done.
    pub retry_helps: bool,
    /// What the words say, for programs.
    pub facts: Facts,
    /// Where it is looked at and mended.
    #[schema(example = "/v1/tenants/ten_01jd5zk8x9e3qr0v7m2c4n6p8t/mappings")]
    pub link: String,
    /// The page in QuickBooks' own web app that helps, below its address; none where there is no such page.
    #[schema(example = "/app/chartofaccounts")]
    pub quickbooks_page: Option<String>,
}

/// A code, and what is known of it whatever the event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = EventProblemKind)]
pub struct Kind {
    /// Stable, for programs.
    pub code: Code,
    /// The kind of problem in a few words.
    #[schema(example = "No account is mapped")]
    pub title: String,
    /// What it means.
    pub meaning: String,
    /// What to do, step by step; empty where nobody needs to.
    pub steps: Vec<String>,
    /// Who can do it.
    pub who: Party,
    /// Whether retrying helps once the steps are done.
    pub retry_helps: bool,
    /// Where it is looked at and mended.
    #[schema(example = "/v1/tenants/{tenant_id}/mappings")]
    pub link: String,
    /// The page in QuickBooks' own web app that helps, below its address; none where there is no such page.
    #[schema(example = "/app/chartofaccounts")]
    pub quickbooks_page: Option<String>,
}

/// Every code, with what is known of it.
#[must_use]
pub fn registry() -> Vec<Kind> {
    Code::ALL
        .into_iter()
        .map(|code| {
            let row = code.row();
            Kind {
                code,
                title: row.title.to_owned(),
                meaning: row.meaning.to_owned(),
                steps: spelt(row.steps),
                who: row.who,
                retry_helps: row.retry_helps,
                link: row.place.template().to_owned(),
                quickbooks_page: row.quickbooks_page.map(str::to_owned),
            }
        })
        .collect()
}

/// What is known of a code, with the words and facts of one event.
#[must_use]
pub fn explain(
    tenant: TenantId,
    event: EventId,
    code: Code,
    detail: &str,
    facts: Facts,
) -> Problem {
    let row = code.row();
    let words = about::words(code, &facts);
    let entry = facts
        .foreign_entry
        .as_ref()
        .map(|entry| format!("/app/journal?txnId={}", entry.qbo_id));
    Problem {
        code,
        title: words.title.to_owned(),
        detail: detail.to_owned(),
        steps: spelt(words.steps),
        who: row.who,
        retry_helps: row.retry_helps,
        facts,
        link: words.place.path(tenant, event),
        quickbooks_page: entry.or_else(|| words.quickbooks_page.map(str::to_owned)),
    }
}

impl Problem {
    /// The problem of an event as its row keeps it; none where it has none.
    #[must_use]
    pub fn stored(
        tenant: TenantId,
        event: EventId,
        code: Option<&str>,
        detail: Option<&str>,
        facts: Option<serde_json::Value>,
    ) -> Option<Self> {
        let code = Code::read(code?).unwrap_or(Code::Rejected);
        // Facts of a shape that is no longer known are left out; the words say them too.
        let facts = facts
            .and_then(|facts| serde_json::from_value(facts).ok())
            .unwrap_or_default();
        Some(explain(
            tenant,
            event,
            code,
            detail.unwrap_or_default(),
            facts,
        ))
    }
}

impl Finding {
    /// As a person reads it, of an event that is not stored so.
    pub(crate) fn explain(self, tenant: TenantId, event: EventId) -> Problem {
        explain(tenant, event, self.code, &self.detail, self.facts)
    }
}

fn spelt(steps: &[&str]) -> Vec<String> {
    steps.iter().map(|&step| step.to_owned()).collect()
}
