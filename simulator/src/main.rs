//! Runs schedules, tells one, or grades the harness by its mutants.

use accounting::posting::Mutant;
use clap::Parser;
use simulator::{Counts, run, seeds_until_caught};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

/// The posting machine under seeded misfortune.
#[derive(Parser)]
struct Options {
    /// Runs so many seeds.
    #[arg(long, default_value_t = 10_000)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 1)]
    first: u64,
    /// Tells the story of this seed.
    #[arg(long)]
    seed: Option<u64>,
    /// With this mutant, by its place in the table.
    #[arg(long)]
    mutant: Option<usize>,
    /// Lets each mutant act, and prints after how many seeds it is caught.
    #[arg(long)]
    mutants: bool,
    /// Threads; as many as the machine has cores, where it is not said.
    #[arg(long)]
    threads: Option<usize>,
}

/// Starting seeds of which the median is taken.
const STARTS: u64 = 9;
/// A mutant that lives so long has survived.
const SEEDS_MAX: u64 = 200_000;

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = options.threads.unwrap_or(cores).max(1);
    if let Some(seed) = options.seed {
        return tell(seed, options.mutant);
    }
    println!("{}, {cores} cores, {threads} threads", machine());
    if options.mutants {
        return grade(threads);
    }
    many(options.first, options.seeds, threads)
}

fn tell(seed: u64, mutant: Option<usize>) -> anyhow::Result<()> {
    let mutant = mutant.and_then(|place| Mutant::ALL.get(place).copied());
    let told = run(seed, mutant, true);
    for line in &told.story {
        println!("{line}");
    }
    println!(
        "seed {seed}: {} steps, trace {:016x}",
        told.steps, told.trace
    );
    match told.broken {
        Some(broken) => anyhow::bail!("{}", broken.0),
        None => Ok(()),
    }
}

fn many(first: u64, seeds: u64, threads: usize) -> anyhow::Result<()> {
    let next = AtomicU64::new(0);
    let is_broken = AtomicBool::new(false);
    let sums = Mutex::new((Counts::default(), 0_u64, Vec::new(), 0_u64));
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let (mut counts, mut steps, mut broken) = (Counts::default(), 0, Vec::new());
                let mut rest_ms = 0;
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds || is_broken.load(Ordering::Relaxed) {
                        break;
                    }
                    let told = run(first + seed, None, false);
                    counts.merge(&told.counts);
                    steps += told.steps;
                    rest_ms = rest_ms.max(told.rest_ms);
                    if let Some(why) = told.broken {
                        broken.push((first + seed, why.0));
                        is_broken.store(broken.len() >= 5, Ordering::Relaxed);
                    }
                }
                let mut sums = sums
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner);
                sums.0.merge(&counts);
                sums.1 += steps;
                sums.2.extend(broken);
                sums.3 = sums.3.max(rest_ms);
            });
        }
    });
    let took = begun.elapsed();
    let (counts, steps, broken, rest_ms) = sums
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let schedules = next.into_inner().min(seeds);
    let a_second = u128::from(schedules) * 1000 / took.as_millis().max(1);
    println!(
        "{schedules} schedules from seed {first} in {:.1?}: {a_second} a second; {steps} steps",
        took
    );
    for (what, times) in &counts.0 {
        println!("  {times:>12} {what}");
    }
    println!(
        "at rest {} s after the weather turned fair, at the latest",
        rest_ms / 1000
    );
    let kind = |words: &str| {
        broken
            .iter()
            .filter(|(_, why)| why.starts_with(words))
            .count()
    };
    println!(
        "{} duplicates, {} lost, {} stuck, {} other broken promises",
        kind("duplicate"),
        kind("lost"),
        kind("stuck"),
        broken.len() - kind("duplicate") - kind("lost") - kind("stuck")
    );
    for (seed, why) in &broken {
        println!("seed {seed}: {why}");
    }
    anyhow::ensure!(broken.is_empty(), "{} promises were broken", broken.len());
    Ok(())
}

fn grade(threads: usize) -> anyhow::Result<()> {
    let next = AtomicU64::new(0);
    let rows = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let place =
                        usize::try_from(next.fetch_add(1, Ordering::Relaxed)).unwrap_or(usize::MAX);
                    let Some(mutant) = Mutant::ALL.get(place) else {
                        break;
                    };
                    let mut tries = Vec::new();
                    let mut how = String::new();
                    for start in 0..STARTS {
                        let caught = seeds_until_caught(*mutant, 1 + start * 1_000_000, SEEDS_MAX);
                        if let Some((_, broken)) = &caught {
                            broken.0.clone_into(&mut how);
                        }
                        let survives = caught.is_none();
                        tries.push(caught.map(|(seeds, _)| seeds));
                        if survives {
                            break;
                        }
                    }
                    let mut rows = rows
                        .lock()
                        .unwrap_or_else(std::sync::PoisonError::into_inner);
                    rows.push((place, *mutant, tries, how));
                }
            });
        }
    });
    let mut rows = rows
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    rows.sort_by_key(|(place, ..)| *place);
    let mut survivors = 0;
    println!("place  median  most  mutant: how it was caught last");
    for (place, mutant, mut tries, how) in rows {
        if tries.contains(&None) {
            survivors += 1;
            println!(
                "{place:>5}       -     -  {}: SURVIVES {SEEDS_MAX} seeds",
                mutant.name()
            );
            continue;
        }
        tries.sort_unstable();
        let median = tries
            .get(tries.len() / 2)
            .copied()
            .flatten()
            .unwrap_or_default();
        let most = tries.last().copied().flatten().unwrap_or_default();
        println!(
            "{place:>5}  {median:>6}  {most:>4}  {}: {how}",
            mutant.name()
        );
    }
    println!("{} mutants, {survivors} survive", Mutant::ALL.len());
    anyhow::ensure!(survivors == 0, "{survivors} mutants survive");
    Ok(())
}

fn machine() -> String {
    std::fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("model name"))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        })
        .unwrap_or_else(|| "an unknown processor".to_owned())
}
