//! The simulated QuickBooks as a raw HTTP client sees it.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails where it stands, in its helpers too"
)]

mod accounts;
mod batch;
mod changes;
mod connecting;
mod controls;
mod faults;
mod journal_entries;
mod open_questions;
mod queries;
mod refusals;
mod request_ids;
mod throttle;
mod tokens;

use std::collections::HashMap;

use reqwest::header::ACCEPT;
use reqwest::{Client, Response, redirect};
use sandbox::quickbooks::{
    Amount, CompanySummary, Control, NewAccount, NewCompany, Options, Simulator, ThrottleLimits,
    TrialBalance,
};
use serde_json::{Value, json};
use url::Url;

const CALLBACK: &str = "http://localhost:9999/callback";
const SCOPE: &str = "com.intuit.quickbooks.accounting";

/// A simulator with one company, connected through a real consent.
struct Store {
    simulator: Simulator,
    http: Client,
    company: CompanySummary,
    access_token: String,
    refresh_token: String,
}

/// A body with its status.
#[derive(Debug)]
struct Answer {
    status: u16,
    tid: String,
    headers: HashMap<String, String>,
    text: String,
    body: Value,
}

impl Answer {
    async fn of(response: Response) -> Self {
        let status = response.status().as_u16();
        let headers: HashMap<String, String> = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        let tid = headers
            .get("intuit_tid")
            .expect("an intuit_tid on every answer")
            .clone();
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Self {
            status,
            tid,
            headers,
            text,
            body,
        }
    }

    /// The codes of its fault's errors, in order.
    fn codes(&self) -> Vec<&str> {
        let errors = self.body["Fault"]["Error"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        errors
            .iter()
            .map(|error| error["code"].as_str().unwrap())
            .collect()
    }

    /// The detail of its first error.
    fn detail(&self) -> &str {
        self.body["Fault"]["Error"][0]["Detail"].as_str().unwrap()
    }

    fn entry_id(&self) -> &str {
        assert_eq!(self.status, 200, "{}", self.text);
        self.body["JournalEntry"]["Id"].as_str().unwrap()
    }
}

fn client() -> Client {
    // Another test of this process may have installed it before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .redirect(redirect::Policy::none())
        .build()
        .unwrap()
}

async fn simulator() -> Simulator {
    let options = Options {
        redirect_uris: vec![CALLBACK.to_owned()],
        ..Options::default()
    };
    Simulator::start(options).await.unwrap()
}

fn account(number: &str, name: &str, account_type: &str) -> NewAccount {
    NewAccount {
        name: name.to_owned(),
        account_type: account_type.to_owned(),
        account_sub_type: None,
        number: Some(number.to_owned()),
    }
}

fn corner_store() -> NewCompany {
    NewCompany {
        accounts: vec![
            account("1010", "Cash in Drawer", "Bank"),
            account("1100", "Receivable", "Accounts Receivable"),
            account("2000", "Payable", "Accounts Payable"),
            account("2400", "Sales Tax Payable", "Other Current Liability"),
            account("4000", "Sales", "Income"),
        ],
        departments: vec!["Boston".to_owned()],
        classes: vec!["Retail".to_owned()],
        customers: vec!["Walk-in".to_owned()],
        vendors: vec!["Wholesaler".to_owned()],
        ..NewCompany::named("Corner Store")
    }
}

impl Store {
    /// Opens the store with the throttle lifted.
    async fn open() -> Self {
        let simulator = simulator().await;
        simulator.control().set_limits(ThrottleLimits::lifted());
        let company = simulator.control().seed_company(corner_store()).unwrap();
        let mut store = Self {
            simulator,
            http: client(),
            company,
            access_token: String::new(),
            refresh_token: String::new(),
        };
        store.connect().await;
        store
    }

    fn control(&self) -> &Control {
        self.simulator.control()
    }

    fn realm(&self) -> &str {
        &self.company.realm_id
    }

    fn url(&self, path: &str) -> Url {
        self.simulator.base_url().join(path).unwrap()
    }

    fn account(&self, number: &str) -> &str {
        self.company.account_id(number).unwrap()
    }

    /// Asks for consent and gives the parameters of the redirect back.
    async fn consent(&self, change: &[(&str, &str)]) -> HashMap<String, String> {
        let response = self.authorize(change).await;
        assert_eq!(response.status, 302, "{}", response.text);
        let back = Url::parse(&response.headers["location"]).unwrap();
        assert!(back.as_str().starts_with(CALLBACK));
        back.query_pairs().into_owned().collect()
    }

