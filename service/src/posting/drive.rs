//! Drives the posting machine through one turn: does each step, and tells what came of it.

use super::lease::Lease;
use super::{Turn, claim, doubt, errands, patience, send};
use crate::Service;
use crate::error::Error;
use crate::gate::since_boot;
use accounting::posting::{BATCH_ITEMS_MAX, Course, Errands, Heard, Policy, Step, Waits};
use entity::id::{JournalEntryId, TenantId};
use tokio_util::sync::CancellationToken;

/// Entries looked up by one query: those of several batches. A read is metered, however much it asks for.
const LOOK_UP_MOST: usize = 4 * BATCH_ITEMS_MAX;

/// What is told of a step.
pub(super) type Told = Heard<JournalEntryId>;

/// Does a turn's work under its lease, until the machine gives the company back.
pub(super) async fn work(
    service: &Service,
    tenant: TenantId,
    lease: &Lease,
    batches: bool,
    stop: &CancellationToken,
) -> Result<(), Error> {
    let policy = policy(service, batches);
    let (mut course, mut step) = Course::begin(policy);
    let mut turn: Option<Turn<'_>> = None;
    loop {
        let told = match (&mut turn, step) {
            (_, Step::GiveBack) => return Ok(()),
            (_, Step::TakeOver { after }) => doubt::take_over(service, lease, after).await?,
            (Some(turn), step) => act(turn, step, stop).await?,
            // The first errand is to get in.
            (None, _) => match errands::open(service, tenant, lease, policy).await? {
                Some(opened) => errands::run(turn.insert(opened), stop).await?,
                None => Heard::Errands(Errands::Over),
            },
        };
        step = course.heard(told, since_boot());
    }
}

fn policy(service: &Service, batches: bool) -> Policy {
    let posting = &service.settings().posting;
    Policy {
        waits: Waits {
            quiet_period: posting.quiet_period,
            call_timeout: posting.call_timeout,
            absence_gap: posting.absence_gap,
        },
        send_window: posting.send_window,
        slice: usize::try_from(posting.backlog.max(posting.slice)).unwrap_or(usize::MAX),
        look_up_most: LOOK_UP_MOST,
        batch_items: if batches { BATCH_ITEMS_MAX } else { 0 },
    }
}

/// Does one step.
pub(super) async fn act(
    turn: &mut Turn<'_>,
    step: Step<JournalEntryId>,
    stop: &CancellationToken,
) -> Result<Told, Error> {
    match step {
        Step::Errands => errands::run(turn, stop).await,
        Step::Doubts { most } => doubt::due(turn, most).await,
        Step::Ask { keys } => doubt::ask(turn, &keys).await,
        Step::Settle { settlements } => doubt::settle(turn, &settlements).await,
        Step::Claim { most } => claim::slice(turn, most).await,
        Step::Share(wanted) => Ok(send::share(turn, wanted)),
        Step::Intend { requests } => send::intend(turn, requests).await,
        Step::Send(wave) => send::wave_and_aside(turn, &wave, stop).await,
        Step::Refresh => errands::refresh(turn).await,
        Step::Wait { why, wait } => patience::wait(turn, why, wait).await,
        Step::Halt(halt) => patience::halt(turn, halt).await,
        Step::Hold => patience::hold(turn).await,
        Step::TakeOver { .. } | Step::GiveBack => Ok(Heard::Done),
    }
}
