//! Messages to the outside: what happens is told, signed, in order, once it is a fact, until it is taken; and never otherwise.

mod lanes;
pub mod many;
mod plans;

use crate::contract;
use crate::receiver::{Manner, Received, Receiver};
use crate::world::{PLATFORM_KEY, Tenant, World};
use chrono::TimeDelta;
use data_encoding::BASE64;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// An endpoint for these types; and its secret.
async fn endpoint(store: &Tenant<'_>, receiver: &Receiver, types: &[&str]) -> Value {
    store
        .post(
            "/webhook-endpoints",
            json!({ "url": receiver.url(), "types": types }),
        )
        .await
}

fn path(endpoint: &Value, rest: &str) -> String {
    format!(
        "/webhook-endpoints/{}{rest}",
        endpoint["id"].as_str().unwrap()
    )
}

async fn deliveries(store: &Tenant<'_>, endpoint: &Value) -> Vec<Value> {
    let page = store.get(&path(endpoint, "/deliveries?limit=200")).await;
    page["items"].as_array().unwrap().clone()
}

async fn change(store: &Tenant<'_>, endpoint: &Value, change: Value) -> Value {
    let path = store.path(&path(endpoint, ""));
    store
        .world
        .ok(Method::PATCH, &path, &store.key, Some(change))
        .await
}

fn types(received: &[Received]) -> Vec<String> {
    received
        .iter()
        .map(|message| message.json()["type"].as_str().unwrap().to_owned())
        .collect()
}

/// Whether one of its signatures of each kind is made with this secret, and with the key of this public half.
fn verifies(message: &Received, secret: &str, public_key: &str) -> (bool, bool) {
    let signed = [
        format!("{}.{}.", message.id(), message.headers["webhook-timestamp"]).as_bytes(),
        &message.body,
    ]
    .concat();
    let decoded = |text: &str, prefix| {
        BASE64
            .decode(text.strip_prefix(prefix).unwrap().as_bytes())
            .unwrap()
    };
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &decoded(secret, "whsec_"));
    let public = ring::signature::UnparsedPublicKey::new(
        &ring::signature::ED25519,
        decoded(public_key, "whpk_"),
    );
    let signatures = message.headers["webhook-signature"].split(' ');
    signatures.fold(
        (false, false),
        |(symmetric, asymmetric), signature| match signature.split_once(',').unwrap() {
            ("v1", code) => (
                symmetric
                    || ring::hmac::verify(&key, &signed, &BASE64.decode(code.as_bytes()).unwrap())
                        .is_ok(),
                asymmetric,
            ),
            ("v1a", code) => (
                symmetric,
                asymmetric
                    || public
                        .verify(&signed, &BASE64.decode(code.as_bytes()).unwrap())
                        .is_ok(),
            ),
            (other, _) => panic!("a signature {other}"),
        },
    )
}

/// What came, written down where somebody asks for it: to be verified by libraries of other languages.
mod shown {
    use crate::receiver::Received;
    use serde_json::json;
    use std::io::Write;

    pub fn write(message: &Received, (secret, public_key): (&str, &str)) {
        let Ok(path) = std::env::var("TILLPOST_SIGNED_MESSAGES") else {
            return;
        };
        let line = json!({
            "secret": secret, "public_key": public_key, "headers": message.headers,
            "body": String::from_utf8_lossy(&message.body),
        });
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .unwrap();
        writeln!(file, "{line}").unwrap();
    }
}

fn keys(endpoint: &Value) -> (&str, &str) {
    (
        endpoint["secret"].as_str().unwrap(),
        endpoint["public_keys"][0].as_str().unwrap(),
    )
}

