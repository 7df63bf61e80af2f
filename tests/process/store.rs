//! The demo store as a customer of the running API.

use crate::house::{House, PLATFORM_KEY, PUBLIC_HOST};
use crate::running::{Running, eventually};
use reqwest::{Client, Method, StatusCode};
use sandbox::quickbooks::{CompanySummary, Consent, NewAccount, NewCompany};
use sandbox::store::{self, MappingRow};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use url::Url;

/// How long a client waits that was not answered well.
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(100);
/// No answer of the API takes so long, unless it is stopped.
const ANSWERED_WITHIN: Duration = Duration::from_secs(30);

/// The demo store: a tenant with a key, and its company at QuickBooks.
pub struct Store {
    pub tenant: String,
    pub company: CompanySummary,
    /// Times that a request of [`Store::insist`] was not answered well.
    pub asked_again: AtomicU64,
    pub http: Client,
    key: String,
}

impl Store {
    /// A store that is connected, has its chart imported and mapped (but for paypal), and its sync running. A worker must be
    /// running.
    pub async fn opened(house: &House, api: &mut Running) -> Self {
        let address = serving(api).await;
        let http = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .resolve(PUBLIC_HOST, address)
            .build()
            .unwrap();
        let mut store = Self {
            tenant: String::new(),
            company: found_company(house),
            asked_again: AtomicU64::new(0),
            http,
            key: PLATFORM_KEY.to_owned(),
        };
        let tenant = store
            .ask(
                Method::POST,
                "v1/tenants",
                Some(json!({ "name": "Harbour Street Outfitters" })),
            )
            .await;
        store.tenant = tenant["id"].as_str().unwrap().to_owned();
        let key = store.post("api-keys", json!({ "name": "till" })).await;
        store.key = key["secret"].as_str().unwrap().to_owned();
        store.connect(house).await;
        store.map(store::mapping()).await;
        store.post("sync/start", json!({})).await;
        store
    }

    /// The key that it calls with.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// A request below the tenant whose answer must be good.
    pub async fn get(&self, path: &str) -> Value {
        self.ask(
            Method::GET,
            &format!("v1/tenants/{}/{path}", self.tenant),
            None,
        )
        .await
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        self.ask(
            Method::POST,
            &format!("v1/tenants/{}/{path}", self.tenant),
            Some(body),
        )
        .await
    }

