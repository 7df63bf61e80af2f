//! Secrets that are planted where secrets stand are found nowhere else: not in the log at its most talkative, not in an answer
//! that does not show them on purpose, not in a dump of the database, not in one of Redis.

use crate::canaries::{Canaries, forms};
use crate::house::{House, PLATFORM_KEY, PUBLIC_HOST};
use crate::receiver::{Manner, Receiver};
use crate::running::{Running, eventually};
use crate::store::{Store, ticket};
use chrono::TimeDelta;
use data_encoding::BASE64;
use reqwest::{Method, StatusCode};
use sandbox::quickbooks::{FaultPlan, Operation, Outcome};
use sandbox::servers::Server;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use url::Url;

/// Secrets by name, and everything that was answered.
#[derive(Default)]
struct Gathered {
    secrets: BTreeMap<String, Vec<u8>>,
    answers: Vec<u8>,
}

impl Gathered {
    fn plant(&mut self, name: &str, secret: impl AsRef<[u8]>) {
        let name = format!("{name} {}", self.secrets.len());
        self.secrets.insert(name, secret.as_ref().to_vec());
    }

    /// Asks, and keeps the answer for the search.
    async fn asks(
        &mut self,
        store: &Store,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Value {
        let (_, answer) = store.attempt(method, path, body).await.unwrap();
        self.answers.extend(answer.to_string().into_bytes());
        self.answers.push(b'\n');
        answer
    }

    /// The browser's way, with everything secret on it.
    async fn connects(&mut self, store: &Store) {
        let (_, flow) = store
            .attempt(
                Method::POST,
                "connection/authorization-requests",
                Some(json!({})),
            )
            .await
            .unwrap();
        let mut url: Url = flow["authorization_url"].as_str().unwrap().parse().unwrap();
        self.plant(
            "a link's secret",
            url.path_segments().unwrap().next_back().unwrap(),
        );
        let mut cookie = String::new();
        let mut reloads = 0;
        loop {
            for (name, value) in url.query_pairs() {
                match &*name {
                    "state" => self.plant("a state", value.as_bytes()),
                    "code" => self.plant("an authorization code", value.as_bytes()),
                    _ => {}
                }
            }
            let answer = store
                .http
                .get(url.clone())
                .header("cookie", &cookie)
                .send()
                .await
                .unwrap();
            if let Some(set) = answer
                .headers()
                .get("set-cookie")
                .map(|set| set.to_str().unwrap())
            {
                cookie = set.split(';').next().unwrap().to_owned();
                let value = cookie.split_once('=').unwrap().1;
                if !value.is_empty() {
                    self.plant("a browser's binding", value);
                }
            }
            // As a person does whose page says so: a connection to a database that came back may be found broken by whoever uses it first.
            if answer.status() == StatusCode::SERVICE_UNAVAILABLE && reloads < 10 {
                reloads += 1;
                self.answers.extend(answer.bytes().await.unwrap());
                continue;
            }
            if answer.status() != StatusCode::FOUND {
                let (status, body) = (answer.status(), answer.bytes().await.unwrap());
                let text = String::from_utf8_lossy(&body);
                assert!(
                    url.as_str().contains("outcome=connected"),
                    "{url} answers {status}: {text}"
                );
                self.answers.extend(body);
                return;
            }
            url = url
                .join(answer.headers()["location"].to_str().unwrap())
                .unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn planted_secrets_are_found_nowhere_they_should_not_be() {
    let mut gathered = Gathered::default();
    let house = talkative(&mut gathered).await;
    let mut product = house.start("serve");
    let store = Store::opened(&house, &mut product).await;
    gathered.plant("an API key", store.key().rsplit('_').nth(1).unwrap());

    lives(&house, &store, &mut gathered).await;
    let mut product = breaks_down(&house, &store, &mut gathered, product).await;
    ends(&house, &store, &mut gathered).await;
    for (n, secret) in house.quickbooks().issued_secrets().into_iter().enumerate() {
        gathered.plant(&format!("a token or code of Intuit's {n}"), secret);
    }
    assert!(gathered.secrets.len() > 20, "{:?}", gathered.secrets.keys());

    let secrets = gathered
        .secrets
        .iter()
        .map(|(name, secret)| (name.as_str(), &secret[..]));
    let canaries = Canaries::of(secrets);
    let (database, redis) = (dump(&house).await, redis_dump(&house).await);
    product.terminate();
    eventually("the end", async || product.has_ended().then_some(())).await;
    let log = product.log();
    for (place, text) in [
        ("the log", log.as_bytes()),
        ("the answers", &gathered.answers[..]),
        ("the database", &database[..]),
        ("Redis", &redis[..]),
    ] {
        let found = canaries.found_in(text);
        assert!(found.is_empty(), "in {place}: {found:#?}");
    }

    println!(
        "door: secrecy: {} secrets searched for in the log, the answers, the database and Redis ({} kB), none found",
        gathered.secrets.len(),
        (log.len() + gathered.answers.len() + database.len() + redis.len()) / 1000
    );
    // These places were looked at, and they are talkative.
    let tenant = store.tenant.as_bytes();
    for (place, text, known) in [
        ("the log", log.as_bytes(), tenant),
        ("the log", log.as_bytes(), &b"TRACE"[..]),
        (
            "the answers",
            &gathered.answers[..],
            b"Harbour Street Outfitters",
        ),
        ("the database", &database[..], b"Harbour Street Outfitters"),
        ("Redis", &redis[..], b"tillpost"),
    ] {
        assert!(
            text.windows(known.len()).any(|window| window == known),
            "{place} does not hold {known:?}"
        );
    }
    the_search_finds_what_is_there(&house, &gathered, &canaries).await;
}

// A canary that is put there in each form is found, in the database and in Redis.
async fn the_search_finds_what_is_there(house: &House, gathered: &Gathered, canaries: &Canaries) {
    let (_, secret) = gathered
        .secrets
        .iter()
        .find(|(name, _)| name.starts_with("an API key"))
        .unwrap();
    house
        .sql("CREATE TABLE planted (form text, as_text text, as_bytes bytea)")
        .await;
    let mut planted = Vec::new();
    for (form, written) in forms(secret) {
        let written = String::from_utf8(written).unwrap();
        house
            .sql(&format!("INSERT INTO planted VALUES ('{form}', 'x{written}x', convert_to('x{written}x', 'UTF8'))"))
            .await;
        planted.push(written);
    }
    house
        .redis(&format!("SET planted x{}x", planted[0]))
        .await
        .unwrap();
    let found = canaries.kinds_in(&dump(house).await);
    for form in [
        "plain",
        "hexadecimal",
        "upper hexadecimal",
        "base 64",
        "base 64 of URLs",
    ] {
        assert!(
            found
                .iter()
                .any(|kind| kind.ends_with(&format!(", {form}"))),
            "{form}: {found:?}"
        );
    }
    assert!(!canaries.found_in(&redis_dump(house).await).is_empty());
}

/// A house with secrets of its own, whose product logs everything.
async fn talkative(gathered: &mut Gathered) -> House {
    let mut house = House::built().await;
    let random = || data_encoding::HEXLOWER.encode(&rand::random::<[u8; 32]>());
    let key: [u8; 32] = rand::random();
    let client_secret = random();
    let (id, callback) = (
        house.simulator.client_id().to_owned(),
        format!("http://{PUBLIC_HOST}/v1/oauth/callback"),
    );
    house
        .quickbooks()
        .register_app(&id, &client_secret, &[callback]);
    gathered.plant("the platform's key", PLATFORM_KEY);
    gathered.plant("the key-encryption key", key);
    for (name, secret) in [
        ("TILLPOST_PEPPER", random()),
        ("TILLPOST_KEY_ENCRYPTION_KEY", BASE64.encode(&key)),
        ("QUICKBOOKS_CLIENT_SECRET", client_secret),
    ] {
        gathered.plant(name, &secret);
        house.environment.insert(name, secret);
    }
    house.environment.insert("RUST_LOG", "trace".into());
    house
}

/// Connects, posts, refreshes, rotates, and sends messages.
async fn lives(house: &House, store: &Store, gathered: &mut Gathered) {
    gathered.connects(store).await;
    let (well, failing) = (
        Receiver::start(Manner::Well).await,
        Receiver::start(Manner::Status(500, "")).await,
    );
    for receiver in [&well, &failing] {
        let (_, made) = store
            .attempt(
                Method::POST,
                "webhook-endpoints",
                Some(json!({ "url": receiver.url() })),
            )
            .await
            .unwrap();
        let path = format!("webhook-endpoints/{}", made["id"].as_str().unwrap());
        let (_, rotated) = store
            .attempt(
                Method::POST,
                &format!("{path}/rotate-secret"),
                Some(json!({})),
            )
            .await
            .unwrap();
        for answer in [&made, &rotated] {
            let secret = answer["secret"].as_str().unwrap();
            gathered.plant("a webhook secret", secret.trim_start_matches("whsec_"));
            gathered.plant(
                "a webhook secret's bytes",
                BASE64
                    .decode(secret.trim_start_matches("whsec_").as_bytes())
                    .unwrap(),
            );
        }
        gathered
            .asks(store, Method::POST, &format!("{path}/test"), None)
            .await;
    }
    eventually("a message", async || {
        (!well.received().is_empty() && !failing.received().is_empty()).then_some(())
    })
    .await;
    let (_, key) = store
        .attempt(Method::POST, "api-keys", Some(json!({ "name": "another" })))
        .await
        .unwrap();
    gathered.plant(
        "another API key",
        key["secret"].as_str().unwrap().rsplit('_').nth(1).unwrap(),
    );
    for (n, ahead) in [
        TimeDelta::minutes(1),
        TimeDelta::minutes(61),
        TimeDelta::hours(25),
    ]
    .into_iter()
    .enumerate()
    {
        house.advance(ahead).await;
        store
            .send(&[ticket(house, &format!("sold {n}")).await])
            .await;
        store.synced(i64::try_from(n).unwrap() + 1).await;
    }
}

/// Calls that fail in every way, requests that are wrong in every way, and a database that goes away.
async fn breaks_down(
    house: &House,
    store: &Store,
    gathered: &mut Gathered,
    product: Running,
) -> Running {
    let quickbooks = house.quickbooks();
    let realm = &store.company.realm_id;
    for (operation, outcome) in [
        (Operation::CreateJournalEntry, Outcome::Unauthorized),
        (Operation::CreateJournalEntry, Outcome::Garbage),
        (Operation::CreateJournalEntry, Outcome::Status(503)),
        (Operation::Refresh, Outcome::Status(500)),
        (Operation::Refresh, Outcome::Garbage),
    ] {
        quickbooks.plan(FaultPlan::next(operation, outcome));
    }
    quickbooks.expire_access_tokens(realm).unwrap();
    store.send(&[ticket(house, "sold in trouble").await]).await;
    let key = store.key().to_owned();
    for path in [
        format!("events?key={key}"),
        format!("events?status={key}"),
        format!("events?cursor={key}"),
        format!("events/{key}"),
        key.to_string(),
        format!("webhook-endpoints/{key}/deliveries"),
    ] {
        // An answer may repeat what it was asked for; no log may.
        store.attempt(Method::GET, &path, None).await.unwrap();
    }
    for (path, body) in [
        ("api-keys", json!({ key.clone(): 1 })),
        (
            "events",
            json!({ "events": [{ "external_id": 7, "memo": key }] }),
        ),
    ] {
        store.attempt(Method::POST, path, Some(body)).await.unwrap();
    }
    // A callback with a code and a state that nobody gave.
    let callback = format!(
        "http://{PUBLIC_HOST}/v1/oauth/callback?state={key}&code=AB11{key}&realmId={realm}"
    );
    let answer = store.http.get(callback).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    gathered.answers.extend(answer.bytes().await.unwrap());
    house.crash(Server::Postgres).await;
    for _ in 0..3 {
        // It may be answered badly, or not at all.
        if let Ok((_, answer)) = store.attempt(Method::GET, "connection", None).await {
            gathered.answers.extend(answer.to_string().into_bytes());
        }
    }
    product
}

/// The grant is revoked in QuickBooks; then everything is looked at, and disconnected.
async fn ends(house: &House, store: &Store, gathered: &mut Gathered) {
    for path in [
        "connection",
        "api-keys",
        "webhook-endpoints",
        "audit-log?limit=200",
        "alerts",
        "sync",
        "settings",
        "events",
        "mappings?limit=200",
        "accounts",
        "audit-log/export",
        "audit-log/head",
    ] {
        gathered.asks(store, Method::GET, path, None).await;
    }
    let endpoints = gathered
        .asks(store, Method::GET, "webhook-endpoints", None)
        .await;
    for endpoint in endpoints["items"].as_array().unwrap() {
        let path = format!(
            "webhook-endpoints/{}/deliveries",
            endpoint["id"].as_str().unwrap()
        );
        gathered.asks(store, Method::GET, &path, None).await;
    }
    house.quickbooks().clear_plans();
    gathered.connects(store).await;
    house
        .quickbooks()
        .revoke_grants(&store.company.realm_id)
        .unwrap();
    house.advance(TimeDelta::minutes(62)).await;
    store.send(&[ticket(house, "sold too late").await]).await;
    eventually("that the grant has ended", async || {
        (store.get("connection").await["state"] == "action_required").then_some(())
    })
    .await;
    gathered.connects(store).await;
    gathered
        .asks(store, Method::DELETE, "connection", None)
        .await;
}

/// Every row of every table of the database, as a superuser reads them.
async fn dump(house: &House) -> Vec<u8> {
    let text = |row: &sea_orm::QueryResult| -> String { row.try_get_by_index(0).unwrap() };
    let tables = house
        .rows("SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')")
        .await;
    assert!(tables.len() > 30);
    let mut dump = Vec::new();
    for table in tables.iter().map(text) {
        for row in house.rows(&format!("SELECT t::text FROM {table} t")).await {
            dump.extend(text(&row).into_bytes());
            dump.push(b'\n');
        }
    }
    for row in house
        .rows("SELECT coalesce(query, '') FROM pg_stat_activity")
        .await
    {
        dump.extend(text(&row).into_bytes());
    }
    dump
}

/// What Redis keeps on disk, as it is.
async fn redis_dump(house: &House) -> Vec<u8> {
    house.redis("CONFIG SET rdbcompression no").await.unwrap();
    house.redis("SAVE").await.unwrap();
    let place = house.redis("CONFIG GET dir").await.unwrap();
    let place: Vec<String> = redis::from_redis_value(place).unwrap();
    std::fs::read(std::path::Path::new(&place[1]).join("dump.rdb")).unwrap()
}
