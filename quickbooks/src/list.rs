//! The company's lists: its chart of accounts, its locations and its classes.

use chrono::{DateTime, SecondsFormat, Utc};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::account::Account;
use crate::changes::{Changes, WireChanges};
use crate::company::{Answer, Company};
use crate::dimension::Dimension;
use crate::failure::Failure;
use crate::new_account::NewAccount;
use crate::query::{self, PAGE_ROWS_MAX};

/// A list of the company.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum List {
    /// The chart of accounts.
    Accounts,
    /// Locations.
    Departments,
    /// Classes.
    Classes,
}

impl List {
    /// The entity's name in the API.
    pub(crate) fn entity(self) -> &'static str {
        match self {
            Self::Accounts => "Account",
            Self::Departments => "Department",
            Self::Classes => "Class",
        }
    }
}

impl Company {
    /// A page of at most [`PAGE_ROWS_MAX`] accounts, active and inactive, in order of id. Positions
    /// count from 1; a page that is not full is the last.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn accounts(&self, start_position: u32) -> Result<Answer<Vec<Account>>, Failure> {
        self.page("list accounts", List::Accounts, start_position)
            .await
    }

    /// A page of locations, as [`accounts`](Self::accounts) gives accounts.
    ///
    /// # Errors
    /// See [`Failure`]; [`Cause::PlanLacksFeature`](crate::Cause::PlanLacksFeature) where the
    /// subscription has none.
    pub async fn departments(
        &self,
        start_position: u32,
    ) -> Result<Answer<Vec<Dimension>>, Failure> {
        self.page("list departments", List::Departments, start_position)
            .await
    }

    /// A page of classes, as [`accounts`](Self::accounts) gives accounts.
    ///
    /// # Errors
    /// As [`departments`](Self::departments).
    pub async fn classes(&self, start_position: u32) -> Result<Answer<Vec<Dimension>>, Failure> {
        self.page("list classes", List::Classes, start_position)
            .await
    }

    /// What changed in these lists since a moment, which QuickBooks remembers for 30 days. One metered
    /// read, however many lists.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn changes(
        &self,
        lists: &[List],
        since: DateTime<Utc>,
    ) -> Result<Answer<Changes>, Failure> {
        let entities: Vec<&str> = lists.iter().map(|list| list.entity()).collect();
        let since = since.to_rfc3339_opts(SecondsFormat::Secs, true);
        let query = [("entities", &*entities.join(",")), ("changedSince", &since)];
        let request = self.get(&["cdc"], &query)?;
        let answer: Answer<WireChanges> = self.call("list changes", request).await?;
        Ok(answer.map(Changes::from))
    }

    /// Opens an account. QuickBooks answers a repeat of `request_id` (at most 50 characters) as it
    /// answered the first, as far as its memory reaches.
    ///
    /// # Errors
    /// See [`Failure`]; its [`certainty`](Failure::certainty) says whether the account may exist.
    /// After [`Cause::NameTaken`](crate::Cause::NameTaken) an active account of this name exists,
    /// perhaps by an earlier send of this very request.
    pub async fn create_account(
        &self,
        request_id: &str,
        account: &NewAccount,
    ) -> Result<Answer<Account>, Failure> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Body {
            account: Account,
        }
        let query = [("requestid", request_id)];
        let mut request = self.request(Method::POST, &["account"], &query)?;
        request
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *request.body_mut() = Some(account.to_body().into());
        let answer: Answer<Body> = self.call("create account", request).await?;
        Ok(answer.map(|body| body.account))
    }

    async fn page<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        list: List,
        start_position: u32,
    ) -> Result<Answer<Vec<T>>, Failure> {
        let statement = query::list(list.entity(), start_position, PAGE_ROWS_MAX);
        let request = self.get(&["query"], &[("query", &statement)])?;
        let answer: Answer<Page<T>> = self.call(operation, request).await?;
        Ok(answer.map(|page| page.query_response.rows))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", bound = "T: DeserializeOwned")]
struct Page<T> {
    query_response: Rows<T>,
}

/// The rows stand under the name of their entity.
#[derive(Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
struct Rows<T> {
    #[serde(
        rename = "Account",
        alias = "Department",
        alias = "Class",
        default = "Vec::new"
    )]
    rows: Vec<T>,
}
