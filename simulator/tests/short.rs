//! The short form: some schedules are clean, each replays as it was, and faults of the protocol are found.

use accounting::posting::Mutant;
use simulator::{run, seeds_until_caught};

#[test]
fn a_thousand_schedules_break_no_promise() {
    let (mut crashes, mut late, mut found) = (0, 0, 0);
    for seed in 500_000..501_000 {
        let told = run(seed, None, false);
        assert_eq!(told.broken, None, "cargo run -p simulator -- --seed {seed}");
        let counted = |what| told.counts.0.get(what).copied().unwrap_or_default();
        crashes += counted("crashes");
        late += counted("late commits");
        found += counted("found by look-up");
    }
    assert!(
        crashes > 100 && late > 50 && found > 50,
        "too fair a weather: {crashes} crashes, {late} late commits, {found} found by look-up"
    );
}

#[test]
fn a_seed_tells_the_same_story_twice() {
    for seed in 0..40 {
        let told = run(seed, None, true);
        assert_eq!(told, run(seed, None, true), "seed {seed}");
        assert!(!told.story.is_empty());
        // Whether anybody listens changes nothing.
        let untold = run(seed, None, false);
        assert_eq!((told.trace, told.steps), (untold.trace, untold.steps));
    }
    assert_ne!(run(1, None, false).trace, run(2, None, false).trace);
}

#[test]
fn a_failing_seed_says_what_was_broken_and_how_it_came_to_it() {
    let (seeds, broken) = seeds_until_caught(Mutant::ResendAtOnce, 1, 1_000).unwrap();
    let told = run(seeds, Some(Mutant::ResendAtOnce), true);
    assert_eq!(told.broken, Some(broken));
    assert!(
        told.story
            .iter()
            .any(|line| line.contains("QuickBooks executes"))
    );
}

// Those that take thousands of seeds are for the long form: `cargo run --release -p simulator -- --mutants`.
const RARE: [Mutant; 8] = [
    Mutant::OneAbsence,
    Mutant::NoCallTimeout,
    Mutant::WithdrawDoubted,
    Mutant::ForeignAtOnce,
    Mutant::GateAfterIntent,
    Mutant::SendBeforeCommit,
    Mutant::AnyState,
    Mutant::GateOnWallClock,
];

#[test]
fn each_fault_of_the_protocol_that_is_not_rare_is_found() {
    let survivors: Vec<&str> = Mutant::ALL
        .iter()
        .filter(|mutant| !RARE.contains(mutant))
        .filter(|mutant| seeds_until_caught(**mutant, 7_000, 2_000).is_none())
        .map(|mutant| mutant.name())
        .collect();
    assert!(survivors.is_empty(), "{survivors:?}");
}
