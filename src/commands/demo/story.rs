//! The story: a store connects, maps, sends its week, and one ticket fails and is cured. All of it through the public API.

use super::books;
use super::client::{Client, text};
use super::narrator::{Narrator, Standing};
use anyhow::Context;
use chrono::{DateTime, Days, FixedOffset, NaiveDate};
use sandbox::quickbooks::{CompanySummary, Control};
use sandbox::store;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

/// Events of one request.
const TOGETHER: usize = 500;
/// Tickets rung up while the sync runs.
const LIVE_TICKETS: usize = 3;

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
struct Teller<'a> {
    narrator: &'a Narrator,
    api: Client,
    tenant_id: String,
    control: &'a Control,
    company: &'a CompanySummary,
    began: Instant,
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
    let tenant = platform.post("v1/tenants", json!({ "name": company.name })).await?;
    let tenant_id = text(&tenant, "id")?.to_owned();
    let key = platform
        .post(&format!("v1/tenants/{tenant_id}/api-keys"), json!({ "name": "demo" }))
        .await?;
    let key = text(&key, "secret")?.to_owned();
    narrator.done(&format!("tenant {tenant_id}, and its first API key"));
    let api = platform.with_key(&key);
    let teller = Teller { narrator, api, tenant_id: tenant_id.clone(), control, company, began };
    teller.connect().await?;
    let accounts = teller.import_chart().await?;
    teller.map(&accounts).await?;

    narrator.title("A week goes through");
    let starting = control.now().date_naive() - Days::new(8);
    let week = store::Week::generate(week.seed, starting, week.events);
    teller.send_week(&week).await?;
    teller.start_sync().await?;
    teller.sync_past(starting, week.events.len()).await?;
    let mut events = week.events.clone();
    events.extend(teller.ring_up_live(&week).await?);

    narrator.title("One ticket fails, and is cured");
    teller.cure(&week.paypal, &accounts).await?;

    narrator.title("What happened");
    let held = teller.judge(&events).await?;
    Ok(Told { tenant_id, key, held })
}

