//! Every job, on one page.
//!
//! | job | when | what |
//! | --- | --- | --- |
//! | turn | the bell rings, or a turn before it found more to do | `service::posting::turn` for one tenant |
//! | sweep | every second | rings for tenants that are due and were not rung for lately |
//! | watch | every minute | looks after tenants whose turn is long overdue, and tells of a stall |
//! | grants | every half minute | looks at grants that are due: refreshed ahead, kept alive, told of |
//! | books | every minute | has the books of whoever was not looked after for a day looked over |
//! | keys | every minute | destroys data keys that were replaced a while ago |
//! | posts | always, beside all these | `service::webhook`: publishes messages to the outside and delivers them in lanes |
//! | tidy | every half minute | forgets on Redis what is done |
//! | answers | every ten minutes | forgets answers to requests with an Idempotency-Key that are kept no longer |
//! | witness | every ten minutes | writes down, once a day each, where the audit logs end |

use crate::line::Line;
use crate::turns::Turns;
use crate::work::Work;
use crate::{Options, answers, books, grants, keys, lane, sweep, tidy, watch, witness};
use service::bell::Urgency;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

const SWEEP_EVERY: Duration = Duration::from_secs(1);
const WATCH_EVERY: Duration = Duration::from_secs(60);
const GRANTS_EVERY: Duration = Duration::from_secs(30);
const BOOKS_EVERY: Duration = Duration::from_secs(60);
const KEYS_EVERY: Duration = Duration::from_secs(60);
const TIDY_EVERY: Duration = Duration::from_secs(30);
const ANSWERS_EVERY: Duration = Duration::from_secs(600);
const WITNESS_EVERY: Duration = Duration::from_secs(600);

/// Runs every job until `stop`, and returns when the last turn has ended.
pub(crate) async fn run(
    work: Arc<dyn Work>,
    line: Line,
    options: &Options,
    stop: CancellationToken,
) {
    let turns = Turns::new(
        Arc::clone(&work),
        line.clone(),
        options.turns_max,
        stop.clone(),
    );
    let taking = Urgency::ALL.map(|urgency| {
        tokio::spawn(lane::take(
            line.clone(),
            urgency,
            turns.clone(),
            options.holder.clone(),
            stop.clone(),
        ))
    });
    tokio::join!(
        every("sweep", SWEEP_EVERY, &stop, || sweep::sweep(
            &*work, &line, &turns
        )),
        every("watch", WATCH_EVERY, &stop, || watch::watch(&*work)),
        every("look at grants", GRANTS_EVERY, &stop, || grants::look(
            &*work, &stop
        )),
        every("books", BOOKS_EVERY, &stop, || books::look_over(&*work)),
        every("destruction of keys", KEYS_EVERY, &stop, || keys::destroy(
            &*work
        )),
        every("tidy", TIDY_EVERY, &stop, || tidy::tidy(&line)),
        every("forgetting of answers", ANSWERS_EVERY, &stop, || {
            answers::forget(&*work)
        }),
        every("witness of audit logs", WITNESS_EVERY, &stop, || {
            witness::witness(&*work)
        }),
    );
    for lane in taking {
        if let Err(error) = lane.await {
            tracing::error!("the worker on redis ended badly: {error}");
        }
    }
    turns.end().await;
}

// Told once when it begins to fail and once when it is well again; a failure waits for the next time.
async fn every<F>(name: &str, period: Duration, stop: &CancellationToken, job: impl Fn() -> F)
where
    F: Future<Output = anyhow::Result<()>>,
{
    let mut times = interval(period);
    times.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failing = false;
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            _ = times.tick() => {}
        }
        let done = job().await;
        match (&done, failing) {
            (Err(error), false) => {
                tracing::warn!("the {name} failed and is tried again: {error:#}")
            }
            (Ok(()), true) => tracing::info!("the {name} is well again"),
            _ => {}
        }
        failing = done.is_err();
    }
}
