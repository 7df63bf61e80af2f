//! The story: a store connects, sends its week, maps what it asks for, and one ticket fails and is cured. All of it through the public API.
//! Told in `aboard.rs`, `week.rs` and `cure.rs`; judged here.

use super::books;
use super::client::{Client, text};
use super::narrator::{Narrator, Standing};
use anyhow::Context;
use chrono::Days;
use sandbox::quickbooks::{CompanySummary, Control};
use sandbox::store;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Instant;

/// Which week is told.
#[derive(Clone, Copy)]
pub(crate) struct Week {
    pub(crate) seed: u64,
    pub(crate) events: usize,
}

/// How it ended.
pub(crate) struct Told {
    pub(crate) tenant_id: String,
    pub(crate) key: String,
    pub(crate) held: bool,
}

/// What the story needs at every step.
pub(super) struct Teller<'a> {
    pub(super) narrator: &'a Narrator,
    pub(super) api: Client,
    tenant_id: String,
    pub(super) control: &'a Control,
    company: &'a CompanySummary,
    pub(super) began: Instant,
}

/// Tells it.
///
/// # Errors
/// The API answered otherwise than it should, or somebody pressed Ctrl-C.
pub(crate) async fn tell(
    narrator: &Narrator,
    platform: Client,
    control: &Control,
    company: &CompanySummary,
    week: Week,
    began: Instant,
) -> anyhow::Result<Told> {
    narrator.title("A retailer comes aboard");
    let tenant = platform
        .post("v1/tenants", json!({ "name": company.name }))
        .await?;
    let tenant_id = text(&tenant, "id")?.to_owned();
    let key = platform
        .post(
            &format!("v1/tenants/{tenant_id}/api-keys"),
            json!({ "name": "demo" }),
        )
        .await?;
    let key = text(&key, "secret")?.to_owned();
    narrator.done(&format!("tenant {tenant_id}, and its first API key"));
    let api = platform.with_key(&key);
    let teller = Teller {
        narrator,
        api,
        tenant_id: tenant_id.clone(),
        control,
        company,
        began,
    };
    teller.connect().await?;
    let accounts = teller.import_chart().await?;

    narrator.title("A week goes through");
    let starting = control.now().date_naive() - Days::new(8);
    let week = store::Week::generate(week.seed, starting, week.events);
    teller.send_week(&week).await?;
    teller.map().await?;
    teller.start_sync().await?;
    teller.sync_past(starting, week.events.len()).await?;
    let mut events = week.events.clone();
    events.extend(teller.ring_up_live(&week).await?);

    narrator.title("One ticket fails, and is cured");
    teller.cure(&week.paypal, &accounts).await?;

    narrator.title("What happened");
    let held = teller.judge(&events).await?;
    Ok(Told {
        tenant_id,
        key,
        held,
    })
}

impl Teller<'_> {
    /// A path below the tenant.
    pub(super) fn at(&self, path: &str) -> String {
        format!("v1/tenants/{}/{path}", self.tenant_id)
    }

    pub(super) async fn until_synced(&self, id: &str) -> anyhow::Result<()> {
        let path = self.at(&format!("events/{id}"));
        self.narrator
            .until("posting", || async {
                let event = self.api.get(&path).await?;
                match text(&event, "status")? {
                    "synced" => Ok(Standing::Done(())),
                    "failed" => anyhow::bail!("event {id} failed: {}", event["problem"]),
                    status => Ok(Standing::Waits(status.to_owned())),
                }
            })
            .await
    }

    // Every event in the books, once, and the books as the events say.
    async fn judge(&self, events: &[Value]) -> anyhow::Result<bool> {
        let sync = self.api.get(&self.at("sync")).await?;
        let counts = sync["events"].as_object().context("no counts")?;
        let by_status: Vec<_> = counts
            .iter()
            .filter(|(_, count)| **count != 0)
            .map(|(status, count)| format!("{count} {status}"))
            .collect();
        let all_synced = counts.get("synced") == Some(&json!(events.len()))
            && counts
                .iter()
                .all(|(status, count)| status == "synced" || *count == 0);
        self.verdict(
            all_synced,
            &format!(
                "events by status: {}; the sync says: {}",
                by_status.join(", "),
                text(&sync, "message")?
            ),
        );

        let entries = self.control.entries(&self.company.realm_id)?;
        let numbers: BTreeSet<_> = entries
            .iter()
            .filter_map(|entry| entry.doc_number.as_deref())
            .collect();
        let once_each = entries.len() == events.len() && numbers.len() == events.len();
        self.verdict(
            once_each,
            &format!(
                "{} journal entries under {} numbers for {} events",
                entries.len(),
                numbers.len(),
                events.len()
            ),
        );

        let violations = self.control.violations();
        self.verdict(
            violations.is_empty(),
            &format!(
                "{} things a well-behaved client of QuickBooks would not have done",
                violations.len()
            ),
        );
        for violation in &violations {
            self.narrator.note(&format!("{violation:?}"));
        }

        let judged = books::judge(&self.control.trial_balance(&self.company.realm_id)?, events);
        self.verdict(
            judged.held,
            &format!(
                "the trial balance of {}, against sums worked out from the events",
                self.company.name
            ),
        );
        self.narrator.rows(&judged.rows);
        Ok(all_synced && once_each && violations.is_empty() && judged.held)
    }

    fn verdict(&self, held: bool, text: &str) {
        if held {
            self.narrator.done(text);
        } else {
            self.narrator.wrong(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, FixedOffset, Utc};

    #[test]
    fn the_week_lies_wholly_before_the_day_it_is_told() {
        let today: DateTime<Utc> = "2026-11-23T00:00:00Z".parse().unwrap();
        let week = store::Week::generate(7, today.date_naive() - Days::new(8), store::DEMO_EVENTS);
        for event in &week.events {
            let occurred_at: DateTime<FixedOffset> =
                event["occurred_at"].as_str().unwrap().parse().unwrap();
            assert!(occurred_at < today, "{occurred_at}");
        }
    }
}
