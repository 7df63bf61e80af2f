//! A world of one story: the product, a simulated QuickBooks, and verbs to tell what happens.

// Here, and not beside it, since measurements need a world too.
#[path = "idp.rs"]
#[allow(dead_code, reason = "a measurement needs little of it")]
pub mod idp;

use crate::contract;
use crate::lab::{Lab, lab};
use chrono::{DateTime, TimeDelta, Utc};
use entity::id::TenantId;
use entity::store::Store;
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use sandbox::quickbooks::{CompanySummary, Control, NewAccount, NewCompany, Simulator};
use sea_orm::ConnectionTrait;
use secrecy::SecretString;
use serde_json::{Value, json};
use service::Service;
use service::bell::{Bell, Silent};
use service::posting::{self, TurnEnd};
use service::rate_limit::{Alone, Counter};
use service::settings::{Access, Environment, Limits, Places, Posting, Settings, Webhooks};
use service::webhook;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use url::Url;

/// The platform's credential in every world.
pub const PLATFORM_KEY: &str = "platform-key-of-the-stories-0123456789";

/// What Intuit's notifications are signed with in every world.
pub const VERIFIER: &str = "verifier-token-of-the-stories-0123456789";

/// The product around one simulated QuickBooks.
pub struct World {
    pub base: Url,
    pub service: Service,
    pub simulator: Simulator,
    pub database: String,
    http: reqwest::Client,
    stop: CancellationToken,
    lab: &'static Lab,
}

/// How a world differs from the usual.
#[derive(Clone)]
pub struct Shape {
    /// What hears the bell; turns are taken by hand with [`World::drain`] where nothing does.
    pub bell: Arc<dyn Bell>,
    /// The pace of posting.
    pub posting: Posting,
    /// Opens the store from the usual URLs, so that a story can take a wall away.
    pub application_role: &'static str,
    /// What tokens are signed with, and who says who people are.
    pub access: Access,
    /// Whether the first wall stands.
    pub typed_filter: bool,
    /// What is asked at most.
    pub limits: Limits,
    /// Where requests are counted.
    pub counter: Arc<dyn Counter>,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            bell: Arc::new(Silent),
            // The simulated service keeps its own limits; no story waits for the pace.
            posting: Posting {
                requests_per_second: 10_000,
                requests_per_minute: 600_000,
                batches_per_minute: 600_000,
                ..Posting::default()
            },
            application_role: migration::roles::APPLICATION,
            // Nobody listens where the keys would be.
            access: idp::asking(9),
            typed_filter: true,
            // Stories ask for much at once, on purpose.
            limits: Limits {
                heavy: Places {
                    at_once: 32,
                    waiting: 32,
                },
                ..Limits::of_places_only()
            },
            counter: Arc::new(Alone),
        }
    }
}

impl World {
    pub async fn new() -> Self {
        Self::shaped(Shape::default()).await
    }

    pub async fn shaped(shape: Shape) -> Self {
        Self::on(lab().await, shape).await
    }

    /// A world on servers of its own choice.
    pub async fn on(lab: &'static Lab, shape: Shape) -> Self {
        let database = lab.database().await;
        let store = Store::connect(
            &lab.url(shape.application_role, &database),
            &lab.url(migration::roles::PLATFORM, &database),
            8,
        )
        .await
        .unwrap();
        let store = if shape.typed_filter {
            store
        } else {
            store.without_typed_filter()
        };
        let bound = api::bind(api::Options {
            counter: shape.counter,
            ..api::Options::default()
        })
        .unwrap();
        let base: Url = format!("http://{}/", bound.address()).parse().unwrap();
        let callback = base.join("v1/oauth/callback").unwrap();
        let simulator = Simulator::start(sandbox::quickbooks::Options {
            redirect_uris: vec![callback.to_string()],
            throttle: sandbox::quickbooks::ThrottleLimits::lifted(),
            switches: sandbox::quickbooks::Switches::of_environment().unwrap(),
            ..sandbox::quickbooks::Options::default()
        })
        .await
        .unwrap();
        let settings = settings(
            &base,
            callback,
            &simulator,
            (shape.posting, shape.limits, shape.access),
        );
        let service = Service::new(store, shape.bell, settings).unwrap();
        let stop = CancellationToken::new();
        tokio::spawn(bound.run(service.clone(), stop.clone()));
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        Self {
            base,
            service,
            simulator,
            database,
            http,
            stop,
            lab,
        }
    }

    pub fn quickbooks(&self) -> &Control {
        self.simulator.control()
    }