    async fn authorize(&self, change: &[(&str, &str)]) -> Answer {
        let mut query = HashMap::from([
            ("client_id", self.simulator.client_id()),
            ("response_type", "code"),
            ("scope", SCOPE),
            ("redirect_uri", CALLBACK),
            ("state", "a state & more"),
        ]);
        query.extend(change.iter().copied());
        Answer::of(
            self.http
                .get(self.url("/connect/oauth2"))
                .query(&query)
                .send()
                .await
                .unwrap(),
        )
        .await
    }

    async fn connect(&mut self) {
        let back = self.consent(&[]).await;
        assert_eq!(back["realmId"], self.company.realm_id);
        let tokens = self.exchange(&back["code"]).await;
        assert_eq!(tokens.status, 200, "{}", tokens.text);
        self.keep(&tokens);
    }

    fn keep(&mut self, tokens: &Answer) {
        self.access_token = tokens.body["access_token"].as_str().unwrap().to_owned();
        self.refresh_token = tokens.body["refresh_token"].as_str().unwrap().to_owned();
    }

    async fn token(&self, form: &[(&str, &str)]) -> Answer {
        let request = self
            .http
            .post(self.url("/oauth2/v1/tokens/bearer"))
            .basic_auth(
                self.simulator.client_id(),
                Some(self.simulator.client_secret()),
            )
            .form(form);
        Answer::of(request.send().await.unwrap()).await
    }

    async fn exchange(&self, code: &str) -> Answer {
        self.token(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
        ])
        .await
    }

    async fn refresh(&self, refresh_token: &str) -> Answer {
        self.token(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token),
        ])
        .await
    }

    fn get(&self, path: &str) -> reqwest::RequestBuilder {
        self.http
            .get(self.url(&format!("/v3/company/{}/{path}", self.realm())))
            .bearer_auth(&self.access_token)
            .header(ACCEPT, "application/json")
    }

    fn post(&self, path: &str, body: &Value) -> reqwest::RequestBuilder {
        self.http
            .post(self.url(&format!("/v3/company/{}/{path}", self.realm())))
            .bearer_auth(&self.access_token)
            .header(ACCEPT, "application/json")
            .json(body)
    }

    async fn read(&self, path: &str) -> Answer {
        Answer::of(self.get(path).send().await.unwrap()).await
    }

    async fn send(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.post(path, body).send().await.unwrap()).await
    }

    async fn create(&self, entry: &Value) -> Answer {
        self.send("journalentry?minorversion=75", entry).await
    }

    async fn create_with_id(&self, request_id: &str, entry: &Value) -> Answer {
        self.send(
            &format!("journalentry?minorversion=75&requestid={request_id}"),
            entry,
        )
        .await
    }

    async fn query(&self, statement: &str) -> Answer {
        let request = self
            .get("query")
            .query(&[("query", statement), ("minorversion", "75")]);
        Answer::of(request.send().await.unwrap()).await
    }

    /// A line on the account with this number.
    fn line(&self, posting_type: &str, number: &str, amount: &str) -> Value {
        let amount: Value = serde_json::from_str(amount).unwrap();
        json!({
            "Amount": amount, "DetailType": "JournalEntryLineDetail", "Description": "a line",
            "JournalEntryLineDetail": { "PostingType": posting_type, "AccountRef": { "value": self.account(number) } },
        })
    }

    /// A cash sale of 10.00 with this number.
    fn sale(&self, doc_number: &str) -> Value {
        json!({
            "DocNumber": doc_number, "TxnDate": "2026-11-20", "PrivateNote": "a note",
            "Line": [self.line("Debit", "1010", "10.00"), self.line("Credit", "4000", "10.00")],
        })
    }

    fn numbered(&self, doc_number: &str) -> usize {
        self.control()
            .entries_numbered(self.realm(), doc_number)
            .unwrap()
            .len()
    }

    fn trial_balance(&self) -> TrialBalance {
        let trial_balance = self.control().trial_balance(self.realm()).unwrap();
        assert_eq!(
            trial_balance.debit, trial_balance.credit,
            "the books balance at every moment"
        );
        assert_eq!(
            trial_balance
                .accounts
                .iter()
                .map(|row| row.balance)
                .sum::<Amount>(),
            Amount::ZERO
        );
        trial_balance
    }

    fn balance(&self, number: &str) -> String {
        self.trial_balance()
            .of_number(number)
            .unwrap()
            .balance
            .to_string()
    }
}

/// The posting of a sent entry's line.
fn detail(entry: &mut Value, line: usize) -> &mut Value {
    &mut entry["Line"][line]["JournalEntryLineDetail"]
}

fn remove(object: &mut Value, name: &str) {
    object.as_object_mut().unwrap().remove(name).unwrap();
}
