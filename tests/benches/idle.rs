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
#[path = "plant/plant.rs"]
mod plant;
#[path = "../stories/world.rs"]
mod world;

use plant::cpu::Cpu;
use service::settings::Posting;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use world::World;

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() {
    let tenants: usize = std::env::args()
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(10_000);
    plant::introduce();
    let (world, lab) = plant::plant(Posting::default()).await;
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
        minute(&mut redis).await;
    }
    stop.cancel();
    work.await.unwrap().unwrap();
}

async fn minute(redis: &mut redis::aio::MultiplexedConnection) {
    let here = std::process::id();
    let (before, sent, start) = (Cpu::now(here), commands(redis).await, Instant::now());
    tokio::time::sleep(MINUTE).await;
    let cost = Cpu::now(here).since(before);
    let sent = commands(redis).await - sent;
    let micros = start.elapsed().as_micros() as f64;
    let share = |spent: u64| 100.0 * spent as f64 / micros;
    println!(
        "       {:5.2} %      {:5.2} %    {:5.2} %    {:5.2} %   {:8.1}",
        share(cost.worker),
        share(cost.postgres),
        share(cost.redis),
        share(cost.all()),
        1e6 * sent / micros
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
