#![doc = include_str!("../README.md")]

mod company;
mod dice;
mod flight;
mod judge;
mod rows;
mod steps;
mod story;
mod task;
mod weather;
mod world;

pub use world::{Broken, Counts};

use accounting::posting::{Mutant, act};
use world::World;

/// What one schedule came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The promise that was broken.
    pub broken: Option<Broken>,
    /// A hash of every step: two runs of one seed have the same.
    pub trace: u64,
    /// Steps it took.
    pub steps: u64,
    /// From fair weather to rest, in milliseconds of its clock.
    pub rest_ms: u64,
    /// What happened in it.
    pub counts: Counts,
    /// The story, where it was asked for.
    pub story: Vec<String>,
}

/// Runs the schedule of `seed`, with a fault of the protocol where one is given.
#[must_use]
pub fn run(seed: u64, mutant: Option<Mutant>, is_told: bool) -> Told {
    act(mutant);
    let mut world = World::new(seed, is_told);
    let World { story, weather, .. } = &mut world;
    story.tell(0, "begin", [seed, 0], || {
        format!("seed {seed}: {weather:?}")
    });
    world.run();
    act(None);
    Told {
        broken: world.broken,
        trace: world.story.hash(),
        steps: world.steps,
        rest_ms: world.now.saturating_sub(world.weather.fair_from),
        counts: world.counts,
        story: world.story.lines(),
    }
}

/// How many seeds, beginning with `first`, it takes to find a fault; `None`: more than `most`.
#[must_use]
pub fn seeds_until_caught(mutant: Mutant, first: u64, most: u64) -> Option<(u64, Broken)> {
    (0..most).find_map(|tried| {
        let broken = run(first.wrapping_add(tried), Some(mutant), false).broken?;
        Some((tried + 1, broken))
    })
}
