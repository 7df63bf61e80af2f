//! Never twice, never lost, on real processes: by a death at every fail point, and by a storm of any length.
//!
//! ```sh
//! cargo test -p tillpost --test storm                                     # the short forms, as in every run of the tests
//! cargo test --release -p tillpost --test storm -- --points --seeds 25    # every fail point, 25 rounds each
//! cargo test --release -p tillpost --test storm -- --minutes 15           # a storm in the product's own time
//! cargo test --release -p tillpost --test storm -- --switches             # both under each answer Intuit leaves open
//! ```
//!
//! The decisions are drawn by `--seed`; what the processes make of them is their own. The house, the processes and the
//! judge are those of the process tests.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "a test that breaks says where"
)]
#![allow(clippy::float_arithmetic, reason = "minutes that are told")]

#[path = "../process/house.rs"]
#[allow(dead_code, reason = "the process tests need the rest")]
mod house;
#[path = "../process/judge.rs"]
#[allow(dead_code, reason = "the process tests need the rest")]
mod judge;
#[path = "../process/running.rs"]
#[allow(dead_code, reason = "the process tests need the rest")]
mod running;
#[path = "../process/store.rs"]
#[allow(dead_code, reason = "the process tests need the rest")]
mod store;

mod answers;
mod chaos;
mod lane;
mod points;
mod sales;
mod storm;
mod tills;

use clap::Parser;
use sandbox::quickbooks::Switches;
use std::process::ExitCode;
use std::time::Duration;

/// Another run is as good.
const SEED: u64 = 20_261_126;

/// A death at every fail point, and a storm; without arguments the short form of each.
#[derive(Parser, Debug, Clone)]
struct Arguments {
    /// Lets a process die at every fail point.
    #[arg(long)]
    points: bool,
    /// Rounds at every fail point.
    #[arg(long, default_value_t = 1)]
    seeds: u32,
    /// Only fail points whose names hold this; only answers whose names do.
    #[arg(long)]
    only: Option<String>,
    /// Fail points that are tried at the same time, each in a house of its own.
    #[arg(long, default_value_t = 2)]
    houses: usize,
    /// Lets a storm rage for so many minutes, and then waits until everything is settled.
    #[arg(long)]
    minutes: Option<f64>,
    /// How many times faster than the world the product's clock runs in the storm.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=i64::from(storm::FASTER_MAX)))]
    faster: u32,
    /// Worker processes of the storm.
    #[arg(long, default_value_t = 3)]
    workers: usize,
    /// Tenants of the storm, each with a company.
    #[arg(long, default_value_t = 3)]
    tenants: usize,
    /// Runs the suites under each answer that Intuit leaves open, and under `--draws` combinations of them.
    #[arg(long)]
    switches: bool,
    /// Combinations of answers that are drawn by the seed.
    #[arg(long, default_value_t = 4)]
    draws: u32,
    /// What the decisions are drawn by.
    #[arg(long, default_value_t = SEED)]
    seed: u64,
    /// Only what is named so, as cargo asks every test.
    filters: Vec<String>,
    #[arg(long, hide = true)]
    exact: bool,
    #[arg(long, hide = true)]
    nocapture: bool,
    #[arg(short, long, hide = true)]
    quiet: bool,
    #[arg(long, hide = true)]
    list: bool,
    #[arg(long, hide = true)]
    test_threads: Option<usize>,
    #[arg(long, hide = true)]
    skip: Vec<String>,
    #[arg(long, hide = true)]
    ignored: bool,
    #[arg(long, hide = true)]
    include_ignored: bool,
}

impl Arguments {
    /// Whether a story is wanted by cargo's filters; aloud where it is not.
    fn want(&self, name: &str) -> bool {
        let named = self.filters.is_empty() || self.filters.iter().any(|part| name.contains(part));
        let wanted = named && !self.ignored && !self.skip.iter().any(|part| name.contains(part));
        if !wanted {
            println!("storm: `{name}` is skipped, as it was asked for");
        }
        wanted
    }

    fn points(&self) -> points::Run {
        points::Run {
            seed: self.seed,
            seeds: self.seeds,
            only: self.only.clone(),
            houses: self.houses,
        }
    }

    fn storm(&self, minutes: f64) -> storm::Run {
        storm::Run {
            seed: self.seed,
            rages: Duration::from_secs_f64(minutes * 60.0),
            faster: self.faster,
            workers: self.workers,
            tenants: self.tenants,
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.list {
        println!("points: test\nstorm: test");
        return ExitCode::SUCCESS;
    }
    let well = run(&arguments).await;
    if well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

async fn run(arguments: &Arguments) -> bool {
    if arguments.switches {
        return answers::each(arguments).await;
    }
    if Switches::of_environment().unwrap() != Switches::default() {
        println!(
            "storm: SIMULATOR_SWITCHES={}",
            std::env::var("SIMULATOR_SWITCHES").unwrap()
        );
    }
    match (arguments.points, arguments.minutes) {
        (false, None) => {
            let mut well = true;
            if arguments.want("points") {
                well &= points::run(arguments.points()).await;
            }
            if arguments.want("storm") {
                well &= storm::run(storm::Run::short(arguments.seed)).await;
            }
            well
        }
        (points, minutes) => {
            let mut well = true;
            if points {
                well &= points::run(arguments.points()).await;
            }
            if let Some(minutes) = minutes {
                well &= storm::run(arguments.storm(minutes)).await;
            }
            well
        }
    }
}