    /// A request below the tenant that may be answered anyhow, or not at all.
    pub async fn attempt(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> reqwest::Result<(StatusCode, Value)> {
        let path = format!("v1/tenants/{}/{path}", self.tenant);
        self.request(method, &path, body, None).await
    }

    /// The same of a POST under an Idempotency-Key, or under none.
    pub async fn attempt_as(
        &self,
        key: Option<&str>,
        path: &str,
        body: Value,
    ) -> reqwest::Result<(StatusCode, Value)> {
        let path = format!("v1/tenants/{}/{path}", self.tenant);
        self.request(Method::POST, &path, Some(body), key).await
    }

    /// Posts as a client does whose house may break down: the same again, until it is answered well.
    pub async fn insist(&self, path: &str, body: Value) -> Value {
        self.insist_as(None, path, body).await
    }

    /// The same under an Idempotency-Key, or under none.
    pub async fn insist_as(&self, key: Option<&str>, path: &str, body: Value) -> Value {
        let answered = eventually(path, async || {
            let answer = self.attempt_as(key, path, body.clone()).await;
            if let Ok((status, answer)) = answer {
                assert!(
                    status.is_success() || status.is_server_error(),
                    "{path}: {status} {answer:#}"
                );
                if status.is_success() {
                    return Some(answer);
                }
            }
            self.asked_again.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(ASK_AGAIN_AFTER).await;
            None
        });
        answered.await
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let (status, answer) = self
            .request(method.clone(), path, body, None)
            .await
            .unwrap();
        assert!(status.is_success(), "{method} {path}: {status} {answer:#}");
        answer
    }

    async fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        key: Option<&str>,
    ) -> reqwest::Result<(StatusCode, Value)> {
        let mut request = self
            .http
            .request(method, format!("http://{PUBLIC_HOST}/{path}"))
            .timeout(ANSWERED_WITHIN)
            .bearer_auth(&self.key);
        if let Some(body) = body {
            request = request.json(&body);
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        Ok((
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        ))
    }

    /// Sends events as one list; each must be taken in.
    pub async fn send(&self, events: &[Value]) {
        let answer = self.post("events", json!({ "events": events })).await;
        assert_eq!(answer["accepted"], json!(events.len()), "{answer:#}");
    }

    /// Sends events as a stream of lines; each must be taken in.
    pub async fn stream(&self, events: &[Value]) {
        let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
        let answer = self
            .http
            .post(format!(
                "http://{PUBLIC_HOST}/v1/tenants/{}/events",
                self.tenant
            ))
            .bearer_auth(&self.key)
            .header("content-type", "application/x-ndjson")
            .body(lines)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let text = answer.text().await.unwrap();
        let accepted = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .filter(|line| line["result"] == "accepted");
        assert_eq!(accepted.count(), events.len(), "{text}");
    }

    /// Every event, however many pages.
    pub async fn events(&self) -> Vec<Value> {
        let mut events = Vec::new();
        let mut path = "events?limit=200".to_owned();
        loop {
            let page = self.get(&path).await;
            events.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["next_cursor"].as_str() {
                Some(cursor) => path = format!("events?limit=200&cursor={cursor}"),
                None => return events,
            }
        }
    }

    /// Events by status.
    pub async fn counts(&self) -> BTreeMap<String, i64> {
        serde_json::from_value(self.get("sync").await["events"].clone()).unwrap()
    }

    /// Comes back when so many events are in the books.
    pub async fn synced(&self, events: i64) {
        eventually(&format!("{events} synced events"), async || {
            (self.counts().await["synced"] == events).then_some(())
        })
        .await;
    }

    /// Lets the company guard its numbers, or not: what does not is asked for a number before it is first used.
    pub async fn guards_numbers(&self, house: &House, guards: bool) {
        let realm = &self.company.realm_id;
        let quickbooks = house.quickbooks();
        let mut preferences = quickbooks.preferences(realm).unwrap();
        preferences.warn_duplicate_journal_number = guards;
        quickbooks.set_preferences(realm, preferences).unwrap();
        let known =
            format!("UPDATE connection SET guards_numbers = {guards} WHERE company_id = '{realm}'");
        house.sql(&known).await;
    }

    pub async fn map(&self, rows: &[MappingRow]) {
        let accounts = self.get("accounts?limit=200").await;
        let id = |number: &str| {
            let mut accounts = accounts["items"].as_array().unwrap().iter();
            accounts
                .find(|account| account["number"] == number)
                .unwrap()["id"]
                .clone()
        };
        let rows: Vec<Value> = rows
            .iter()
            .map(|row| json!({ "slot": row.slot, "key": row.key, "account_id": id(row.account) }))
            .collect();
        let answer = self
            .post("mappings/bulk", json!({ "mappings": rows }))
            .await;
        for result in answer["results"].as_array().unwrap() {
            assert!(result["problem"].is_null(), "{result:#}");
        }
    }

    // As a browser does: to Intuit, where the consent is given, and back; then the chart comes by itself.
    pub async fn connect(&self, house: &House) {
        let realm_id = Some(self.company.realm_id.clone());
        house
            .quickbooks()
            .set_consent(Consent {
                realm_id,
                deny: false,
            })
            .unwrap();
        let done = format!("http://{PUBLIC_HOST}/done");
        let flow = self
            .post(
                "connection/authorization-requests",
                json!({ "return_url": done }),
            )
            .await;
        let mut url: Url = flow["authorization_url"].as_str().unwrap().parse().unwrap();
        let mut cookie = String::new();
        while !url.as_str().starts_with(&done) {
            let answer = self
                .http
                .get(url.clone())
                .header("cookie", &cookie)
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status(), StatusCode::FOUND, "{url}");
            if let Some(set) = answer.headers().get("set-cookie") {
                cookie = set.to_str().unwrap().split(';').next().unwrap().to_owned();
            }
            url = url
                .join(answer.headers()["location"].to_str().unwrap())
                .unwrap();
        }
        assert!(url.as_str().contains("outcome=connected"), "{url}");
        let accounts = store::chart().len();
        eventually("the chart", async || {
            let imported = self.get("accounts?limit=200").await;
            (imported["items"].as_array().unwrap().len() == accounts).then_some(())
        })
        .await;
    }
}

/// Where the API of a process listens, once it does.
pub async fn serving(api: &mut Running) -> SocketAddr {
    let line = api.says("serving on http://").await;
    let (_, address) = line.split_once("serving on http://").unwrap();
    let end = address
        .find(|c: char| !c.is_ascii_digit() && c != '.' && c != ':')
        .unwrap();
    address[..end].parse().unwrap()
}

fn found_company(house: &House) -> CompanySummary {
    let accounts = store::chart().iter().map(|account| NewAccount {
        name: account.name.to_owned(),
        account_type: account.account_type.to_owned(),
        account_sub_type: Some(account.account_sub_type.to_owned()),
        number: Some(account.number.to_owned()),
    });
    house
        .quickbooks()
        .seed_company(NewCompany {
            accounts: accounts.collect(),
            ..NewCompany::named("Harbour Street Outfitters")
        })
        .unwrap()
}

/// A ticket of 50.00 paid in cash, at the house's time.
pub async fn ticket(house: &House, external_id: &str) -> Value {
    json!({
        "external_id": external_id,
        "occurred_at": house.now().await.to_rfc3339(),
        "transaction": {
            "type": "ticket",
            "lines": [{ "kind": "item", "item_class": "apparel", "quantity": "1", "amount": "50.00" }],
            "payments": [{ "payment_type": "cash", "amount": "50.00" }],
        },
    })
}
