//! What 10,000 connected tenants cost that have nothing to do: figure 8 of the quality figures.
//!
//! One process has API and worker (and a simulated QuickBooks that nobody calls); the processors' time of it, of PostgreSQL
//! and of Redis is read before and after each minute, and Redis' own count of commands, those inside of scripts included.
//! Run with `cargo bench -p tests --bench idle`, or with a number of tenants.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    dead_code,
    reason = "a measurement that breaks says where, and needs not every verb of the stories"
)]
#![allow(clippy::float_arithmetic, reason = "shares of a core")]

#[path = "../stories/contract.rs"]
mod contract;
#[path = "../stories/lab.rs"]
mod lab;
#[path = "../stories/world.rs"]
mod world;

use lab::Lab;
use service::settings::Posting;
use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use world::{Shape, World};

const MINUTE: Duration = Duration::from_secs(60);
/// Of the kernel's counts of processors' time.
const TICKS_A_SECOND: f64 = 100.0;

#[tokio::main]
async fn main() {
    let tenants: usize = std::env::args()
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(10_000);
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    println!(
        "machine: {cores} cores, {}-{}",
        std::env::consts::ARCH,
        std::env::consts::OS
    );
    if cfg!(debug_assertions) {
        println!("this is not an optimised build: the figures mean little");
    }
    let lab = Lab::apart().await;
    let bell = worker::RedisBell::new(&lab.redis_url(), "bench").unwrap();
    let shape = Shape {
        bell: Arc::new(bell),
        posting: Posting::default(),
        ..Shape::default()
    };
    let world = World::on(lab, shape).await;
    connect(&world, tenants).await;
    let stop = CancellationToken::new();
    let work = tokio::spawn(worker::run(
        world.service.clone(),
        worker::Options::new(&lab.redis_url(), "bench"),
        stop.clone(),
    ));
    let redis = redis::Client::open(lab.redis_url()).unwrap();
    let mut redis = redis.get_multiplexed_async_connection().await.unwrap();
    // What happens once after a start has happened.
    tokio::time::sleep(Duration::from_secs(15)).await;
    println!("{tenants} connected tenants, shares of one core:");
    println!("   worker + API   PostgreSQL      Redis   together   Redis commands a second");
    for _ in 0..2 {
        minute(&world, &mut redis).await;
    }
    stop.cancel();
    work.await.unwrap().unwrap();
}

async fn minute(world: &World, redis: &mut redis::aio::MultiplexedConnection) {
    let before = (spent(world, redis).await, commands(redis).await);
    let start = Instant::now();
    tokio::time::sleep(MINUTE).await;
    let after = (spent(world, redis).await, commands(redis).await);
    let seconds = start.elapsed().as_secs_f64();
    let share: Vec<f64> = after
        .0
        .iter()
        .zip(before.0)
        .map(|(after, before)| 100.0 * (after - before) / seconds)
        .collect();
    println!(
        "       {:5.2} %      {:5.2} %    {:5.2} %    {:5.2} %   {:8.1}",
        share[0],
        share[1],
        share[2],
        share.iter().sum::<f64>(),
        (after.1 - before.1) / seconds
    );
}

/// Tenants with a company, a grant that lasts, a running sync and nothing to do.
async fn connect(world: &World, tenants: usize) {
    world
        .sql(&format!(
            "CREATE TEMPORARY TABLE born AS SELECT gen_random_uuid() AS tenant_id, n FROM generate_series(1, {tenants}) AS n;
             INSERT INTO tenant (tenant_id, name) SELECT tenant_id, 'Idle ' || n FROM born;
             INSERT INTO number_series (tenant_id) SELECT tenant_id FROM born;
             INSERT INTO turn (tenant_id) SELECT tenant_id FROM born;
             INSERT INTO sync (tenant_id, running, started_at) SELECT tenant_id, true, tillpost_now() FROM born;
             INSERT INTO connection (tenant_id, id, company_id, company_name, home_currency, state, is_current)
               SELECT tenant_id, tenant_id, 1000000 + n, 'Idle ' || n, 'USD', 'connected', true FROM born;
             INSERT INTO connection_grant (tenant_id, connection_id, version, access_token, refresh_token,
                 access_expires_at, refresh_expires_at, hard_expires_at, due_at)
               SELECT tenant_id, tenant_id, 1, 'sealed', 'sealed', tillpost_now() + interval '1 hour',
                 tillpost_now() + interval '100 days', tillpost_now() + interval '5 years', tillpost_now() + interval '1 day' FROM born;"
        ))
        .await;
    // What the database does after so many new rows it does now.
    world.sql("VACUUM ANALYZE").await;
}

/// The processors' time so far, in seconds: of this process, of PostgreSQL's, of Redis.
async fn spent(world: &World, redis: &mut redis::aio::MultiplexedConnection) -> [f64; 3] {
    let backend = world.rows("SELECT pg_backend_pid()::text").await;
    let postmaster = stat(&backend[0]).map_or_else(String::new, |stat| stat[1].clone());
    let mut postgres = time(&postmaster, true);
    for process in fs::read_dir("/proc").unwrap() {
        let name = process.unwrap().file_name();
        let pid = name.to_str().unwrap_or_default();
        if stat(pid).is_some_and(|stat| stat[1] == postmaster) {
            postgres += time(pid, false);
        }
    }
    let told: String = redis::cmd("INFO")
        .arg("server")
        .query_async(redis)
        .await
        .unwrap();
    let server = told
        .lines()
        .find_map(|line| line.strip_prefix("process_id:"))
        .unwrap();
    [time("self", false), postgres, time(server.trim(), false)]
}

// A process's time, with that of its children that have ended.
fn time(pid: &str, with_children: bool) -> f64 {
    let Some(stat) = stat(pid) else { return 0.0 };
    let fields = if with_children { 11..15 } else { 11..13 };
    stat[fields]
        .iter()
        .map(|ticks| ticks.parse::<f64>().unwrap())
        .sum::<f64>()
        / TICKS_A_SECOND
}

// What the kernel tells of a process, from its state on: the parent is the second, the times begin with the twelfth.
fn stat(pid: &str) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(") ")?;
    Some(rest.split(' ').map(str::to_owned).collect())
}

async fn commands(redis: &mut redis::aio::MultiplexedConnection) -> f64 {
    let told: String = redis::cmd("INFO")
        .arg("commandstats")
        .query_async(redis)
        .await
        .unwrap();
    told.lines()
        .filter(|line| !line.starts_with("cmdstat_info"))
        .filter_map(|line| line.split_once("calls=")?.1.split_once(','))
        .map(|(calls, _)| calls.parse::<f64>().unwrap())
        .sum()
}
