//! The story's turn: one ticket has failed, a person reads why, mends the mapping and retries.

use super::aboard::mapping;
use super::client::text;
use super::story::Teller;
use anyhow::Context;
use sandbox::store;
use serde_json::{Value, json};
use std::collections::BTreeMap;

impl Teller<'_> {
    pub(super) async fn cure(
        &self,
        paypal: &str,
        accounts: &BTreeMap<String, String>,
    ) -> anyhow::Result<()> {
        let failed = self.api.all(&self.at("events?status=failed")).await?;
        let [ticket] = failed.as_slice() else {
            anyhow::bail!("{} events failed, where one was to", failed.len());
        };
        anyhow::ensure!(
            text(ticket, "external_id")? == paypal,
            "another event failed: {ticket}"
        );
        let problem = &ticket["problem"];
        self.narrator
            .wrong(&format!("ticket {paypal}: {}", text(problem, "detail")?));
        for step in problem["steps"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            self.narrator.note(&format!("what to do: {step}"));
        }
        self.narrator
            .note(&format!("the sync says: {}", self.words_of_sync().await?));
        let row = store::paypal_mapping();
        let set = self
            .api
            .put(&self.at("mappings"), mapping(&row, accounts)?)
            .await?;
        self.narrator.done(&format!(
            "payment type paypal was given account {}, which cures {} failed event",
            row.account, set["cures"]
        ));
        anyhow::ensure!(set["cures"] == 1, "the mapping cures {}", set["cures"]);
        let id = text(ticket, "id")?;
        self.api
            .post(
                &self.at("retry-failed"),
                json!({ "problem_code": text(problem, "code")? }),
            )
            .await?;
        self.until_synced(id).await?;
        self.narrator.done("retried, and in the books. Its entry:");
        self.show_entry(id).await
    }

    pub(super) async fn words_of_sync(&self) -> anyhow::Result<String> {
        Ok(text(&self.api.get(&self.at("sync")).await?, "message")?.to_owned())
    }

    pub(super) async fn show_entry(&self, id: &str) -> anyhow::Result<()> {
        let preview = self
            .api
            .get(&self.at(&format!("events/{id}/preview")))
            .await?;
        let lines = preview["entry"]["lines"]
            .as_array()
            .context("the event has no entry")?;
        let mut rows = Vec::new();
        for line in lines {
            let amount = text(line, "amount")?;
            let (debit, credit) = if line["side"] == "debit" {
                (amount, "")
            } else {
                ("", amount)
            };
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
}