/// L20: an alert opens, and closes by itself when its cause is gone; the outside is told of both, signed and in order.
#[tokio::test]
async fn an_alert_that_opens_and_closes_by_itself_is_told_of_both() {
    let world = World::new().await;
    let (store, company) = world.store("Harbour").await;
    let receiver = Receiver::start(Manner::Well).await;
    let endpoint = endpoint(&store, &receiver, &["alert.opened", "alert.closed"]).await;
    world.quickbooks().revoke_grants(&company.realm_id).unwrap();
    store.send_event(store.ticket("t1").await).await;
    store.drain().await;
    world.deliver().await;
    let opened = receiver.received();
    assert_eq!(types(&opened), ["alert.opened"]);
    let alert = store.get("/alerts?state=open").await["items"][0].clone();
    assert_eq!(opened[0].json()["data"], alert);
    assert_eq!(opened[0].json()["tenant_id"], store.id.to_string());
    store.connect(&company.realm_id).await;
    store.drain().await;
    world.deliver().await;
    let told = receiver.received();
    assert_eq!(types(&told), ["alert.opened", "alert.closed"]);
    assert_eq!(
        (
            &told[1].json()["data"]["id"],
            &told[1].json()["data"]["state"]
        ),
        (&alert["id"], &json!("closed"))
    );
    assert!(told[0].json()["number"].as_i64() < told[1].json()["number"].as_i64());
    for message in &told {
        let (secret, public_key) = keys(&endpoint);
        assert_eq!(verifies(message, secret, public_key), (true, true));
        shown::write(message, (secret, public_key));
        contract::check_message(&message.json());
    }
}

#[tokio::test]
async fn everything_that_happens_is_told_in_order_to_whoever_wants_it() {
    let world = World::new().await;
    let company = world.company("Harbour");
    let store = world.tenant("Harbour").await;
    let (all, some, alerts) = (
        Receiver::start(Manner::Well).await,
        Receiver::start(Manner::Well).await,
        Receiver::start(Manner::Well).await,
    );
    endpoint(&store, &all, &[]).await;
    endpoint(&store, &some, &["event.failed", "past_sync.finished"]).await;
    endpoint(&store, &alerts, &["alert.opened"]).await;
    store.connect(&company.realm_id).await;
    store.map_golden().await;
    store.post("/sync/start", json!({})).await;
    let synced = store.send_event(store.ticket("good").await).await;
    let mut unbalanced = store.ticket("bad").await;
    unbalanced["transaction"]["payments"][0]["amount"] = json!("49.00");
    let failed = store.send_event(unbalanced).await;
    let old = crate::world::ticket_at("old", "2026-09-15T15:00:00Z".parse().unwrap());
    store.send_event(old).await;
    store
        .post(
            "/past-syncs",
            json!({ "from_date": "2026-09-15", "to_date": "2026-09-15" }),
        )
        .await;
    store.settle().await;
    store.post("/sync/stop", json!({})).await;
    world
        .ok(Method::DELETE, &store.path("/connection"), &store.key, None)
        .await;
    world.deliver().await;
    let told = all.received();
    let mut messages: Vec<Value> = told.iter().map(Received::json).collect();
    // Eight may be on their way at once: the numbers tell the order.
    messages.sort_by_key(|message| message["number"].as_i64());
    let numbers: Vec<_> = messages
        .iter()
        .map(|message| message["number"].as_i64().unwrap())
        .collect();
    assert_eq!(
        numbers,
        (1..=numbers.len() as i64).collect::<Vec<_>>(),
        "a number for each"
    );
    let kinds: Vec<_> = messages
        .iter()
        .map(|message| message["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        &kinds[..2],
        ["connection.changed", "sync.changed"],
        "{kinds:?}"
    );
    assert_eq!(
        &kinds[kinds.len() - 2..],
        ["sync.changed", "connection.changed"],
        "{kinds:?}"
    );
    let of = |kind: &str| -> Vec<&Value> {
        messages
            .iter()
            .filter(|message| message["type"] == kind)
            .map(|message| &message["data"])
            .collect()
    };
    assert_eq!(
        of("connection.changed")
            .iter()
            .map(|data| &data["state"])
            .collect::<Vec<_>>(),
        ["connected", "disconnected"]
    );
    assert_eq!(
        of("sync.changed")
            .iter()
            .map(|data| &data["running"])
            .collect::<Vec<_>>(),
        [&json!(true), &json!(false)]
    );
    let live: Vec<_> = of("event.synced")
        .into_iter()
        .filter(|data| data["external_id"] == "good")
        .collect();
    assert_eq!((live.len(), &live[0]["id"]), (1, &json!(synced)));
    let entry = store.event(&synced).await["journal_entries"][0]["qbo_id"].clone();
    assert_eq!(live[0]["qbo_id"], entry);
    assert_eq!(of("event.synced").len(), 2);
    assert_eq!(
        of("event.failed")
            .iter()
            .map(|data| &data["id"])
            .collect::<Vec<_>>(),
        [&json!(failed)]
    );
    assert_eq!(of("event.failed")[0]["problem_code"], "unbalanced_event");
    let past = of("past_sync.finished");
    assert_eq!(
        (past.len(), &past[0]["synced"], &past[0]["cancelled"]),
        (1, &json!(1), &json!(false))
    );
    assert_eq!(of("alert.opened").len(), 1);
    for message in &messages {
        contract::check_message(message);
    }
    let mut few = types(&some.received());
    few.sort();
    assert_eq!(few, ["event.failed", "past_sync.finished"]);
    assert_eq!(types(&alerts.received()), ["alert.opened"]);
    let ids: BTreeSet<_> = told.iter().map(|message| message.id().to_owned()).collect();
    assert_eq!(ids.len(), told.len(), "each once");
}

#[tokio::test]
async fn messages_of_events_are_recorded_only_where_an_endpoint_wants_them() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    let receiver = Receiver::start(Manner::Well).await;
    let of_events = "SELECT type FROM webhook_message WHERE type LIKE 'event.%'";
    let unwanting = endpoint(&store, &receiver, &["alert.opened"]).await;
    store.send_event(store.ticket("t1").await).await;
    store.drain().await;
    assert_eq!(world.rows(of_events).await, Vec::<String>::new());
    change(
        &store,
        &unwanting,
        json!({ "types": ["event.synced"], "enabled": false }),
    )
    .await;
    store.send_event(store.ticket("t2").await).await;
    store.drain().await;
    world.deliver().await;
    assert_eq!(receiver.received().len(), 0, "disabled");
    change(&store, &unwanting, json!({ "enabled": true })).await;
    store.send_event(store.ticket("t3").await).await;
    store.drain().await;
    assert_eq!(world.rows(of_events).await, ["event.synced"; 2]);
    // What is not a fact is not told: this transaction never ends well.
    let tx = world.service.tenant(store.id).await.unwrap();
    tx.execute(
        "INSERT INTO webhook_message (tenant_id, id, type, data) VALUES ($1, gen_random_uuid(), 'event.synced', '{}')",
        vec![],
    )
    .await
    .unwrap();
    drop(tx);
    world.deliver().await;
    assert_eq!(receiver.received().len(), 1);
    // What happened while it was disabled was not placed for it, and is there to be replayed.
    let undelivered = json!({ "from_number": 1, "undelivered_only": true });
    store.post(&path(&unwanting, "/replays"), undelivered).await;
    world.deliver().await;
    assert_eq!(types(&receiver.received()), ["event.synced"; 2]);
}

