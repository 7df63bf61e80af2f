//! The suites under each answer that Intuit leaves open: one alone, then combinations by the seed.

use crate::Arguments;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sandbox::quickbooks::ALTERNATIVES;
use std::process::{Command, Stdio};
use std::time::Instant;

/// The stories that tell what exactly once means in every case.
const STORIES: [&str; 2] = ["lifecycle", "holders"];

/// Runs the stories, the short form of the fail points and the short storm under each answer; tells whether all were well.
pub async fn each(arguments: &Arguments) -> bool {
    let mut told = Vec::new();
    for names in draws(arguments) {
        let since = Instant::now();
        println!("switches: {names}");
        let stories = cargo(
            &names,
            &["-p", "tests", "--test", "stories", "--"],
            &STORIES,
        );
        let itself = itself(&names, arguments);
        told.push((names, stories, itself, since.elapsed()));
    }
    println!(
        "{:76} {:>8} {:>16} {:>5}",
        "answers", "stories", "points and storm", "s"
    );
    for (names, stories, itself, took) in &told {
        let word = |well: &bool| if *well { "pass" } else { "FAIL" };
        println!(
            "{names:76} {:>8} {:>16} {:5.0}",
            word(stories),
            word(itself),
            took.as_secs_f64()
        );
    }
    told.iter()
        .all(|(_, stories, itself, _)| *stories && *itself)
}

fn draws(arguments: &Arguments) -> Vec<String> {
    let wanted = |name: &&str| {
        arguments
            .only
            .as_ref()
            .is_none_or(|part| name.contains(part))
    };
    let alone = ALTERNATIVES
        .iter()
        .map(|other| other.name)
        .filter(wanted)
        .map(str::to_owned);
    let mut dice = StdRng::seed_from_u64(arguments.seed);
    let together = (0..arguments.draws).map(|_| {
        let drawn = ALTERNATIVES.iter().filter(|_| dice.random_ratio(1, 3));
        drawn.map(|other| other.name).collect::<Vec<_>>().join(",")
    });
    alone.chain(together.collect::<Vec<_>>()).collect()
}

// The stories are another package's: cargo finds or builds their binary.
fn cargo(names: &str, arguments: &[&str], stories: &[&str]) -> bool {
    let status = Command::new(env!("CARGO"))
        .args(["test", "--locked", "--quiet"])
        .args(arguments)
        .args(stories)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("SIMULATOR_SWITCHES", names)
        .stdin(Stdio::null())
        .status();
    status.unwrap().success()
}

fn itself(names: &str, arguments: &Arguments) -> bool {
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--seed", &arguments.seed.to_string()])
        .args(["--houses", &arguments.houses.to_string()])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("SIMULATOR_SWITCHES", names)
        .stdin(Stdio::null())
        .status();
    status.unwrap().success()
}
