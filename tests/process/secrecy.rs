//! Secrets that are planted where secrets stand are found nowhere else: not in the log at its most talkative, not in an answer
//! that does not show them on purpose, not in a dump of the database nor in its log of every statement, not in a dump of Redis.

mod credentials;
mod places;

use crate::canaries::{Canaries, forms};
use crate::house::{House, PLATFORM_KEY, PUBLIC_HOST, SETTABLE_CLOCK};
use crate::idp::IdentityProvider;
use crate::receiver::{Manner, Receiver};
use crate::running::{Running, eventually, run};
use crate::store::{Store, ticket};
use chrono::TimeDelta;
use credentials::{Verifier, misuses, uses};
use data_encoding::BASE64;
use places::{dump, postgres_log, redis_dump, talks_and_asks_for_passwords};
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

    /// A signed token: its claims as they are written, and its signature.
    fn plant_token(&mut self, name: &str, token: &str) {
        for part in token.split('.').skip(1) {
            self.plant(name, part);
        }
    }

    /// The API key that an answer shows once.
    fn plant_key(&mut self, name: &str, shown: &Value) {
        let secret = shown["secret"].as_str().unwrap();
        self.plant(name, secret.rsplit('_').nth(1).unwrap());
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
    let provider = IdentityProvider::start().await;
    let (house, verifier) = talkative(&mut gathered, &provider).await;
    let migrated = run("migrate", &house.environment).await;
    let said = [migrated.stdout, migrated.stderr].concat();
    assert!(
        migrated.status.success(),
        "{}",
        String::from_utf8_lossy(&said)
    );
    house.sql(SETTABLE_CLOCK).await;
    let mut product = house.start("serve");
    let store = Store::opened(&house, &mut product).await;
    gathered.plant("an API key", store.key().rsplit('_').nth(1).unwrap());

    lives(&house, &store, &mut gathered).await;
    uses(&house, &store, &mut gathered, &provider, &verifier).await;
    misuses(&store, &mut gathered).await;
    let mut product = breaks_down(&house, &store, &mut gathered, product).await;
    ends(&house, &store, &mut gathered).await;
    for (n, secret) in house.quickbooks().issued_secrets().into_iter().enumerate() {
        gathered.plant(&format!("a token or code of Intuit's {n}"), secret);
    }
    assert!(gathered.secrets.len() > 40, "{:?}", gathered.secrets.keys());

    let secrets = gathered
        .secrets
        .iter()
        .map(|(name, secret)| (name.as_str(), &secret[..]));
    let canaries = Canaries::of(secrets);
    let (database, redis) = (dump(&house).await, redis_dump(&house).await);
    let statements = postgres_log(&house).await;
    product.terminate();
    eventually("the end", async || product.has_ended().then_some(())).await;
    let log = product.log();
    for (place, text) in [
        ("the log", log.as_bytes()),
        ("what migrate said", &said[..]),
        ("the answers", &gathered.answers[..]),
        ("the database", &database[..]),
        ("PostgreSQL's log", &statements[..]),
        ("Redis", &redis[..]),
    ] {
        let found = canaries.found_in(text);
        assert!(found.is_empty(), "in {place}: {found:#?}");
    }

    println!(
        "door: secrecy: {} secrets searched for in the log, the answers, the database, its log of every statement and Redis ({} kB), none found",
        gathered.secrets.len(),
        (log.len() + gathered.answers.len() + database.len() + statements.len() + redis.len())
            / 1000
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
        (
            "PostgreSQL's log",
            &statements[..],
            b"ALTER ROLE tillpost_app PASSWORD 'SCRAM-SHA-256$4096:",
        ),
        // Statements, with their values.
        (
            "PostgreSQL's log",
            &statements[..],
            b"Harbour Street Outfitters",
        ),
        (
            "PostgreSQL's log",
            &statements[..],
            b"INSERT INTO idempotency_key",
        ),
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
async fn talkative(gathered: &mut Gathered, provider: &IdentityProvider) -> (House, Verifier) {
    let mut house = House::empty().await;
    talks_and_asks_for_passwords(&house).await;
    let random = || data_encoding::HEXLOWER.encode(&rand::random::<[u8; 32]>());
    let key: [u8; 32] = rand::random();
    let (client_secret, verifier) = (random(), Verifier(random()));
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
        ("QUICKBOOKS_WEBHOOK_VERIFIER", verifier.0.clone()),
    ] {
        gathered.plant(name, &secret);
        house.environment.insert(name, secret);
    }
    let token_keys = [rand::random::<[u8; 32]>(), rand::random()];
    for key in token_keys {
        gathered.plant("a key that signs tokens", key);
    }
    let token_keys = token_keys.map(|key| BASE64.encode(&key));
    house
        .environment
        .insert("TILLPOST_TOKEN_KEYS", token_keys.join(","));
    // Passwords in letters that are not written one way only: what logs in is what they all mean.
    for (name, password) in [
        ("DATABASE_URL", format!("{}Ⅸ-ä", random())),
        ("PLATFORM_DATABASE_URL", format!("{}'\u{a0}", random())),
    ] {
        gathered.plant("a password of the database's", &password[..64]);
        let mut url: Url = house.environment[name].parse().unwrap();
        url.set_password(Some(&password)).unwrap();
        house.environment.insert(name, url.into());
    }
    for (name, value) in [
        ("TILLPOST_IDP_ISSUER", crate::idp::ISSUER.to_owned()),
        ("TILLPOST_IDP_AUDIENCE", crate::idp::AUDIENCE.to_owned()),
        ("TILLPOST_IDP_JWKS_URL", provider.url()),
        ("TILLPOST_IDP_ALGORITHM", "EdDSA".to_owned()),
        ("RUST_LOG", "trace".to_owned()),
    ] {
        house.environment.insert(name, value);
    }
    (house, verifier)
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