#[tokio::test]
async fn a_message_that_is_refused_comes_again_with_the_same_id_and_bytes_until_it_is_taken() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let receiver = Receiver::start(Manner::Status(500, "")).await;
    let endpoint = endpoint(&store, &receiver, &[]).await;
    let test = store.post(&path(&endpoint, "/test"), Value::Null).await;
    for wait in [0, 7, 75] {
        world.advance(TimeDelta::seconds(wait)).await;
        world.deliver().await;
    }
    assert_eq!(receiver.received().len(), 3);
    let waiting = deliveries(&store, &endpoint).await;
    assert_eq!(
        (waiting.len(), &waiting[0]["state"], &waiting[0]["attempts"]),
        (1, &json!("waiting"), &json!(3))
    );
    receiver.behaves(Manner::Well);
    world.deliver().await;
    assert_eq!(receiver.received().len(), 3, "not before its time");
    world.advance(TimeDelta::minutes(7)).await;
    world.deliver().await;
    let received = receiver.received();
    assert_eq!(received.len(), 4);
    for again in &received {
        assert_eq!(again.id(), test["message_id"].as_str().unwrap());
        assert_eq!(again.body, received[0].body);
    }
    assert_ne!(
        received[0].headers["webhook-timestamp"],
        received[3].headers["webhook-timestamp"]
    );
    let told = store
        .get(&path(
            &endpoint,
            &format!("/deliveries/{}", received[0].id()),
        ))
        .await;
    let outcomes: Vec<_> = told["log"]
        .as_array()
        .unwrap()
        .iter()
        .map(|attempt| attempt["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(outcomes, ["refused", "refused", "refused", "delivered"]);
    assert_eq!(
        (&told["log"][0]["http_status"], &told["log"][0]["answer"]),
        (&json!(500), &json!("ok"))
    );
    assert_eq!(told["state"], "delivered");
    world.advance(TimeDelta::days(1)).await;
    world.deliver().await;
    assert_eq!(receiver.received().len(), 4, "taken once");
}

#[tokio::test]
async fn a_dead_letter_is_kept_and_goes_out_when_somebody_asks() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let receiver = Receiver::start(Manner::Status(400, "")).await;
    // Not the alerts that it will be told of by.
    let endpoint = endpoint(&store, &receiver, &["sync.changed"]).await;
    store.post(&path(&endpoint, "/test"), Value::Null).await;
    let began = store.now().await;
    let mut dead_after = None;
    for _ in 0..40 {
        world.deliver().await;
        let delivery = deliveries(&store, &endpoint).await.remove(0);
        if delivery["state"] == "dead" {
            dead_after = Some(store.now().await - began);
            break;
        }
        let due: chrono::DateTime<chrono::Utc> = delivery["next_attempt_at"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        let paused = store.get(&path(&endpoint, "")).await["paused_until"]
            .as_str()
            .map(|text| text.parse().unwrap());
        let now = store.now().await;
        world
            .advance(paused.unwrap_or(due).max(due) - now + TimeDelta::milliseconds(10))
            .await;
    }
    let hours = dead_after.expect("it is given up").num_hours();
    assert!((58..=94).contains(&hours), "after {hours} hours");
    assert_eq!(receiver.received().len(), 11);
    let dead = store.get(&path(&endpoint, "/deliveries?state=dead")).await;
    assert_eq!(dead["items"].as_array().unwrap().len(), 1);
    receiver.behaves(Manner::Well);
    let id = dead["items"][0]["id"].as_str().unwrap().to_owned();
    let replayed = store
        .post(
            &path(&endpoint, &format!("/deliveries/{id}/replay")),
            Value::Null,
        )
        .await;
    assert_eq!(replayed["state"], "waiting");
    world.deliver().await;
    let received = receiver.received();
    assert_eq!((received.len(), received[11].id()), (12, id.as_str()));
    assert_eq!(deliveries(&store, &endpoint).await[0]["state"], "delivered");
}

#[tokio::test]
async fn an_endpoint_that_says_gone_gets_nothing_until_it_is_enabled_and_then_what_waited() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let receiver = Receiver::start(Manner::Status(410, "")).await;
    let endpoint = endpoint(&store, &receiver, &[]).await;
    store.post(&path(&endpoint, "/test"), Value::Null).await;
    world.deliver().await;
    let gone = store.get(&path(&endpoint, "")).await;
    assert_eq!(
        (&gone["state"], &gone["disabled_reason"]),
        (&json!("disabled"), &json!("gone")),
        "{gone:#}"
    );
    let log = store.get("/audit-log").await["items"][0].clone();
    assert_eq!(
        (
            &log["actor"],
            &log["action"],
            &log["subject"],
            &log["detail"]
        ),
        (
            &json!("tillpost"),
            &json!("webhook_endpoint.disabled"),
            &endpoint["id"],
            &json!({ "reason": "gone" })
        )
    );
    let alert = store.get("/alerts?state=open").await["items"][0].clone();
    assert_eq!(alert["code"], "webhook_disabled", "{alert:#}");
    assert!(
        alert["detail"].as_str().unwrap().contains("410"),
        "{alert:#}"
    );
    let (status, refused) = store
        .send(Method::POST, &path(&endpoint, "/test"), None)
        .await;
    assert_eq!(
        (status, &refused["code"]),
        (StatusCode::CONFLICT, &json!("endpoint_disabled"))
    );
    world.advance(TimeDelta::hours(2)).await;
    world.deliver().await;
    assert_eq!(receiver.received().len(), 1);
    receiver.behaves(Manner::Well);
    change(&store, &endpoint, json!({ "enabled": true })).await;
    world.deliver().await;
    let ids: BTreeSet<_> = receiver
        .received()
        .iter()
        .map(|message| message.id().to_owned())
        .collect();
    // The test again, and that the alert was closed; that it was opened came while it was disabled.
    assert_eq!((receiver.received().len(), ids.len()), (3, 2));
    assert_eq!(store.get("/alerts?state=open").await["items"], json!([]));
    let replayed = store
        .post(
            &path(&endpoint, "/replays"),
            json!({ "from_number": 1, "undelivered_only": true }),
        )
        .await;
    assert_eq!(replayed["messages"], 1, "{replayed:#}");
    world.deliver().await;
    assert_eq!(types(&receiver.received()).last().unwrap(), "alert.opened");
}

