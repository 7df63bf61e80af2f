//! The story's middle: a week is taken in, the sync starts, the past is posted, and new tickets come.

use super::client::text;
use super::narrator::Standing;
use super::story::Teller;
use anyhow::Context;
use chrono::{DateTime, Days, FixedOffset, NaiveDate};
use sandbox::store;
use serde_json::{Value, json};
use std::time::Instant;

/// Events of one request.
const TOGETHER: usize = 500;
/// Tickets rung up while the sync runs.
const LIVE_TICKETS: usize = 3;

impl Teller<'_> {
    pub(super) async fn send_week(&self, week: &store::Week) -> anyhow::Result<()> {
        let mut accepted = 0;
        for events in week.events.chunks(TOGETHER) {
            let taken = self
                .narrator
                .wait("sending the week", self.take_in(events))
                .await?;
            accepted += taken["accepted"].as_u64().unwrap_or(0);
        }
        anyhow::ensure!(
            accepted == week.events.len() as u64,
            "{accepted} of {} events were accepted",
            week.events.len()
        );
        let again = self.take_in(&week.events[..1]).await?;
        anyhow::ensure!(
            again["duplicates"] == 1,
            "an event sent twice was taken in twice: {again}"
        );
        self.narrator.done(&format!(
            "the week's {accepted} events were taken in; one sent again was known for a duplicate"
        ));
        Ok(())
    }

    pub(super) async fn take_in(&self, events: &[Value]) -> anyhow::Result<Value> {
        self.api
            .post(&self.at("events"), json!({ "events": events }))
            .await
    }

    pub(super) async fn start_sync(&self) -> anyhow::Result<()> {
        let sync = self.api.post(&self.at("sync/start"), json!({})).await?;
        self.narrator.done(&format!(
            "Start Sync: events from now on are posted as they come; the {} from before stay as they are",
            sync["events"]["never_synced"]
        ));
        Ok(())
    }

    pub(super) async fn sync_past(&self, starting: NaiveDate, events: usize) -> anyhow::Result<()> {
        let window = json!({ "from_date": starting, "to_date": starting + Days::new(6) });
        let past_sync = self.api.post(&self.at("past-syncs"), window).await?;
        anyhow::ensure!(
            past_sync["events"] == events,
            "the past sync took {} events",
            past_sync["events"]
        );
        self.narrator.done(&format!(
            "Sync Past Events: {starting} to {}, all {events} of them",
            starting + Days::new(6)
        ));
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
                Ok(Standing::Waits(format!(
                    "{} of {events} in the books",
                    now["synced"]
                )))
            })
            .await?;
        self.narrator.done(&format!(
            "posted: {} in the books, {} failed, {} had nothing to post",
            end["synced"], end["failed"], end["skipped"]
        ));
        Ok(())
    }

    // Tickets of a week nobody sent, rung up now. Gives them as they were sent.
    pub(super) async fn ring_up_live(&self, week: &store::Week) -> anyhow::Result<Vec<Value>> {
        let now: DateTime<FixedOffset> = self.control.now().with_timezone(&eastern());
        let tickets: Vec<Value> = week
            .events
            .iter()
            .filter(|event| {
                event["transaction"]["type"] == "ticket"
                    && event["external_id"] != week.paypal.as_str()
            })
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
}

// The store keeps Eastern Standard Time.
fn eastern() -> FixedOffset {
    FixedOffset::west_opt(5 * 3600).expect("five hours are less than a day")
}