    /// A request as it is; most stories use the verbs below.
    pub fn request(&self, method: Method, path: &str, key: &str) -> reqwest::RequestBuilder {
        self.http
            .request(
                method,
                self.base.join(path.trim_start_matches('/')).unwrap(),
            )
            .bearer_auth(key)
    }

    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// Sets the product's clock and QuickBooks' ahead.
    pub async fn advance(&self, by: TimeDelta) {
        let owner = self.lab.url(migration::roles::OWNER, &self.database);
        let database = sea_orm::Database::connect(owner).await.unwrap();
        let sql = format!(
            "UPDATE test_clock SET offset_seconds = offset_seconds + {} / 1000.0",
            by.num_milliseconds()
        );
        database.execute_unprepared(&sql).await.unwrap();
        database.close().await.unwrap();
        self.quickbooks().advance_clock(by);
    }

    /// Runs SQL as the owner of the tables, for what no door offers.
    pub async fn sql(&self, sql: &str) {
        let owner = self.lab.url("postgres", &self.database);
        let database = sea_orm::Database::connect(owner).await.unwrap();
        database.execute_unprepared(sql).await.unwrap();
        database.close().await.unwrap();
    }

    /// The rows of one text column, read past every wall.
    pub async fn rows(&self, sql: &str) -> Vec<String> {
        let owner = self.lab.url("postgres", &self.database);
        let database = sea_orm::Database::connect(owner).await.unwrap();
        let statement = sea_orm::Statement::from_string(sea_orm::DbBackend::Postgres, sql);
        let rows = database.query_all_raw(statement).await.unwrap();
        database.close().await.unwrap();
        rows.iter()
            .map(|row| row.try_get_by_index(0).unwrap())
            .collect()
    }

    /// Takes the database away under the product.
    pub async fn drop_database(&self) {
        let server = sea_orm::Database::connect(self.lab.url("postgres", "postgres"))
            .await
            .unwrap();
        server
            .execute_unprepared(&format!("DROP DATABASE {} WITH (FORCE)", self.database))
            .await
            .unwrap();
        server.close().await.unwrap();
    }

    /// How a role reaches the world's database.
    pub fn database_url(&self, role: &str) -> String {
        self.lab.url(role, &self.database)
    }

    /// Takes turns for a tenant until nothing is due; tells when the next one is.
    pub async fn drain(&self, tenant: TenantId) -> Option<DateTime<Utc>> {
        for _ in 0..10_000 {
            match posting::turn(&self.service, tenant, "story", &CancellationToken::new())
                .await
                .unwrap()
            {
                TurnEnd::Again | TurnEnd::Busy => {}
                TurnEnd::Idle => return None,
                TurnEnd::Later(at) => return Some(at),
            }
        }
        panic!("a tenant's turns do not end");
    }

    /// Publishes messages and delivers what is due, until nothing is.
    pub async fn deliver(&self) {
        for _ in 0..1_000 {
            let published = webhook::publish(&self.service).await.unwrap();
            let lanes = webhook::claim(&self.service, "story", None, 100)
                .await
                .unwrap();
            if published == 0 && lanes.is_empty() {
                return;
            }
            for lane in lanes {
                webhook::deliver(&self.service, &lane, &CancellationToken::new())
                    .await
                    .unwrap();
            }
        }
        panic!("deliveries do not end");
    }

    /// A tenant with a key of every scope.
    pub async fn tenant(&self, name: &str) -> Tenant<'_> {
        let made = self
            .ok(
                Method::POST,
                "/v1/tenants",
                PLATFORM_KEY,
                Some(json!({ "name": name })),
            )
            .await;
        let id: TenantId = made["id"].as_str().unwrap().parse().unwrap();
        let key = self
            .ok(
                Method::POST,
                &format!("/v1/tenants/{id}/api-keys"),
                PLATFORM_KEY,
                Some(json!({ "name": "story" })),
            )
            .await;
        Tenant {
            world: self,
            id,
            key: key["secret"].as_str().unwrap().to_owned(),
        }
    }

    /// A tenant connected to a company with the golden chart, mapped as the golden cases are, its sync running.
    pub async fn store(&self, name: &str) -> (Tenant<'_>, CompanySummary) {
        let company = self.company(name);
        let tenant = self.tenant(name).await;
        tenant.connect(&company.realm_id).await;
        tenant.map_golden().await;
        tenant.post("/sync/start", json!({})).await;
        (tenant, company)
    }

    /// A company with the golden chart.
    pub fn company(&self, name: &str) -> CompanySummary {
        let accounts = golden()["accounts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| serde_json::from_value::<NewAccount>(row.clone()).unwrap())
            .chain([
                NewAccount {
                    name: "Accounts Receivable".into(),
                    account_type: "Accounts Receivable".into(),
                    account_sub_type: None,
                    number: Some("1100".into()),
                },
                NewAccount {
                    name: "Accounts Payable".into(),
                    account_type: "Accounts Payable".into(),
                    account_sub_type: None,
                    number: Some("2000".into()),
                },
            ])
            .collect();
        self.quickbooks()
            .seed_company(NewCompany {
                accounts,
                ..NewCompany::named(name)
            })
            .unwrap()
    }

    /// A request whose answer must be good.
    pub async fn ok(&self, method: Method, path: &str, key: &str, body: Option<Value>) -> Value {
        let (status, answer) = self.send(method.clone(), path, key, body).await;
        assert!(status.is_success(), "{method} {path}: {status} {answer:#}");
        answer
    }

    /// A request and its answer, good or not; null where there is no body.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        key: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let mut request = self.request(method, path, key);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = self.answer(request).await;
        let text = answer.text();
        let value = if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        };
        (answer.status, value)
    }

    /// The whole answer to a request; it must be one that the OpenAPI document declares.
    pub async fn answer(&self, request: reqwest::RequestBuilder) -> Answer {
        let request = request.build().unwrap();
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let response = self.http.execute(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let answer = Answer {
            status,
            headers,
            bytes: response.bytes().await.unwrap().to_vec(),
        };
        contract::check(&method, &path, &answer);
        answer
    }
}