impl Teller<'_> {
    fn at(&self, path: &str) -> String {
        format!("v1/tenants/{}/{path}", self.tenant_id)
    }

    // As a person does it: a link, Intuit's consent page, and the way back.
    async fn connect(&self) -> anyhow::Result<()> {
        let asked = self.api.post(&self.at("connection/authorization-requests"), json!({})).await?;
        let link = text(&asked, "authorization_url")?;
        let ended = self.narrator.wait("giving consent", self.api.browse(link)).await?;
        anyhow::ensure!(ended.query() == Some("outcome=connected"), "consent ended at {ended}");
        let connection = self.api.get(&self.at("connection")).await?;
        anyhow::ensure!(connection["state"] == "connected", "the connection is {}", connection["state"]);
        self.narrator.done(&format!(
            "connected over OAuth: {} (company {}, {})",
            text(&connection, "company_name")?,
            text(&connection, "company_id")?,
            text(&connection, "home_currency")?
        ));
        Ok(())
    }

    /// The accounts' ids by their numbers.
    async fn import_chart(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let import = self.api.post(&self.at("account-imports"), json!({})).await?;
        let path = self.at(&format!("account-imports/{}", text(&import, "id")?));
        self.narrator
            .until("importing the chart of accounts", || async {
                let import = self.api.get(&path).await?;
                match text(&import, "state")? {
                    "done" => Ok(Standing::Done(())),
                    "failed" => anyhow::bail!("the chart was not imported: {}", import["problem"]),
                    state => Ok(Standing::Waits(state.to_owned())),
                }
            })
            .await?;
        let accounts = self.api.all(&self.at("accounts")).await?;
        self.narrator.done(&format!("chart of accounts imported: {} accounts", accounts.len()));
        accounts
            .iter()
            .map(|account| Ok((text(account, "number")?.to_owned(), text(account, "id")?.to_owned())))
            .collect()
    }

    async fn map(&self, accounts: &BTreeMap<String, String>) -> anyhow::Result<()> {
        let rows: Vec<_> = store::mapping().iter().map(|row| mapping(row, accounts)).collect::<Result<_, _>>()?;
        let set = self.api.post(&self.at("mappings/bulk"), json!({ "mappings": rows })).await?;
        let results = set["results"].as_array().context("no results")?;
        if let Some(refused) = results.iter().find(|result| !result["problem"].is_null()) {
            anyhow::bail!("a mapping was refused: {refused}");
        }
        self.narrator.done(&format!("{} roles were given their account; PayPal was forgotten", results.len()));
        Ok(())
    }

    async fn send_week(&self, week: &store::Week) -> anyhow::Result<()> {
        let mut accepted = 0;
        for events in week.events.chunks(TOGETHER) {
            let taken = self.narrator.wait("sending the week", self.take_in(events)).await?;
            accepted += taken["accepted"].as_u64().unwrap_or(0);
        }
        anyhow::ensure!(accepted == week.events.len() as u64, "{accepted} of {} events were accepted", week.events.len());
        let again = self.take_in(&week.events[..1]).await?;
        anyhow::ensure!(again["duplicates"] == 1, "an event sent twice was taken in twice: {again}");
        self.narrator.done(&format!("the week's {accepted} events were taken in; one sent again was known for a duplicate"));
        Ok(())
    }

    async fn take_in(&self, events: &[Value]) -> anyhow::Result<Value> {
        self.api.post(&self.at("events"), json!({ "events": events })).await
    }

    async fn start_sync(&self) -> anyhow::Result<()> {
        let sync = self.api.post(&self.at("sync/start"), json!({})).await?;
        self.narrator.done(&format!(
            "Start Sync: events from now on are posted as they come; the {} from before stay as they are",
            sync["events"]["never_synced"]
        ));
        Ok(())
    }

    async fn sync_past(&self, starting: NaiveDate, events: usize) -> anyhow::Result<()> {
        let window = json!({ "from_date": starting, "to_date": starting + Days::new(6) });
        let past_sync = self.api.post(&self.at("past-syncs"), window).await?;
        anyhow::ensure!(past_sync["events"] == events, "the past sync took {} events", past_sync["events"]);
        self.narrator.done(&format!("Sync Past Events: {starting} to {}, all {events} of them", starting + Days::new(6)));
        let first = std::cell::Cell::new(false);
        let path = self.at(&format!("past-syncs/{}", text(&past_sync, "id")?));
        let end = self
            .narrator
            .until("posting the week", || async {
                let now = self.api.get(&path).await?;
                if now["synced"].as_u64() > Some(0) && !first.replace(true) {
                    self.narrator.done(&format!(
                        "the first entry is in the books, {}.{} s after the demo began",
                        self.began.elapsed().as_secs(),
                        self.began.elapsed().subsec_millis() / 100
                    ));
                }
                if now["state"] == "finished" {
                    return Ok(Standing::Done(now));
                }
                Ok(Standing::Waits(format!("{} of {events} in the books", now["synced"])))
            })
            .await?;
        self.narrator.done(&format!("posted: {} in the books, {} failed, {} had nothing to post", end["synced"], end["failed"], end["skipped"]));
        Ok(())
    }

    // Tickets of a week nobody sent, rung up now. Gives them as they were sent.
    async fn ring_up_live(&self, week: &store::Week) -> anyhow::Result<Vec<Value>> {
        let now: DateTime<FixedOffset> = self.control.now().with_timezone(&eastern());
        let tickets: Vec<Value> = week
            .events
            .iter()
            .filter(|event| event["transaction"]["type"] == "ticket" && event["external_id"] != week.paypal.as_str())
            .take(LIVE_TICKETS)
            .zip(1..)
            .map(|(event, place)| {
                let mut event = event.clone();
                event["external_id"] = json!(format!("live-{place}"));
                event["occurred_at"] = json!(now.to_rfc3339());
                event
            })
            .collect();
        let began = Instant::now();
        let taken = self.take_in(&tickets).await?;
        let ids: Vec<String> = taken["results"]
            .as_array()
            .context("no results")?
            .iter()
            .map(|result| Ok(text(result, "id")?.to_owned()))
            .collect::<anyhow::Result<_>>()?;
        for id in &ids {
            self.until_synced(id).await?;
        }
        self.narrator.done(&format!(
            "{} tickets were rung up just now, and were in the books {} ms later",
            ids.len(),
            began.elapsed().as_millis()
        ));
        Ok(tickets)
    }

    async fn until_synced(&self, id: &str) -> anyhow::Result<()> {
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

    async fn cure(&self, paypal: &str, accounts: &BTreeMap<String, String>) -> anyhow::Result<()> {
        let failed = self.api.all(&self.at("events?status=failed")).await?;
        let [ticket] = failed.as_slice() else {
            anyhow::bail!("{} events failed, where one was to", failed.len());
        };
        anyhow::ensure!(text(ticket, "external_id")? == paypal, "another event failed: {ticket}");
        let problem = &ticket["problem"];
        self.narrator.wrong(&format!("ticket {paypal}: {}", text(problem, "detail")?));
        for step in problem["steps"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            self.narrator.note(&format!("what to do: {step}"));
        }
        let alerts = self.api.all(&self.at("alerts")).await?;
        self.narrator.note(&format!("alerts open: {}", open(&alerts)));
        let row = store::paypal_mapping();
        self.api.put(&self.at("mappings"), mapping(&row, accounts)?).await?;
        self.narrator.done(&format!("payment type paypal was given account {}", row.account));
        let id = text(ticket, "id")?;
        self.api.post(&self.at("retry-failed"), json!({ "problem_code": text(problem, "code")? })).await?;
        self.until_synced(id).await?;
        let alerts = self.api.all(&self.at("alerts")).await?;
        self.narrator.done(&format!("retried, and in the books; alerts open: {}. Its entry:", open(&alerts)));
        self.show_entry(id).await
    }

    async fn show_entry(&self, id: &str) -> anyhow::Result<()> {
        let preview = self.api.get(&self.at(&format!("events/{id}/preview"))).await?;
        let lines = preview["entry"]["lines"].as_array().context("the event has no entry")?;
        let mut rows = Vec::new();
        for line in lines {
            let amount = text(line, "amount")?;
            let (debit, credit) = if line["side"] == "debit" { (amount, "") } else { ("", amount) };
            rows.push(format!(
                "{:5} {:28} {debit:>10} {credit:>10}   {}",
                line["account_number"].as_str().unwrap_or_default(),
                text(line, "account_name")?,
                text(line, "description")?
            ));
        }
        self.narrator.rows(&rows);
        Ok(())
    }

    // Every event in the books, once, and the books as the events say.
    async fn judge(&self, events: &[Value]) -> anyhow::Result<bool> {
        let sync = self.api.get(&self.at("sync")).await?;
        let counts = sync["events"].as_object().context("no counts")?;
        let by_status: Vec<_> = counts.iter().filter(|(_, count)| **count != 0).map(|(status, count)| format!("{count} {status}")).collect();
        let all_synced = counts.get("synced") == Some(&json!(events.len()))
            && counts.iter().all(|(status, count)| status == "synced" || *count == 0);
        self.verdict(all_synced, &format!("events by status: {}; the sync says: {}", by_status.join(", "), text(&sync, "message")?));

        let entries = self.control.entries(&self.company.realm_id)?;
        let numbers: BTreeSet<_> = entries.iter().filter_map(|entry| entry.doc_number.as_deref()).collect();
        let once_each = entries.len() == events.len() && numbers.len() == events.len();
        self.verdict(once_each, &format!("{} journal entries under {} numbers for {} events", entries.len(), numbers.len(), events.len()));

        let violations = self.control.violations();
        self.verdict(violations.is_empty(), &format!("{} things a well-behaved client of QuickBooks would not have done", violations.len()));
        for violation in &violations {
            self.narrator.note(&format!("{violation:?}"));
        }

        let judged = books::judge(&self.control.trial_balance(&self.company.realm_id)?, events);
        self.verdict(judged.held, &format!("the trial balance of {}, against sums worked out from the events", self.company.name));
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

fn mapping(row: &store::MappingRow, accounts: &BTreeMap<String, String>) -> anyhow::Result<Value> {
    let account = accounts.get(row.account).with_context(|| format!("account {} was not imported", row.account))?;
    let mut mapping = json!({ "slot": row.slot, "account_id": account });
    if let Some(key) = row.key {
        mapping["key"] = json!(key);
    }
    Ok(mapping)
}

fn open(alerts: &[Value]) -> String {
    let open: Vec<_> = alerts
        .iter()
        .filter(|alert| alert["closed_at"].is_null())
        .filter_map(|alert| alert["code"].as_str())
        .collect();
    if open.is_empty() { "none".to_owned() } else { open.join(", ") }
}

// The store keeps Eastern Standard Time.
fn eastern() -> FixedOffset {
    FixedOffset::west_opt(5 * 3600).expect("five hours are less than a day")
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Utc;

    #[test]
    fn the_week_lies_wholly_before_the_day_it_is_told() {
        let today: DateTime<Utc> = "2026-11-23T00:00:00Z".parse().unwrap();
        let week = store::Week::generate(7, today.date_naive() - Days::new(8), store::DEMO_EVENTS);
        for event in &week.events {
            let occurred_at: DateTime<FixedOffset> = event["occurred_at"].as_str().unwrap().parse().unwrap();
            assert!(occurred_at < today, "{occurred_at}");
        }
    }
}
