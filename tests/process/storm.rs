//! The storm: workers die at every step of an entry's way, Redis forgets everything, QuickBooks forgets request ids, and
//! still each event has exactly one entry.

use crate::house::House;
use crate::judge::judge;
use crate::running::eventually;
use crate::store::Store;
use crate::trap::{Step, Trap, posts};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use sandbox::quickbooks::Switches;
use sandbox::store::{DEMO_EVENTS, Week, expected_balances, paypal_mapping};
use serde_json::{Value, json};

/// Another storm is as good: `STORM_SEED=42 cargo test -p tillpost --test process storm -- --nocapture`.
const SEED: u64 = 20_261_102;

/// Every step, and some moments more.
const STEPS: [Step; 12] = [
    Step::TakeOver,
    Step::Claim,
    Step::LookUp,
    Step::Intent,
    Step::Lost,
    Step::Late,
    Step::Posted,
    Step::Settle,
    Step::Anywhere,
    Step::Anywhere,
    Step::Anywhere,
    Step::Anywhere,
];

/// Longer than a dead holder's lease.
const LEASE_OVER: TimeDelta = TimeDelta::seconds(61);
/// Longer than everything a dead holder's POST may take, and the quiet period.
const QUIET: TimeDelta = TimeDelta::seconds(325);
/// Longer than a ring is believed to be on its way.
const RING_OVER: TimeDelta = TimeDelta::seconds(11);

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_deaths_and_a_flushed_redis_leave_exactly_one_entry_for_each_event() {
    let seed = std::env::var("STORM_SEED").map_or(SEED, |seed| seed.parse().unwrap());
    println!("storm: seed {seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    let house = House::built().await;
    // What a request id promises must not be what saves us.
    house.quickbooks().set_switches(Switches {
        honour_request_ids: false,
        ..house.quickbooks().switches()
    });

    let monday: NaiveDate = "2026-11-02".parse().unwrap();
    let week = Week::generate(7, monday, DEMO_EVENTS);
    let thursday: DateTime<Utc> = "2026-11-05T12:00:00Z".parse().unwrap();
    house.set_clock(thursday).await;
    let mut api = house.start("api");
    let worker = house.start("worker");
    let store = Store::opened(&house, &mut api).await;
    worker.stop().await;

    let (past, live): (Vec<Value>, Vec<Value>) = week.events.iter().cloned().partition(|event| {
        let at: DateTime<Utc> = event["occurred_at"].as_str().unwrap().parse().unwrap();
        at < thursday
    });
    store.stream(&past).await;
    // Something new for every worker, so that each has somewhere to die.
    let mut portions = live.chunks(live.len() / STEPS.len());
    assert!(live.len() / STEPS.len() >= 4, "{} live events", live.len());

    let mut steps = STEPS;
    steps.shuffle(&mut dice);
    let (flushed_alive, flushed_dead) = (dice.random_range(0..6), dice.random_range(6..12));
    let quiet = [3, 6, 9].map(|round: usize| round + dice.random_range(0..3));
    for (round, step) in steps.into_iter().enumerate() {
        if let Some(portion) = portions.next() {
            store.send(portion).await;
        }
        if round == 2 {
            store
                .post(
                    "past-syncs",
                    json!({ "from_date": monday, "to_date": "2026-11-05" }),
                )
                .await;
        }
        let before = posts(&house);
        let mut trap = Trap::set(&house, step, &mut dice).await;
        let worker = house.start("worker");
        if round == flushed_alive {
            println!("storm: redis is flushed under a running worker");
            house.redis("FLUSHALL").await.unwrap();
            house.advance(RING_OVER).await;
        }
        let seen = trap.sprung(&house).await;
        worker.kill().await;
        trap.check(&house).await;
        let died = standing(&house).await;
        println!(
            "storm: death {:2} at {step:?} ({seen}); {} POSTs; {died}",
            round + 1,
            posts(&house) - before
        );
        if step == Step::Late {
            // Another worker has all the time it wants before the POST arrives in the books.
            house.advance(LEASE_OVER).await;
            let worker = house.start("worker");
            eventually("a worker at rest", async || {
                (house.number(UNREST).await == 0).then_some(())
            })
            .await;
            worker.stop().await;
        }
        trap.let_go(&house).await;
        if round == flushed_dead {
            println!("storm: redis is flushed between two workers");
            house.redis("FLUSHALL").await.unwrap();
        }
        house.advance(LEASE_OVER).await;
        if quiet.contains(&round) {
            house.advance(QUIET).await;
        }
    }
    for portion in portions {
        store.send(portion).await;
    }

    let worker = house.start("worker");
    settle(&house, &store).await;
    let counts = store.counts().await;
    assert_eq!(
        (counts["failed"], counts["synced"]),
        (1, i64::try_from(week.events.len()).unwrap() - 1),
        "{counts:?}"
    );
    store.map(&[paypal_mapping()]).await;
    store
        .post(
            "retry-failed",
            json!({ "problem_code": "missing_mappings" }),
        )
        .await;
    store
        .synced(i64::try_from(week.events.len()).unwrap())
        .await;
    worker.stop().await;
    judge_storm(&house, &store, &week).await;
    api.stop().await;
}

/// What a worker would still do now.
const UNREST: &str = "SELECT (SELECT count(*) FROM event WHERE status = 'not_synced')
    + (SELECT count(*) FROM journal_entry WHERE state = 'sending')
    + (SELECT count(*) FROM company_lease WHERE expires_at > tillpost_now())
    + (SELECT count(*) FROM turn WHERE due_at <= tillpost_now())";

// Sets the clock to whatever is due next until nothing is left to do.
async fn settle(house: &House, store: &Store) {
    for _ in 0..3000 {
        let counts = store.counts().await;
        if counts["not_synced"] + counts["processing"] == 0 {
            return;
        }
        let next: Option<i64> = house
            .rows(
                "SELECT ceil(extract(epoch FROM greatest(t.due_at, t.rung_until) - tillpost_now()) * 1000)::bigint
                   FROM turn t WHERE NOT EXISTS (SELECT FROM company_lease l WHERE l.expires_at > tillpost_now())",
            )
            .await
            .first()
            .and_then(|row| row.try_get_by_index(0).unwrap());
        if let Some(ahead) = next.filter(|ahead| *ahead > 0) {
            house.advance(TimeDelta::milliseconds(ahead)).await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!(
        "it does not settle: {:?}; {}",
        store.counts().await,
        standing(house).await
    );
}

// How many entries are where.
async fn standing(house: &House) -> String {
    let rows = house
        .rows("SELECT state || ' ' || count(*) FROM journal_entry GROUP BY state ORDER BY state")
        .await;
    let states: Vec<String> = rows
        .iter()
        .map(|row| row.try_get_by_index(0).unwrap())
        .collect();
    if states.is_empty() {
        "no entries".into()
    } else {
        states.join(", ")
    }
}

async fn judge_storm(house: &House, store: &Store, week: &Week) {
    let events = judge(house, store, &expected_balances(&week.events)).await;
    assert_eq!(events, week.events.len());
    assert_eq!(house.quickbooks().violations(), []);
    let abandoned = house
        .number("SELECT count(*) FROM attempt WHERE outcome = 'abandoned'")
        .await;
    let again = house
        .number("SELECT count(*) FROM journal_entry WHERE attempts > 1")
        .await;
    assert!(abandoned > 0 && again > 0, "the storm struck no POST");
    println!(
        "storm: {events} events and entries, {} POSTs; {abandoned} were looked up after a death, {again} sent again",
        posts(house)
    );
}