/// An answer of the API.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// Its body as JSON; null where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The media type of its body, without parameters.
    pub fn content_type(&self) -> String {
        self.header("content-type")
            .split(';')
            .next()
            .unwrap_or_default()
            .to_owned()
    }

    /// The code of the problem that it is.
    pub fn code(&self) -> Option<String> {
        self.json()["code"].as_str().map(str::to_owned)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn settings(
    base: &Url,
    callback: Url,
    simulator: &Simulator,
    (posting, limits, access): (Posting, Limits, Access),
) -> Settings {
    Settings {
        environment: Environment::Test,
        pepper: SecretString::from("pepper-of-the-stories-0123456789-abcdef"),
        key_encryption_key: SecretString::from("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
        previous_key_encryption_keys: Vec::new(),
        webhook_verifier: Some(SecretString::from(VERIFIER)),
        vendor_name: "Harbour Point of Sale".to_owned(),
        platform_key: SecretString::from(PLATFORM_KEY),
        public_url: base.clone(),
        return_urls: vec![base.join("done").unwrap()],
        quickbooks: quickbooks::Settings {
            client_id: simulator.client_id().to_owned(),
            client_secret: SecretString::from(simulator.client_secret().to_owned()),
            redirect_uri: callback,
            api_base_url: simulator.base_url(),
            endpoints: quickbooks::Endpoints::Discovery(
                simulator
                    .base_url()
                    .join(".well-known/openid_sandbox_configuration")
                    .unwrap(),
            ),
            minor_version: quickbooks::Settings::MINOR_VERSION,
            timeouts: quickbooks::Timeouts::default(),
        },
        quickbooks_app_url: simulator.base_url(),
        posting,
        webhooks: Webhooks {
            loopback: true,
            ..Webhooks::default()
        },
        limits,
        access,
    }
}

/// A tenant and its key.
pub struct Tenant<'w> {
    pub world: &'w World,
    pub id: TenantId,
    pub key: String,
}

impl Tenant<'_> {
    pub fn path(&self, rest: &str) -> String {
        format!("/v1/tenants/{}{rest}", self.id)
    }

    pub async fn get(&self, rest: &str) -> Value {
        self.world
            .ok(Method::GET, &self.path(rest), &self.key, None)
            .await
    }

    pub async fn post(&self, rest: &str, body: Value) -> Value {
        self.world
            .ok(Method::POST, &self.path(rest), &self.key, Some(body))
            .await
    }

    pub async fn put(&self, rest: &str, body: Value) -> Value {
        self.world
            .ok(Method::PUT, &self.path(rest), &self.key, Some(body))
            .await
    }

    /// Changes the settings of the books.
    pub async fn patch_settings(&self, settings: Value) -> Value {
        let path = self.path("/settings");
        self.world
            .ok(Method::PATCH, &path, &self.key, Some(settings))
            .await
    }

    pub async fn send(
        &self,
        method: Method,
        rest: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        self.world
            .send(method, &self.path(rest), &self.key, body)
            .await
    }

    /// Takes turns until nothing is due.
    pub async fn drain(&self) -> Option<DateTime<Utc>> {
        self.world.drain(self.id).await
    }

    /// Goes the browser's way to Intuit and back, and imports the chart.
    pub async fn connect(&self, realm_id: &str) {
        let outcome = self.consent(realm_id, json!({})).await;
        assert_eq!(outcome, "connected");
        self.drain().await;
    }

    /// Goes the browser's way with this request, consenting for a company; tells the outcome.
    pub async fn consent(&self, realm_id: &str, request: Value) -> String {
        self.world
            .quickbooks()
            .set_consent(sandbox::quickbooks::Consent {
                realm_id: Some(realm_id.to_owned()),
                deny: false,
            })
            .unwrap();
        let mut request = request;
        request["return_url"] = json!(self.world.base.join("done").unwrap());
        let flow = self
            .post("/connection/authorization-requests", request)
            .await;
        self.browse(flow["authorization_url"].as_str().unwrap())
            .await
    }

    /// Follows a connect link as a browser does, with its cookie; tells the outcome it ends with.
    pub async fn browse(&self, link: &str) -> String {
        let mut url: Url = link.parse().unwrap();
        let mut cookie = None;
        for _ in 0..5 {
            let mut request = self.world.http.get(url.clone());
            if let Some(cookie) = &cookie {
                request = request.header("cookie", cookie);
            }
            let answer = request.send().await.unwrap();
            assert_eq!(
                answer.status(),
                StatusCode::FOUND,
                "{url}: {}",
                answer.text().await.unwrap()
            );
            if let Some(set) = answer.headers().get("set-cookie") {
                cookie = set.to_str().unwrap().split(';').next().map(str::to_owned);
            }
            url = url
                .join(answer.headers()["location"].to_str().unwrap())
                .unwrap();
            if let Some((_, outcome)) = url.query_pairs().find(|(name, _)| name == "outcome") {
                return outcome.into_owned();
            }
        }
        panic!("the browser goes in circles: {url}");
    }

    /// The id of an account by its number.
    pub async fn account(&self, number: &str) -> String {
        let accounts = self.get("/accounts").await;
        accounts["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|account| account["number"] == number)
            .unwrap_or_else(|| panic!("no account {number}: {accounts:#}"))["id"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Maps one slot and key.
    pub async fn map(&self, slot: &str, key: Option<&str>, number: &str) -> Value {
        let body = json!({ "slot": slot, "key": key, "account_id": self.account(number).await });
        self.world
            .ok(Method::PUT, &self.path("/mappings"), &self.key, Some(body))
            .await
    }

    /// Maps as the golden cases are mapped.
    pub async fn map_golden(&self) {
        let accounts = self.get("/accounts").await;
        let rows: Vec<Value> = golden()["mapping"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                let account = accounts["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .find(|account| account["number"] == row["account"])
                    .unwrap();
                json!({ "slot": row["slot"], "key": row.get("key"), "account_id": account["id"] })
            })
            .collect();
        let answer = self
            .post("/mappings/bulk", json!({ "mappings": rows }))
            .await;
        for result in answer["results"].as_array().unwrap() {
            assert!(result["problem"].is_null(), "{result:#}");
        }
    }

    /// Sends events; each must be taken in. Tells their ids.
    pub async fn send_events(&self, events: Vec<Value>) -> Vec<String> {
        let answer = self.post("/events", json!({ "events": events })).await;
        answer["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|result| {
                assert_eq!(result["result"], "accepted", "{result:#}");
                result["id"].as_str().unwrap().to_owned()
            })
            .collect()
    }

    /// Sends one event; tells its id.
    pub async fn send_event(&self, event: Value) -> String {
        self.send_events(vec![event]).await.remove(0)
    }

    pub async fn event(&self, id: &str) -> Value {
        self.get(&format!("/events/{id}")).await
    }

    pub async fn status(&self, id: &str) -> String {
        self.event(id).await["status"].as_str().unwrap().to_owned()
    }

    /// Waits out the quiet period and both absences, taking turns as they come due.
    pub async fn settle(&self) {
        for _ in 0..20 {
            let Some(due) = self.drain().await else {
                return;
            };
            let now = self.now().await;
            if due > now {
                self.world
                    .advance(due - now + TimeDelta::milliseconds(100))
                    .await;
            }
        }
        panic!("the tenant's events do not settle");
    }

    /// The product's time.
    pub async fn now(&self) -> DateTime<Utc> {
        let tx = self.world.service.tenant(self.id).await.unwrap();
        tx.now().await.unwrap()
    }

    /// An event of a kind that needs only the golden mapping: a ticket of 50.00 paid in cash, now.
    pub async fn ticket(&self, external_id: &str) -> Value {
        ticket_at(external_id, self.now().await)
    }
}

/// A ticket of 50.00 paid in cash.
pub fn ticket_at(external_id: &str, occurred_at: DateTime<Utc>) -> Value {
    json!({
        "external_id": external_id,
        "occurred_at": occurred_at.to_rfc3339(),
        "transaction": {
            "type": "ticket",
            "lines": [{ "kind": "item", "item_class": "apparel", "quantity": "1", "amount": "50.00", "unit_cost": "20.00" }],
            "payments": [{ "payment_type": "cash", "amount": "50.00" }],
        },
    })
}

/// The golden cases: accounts, mapping, events and their entries.
pub fn golden() -> Value {
    serde_json::from_str(include_str!(
        "../../accounting/tests/cases/journal-entries.json"
    ))
    .unwrap()
}
