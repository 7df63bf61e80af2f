//! A process dies at one fail point, another goes on from there, and the ledger tells whether anything came of it.

use crate::judge::Verdict;
use crate::lane::{Calls, LEASE_OVER, Lane, PATIENCE, Rest, check_death};
use crate::sales::Sales;
use chrono::TimeDelta;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use sandbox::quickbooks::{FaultPlan, Hold, Operation, Outcome};
use serde_json::{Value, json};
use service::fail_point::FailPoint;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::{JoinSet, LocalSet};

/// What is tried.
#[derive(Debug, Clone)]
pub struct Run {
    pub seed: u64,
    pub seeds: u32,
    pub only: Option<String>,
    pub houses: usize,
}

/// What brings a process to a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The API takes events in.
    Ingest,
    /// The API takes events in under an Idempotency-Key.
    Keyed,
    /// The API queues failed events again.
    Retry,
    /// The API queues past events.
    PastSync,
    /// A worker finds who is due although nobody rang.
    Sweep,
    /// A worker posts.
    Turn,
    /// A worker posts a backlog.
    Batch,
    /// A worker follows one that died over its requests.
    TakeOver,
    /// A worker needs another access token.
    Refresh,
    /// A worker posts, and is not answered.
    LookUp,
}

impl Way {
    // Without a wildcard, so that a new point asks here what leads to it.
    fn to(point: FailPoint) -> Self {
        use FailPoint as At;
        match point {
            At::IngestBegun
            | At::IngestStored
            | At::IngestBeforeCommit
            | At::IngestCommitted
            | At::IngestRung => Self::Ingest,
            At::AnswerBegun | At::AnswerBeforeCommit | At::AnswerCommitted => Self::Keyed,
            At::RetryBeforeCommit | At::RetryCommitted => Self::Retry,
            At::PastSyncBeforeCommit | At::PastSyncCommitted => Self::PastSync,
            At::SweepBegun | At::SweepBeforeCommit | At::SweepCommitted | At::SweepRung => {
                Self::Sweep
            }
            At::LeaseTaken
            | At::LeaseCommitted
            | At::ClaimRead
            | At::SealBeforeCommit
            | At::SealCommitted
            | At::IntentBeforeCommit
            | At::IntentCommitted
            | At::SendLeaves
            | At::SendAnswered
            | At::SettleBeforeCommit
            | At::SettleCommitted
            | At::GiveBackBeforeCommit
            | At::GiveBackCommitted => Self::Turn,
            At::BatchLeaves | At::BatchAnswered => Self::Batch,
            At::TakeOverBeforeCommit | At::TakeOverCommitted => Self::TakeOver,
            At::RefreshClaimed
            | At::RefreshAnswered
            | At::RefreshBeforeCommit
            | At::RefreshCommitted => Self::Refresh,
            At::LookUpLeaves
            | At::LookUpAnswered
            | At::LookUpBeforeCommit
            | At::LookUpCommitted => Self::LookUp,
        }
    }

    fn is_the_apis(self) -> bool {
        matches!(
            self,
            Self::Ingest | Self::Keyed | Self::Retry | Self::PastSync
        )
    }

    /// The last time at the point that is tried.
    fn times_max(self) -> u32 {
        match self {
            Self::Ingest | Self::Keyed | Self::Retry | Self::PastSync => 3,
            Self::Turn => 4,
            Self::LookUp | Self::Batch => 2,
            // What leads there is prepared once.
            Self::Sweep | Self::TakeOver | Self::Refresh => 1,
        }
    }
}

/// Some point at which a process of this command may die, and after how many times.
pub fn some(command: &str, dice: &mut StdRng) -> (FailPoint, u32) {
    let its_own = |point: &&FailPoint| Way::to(**point).is_the_apis() == (command == "api");
    // Nobody in the storm sends a key.
    let is_met = |point: &&FailPoint| Way::to(**point) != Way::Keyed;
    let points: Vec<_> = FailPoint::ALL
        .iter()
        .filter(its_own)
        .filter(is_met)
        .collect();
    (**points.choose(dice).unwrap(), dice.random_range(1..=8))
}

/// What one round came to.
struct Told {
    point: FailPoint,
    died: bool,
    verdict: Verdict,
    calls: Calls,
    reconnected: bool,
    failure: Option<String>,
}

