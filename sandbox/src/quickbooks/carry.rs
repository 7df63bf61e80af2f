//! A call on its way through a planned fault: waits, effect or none, what is seen.

use std::time::Duration;

use actix_web::web::Bytes;
use tokio::sync::oneshot;

use super::cut::Cut;
use super::fault::catalogue;
use super::plan::{Hold, Outcome, PlannedFault};
use super::reply::{Content, Reply};
use super::world::{Shared, World};

/// Carries a call through its planned fault: what waits, whether it takes effect, what is seen.
pub(crate) async fn carry(
    shared: &Shared,
    planned: Option<PlannedFault>,
    cut: &Cut,
    effect: impl FnOnce(&mut World) -> Reply,
) -> Option<Reply> {
    let Some(PlannedFault { id, plan }) = planned else {
        return Some(effect(&mut shared.lock()));
    };
    if plan.drop_first && plan.outcome == Outcome::Drop {
        cut.close();
    }
    pause(plan.delay_before_ms).await;
    if plan.hold == Some(Hold::BeforeCommit) {
        stand_still(shared, id).await;
    }
    let answer = plan.commits().then(|| effect(&mut shared.lock()));
    pause(plan.delay_after_ms).await;
    if plan.hold == Some(Hold::AfterCommit) {
        stand_still(shared, id).await;
    }
    let (now, switches) = {
        let world = shared.lock();
        (world.clock.now(), world.switches.clone())
    };
    match plan.outcome {
        Outcome::Answer => answer,
        // The caller closes the connection when it has recorded that nothing was answered.
        Outcome::Drop | Outcome::Cut => None,
        Outcome::Status(status) => Some(Reply::of_balancer(status)),
        Outcome::WaitAFewMinutes => Some(Reply::fault(catalogue::wait_a_few_minutes().into(), now)),
        Outcome::Throttled => Some(Reply::of_gateway(catalogue::throttled(), now, &switches)),
        Outcome::Unauthorized => Some(Reply::fault(
            catalogue::token_refused("Token expired".to_owned()),
            now,
        )),
        Outcome::Fault(code) => Some(Reply::fault(catalogue::planned(code).into(), now)),
        Outcome::Garbage => {
            let content = Content::Raw(
                "application/json;charset=utf-8",
                Bytes::from_static(b"{\"JournalEntry\":{\"Id\":\"2"),
            );
            Some(Reply {
                status: 200,
                content,
            })
        }
    }
}

async fn pause(milliseconds: u64) {
    if milliseconds > 0 {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }
}

/// Stands still until the plan is released, or the plans are cleared.
async fn stand_still(shared: &Shared, plan: u64) {
    let (release, released) = oneshot::channel();
    shared.lock().held.entry(plan).or_default().push(release);
    shared.held.notify_waiters();
    // A dropped release is a release.
    let _ = released.await;
}