#[tokio::test]
async fn what_nothing_reaches_for_five_days_is_told_of_twice_and_disabled() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let receiver = Receiver::start(Manner::Status(503, "")).await;
    let endpoint = endpoint(&store, &receiver, &[]).await;
    let mut told = Vec::new();
    for hour in 0..130 {
        if hour % 6 == 0 {
            let (status, _) = store
                .send(Method::POST, &path(&endpoint, "/test"), None)
                .await;
            if status == StatusCode::CONFLICT {
                break;
            }
        }
        world.deliver().await;
        let alerts = store.get("/alerts?state=open").await;
        for alert in alerts["items"].as_array().unwrap() {
            let words = format!(
                "{}: {}",
                alert["code"].as_str().unwrap(),
                alert["detail"].as_str().unwrap()
            );
            if told.last().is_none_or(|(last, _)| *last != words) {
                told.push((words, hour));
            }
        }
        world.advance(TimeDelta::hours(1)).await;
    }
    let [(day, first), (days, second), (disabled, last)] = &told[..] else {
        panic!("{told:#?}");
    };
    assert!(
        day.starts_with("webhook_failing: ") && day.contains("a day") && (24..30).contains(first),
        "{told:#?}"
    );
    assert!(
        days.contains("three days")
            && days.contains("It is disabled on")
            && (72..80).contains(second),
        "{told:#?}"
    );
    assert!(
        disabled.starts_with("webhook_disabled: ") && (120..130).contains(last),
        "{told:#?}"
    );
    let ended = store.get(&path(&endpoint, "")).await;
    assert_eq!(
        (&ended["state"], &ended["disabled_reason"]),
        (&json!("disabled"), &json!("failing"))
    );
    receiver.behaves(Manner::Well);
    change(&store, &endpoint, json!({ "enabled": true })).await;
    world.deliver().await;
    assert_eq!(store.get("/alerts?state=open").await["items"], json!([]));
    let waiting = store
        .get(&path(&endpoint, "/deliveries?state=waiting"))
        .await;
    assert_eq!(waiting["items"], json!([]), "nothing was lost");
}

