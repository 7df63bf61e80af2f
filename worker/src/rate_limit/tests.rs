//! Against a private Redis, which is asked by two processes, forgets, and goes away.

use super::*;
use sandbox::servers::Servers;
use service::rate_limit::{Limiter, Whose};
use service::settings::{Limit, Limits};
use std::sync::Arc;
use tokio::time::Instant;

async fn servers() -> Servers {
    let start = || {
        let redis_only = sandbox::servers::Options {
            postgres: false,
            ..Default::default()
        };
        Servers::start(redis_only, &|_| ())
    };
    tokio::task::spawn_blocking(start).await.unwrap().unwrap()
}

fn limits(requests: u32) -> Limits {
    Limits {
        key: Limit {
            requests,
            window: Duration::from_secs(3600),
        },
        ..Limits::of_places_only()
    }
}

fn key_1() -> [Whose; 1] {
    [Whose::Key("key_1".to_owned())]
}

fn process(servers: &Servers, limits: &Limits) -> Limiter {
    let counter = RedisCounter::new(&servers.redis_url().unwrap(), "test").unwrap();
    Limiter::new(limits, Arc::new(counter))
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_count_together() {
    let servers = servers().await;
    let limits = limits(10);
    let (one, other) = (process(&servers, &limits), process(&servers, &limits));
    for left in (0..5).rev() {
        assert_eq!(one.ask(&key_1()).await.wait, None);
        let told = other.ask(&key_1()).await;
        assert_eq!((told.standings[0].remaining, told.wait), (left * 2, None));
    }
    let told = one.ask(&key_1()).await;
    let wait = told.wait.unwrap();
    assert!(
        (Duration::from_secs(350)..=Duration::from_secs(360)).contains(&wait),
        "{wait:?}"
    );
    // The key that holds the count ends with it.
    let client = redis::Client::open(servers.redis_url().unwrap()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let left: i64 = redis::cmd("PTTL")
        .arg("test:rate:key:key_1")
        .query_async(&mut connection)
        .await
        .unwrap();
    assert!((1..=3_602_000).contains(&left), "{left}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_each_process_counts_by_itself_and_nobody_waits() {
    let servers = servers().await;
    let limits = limits(3);
    let (one, other) = (process(&servers, &limits), process(&servers, &limits));
    assert_eq!(one.ask(&key_1()).await.wait, None);
    drop(servers);
    for process in [&one, &other] {
        let began = Instant::now();
        for _ in 0..3 {
            assert_eq!(process.ask(&key_1()).await.wait, None);
        }
        assert!(process.ask(&key_1()).await.wait.is_some());
        assert!(
            began.elapsed() < Duration::from_millis(900),
            "{:?}",
            began.elapsed()
        );
    }
}
