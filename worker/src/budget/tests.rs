//! Against a private Redis, which is flushed, stopped and asked by several processes at once.

use super::*;
use sandbox::servers::Servers;
use service::budget::Budget;
use service::settings::Posting;
use std::sync::Arc;

const COMPANY: &str = "9341453474484455";

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

fn budget(servers: &Servers) -> RedisBudget {
    RedisBudget::new(&servers.redis_url().unwrap(), "test").unwrap()
}

fn pace(spacing_ms: u64, batch_spacing_ms: u64) -> Pace {
    let spacing = Duration::from_millis(spacing_ms);
    Pace {
        spacing,
        tolerance: spacing,
        batch_spacing: Duration::from_millis(batch_spacing_ms),
        ..Pace::of(&Posting::default())
    }
}

fn asking(kind: Kind, priority: Priority) -> Ask<'static> {
    Ask {
        company_id: COMPANY,
        kind,
        priority,
        under_way: 0,
    }
}

async fn redis<T: redis::FromRedisValue>(budget: &RedisBudget, command: &str) -> T {
    let mut words = command.split(' ');
    let mut asked = redis::cmd(words.next().unwrap());
    asked.arg(words.collect::<Vec<_>>());
    asked
        .query_async(&mut budget.connection.clone())
        .await
        .unwrap()
}

/// Asks until it may leave; tells when, by the server's clock.
async fn leaves(budget: &RedisBudget, kind: Kind, priority: Priority, pace: &Pace) -> u64 {
    loop {
        let (granted, wait, at) = budget.told(asking(kind, priority), pace).await.unwrap();
        if granted {
            return at;
        }
        tokio::time::sleep(wait.min(Duration::from_millis(5))).await;
    }
}

