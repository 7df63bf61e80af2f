//! Beside a wave: live events do not wait until a backlog's requests are through.
//!
//! A wave at QuickBooks' pace takes seconds. While it is under way, live events that became due are taken, sealed, intended and sent
//! under the same lease and fence by a course of their own, which takes nothing over and looks nothing up. It touches
//! no entry of the wave: those are intended, and it claims only what is queued. It also sees that the sync was stopped, or
//! that this process is to end, and then the rest of the wave does not leave.

use super::lease::Lease;
use super::send::Ended;
use super::{Turn, drive};
use crate::Service;
use crate::error::Error;
use crate::gate::since_boot;
use crate::grant::Access;
use accounting::posting::{Course, Errands, Heard, Outcome, Policy, Request, Step, Wave};
use entity::connection::Model as Connection;
use entity::id::{JournalEntryId, TenantId};
use futures::FutureExt;
use futures::future::BoxFuture;
use sea_orm::FromQueryResult;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often it is looked for live events.
const EVERY: Duration = Duration::from_millis(200);

/// What a course beside a wave works with.
pub(super) struct Aside<'a> {
    service: &'a Service,
    tenant: TenantId,
    lease: &'a Lease,
    connection: Connection,
    access: Access,
    policy: Policy,
    // Whether live events have anything to go past, and may.
    goes_past: bool,
}

#[derive(FromQueryResult)]
struct News {
    running: bool,
    live: bool,
}

impl<'a> Aside<'a> {
    pub(super) fn of(turn: &Turn<'a>, wave: &Wave<JournalEntryId>) -> Self {
        let keys = wave.requests.iter().flat_map(Request::keys);
        let mut entries = keys.filter_map(|key| turn.ready.get(&key));
        Self {
            service: turn.service,
            tenant: turn.tenant,
            lease: turn.lease,
            connection: turn.connection.clone(),
            access: turn.access.clone(),
            policy: turn.policy,
            // A company that is tried out with one entry is sent no other.
            goes_past: !turn.on_trial && entries.any(|entry| entry.past),
        }
    }

    /// Looks after live events until the wave is `done`, and comes to its end then.
    pub(super) async fn beside(
        &self,
        ended: &Ended,
        stop: &CancellationToken,
        done: &CancellationToken,
    ) -> Result<(), Error> {
        loop {
            tokio::select! {
                biased;
                () = done.cancelled() => return Ok(()),
                () = tokio::time::sleep(EVERY) => {}
            }
            if stop.is_cancelled() {
                ended.end(Outcome::NotSent);
            }
            if ended.why().is_some() {
                continue;
            }
            let news = self.news().await?;
            if !news.running {
                ended.end(Outcome::NotSent);
            } else if news.live && self.goes_past {
                self.course().await?;
            }
        }
    }

    async fn news(&self) -> Result<News, Error> {
        let tx = self.service.tenant(self.tenant).await?;
        let news = tx
            .query_as::<News>(
                "SELECT s.running, EXISTS (SELECT 1 FROM event e
                   WHERE {mine:e} AND e.status = 'not_synced' AND NOT e.past AND e.due_at <= tillpost_now()) AS live
                   FROM sync s WHERE {mine:s}",
                vec![],
            )
            .await?
            .pop();
        Ok(news.unwrap_or(News {
            running: false,
            live: false,
        }))
    }

    // Boxed, since a wave may have a course beside it, and a course sends waves.
    fn course(&self) -> BoxFuture<'_, Result<(), Error>> {
        async move {
            let mut turn = Turn::new(
                self.service,
                self.tenant,
                self.lease,
                self.connection.clone(),
                self.access.clone(),
                tokio::time::Instant::now(),
                self.policy,
            );
            turn.is_aside = true;
            let never = CancellationToken::new();
            let (mut course, mut step) = Course::begin(self.policy);
            let mut begun = false;
            loop {
                let told = match step {
                    Step::GiveBack => return Ok(()),
                    Step::TakeOver { .. } => Heard::Done,
                    Step::Errands if !std::mem::replace(&mut begun, true) => {
                        Heard::Errands(Errands::Nothing)
                    }
                    // A token that is refused is refused to the wave, too.
                    Step::Errands | Step::Refresh => Heard::Errands(Errands::Over),
                    Step::Doubts { .. } => Heard::Doubts(Vec::new()),
                    Step::Send(wave) => {
                        super::send::wave(&mut turn, &wave, &Ended::default()).await?
                    }
                    step => drive::act(&mut turn, step, &never).await?,
                };
                step = course.heard(told, since_boot());
            }
        }
        .boxed()
    }
}
