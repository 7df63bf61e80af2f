//! The post: messages of many tenants on their way to receivers of which some are slow, failing, hanging or gone, while workers
//! are killed. What is measured is read from the database and from the receivers.

use crate::house::{House, PLATFORM_KEY, PUBLIC_HOST};
use crate::receiver::{Manner, Receiver};
use crate::running::Running;
use chrono::{DateTime, TimeDelta, Utc};
use entity::id::WebhookMessageId;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

/// A tenant, its endpoint, and who receives there.
struct Address {
    tenant: String,
    key: String,
    endpoint: String,
    receiver: Receiver,
    manner: Manner,
}

/// The house, its processes, and all addresses.
pub struct Post {
    house: House,
    api: Running,
    workers: Vec<Running>,
    http: Client,
    addresses: Vec<Address>,
}

/// How long first attempts to healthy receivers took, from the fact to the sending, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct First {
    pub median: f64,
    pub p99: f64,
    pub most: f64,
}

/// What came of everything.
#[derive(Debug, Clone, Copy)]
pub struct Judgement {
    /// Messages that are facts.
    pub messages: usize,
    /// What receivers took in all, repeats included.
    pub received: usize,
    /// Of those, what had come before under the same id.
    pub repeats: usize,
}

impl Post {
    /// A house with so many workers, and an endpoint for each of these manners.
    pub async fn opened(workers: usize, manners: Vec<Manner>) -> Self {
        let house = House::built().await;
        let mut api = house.start("api");
        let line = api.says("serving on http://").await;
        let address = line.split("http://").nth(1).unwrap();
        let end = address
            .find(|c: char| !c.is_ascii_digit() && !".:".contains(c))
            .unwrap_or(address.len());
        let http = Client::builder()
            .no_proxy()
            .resolve(PUBLIC_HOST, address[..end].parse().unwrap())
            .build()
            .unwrap();
        let mut post = Self {
            workers: (0..workers).map(|_| house.start("worker")).collect(),
            house,
            api,
            http,
            addresses: Vec::new(),
        };
        for (place, manner) in manners.into_iter().enumerate() {
            let address = post.address(place, manner).await;
            post.addresses.push(address);
        }
        post
    }

    async fn address(&self, place: usize, manner: Manner) -> Address {
        let receiver = Receiver::start(manner.clone()).await;
        let text = |value: &Value, name: &str| value[name].as_str().unwrap().to_owned();
        let tenant = self
            .ask(
                PLATFORM_KEY,
                Method::POST,
                "v1/tenants",
                json!({ "name": format!("store {place}") }),
            )
            .await;
        let tenant = text(&tenant, "id");
        let path = format!("v1/tenants/{tenant}/api-keys");
        let key = text(
            &self
                .ask(PLATFORM_KEY, Method::POST, &path, json!({ "name": "post" }))
                .await,
            "secret",
        );
        let path = format!("v1/tenants/{tenant}/webhook-endpoints");
        let endpoint = self
            .ask(&key, Method::POST, &path, json!({ "url": receiver.url() }))
            .await;
        Address {
            endpoint: text(&endpoint, "id"),
            tenant,
            key,
            receiver,
            manner,
        }
    }