/// Tries every point, prints the table, and says whether all is well.
pub async fn run(run: Run) -> bool {
    let since = Instant::now();
    let wanted = |point: &&FailPoint| {
        run.only
            .as_ref()
            .is_none_or(|part| point.name().contains(part))
    };
    let points: Vec<FailPoint> = FailPoint::ALL.iter().filter(wanted).copied().collect();
    let rounds: VecDeque<(u32, FailPoint)> = (0..run.seeds)
        .flat_map(|seed| points.iter().map(move |point| (seed, *point)))
        .collect();
    println!(
        "points: {} points, {} rounds each, seed {}, {} houses",
        points.len(),
        run.seeds,
        run.seed,
        run.houses
    );
    let rounds = Arc::new(Mutex::new(rounds));
    let mut houses = JoinSet::new();
    for house in 0..run.houses.clamp(1, points.len().max(1)) {
        let rounds = Arc::clone(&rounds);
        houses.spawn_blocking(move || alone(rounds_of(house, run.seed, rounds)));
    }
    let told: Vec<Told> = houses.join_all().await.into_iter().flatten().collect();
    print_table(&points, &told, since.elapsed());
    let reached = points
        .iter()
        .all(|point| told.iter().any(|told| told.point == *point && told.died));
    reached
        && told
            .iter()
            .all(|told| told.died && told.failure.is_none() && told.verdict == Verdict::CLEAN)
}

// A house has a thread and a runtime of its own: its futures need not be sent, and one that panics takes no other with it.
fn alone<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    LocalSet::new().block_on(&runtime, work)
}

// One house's rounds. A round that breaks leaves a house in which nothing can be told any more: the next gets another.
async fn rounds_of(
    house: usize,
    seed: u64,
    rounds: Arc<Mutex<VecDeque<(u32, FailPoint)>>>,
) -> Vec<Told> {
    let mut all = Vec::new();
    let mut built = 0_u64;
    let mut lane = None;
    loop {
        let Some((nth, point)) = rounds.lock().unwrap().pop_front() else {
            return all;
        };
        built += 1;
        let mut own = match lane.take() {
            Some(lane) => lane,
            None => {
                let weeks = 1_000_000 * (house as u64 + 1) + 10_000 * built;
                Lane::built(weeks, StdRng::seed_from_u64(seed)).await
            }
        };
        // A round's decisions are its own, whatever came before it.
        let place = FailPoint::ALL
            .iter()
            .position(|other| *other == point)
            .unwrap() as u64;
        own.dice = StdRng::seed_from_u64(seed ^ (place << 32) ^ u64::from(nth));
        // Each point in both kinds of companies, in turn: they seal entries at different places.
        let guards = (place + u64::from(nth)).is_multiple_of(2);
        let told = tokio::task::spawn_local(async move {
            own.store.guards_numbers(&own.house, guards).await;
            let told = round(&mut own, point).await;
            (told, own)
        });
        match told.await {
            Ok((told, own)) => {
                all.push(told);
                lane = Some(own);
            }
            Err(broken) => {
                println!(
                    "points: {} broke in round {nth} of seed {seed}",
                    point.name()
                );
                all.push(Told {
                    point,
                    died: false,
                    verdict: Verdict::CLEAN,
                    calls: Calls::default(),
                    reconnected: false,
                    failure: Some(broken.to_string()),
                });
            }
        }
    }
}

async fn round(lane: &mut Lane, point: FailPoint) -> Told {
    let way = Way::to(point);
    let times = lane.dice.random_range(1..=way.times_max());
    lane.sold.clear();
    lane.calls();
    lane.house.quickbooks().clear_plans();
    // What killed processes may still have under way keeps a company's places taken for as long as a call may last; here a
    // round lasts a second, and there are only so many places.
    lane.house.redis("FLUSHALL").await.unwrap();
    // Whoever was killed at the end of the round before holds nothing any more.
    lane.house.advance(LEASE_OVER).await;
    let died = if way.is_the_apis() {
        in_the_api(lane, way, point, times).await
    } else {
        in_a_worker(lane, way, point, times).await
    };
    let reconnected = recover(lane, way).await;
    Told {
        point,
        died,
        verdict: lane.judge().await,
        calls: lane.calls(),
        reconnected,
        failure: None,
    }
}