#[tokio::test]
async fn a_rotated_secret_counts_beside_the_old_one_for_a_while() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    let receiver = Receiver::start(Manner::Well).await;
    let old = endpoint(&store, &receiver, &[]).await;
    let new = store
        .post(&path(&old, "/rotate-secret"), json!({ "overlap_hours": 2 }))
        .await;
    assert_eq!(new["public_keys"].as_array().unwrap().len(), 2, "{new:#}");
    let test = async || {
        store.post(&path(&old, "/test"), Value::Null).await;
        world.deliver().await;
        receiver.received().pop().unwrap()
    };
    let both = test().await;
    for endpoint in [&old, &new] {
        shown::write(&both, keys(endpoint));
    }
    let of = |message: &Received, endpoint: &Value| {
        verifies(message, keys(endpoint).0, keys(endpoint).1)
    };
    assert_eq!(
        (of(&both, &old), of(&both, &new)),
        ((true, true), (true, true))
    );
    world.advance(TimeDelta::hours(3)).await;
    let after = test().await;
    assert_eq!(
        (of(&after, &old), of(&after, &new)),
        ((false, false), (true, true))
    );
    assert_eq!(
        store.get(&path(&old, "")).await["public_keys"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let newest = store
        .post(&path(&old, "/rotate-secret"), json!({ "overlap_hours": 0 }))
        .await;
    let leaked = test().await;
    assert_eq!(
        (of(&leaked, &new), of(&leaked, &newest)),
        ((false, false), (true, true))
    );
    let (status, refused) = store
        .send(
            Method::POST,
            &path(&old, "/rotate-secret"),
            Some(json!({ "overlap_hours": 169 })),
        )
        .await;
    assert_eq!(
        (status, &refused["code"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("invalid_overlap"))
    );
    // Shown once, sealed at rest.
    let read = store.get("/webhook-endpoints").await.to_string();
    let rows = world
        .rows("SELECT row_to_json(s)::text FROM webhook_secret s")
        .await
        .concat();
    for endpoint in [&old, &new, &newest] {
        let secret = keys(endpoint).0;
        let bytes = data_encoding::HEXLOWER.encode(secret.as_bytes());
        assert!(!read.contains(secret) && !rows.contains(secret) && !rows.contains(&bytes));
    }
}

#[tokio::test]
async fn messages_are_replayed_one_by_one_by_their_numbers_or_since_a_time() {
    let world = World::new().await;
    let (store, _) = world.store("Harbour").await;
    world.deliver().await;
    let before = world
        .rows("SELECT number::text FROM webhook_message ORDER BY number")
        .await;
    assert_eq!(
        before,
        ["1", "2"],
        "connected and started, before anybody listened"
    );
    let receiver = Receiver::start(Manner::Well).await;
    let endpoint = endpoint(&store, &receiver, &[]).await;
    world.advance(TimeDelta::hours(1)).await;
    let since = store.now().await;
    for place in 0..3 {
        store
            .send_event(store.ticket(&format!("t{place}")).await)
            .await;
        store.drain().await;
    }
    world.deliver().await;
    let first: Vec<String> = receiver
        .received()
        .iter()
        .map(|message| message.id().to_owned())
        .collect();
    assert_eq!(first.len(), 3);
    let replay = async |request: Value| {
        let already = receiver.received().len();
        let replayed = store.post(&path(&endpoint, "/replays"), request).await;
        world.deliver().await;
        let again = receiver.received()[already..].to_vec();
        assert_eq!(replayed["messages"], again.len(), "{replayed:#}");
        let mut numbers: Vec<i64> = again
            .iter()
            .map(|message| message.json()["number"].as_i64().unwrap())
            .collect();
        numbers.sort_unstable();
        (numbers, again)
    };
    assert_eq!(
        replay(json!({ "from_number": 4, "to_number": 5 })).await.0,
        [4, 5]
    );
    let (numbers, again) = replay(json!({ "since": since })).await;
    assert_eq!(numbers, [3, 4, 5]);
    let ids: BTreeSet<_> = again
        .iter()
        .map(|message| message.id().to_owned())
        .collect();
    assert_eq!(ids, first.iter().cloned().collect());
    assert_eq!(
        replay(json!({ "from_number": 1, "undelivered_only": true }))
            .await
            .0,
        [1, 2],
        "from before it was there"
    );
    let one = path(&endpoint, &format!("/deliveries/{}/replay", first[1]));
    store.post(&one, Value::Null).await;
    world.deliver().await;
    assert_eq!(receiver.received().last().unwrap().id(), first[1]);
    for (request, code) in [
        (json!({}), "nothing_chosen"),
        (json!({ "from_number": 5, "to_number": 4 }), "invalid_range"),
    ] {
        let (status, refused) = store
            .send(Method::POST, &path(&endpoint, "/replays"), Some(request))
            .await;
        assert_eq!(
            (status, &refused["code"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!(code))
        );
    }
    let audit = store.get("/audit-log?limit=200").await;
    let replays = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|record| record["action"] == "webhook_messages.replayed");
    assert_eq!(replays.count(), 4);
}

#[tokio::test]
async fn the_platform_is_told_of_every_tenant_and_reads_no_books() {
    let world = World::new().await;
    let receiver = Receiver::start(Manner::Well).await;
    let own = "/v1/tenants/ten_00000000000000000000000000/webhook-endpoints";
    let body = json!({ "url": receiver.url() });
    let endpoint = world.ok(Method::POST, own, PLATFORM_KEY, Some(body)).await;
    let (status, refused) = world
        .send(
            Method::POST,
            own,
            PLATFORM_KEY,
            Some(json!({ "url": receiver.url(), "types": ["event.synced"] })),
        )
        .await;
    assert_eq!(
        (status, &refused["code"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("unknown_type"))
    );
    let (harbour, _) = world.store("Harbour").await;
    let (hillside, _) = world.store("Hillside").await;
    let mut paypal = harbour.ticket("t1").await;
    paypal["transaction"]["payments"][0]["payment_type"] = json!("canary7q");
    harbour.send_event(paypal).await;
    harbour.drain().await;
    world.deliver().await;
    let received = receiver.received();
    let mut numbers: Vec<_> = received
        .iter()
        .map(|message| message.json()["number"].as_i64().unwrap())
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3, 4, 5], "{:?}", types(&received));
    for message in &received {
        let (secret, public_key) = keys(&endpoint);
        assert_eq!(verifies(message, secret, public_key), (true, true));
        assert!(!String::from_utf8_lossy(&message.body).contains("canary7q"));
    }
    let of = |tenant: &Tenant<'_>| {
        received
            .iter()
            .filter(|message| message.json()["tenant_id"] == tenant.id.to_string())
            .count()
    };
    assert_eq!((of(&harbour), of(&hillside)), (3, 2));
    // What happens while its endpoint is disabled is there to be replayed, too.
    let at = format!("{own}/{}", endpoint["id"].as_str().unwrap());
    let enable = async |enabled: bool| {
        let body = Some(json!({ "enabled": enabled }));
        world.ok(Method::PATCH, &at, PLATFORM_KEY, body).await
    };
    enable(false).await;
    hillside.post("/sync/stop", json!({})).await;
    world.deliver().await;
    enable(true).await;
    assert_eq!(receiver.received().len(), 5);
    let undelivered = json!({ "from_number": 1, "undelivered_only": true });
    let replays = format!("{at}/replays");
    world
        .ok(Method::POST, &replays, PLATFORM_KEY, Some(undelivered))
        .await;
    world.deliver().await;
    assert_eq!(types(&receiver.received())[5..], ["sync.changed"]);
    // Its place is no tenant's, and no tenant's key sees it.
    let tenants = world
        .ok(Method::GET, "/v1/tenants", PLATFORM_KEY, None)
        .await;
    assert_eq!(tenants["items"].as_array().unwrap().len(), 2);
    let (status, _) = world.send(Method::GET, own, &harbour.key, None).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, _) = world
        .send(
            Method::GET,
            &harbour.path("/webhook-endpoints"),
            PLATFORM_KEY,
            None,
        )
        .await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_address_that_is_no_destination_is_refused_when_it_is_given() {
    let world = World::new().await;
    let store = world.tenant("Harbour").await;
    for url in [
        "example.com/hook",
        "http://example.com/hook",
        "https://10.0.0.1/",
        "https://0x0a000001/",
        "https://[fd00:ec2::254]/",
        "http://169.254.169.254/latest/meta-data",
        "https://metadata.google.internal/",
        "https://user:word@example.com/",
        "https://example.com:6379/",
        &format!("https://example.com/{}", "x".repeat(2000)),
    ] {
        let (status, refused) = store
            .send(
                Method::POST,
                "/webhook-endpoints",
                Some(json!({ "url": url })),
            )
            .await;
        assert_eq!(
            (status, &refused["code"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("invalid_url")),
            "{url}: {refused:#}"
        );
        assert_eq!(refused["errors"][0]["field"], "url");
    }
    let (status, refused) = store
        .send(
            Method::POST,
            "/webhook-endpoints",
            Some(json!({ "url": "https://example.com/", "types": ["alert.lost"] })),
        )
        .await;
    assert_eq!(
        (status, &refused["code"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("unknown_type"))
    );
    for _ in 0..20 {
        store
            .post(
                "/webhook-endpoints",
                json!({ "url": "https://example.com/hook" }),
            )
            .await;
    }
    let (status, refused) = store
        .send(
            Method::POST,
            "/webhook-endpoints",
            Some(json!({ "url": "https://example.com/" })),
        )
        .await;
    assert_eq!(
        (status, &refused["code"]),
        (StatusCode::CONFLICT, &json!("too_many_endpoints"))
    );
    let all = store.get("/webhook-endpoints").await["items"]
        .as_array()
        .unwrap()
        .clone();
    let deleted = world
        .ok(
            Method::DELETE,
            &store.path(&path(&all[0], "")),
            &store.key,
            None,
        )
        .await;
    assert_eq!(deleted["state"], "disabled");
    let (status, _) = store.send(Method::GET, &path(&all[0], ""), None).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    store
        .post(
            "/webhook-endpoints",
            json!({ "url": "https://example.com/" }),
        )
        .await;
}