    async fn ask(&self, key: &str, method: Method, path: &str, body: Value) -> Value {
        let url = format!("http://{PUBLIC_HOST}/{path}");
        let answer = self
            .http
            .request(method, url)
            .bearer_auth(key)
            .json(&body)
            .send()
            .await
            .unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// Lets `count` things happen at once to the addresses of which `chosen` holds, in turn.
    pub async fn happens(&self, count: usize, chosen: impl Fn(&Manner) -> bool) {
        let tenants: Vec<String> = self
            .addresses
            .iter()
            .filter(|address| chosen(&address.manner))
            .map(|address| format!("'{}'", uuid_of(&address.tenant)))
            .collect();
        let sql = format!(
            "INSERT INTO webhook_message (tenant_id, id, type, data)
               SELECT (ARRAY[{}]::uuid[])[1 + n % {}], gen_random_uuid(), 'event.synced', jsonb_build_object('n', n, 'link', repeat('x', 300))
                 FROM generate_series(0, {count} - 1) AS n",
            tenants.join(", "),
            tenants.len()
        );
        self.house.sql(&sql).await;
    }

    /// The product's time.
    pub async fn now(&self) -> DateTime<Utc> {
        self.house.now().await
    }

    /// Disables or enables the endpoints of which `chosen` holds.
    pub async fn enable(&self, enabled: bool, chosen: impl Fn(&Manner) -> bool) {
        for address in self
            .addresses
            .iter()
            .filter(|address| chosen(&address.manner))
        {
            let path = format!(
                "v1/tenants/{}/webhook-endpoints/{}",
                address.tenant, address.endpoint
            );
            self.ask(
                &address.key,
                Method::PATCH,
                &path,
                json!({ "enabled": enabled }),
            )
            .await;
        }
    }

    /// Kills a worker where it stands, and starts another.
    pub async fn kill_a_worker(&mut self) {
        self.workers.remove(0).kill().await;
        self.workers.push(self.house.start("worker"));
    }

    /// How long it takes until everything has reached the healthy ones.
    pub async fn until_the_healthy_have_all(&self) -> Duration {
        let began = Instant::now();
        let sql = format!(
            "SELECT (SELECT count(*) FROM webhook_message WHERE number IS NULL AND tenant_id IN ({0}))
                  + (SELECT count(*) FROM webhook_delivery WHERE state = 'waiting' AND tenant_id IN ({0}))",
            self.healthy()
        );
        while self.house.number(&sql).await > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        began.elapsed()
    }

    fn healthy(&self) -> String {
        let healthy = self
            .addresses
            .iter()
            .filter(|address| address.manner == Manner::Well);
        let tenants: Vec<String> = healthy
            .map(|address| format!("'{}'", uuid_of(&address.tenant)))
            .collect();
        tenants.join(", ")
    }

    /// First attempts to healthy receivers of what happened in this time.
    pub async fn first_attempts(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> First {
        let sql = format!(
            "SELECT percentile_disc(ARRAY[0.5, 0.99, 1.0]) WITHIN GROUP (
                 ORDER BY (extract(epoch FROM a.started_at - m.occurred_at) * 1000)::float8)
               FROM webhook_attempt a JOIN webhook_message m ON m.tenant_id = a.tenant_id AND m.id = a.message_id
              WHERE a.number = 1 AND m.occurred_at >= '{}' AND m.occurred_at < '{}' AND a.tenant_id IN ({})",
            from.to_rfc3339(),
            to.to_rfc3339(),
            self.healthy()
        );
        let figures: Vec<f64> = self.house.rows(&sql).await[0].try_get_by_index(0).unwrap();
        First {
            median: figures[0],
            p99: figures[1],
            most: figures[2],
        }
    }

    /// Mends every receiver, enables what was disabled, replays what did not arrive, and sets the clock ahead until nothing waits;
    /// then compares what was received with what happened.
    pub async fn mended_and_judged(self) -> Judgement {
        for address in &self.addresses {
            address.receiver.behaves(Manner::Well);
        }
        for round in 0..200 {
            if round < 2 {
                for address in &self.addresses {
                    let path = format!(
                        "v1/tenants/{}/webhook-endpoints/{}",
                        address.tenant, address.endpoint
                    );
                    self.ask(
                        &address.key,
                        Method::PATCH,
                        &path,
                        json!({ "enabled": true }),
                    )
                    .await;
                    let replay = json!({ "from_number": 1, "undelivered_only": true });
                    self.ask(
                        &address.key,
                        Method::POST,
                        &format!("{path}/replays"),
                        replay,
                    )
                    .await;
                }
            }
            let unrest = "SELECT (SELECT count(*) FROM webhook_message WHERE number IS NULL)
                 + (SELECT count(*) FROM webhook_lane WHERE due_at <= tillpost_now() OR holder IS NOT NULL)";
            for _ in 0..6000 {
                if self.house.number(unrest).await == 0 {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            if round > 1
                && self
                    .house
                    .number("SELECT count(*) FROM webhook_delivery WHERE state <> 'delivered'")
                    .await
                    == 0
            {
                break;
            }
            self.house.advance(TimeDelta::hours(1)).await;
        }
        let judgement = self.judge().await;
        self.api.stop().await;
        for worker in self.workers {
            worker.stop().await;
        }
        judgement
    }

    async fn judge(&self) -> Judgement {
        let mut judgement = Judgement {
            messages: 0,
            received: 0,
            repeats: 0,
        };
        for address in &self.addresses {
            let sql = format!(
                "SELECT id FROM webhook_message WHERE tenant_id = '{}'",
                uuid_of(&address.tenant)
            );
            let facts: HashSet<String> = self
                .house
                .rows(&sql)
                .await
                .iter()
                .map(|row| WebhookMessageId(row.try_get_by_index(0).unwrap()).to_string())
                .collect();
            let mut bodies: HashMap<String, Vec<u8>> = HashMap::new();
            for message in address.receiver.received() {
                judgement.received += 1;
                match bodies.get(message.id()) {
                    Some(body) => {
                        assert!(*body == message.body, "two bodies under {}", message.id());
                        judgement.repeats += 1;
                    }
                    None => drop(bodies.insert(message.id().to_owned(), message.body.clone())),
                }
            }
            let received: HashSet<String> = bodies.into_keys().collect();
            let lost = facts.difference(&received).count();
            let invented = received.difference(&facts).count();
            assert_eq!(
                (lost, invented),
                (0, 0),
                "lost and invented, of {:?}",
                address.manner
            );
            judgement.messages += facts.len();
        }
        judgement
    }
}

fn uuid_of(tenant: &str) -> String {
    tenant
        .parse::<entity::id::TenantId>()
        .unwrap()
        .0
        .to_string()
}