// The API is asked until it dies; its successor is asked again, as by any client that was not answered.
async fn in_the_api(lane: &mut Lane, way: Way, point: FailPoint, times: u32) -> bool {
    match way {
        Way::Retry => fail_some(lane).await,
        Way::PastSync => {
            let events = lane.dice.random_range(1..=4);
            let past = lane.sales.past(events);
            lane.send(&past).await;
        }
        _ => {}
    }
    lane.restart_api(Some((point, times))).await;
    let mut unanswered = None;
    for _ in 0..times {
        let (path, body) = request(lane, way).await;
        match lane.ask_once(key(way, &body).as_deref(), path, &body).await {
            Some(answer) => answered(lane, way, &answer, &body),
            None => {
                unanswered = Some((path, body));
                break;
            }
        }
    }
    let Some((path, body)) = unanswered else {
        return false;
    };
    check_death(&mut lane.api, point).await;
    lane.restart_api(None).await;
    let key = key(way, &body);
    let answer = lane
        .store
        .insist_as(key.as_deref(), path, body.clone())
        .await;
    answered(lane, way, &answer, &body);
    true
}

// Of a request, the same one however often it comes.
fn key(way: Way, body: &Value) -> Option<String> {
    (way == Way::Keyed).then(|| {
        let first = body["events"][0]["external_id"].as_str();
        first.unwrap().to_owned()
    })
}

async fn request(lane: &mut Lane, way: Way) -> (&'static str, Value) {
    match way {
        Way::Retry => ("retry-failed", json!({})),
        Way::PastSync => ("past-syncs", Sales::past_window()),
        _ => {
            let events = lane.dice.random_range(1..=4);
            ("events", json!({ "events": lane.some(events).await }))
        }
    }
}

fn answered(lane: &mut Lane, way: Way, answer: &Value, body: &Value) {
    if way == Way::Keyed {
        // Whether the first attempt had its effect or not, and whatever was answered: this is the answer to it.
        for result in answer["results"].as_array().unwrap() {
            assert_eq!(result["result"], "accepted", "{answer:#}");
        }
    }
    if matches!(way, Way::Ingest | Way::Keyed) {
        lane.note(answer, body["events"].as_array().unwrap().len());
    }
}

// Events that QuickBooks refuses once, for a cause that a person mends.
async fn fail_some(lane: &mut Lane) {
    let events = lane.dice.random_range(1..=3_usize);
    let refused = FaultPlan::next(Operation::CreateJournalEntry, Outcome::Fault(6430));
    lane.house.quickbooks().plan(FaultPlan {
        next: u32::try_from(events).ok(),
        ..refused
    });
    let some = lane.some(events).await;
    lane.send(&some).await;
    let mut worker = lane.worker(None);
    assert_eq!(lane.rest(&mut worker, true).await, Rest::Settled);
    worker.kill().await;
    let failed = lane.store.counts().await["failed"];
    assert_eq!(
        failed,
        i64::try_from(events).unwrap(),
        "events that were refused"
    );
}

// Events are sent in portions until the worker dies over one of them.
async fn in_a_worker(lane: &mut Lane, way: Way, point: FailPoint, times: u32) -> bool {
    prepare(lane, way).await;
    let mut worker = lane.worker(Some((point, times)));
    for _ in 0..PORTIONS_MAX {
        if lane.rest(&mut worker, way != Way::Sweep).await == Rest::Died {
            check_death(&mut worker, point).await;
            return true;
        }
        portion(lane, way).await;
    }
    worker.kill().await;
    false
}

const PORTIONS_MAX: usize = 8;
/// Longer than a ring takes to Redis.
const RING: Duration = Duration::from_millis(250);
/// Longer than a refresh is believed to be under way.
const CLAIM_OVER: TimeDelta = TimeDelta::seconds(181);

async fn portion(lane: &mut Lane, way: Way) {
    let events = lane.dice.random_range(1..=3);
    if way == Way::LookUp {
        // Some of the POSTs that nobody hears the answer of have taken effect.
        for _ in 0..events {
            let lost = FaultPlan::next(Operation::CreateJournalEntry, Outcome::Drop);
            let commit = lane.dice.random_ratio(1, 2);
            lane.house.quickbooks().plan(FaultPlan { commit, ..lost });
        }
    }
    let some = lane.some(events).await;
    lane.send(&some).await;
    if way == Way::Batch {
        // What goes out together is of the past.
        let events = lane.dice.random_range(8..=40);
        let past = lane.sales.past(events);
        lane.send(&past).await;
        lane.store.insist("past-syncs", Sales::past_window()).await;
    }
}

