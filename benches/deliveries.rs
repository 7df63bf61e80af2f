//! Messages to fifty receivers, some of them slow, failing, hanging or gone, with workers killed meanwhile: none is lost, repeats
//! come under the same id, how long a first attempt to a healthy receiver takes, and what hanging ones cost the others.
//!
//! Real processes (two workers, an API) on one private PostgreSQL; one machine, one run. Run with
//! `cargo bench -p tillpost --bench deliveries`; `-- 20000 200` is another number of messages, and of messages a second.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    dead_code,
    missing_docs,
    reason = "a measurement that breaks says where, and shares its tools with the tests"
)]
#![allow(clippy::float_arithmetic, reason = "ratios of times")]

#[path = "../tests/process/house.rs"]
mod house;
#[path = "../tests/process/post.rs"]
mod post;
#[path = "../tests/stories/receiver.rs"]
mod receiver;
#[path = "../tests/process/running.rs"]
mod running;

use post::Post;
use receiver::Manner;
use std::time::{Duration, Instant};

/// Messages a second, while the pace is even, unless another number is asked for.
const RATE: usize = 400;
/// Messages of one burst.
const BURST: usize = 3500;
const ROUNDS: usize = 6;
const KILLS: usize = 6;

#[tokio::main]
async fn main() {
    let mut numbers = std::env::args().filter_map(|text| text.parse::<usize>().ok());
    let messages = numbers.next().unwrap_or(100_000);
    let rate = numbers.next().unwrap_or(RATE).max(1);
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    println!(
        "machine: {cores} cores, {}-{}",
        std::env::consts::ARCH,
        std::env::consts::OS
    );
    if cfg!(debug_assertions) {
        println!("this is not an optimised build: the figures mean nothing");
    }
    let mut post = Post::opened(2, manners()).await;
    println!("receivers: 35 healthy, 5 slow (300 ms), 4 failing (500), 3 hanging, 3 gone (410)");
    let hangs = |manner: &Manner| *manner == Manner::Hang;
    let ails = |manner: &Manner| *manner != Manner::Well;

    // What hanging ones cost the others: bursts to the healthy, alone and beside the hanging, in turn.
    post.enable(false, ails).await;
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        // Tables grow meanwhile: each is the first of the two as often as the other.
        for hanging in [round % 2 == 1, round % 2 == 0] {
            if hanging {
                post.enable(true, hangs).await;
                post.happens(30, hangs).await;
            }
            let took = burst(&post, |manner| *manner == Manner::Well).await;
            if hanging {
                post.enable(false, hangs).await;
            }
            let times = if hanging { &mut beside } else { &mut alone };
            times.push(took);
        }
    }
    println!("alone {alone:.2?} s, beside hanging ones {beside:.2?} s");
    let (alone, beside) = (median(alone), median(beside));
    println!(
        "bursts of {BURST} to the healthy, median of {ROUNDS}: alone {alone:.2} s, beside hanging ones {beside:.2} s"
    );
    println!(
        "hanging ones cost the others {:.1} %",
        100.0 * (beside / alone - 1.0)
    );

    // Evenly, to all; then the same while workers are killed.
    post.enable(true, ails).await;
    let half = messages.saturating_sub(2 * ROUNDS * BURST).max(2000) / 2;
    let began = post.now().await;
    pace(&mut post, half, rate, 0).await;
    let middle = post.now().await;
    pace(&mut post, half, rate, KILLS).await;
    post.until_the_healthy_have_all().await;
    let ended = post.now().await;
    let calm = post.first_attempts(began, middle).await;
    let storm = post.first_attempts(middle, ended).await;
    println!(
        "{half} messages at {rate} a second to all; first attempt after the fact, to healthy receivers, milliseconds:"
    );
    println!(
        "  nobody killed        median {:6.0}  p99 {:6.0}  most {:6.0}",
        calm.median, calm.p99, calm.most
    );
    println!(
        "  {KILLS} workers killed     median {:6.0}  p99 {:6.0}  most {:6.0}",
        storm.median, storm.p99, storm.most
    );

    let judgement = post.mended_and_judged().await;
    println!(
        "after all were mended: {} messages, all received, none invented; {} repeats, each under the id and with the bytes of the first",
        judgement.messages, judgement.repeats
    );
}

fn manners() -> Vec<Manner> {
    let mut manners = vec![Manner::Well; 35];
    manners.extend(vec![Manner::Slow(Duration::from_millis(300)); 5]);
    manners.extend(vec![Manner::Status(500, ""); 4]);
    manners.extend(vec![Manner::Hang; 3]);
    manners.extend(vec![Manner::Status(410, ""); 3]);
    manners
}

async fn burst(post: &Post, chosen: impl Fn(&Manner) -> bool) -> f64 {
    post.happens(BURST, chosen).await;
    post.until_the_healthy_have_all().await.as_secs_f64()
}

async fn pace(post: &mut Post, messages: usize, rate: usize, kills: usize) {
    let began = Instant::now();
    let (mut sent, mut killed) = (0, 0);
    while sent < messages {
        let due = (rate * began.elapsed().as_millis() as usize / 1000).min(messages);
        if due > sent {
            post.happens(due - sent, |_| true).await;
            sent = due;
        }
        if killed < kills && sent * (kills + 1) >= messages * (killed + 1) {
            post.kill_a_worker().await;
            killed += 1;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    let half = times.len() / 2;
    (times[half - 1] + times[half]) / 2.0
}