/// That any `n` moments in a row are as far apart as the sliding windows want them.
fn keep(moments: &mut [u64], spacing: Duration, early: Duration) {
    moments.sort_unstable();
    for (first, from) in moments.iter().enumerate() {
        for (next, to) in moments.iter().enumerate().skip(first + 1) {
            let apart = u64::try_from(next - first).unwrap() * micros(spacing);
            // The server's clock is read in whole microseconds.
            assert!(
                to - from + 5 >= apart.saturating_sub(micros(early)),
                "{first} {next}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_together_keep_every_window_though_redis_forgets_again_and_again() {
    let servers = servers().await;
    let pace = pace(4, 40);
    let greedy = |priority: Priority| {
        let budget = budget(&servers);
        tokio::spawn(async move {
            let (mut all, mut batches) = (Vec::new(), Vec::new());
            for turn in 0..120 {
                let kind = match (priority, turn % 9) {
                    (Priority::Rest, 0) => Kind::Batch,
                    _ => Kind::Single,
                };
                let at = leaves(&budget, kind, priority, &pace).await;
                all.push(at);
                batches.extend((kind == Kind::Batch).then_some(at));
            }
            (all, batches)
        })
    };
    let processes = [
        greedy(Priority::Rest),
        greedy(Priority::First),
        greedy(Priority::Rest),
    ];
    let forgetful = budget(&servers);
    let mut forgotten = 0;
    while !processes.iter().all(tokio::task::JoinHandle::is_finished) {
        redis::cmd("FLUSHALL")
            .exec_async(&mut forgetful.connection.clone())
            .await
            .unwrap();
        forgotten += 1;
        // Long enough to get on: what was forgotten matters for less than this.
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
    assert!(forgotten > 1);
    let (mut all, mut batches) = (Vec::new(), Vec::new());
    for process in processes {
        let (some, some_batches) = process.await.unwrap();
        all.extend(some);
        batches.extend(some_batches);
    }
    assert_eq!((all.len(), batches.len()), (360, 28));
    keep(&mut all, pace.spacing, pace.tolerance);
    keep(&mut batches, pace.batch_spacing, pace.spacing);
}

#[tokio::test]
async fn a_redis_without_a_memory_lets_nobody_leave_at_once_and_an_old_one_does() {
    let servers = servers().await;
    let budget = budget(&servers);
    let pace = Pace::of(&Posting::default());
    let ask = asking(Kind::Single, Priority::First);
    redis::cmd("FLUSHALL")
        .exec_async(&mut budget.connection.clone())
        .await
        .unwrap();
    let (granted, wait, _) = budget.told(ask, &pace).await.unwrap();
    assert!(!granted && wait > Duration::ZERO, "{wait:?}");
    leaves(&budget, Kind::Single, Priority::First, &pace).await;
    // Of a company of which nothing is known although the server has been there for long.
    let other = Ask {
        company_id: "1",
        ..ask
    };
    // It tells that in whole seconds.
    tokio::time::sleep(AHEAD + pace.spacing * 2 + Duration::from_secs(1)).await;
    let (granted, wait, _) = budget.told(other, &pace).await.unwrap();
    assert!(granted && wait.is_zero(), "{wait:?}");
}

#[tokio::test]
async fn what_one_process_was_refused_the_other_waits_for_and_then_goes_slower() {
    let servers = servers().await;
    let (one, other) = (budget(&servers), budget(&servers));
    let pace = pace(4, 40);
    leaves(&one, Kind::Single, Priority::Rest, &pace).await;
    one.refused(COMPANY, Duration::from_secs(60)).await;
    one.refused(COMPANY, Duration::from_secs(50)).await;
    let ask = asking(Kind::Single, Priority::First);
    let Said::NotYet(wait) = other.ask(ask, &pace).await else {
        panic!("the company is closed");
    };
    assert!(wait > Duration::from_secs(40), "{wait:?}");
    let key = other.key(COMPANY);
    let strain: u32 = redis(&other, &format!("HGET {key} strain")).await;
    assert_eq!(strain, STRAIN_STEP, "one refusal");
    redis::cmd("HSET")
        .arg(&key)
        .arg(&["closed", "1", "next", "1", "next_batch", "1"])
        .exec_async(&mut other.connection.clone())
        .await
        .unwrap();
    let at = leaves(&other, Kind::Single, Priority::Rest, &pace).await;
    let next: u64 = redis(&other, &format!("HGET {key} next")).await;
    assert_eq!(next - at, micros(pace.spacing) * 3 / 2);
}

#[tokio::test]
async fn requests_at_once_are_counted_over_all_processes_until_they_end_or_can_no_longer_be_under_way()
 {
    let servers = servers().await;
    let (one, other) = (budget(&servers), budget(&servers));
    let pace = pace(1, 1);
    leaves(&one, Kind::Single, Priority::Rest, &pace).await;
    let many = Ask {
        under_way: pace.at_once - 1,
        ..asking(Kind::Single, Priority::Rest)
    };
    while !one.told(many, &pace).await.unwrap().0 {}
    let ask = asking(Kind::Single, Priority::Rest);
    assert!(!other.told(ask, &pace).await.unwrap().0);
    leaves(&other, Kind::Single, Priority::First, &pace).await;
    one.rests(COMPANY).await;
    leaves(&other, Kind::Single, Priority::Rest, &pace).await;
    let key = other.key(COMPANY);
    redis::cmd("HSET")
        .arg(&key)
        .arg(&["p:dead", "9:1"])
        .exec_async(&mut other.connection.clone())
        .await
        .unwrap();
    leaves(&other, Kind::Single, Priority::Rest, &pace).await;
    let dead: bool = redis(&other, &format!("HEXISTS {key} p:dead")).await;
    assert!(!dead);
    let expires_in: i64 = redis(&other, &format!("PTTL {key}")).await;
    assert!(expires_in > 0, "it is forgotten by itself: {expires_in}");
}

#[tokio::test]
async fn without_redis_a_process_goes_on_alone_and_slower() {
    let posting = Posting {
        requests_per_minute: 10,
        ..Posting::default()
    };
    let nowhere = RedisBudget::new("redis://127.0.0.1:1/", "test").unwrap();
    let budget = Budget::new(&posting, Arc::new(nowhere));
    let leave = async || {
        budget
            .leave(COMPANY, Kind::Single, Priority::Rest, Duration::ZERO)
            .await
    };
    assert!(leave().await.is_ok());
    let wait = leave().await.err().unwrap();
    assert!(wait > budget.pace().spacing, "{wait:?}");
}