async fn prepare(lane: &mut Lane, way: Way) {
    match way {
        Way::TakeOver => die_over_requests(lane).await,
        Way::Refresh => {
            // After an hour another access token is needed, after a day another refresh token comes with it.
            let hours = *[1, 25].choose(&mut lane.dice).unwrap();
            lane.house.advance(TimeDelta::hours(hours)).await;
            portion(lane, way).await;
        }
        _ => portion(lane, way).await,
    }
    if way == Way::Sweep {
        // The ring, which may still be on its way to Redis, is lost: only the sweep knows.
        tokio::time::sleep(RING).await;
        lane.house.redis("FLUSHALL").await.unwrap();
    }
}

// A worker is killed while QuickBooks works on its requests, which then take effect or never do.
async fn die_over_requests(lane: &mut Lane) {
    let (hold, outcome) = *[
        (Hold::BeforeCommit, Outcome::Drop),
        (Hold::BeforeCommit, Outcome::Answer),
        (Hold::AfterCommit, Outcome::Answer),
    ]
    .choose(&mut lane.dice)
    .unwrap();
    let held = lane.house.quickbooks().plan(FaultPlan {
        next: None,
        hold: Some(hold),
        ..FaultPlan::next(Operation::CreateJournalEntry, outcome)
    });
    let worker = lane.worker(None);
    portion(lane, Way::TakeOver).await;
    let quickbooks = lane.house.quickbooks();
    tokio::time::timeout(PATIENCE, quickbooks.wait_until_held(held, 1))
        .await
        .unwrap_or_else(|_| panic!("no request is held: {}", worker.log()));
    worker.kill().await;
    quickbooks.clear_plans();
    lane.house.advance(LEASE_OVER).await;
}

// Another process goes on; tells whether a person had to connect the company again.
async fn recover(lane: &mut Lane, way: Way) -> bool {
    if lane.dice.random_ratio(1, 3) {
        lane.house.redis("FLUSHALL").await.unwrap();
    }
    if lane.dice.random_ratio(1, 2) {
        let realm_id = lane.store.company.realm_id.clone();
        lane.house
            .quickbooks()
            .forget_request_ids(&realm_id)
            .unwrap();
    }
    lane.house.advance(LEASE_OVER).await;
    if way == Way::Refresh {
        lane.house.advance(CLAIM_OVER).await;
    }
    let mut worker = lane.worker(None);
    let mut rest = lane.rest(&mut worker, way != Way::Sweep).await;
    let reconnect = rest == Rest::Disconnected && way == Way::Refresh;
    if reconnect {
        lane.store.connect(&lane.house).await;
        rest = lane.rest(&mut worker, true).await;
    }
    assert_eq!(rest, Rest::Settled, "{}", worker.log());
    worker.kill().await;
    reconnect
}

fn print_table(points: &[FailPoint], told: &[Told], took: Duration) {
    println!(
        "{:28} {:>6} {:>6} {:>6} {:>8} {:>10} {:>4}",
        "fail point", "rounds", "deaths", "POSTs", "queries", "duplicates", "lost"
    );
    let mut by_point = BTreeMap::<FailPoint, Vec<&Told>>::new();
    for told in told {
        by_point.entry(told.point).or_default().push(told);
    }
    for point in points {
        print_row(
            point.name(),
            by_point.get(point).map(Vec::as_slice).unwrap_or_default(),
        );
    }
    print_row("all", &told.iter().collect::<Vec<_>>());
    for told in told.iter().filter(|told| told.failure.is_some()) {
        println!(
            "points: {}: {}",
            told.point.name(),
            told.failure.as_deref().unwrap_or_default()
        );
    }
    let reconnected = told.iter().filter(|told| told.reconnected).count();
    println!(
        "points: {} rounds in {:.0} s; {reconnected} times an answer with the only valid refresh token was lost, and the company was connected again",
        told.len(),
        took.as_secs_f64()
    );
}

fn print_row(name: &str, told: &[&Told]) {
    let sum = |of: fn(&Told) -> usize| told.iter().map(|told| of(told)).sum::<usize>();
    println!(
        "{name:28} {:6} {:6} {:6} {:8} {:10} {:4}{}",
        told.len(),
        sum(|told| usize::from(told.died)),
        sum(|told| told.calls.posts),
        sum(|told| told.calls.queries),
        sum(|told| told.verdict.duplicates),
        sum(|told| told.verdict.lost),
        if sum(|told| usize::from(!told.died)) > 0 {
            "  NOT REACHED, or broke"
        } else {
            ""
        }
    );
}
