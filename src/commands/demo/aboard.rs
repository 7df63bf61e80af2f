//! The story's beginning: consent over OAuth, the chart of accounts, and the mapping that the week asks for.

use super::client::text;
use super::narrator::Standing;
use super::story::Teller;
use anyhow::Context;
use sandbox::store;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Suggestions whose reasons are shown, of all that are applied.
const SUGGESTIONS_SHOWN: usize = 4;

impl Teller<'_> {
    // As a person does it: a link, Intuit's consent page, and the way back.
    pub(super) async fn connect(&self) -> anyhow::Result<()> {
        let asked = self
            .api
            .post(&self.at("connection/authorization-requests"), json!({}))
            .await?;
        let link = text(&asked, "authorization_url")?;
        let ended = self
            .narrator
            .wait("giving consent", self.api.browse(link))
            .await?;
        anyhow::ensure!(
            ended.query() == Some("outcome=connected"),
            "consent ended at {ended}"
        );
        let connection = self.api.get(&self.at("connection")).await?;
        anyhow::ensure!(
            connection["state"] == "connected",
            "the connection is {}",
            connection["state"]
        );
        self.narrator.done(&format!(
            "connected over OAuth: {} (company {}, {})",
            text(&connection, "company_name")?,
            text(&connection, "company_id")?,
            text(&connection, "home_currency")?
        ));
        Ok(())
    }

    /// The accounts' ids by their numbers.
    pub(super) async fn import_chart(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let import = self
            .api
            .post(&self.at("account-imports"), json!({}))
            .await?;
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
        self.narrator.done(&format!(
            "chart of accounts imported: {} accounts",
            accounts.len()
        ));
        accounts
            .iter()
            .map(|account| {
                Ok((
                    text(account, "number")?.to_owned(),
                    text(account, "id")?.to_owned(),
                ))
            })
            .collect()
    }

    /// The mapping in two calls: look at what is suggested for what the events ask for, and apply it. A person leaves one out.
    pub(super) async fn map(&self) -> anyhow::Result<()> {
        let forgotten = store::paypal_mapping();
        let suggested = self.api.get(&self.at("mapping-suggestions")).await?;
        let rows = suggested["items"].as_array().context("no suggestions")?;
        let chosen: Vec<_> = rows
            .iter()
            .filter(|row| row["key"].as_str() != forgotten.key)
            .filter(|row| !row["account"].is_null())
            .map(|row| {
                json!({ "slot": row["slot"], "key": row["key"], "account_id": row["account"]["id"] })
            })
            .collect();
        for row in rows.iter().take(SUGGESTIONS_SHOWN) {
            self.narrator.note(&format!(
                "{}: {}",
                text(row, "slot")?,
                row["account"]["reason"].as_str().unwrap_or("to create")
            ));
        }
        let applied = self
            .api
            .post(
                &self.at("mapping-suggestions/apply"),
                json!({ "rows": chosen }),
            )
            .await?;
        let results = applied["results"].as_array().context("no results")?;
        if let Some(refused) = results.iter().find(|result| !result["problem"].is_null()) {
            anyhow::bail!("a suggestion was refused: {refused}");
        }
        self.narrator.done(&format!(
            "{} roles were given the account that was suggested; PayPal's was left out",
            results.len()
        ));
        self.narrator.note(&format!(
            "what remains: {}",
            text(&applied["readiness"], "message")?
        ));
        Ok(())
    }
}

/// The request that gives a role its account; `accounts` are the ids by number.
///
/// # Errors
/// The account was not imported.
pub(super) fn mapping(
    row: &store::MappingRow,
    accounts: &BTreeMap<String, String>,
) -> anyhow::Result<Value> {
    let account = accounts
        .get(row.account)
        .with_context(|| format!("account {} was not imported", row.account))?;
    let mut mapping = json!({ "slot": row.slot, "account_id": account });
    if let Some(key) = row.key {
        mapping["key"] = json!(key);
    }
    Ok(mapping)
}
