//! Two processes that count on one Redis: a limit holds for both together, and for each alone while Redis is away.

use crate::world::{Answer, Shape, Tenant, World};
use reqwest::StatusCode;
use sandbox::servers::{Options, Servers};
use serde_json::json;
use service::settings::{Limit, Limits};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use url::Url;
use worker::RedisCounter;

/// No request may take as long, whatever Redis does.
const AT_ONCE: Duration = Duration::from_secs(3);

async fn redis() -> Servers {
    let start = || {
        let redis_only = Options {
            postgres: false,
            ..Options::default()
        };
        Servers::start(redis_only, &|_| ())
    };
    tokio::task::spawn_blocking(start).await.unwrap().unwrap()
}

async fn command(redis: &Servers, words: &[&str]) {
    let client = redis::Client::open(redis.redis_url().unwrap()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let () = redis::cmd(words[0])
        .arg(&words[1..])
        .query_async(&mut connection)
        .await
        .unwrap();
}

fn an_hour(requests: u32) -> Limit {
    Limit {
        requests,
        window: Duration::from_secs(3600),
    }
}

/// The doors of two processes.
struct Doors {
    world: World,
    addresses: [Url; 2],
    stop: CancellationToken,
}

impl Doors {
    async fn open(redis: &Servers, key: u32, tenant: u32) -> Self {
        let limits = Limits {
            key: an_hour(key),
            tenant: an_hour(tenant),
            ..Limits::default()
        };
        Self::limited(redis, limits).await
    }

    async fn limited(redis: &Servers, limits: Limits) -> Self {
        let url = redis.redis_url().unwrap();
        let counter = || Arc::new(RedisCounter::new(&url, "story").unwrap());
        let world = World::shaped(Shape {
            limits,
            counter: counter(),
            ..Shape::default()
        })
        .await;
        let second = api::bind(api::Options {
            counter: counter(),
            ..api::Options::default()
        })
        .unwrap();
        let address = format!("http://{}/", second.address()).parse().unwrap();
        let stop = CancellationToken::new();
        tokio::spawn(second.run(world.service.clone(), stop.clone()));
        Self {
            addresses: [world.base.clone(), address],
            world,
            stop,
        }
    }

    // Through one of the doors, which answers at once.
    async fn get(&self, door: usize, store: &Tenant<'_>, key: &str) -> Answer {
        let url = self.addresses[door].join(&store.path("/sync")).unwrap();
        let began = Instant::now();
        let answer = self
            .world
            .answer(self.world.http().get(url).bearer_auth(key))
            .await;
        assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
        answer
    }
}

impl Drop for Doors {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn is_met(answer: &Answer, standings: [(&str, u32); 2]) {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    stands(answer, standings);
}

// Refused, with what is left of each limit and a time to come again that is no more than one request's share of the hour.
fn is_refused(answer: &Answer, standings: [(&str, u32); 2], wait_max: u64) {
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_deref()),
        (429, Some("rate_limited")),
        "{}",
        answer.text()
    );
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=wait_max).contains(&wait), "{wait}");
    stands(answer, standings);
}

fn stands(answer: &Answer, standings: [(&str, u32); 2]) {
    assert_eq!(
        answer.header("ratelimit-policy"),
        "\"key\";q=12;w=3600, \"tenant\";q=20;w=3600"
    );
    let told = answer.header("ratelimit");
    for (part, (name, left)) in told.split(", ").zip(standings) {
        assert!(
            part.starts_with(&format!("\"{name}\";r={left};t=")),
            "{told}"
        );
    }
    assert_eq!(told.split(", ").count(), 2, "{told}");
}

#[tokio::test]
async fn two_doors_hold_a_key_and_a_tenant_to_one_limit() {
    let redis = redis().await;
    let doors = Doors::open(&redis, 12, 20).await;
    let store = doors.world.tenant("Harbour").await;
    let second = store.post("/api-keys", json!({ "name": "second" })).await;
    let second = second["secret"].as_str().unwrap();
    // The platform made the tenant's first key, and that the second: one request of the key, and two of the tenant.
    for n in 1..12 {
        let answer = doors.get(n % 2, &store, &store.key).await;
        let n = u32::try_from(n).unwrap();
        is_met(&answer, [("key", 11 - n), ("tenant", 18 - n)]);
    }
    for door in [0, 1] {
        let answer = doors.get(door, &store, &store.key).await;
        is_refused(&answer, [("key", 0), ("tenant", 7)], 3600 / 12);
    }
    for n in 1..=7 {
        let answer = doors.get(n % 2, &store, second).await;
        let n = u32::try_from(n).unwrap();
        is_met(&answer, [("key", 12 - n), ("tenant", 7 - n)]);
    }
    for door in [0, 1] {
        let answer = doors.get(door, &store, second).await;
        is_refused(&answer, [("key", 5), ("tenant", 0)], 3600 / 20);
    }
    let other = doors.world.tenant("Hillside").await;
    let answer = doors.get(1, &other, &other.key).await;
    is_met(&answer, [("key", 11), ("tenant", 18)]);
}

#[tokio::test]
async fn while_redis_is_away_each_door_counts_by_itself_and_nobody_waits() {
    let redis = redis().await;
    let doors = Doors::open(&redis, 12, 20).await;
    let store = doors.world.tenant("Harbour").await;
    for n in 1..=12 {
        let answer = doors.get(n % 2, &store, &store.key).await;
        let n = u32::try_from(n).unwrap();
        is_met(&answer, [("key", 12 - n), ("tenant", 19 - n)]);
    }
    // It hangs: each door knows nothing of before, nor of the other, and holds the key to the whole limit.
    command(&redis, &["CLIENT", "PAUSE", "600000", "WRITE"]).await;
    let all_of_it = async |door| {
        for n in 1..=12 {
            let answer = doors.get(door, &store, &store.key).await;
            is_met(&answer, [("key", 12 - n), ("tenant", 20 - n)]);
        }
        let answer = doors.get(door, &store, &store.key).await;
        is_refused(&answer, [("key", 0), ("tenant", 8)], 3600 / 12);
    };
    all_of_it(0).await;
    // It answers again: within a second they count together, from where they were.
    command(&redis, &["CLIENT", "UNPAUSE"]).await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let answer = doors.get(0, &store, &store.key).await;
    is_refused(&answer, [("key", 0), ("tenant", 7)], 3600 / 12);
    // It is gone.
    tokio::task::spawn_blocking(move || redis.stop())
        .await
        .unwrap();
    all_of_it(1).await;
}

#[tokio::test]
async fn an_address_is_one_to_both_doors_and_to_each_while_redis_is_away() {
    let redis = redis().await;
    let limits = Limits {
        address: an_hour(4),
        ..Limits::of_places_only()
    };
    let doors = Doors::limited(&redis, limits).await;
    let keys = async |door: usize| {
        let url = doors.addresses[door].join(".well-known/jwks.json").unwrap();
        let began = Instant::now();
        let answer = doors.world.answer(doors.world.http().get(url)).await;
        assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
        answer.status.as_u16()
    };
    for n in 0..4 {
        assert_eq!(keys(n % 2).await, 200);
    }
    assert_eq!((keys(0).await, keys(1).await), (429, 429));
    tokio::task::spawn_blocking(move || redis.stop())
        .await
        .unwrap();
    for door in [0, 1] {
        for _ in 0..4 {
            assert_eq!(keys(door).await, 200);
        }
        assert_eq!(keys(door).await, 429);
    }
}
